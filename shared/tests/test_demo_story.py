"""What the demo tells: every event on its day, totals that add up, and the figures as JSON."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from termijn.cli.demo import how_to_go_on
from termijn.cli.folder import DEFAULT_FOLDER
from termijn.demo.outcome import CallFileReport, Document, Handover, Indexation, Lease, LetterItem, Outcome, Payment
from termijn.demo.population import customers
from termijn.demo.story import euros, tell

CUSTOMER = customers()[0].account_id
GLASS = "drukkerij-hendriks-glas-1000-36"
ANSWERS: dict[str, dict[str, Any]] = {
    "cancellation/peters-accountants-werkplek": {"ends_on": "2026-04-30", "explanation": "notice rule monthly; ends 30 April 2026"},
    "scaling/vos-makelaardij-3cx/2026-02-12": {"pending": [], "explanation": "more counts from the order"},
    "scaling/vos-makelaardij-3cx/2026-03-10": {
        "pending": [{"from_on": "2027-01-01", "quantity": 6}],
        "explanation": "less is a cancellation of that part; ends 31 December 2026",
    },
    f"retariff/{GLASS}/2026-03-10": {
        "refused": "from_on: 2026-04-01 is not possible; 2029-02-01 is (notice rule term:36)",
        "reasons": [],
    },
    f"retariff/{GLASS}/2026-03-16": {"pending": [{"from_on": "2029-02-01", "tariff_id": "glas-1000-12"}]},
    "withdrawal/de-wit-schoonmaak-suite": {"pending": []},
    "project/kok-nieuw-kantoor": {},
    "milestone/kok-nieuw-kantoor/2": {},
    "goods/dekker-laptops": {},
    "delivery/dekker-laptops": {},
    "lease/dijkstra-printers": {"ends_on": "2026-06-09"},
    "leaving/hoveniersbedrijf-de-groot/2026-03-16": {
        "refused": "The account cannot be deleted yet",
        "reasons": [{"field": "invoice", "detail": "carried_over subscription"}, {"field": "rating", "detail": "unbilled"}],
    },
    "leaving/hoveniersbedrijf-de-groot/2026-06-29": {"state": "waiting"},
}
"""What the services say to what these customers ask for."""
INDEXATION = Indexation(
    announced_on=date(2026, 2, 10),
    effective_on=date(2026, 4, 1),
    percentage=Decimal("3.2"),
    tariffs=["backup", "suite"],
    announced=15,
    in_force=15,
)
LEASE = Lease(
    account="dijkstra-zuivel", title="Printer, lease", warn_on=date(2026, 5, 10), ends_on=date(2026, 6, 9), ended_on=date(2026, 6, 9)
)
FILE = CallFileReport(
    on=date(2026, 3, 4), name="pbx-utrecht-20260228.cdr", accepted=90, duplicates=7, suspended=3, not_billable=40, bad_lines=0
)
INVOICE = Document(
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
CREDIT = replace(INVOICE, invoice_id="c-1", number="2026-00002", net=Decimal(-100), gross=Decimal(-121), open_amount=Decimal(0))
HANDOVER = Handover(
    account=CUSTOMER,
    invoice_id="i-1",
    number="2026-00001",
    invoice_date=date(2026, 2, 1),
    handover_date=date(2026, 4, 2),
    principal=Decimal("1210.00"),
    collection_costs=Decimal("181.50"),
    interest=Decimal("17.50"),
)
PAYMENT = Payment(
    account=CUSTOMER,
    invoice_id="i-1",
    amount=Decimal("1210.00"),
    is_debit=True,
    booked_on=date(2026, 2, 9),
    reversed_on=date(2026, 2, 12),
    reason_code="AM04",
)
LATE = Payment(account=CUSTOMER, invoice_id="i-1", amount=Decimal(100), is_debit=False, booked_on=date(2026, 4, 1))


@pytest.fixture
def outcome() -> Outcome:
    return Outcome(
        files=[FILE],
        documents=[INVOICE, CREDIT],
        letters=[LetterItem(on=date(2026, 2, 12), account=CUSTOMER, invoice_id="i-1", step="reminder")],
        handovers=[HANDOVER],
        payments=[PAYMENT, LATE],
        debits=1,
        suspensions=[(date(2026, 4, 24), CUSTOMER)],
        resumptions=[(date(2026, 4, 29), CUSTOMER)],
        accepted={"tariff": 15, "deck": 2, "account": 30, "mandate": 17, "exemption": 13, "order": 63},
        answers=ANSWERS,
        indexation=INDEXATION,
        leases=[LEASE],
        forgotten=["hoveniersbedrijf-de-groot"],
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
        "Tue 10  Peters Accountants B.V. gives notice for werkplek: it ends on 30 April 2026 (notice rule monthly; ends 30 April 2026).",
        "Thu 12  Reminder to Bakkerij van Dijk B.V. about 2026-00001.",
        "Thu 12  Reversal AM04: Bakkerij van Dijk B.V., € 1,210.00 taken back.",
        "Wed  1  Paid late: Bakkerij van Dijk B.V., € 100.00 for 2026-00001, 51 days late, day 59.",
        "Fri 24  Suspended: Bakkerij van Dijk B.V.",
        "Wed 29  Resumed: Bakkerij van Dijk B.V.",
        "Thu  2  To the bailiff: 2026-00001 of Bakkerij van Dijk B.V., day 60; principal € 1,210.00, costs € 181.50, interest € 17.50",
    ):
        assert sentence in text
    assert text.index("\nFebruary 2026") < text.index("\nMarch 2026") < text.index("\nApril 2026")
    assert "The books hold" in text


def test_the_story_tells_what_customers_asked_for_with_its_days_and_why(outcome: Outcome) -> None:
    text = told(outcome)
    for sentence in (
        "Tue 10  Prices of backup and suite go up by 3.2 % on 1 April 2026, as was agreed: 15 modules, each account told in writing.",
        "Wed  1  The new prices of backup and suite are in force for 15 modules.",
        "Thu 12  Vos Makelaardij B.V. scales 3cx to 10, from today (more counts from the order).",
        "Tue 10  Vos Makelaardij B.V. scales 3cx to 6, not now, but from 1 January 2027 (less is a cancellation of that part; ends 31",
        "Tue 10  Drukkerij Hendriks B.V. wants glas-1000-12 instead of glas-1000-36: refused. 2026-04-01 is not possible; 2029-02-01 is",
        "Mon 16  Drukkerij Hendriks B.V. changes glas-1000-36 to glas-1000-12 at the earliest day there is, 1 February 2029.",
        "Mon 16  De Wit Schoonmaak B.V. takes the notice for suite back, in time: it goes on.",
        "Tue 10  Kok Ingenieurs B.V. agrees to the project Nieuw kantoor, € 7,000.00 in 2 milestones: Netwerk aangelegd € 4,200.00,",
        "Wed 15  Kok Ingenieurs B.V.'s project reaches milestone 2, which bills at once; the project is delivered",
        "Tue 10  Dekker Advocaten B.V. orders 6 x Laptop 14 inch at € 1,095.00, to be delivered on 24 February 2026.",
        "Tue 24  6 delivered to Dekker Advocaten B.V. and put into use: invoiced today, under warranty from today.",
        "Tue 10  Dijkstra Zuivel B.V. leases 2 of printer-lease for 4 months: the last day is 9 June 2026.",
        "Sun 10  A task for the manager: the lease of Printer, lease by Dijkstra Zuivel B.V. ends on 9 June 2026.",
        "Tue  9  The lease of Printer, lease by Dijkstra Zuivel B.V. is over.",
        "Mon 16  Hoveniersbedrijf de Groot asks to be deleted: refused, for an amount is carried over to a later invoice, something is not",
        "Mon 29  Hoveniersbedrijf de Groot is deleted: nothing is owed, open or with the bank any more, so its personal data are erased.",
    ):
        assert sentence in text
    assert "is deleted" not in told(replace(outcome, forgotten=()))


def test_what_is_no_subscription_is_told_apart_from_the_run(outcome: Outcome) -> None:
    hardware = replace(outcome.documents[0], invoice_id="h-1", number="2026-00003", stream="hardware", due_on=date(2026, 3, 3))
    text = told(replace(outcome, documents=[*outcome.documents, hardware]))
    assert "Sun  1  Invoice run: 1 invoice (2026-00001), net € 1,000.00" in text
    assert "Sun  1  Invoice 2026-00003 to Bakkerij van Dijk B.V. for hardware: net € 1,000.00, due on 3 March." in text


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
        "refused": 2,
        "streams": {"subscription": 1},
        "indexed_modules": 15,
        "accounts_deleted": ["hoveniersbedrijf-de-groot"],
        "seconds": 12.3,
        "transport": "log",
        "verified": True,
    }


def test_euros_are_read_with_thousands_apart() -> None:
    assert euros(Decimal("1234567.8")) == "€ 1,234,567.80"


@pytest.mark.parametrize(
    ("by_make", "is_on_path", "folder", "up"),
    [
        (True, False, DEFAULT_FOLDER, "make up"),
        (True, False, Path("elsewhere"), "{called} up --dir elsewhere"),
        (False, False, DEFAULT_FOLDER, "{called} up"),
        (False, True, DEFAULT_FOLDER, "termijn up"),
    ],
)
def test_what_to_type_next_is_what_works_where_it_was_started(  # noqa: PLR0917 - parameters and fixtures
    by_make: bool, is_on_path: bool, folder: Path, up: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = tmp_path / "termijn"
    called.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(called)])
    monkeypatch.setenv("PATH", str(tmp_path) if is_on_path else "/nowhere")
    monkeypatch.setenv("MAKELEVEL", "1") if by_make else monkeypatch.delenv("MAKELEVEL", raising=False)
    said = how_to_go_on(folder).splitlines()
    assert said[0] == f"Open it with: {up.format(called=called)}"
    assert said[1] == f"Check its books again with: {up.format(called=called).replace(' up', ' verify')}"
