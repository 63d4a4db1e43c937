"""Use: calls that come late, twice, or for nobody, and a system that was away."""

from datetime import date
from decimal import Decimal

import pytest

from termijn.kernel.calendar import at
from termijn.testing.story import MadeCall, Story

pytestmark = pytest.mark.slow


@pytest.mark.rule("USE-1", "USE-3", "USE-9", "INV-17", "INV-19")
async def test_a_late_call_comes_as_a_correction_on_the_next_invoice_and_one_sent_twice_counts_once(story: Story) -> None:
    """Whatever the order and lateness, what is billed for January is the same."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    assert (
        await story.calls(
            MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=61), MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=61)
        )
    )["duplicates"] == 1
    await story.until(date(2026, 2, 3))
    (january,) = await story.invoices("acme")
    # Two base fees of 20.00, and 61 seconds at 0.10 a minute with 0.05 to connect: 0.151667.
    assert Decimal(january["net"]) == Decimal("40.15")
    await story.calls(MadeCall(call_id="c2", on=date(2026, 1, 31), seconds=60), MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=61))
    await story.until(date(2026, 3, 3))
    (_, february) = await story.invoices("acme")
    # 0.301667 in all for January: 0.30 - 0.15 = 0.15 more.
    assert Decimal(february["net"]) == Decimal("20.15")


@pytest.mark.rule("USE-2")
async def test_a_call_of_nobody_waits_in_suspense_and_is_billed_when_its_number_is_assigned(story: Story) -> None:
    """Nothing is dropped."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls")
    assert (await story.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=60, subject="200")))["suspended"] == 1
    assert len(await story.items("/rating/suspense")) == 1
    body = {"subject": "200", "from_at": at(date(2026, 1, 1), "00:00").isoformat()}
    await story.call("POST", "/contracts/accounts/acme/modules/acme-calls/subjects", body)
    await story.installation.settle()
    await story.call("POST", "/rating/suspense/retry", {})
    await story.until(date(2026, 2, 3))
    (invoice,) = await story.invoices("acme")
    assert Decimal(invoice["net"]) == Decimal("40.15")


@pytest.mark.rule("INV-18", "TIM-1")
async def test_a_system_that_was_away_bills_what_was_due_once_with_the_day_of_issue(story: Story) -> None:
    """Down from January to the middle of April: three months are billed, each once, on documents of that day."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "workplace")
    await story.installation.settle()
    # The clock moves while nobody turns the steps, as when all processes are down.
    await story.installation.clock.advance_to(at(date(2026, 4, 15), "09:00"))
    await story.until(date(2026, 4, 15), "12:00")
    invoices = await story.invoices("acme")
    assert {invoice["issued_on"] for invoice in invoices} == {"2026-04-15"}
    assert sum(Decimal(invoice["net"]) for invoice in invoices) == Decimal("400.00"), "January to April"


@pytest.mark.rule("SEC-1")
async def test_two_providers_with_equal_ids_everywhere_know_nothing_of_each_other(story: Story) -> None:
    """The same account, module, call and payment ids at two providers."""
    other = story.of("other")
    for one in (story, other):
        await one.open_shop()
        await one.customer("acme")
        await one.order("acme", "calls", subject="100")
    await story.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=60))
    await other.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=600))
    await story.until(date(2026, 2, 3))
    (ours,), (theirs,) = await story.invoices("acme"), await other.invoices("acme")
    assert Decimal(ours["net"]) == Decimal("40.15")
    assert Decimal(theirs["net"]) == Decimal("41.05")
    answer = await other.ask("GET", "/invoice/invoices", role="customer", account="acme")
    assert {item["net"] for item in answer.json()["items"]} == {theirs["net"]}
