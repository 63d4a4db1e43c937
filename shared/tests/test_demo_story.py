"""What the demo tells: every event on its day, totals that add up, and the figures as JSON."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from termijn.demo.outcome import CallFileReport, Document, Handover, LetterItem, Outcome, Payment
from termijn.demo.population import customers
from termijn.demo.story import euros, tell

CUSTOMER = customers()[0].account_id


@pytest.fixture
def outcome() -> Outcome:
    file = CallFileReport(
        on=date(2026, 3, 4), name="pbx-utrecht-20260228.cdr", accepted=90, duplicates=7, suspended=3, not_billable=40, bad_lines=0
    )
    invoice = Document(
        invoice_id="i-1",
        account=CUSTOMER,
        number="2026-00001",
        issued_on=date(2026, 2, 1),
        due_on=date(2026, 2, 9),
        is_debited=True,
        net=Decimal("1000.00"),
        gross=Decimal("1210.00"),
        open_amount=Decimal("1210.00"),
    )
    credit = replace(invoice, invoice_id="c-1", number="2026-00002", net=Decimal(-100), gross=Decimal(-121), open_amount=Decimal(0))
    handover = Handover(
        account=CUSTOMER,
        invoice_id="i-1",
        number="2026-00001",
        invoice_date=date(2026, 2, 1),
        handover_date=date(2026, 4, 2),
        principal=Decimal("1210.00"),
        collection_costs=Decimal("181.50"),
        interest=Decimal("17.50"),
    )
    payment = Payment(
        account=CUSTOMER,
        invoice_id="i-1",
        amount=Decimal("1210.00"),
        is_debit=True,
        booked_on=date(2026, 2, 9),
        reversed_on=date(2026, 2, 12),
        reason_code="AM04",
    )
    late = Payment(account=CUSTOMER, invoice_id="i-1", amount=Decimal(100), is_debit=False, booked_on=date(2026, 4, 1))
    return Outcome(
        files=[file],
        documents=[invoice, credit],
        letters=[LetterItem(on=date(2026, 2, 12), account=CUSTOMER, invoice_id="i-1", step="reminder")],
        handovers=[handover],
        payments=[payment, late],
        debits=1,
        suspensions=[(date(2026, 4, 24), CUSTOMER)],
        resumptions=[(date(2026, 4, 29), CUSTOMER)],
        accepted={"tariff": 15, "deck": 2, "account": 30, "mandate": 17, "exemption": 13, "order": 63},
        endings={"peters-accountants-werkplek": date(2026, 4, 30)},
        suspense_now=3,
        suspense_reasons=[("no module", 3)],
    )


def told(outcome: Outcome) -> str:
    console = Console(width=200, file=StringIO())
    tell(console, outcome, customers(), seed=1)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_story_names_every_event_on_its_day(outcome: Outcome) -> None:
    text = told(outcome)
    for sentence in (
        "Thu  1  15 tariffs and 2 rate decks published; 30 accounts opened, 17 with a mandate, 13 by transfer; 63 modules ordered.",
        "Wed  4  Call records: 1 file, 90 calls to bill, 40 lines not billable, 7 seen before, 3 to suspense. Late:",
        "Sun  1  Invoice run: 1 invoice (2026-00001), net € 1,000.00",
        "Mon  9  The bank collects 1 direct debit: € 1,210.00.",
        "Tue 10  Peters Accountants B.V. gives notice for werkplek: it ends on 30 April.",
        "Thu 12  Reminder to Bakkerij van Dijk B.V. about 2026-00001.",
        "Thu 12  Reversal AM04: Bakkerij van Dijk B.V., € 1,210.00 taken back.",
        "Wed  1  Paid late: Bakkerij van Dijk B.V., € 100.00 for 2026-00001, 51 days late, day 59.",
        "Fri 24  Suspended: Bakkerij van Dijk B.V.",
        "Wed 29  Resumed: Bakkerij van Dijk B.V.",
        "Thu  2  To the bailiff: 2026-00001 of Bakkerij van Dijk B.V., day 60; principal € 1,210.00, costs € 181.50, interest € 17.50",
    ):
        assert sentence in text
    assert text.index("February 2026") < text.index("March 2026") < text.index("April 2026")
    assert "The books hold" in text


def test_the_totals_are_those_of_the_lines(outcome: Outcome) -> None:
    text = told(outcome)
    assert "Invoiced € 1,089.00, received € 100.00, open € 1,210.00." in text
    total = next(line for line in text.splitlines() if "Total" in line)
    assert " 900.00 " in total and " 1,089.00 " in total


def test_broken_laws_are_told(outcome: Outcome) -> None:
    assert "The books do not hold" in told(replace(outcome, broken_laws=["a number is missing"]))


def test_the_figures_as_json(outcome: Outcome) -> None:
    assert outcome.as_json(seconds=12.34, transport="log") == {
        "usage_records": 93,
        "usage_duplicates": 7,
        "usage_suspense": 3,
        "invoices": 1,
        "credit_notes": 1,
        "invoiced_net": "900.00",
        "direct_debits": 1,
        "reversals": 1,
        "letters": {"reminder": 1},
        "suspensions": 1,
        "resumptions": 1,
        "handovers": [{"account": CUSTOMER, "invoice": "2026-00001", "invoice_date": "2026-02-01", "handover_date": "2026-04-02"}],
        "seconds": 12.3,
        "transport": "log",
        "verified": True,
    }


def test_euros_are_read_with_thousands_apart() -> None:
    assert euros(Decimal("1234567.8")) == "€ 1,234,567.80"
