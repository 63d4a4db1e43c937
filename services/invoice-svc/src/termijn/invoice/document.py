"""An invoice or credit note as plain text, in Dutch or English. The same facts give the same text, byte for byte."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from termijn.events.contracts import AccountFacts, Party
from termijn.events.invoice import Collection
from termijn.events.rating import ChargeLine
from termijn.invoice.document_text import Words, counted, words
from termijn.invoice.draft import DocumentLine
from termijn.invoice.policy import Profile
from termijn.invoice.vat import Totals
from termijn.kernel.words import Language, decimal, euros, long_day, month_name, short_day

WIDTH = 92
RULE = "-" * WIDTH
HALF_A_CENT = Decimal("0.005")
LAST_DECIMAL = Decimal("0.000001")
"""Quantities and unit prices have six decimals at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that is printed. ``due_on``, ``collection`` and ``mandate_reference`` are an invoice's, ``corrects`` a credit note's.

    ``corrected``: by line id, the numbers of the invoices that billed before what the line corrects (INV-19).
    """

    profile: Profile
    addressee: Party
    facts: AccountFacts
    number: str
    issued_on: date
    lines: Sequence[DocumentLine]
    totals: Totals
    is_credit_note: bool
    due_on: date | None = None
    collection: Collection = "transfer"
    mandate_reference: str | None = None
    corrects: tuple[str, ...] = ()
    corrected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def render(sheet: Sheet) -> str:
    """The document: both parties, lines with their periods, VAT per rate, how to pay, where to dispute (INV-9 as plain text)."""
    w, language = words(sheet.facts.language), sheet.facts.language
    parts = [
        *_sender(sheet.profile, w),
        "",
        *([w.test_document, ""] if sheet.facts.is_test else []),
        w.credit_note if sheet.is_credit_note else w.invoice,
        "",
        *_addressee(sheet, w),
        "",
        *_heading(sheet, w, language),
        RULE,
        *_lines(sheet, w, language),
        RULE,
        *_totals(sheet.totals, w, language),
        "",
        _how_to_pay(sheet, w, language),
        "",
        w.dispute.format(contact=", ".join(filter(None, (sheet.profile.email, sheet.profile.phone)))),
    ]
    return "\n".join(part.rstrip() for part in parts) + "\n"


def subject(*, number: str, is_credit_note: bool, language: Language, sender: str) -> str:
    """The subject line of the mail that brings a document."""
    w = words(language)
    return f"{(w.credit_note if is_credit_note else w.invoice).capitalize()} {number} - {sender}"


def _sender(profile: Profile, w: Words) -> Iterator[str]:
    yield profile.name
    yield profile.street
    yield f"{profile.postcode} {profile.city} {profile.country}"
    yield f"{w.vat_number} {profile.vat_number}, {w.chamber_of_commerce} {profile.chamber_of_commerce}, IBAN {profile.iban}"


def _addressee(sheet: Sheet, w: Words) -> Iterator[str]:
    party, facts = sheet.addressee, sheet.facts
    yield f"{w.to}:"
    yield party.name
    yield from filter(None, (party.street, f"{party.postcode} {party.city} {party.country}".strip()))
    if facts.vat_number:
        yield f"{w.vat_number} {facts.vat_number}"
    if facts.chamber_of_commerce:
        yield f"{w.chamber_of_commerce} {facts.chamber_of_commerce}"


def _heading(sheet: Sheet, w: Words, language: Language) -> Iterator[str]:
    first = min(line.line.served_from or line.line.period_from for line in sheet.lines)
    last = max(line.line.served_until or line.line.period_until for line in sheet.lines)
    rows = [
        (w.number, sheet.number),
        (w.issued_on, long_day(sheet.issued_on, language)),
        (w.due_on, long_day(sheet.due_on, language) if sheet.due_on else ""),
        (w.supply_period, long_day(first, language) + (f" {w.until} {long_day(last, language)}" if last != first else "")),
        (w.customer_number, sheet.facts.customer_number or ""),
        (w.purchase_order, sheet.facts.purchase_order or ""),
        (w.corrects, ", ".join(sheet.corrects)),
    ]
    for name, value in rows:
        if value:
            yield f"{name + ':':<24}{value}"


def _lines(sheet: Sheet, w: Words, language: Language) -> Iterator[str]:
    """Grouped by module, in the order in which they came."""
    modules: dict[tuple[str, str], list[DocumentLine]] = {}
    for line in sheet.lines:
        modules.setdefault((line.module_title, line.module_id), []).append(line)
    for (title, module_id), group in modules.items():
        yield f"{title} ({module_id})"
        for line in group:
            yield from _line(line.line, sheet.corrected.get(line.line.line_id, ()), w, language)


def _line(charge: ChargeLine, corrected: Sequence[str], w: Words, language: Language) -> Iterator[str]:
    """Title and amount; days, quantity, price and VAT; and of a correction which month of which invoice it corrects (INV-19)."""
    amount = decimal(charge.net, language, places=2)
    note = w.origins.get(charge.origin, "")
    title = f"{charge.title} ({note})" if note and note.casefold() != charge.title.casefold() else charge.title
    yield f"  {title[: WIDTH - 18]:<{WIDTH - 16}}{amount:>14}"
    first, last = charge.served_from or charge.period_from, charge.served_until or charge.period_until
    days = short_day(first) if first == last else f"{short_day(first)} {w.until} {short_day(last)}"
    yield f"    {', '.join([days, *_priced(charge, w, language), f'{decimal(charge.vat_rate, language)}% {w.vat}'])}"
    if charge.corrects:
        month = w.correction_of.format(month=month_name(charge.corrects, language))
        yield f"    {month}{w.corrected_invoice.format(numbers=', '.join(corrected)) if corrected else ''}"


def _priced(charge: ChargeLine, w: Words, language: Language) -> Iterator[str]:
    """Quantity and unit price. A correction is a difference: where its price is no longer that of its quantity, the price of what it adds
    is told, and none where more or fewer of something make an amount that no price explains."""
    price, too_much = charge.unit_price, charge.quantity * charge.unit_price - charge.net
    is_explained = abs(too_much) <= HALF_A_CENT + (abs(charge.quantity) + abs(price)) * LAST_DECIMAL
    if charge.corrects and not is_explained:
        average = Fraction(charge.net) / Fraction(charge.quantity) if charge.quantity else Fraction(0)
        price = Decimal(round(average / Fraction(LAST_DECIMAL))) * LAST_DECIMAL
        if price <= 0:
            if charge.quantity:
                yield counted(charge.quantity, charge.unit, language)
            return
    yield f"{counted(charge.quantity, charge.unit, language)} {w.at} {decimal(price, language, places=2)}"
    if not charge.corrects and not is_explained and too_much > 0:
        yield w.limited  # nothing else makes a line cost less than its price (USE-7)


def _totals(totals: Totals, w: Words, language: Language) -> Iterator[str]:
    def row(name: str, amount: Decimal) -> str:
        return f"{name:<{WIDTH - 16}}{euros(amount, language):>16}"

    yield row(w.net, totals.net)
    for part in totals.vat:
        yield row(w.vat_over.format(rate=decimal(part.rate, language), base=euros(part.base, language)), part.vat)
    yield row(w.gross, totals.gross)


def _how_to_pay(sheet: Sheet, w: Words, language: Language) -> str:
    if sheet.is_credit_note:
        return w.credited.format(amount=euros(-sheet.totals.gross, language))
    assert sheet.due_on is not None, "an invoice has a due day"
    amount, day = euros(sheet.totals.gross, language), long_day(sheet.due_on, language)
    profile = sheet.profile
    if sheet.collection == "direct_debit":
        assert profile.creditor_id and sheet.mandate_reference, "a debit names its creditor and its mandate"
        return w.pay_by_debit.format(amount=amount, day=day, creditor_id=profile.creditor_id, mandate=sheet.mandate_reference)
    return w.pay_by_transfer.format(amount=amount, day=day, iban=profile.iban, name=profile.name, number=sheet.number)
