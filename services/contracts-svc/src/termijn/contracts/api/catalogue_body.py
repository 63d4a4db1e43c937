"""What callers may send about the catalogue: tariffs, their articles and notice rules (CAT-2, CAT-3, CAT-25).

Unknown fields are refused (CAT-7); limits here only keep out what no catalogue holds, the rules are in ``tariff_check.py``.
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import BeforeValidator, Field

from termijn.contracts.api.bodies import Amount, PolicyBody, ThingKey
from termijn.contracts.deck_file import DECK_BYTES_MAX
from termijn.kernel import notice
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.http.fields import Body, Day, FilledLine, Flag, Line


def _rule(value: object) -> object:
    """A notice rule by name (monthly, term:12 ...) or as data (CAT-25)."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.to_builtins(notice.named(value))
    except InvalidInput as refused:
        raise ValueError(str(refused.facts["reason"])) from None


Months = Annotated[int, Field(strict=True, ge=0, le=notice.TERM_MONTHS_MAX)]


class NoticeBody(Body):
    """A notice rule as data (CAT-25)."""

    name: FilledLine
    minimum_term_months: Months = 0
    notice_months: Months = 0
    alignment: Literal["day", "month_end", "term"] = "day"
    renewal_months: Months = 0
    starts: Literal["order", "delivery", "start"] = "start"


RuleName = Annotated[str, Field(pattern=r"^(none|monthly|yearly|licence-year|term:[0-9]{1,4})$")]
Rule = Annotated[NoticeBody, BeforeValidator(_rule, json_schema_input_type=NoticeBody | RuleName)]


class BillingBody(Body):
    """Once (0) or every so many months, in advance or in arrears."""

    every_months: Annotated[int, Field(strict=True, ge=0, le=60)] = 1
    paid_in: Literal["advance", "arrears"] = Field(default="advance", alias="in")


class ArticleBody(Body):
    """An article (CAT-3)."""

    article_id: ThingKey
    title: FilledLine
    usage_key: ThingKey | None = None
    alternative_name: FilledLine | None = None
    billing: BillingBody = BillingBody()
    notice: Rule | None = None
    net_price: Amount = Decimal(0)
    quantity: Amount = Decimal(1)
    included_quantity: Amount = Decimal(0)
    unit: Literal["piece", "minute", "second", "page", "hour", "gigabyte"] = "piece"
    is_fixed_price: Flag = False
    reference_price: Amount | None = None
    vat_rate: Amount | None = None
    kind: Literal["service", "telecom", "goods"] = "service"
    display: Literal["shown", "highlighted", "heading"] = "shown"
    counts_to_minimum: Flag = False
    counts_to_limit: Flag = False
    is_option: Flag = False
    credits_unused_days: Flag = True


class TariffFields(Body):
    """A tariff without its id and version (CAT-2), and from when new orders get it (CAT-5)."""

    title: FilledLine
    module: ThingKey
    notice: Rule
    is_telecom: Flag = False
    vat_rate: Amount = Decimal(21)
    minimum_turnover: Amount | None = None
    cost_limit: Amount | None = None
    tolerance: Amount = Decimal(10)
    time_rating: Literal["minute", "second"] = "minute"
    is_public: Flag = True
    revenue_group: FilledLine = "ICT"
    ledger_account: FilledLine = "8000"
    articles: Annotated[list[ArticleBody], Field(min_length=1, max_length=200)]
    connect_fee: Amount = Decimal(0)
    disconnect_fee: Amount = Decimal(0)
    deck_id: ThingKey | None = None
    is_indexation_agreed: Flag = False
    orders_from: Day | None = None

    def of(self, tariff_id: TariffId) -> Tariff:
        """As the kernel has it, version 0: the catalogue gives the number."""
        return msgspec.convert({**self.model_dump(by_alias=True), "tariff_id": tariff_id, "version": 0, "orders_from": None}, Tariff)


class DraftBody(TariffFields):
    """The whole draft of a tariff; the address names the tariff."""


class PublishTariffBody(TariffFields):
    """A tariff without its version, today's where no day is said."""

    tariff_id: ThingKey

    def tariff(self) -> Tariff:
        """As the kernel has it."""
        return self.of(TariffId(self.tariff_id))


class PublicationBody(Body):
    """From when new orders get what was drafted: as the draft says, else today."""

    orders_from: Day | None = None


class MigrationBody(Body):
    """Modules move to ``to_version``: from one version or from every other one, all of them or those named (CAT-5)."""

    migration_id: ThingKey
    tariff_id: ThingKey
    from_version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    to_version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    effective_on: Day
    modules: Annotated[tuple[ThingKey, ...], Field(max_length=1_000)] = ()


class FigureBody(Body):
    """The index of a year or month."""

    period: Annotated[str, Field(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]))?$")]
    value: Amount
    published_on: Day


class IndexBody(Body):
    """A published index with its figures."""

    name: FilledLine
    source: Line = ""
    figures: Annotated[tuple[FigureBody, ...], Field(max_length=1_200)] = ()


class IndexationPolicyBody(Body):
    """By how much, on which day of the year, and which tariffs (empty: all)."""

    percentage: Amount | None = None
    index: FilledLine | None = None
    month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1
    day: Annotated[int, Field(strict=True, ge=1, le=31)] = 1
    tariffs: Annotated[tuple[ThingKey, ...], Field(max_length=1_000)] = ()


class IndexingBody(Body):
    """How prices are indexed (CAT-10)."""

    policy: IndexationPolicyBody | None = None
    indices: Annotated[tuple[IndexBody, ...], Field(max_length=20)] = ()


class IndexationBody(Body):
    """A plan; what is left out is as the policy says (CAT-10)."""

    indexation_id: ThingKey
    effective_on: Day | None = None
    percentage: Amount | None = None
    index: FilledLine | None = None
    tariffs: Annotated[list[ThingKey], Field(max_length=1_000)] | None = None


class WithdrawalBody(Body):
    """Why an announcement is taken back."""

    reason: FilledLine


class DeckBody(Body):
    """A rate deck of a whole catalogue: its rows as CSV, or the hash of the rows that are there already."""

    deck_id: ThingKey
    valid_from: Day
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    csv: Annotated[str, Field(max_length=DECK_BYTES_MAX)] | None = None


class CatalogueBody(Body):
    """A whole catalogue. ``plan``: the name of the plan that was looked at; another one by now is refused."""

    policy: PolicyBody | None = None
    indexing: IndexingBody | None = None
    decks: Annotated[tuple[DeckBody, ...], Field(max_length=100)] = ()
    tariffs: Annotated[tuple[PublishTariffBody, ...], Field(max_length=2_000)] = ()
    plan: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
