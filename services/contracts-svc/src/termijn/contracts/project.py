"""The project: milestones that bill, delivery, completion (CON-11). One stream per project.

Its events are those of the published language; the names are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias, assert_never

import msgspec

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_errors import AmountIsFixed, MilestonesAreOpen, ProjectIsOver, ProjectNotDelivered
from termijn.contracts.warranty import settings
from termijn.events.goods import (
    GoodsKind,
    Milestone,
    MilestoneReached,
    ProjectCompleted,
    ProjectDelivered,
    ProjectId,
    ProjectOpened,
    ProjectReplanned,
    ProjectStopped,
    WarrantyId,
    WarrantyStarted,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.money import ZERO
from termijn.runtime.aggregate import Aggregate, Command

MILESTONES_MAX = 100
"""Milestones of one project: all of them are in one event, and a plan that nobody can read is none."""

ProjectEvent: TypeAlias = (
    ProjectOpened | ProjectReplanned | MilestoneReached | ProjectDelivered | ProjectCompleted | ProjectStopped | WarrantyStarted
)

# -- State -----------------------------------------------------------------------------------------------------------


class NoProject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing was agreed under this id."""


class Project(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A project. ``plan`` by milestone id, ``reached`` the day on which each of them was."""

    title: str
    agreed_on: date
    revenue_group: str
    ledger_account: str
    plan: dict[str, Milestone]
    reached: dict[str, date] = {}
    remainder: Decimal = ZERO
    remainder_vat_rate: Decimal = ZERO
    remainder_kind: GoodsKind = "service"
    delivered_on: date | None = None
    over: Literal["completed", "stopped"] | None = None
    over_on: date | None = None

    @property
    def open_milestones(self) -> list[Milestone]:
        """Those that are not reached yet, as planned."""
        return [milestone for milestone in self.plan.values() if milestone.milestone_id not in self.reached]


ProjectState: TypeAlias = NoProject | Project

# -- Commands --------------------------------------------------------------------------------------------------------


class OpenProject(Command, frozen=True, kw_only=True):
    """A quote was accepted. ``price`` must be what the milestones bill, or more where the rest bills on delivery."""

    project_id: ProjectId
    title: str
    price: Decimal
    milestones: tuple[Milestone, ...]
    remainder_on_delivery: bool
    remainder_vat_rate: Decimal
    remainder_kind: GoodsKind
    agreed_on: date
    quote: str | None
    revenue_group: str
    ledger_account: str
    vat_rates: tuple[Decimal, ...]
    channel: str


class Replan(Command, frozen=True, kw_only=True):
    """The plan as it is to be from now on."""

    project_id: ProjectId
    price: Decimal
    milestones: tuple[Milestone, ...]
    remainder_on_delivery: bool
    remainder_vat_rate: Decimal
    vat_rates: tuple[Decimal, ...]
    reason: str
    channel: str


class ReachMilestone(Command, frozen=True, kw_only=True):
    """It was reached on that day."""

    project_id: ProjectId
    milestone_id: str
    reached_on: date


class DeliverProject(Command, frozen=True, kw_only=True):
    """It was handed over on that day."""

    project_id: ProjectId
    delivered_on: date


class CompleteProject(Command, frozen=True, kw_only=True):
    """All is done. ``settings_days`` is policy (CON-12)."""

    project_id: ProjectId
    completed_on: date
    settings_days: int


class StopProject(Command, frozen=True, kw_only=True):
    """It goes no further."""

    project_id: ProjectId
    reason: str
    channel: str


ProjectCommand: TypeAlias = OpenProject | Replan | ReachMilestone | DeliverProject | CompleteProject | StopProject

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: ProjectCommand, state: ProjectState) -> Sequence[ProjectEvent]:
    """What follows; a project that is over takes no more changes (CON-11)."""
    if isinstance(command, OpenProject):
        if not isinstance(state, NoProject):
            raise AlreadyThere(field="project_id", what="project", id=command.project_id)
        return _open(command)
    if isinstance(state, NoProject):
        raise NotFound(what="project", id=command.project_id)
    if state.over is not None:
        raise ProjectIsOver(over=state.over, over_on=state.over_on)
    match command:
        case Replan():
            return _replan(command, state)
        case ReachMilestone():
            return _reach(command, state)
        case DeliverProject():
            return _deliver(command, state)
        case CompleteProject():
            return _complete(command, state)
        case StopProject():
            dropped = sum((one.net for one in state.open_milestones), ZERO) + (ZERO if state.delivered_on else state.remainder)
            stopped_on = day_of(command.now)
            stopped = ProjectStopped(
                project_id=command.project_id, stopped_on=stopped_on, dropped=dropped, reason=command.reason, channel=command.channel
            )
            return [stopped]
        case _:
            assert_never(command)


def _open(command: OpenProject) -> Sequence[ProjectEvent]:
    """The milestones sum up to the price, or the rest of it bills on delivery (CON-11)."""
    _not_after(command.agreed_on, day_of(command.now), "agreed_on")
    remainder = _remainder(command)
    return [
        ProjectOpened(
            project_id=command.project_id,
            title=command.title,
            price=command.price,
            milestones=command.milestones,
            remainder=remainder,
            remainder_vat_rate=command.remainder_vat_rate,
            remainder_kind=command.remainder_kind,
            agreed_on=command.agreed_on,
            quote=command.quote,
            revenue_group=command.revenue_group,
            ledger_account=command.ledger_account,
            channel=command.channel,
        )
    ]


def _remainder(command: OpenProject | Replan) -> Decimal:
    """What no milestone bills. Refuses a plan whose amounts do not add up, with the field named (CON-11)."""
    if len(command.milestones) > MILESTONES_MAX:
        raise InvalidInput(field="milestones", reason=f"a project has at most {MILESTONES_MAX}")
    seen: set[str] = set()
    for index, milestone in enumerate(command.milestones):
        if milestone.milestone_id in seen:
            raise InvalidInput(field=f"milestones.{index}.milestone_id", reason=f"{milestone.milestone_id} is there twice")
        if milestone.net < 0:
            raise InvalidInput(field=f"milestones.{index}.net", reason="it cannot be negative")
        if milestone.vat_rate not in command.vat_rates:
            raise InvalidInput(field=f"milestones.{index}.vat_rate", reason=f"{milestone.vat_rate} is no VAT rate")
        seen.add(milestone.milestone_id)
    if command.remainder_vat_rate not in command.vat_rates:
        raise InvalidInput(field="remainder_vat_rate", reason=f"{command.remainder_vat_rate} is no VAT rate")
    planned = sum((milestone.net for milestone in command.milestones), ZERO)
    if planned > command.price:
        raise InvalidInput(field="price", reason=f"the milestones sum up to {planned}, which is more")
    if planned < command.price and not command.remainder_on_delivery:
        raise InvalidInput(field="price", reason=f"the milestones sum up to {planned} only, and nothing bills on delivery")
    return command.price - planned


def _replan(command: Replan, state: Project) -> Sequence[ProjectEvent]:
    """What was reached or delivered was billed: its amounts stay (CON-11)."""
    remainder = _remainder(command)
    wanted = {milestone.milestone_id: milestone for milestone in command.milestones}
    for milestone_id in state.reached:
        before, after = state.plan[milestone_id], wanted.get(milestone_id)
        if after is None or (before.net, before.vat_rate, before.kind) != (after.net, after.vat_rate, after.kind):
            raise AmountIsFixed(field="milestones", what=f"milestone {milestone_id}", net=before.net)
    has_other_rest = (remainder, command.remainder_vat_rate) != (state.remainder, state.remainder_vat_rate)
    if state.delivered_on is not None and has_other_rest:
        raise AmountIsFixed(field="price", what="what was billed on delivery", net=state.remainder)
    if wanted == state.plan and not has_other_rest:
        return []
    return [
        ProjectReplanned(
            project_id=command.project_id,
            price=command.price,
            milestones=command.milestones,
            remainder=remainder,
            remainder_vat_rate=command.remainder_vat_rate,
            reason=command.reason,
            channel=command.channel,
        )
    ]


def _reach(command: ReachMilestone, state: Project) -> Sequence[ProjectEvent]:
    """A milestone is reached once; it bills what was planned (CON-11)."""
    milestone = state.plan.get(command.milestone_id)
    if milestone is None:
        raise NotFound(what="milestone", id=command.milestone_id)
    if command.milestone_id in state.reached:
        raise AmountIsFixed(field="milestone_id", what=f"milestone {command.milestone_id}", net=milestone.net)
    _within(command.reached_on, state.agreed_on, day_of(command.now), "reached_on")
    return [
        MilestoneReached(
            project_id=command.project_id,
            project_title=state.title,
            milestone_id=milestone.milestone_id,
            title=milestone.title,
            net=milestone.net,
            vat_rate=milestone.vat_rate,
            kind=milestone.kind,
            revenue_group=state.revenue_group,
            ledger_account=state.ledger_account,
            reached_on=command.reached_on,
        )
    ]


def _deliver(command: DeliverProject, state: Project) -> Sequence[ProjectEvent]:
    """Delivered once; what no milestone bills is billed now (CON-11)."""
    if state.delivered_on is not None:
        raise AmountIsFixed(field="delivered_on", what="what bills on delivery", net=state.remainder)
    _within(command.delivered_on, state.agreed_on, day_of(command.now), "delivered_on")
    return [
        ProjectDelivered(
            project_id=command.project_id,
            project_title=state.title,
            delivered_on=command.delivered_on,
            net=state.remainder,
            vat_rate=state.remainder_vat_rate,
            kind=state.remainder_kind,
            revenue_group=state.revenue_group,
            ledger_account=state.ledger_account,
        )
    ]


def _complete(command: CompleteProject, state: Project) -> Sequence[ProjectEvent]:
    """Only when everything was reached and delivered; the warranty on settings runs from that day (CON-11, CON-12)."""
    if state.open_milestones:
        raise MilestonesAreOpen(names=", ".join(one.milestone_id for one in state.open_milestones))
    if state.remainder and state.delivered_on is None:
        raise ProjectNotDelivered(remainder=state.remainder)
    earliest = max([state.agreed_on, *state.reached.values(), *([state.delivered_on] if state.delivered_on else [])])
    _within(command.completed_on, earliest, day_of(command.now), "completed_on")
    cover = settings(completed_on=command.completed_on, days=command.settings_days)
    started = WarrantyStarted(
        warranty_id=WarrantyId(f"{command.project_id}~settings"),
        covers="settings",
        project_id=command.project_id,
        article=state.title,
        quantity=1,
        from_on=cover.from_on,
        until_on=cover.until_on,
        settings_days=command.settings_days,
    )
    return [ProjectCompleted(project_id=command.project_id, completed_on=command.completed_on), started]


def _within(day: date, first: date, last: date, field: str) -> None:
    if day < first:
        raise InvalidInput(field=field, reason=f"lies before {first}")
    _not_after(day, last, field)


def _not_after(day: date, last: date, field: str) -> None:
    if day > last:
        raise InvalidInput(field=field, reason="lies in the future")


def evolve(state: ProjectState, event: ProjectEvent) -> ProjectState:
    """The project after the event."""
    if isinstance(event, ProjectOpened):
        return Project(
            title=event.title,
            agreed_on=event.agreed_on,
            revenue_group=event.revenue_group,
            ledger_account=event.ledger_account,
            plan={milestone.milestone_id: milestone for milestone in event.milestones},
            remainder=event.remainder,
            remainder_vat_rate=event.remainder_vat_rate,
            remainder_kind=event.remainder_kind,
        )
    if isinstance(state, NoProject):
        return state
    change = msgspec.structs.replace
    match event:
        case ProjectReplanned():
            plan = {milestone.milestone_id: milestone for milestone in event.milestones}
            return change(state, plan=plan, remainder=event.remainder, remainder_vat_rate=event.remainder_vat_rate)
        case MilestoneReached():
            return change(state, reached={**state.reached, event.milestone_id: event.reached_on})
        case ProjectDelivered():
            return change(state, delivered_on=event.delivered_on)
        case ProjectCompleted():
            return change(state, over="completed", over_on=event.completed_on)
        case ProjectStopped():
            return change(state, over="stopped", over_on=event.stopped_on)
        case WarrantyStarted():
            return state
        case _:
            assert_never(event)


PROJECT: Aggregate[ProjectState, ProjectCommand, ProjectEvent] = Aggregate(
    name="project",
    initial=NoProject(),
    decide=decide,
    evolve=evolve,
    state_type=ProjectState,
    events=(
        ProjectOpened,
        ProjectReplanned,
        MilestoneReached,
        ProjectDelivered,
        ProjectCompleted,
        ProjectStopped,
        WarrantyStarted,
    ),
)
