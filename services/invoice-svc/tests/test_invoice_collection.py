"""The whole service on a real database: debits, reversals, misses, and what dunning asks."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.contracts import (
    DebitExemptionGranted,
    MandateRevoked,
)
from termijn.events.dunning import StepProposed, WriteOffRequested
from termijn.events.invoice import (
    DirectDebitSubmitted,
    InvoiceIssued,
    MandateBlocked,
    PaymentMissed,
    PaymentReversed,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
)
from termijn.events.rating import ChargeLine
from termijn.kernel.ids import CaseId, MandateId

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow


@pytest.mark.rule("PAY-4", "PAY-5")
async def test_a_debit_that_comes_back_is_missed_collected_again_and_the_mandate_blocked_at_last(opened: Open, charge: Charge) -> None:
    """AM04 on the 10th: second debit on the 24th; that one rejected with AC04 blocks the mandate."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "09:00")
    invoice_id = (await firm.one(InvoiceIssued)).invoice_id
    paid = {"payment_id": "bank-1", "amount": "121.00", "value_on": "2026-04-09", "method": "direct_debit"}
    await firm.call("POST", f"/invoices/{invoice_id}/payments", paid, status=201)
    reversal = {"reason_code": "AM04", "reversed_on": "2026-04-10"}
    answer = await firm.call("POST", "/payments/bank-1/reversal", reversal)
    assert (answer["open"], answer["direct_debit"]["collect_on"]) == ("121.00", "2026-04-24")
    assert (await firm.one(PaymentReversed)).open_after == Decimal("121.00")
    assert (await firm.one(PaymentMissed)).collect_again_on == date(2026, 4, 24)
    await firm.to(date(2026, 4, 24), "09:00")
    assert [d.end_to_end_id[-2:] for d in await firm.it.published(DirectDebitSubmitted)] == ["-1", "-2"]
    await firm.call("POST", f"/invoices/{invoice_id}/debit-rejection", {"reason_code": "AC04", "rejected_on": "2026-04-24"})
    assert [miss.occasion for miss in await firm.it.published(PaymentMissed)] == [1, 2]
    assert (await firm.one(MandateBlocked)).mandate_id == "m-jansen"
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["mandate_blocked"]
    await firm.call("POST", f"/tasks/{invoice_id}~mandate_blocked/done")
    assert (await firm.call("GET", "/tasks"))["items"] == []
    # The next month is a transfer, and a manager is told.
    await firm.to(date(2026, 5, 1), "05:00")
    await firm.closed("jansen", "2026-04", charge("l-2", "50.00"), closing=2)
    await firm.to(date(2026, 5, 1), "07:00")
    assert [i.collection for i in await firm.it.published(InvoiceIssued)] == ["direct_debit", "transfer"]
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["no_usable_mandate"]
    await firm.verified()


@pytest.mark.rule("PAY-5", "DUN-6", "DUN-14")
async def test_a_transfer_is_missed_after_its_due_day_and_dunning_gets_its_answers(opened: Open, charge: Charge) -> None:
    """Missed on 10 April at 00:30; a step is cleared with what is open; a remainder is written off; then it is settled."""
    firm = await opened()
    await firm.account("jansen", mandate=False)
    await firm.it.hear("contracts", DebitExemptionGranted(reason="government"), account="jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "00:29")
    assert await firm.it.published(PaymentMissed) == []
    await firm.to(date(2026, 4, 10), "00:30")
    missed = await firm.one(PaymentMissed)
    assert (missed.cause, missed.open_amount, missed.delivered_at is not None) == ("transfer_unpaid", Decimal("121.00"), True)
    assert (await firm.call("GET", "/tasks"))["items"] == []
    (listed,) = (await firm.call("GET", "/invoices?account=jansen&state=missed"))["items"]
    assert listed["invoice_id"] == missed.invoice_id
    proposal = StepProposed(
        case_id=CaseId("c"), invoice_id=missed.invoice_id, proposal="c/1", step="reminder", planned_on=date(2026, 4, 12)
    )
    await firm.it.hear("dunning", proposal, account="jansen")
    assert (await firm.one(StepCleared)).open_amount == Decimal("121.00")
    paid = {"payment_id": "bank-1", "amount": "120.50", "value_on": "2026-04-10", "method": "transfer"}
    await firm.call("POST", f"/invoices/{missed.invoice_id}/payments", paid, status=201)
    await firm.it.hear(
        "dunning", WriteOffRequested(case_id=CaseId("c"), invoice_id=missed.invoice_id, amount=Decimal("0.50")), account="jansen"
    )
    assert (await firm.one(RemainderWrittenOff)).amount == Decimal("0.50")
    await firm.it.hear("dunning", proposal, account="jansen")
    assert (await firm.one(StepStopped)).reason == "settled"
    await firm.verified()


@pytest.mark.rule("API-1")
async def test_too_much_money_becomes_a_credit_and_a_payment_id_is_one_payment(opened: Open, charge: Charge) -> None:
    """130.00 on 121.00; the same id twice is once, on another invoice it is refused; reversed, the credit is gone."""
    firm = await opened()
    await firm.account("jansen", mandate=False)
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"), charge("l-2", "60.00", stream="support"))
    await firm.to(date(2026, 4, 3), "09:00")
    first, second = sorted(i.invoice_id for i in await firm.it.published(InvoiceIssued))
    paid = {"payment_id": "bank-1", "amount": "130.00", "value_on": "2026-04-03", "method": "transfer"}
    one = {i.stream: i.invoice_id for i in await firm.it.published(InvoiceIssued)}["subscription"]
    other = second if one == first else first
    answer = await firm.call("POST", f"/invoices/{one}/payments", paid, status=201)
    assert (answer["applied"], answer["surplus"]) == ("121.00", "9.00")
    await firm.call("POST", f"/invoices/{one}/payments", paid, status=201)
    refused = await firm.call("POST", f"/invoices/{other}/payments", paid, status=409)
    assert (refused["code"], refused["field"]) == ("PaymentIdTaken", "payment_id")
    balance = await firm.call("GET", "/accounts/jansen/balance", role="customer", account="jansen")
    assert (Decimal(balance["credit"]), Decimal(balance["open"])) == (Decimal("9.00"), Decimal("72.60"))
    await firm.verified()
    await firm.call("POST", "/payments/bank-1/reversal", {"reason_code": "AM05", "reversed_on": "2026-04-03"})
    balance = await firm.call("GET", "/accounts/jansen/balance")
    assert (Decimal(balance["credit"]), Decimal(balance["open"])) == (Decimal("0.00"), Decimal("193.60"))
    assert (await firm.one(PaymentMissed)).caused_by_us
    await firm.verified()


@pytest.mark.rule("INV-6")
async def test_a_mandate_revoked_before_the_file_leaves_is_not_used(opened: Open, charge: Charge) -> None:
    """Revoked on the 7th: no debit on the 8th, and the due day decides."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 7), "12:00")
    await firm.it.hear("contracts", MandateRevoked(mandate_id=MandateId("m-jansen"), revoked_on=date(2026, 4, 7)), account="jansen")
    await firm.to(date(2026, 4, 10), "01:00")
    assert await firm.it.published(DirectDebitSubmitted) == []
    assert (await firm.one(PaymentMissed)).cause == "transfer_unpaid"
