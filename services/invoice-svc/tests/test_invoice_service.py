"""The whole service on a real database: periods close, documents are numbered and delivered."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.contracts import AccountChanged, AccountFacts, AccountOpened, Party
from termijn.events.invoice import (
    CreditNoteIssued,
    DeliveryFailed,
    DirectDebitSubmitted,
    InvoiceDelivered,
    InvoiceIssued,
    InvoiceSettled,
    PaymentMissed,
    PaymentReceived,
)
from termijn.events.rating import ChargeLine
from termijn.invoice.laws import LAWS

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow


PRINTED = (
    "Jansen B.V.",
    "NL123456782B90",
    "€ 135,93",
    "9 april 2026",
    "NL79ZZZ999999990000",
    "BELCO-jansen",
    "61,5 minuten",
    "PO 12",
)
"""What stands on the first invoice."""


@pytest.mark.rule("INV-1", "INV-2", "INV-6", "INV-7", "INV-8", "INV-17", "PAY-2")
async def test_a_month_closes_and_its_invoice_is_collected_and_paid(opened: Open, charge: Charge) -> None:
    """Closed on 1 April at 04:00; issued in the run of 06:00, mailed, handed to the bank on the 8th, collected on the 9th."""
    firm = await opened()
    await firm.account("jansen", customer_number="K-7", purchase_order="PO 12")
    await firm.to(date(2026, 4, 1), "04:10")
    await firm.closed(
        "jansen", "2026-03", charge("l-1", "100.00"), charge("l-2", "12.34", title="Bellen", quantity=Decimal("61.5"), unit="minute")
    )
    assert await firm.it.published(InvoiceIssued) == []
    await firm.to(date(2026, 4, 1), "06:00")
    issued = await firm.one(InvoiceIssued)
    assert (issued.number, issued.issued_on, issued.due_on) == ("F2026000001", date(2026, 4, 1), date(2026, 4, 9))
    assert (issued.net, issued.gross, issued.collection) == (Decimal("112.34"), Decimal("135.93"), "direct_debit")
    to, subject, text, _ = firm.post.sent[0]
    assert (to, subject) == ("post@klant.example", "Factuur F2026000001 - Belco B.V.")
    assert [part for part in PRINTED if part not in text] == [], text
    assert text == await firm.call("GET", f"/invoices/{issued.invoice_id}/document", role="customer", account="jansen")
    assert (await firm.one(InvoiceDelivered)).channel == "email"
    await firm.to(date(2026, 4, 8), "07:00")
    debit = await firm.one(DirectDebitSubmitted)
    assert (debit.amount, debit.collect_on, debit.end_to_end_id) == (Decimal("135.93"), date(2026, 4, 9), "F2026000001-1")
    (listed,) = (await firm.call("GET", "/direct-debits?collect_on=2026-04-09"))["items"]
    assert (listed["status"], listed["amount"], listed["number"]) == ("submitted", "135.93", "F2026000001")
    await firm.to(date(2026, 4, 10), "09:00")
    assert await firm.it.published(PaymentMissed) == []
    paid = {"payment_id": "bank-1", "amount": "135.93", "value_on": "2026-04-09", "method": "direct_debit"}
    answer = await firm.call("POST", f"/invoices/{issued.invoice_id}/payments", paid, status=201)
    assert (answer["open"], answer["direct_debit"]["status"]) == ("0.00", "booked")
    assert (await firm.one(PaymentReceived)).open_after == 0
    assert (await firm.one(InvoiceSettled)).settled_on == date(2026, 4, 9)
    shown = await firm.call("GET", f"/invoices/{issued.invoice_id}", role="customer", account="jansen")
    assert (shown["state"], shown["payments"][0]["amount"], shown["vat"][0]["vat"]) == ("settled", "135.93", "23.59")
    await firm.verified()


@pytest.mark.rule("INV-3", "INV-7", "INV-17", "INV-19")
async def test_small_amounts_are_carried_and_credits_go_out_as_credit_notes(opened: Open, charge: Charge) -> None:
    """10.00 in the run of 1 May is carried to 1 June's 20.00; -5.00 in July is credited, naming what it corrects, as a later line does."""
    firm = await opened()
    await firm.account("jansen")
    await firm.to(date(2026, 5, 1), "05:00")
    await firm.closed("jansen", "2026-04", charge("l-1", "10.00"))
    await firm.to(date(2026, 5, 1), "07:00")
    assert await firm.it.published(InvoiceIssued) == []
    balance = await firm.call("GET", "/accounts/jansen/balance")
    assert (balance["carried_net"], balance["waiting_net"]) == ("10.00", "0.00")
    await firm.verified()
    await firm.to(date(2026, 6, 1), "05:00")
    await firm.closed("jansen", "2026-05", charge("l-2", "20.00", article="extra"), closing=2)
    await firm.to(date(2026, 6, 1), "07:00")
    assert (await firm.one(InvoiceIssued)).net == Decimal("30.00")
    await firm.to(date(2026, 7, 1), "05:00")
    await firm.closed("jansen", "2026-06", charge("l-3", "-5.00", corrects="2026-04"), closing=3)
    await firm.to(date(2026, 7, 1), "07:00")
    note = await firm.one(CreditNoteIssued)
    assert (note.number, note.gross, note.corrects) == ("C2026000001", Decimal("-6.05"), ("F2026000001",))
    assert "correctie van april 2026, gefactureerd met F2026000001\n" in firm.post.sent[-1][2]
    assert Decimal((await firm.call("GET", "/accounts/jansen/balance"))["credit"]) == Decimal("6.05")
    await firm.to(date(2026, 8, 1), "05:00")
    await firm.closed("jansen", "2026-07", charge("l-4", "25.00", article="more"), charge("l-5", "2.00", corrects="2026-04"), closing=4)
    await firm.to(date(2026, 8, 1), "07:00")
    invoice = firm.post.sent[-1][2]
    assert "F2026000002" in invoice and invoice.count("F2026000001") == 1
    assert "correctie van april 2026, gefactureerd met F2026000001\n" in invoice
    await firm.verified()


@pytest.mark.rule("INV-7", "INV-12")
async def test_many_accounts_get_gapless_numbers_over_pages_and_test_accounts_their_own(
    opened: Open, charge: Charge, profile: dict[str, str]
) -> None:
    """Drafts wait for the provider's profile, visibly; then 7 of them get F1 to F6 and T1."""
    firm = await opened(profile=False)
    for number in range(6):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", charge(f"l-{number}", "100.00"))
    await firm.account("probe", is_test=True)
    await firm.closed("probe", "2026-03", charge("l-t", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    assert await firm.it.published(InvoiceIssued) == []
    (task,) = (await firm.call("GET", "/tasks"))["items"]
    assert task["kind"] == "profile_missing" and task["reason"].startswith("7 documents")
    await firm.call("PUT", "/profile", profile)
    numbers = sorted(i.number for i in await firm.it.published(InvoiceIssued))
    assert numbers == [*(f"F202600000{n}" for n in range(1, 7)), "T2026000001"]
    await firm.to(date(2026, 4, 20), "07:00")
    assert len(await firm.it.published(DirectDebitSubmitted)) == 6
    assert await firm.it.published(PaymentMissed, account="probe") == []
    await firm.verified()


@pytest.mark.rule("INV-17", "INV-18")
async def test_lines_that_come_before_their_account_wait_for_it(opened: Open, charge: Charge) -> None:
    """rating speaks first; nothing is lost, and the run that has passed is made up for at once."""
    firm = await opened()
    await firm.to(date(2026, 4, 2), "05:00")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    assert await firm.it.published(InvoiceIssued) == []
    await firm.account("jansen")
    await firm.to(date(2026, 4, 2), "05:01")
    issued = await firm.one(InvoiceIssued)
    assert (issued.issued_on, issued.due_on) == (date(2026, 4, 2), date(2026, 4, 10))
    await firm.verified()


@pytest.mark.rule("INV-2", "INV-11")
async def test_a_run_names_the_accounts_that_rating_did_not_close(opened: Open, charge: Charge) -> None:
    """Two accounts with a module, one closed: the other is named after 24 hours, and billed when it is closed at last."""
    firm = await opened()
    await firm.account("jansen")
    await firm.account("late")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 1), "06:00")
    run = (await firm.call("GET", "/runs"))["items"][-1]
    assert (run["period"], run["state"], run["expected"]) == ("2026-03", "open", 2)
    await firm.to(date(2026, 4, 2), "06:00")
    run = (await firm.call("GET", "/runs"))["items"][-1]
    assert (run["state"], run["missing"], run["still_missing"]) == ("closed", 1, ["late"])
    await firm.closed("late", "2026-03", charge("l-2", "100.00"))
    await firm.to(date(2026, 4, 2), "06:01")
    assert len(await firm.it.published(InvoiceIssued)) == 2
    assert (await firm.call("GET", "/runs"))["items"][-1]["still_missing"] == []
    (named_,) = (await firm.call("GET", "/runs/2026-03/missing"))["items"]
    assert named_ == {"account": "late", "arrived_since": True}
    await firm.verified()


@pytest.mark.rule("INV-10")
async def test_mail_that_fails_is_tried_again_or_becomes_a_task(opened: Open, charge: Charge) -> None:
    """A server that is down delays; one that refuses makes a task, and the document can be sent again."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    firm.post.is_down = True
    await firm.to(date(2026, 4, 1), "07:00")
    assert await firm.it.published(InvoiceDelivered) == []
    firm.post.is_down, firm.post.refuses = False, True
    await firm.it.settle()
    failed = await firm.one(DeliveryFailed)
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["delivery_failed"]
    firm.post.refuses = False
    await firm.call("POST", f"/invoices/{failed.invoice_id}/redelivery", status=202)
    assert (await firm.one(InvoiceDelivered)).invoice_id == failed.invoice_id
    assert (await firm.call("GET", "/tasks"))["items"] == []
    await firm.call("POST", f"/invoices/{failed.invoice_id}/redelivery", status=409)


@pytest.mark.rule("INV-15")
async def test_a_document_that_cannot_be_made_holds_up_nobody_else(opened: Open, charge: Charge) -> None:
    """Nobody to address it to: the draft is held with the reason and takes no number; released, it gets the next."""
    firm = await opened()
    nobody = AccountOpened(contract_partner=None, facts=AccountFacts())
    await firm.it.hear("contracts", nobody, account="ghost")
    await firm.closed("ghost", "2026-03", charge("l-1", "100.00"))
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-2", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    assert (await firm.one(InvoiceIssued)).number == "F2026000001"
    (task,) = (await firm.call("GET", "/tasks"))["items"]
    assert (task["kind"], task["invoice_id"]) == ("draft_held", "ghost.1")
    assert (await firm.call("GET", "/invoices/ghost.1"))["state"] == "held"
    await firm.verified()
    partner = Party(name="Ghost B.V.", email="ghost@klant.example")
    await firm.it.hear("contracts", AccountChanged(contract_partner=partner, facts=AccountFacts()), account="ghost")
    await firm.call("POST", "/invoices/ghost.1/release")
    assert [i.number for i in await firm.it.published(InvoiceIssued)] == ["F2026000001", "F2026000002"]
    await firm.call("POST", "/invoices/ghost.1/release", status=409)
    await firm.verified()


@pytest.mark.rule("INV-7", "INV-17")
async def test_the_laws_see_what_they_are_for(opened: Open, charge: Charge) -> None:
    """A hole, a step back in time, a line that is gone and a cent that is missing are each named."""
    firm = await opened()
    for number in range(3):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", charge(f"l-{number}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    await firm.verified()
    for damage, laws in (
        ("delete from number_given where number = 2", {"numbers_are_gapless", "numbers_are_documents"}),
        ("update number_given set issued_on = '2026-03-01' where number = 3", {"dates_do_not_go_down", "numbers_are_documents"}),
        ("delete from charge_line where line_id = 'l-1'", {"lines_are_in_one_place", "documents_are_their_lines"}),
        ("update document set paid = 0.01 where invoice_id = 'a1.1'", {"invoiced_is_accounted_for"}),
    ):
        assert await _broken_by(firm, damage) == laws


async def _broken_by(firm: Any, damage: str) -> set[str]:
    """The laws that a change behind the back of the service breaks; taken back afterwards."""
    found = set()
    async with firm.it.service.database.transaction("*") as connection:
        await connection.execute("savepoint whole")
        await connection.execute(damage)
        for law in LAWS:
            if await connection.fetch(law.sql):
                found.add(law.name)
        await connection.execute("rollback to savepoint whole")
    return found
