"""SEC-4, INV-7, INV-15: credits are named by payments and by credit notes, so no payment may bear the id of a document."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.invoice import CreditNoteIssued, InvoiceIssued
from termijn.events.rating import ChargeLine
from termijn.invoice.credit_balance import CREDIT_BALANCE, RecordCredit, is_document_id
from termijn.invoice.unmatched_money import UNMATCHED_MONEY, MoneyUnmatched, NoteUnmatched
from termijn.kernel.errors import InvalidInput
from termijn.testing.spec import spec

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("text", "is_ours"),
    [("jansen.1", True), ("0-a.000000012", True), ("a" * 40 + ".7", True)]
    + [
        (text, False) for text in ("bank-1", "Jansen.1", "jansen.1a", "jansen.", ".1", "a.b.1", "jansen.1:x", "dd-jansen.1-1", "jansen.1\n")
    ],
)
def test_which_ids_are_those_of_documents(text: str, is_ours: bool) -> None:
    """The account's id, a dot and a number, and nothing else: what a collector puts before or behind it makes it another."""
    assert is_document_id(text) is is_ours


@pytest.mark.rule("SEC-4")
def test_unmatched_money_with_the_id_of_a_document_is_refused() -> None:
    """It would be the id of its payment, once it is assigned."""
    day = date(2026, 4, 13)
    money = MoneyUnmatched(
        money_id="jansen.1", statement_id="s", amount=Decimal(5), value_on=day, booked_on=day, iban=None, name=None, reference=None
    )
    note = NoteUnmatched(now=datetime(2026, 4, 13, 12, tzinfo=UTC), money=money)
    spec(UNMATCHED_MONEY).when(note).then_refused(InvalidInput, "unmatched")
    spec(UNMATCHED_MONEY).given(money).when(note).then_nothing()


async def three(opened: Open, charge: Charge) -> Any:
    """An invoice of 121.00 for one account in April; in May a credit note for jansen, and an invoice for a third."""
    firm = await opened()
    for account in ("other", "jansen", "third"):
        await firm.account(account)
    await firm.closed("other", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 3), "09:00")
    await firm.closed("jansen", "2026-04", charge("l-2", "-10.00"))
    await firm.closed("third", "2026-04", charge("l-3", "100.00"))
    return firm


@pytest.mark.slow
@pytest.mark.rule("INV-7")
async def test_no_payment_takes_the_id_of_another_accounts_credit_note(opened: Open, charge: Charge) -> None:
    """An over-payment told under ``jansen.1`` is refused with its field; the credit note gets its number, and so does everybody else."""
    firm = await three(opened, charge)
    paid = {"payment_id": "jansen.1", "amount": "130.00", "value_on": "2026-04-03", "method": "transfer"}
    refused = await firm.call("POST", "/invoices/other.1/payments", paid, status=422)
    assert refused["field"] == "payment_id"
    money = {"money_id": "jansen.1", "amount": "130.00", "value_on": "2026-04-03"}
    statement = {"statement_id": "s-1", "booked_through": "2026-04-02", "unmatched": [money]}
    assert (await firm.call("POST", "/statements", statement, status=422))["field"] == "unmatched"
    await firm.call("POST", "/invoices/other.1/payments", {**paid, "payment_id": "bank:jansen.1"}, status=201)
    await firm.to(date(2026, 5, 1), "07:00")
    assert (await firm.one(CreditNoteIssued)).invoice_id == "jansen.1"
    assert [i.invoice_id for i in await firm.it.published(InvoiceIssued)] == ["other.1", "third.1"]
    await firm.verified()


@pytest.mark.slow
@pytest.mark.rule("INV-7", "INV-15")
@pytest.mark.parametrize("account", ["other", "jansen"])
async def test_a_credit_note_whose_id_names_a_credit_already_holds_up_nobody_else(opened: Open, charge: Charge, account: str) -> None:
    """Booked before such ids were refused, for whichever account: that one draft is held with the reason, the others are numbered."""
    firm = await three(opened, charge)
    taken = RecordCredit(
        now=firm.it.clock.now(), credit_id="jansen.1", source="overpayment", amount=Decimal("9.00"), arisen_on=date(2026, 4, 3)
    )
    await firm.it.run(CREDIT_BALANCE, account, taken, account=account)
    await firm.to(date(2026, 5, 1), "07:00")
    assert await firm.it.published(CreditNoteIssued) == []
    assert [i.number for i in await firm.it.published(InvoiceIssued)] == ["F2026000001", "F2026000002"]
    (held,) = [task for task in (await firm.call("GET", "/tasks"))["items"] if task["kind"] == "draft_held"]
    assert held["invoice_id"] == "jansen.1" and "jansen.1" in held["reason"]
