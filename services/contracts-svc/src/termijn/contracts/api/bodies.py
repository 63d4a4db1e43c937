"""What callers may send: every field with its limits, nothing else; so that bad input is a problem with the field named (SEC-4)."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from termijn.events.contracts import AccountFacts, Party
from termijn.kernel.words import Language

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""Days that a contract can be about; outside it is a typing error."""
ACCOUNT_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
THING_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: object) -> object:
    if not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


def _exact(value: object) -> object:
    # A JSON number with decimals has been a binary float on its way; cents must not depend on how it was printed.
    if isinstance(value, float | bool):
        raise ValueError('must be a string, as in "9.90"')
    return value


Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 12, 31, tzinfo=UTC))]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=20)]
AccountKey = Annotated[str, Field(pattern=ACCOUNT_ID)]
ThingKey = Annotated[str, Field(pattern=THING_ID)]
AccountPath = Annotated[str, Path(pattern=ACCOUNT_ID)]
ThingPath = Annotated[str, Path(pattern=THING_ID)]
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
FilledLine = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Quantity = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
TermDays = Annotated[int, Field(strict=True, ge=1, le=365)]


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=False)


class PartyBody(Body):
    """A name and address."""

    name: FilledLine
    street: Line = ""
    postcode: Line = ""
    city: Line = ""
    country: Country = "NL"
    email: Annotated[str, Field(max_length=254, pattern=r"^([^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+)?$")] = ""

    def party(self) -> Party:
        """As events carry it."""
        return msgspec.convert(self.model_dump(), Party)


class TermsBody(Body):
    """Which terms were accepted when."""

    version: FilledLine
    accepted_on: Day


class FactsBody(Body):
    """Facts of an account (CON-8). Sent in part, only what is there changes."""

    debtor_kind: Literal["company", "consumer"] = "company"
    language: Language = "nl"
    customer_number: FilledLine | None = None
    account_manager: Line = ""
    cycle: Literal["month", "quarter", "year"] = "month"
    subscription_term_days: TermDays | None = None
    other_term_days: TermDays | None = None
    term_over_60_agreed_on: Day | None = None
    purchase_order: FilledLine | None = None
    vat_country: Country = "NL"
    vat_number: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")] | None = None
    chamber_of_commerce: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")] | None = None
    terms: TermsBody | None = None
    is_test: bool = False

    def facts(self) -> AccountFacts:
        """As events carry it."""
        return msgspec.convert(self.model_dump(), AccountFacts)

    def over(self, present: AccountFacts) -> AccountFacts:
        """The present facts with what was sent."""
        return msgspec.convert({**_plain(present), **self.model_dump(exclude_unset=True)}, AccountFacts)


def _plain(facts: AccountFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


class OpenAccountBody(Body):
    """A new account."""

    account_id: AccountKey
    contract_partner: PartyBody
    invoice_address: PartyBody | None = None
    facts: FactsBody = FactsBody()


class PutAccountBody(Body):
    """The whole account as it is to be."""

    contract_partner: PartyBody
    invoice_address: PartyBody | None = None
    facts: FactsBody


class PatchAccountBody(Body):
    """What is to change; ``invoice_address`` null takes it away."""

    contract_partner: PartyBody | None = None
    invoice_address: PartyBody | None = None
    facts: FactsBody = FactsBody()


class MandateBody(Body):
    """A signed mandate (PAY-1)."""

    mandate_id: ThingKey
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,35}$")]
    scheme: Literal["CORE", "B2B"] = "CORE"
    signed_on: Day
    iban: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ]{8,42}$")]
    holder: Annotated[str, Field(min_length=1, max_length=70, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ReasonBody(Body):
    """Why."""

    reason: FilledLine


class ContractStartBody(Body):
    """Since when the contract runs; null goes back to the oldest active module (CON-1)."""

    starts_on: Day | None
    reason: FilledLine


class OrderBody(Body):
    """An order. ``ordered_on`` and ``options`` are a manager's."""

    module_id: ThingKey
    tariff_id: ThingKey
    quantity: Quantity = 1
    starts_on: Day | None = None
    ordered_on: Day | None = None
    options: Annotated[list[ThingKey], Field(max_length=100)] = []
    channel: Channel = "api"


class ActivationBody(Body):
    """The day of delivery."""

    active_from: Day


class ScalingBody(Body):
    """Another quantity; ``at_once`` and ``from_on`` are a manager's (CON-3)."""

    quantity: Quantity
    at_once: bool = False
    from_on: Day | None = None
    channel: Channel = "api"


class TariffChangeBody(Body):
    """Another tariff (CON-4); ``new_term_confirmed``: the customer agreed to a new term (CAT-25)."""

    tariff_id: ThingKey
    from_on: Day | None = None
    new_term_confirmed: bool = False
    channel: Channel = "api"


class OptionBody(Body):
    """An option (CON-9)."""

    article_id: ThingKey
    quantity: Quantity = 1
    from_on: Day | None = None
    channel: Channel = "api"


class CancellationBody(Body):
    """Notice. ``notice_on``, when it was received, is a manager's."""

    ends_on: Day | None = None
    notice_on: Day | None = None
    channel: Channel = "api"


class SubjectBody(Body):
    """A subject, from now where no instant is given."""

    subject: Annotated[str, Field(min_length=1, max_length=64)]
    from_at: Instant | None = None


class PolicyBody(Body):
    """The whole policy; what is left out takes its default."""

    serves_companies_only: bool = True
    vat_rates: Annotated[
        list[Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=100, max_digits=6)]], Field(min_length=1, max_length=20)
    ] = [
        Decimal(0),
        Decimal(9),
        Decimal(21),
    ]
    never_suspended: Annotated[list[ThingKey], Field(max_length=50)] = ["domain"]
    works_while_suspended: Annotated[list[FilledLine], Field(max_length=50)] = ["emergency calls", "incoming calls", "stored data"]
