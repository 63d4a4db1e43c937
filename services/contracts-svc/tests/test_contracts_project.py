"""Projects: what their milestones bill, delivery, completion, and the warranty on settings."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_errors import AmountIsFixed, MilestonesAreOpen, ProjectIsOver, ProjectNotDelivered
from termijn.contracts.project import (
    PROJECT,
    CompleteProject,
    DeliverProject,
    OpenProject,
    Project,
    ReachMilestone,
    Replan,
    StopProject,
)
from termijn.events.goods import (
    Milestone,
    MilestoneReached,
    ProjectCompleted,
    ProjectDelivered,
    ProjectId,
    ProjectOpened,
    ProjectStopped,
    WarrantyStarted,
)
from termijn.kernel.errors import InvalidInput, NotFound, Refusal
from termijn.testing.spec import sequence_of, spec

P = ProjectId("branch")
NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)
TODAY = date(2026, 6, 10)
RATES = (Decimal(0), Decimal(9), Decimal(21))


def milestone(milestone_id: str, net: str, **other: Any) -> Milestone:
    return Milestone(milestone_id=milestone_id, title=milestone_id.title(), net=Decimal(net), vat_rate=Decimal(21), **other)


PLAN = (milestone("design", "400.00"), milestone("build", "600.00"))


def opening(price: str = "1000.00", plan: tuple[Milestone, ...] = PLAN, **other: Any) -> OpenProject:
    facts: dict[str, Any] = {
        "title": "New branch",
        "remainder_on_delivery": False,
        "remainder_vat_rate": Decimal(21),
        "remainder_kind": "service",
        "agreed_on": date(2026, 6, 1),
        "quote": "Q-1",
        "revenue_group": "ICT",
        "ledger_account": "8000",
        "vat_rates": RATES,
        "channel": "e-mail",
    }
    return OpenProject(now=NOW, project_id=P, price=Decimal(price), milestones=plan, **{**facts, **other})


def replan(price: str, plan: tuple[Milestone, ...], **other: Any) -> Replan:
    facts: dict[str, Any] = {"remainder_on_delivery": False, "remainder_vat_rate": Decimal(21), "reason": "more work", "channel": "api"}
    return Replan(now=NOW, project_id=P, price=Decimal(price), milestones=plan, vat_rates=RATES, **{**facts, **other})


def reach(milestone_id: str, on: date = TODAY) -> ReachMilestone:
    return ReachMilestone(now=NOW, project_id=P, milestone_id=milestone_id, reached_on=on)


DELIVER = DeliverProject(now=NOW, project_id=P, delivered_on=TODAY)
COMPLETE = CompleteProject(now=NOW, project_id=P, completed_on=TODAY, settings_days=14)


@pytest.mark.rule("CON-11")
def test_a_milestone_bills_its_amount_once() -> None:
    """Reached it bills what was planned; reached again it bills nothing."""
    reached = spec(PROJECT).when(opening(), reach("design"))
    (event,) = sequence_of(reached.events, MilestoneReached)
    assert (event.net, event.vat_rate, event.project_title, event.reached_on) == (Decimal("400.00"), Decimal(21), "New branch", TODAY)
    reached.when(reach("design")).then_refused(AmountIsFixed)
    reached.when(reach("party")).then_refused(NotFound)


@pytest.mark.rule("CON-11")
def test_milestones_sum_up_to_the_price_unless_the_rest_bills_on_delivery() -> None:
    """1,000 in two milestones; 1,200 leaves 200 for the delivery, where that is agreed."""
    spec(PROJECT).when(opening("1200.00")).then_refused(InvalidInput, "price")
    spec(PROJECT).when(opening("999.99", remainder_on_delivery=True)).then_refused(InvalidInput, "price")
    delivered = spec(PROJECT).when(opening("1200.00", remainder_on_delivery=True), DELIVER)
    assert sequence_of(delivered.events, ProjectOpened)[0].remainder == Decimal("200.00")
    assert sequence_of(delivered.events, ProjectDelivered)[0].net == Decimal("200.00")
    delivered.when(DELIVER).then_refused(AmountIsFixed)


@pytest.mark.rule("CON-11")
def test_what_was_reached_keeps_its_amount_in_every_later_plan() -> None:
    """Other milestones may change, go or come."""
    begun = spec(PROJECT).when(opening(), reach("design"))
    begun.when(replan("1100.00", (milestone("design", "500.00"), milestone("build", "600.00")))).then_refused(AmountIsFixed, "milestones")
    begun.when(replan("600.00", (milestone("build", "600.00"),))).then_refused(AmountIsFixed, "milestones")
    begun.when(replan("1000.00", PLAN)).then_nothing()
    wider = (milestone("design", "400.00"), milestone("build", "700.00"), milestone("cables", "50.00"))
    begun.when(replan("1150.00", wider), reach("build"))
    assert sequence_of(begun.events, MilestoneReached)[0].net == Decimal("700.00")


@pytest.mark.rule("CON-11")
def test_what_bills_on_delivery_stays_once_it_is_delivered() -> None:
    """And a plan without it is refused then."""
    delivered = spec(PROJECT).when(opening("1200.00", remainder_on_delivery=True), DELIVER)
    delivered.when(replan("1000.00", PLAN)).then_refused(AmountIsFixed, "price")
    more = (*PLAN, milestone("extra", "10.00"))
    delivered.when(replan("1210.00", more, remainder_on_delivery=True)).then_state(lambda state: "extra" in state.plan)


@pytest.mark.rule("CON-11", "CON-12")
def test_a_project_is_completed_when_all_is_reached_and_its_settings_are_covered_for_two_weeks() -> None:
    """Completed on 10 June: covered until 24 June, that day included."""
    spec(PROJECT).when(opening(), reach("design")).when(COMPLETE).then_refused(MilestonesAreOpen)
    lacking = spec(PROJECT).when(opening("1200.00", remainder_on_delivery=True), reach("design"), reach("build"))
    lacking.when(COMPLETE).then_refused(ProjectNotDelivered)
    done = spec(PROJECT).when(opening(), reach("design"), reach("build")).when(COMPLETE)
    done.then_types(ProjectCompleted, WarrantyStarted)
    cover = done.events[1]
    assert isinstance(cover, WarrantyStarted)
    assert (cover.covers, cover.from_on, cover.until_on, cover.settings_days) == ("settings", TODAY, date(2026, 6, 24), 14)
    done.when(reach("design")).then_refused(ProjectIsOver)


@pytest.mark.rule("CON-11")
def test_a_stopped_project_says_what_will_never_be_billed() -> None:
    """400 was reached, 600 is dropped; with 200 on delivery 800."""
    stop = StopProject(now=NOW, project_id=P, reason="the customer moved", channel="api")
    spec(PROJECT).when(opening(), reach("design")).when(stop).then(
        ProjectStopped(project_id=P, stopped_on=TODAY, dropped=Decimal("600.00"), reason="the customer moved")
    )
    ended = spec(PROJECT).when(opening("1200.00", remainder_on_delivery=True), reach("design")).when(stop)
    assert [event.dropped for event in sequence_of(ended.events, ProjectStopped)] == [Decimal("800.00")]
    ended.when(DELIVER).then_refused(ProjectIsOver)


@pytest.mark.rule("CON-11")
@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"agreed_on": date(2026, 6, 11)}, "agreed_on"),
        ({"plan": (PLAN[0], PLAN[0]), "price": "800.00"}, "milestones.1.milestone_id"),
        ({"plan": (milestone("a", "-1.00"),), "price": "0.00"}, "milestones.0.net"),
        ({"plan": (msgspec.structs.replace(PLAN[0], vat_rate=Decimal(6)),), "price": "400.00"}, "milestones.0.vat_rate"),
        ({"remainder_vat_rate": Decimal(6)}, "remainder_vat_rate"),
        ({"plan": tuple(milestone(f"m{n}", "1.00") for n in range(101)), "price": "101.00"}, "milestones"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_the_field(other: dict[str, Any], field: str) -> None:
    """Nothing is opened."""
    spec(PROJECT).when(opening(**other)).then_refused(InvalidInput, field)


@pytest.mark.rule("CON-11")
def test_days_lie_between_the_agreement_and_today_and_a_project_opens_once() -> None:
    """Neither before it was agreed nor in the future."""
    opened = spec(PROJECT).when(opening())
    for day in (date(2026, 5, 31), date(2026, 6, 11)):
        opened.when(reach("design", day)).then_refused(InvalidInput, "reached_on")
        opened.when(msgspec.structs.replace(DELIVER, delivered_on=day)).then_refused(InvalidInput, "delivered_on")
    opened.when(opening()).then_refused(AlreadyThere, "project_id")
    spec(PROJECT).when(reach("design")).then_refused(NotFound)


AMOUNTS = st.lists(st.integers(0, 500_000).map(lambda cents: Decimal(cents).scaleb(-2)), max_size=8)


@pytest.mark.rule("CON-11")
@given(amounts=AMOUNTS, rest=st.integers(0, 100_000), data=st.data())
def test_in_any_order_a_project_bills_its_price_and_never_more(amounts: list[Decimal], rest: int, data: st.DataObject) -> None:
    """Billed, to bill and dropped are the price after every step, whatever is tried in which order."""
    plan = tuple(milestone(f"m{n}", str(net)) for n, net in enumerate(amounts))
    price = sum(amounts, Decimal("0.00")) + Decimal(rest).scaleb(-2)
    project = spec(PROJECT).when(opening(str(price), plan, remainder_on_delivery=True))
    assert project.refusal is None
    tries = [reach(f"m{n}") for n in range(len(plan))] * 2 + [DELIVER, DELIVER, COMPLETE]
    billed, dropped = Decimal("0.00"), Decimal("0.00")
    for command in [*data.draw(st.permutations(tries)), StopProject(now=NOW, project_id=P, reason="x", channel="api")]:
        project.when(command)
        assert project.refusal is None or isinstance(project.refusal, Refusal)
        billed += sum((e.net for e in project.events if isinstance(e, MilestoneReached | ProjectDelivered)), Decimal(0))
        dropped += sum((e.dropped for e in project.events if isinstance(e, ProjectStopped)), Decimal(0))
        state = project.state
        assert isinstance(state, Project)
        waits = sum((one.net for one in state.open_milestones), Decimal(0)) + (Decimal(0) if state.delivered_on else state.remainder)
        assert billed + (dropped if state.over == "stopped" else waits) == price
