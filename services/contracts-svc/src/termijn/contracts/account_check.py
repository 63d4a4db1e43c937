"""What an account's facts and a mandate must look like: shapes that other services rely on without asking back (CON-8, PAY-1)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from stdnum import iban
from stdnum.eu import vat

from termijn.contracts.errors import ManagerOnly
from termijn.events.contracts import AccountFacts, Party, Recipient
from termijn.kernel.errors import InvalidInput

LONG_TERM_DAYS = 60
"""A payment term over this needs a recorded agreement (INV-6; BW 6:119a)."""
TERM_DAYS_MAX = 365
SEPA_COUNTRIES = frozenset({
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GG", "GI", "GR", "HR", "HU",
    "IE", "IM", "IS", "IT", "JE", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS",
    "SE", "SI", "SK", "SM", "VA",
})  # fmt: skip
"""Countries in the geographical scope of the SEPA schemes (European Payments Council, EPC409-09)."""
EU_VAT_PREFIXES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT",
    "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
})  # fmt: skip

TERM_DAYS = ("subscription_term_days", "support_term_days", "project_term_days", "hardware_term_days", "other_term_days")
"""Payment terms per stream (CON-8)."""
MANAGER_ONLY_FACTS = (
    "debtor_kind",
    "customer_number",
    "account_manager",
    *TERM_DAYS,
    "term_over_60_agreed_on",
    "vat_country",
    "is_telecom_reseller",
    "is_taxable",
    "is_test",
)
"""Facts that only a manager sets (CON-8); a customer sees them. What decides about VAT is the provider's risk, so a manager's too."""
LEGAL = {"terms": "terms", "data_protection": "data-protection"}
"""Facts of what was accepted, and the kind of legal document that each is about."""
RECIPIENTS_MAX = 20
"""Addresses that documents of one account go to: more is a mailing list, which has an address of its own."""
_DAY = timedelta(days=1)
_CHAMBER_OF_COMMERCE = re.compile(r"\d{8}", re.ASCII)


def check_facts(facts: AccountFacts) -> None:
    """Raise ``InvalidInput`` naming the field where the facts contradict themselves."""
    for name in TERM_DAYS:
        days = getattr(facts, name)
        if days is None:
            continue
        if not 1 <= days <= TERM_DAYS_MAX:
            raise InvalidInput(field=f"facts.{name}", reason=f"is between 1 and {TERM_DAYS_MAX} days")
        if days > LONG_TERM_DAYS and facts.term_over_60_agreed_on is None:
            raise InvalidInput(field="facts.term_over_60_agreed_on", reason=f"a term of {days} days needs a recorded agreement")
    if facts.vat_number is not None:
        _check_vat_number(facts.vat_number, facts.vat_country)
    elif facts.is_telecom_reseller:
        raise InvalidInput(field="facts.vat_number", reason="a reseller's VAT is due by the buyer, whose number is on the invoice")
    if facts.debtor_kind == "consumer" and facts.is_telecom_reseller:
        raise InvalidInput(field="facts.is_telecom_reseller", reason="a consumer resells nothing")
    number = facts.chamber_of_commerce
    if number is not None and facts.vat_country == "NL" and not _CHAMBER_OF_COMMERCE.fullmatch(number):
        raise InvalidInput(field="facts.chamber_of_commerce", reason="a number of the Dutch chamber of commerce has eight digits")


def check_debtor(facts: AccountFacts, *, usable_schemes: Sequence[str]) -> None:
    """A B2B mandate is a company's: who becomes a consumer gives a Core one first (PAY-1)."""
    if facts.debtor_kind == "consumer" and "B2B" in usable_schemes:
        raise InvalidInput(field="facts.debtor_kind", reason="has a B2B mandate, which is for companies only; revoke it first")


def check_legal(
    old: AccountFacts | None, new: AccountFacts, *, today: date, is_manager: bool, published: Mapping[str, tuple[str, ...]]
) -> None:
    """Terms and data-protection agreement are accepted as published, by now; a customer does so today and takes nothing back (CON-8).

    ``published`` are the versions of each kind of legal document. A kind of which none was published is not looked up: its
    acceptance was recorded elsewhere.
    """
    for name, kind in LEGAL.items():
        before, after = getattr(old, name, None), getattr(new, name)
        if after == before:
            continue
        if after is None:
            if not is_manager:
                raise ManagerOnly(field=f"facts.{name}", reason="take back an acceptance")
            continue
        if after.accepted_on > today:
            raise InvalidInput(field=f"facts.{name}.accepted_on", reason="lies in the future")
        if after.accepted_on != today and not is_manager:
            raise ManagerOnly(field=f"facts.{name}.accepted_on", reason="record an acceptance of another day")
        if published.get(kind) and after.version not in published[kind]:
            raise InvalidInput(field=f"facts.{name}.version", reason=f"is none of {', '.join(published[kind])}")


def check_recipients(recipients: Sequence[Recipient] | None) -> None:
    """Several, each with an address and something to get (CON-8)."""
    if recipients is None:
        return
    if len(recipients) > RECIPIENTS_MAX:
        raise InvalidInput(field="recipients", reason=f"at most {RECIPIENTS_MAX}")
    seen: set[str] = set()
    for index, one in enumerate(recipients):
        if not one.email.strip():
            raise InvalidInput(field=f"recipients.{index}.email", reason="is empty")
        if one.email.lower() in seen:
            raise InvalidInput(field=f"recipients.{index}.email", reason="is there twice")
        if not one.documents:
            raise InvalidInput(field=f"recipients.{index}.documents", reason="says no document that goes there")
        seen.add(one.email.lower())


def _check_vat_number(number: str, country: str) -> None:
    prefix = "EL" if country == "GR" else country
    if prefix in EU_VAT_PREFIXES and not (number.upper().startswith(prefix) and vat.is_valid(number)):
        raise InvalidInput(field="facts.vat_number", reason=f"is not a VAT number of {country}, with its country code and check digits")


def check_party(field: str, party: Party | None) -> None:
    """A party on a document has a name."""
    if party is not None and not party.name.strip():
        raise InvalidInput(field=f"{field}.name", reason="is empty")


def check_iban(number: str) -> str:
    """The IBAN without spaces; raises ``InvalidInput`` where check digits or country are no good for a direct debit (PAY-1)."""
    compact = iban.compact(number)
    if not iban.is_valid(compact):
        raise InvalidInput(field="iban", reason="is not an IBAN (check digits)")
    if compact[:2] not in SEPA_COUNTRIES:
        raise InvalidInput(field="iban", reason=f"{compact[:2]} is not a SEPA country")
    return str(compact)


def manager_only_changes(old: AccountFacts, new: AccountFacts) -> Iterator[str]:
    """The manager-only fields that differ, as dotted paths; a yearly cycle is one too (INV-2)."""
    for name in MANAGER_ONLY_FACTS:
        if getattr(old, name) != getattr(new, name):
            yield f"facts.{name}"
    if new.cycle == "year" and old.cycle != "year":
        yield "facts.cycle"


def changeable_fields(*, is_manager: bool) -> list[str]:
    """What a caller may change of an account, as dotted paths; a page shows the rest read-only (CON-8, SEC-2)."""
    facts = [name for name in AccountFacts.__struct_fields__ if is_manager or name not in MANAGER_ONLY_FACTS]
    parties = ["contract_partner"] if is_manager else []
    return [*parties, "invoice_address", "recipients", *(f"facts.{name}" for name in facts)]


def contract_start(
    modules: Iterable[tuple[date | None, date | None]], *, today: date, corrected: date | None, said_on: date | None = None
) -> date | None:
    """Since when the account has a contract (CON-1): the start of the oldest module still active, unless a manager corrected it.

    ``modules`` are (start, last day) pairs, None where not known; a module is active from its start to its last day, both
    included. None where no module is active: an account alone binds to nothing.

    A correction is about one contract: the modules that follow each other without a day on which none is active. Said on
    ``said_on``, it is gone with them; said on a day without any, it is about those that come next.
    """
    spans = [(start, last or date.max) for start, last in modules if start is not None and start <= min(today, last or today)]
    active = [start for start, last in spans if last >= today]
    if not active:
        return None
    first = min(active)
    if corrected is None:
        return first
    contract = first
    while earlier := [start for start, last in spans if start < contract and last >= contract - _DAY]:
        contract = min(earlier)
    of_one_before = said_on is not None and any(start < contract and last >= said_on for start, last in spans)
    return first if of_one_before else corrected
