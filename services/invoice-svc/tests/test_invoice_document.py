"""The text of documents, in both languages, and what others hear of what happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from termijn.events.contracts import AccountFacts, Party
from termijn.events.invoice import InvoiceIssued, PaymentReceived, PaymentReversed, ProviderProfileChanged
from termijn.events.rating import ChargeLine
from termijn.invoice.api.bodies import PolicyBody
from termijn.invoice.document import Sheet, render, subject
from termijn.invoice.document_text import counted
from termijn.invoice.draft import DocumentLine
from termijn.invoice.policy import Policy, PolicySet, Profile, ProfileSet
from termijn.invoice.published import publish
from termijn.invoice.receivable import PaymentBooked, Receivable
from termijn.invoice.vat import totals
from termijn.kernel.ids import AccountId, InvoiceId, ModuleId, PaymentId, ProviderId
from termijn.runtime.handling import Cause, Recorded

Line = Callable[..., ChargeLine]
PROFILE = Profile(
    name="Belco B.V.",
    street="Kabelweg 9",
    postcode="3542 AB",
    city="Utrecht",
    vat_number="NL123456782B90",
    chamber_of_commerce="12345678",
    iban="NL91ABNA0417164300",
    creditor_id="NL79ZZZ999999990000",
    email="administratie@belco.example",
)


def sheet(line: Line, **other: object) -> Sheet:
    lines = [
        DocumentLine(line=charge, module_id=ModuleId("tel-1"), module_title="Telephony", period="2026-03")
        for charge in (line("l-1", "1000.00"), line("l-2", "-12.34", corrects="2026-02", title="Calls"))
    ]
    facts: dict[str, object] = {
        "profile": PROFILE,
        "addressee": Party(name="Jansen B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam"),
        "facts": AccountFacts(language="en", vat_number="NL000099998B57", chamber_of_commerce="87654321"),
        "number": "F2026000001",
        "issued_on": date(2026, 4, 1),
        "lines": lines,
        "totals": totals(one.line for one in lines),
        "is_credit_note": False,
        "due_on": date(2026, 4, 9),
        "corrected": {"l-2": ("F2026000007",)},
    }
    return Sheet(**{**facts, **other})  # type: ignore[arg-type]


@pytest.mark.rule("INV-8", "INV-19")
def test_an_invoice_shows_both_parties_its_lines_and_how_to_pay(line: Line) -> None:
    """The whole text, so that a change of it is a decision."""
    assert render(sheet(line)) == (
        "Belco B.V.\n"
        "Kabelweg 9\n"
        "3542 AB Utrecht NL\n"
        "VAT number NL123456782B90, Chamber of commerce 12345678, IBAN NL91ABNA0417164300\n"
        "\n"
        "INVOICE\n"
        "\n"
        "To:\n"
        "Jansen B.V.\n"
        "Kade 1\n"
        "1011 AB Amsterdam NL\n"
        "VAT number NL000099998B57\n"
        "Chamber of commerce 87654321\n"
        "\n"
        "Number:                 F2026000001\n"
        "Date:                   1 April 2026\n"
        "Due date:               9 April 2026\n"
        "Supply period:          1 March 2026 to 31 March 2026\n"
        + "-" * 92
        + "\nTelephony (tel-1)\n"
        + f"  {'Base fee':<76}{'1,000.00':>14}\n"
        + "    01-03-2026 to 31-03-2026, 1 piece at 1,000.00, 21% VAT\n"
        + f"  {'Calls':<76}{'-12.34':>14}\n"
        + "    01-03-2026 to 31-03-2026, 1 piece at -12.34, 21% VAT\n"
        + "    correction of February 2026, billed by F2026000007\n"
        + "-" * 92
        + f"\n{'Total excluding VAT':<76}{'EUR 987.66':>16}\n"
        + f"{'VAT 21% on EUR 987.66':<76}{'EUR 207.41':>16}\n"
        + f"{'Total including VAT':<76}{'EUR 1,195.07':>16}\n"
        + "\n"
        "Please transfer EUR 1,195.07 by 9 April 2026 to\n"
        "NL91ABNA0417164300 in the name of Belco B.V., quoting F2026000001.\n"
        "\n"
        "Questions, or do you disagree? administratie@belco.example.\n"
    )


@pytest.mark.rule("INV-19")
@pytest.mark.parametrize(
    ("quantity", "price", "net", "shown"),
    [
        # 317 minutes more by late call records: the price of the whole month's calls is not theirs.
        ("317", "0.048870", "14.35", "317 minuten à 0,045268"),
        ("12", "0.05", "0.60", "12 minuten à 0,05"),
        ("-3", "0.10", "-0.30", "-3 minuten à 0,10"),
        # Another price for as many, and more use under a cost limit that was reached.
        ("0", "60.00", "15.00", None),
        ("20", "1.00", "0.00", "20 minuten"),
        ("-1", "1.00", "2.00", "-1 minuut"),
    ],
)
def test_a_correction_shows_a_quantity_and_price_that_make_its_amount(
    line: Line, quantity: str, price: str, net: str, shown: str | None
) -> None:
    """The difference has a price of its own, or none."""
    charge = line("l-2", net, quantity=Decimal(quantity), unit_price=Decimal(price), unit="minute", corrects="2026-02")
    lines = [DocumentLine(line=charge, module_id=ModuleId("tel-1"), module_title="Telefonie", period="2026-03")]
    text = render(sheet(line, facts=AccountFacts(language="nl"), lines=lines))
    assert f"    01-03-2026 t/m 31-03-2026, {f'{shown}, ' if shown else ''}21% btw\n" in text


@pytest.mark.parametrize(
    ("quantity", "price", "net", "note"),
    [
        ("20", "1.00", "10.00", ", verlaagd tot de kostenlimiet"),
        ("20", "1.00", "20.00", ""),
        # Six decimals of 77 of 90 days.
        ("0.855556", "98000.00", "83844.44", ""),
    ],
)
def test_use_beyond_the_cost_limit_says_why_it_costs_less(line: Line, quantity: str, price: str, net: str, note: str) -> None:
    """Twenty at 1.00 and a limit of 10.00 (USE-7)."""
    charge = line("l-1", net, origin="usage", quantity=Decimal(quantity), unit_price=Decimal(price))
    lines = [DocumentLine(line=charge, module_id=ModuleId("tel-1"), module_title="Telefonie", period="2026-03")]
    text = render(sheet(line, facts=AccountFacts(language="nl"), lines=lines))
    assert f" stuks à {price.replace('.', ',').replace('98000', '98.000')}{note}, 21% btw\n" in text


def test_a_fee_of_one_day_has_one_date_and_its_name_once(line: Line) -> None:
    """The fee is called what its note would say; the supply is of that day."""
    day = date(2026, 3, 14)
    charge = line("l-1", "395.00", title="Aansluitkosten", origin="connect", period_from=day, period_until=day)
    lines = [DocumentLine(line=charge, module_id=ModuleId("glas-1"), module_title="Glasvezel", period="2026-03")]
    text = render(sheet(line, facts=AccountFacts(language="nl"), lines=lines))
    assert f"  {'Aansluitkosten':<76}{'395,00':>14}\n    14-03-2026, 1 stuk à 395,00, 21% btw\n" in text
    assert "Leveringsperiode:       14 maart 2026\n" in text
    english = render(sheet(line, lines=lines))
    assert "Aansluitkosten (connection fee)" in english


def test_a_fee_for_a_part_of_its_period_shows_the_days_that_it_is_for(line: Line) -> None:
    """From the 14th on: on the line, and as the supply period of the document."""
    charge = line("l-1", "18.00", quantity=Decimal("0.580645"), unit_price=Decimal("31.00"), served_from=date(2026, 3, 14))
    lines = [DocumentLine(line=charge, module_id=ModuleId("glas-1"), module_title="Glasvezel", period="2026-03")]
    text = render(sheet(line, facts=AccountFacts(language="nl"), lines=lines))
    assert "    14-03-2026 t/m 31-03-2026, 0,580645 stuks à 31,00, 21% btw\n" in text
    assert "Leveringsperiode:       14 maart 2026 t/m 31 maart 2026\n" in text


def test_a_debit_a_credit_note_and_a_test_document_say_what_they_are(line: Line) -> None:
    """Each in Dutch."""
    dutch = AccountFacts(language="nl", is_test=True)
    debit = render(sheet(line, facts=dutch, collection="direct_debit", mandate_reference="BELCO-1"))
    assert "Wij schrijven € 1.195,07 op 9 april 2026 automatisch af" in debit and "machtigingskenmerk BELCO-1" in debit
    assert "TESTDOCUMENT" in debit
    owed = totals([line("l-1", "-10.00")])
    credit = render(sheet(line, facts=dutch, is_credit_note=True, due_on=None, totals=owed, corrects=("F2026000001",)))
    assert "CREDITNOTA" in credit and "U ontvangt € 12,10 van ons" in credit and "F2026000001" in credit
    assert subject(number="C1", is_credit_note=True, language="nl", sender="Belco") == "Creditnota C1 - Belco"


@pytest.mark.parametrize(
    ("quantity", "unit", "dutch", "english"),
    [
        ("1", "piece", "1 stuk", "1 piece"),
        ("-1.0", "piece", "-1 stuk", "-1 piece"),
        ("2", "minute", "2 minuten", "2 minutes"),
        ("0.5", "page", "0,5 pagina's", "0.5 pages"),
        ("0", "second", "0 seconden", "0 seconds"),
        ("3", "hour", "3 uur", "3 hours"),
        ("1", "fax", "1 fax", "1 fax"),
    ],
)
def test_one_has_a_word_of_its_own(quantity: str, unit: str, dutch: str, english: str) -> None:
    """Every other number, also a part, takes the plural."""
    assert (counted(Decimal(quantity), unit, "nl"), counted(Decimal(quantity), unit, "en")) == (dutch, english)


def recorded(event: object) -> Recorded:
    moment = datetime(2026, 4, 9, tzinfo=UTC)
    cause = Cause(actor="test", why="test", correlation_id=UUID(int=1), causation_id=UUID(int=1))
    return Recorded(
        event=event,  # type: ignore[arg-type]
        event_id=UUID(int=2),
        provider=ProviderId("belco"),
        account=AccountId("jansen"),
        stream="invoice-belco-jansen.1",
        version=2,
        occurred_at=moment,
        recorded_at=moment,
        cause=cause,
    )


def test_others_hear_of_what_an_invoice_took_and_never_of_surplus_or_policy(issued: Callable[..., InvoiceIssued]) -> None:
    """A payment that was all surplus is nobody else's business, nor is taking it back."""
    booked = PaymentBooked(
        payment_id=PaymentId("p-1"),
        invoice_id=InvoiceId("jansen.1"),
        amount=Decimal("130.00"),
        applied=Decimal("121.00"),
        surplus=Decimal("9.00"),
        method="transfer",
        value_on=date(2026, 4, 9),
        booked_on=date(2026, 4, 9),
        open_after=Decimal("0.00"),
    )
    (received,) = publish(recorded(booked))
    assert isinstance(received, PaymentReceived) and received.amount == Decimal("121.00")
    assert publish(recorded(msgspec.structs.replace(booked, applied=Decimal(0), surplus=Decimal("130.00")))) == []
    back = PaymentReversed(
        payment_id=PaymentId("p-1"),
        invoice_id=InvoiceId("jansen.1"),
        amount=Decimal(0),
        reason_code="AM05",
        reversed_on=date(2026, 4, 10),
        open_after=Decimal(0),
    )
    assert publish(recorded(back)) == []
    (told,) = publish(recorded(ProfileSet(version=1, profile=PROFILE)))
    assert isinstance(told, ProviderProfileChanged) and (told.name, told.iban) == (PROFILE.name, PROFILE.iban)
    assert publish(recorded(PolicySet(version=1, policy=Policy()))) == []
    assert publish(recorded(issued())) == [issued()]


def test_states_survive_being_written_and_read(issued: Callable[..., InvoiceIssued]) -> None:
    """A snapshot is the state."""
    state = Receivable(issued=issued(), open=Decimal("121.00"), standing=(1,), occasions=1)
    assert msgspec.json.decode(msgspec.json.encode(state), type=Receivable) == state


def test_an_empty_policy_is_the_default_one() -> None:
    """The defaults of the API are those of the rules."""
    assert PolicyBody().policy() == Policy()
