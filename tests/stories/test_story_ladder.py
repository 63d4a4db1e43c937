"""From an order to the bailiff: what is not paid, day by day."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from termijn.testing.story import Story

pytestmark = pytest.mark.slow


@pytest.mark.rule("DUN-1", "DUN-2", "DUN-5", "PAY-5", "TIM-1", "TIM-3", "INV-2", "INV-6", "INV-7")
async def test_a_transfer_never_paid_climbs_the_ladder_and_goes_to_the_bailiff_on_day_60(story: Story) -> None:
    """Every step on its day: due + 3, due + 10, invoice + 45, + 52, and the handover on day 60 exactly."""
    await story.open_shop()
    await story.customer("never")
    await story.order("never", "workplace")
    await story.until(date(2026, 2, 1))
    issued = date(2026, 2, 1)
    (invoice,) = await story.invoices("never")
    assert invoice["issued_on"] == issued.isoformat()
    assert Decimal(invoice["gross"]) == Decimal("242.00"), "January, and February in advance"
    due = issued + timedelta(days=8)
    assert invoice["due_on"] == due.isoformat()
    await story.call("POST", "/contracts/accounts/never/modules/never-workplace/cancellation", {"ends_on": "2026-02-28"})
    await story.until(issued + timedelta(days=60), "18:00")
    steps = [step for step in await story.steps("never") if step[0] != "suspension_warning"]
    assert steps == [
        ("reminder", due + timedelta(days=3)),
        ("second_reminder", due + timedelta(days=10)),
        ("formal_notice", issued + timedelta(days=45)),
        ("final_demand", issued + timedelta(days=52)),
    ]
    mails = [path.read_text() for path in (story.installation.folder / "mail" / story.provider / "new").iterdir()]
    demand = next(mail for mail in mails if "Laatste" in mail or "sommatie" in mail.lower())
    assert "Belco B.V." in demand
    assert "NL91" in demand, "a letter says where the money goes"
    (handover,) = await story.handovers()
    assert handover["handover_on"] == (issued + timedelta(days=60)).isoformat()
    assert Decimal(handover["principal"]) == Decimal("242.00")
    assert Decimal(handover["collection_costs"]) == Decimal("40.00")


@pytest.mark.rule("DUN-6", "DUN-5")
async def test_paid_on_day_59_is_not_handed_over(story: Story) -> None:
    """Payment in full closes the case at any step."""
    await story.open_shop()
    await story.customer("late")
    await story.order("late", "workplace")
    await story.until(date(2026, 2, 1))
    (invoice,) = await story.invoices("late")
    await story.call("POST", "/contracts/accounts/late/modules/late-workplace/cancellation", {"ends_on": "2026-02-28"})
    await story.until(date(2026, 2, 1) + timedelta(days=59))
    await story.pay((await story.invoices("late"))[0])
    await story.until(date(2026, 4, 30))
    assert await story.handovers() == []
    assert invoice["invoice_id"] not in {case["invoice_id"] for case in await story.items("/dunning/cases", account="late", state="open")}


@pytest.mark.rule("PAY-4", "DUN-1")
async def test_a_debit_sent_back_for_want_of_funds_is_collected_once_more_and_no_letter_goes_meanwhile(story: Story) -> None:
    """AM04: the ladder rests until the second collection is known."""
    await story.open_shop()
    await story.customer("bounce", debit=True)
    await story.order("bounce", "workplace")
    await story.until(date(2026, 2, 1))
    (invoice,) = await story.invoices("bounce")
    collected_on = date.fromisoformat(invoice["due_on"])
    await story.until(collected_on, "12:00")
    payment = await story.pay(invoice, method="direct_debit")
    await story.until(collected_on + timedelta(days=2), "12:00")
    await story.call("POST", f"/invoice/payments/{payment}/reversal", {"reason_code": "AM04", "reversed_on": story.today.isoformat()})
    again_on = story.today + timedelta(days=14)
    await story.until(again_on + timedelta(days=4))
    assert await story.steps("bounce") == []
    debits = [d for d in await story.items("/invoice/direct-debits") if d["invoice_id"] == invoice["invoice_id"]]
    assert len(debits) == 2
    assert date.fromisoformat(debits[1]["collect_on"]) >= again_on
    await story.pay((await story.invoices("bounce"))[0], method="direct_debit")
    assert (await story.invoices("bounce"))[0]["open"] in ("0.00", "0")


@pytest.mark.rule("DUN-9", "CON-10")
async def test_a_structural_late_payer_is_warned_suspended_and_resumed_at_once_when_all_is_paid(story: Story) -> None:
    """Three missed due days in twelve months, a warning, seven days, and reduced functionality until everything overdue is paid."""
    await story.open_shop()
    await story.customer("sloppy")
    await story.order("sloppy", "workplace")
    for month in (2, 3, 4):
        await story.until(date(2026, month, 1))
        if month < 4:
            await story.until(date(2026, month, 20))
            for invoice in await story.invoices("sloppy"):
                if Decimal(invoice["open"]):
                    await story.pay(invoice)
    await story.until(date(2026, 4, 12))
    (warned_on,) = [day for step, day in await story.steps("sloppy") if step == "suspension_warning"]
    await story.until(warned_on + timedelta(days=7), "12:00")
    contract = await story.call("GET", "/contracts/accounts/sloppy/contract")
    assert contract["modules"][0]["suspension"] is not None
    for invoice in await story.invoices("sloppy"):
        if Decimal(invoice["open"]):
            await story.pay(invoice)
    contract = await story.call("GET", "/contracts/accounts/sloppy/contract")
    assert contract["modules"][0]["suspension"] is None
