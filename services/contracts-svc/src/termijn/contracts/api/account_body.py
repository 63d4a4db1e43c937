"""What callers may send about accounts: every field with its limits, nothing else (SEC-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query
from pydantic import Field

from termijn.contracts.account_check import RECIPIENTS_MAX
from termijn.contracts.api.bodies import Channel, TermDays, ThingKey
from termijn.events.contracts import AccountFacts, DocumentKind, Party, Recipient
from termijn.kernel.words import Language
from termijn.runtime.http.fields import AccountKey, Body, Country, Day, Email, EmailOrNone, FilledLine, Flag, Line

Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9/?:().,'+ -]{1,35}$")]
Iban = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ]{8,42}$")]
Holder = Annotated[str, Field(min_length=1, max_length=70, pattern=r"^[^\x00-\x1f\x7f]*$")]


class PartyBody(Body):
    """A name and address."""

    name: FilledLine
    street: Line = ""
    postcode: Line = ""
    city: Line = ""
    country: Country = "NL"
    email: EmailOrNone = ""

    def party(self) -> Party:
        """As events carry it."""
        return msgspec.convert(self.model_dump(), Party)


class RecipientBody(Body):
    """Somebody who gets documents, attached or as a link (CON-8)."""

    email: Email
    name: Line = ""
    delivery: Literal["attachment", "link"] = "attachment"
    documents: Annotated[tuple[DocumentKind, ...], Field(min_length=1, max_length=4)] = ("invoices",)


class TermsBody(Body):
    """Which version was accepted when."""

    version: FilledLine
    accepted_on: Day


Recipients = Annotated[list[RecipientBody], Field(max_length=RECIPIENTS_MAX)]


def given(recipients: Sequence[RecipientBody] | None) -> tuple[Recipient, ...] | None:
    """Recipients as events carry them."""
    return None if recipients is None else tuple(msgspec.convert(one.model_dump(), Recipient) for one in recipients)


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
    is_test: Flag = False
    support_term_days: TermDays | None = None
    project_term_days: TermDays | None = None
    hardware_term_days: TermDays | None = None
    is_telecom_reseller: Flag = False
    is_taxable: Flag = True
    splits_by_revenue_group: Flag = False
    data_protection: TermsBody | None = None

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
    recipients: Recipients | None = None


class PutAccountBody(Body):
    """The whole account as it is to be."""

    contract_partner: PartyBody
    invoice_address: PartyBody | None = None
    facts: FactsBody
    recipients: Recipients | None = None


class PatchAccountBody(Body):
    """What is to change; ``invoice_address`` and ``recipients`` null take them away."""

    contract_partner: PartyBody | None = None
    invoice_address: PartyBody | None = None
    facts: FactsBody = FactsBody()
    recipients: Recipients | None = None


class MandateBody(Body):
    """A signed mandate (PAY-1); ``last_used_on`` where it was collected with elsewhere before."""

    mandate_id: ThingKey
    reference: Reference
    scheme: Literal["CORE", "B2B"] = "CORE"
    signed_on: Day
    iban: Iban
    holder: Holder
    last_used_on: Day | None = None


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts are wanted. ``search`` is part of an id, a name or a customer number, whatever its case."""

    search: Annotated[FilledLine | None, Query()] = None
    customer_number: Annotated[FilledLine | None, Query()] = None
    debtor_kind: Annotated[Literal["company", "consumer"] | None, Query()] = None
    account_manager: Annotated[FilledLine | None, Query()] = None
    is_test: Annotated[bool | None, Query()] = None
    is_suspended: Annotated[bool | None, Query()] = None


class AmendMandateBody(Body):
    """What changes of a mandate (PAY-1); what is left out stays."""

    reference: Reference | None = None
    iban: Iban | None = None
    holder: Holder | None = None


class LongTermConsentBody(Body):
    """Separate consent to first terms of telecommunication over 24 months (CAT-26): what was signed, and when."""

    months_max: Annotated[int, Field(strict=True, ge=25, le=120)]
    given_on: Day | None = None
    document: FilledLine
    version: FilledLine
    channel: Channel = "api"


class ReasonBody(Body):
    """Why."""

    reason: FilledLine


class ContractStartBody(Body):
    """Since when the contract runs; null goes back to the oldest active module (CON-1)."""

    starts_on: Day | None
    reason: FilledLine
