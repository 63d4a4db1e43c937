"""What is confirmed of an account itself: details that changed, mandates, consents, what a manager decided (CON-6, CON-8, PAY-1)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from termijn.contracts.account_state import ContractStartCorrected, DetailsChanged, LongTermConsentGiven
from termijn.contracts.letter_frame import Both, day_said, table
from termijn.events.base import Event
from termijn.events.contracts import DebitExemptionGranted, MandateAmended, MandateGiven, MandateRevoked
from termijn.kernel.words import Language

IBAN_DIGITS_SHOWN = 4
"""Enough to know one's own account by, too little for whoever reads along."""

SUBJECTS: Mapping[str, Both] = {
    "DetailsChanged": Both("Uw gegevens zijn gewijzigd", "Your details were changed"),
    "MandateGiven": Both("Bevestiging van uw machtiging", "Confirmation of your mandate"),
    "MandateAmended": Both("Uw machtiging is gewijzigd", "Your mandate was changed"),
    "MandateRevoked": Both("Uw machtiging is beëindigd", "Your mandate has ended"),
    "DebitExemptionGranted": Both("U kunt zonder machtiging bestellen", "You can order without a mandate"),
    "LongTermConsentGiven": Both("Bevestiging van uw toestemming", "Confirmation of your consent"),
    "ContractStartCorrected": Both("De begindatum van uw contract is aangepast", "The start of your contract was corrected"),
}
OPENINGS: Mapping[str, Both] = {
    "DetailsChanged": Both("Deze gegevens van uw account zijn gewijzigd:", "These details of your account were changed:"),
    "MandateGiven": Both(
        "Hartelijk dank voor uw machtiging. Wij mogen hiermee onze facturen automatisch van uw rekening afschrijven. Elke afschrijving"
        " kondigen wij op de factuur aan, met bedrag en datum.",
        "Thank you for your mandate. It allows us to collect our invoices from your bank account. Each collection is announced on the"
        " invoice, with its amount and day.",
    ),
    "MandateAmended": Both(
        "Uw machtiging is op {day} gewijzigd. De volgende afschrijving gaat met deze gegevens:",
        "Your mandate was changed on {day}. The next collection uses these details:",
    ),
    "MandateRevoked": Both(
        "Uw machtiging is per {day} beëindigd. Wij schrijven hiermee niets meer af; openstaande en nieuwe facturen maakt u zelf over.",
        "Your mandate ended on {day}. We collect nothing under it any more; open and new invoices are yours to transfer.",
    ),
    "DebitExemptionGranted": Both(
        "U hoeft ons geen machtiging te geven: u kunt bestellen en betaalt de facturen zelf, per overboeking.",
        "You need not give us a mandate: you can order, and pay the invoices yourself, by transfer.",
    ),
    "LongTermConsentGiven": Both(
        "Wij bevestigen uw toestemming, van {day}, voor telecommunicatie met een eerste looptijd van meer dan 24 maanden, tot ten"
        " hoogste {months} maanden. U gaf die met {document}, versie {version}. Elke bestelling met zo'n looptijd bevestigen wij apart.",
        "We confirm your consent, of {day}, to telecommunication with a first term of more than 24 months, up to {months} months. You"
        " gave it with {document}, version {version}. Each order with such a term is confirmed by itself.",
    ),
    "ContractStartCorrected": Both(
        "Als begindatum van uw contract geldt nu {day}.",
        "The start of your contract is {day} now.",
    ),
}
_OLDEST = Both("de start van uw oudste lopende dienst", "the start of your oldest running service")
_EXPIRED = Both(
    "De machtiging is 36 maanden niet gebruikt en vervalt daardoor.", "The mandate was not used for 36 months, and lapses by that."
)
_REFUND = Both(
    "Bent u het met een afschrijving niet eens, dan kunt u uw bank tot acht weken daarna vragen het bedrag terug te boeken.",
    "If you do not agree to a collection, you can ask your bank for a refund until eight weeks after it.",
)
_NO_REFUND = Both(
    "Met een zakelijke machtiging (B2B) kunt u een afschrijving niet laten terugboeken.",
    "Under a business mandate (B2B) a collection cannot be refunded.",
)
_ALSO_TOLD = Both(
    "Dit bericht gaat ook naar het adres dat wij tot nu toe gebruikten. Heeft u hier niet om gevraagd? Laat het ons dan meteen weten.",
    "This message goes to the address that we used until now as well. If you did not ask for this, please tell us at once.",
)
_LABELS = {
    "contract_partner": Both("Contractpartner", "Contract partner"),
    "invoice_address": Both("Factuuradres", "Invoice address"),
    "recipients": Both("Ontvangers van documenten", "Recipients of documents"),
    "name": Both("naam", "name"),
    "street": Both("straat", "street"),
    "postcode": Both("postcode", "postcode"),
    "city": Both("plaats", "city"),
    "country": Both("land", "country"),
    "email": Both("e-mail", "e-mail"),
    "facts.debtor_kind": Both("Soort klant", "Kind of customer"),
    "facts.language": Both("Taal", "Language"),
    "facts.customer_number": Both("Klantnummer", "Customer number"),
    "facts.cycle": Both("Facturering", "Invoicing"),
    "facts.subscription_term_days": Both("Betaaltermijn abonnementen (dagen)", "Payment term, subscriptions (days)"),
    "facts.support_term_days": Both("Betaaltermijn werkzaamheden (dagen)", "Payment term, support (days)"),
    "facts.project_term_days": Both("Betaaltermijn projecten (dagen)", "Payment term, projects (days)"),
    "facts.hardware_term_days": Both("Betaaltermijn hardware (dagen)", "Payment term, hardware (days)"),
    "facts.other_term_days": Both("Betaaltermijn overig (dagen)", "Payment term, others (days)"),
    "facts.term_over_60_agreed_on": Both("Termijn boven 60 dagen afgesproken op", "Term over 60 days agreed on"),
    "facts.purchase_order": Both("Inkoopnummer", "Purchase order"),
    "facts.vat_country": Both("Btw-land", "VAT country"),
    "facts.vat_number": Both("Btw-nummer", "VAT number"),
    "facts.chamber_of_commerce": Both("KvK-nummer", "Chamber of commerce"),
    "facts.terms": Both("Algemene voorwaarden", "Terms"),
    "facts.data_protection": Both("Verwerkersovereenkomst", "Data-protection agreement"),
    "facts.is_telecom_reseller": Both("Wederverkoper van telecommunicatie", "Reseller of telecommunication"),
    "facts.is_taxable": Both("Btw-plichtig", "Subject to VAT"),
    "facts.splits_by_revenue_group": Both("Een factuur per omzetgroep", "An invoice per revenue group"),
    "iban": Both("Rekening", "Bank account"),
    "holder": Both("Ten name van", "Holder"),
    "reference": Both("Machtigingskenmerk", "Mandate reference"),
    "signed": Both("Getekend op", "Signed on"),
    "scheme": Both("Soort", "Kind"),
}
_VALUES = {
    "company": Both("bedrijf", "company"),
    "consumer": Both("consument", "consumer"),
    "nl": Both("Nederlands", "Dutch"),
    "en": Both("Engels", "English"),
    "month": Both("per maand", "monthly"),
    "quarter": Both("per kwartaal", "quarterly"),
    "year": Both("per jaar", "yearly"),
    "CORE": Both("doorlopende SEPA-incasso, algemeen", "recurrent SEPA direct debit, Core"),
    "B2B": Both("doorlopende SEPA-incasso, zakelijk (B2B)", "recurrent SEPA direct debit, B2B"),
}
_CODED = frozenset({"facts.debtor_kind", "facts.language", "facts.cycle"})
_NONE, _YES, _NO = Both("geen", "none"), Both("ja", "yes"), Both("nee", "no")
_ACCEPTED = Both("versie {version}, aanvaard op {day}", "version {version}, accepted on {day}")


def account_facts(event: Event) -> dict[str, Any] | None:
    """What a confirmation about the account tells, as plain data; None where the event needs none (CON-6)."""
    about = {"about": "account", "channel": "api"}
    match event:
        case DetailsChanged():
            return {**about, "fields": list(event.fields)}
        case MandateGiven():
            return {**about, "reference": event.reference, "scheme": event.scheme, "signed": event.signed_on.isoformat()}
        case MandateAmended():
            return {**about, "reference": event.reference, "day": event.amended_on.isoformat()}
        case MandateRevoked():
            return {**about, "mandate": event.mandate_id, "day": event.revoked_on.isoformat(), "is_expired": event.is_expired}
        case DebitExemptionGranted():
            return about
        case LongTermConsentGiven():
            told = {"day": event.given_on.isoformat(), "months": event.months_max, "channel": event.channel}
            return {**about, **told, "document": event.document, "version": event.version}
        case ContractStartCorrected():
            return {**about, "day": event.starts_on.isoformat() if event.starts_on is not None else None}
        case _:
            return None


def account_personal(event: Event) -> dict[str, Any] | None:
    """What such a letter says that is about a person, and the addresses that hear of it though the account left them."""
    match event:
        case DetailsChanged(values=values, left=left) if values is not None and left is not None:
            return {"values": list(values), "also": list(left)}
        case MandateGiven(iban=iban, holder=holder) | MandateAmended(iban=iban, holder=holder) if iban is not None:
            return {"iban": masked(iban), "holder": holder}
        case _:
            return None


def masked(iban: str) -> str:
    """ "NL** **4300": the country and the last digits."""
    return f"{iban[:2]}** **{iban[-IBAN_DIGITS_SHOWN:]}"


def account_paragraphs(kind: str, facts: Mapping[str, Any], personal: Mapping[str, Any], language: Language, *, is_left: bool) -> list[str]:
    """What the letter says. To an address that the account left (``is_left``) it names what changed and not into what."""
    day = day_said(facts["day"], language) if facts.get("day") else _OLDEST.to(language)
    # Only a consent has these words; format_map leaves what is not asked for alone.
    told = {**facts, "day": day}
    opening = OPENINGS[kind].to(language).format_map(told)
    match kind:
        case "DetailsChanged":
            values = [None] * len(facts["fields"]) if is_left or not personal else [msgspec.json.decode(one) for one in personal["values"]]
            hidden = is_left or not personal
            lines = [_changed(name, value, language, is_hidden=hidden) for name, value in zip(facts["fields"], values, strict=True)]
            return [opening, "\n".join(lines), _ALSO_TOLD.to(language) if personal.get("also") else ""]
        case "MandateGiven" | "MandateAmended":
            refund = {"CORE": _REFUND, "B2B": _NO_REFUND}.get(facts.get("scheme", ""))
            return [opening, table(_mandate_rows(facts, personal, language)), refund.to(language) if refund is not None else ""]
        case "MandateRevoked":
            return [opening, _EXPIRED.to(language) if facts["is_expired"] else ""]
        case _:
            return [opening]


def _mandate_rows(facts: Mapping[str, Any], personal: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    rows = {
        "reference": facts["reference"],
        "iban": personal.get("iban", ""),
        "holder": personal.get("holder") or "",
        "scheme": _VALUES[facts["scheme"]].to(language) if "scheme" in facts else "",
        "signed": day_said(facts["signed"], language) if "signed" in facts else "",
    }
    return [(_LABELS[name].to(language), value) for name, value in rows.items()]


def _changed(name: str, value: Any, language: Language, *, is_hidden: bool) -> str:
    label = _label(name, language)
    return f"- {label}" if is_hidden else f"- {label}: {_said(name, value, language)}"


def _label(name: str, language: Language) -> str:
    if name in _LABELS:
        return _LABELS[name].to(language)
    whose, _, field = name.partition(".")
    return f"{_LABELS[whose].to(language)}, {_LABELS[field].to(language)}"


def _said(name: str, value: Any, language: Language) -> str:
    match value:
        case None:
            return _NONE.to(language)
        case bool():
            return (_YES if value else _NO).to(language)
        case {"version": version, "accepted_on": day}:
            return _ACCEPTED.to(language).format(version=version, day=day_said(day, language))
        case list():
            return ", ".join(one["email"] for one in value)
        case str() if name in _CODED:
            return _VALUES[value].to(language)
        case str() if name.endswith("_on"):
            return day_said(value, language)
        case _:
            return str(value)
