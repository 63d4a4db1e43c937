"""One service is down while the others run: what was due happens once, as soon as it is back, and later dates keep their distance."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from termijn.kernel.calendar import at
from termijn.testing.outage import pass_without
from termijn.testing.story import MadeCall, Story

pytestmark = pytest.mark.slow

ISSUED = date(2026, 2, 1)
DUE = ISSUED + timedelta(days=8)


def call(number: int, on: date, seconds: int = 60) -> MadeCall:
    """A minute to a Dutch mobile: 0.15."""
    return MadeCall(call_id=f"c{number}", on=on, seconds=seconds)


async def debtor(story: Story, account: str) -> None:
    """Owes 242.00 from the first of February on, and nothing new after it."""
    await story.customer(account)
    await story.order(account, "workplace")
    await story.call("POST", f"/contracts/accounts/{account}/modules/{account}-workplace/cancellation", {"ends_on": "2026-02-28"})


@pytest.mark.rule("INV-18", "INV-17", "USE-9", "TIM-1", "INV-2")
async def test_rating_down_for_three_hours_over_the_first_bills_everything_the_same_day(story: Story) -> None:
    """Down from 03:30 to 06:30: the closing of 04:00 and the run of 06:00 find nothing, and half an hour later all is billed."""
    await story.open_shop()
    for account, subject in (("acme", "100"), ("bakker", "101")):
        await story.customer(account)
        await story.order(account, "calls", subject=subject)
    await story.customer("coop", debit=True)
    await story.order("coop", "workplace")
    await story.calls(call(1, date(2026, 1, 10)), call(2, date(2026, 1, 31)))
    await story.until(ISSUED, "03:30")
    await pass_without(story.installation, at(ISSUED, "06:30"), down=["rating"])
    assert await story.items("/invoice/invoices") == [], "nothing can be billed that nobody rated"
    # The collector could not deliver either, and tries again as soon as somebody answers: now it comes after the closing.
    await story.until(ISSUED, "06:30")
    await story.calls(call(3, date(2026, 1, 31), seconds=120))
    await story.until(ISSUED)
    net = {account: [invoice["net"] for invoice in await story.invoices(account)] for account in ("acme", "bakker", "coop")}
    assert net == {"acme": ["40.30"], "bakker": ["40.00"], "coop": ["200.00"]}, "two base fees and two calls; January and February"
    documents = [invoice for account in net for invoice in await story.invoices(account)]
    assert {invoice["issued_on"] for invoice in documents} == {ISSUED.isoformat()}
    await story.until(date(2026, 3, 1))
    (_, march) = await story.invoices("acme")
    assert march["net"] == "20.25", "a base fee, and the late call of two minutes"
    (run,) = [each for each in await story.items("/invoice/runs") if each["run_on"] == ISSUED.isoformat()]
    assert (run["state"], run["missing"]) == ("closed", 0), "nobody was still missing at the deadline"


@pytest.mark.rule("INV-2", "INV-18", "TIM-1")
@pytest.mark.parametrize("down", [[], ["rating"]])
async def test_who_orders_in_the_night_before_a_run_is_in_the_run_of_that_morning(story: Story, down: list[str]) -> None:
    """At 02:00 on the first, as the provider's first customer: February is billed that day, by the run of 06:00, also where rating
    hears of it at 07:00 only. Who orders at 07:00 pays February with March.
    """
    await story.until(ISSUED, "02:00")
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "workplace")
    await pass_without(story.installation, at(ISSUED, "07:00"), down=down)
    await story.customer("bakker")
    await story.order("bakker", "workplace")
    await story.until(ISSUED)
    (invoice,) = await story.items("/invoice/invoices")
    assert (invoice["account"], invoice["net"], invoice["issued_on"]) == ("acme", "100.00", ISSUED.isoformat())
    (run,) = [each for each in await story.items("/invoice/runs") if each["run_on"] == ISSUED.isoformat()]
    assert (run["period"], run["state"], run["billed"]) == ("2026-01", "open", 1)
    await story.until(date(2026, 3, 1))
    net = {account: [invoice["net"] for invoice in await story.invoices(account)] for account in ("acme", "bakker")}
    assert net == {"acme": ["100.00", "100.00"], "bakker": ["200.00"]}
    await story.verify()


@pytest.mark.rule("DUN-2", "DUN-1", "TIM-1", "INV-18")
async def test_dunning_down_for_three_days_sends_the_reminder_the_day_it_is_back_and_nothing_twice(story: Story) -> None:
    """Down on the day of the reminder and two more: it goes the third day, the second reminder just as planned, five days on."""
    await story.open_shop()
    await debtor(story, "late")
    await debtor(story, "pays")
    await story.until(date(2026, 2, 11), "00:00")
    assert await story.steps("late") == []
    back_on = date(2026, 2, 14)
    (invoice,) = await story.invoices("pays")
    await pass_without(story.installation, at(date(2026, 2, 12), "12:00"), down=["dunning"])
    await story.call(
        "POST",
        f"/invoice/invoices/{invoice['invoice_id']}/payments",
        {"payment_id": "p-meanwhile", "amount": invoice["open"], "value_on": "2026-02-12", "method": "transfer"},
    )
    await pass_without(story.installation, at(back_on, "00:00"), down=["dunning"])
    await story.until(ISSUED + timedelta(days=60), "18:00")
    assert await story.steps("late") == [
        ("reminder", back_on),
        ("second_reminder", DUE + timedelta(days=10)),
        ("formal_notice", ISSUED + timedelta(days=45)),
        ("final_demand", ISSUED + timedelta(days=52)),
    ]
    assert [each["account"] for each in await story.handovers()] == ["late"]
    assert (await story.handovers())[0]["handover_on"] == (ISSUED + timedelta(days=60)).isoformat()
    assert await story.steps("pays") == [], "paid while nobody looked: no letter"


@pytest.mark.rule("DUN-2", "DUN-1", "DUN-5", "TIM-1")
async def test_dunning_down_for_three_weeks_sends_one_letter_at_a_time_five_days_apart(story: Story) -> None:
    """Two steps were missed: the reminder goes at once, the second five days later, what lies further ahead stays where it was."""
    await story.open_shop()
    await debtor(story, "late")
    await story.until(date(2026, 2, 11), "00:00")
    back_on = date(2026, 3, 4)
    await pass_without(story.installation, at(back_on, "00:00"), down=["dunning"])
    await story.until(ISSUED + timedelta(days=59))
    assert await story.steps("late") == [
        ("reminder", back_on),
        ("second_reminder", back_on + timedelta(days=5)),
        ("formal_notice", ISSUED + timedelta(days=45)),
        ("final_demand", ISSUED + timedelta(days=52)),
    ]
    assert await story.handovers() == [], "not before day 60"
    await story.until(ISSUED + timedelta(days=60), "18:00")
    (handover,) = await story.handovers()
    assert Decimal(handover["principal"]) == Decimal("242.00")


@pytest.mark.rule("DUN-2", "DUN-5", "TIM-3")
async def test_back_after_ten_o_clock_a_letter_waits_for_the_next_day_and_the_handover_for_its_distance(story: Story) -> None:
    """Down from day 44 to the noon of day 58: formal notice on day 59, final demand five days on, the bailiff five days after that."""
    await story.open_shop()
    await debtor(story, "late")
    await story.until(ISSUED + timedelta(days=44), "00:00")
    back_on = ISSUED + timedelta(days=58)
    await pass_without(story.installation, at(back_on, "12:00"), down=["dunning"])
    await story.until(ISSUED + timedelta(days=80))
    assert await story.steps("late") == [
        ("reminder", DUE + timedelta(days=3)),
        ("second_reminder", DUE + timedelta(days=10)),
        ("formal_notice", back_on + timedelta(days=1)),
        ("final_demand", back_on + timedelta(days=6)),
    ]
    (handover,) = await story.handovers()
    assert handover["handover_on"] == (back_on + timedelta(days=11)).isoformat()
