"""The words of documents in Dutch and English."""

from dataclasses import dataclass
from decimal import Decimal

from termijn.kernel.words import Language, decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Sentences have placeholders for what is in them; units are for one, and for any other number."""

    invoice: str
    credit_note: str
    test_document: str
    to: str
    number: str
    issued_on: str
    due_on: str
    customer_number: str
    purchase_order: str
    supply_period: str
    vat_number: str
    chamber_of_commerce: str
    until: str
    vat: str
    at: str
    correction_of: str
    corrected_invoice: str
    limited: str
    corrects: str
    net: str
    vat_over: str
    gross: str
    pay_by_debit: str
    pay_by_transfer: str
    credited: str
    dispute: str
    units: dict[str, tuple[str, str]]
    origins: dict[str, str]


DUTCH = Words(
    invoice="FACTUUR",
    credit_note="CREDITNOTA",
    test_document="TESTDOCUMENT - niet betalen",
    to="Aan",
    number="Nummer",
    issued_on="Datum",
    due_on="Vervaldatum",
    customer_number="Klantnummer",
    purchase_order="Uw inkoopnummer",
    supply_period="Leveringsperiode",
    vat_number="Btw-nummer",
    chamber_of_commerce="KvK-nummer",
    until="t/m",
    vat="btw",
    at="à",
    correction_of="correctie van {month}",
    corrected_invoice=", gefactureerd met {numbers}",
    limited="verlaagd tot de kostenlimiet",
    corrects="Corrigeert",
    net="Totaal exclusief btw",
    vat_over="Btw {rate}% over {base}",
    gross="Totaal inclusief btw",
    pay_by_debit=(
        "Wij schrijven {amount} op {day} automatisch af van uw rekening,\nmet incassant-ID {creditor_id} en machtigingskenmerk {mandate}."
    ),
    pay_by_transfer="Maak {amount} uiterlijk op {day} over naar\n{iban} ten name van {name}, onder vermelding van {number}.",
    credited="U ontvangt {amount} van ons: wij verrekenen het met een factuur of betalen het op uw verzoek uit.",
    dispute="Vragen, of niet akkoord? {contact}.",
    units={
        "piece": ("stuk", "stuks"),
        "minute": ("minuut", "minuten"),
        "second": ("seconde", "seconden"),
        "page": ("pagina", "pagina's"),
        "hour": ("uur", "uur"),
        "gigabyte": ("GB", "GB"),
    },
    origins={"minimum": "aanvulling tot de minimumomzet", "connect": "aansluitkosten", "disconnect": "afsluitkosten"},
)

ENGLISH = Words(
    invoice="INVOICE",
    credit_note="CREDIT NOTE",
    test_document="TEST DOCUMENT - do not pay",
    to="To",
    number="Number",
    issued_on="Date",
    due_on="Due date",
    customer_number="Customer number",
    purchase_order="Your purchase order",
    supply_period="Supply period",
    vat_number="VAT number",
    chamber_of_commerce="Chamber of commerce",
    until="to",
    vat="VAT",
    at="at",
    correction_of="correction of {month}",
    corrected_invoice=", billed by {numbers}",
    limited="reduced to the cost limit",
    corrects="Corrects",
    net="Total excluding VAT",
    vat_over="VAT {rate}% on {base}",
    gross="Total including VAT",
    pay_by_debit=(
        "We collect {amount} from your account by direct debit on {day},\nwith creditor id {creditor_id} and mandate reference {mandate}."
    ),
    pay_by_transfer="Please transfer {amount} by {day} to\n{iban} in the name of {name}, quoting {number}.",
    credited="We owe you {amount}: it is set off against an invoice, or paid out when you ask.",
    dispute="Questions, or do you disagree? {contact}.",
    units={
        "piece": ("piece", "pieces"),
        "minute": ("minute", "minutes"),
        "second": ("second", "seconds"),
        "page": ("page", "pages"),
        "hour": ("hour", "hours"),
        "gigabyte": ("GB", "GB"),
    },
    origins={"minimum": "top-up to the minimum turnover", "connect": "connection fee", "disconnect": "disconnection fee"},
)


def words(language: Language) -> Words:
    """The words of that language."""
    return DUTCH if language == "nl" else ENGLISH


def counted(quantity: Decimal, unit: str, language: Language) -> str:
    """ "1 stuk", "-1 stuk", "2 stuks", "0,5 stuks"; a unit that is not known stays as it is."""
    one, many = words(language).units.get(unit, (unit, unit))
    return f"{decimal(quantity, language)} {one if abs(quantity) == 1 else many}"
