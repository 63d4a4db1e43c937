"""A second collection is announced to the debtor, once (PAY-4): what is decided, what is said, and the mail of the real service."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.base import Event
from termijn.events.invoice import DirectDebitSubmitted, InvoiceIssued
from termijn.events.rating import ChargeLine
from termijn.invoice.announcement import Announcement, announcement_mail
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import InvoiceCommand, RecordAnnouncement, RecordAnnouncementFailure, SubmitDebit
from termijn.invoice.receivable import (
    AnnouncementFailed,
    CollectionAnnounced,
    DebitPlanned,
    DebitRejected,
    InvoiceEvent,
    InvoiceState,
    TaskRaised,
)
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId, MandateId
from termijn.runtime.mail import Origin
from termijn.testing.spec import Spec, spec

ID = InvoiceId("jansen.1")
AGAIN = date(2026, 4, 24)
Issued = Callable[..., InvoiceIssued]
InvoiceSpec = Spec[InvoiceState, InvoiceCommand, InvoiceEvent]
Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]


def noon(day: date) -> datetime:
    return at(day, "12:00")


def planned(attempt: int, collect_on: date, submit_on: date) -> DebitPlanned:
    return DebitPlanned(
        invoice_id=ID,
        attempt=attempt,
        mandate_id=MandateId("m-1"),
        mandate_reference="BELCO-1",
        collect_on=collect_on,
        submit_on=submit_on,
    )


def collected_again(issued: Issued) -> InvoiceSpec:
    """The debit of the 9th came back on the 10th; the second one is planned for the 24th."""
    return spec(INVOICE).given(
        issued(collection="direct_debit"),
        planned(1, date(2026, 4, 9), date(2026, 4, 8)),
        DebitRejected(invoice_id=ID, attempt=1, reason_code="AM04", rejected_on=date(2026, 4, 10)),
        planned(2, AGAIN, date(2026, 4, 23)),
    )


def told(attempt: int = 2) -> RecordAnnouncement:
    return RecordAnnouncement(now=noon(date(2026, 4, 10)), attempt=attempt, amount=Decimal("121.00"))


SUBMIT = SubmitDebit(now=noon(date(2026, 4, 23)), attempt=2, is_mandate_usable=True)
REFUSED = RecordAnnouncementFailure(now=noon(date(2026, 4, 10)), attempt=2, reason="no such mailbox")


@pytest.mark.rule("PAY-4")
def test_an_announcement_is_recorded_once_with_what_it_said(issued: Issued) -> None:
    """121.00 on 24 April; the worker that records it again, and the one that is an attempt behind, change nothing."""
    again = collected_again(issued).when(told())
    said = CollectionAnnounced(invoice_id=ID, attempt=2, amount=Decimal("121.00"), collect_on=AGAIN, announced_at=noon(date(2026, 4, 10)))
    assert list(again.events) == [said]
    again.when(told()).then_nothing()
    again.when(REFUSED).then_nothing()
    again.when(told(attempt=1)).then_nothing()
    again.when(SUBMIT).then_types(DirectDebitSubmitted)


@pytest.mark.rule("PAY-4")
def test_an_announcement_that_is_refused_is_a_task_and_the_debit_leaves_all_the_same(issued: Issued) -> None:
    """One task: the day of the debit does not raise it again."""
    again = collected_again(issued).when(REFUSED).then_types(AnnouncementFailed, TaskRaised)
    again.when(SUBMIT).then_types(DirectDebitSubmitted)


@pytest.mark.rule("PAY-4")
def test_a_second_debit_that_left_unannounced_is_a_task(issued: Issued) -> None:
    """The mail server was down for two weeks; the first debit needs no announcement but its invoice."""
    collected_again(issued).when(SUBMIT).then_types(DirectDebitSubmitted, TaskRaised)


@pytest.mark.rule("PAY-4")
@pytest.mark.parametrize(
    ("language", "title", "parts"),
    [
        (
            "nl",
            "Aankondiging: incasso van factuur F2026000001 op 24 april 2026 - Belco B.V.",
            ("Geachte heer of mevrouw,", "€ 1.234,50", "factuur F2026000001 van 1 april 2026"),
        ),
        (
            "en",
            "Announcement: direct debit of invoice F2026000001 on 24 April 2026 - Belco B.V.",
            ("Dear Sir or Madam,", "EUR 1,234.50", "invoice F2026000001 of 1 April 2026"),
        ),
    ],
)
def test_the_announcement_says_what_a_debtor_must_know(language: Any, title: str, parts: tuple[str, ...]) -> None:
    """Amount, day, invoice, creditor id and mandate reference; the same facts give the same text."""
    said = Announcement(
        debtor="Jansen B.V.",
        number="F2026000001",
        issued_on=date(2026, 4, 1),
        amount=Decimal("1234.50"),
        collect_on=AGAIN,
        creditor_id="NL79ZZZ999999990000",
        mandate_reference="BELCO-1",
        sender="Belco B.V.",
        contact="administratie@belco.example",
    )
    subject, text = announcement_mail(said, language)
    assert subject == title
    for part in (*parts, "Jansen B.V.", "NL79ZZZ999999990000", "BELCO-1", "administratie@belco.example"):
        assert part in text, text
    assert "{" not in text and max(map(len, text.splitlines())) <= 100
    assert announcement_mail(said, language) == (subject, text)


async def came_back(firm: Any, charge: Charge) -> None:
    """An invoice of 121.00, whose debit of 9 April is rejected on the 10th."""
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "09:00")
    invoice_id = (await firm.one(InvoiceIssued)).invoice_id
    await firm.call("POST", f"/invoices/{invoice_id}/debit-rejection", {"reason_code": "AM04", "rejected_on": "2026-04-10"})


async def recorded(firm: Any, kind: type[Event]) -> int:
    (row,) = await firm.it.rows(f"select count(*) as number from event where type = '{kind.__name__}'")
    return int(row["number"])


@pytest.mark.slow
@pytest.mark.rule("PAY-4")
async def test_a_second_collection_is_announced_by_one_mail(opened: Open, charge: Charge) -> None:
    """The invoice went out first; one mail more after the rejection, none when the worker runs again or the debit leaves."""
    firm = await opened()
    await came_back(firm, charge)
    assert len(firm.post.sent) == 2
    to, subject, text, message_id = firm.post.sent[1]
    assert (to, subject) == ("post@klant.example", "Aankondiging: incasso van factuur F2026000001 op 24 april 2026 - Belco B.V.")
    for part in ("€ 121,00", "24 april 2026", "F2026000001", "NL79ZZZ999999990000", "BELCO-jansen"):
        assert part in text, text
    assert message_id != firm.post.sent[0][3]
    assert firm.post.origins[1] == Origin(name="Belco B.V.", reply_to="administratie@belco.example")
    await firm.it.settle()
    await firm.to(date(2026, 4, 24), "09:00")
    assert len(firm.post.sent) == 2
    assert await recorded(firm, CollectionAnnounced) == 1
    assert (await firm.call("GET", "/tasks"))["items"] == []
    await firm.verified()


@pytest.mark.slow
@pytest.mark.rule("PAY-4")
async def test_an_announcement_waits_for_the_mail_server_and_is_a_task_when_it_is_refused(opened: Open, charge: Charge) -> None:
    """Down: it stays due. Refused: one task, and the worker leaves it."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "09:00")
    firm.post.is_down = True
    invoice_id = (await firm.one(InvoiceIssued)).invoice_id
    await firm.call("POST", f"/invoices/{invoice_id}/debit-rejection", {"reason_code": "AM04", "rejected_on": "2026-04-10"})
    (row,) = await firm.it.rows("select attempt, status from announcement")
    assert (row["attempt"], row["status"]) == (2, "due")
    firm.post.is_down, firm.post.refuses = False, True
    await firm.it.settle()
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["announcement_failed"]
    firm.post.refuses = False
    await firm.to(date(2026, 4, 24), "09:00")
    assert len(firm.post.sent) == 1
    await firm.verified()
