"""Letters that wait for the bank, suspension over a single case, and letters as a customer reads them: over all four services."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from termijn.testing.story import Facts, Story

pytestmark = pytest.mark.slow

ISSUED, DUE = date(2026, 2, 1), date(2026, 2, 9)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


async def owing(story: Story, *accounts: str, **policies: Facts) -> None:
    """Customers whose first invoice, of 242.00, is missed on 10 February; nothing follows it."""
    await story.open_shop()
    for service, policy in policies.items():
        await story.call("PUT", f"/{service}/policy", policy)
    for account in accounts:
        await story.customer(account)
        await story.order(account, "workplace")
    await story.until(ISSUED)
    for account in accounts:
        await story.call("POST", f"/contracts/accounts/{account}/modules/{account}-workplace/cancellation", {"ends_on": "2026-02-28"})
    await story.until(date(2026, 2, 10))


async def tasks(story: Story) -> list[tuple[str, str | None]]:
    return [(task["kind"], task["account"]) for task in await story.items("/invoice/tasks")]


async def load(story: Story, through: date, *unmatched: Facts) -> None:
    body = {"statement_id": f"bank-{through}", "booked_through": through.isoformat(), "unmatched": list(unmatched)}
    await story.call("POST", "/invoice/statements", body, role="ops")
    await story.installation.settle()


async def letter_of(story: Story, account: str, on: date) -> str:
    """The text of the account's letter of that day, on one line."""
    async with story.installation.client("manager", story.provider) as client:
        text = (await client.get(f"/dunning/letters/letter-{account}-{on.isoformat()}/text")).text
    return " ".join(text.split())


@pytest.mark.rule("TIM-3", "DUN-14")
async def test_a_letter_waits_for_the_statement_and_leaves_at_its_hour(story: Story) -> None:
    """Reminder on 12 February: it waits for the 11th, and goes at ten; the next one's statement comes at noon, so it goes the day after."""
    await owing(story, "klant", invoice={"loads_statements": True})
    await load(story, date(2026, 2, 10))
    await story.until(date(2026, 2, 12), "08:30")
    assert await tasks(story) == [("statements_missing", None)]
    await load(story, date(2026, 2, 11))
    assert await tasks(story) == []
    assert await story.steps("klant") == [], "letters leave at ten, not when the statement comes"
    await story.until(date(2026, 2, 12), "10:30")
    assert await story.steps("klant") == [("reminder", date(2026, 2, 12))]
    await story.until(date(2026, 2, 19), "12:00")
    assert await tasks(story) == [("statements_missing", None)]
    await load(story, date(2026, 2, 18))
    await story.until(date(2026, 2, 20), "09:00")
    await load(story, date(2026, 2, 19))
    await story.until(date(2026, 2, 20))
    assert await story.steps("klant") == [("reminder", date(2026, 2, 12)), ("second_reminder", date(2026, 2, 20))]
    (case,) = await story.items("/dunning/cases", account="klant")
    history = (await story.call("GET", f"/dunning/cases/{case['case_id']}"))["history"]
    assert [line["day"] for line in history if line["kind"] == "proposed"] == ["2026-02-12", "2026-02-19", "2026-02-20"]


@pytest.mark.rule("TIM-3", "DUN-14")
async def test_money_that_matches_nothing_keeps_a_letter_back_until_it_is_matched(story: Story) -> None:
    """From somebody of the customer's name: no letter, a task that names it; assigned, it pays the invoice and no letter is needed."""
    await owing(story, "klant", "buurman", invoice={"loads_statements": True})
    money = {"money_id": "bank-17", "amount": "242.00", "value_on": "2026-02-11", "booked_on": "2026-02-11", "name": "KLANT BV"}
    await story.until(date(2026, 2, 12), "07:00")
    await load(story, date(2026, 2, 11), money)
    await story.until(date(2026, 2, 12), "11:00")
    assert await story.steps("klant") == []
    assert await story.steps("buurman") == [("reminder", date(2026, 2, 12))]
    assert await tasks(story) == [("unmatched_money", "klant")]
    (task,) = await story.items("/invoice/tasks")
    assert "bank-17" in task["reason"] and "242.00" in task["reason"]
    (invoice,) = await story.invoices("klant")
    await story.until(date(2026, 2, 13), "09:00")
    await story.call("POST", "/invoice/unmatched-money/bank-17/assignment", {"invoice_id": invoice["invoice_id"]})
    await story.installation.settle()
    assert await tasks(story) == []
    await story.until(date(2026, 3, 15))
    assert await story.steps("klant") == []
    assert (await story.items("/dunning/cases", account="klant"))[0]["close_reason"] == "paid"


@pytest.mark.rule("TIM-3")
async def test_money_that_is_set_aside_lets_the_ladder_go_on(story: Story) -> None:
    """It was a refund of a supplier of the same name: the reminder goes the next day, and the ladder keeps its distances."""
    await owing(story, "klant")
    money = {"money_id": "bank-17", "amount": "10.00", "value_on": "2026-02-11", "booked_on": "2026-02-11", "name": "Klant"}
    await load(story, date(2026, 2, 10), money | {"value_on": "2026-02-10", "booked_on": "2026-02-10"})
    await story.until(date(2026, 2, 13), "12:00")
    assert await story.steps("klant") == []
    await story.call("POST", "/invoice/unmatched-money/bank-17/setting-aside", {"reason": "a refund of a supplier"})
    await story.until(date(2026, 2, 20))
    assert await story.steps("klant") == [("reminder", date(2026, 2, 14)), ("second_reminder", date(2026, 2, 19))]


@pytest.mark.rule("DUN-9", "CON-10")
async def test_a_single_case_past_its_final_demand_is_suspended_until_the_bailiff_is_paid_too(story: Story) -> None:
    """Demanded on day 52 with the day of both; suspended at ten of day 60, handed over at five, resumed with the payment."""
    await story.open_shop()
    await story.call("PUT", "/dunning/policy", {"suspends_single_case": True})
    await story.customer("klant", language="en")
    await story.order("klant", "workplace")
    await story.until(ISSUED)
    for month in (3, 4):
        await story.until(date(2026, month, 2))
        await story.pay((await story.invoices("klant"))[-1])
    assert day(60) == date(2026, 4, 2)
    demand = await letter_of(story, "klant", day(52))
    assert "to the bailiff on 2 April 2026" in demand
    assert "we shall also restrict your services, from 2 April 2026 on" in demand

    async def is_suspended() -> bool:
        contract = await story.call("GET", "/contracts/accounts/klant/contract")
        return contract["modules"][0]["suspension"] is not None

    assert await is_suspended(), "at ten of day 60"
    assert [handover["handover_on"] for handover in await story.handovers()] == [day(60).isoformat()]
    await story.until(date(2026, 4, 10))
    assert await is_suspended(), "a claim with the bailiff is not paid"
    await story.pay((await story.invoices("klant"))[0])
    assert not await is_suspended()


@pytest.mark.rule("DUN-9")
async def test_without_that_policy_a_single_case_suspends_nothing(story: Story) -> None:
    """The default: to the bailiff, and services stay."""
    await owing(story, "klant")
    await story.order("klant", "calls")
    await story.until(day(60))
    assert len(await story.handovers()) == 1
    contract = await story.call("GET", "/contracts/accounts/klant/contract")
    assert {module["suspension"] for module in contract["modules"]} == {None}
    assert "beperken" not in await letter_of(story, "klant", day(52))


@pytest.mark.rule("DUN-14", "DUN-6")
async def test_what_was_booked_when_a_step_was_cleared_decides_and_what_comes_until_ten_still_stops_it(story: Story) -> None:
    """Paid at 07:59: no letter. At 09:00, after the clearance: none either. At 10:01: the letter has gone, what follows has not."""
    await owing(story, "early", "between", "late")
    unpaid = {account: (await story.invoices(account))[0] for account in ("early", "between", "late")}
    for account, hour in (("early", "07:59"), ("between", "09:00"), ("late", "10:01")):
        await story.until(date(2026, 2, 12), hour)
        await story.pay(unpaid[account])
    await story.until(date(2026, 4, 15))
    assert {account: await story.steps(account) for account in unpaid} == {
        "early": [],
        "between": [],
        "late": [("reminder", date(2026, 2, 12))],
    }
    assert await story.handovers() == []
    (case,) = await story.items("/dunning/cases", account="between")
    history = (await story.call("GET", f"/dunning/cases/{case['case_id']}"))["history"]
    kinds = [line["kind"] for line in history]
    assert kinds.index("cleared") < kinds.index("payment") < kinds.index("closed")


@pytest.mark.rule("DUN-1")
async def test_a_letter_shows_what_is_not_due_and_what_we_owe(story: Story) -> None:
    """The invoice of March, and what was paid too much on it, stand apart and outside the sum."""
    await story.open_shop()
    await story.customer("klant", term_days=20)
    await story.order("klant", "workplace")
    await story.until(date(2026, 3, 1), "12:00")
    first, second = await story.invoices("klant")
    assert (first["issued_on"], second["issued_on"]) == ("2026-02-01", "2026-03-01")
    await story.until(date(2026, 3, 2))
    await story.pay(second, amount="21.00")
    (letter,) = [one for one in await story.items("/dunning/letters", account="klant") if one["on_day"] == "2026-02-24"]
    assert letter["items"][0]["step"] == "reminder"
    await story.until(date(2026, 3, 3))
    text = await letter_of(story, "klant", date(2026, 3, 3))
    left = Decimal(second["gross"]) - Decimal("21.00")
    assert f"Samen: € {Decimal(first['gross'])}".replace(".", ",") in text
    assert f"Factuur {second['number']}: € {left}, nog niet vervallen, te betalen uiterlijk op 21 maart 2026".replace(".", ",", 1) in text
    await story.pay(second, amount="130.00")
    await story.until(date(2026, 3, 18))
    notice = await letter_of(story, "klant", date(2026, 3, 18))
    assert f"Te veel betaald, door ons geboekt op 3 maart 2026: € {Decimal('130.00') - left}".replace(".", ",") in notice
    assert "nog niet vervallen" not in notice
