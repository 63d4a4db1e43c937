"""The priced terms of a module, as data that travels in events (CAT-2, CAT-3, CAT-25).

Prices are net euros as exact decimals. A published tariff version never changes, so a copy in an event stays true.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.kernel.ids import ArticleId, DeckId, TariffId

Zero = Decimal(0)

type_of_period = Literal["advance", "arrears"]


class NoticeRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a module may end (CAT-25): every notice rule of CAT-20 to CAT-24 is a value of this shape.

    - ``minimum_term_months``: 0 where there is no first term.
    - ``notice_months``: whole months between notice and end; 0 ends at once.
    - ``alignment``: on which days a contract can end: any ``day``, a ``month_end``, or only the last day of a ``term``.
    - ``renewal_months``: by how much a term renews without notice; 0 where it runs on indefinitely.
    - ``starts``: from which fact terms and billing count: the ``order``, the ``delivery``, or the ordered ``start`` date.
    """

    name: str
    minimum_term_months: int = 0
    notice_months: int = 0
    alignment: Literal["day", "month_end", "term"] = "day"
    renewal_months: int = 0
    starts: Literal["order", "delivery", "start"] = "start"


class Billing(msgspec.Struct, frozen=True, kw_only=True, rename={"paid_in": "in"}):
    """``every_months`` 0 bills once; else one of ``period.PERIOD_MONTHS`` (INV-2); ``paid_in`` advance or arrears."""

    every_months: int = 1
    paid_in: type_of_period = "advance"


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One priced line of a tariff (CAT-3). ``net_price`` is for ``quantity`` units of use (USE-5)."""

    article_id: ArticleId
    title: str
    usage_key: str | None = None
    alternative_name: str | None = None
    billing: Billing = Billing()
    notice: NoticeRule | None = None
    net_price: Decimal = Zero
    quantity: Decimal = Decimal(1)
    included_quantity: Decimal = Zero
    unit: Literal["piece", "minute", "second", "page", "hour", "gigabyte"] = "piece"
    is_fixed_price: bool = False
    reference_price: Decimal | None = None
    vat_rate: Decimal | None = None
    kind: Literal["service", "telecom", "goods"] = "service"
    display: Literal["shown", "highlighted", "heading"] = "shown"
    counts_to_minimum: bool = False
    counts_to_limit: bool = False
    is_option: bool = False
    credits_unused_days: bool = True

    @property
    def name_on_documents(self) -> str:
        """The alternative name wins on item lists and invoices, never on the price list (CAT-4)."""
        return self.alternative_name or self.title


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a tariff (CAT-2). ``module`` is what it is a tariff of: telephony, workplace, fibre, domain ...

    ``is_indexation_agreed``: the contract agrees to yearly indexation, so that it is no ground to end it early (CAT-10).
    """

    tariff_id: TariffId
    version: int
    title: str
    module: str
    notice: NoticeRule
    is_telecom: bool = False
    vat_rate: Decimal = Decimal(21)
    minimum_turnover: Decimal | None = None
    cost_limit: Decimal | None = None
    tolerance: Decimal = Decimal(10)
    time_rating: Literal["minute", "second"] = "minute"
    is_public: bool = True
    revenue_group: str = "ICT"
    ledger_account: str = "8000"
    articles: tuple[Article, ...] = ()
    connect_fee: Decimal = Zero
    disconnect_fee: Decimal = Zero
    deck_id: DeckId | None = None
    orders_from: date | None = None
    is_indexation_agreed: bool = False

    def article(self, article_id: ArticleId) -> Article | None:
        """The article of that id, or None."""
        return next((a for a in self.articles if a.article_id == article_id), None)
