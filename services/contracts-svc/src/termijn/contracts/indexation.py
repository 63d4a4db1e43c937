"""An indexation: planned with a preview, then started or discarded (CAT-10). One stream per indexation.

Starting it publishes the indexed versions and hands the modules to a migration. The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias, assert_never

import msgspec

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.indexing import check_percentage
from termijn.events.base import Event
from termijn.kernel.calendar import add_months, day_of
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import TariffId
from termijn.runtime.aggregate import Aggregate, Command

ANNOUNCED_MONTHS = 1
"""Whole months between the announcement and its day, at least."""

# -- Events ----------------------------------------------------------------------------------------------------------


class IndexedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version whose prices are indexed. ``takes_orders``: new orders get the indexed one, from the day on."""

    tariff_id: TariffId
    version: int
    takes_orders: bool


class IndexationPlanned(Event, frozen=True, kw_only=True):
    """What would be done, for somebody to look at. ``basis`` says where the percentage is from."""

    indexation_id: str
    effective_on: date
    percentage: Decimal
    basis: str
    versions: tuple[IndexedVersion, ...]


class IndexationStarted(Event, frozen=True, kw_only=True):
    """The indexed versions are published and the accounts are being told."""

    indexation_id: str


class IndexationDiscarded(Event, frozen=True, kw_only=True):
    """It was a plan and stays one."""

    indexation_id: str


IndexationEvent: TypeAlias = IndexationPlanned | IndexationStarted | IndexationDiscarded

# -- State -----------------------------------------------------------------------------------------------------------


class Indexation(msgspec.Struct, frozen=True, kw_only=True):
    """The plan and what became of it."""

    status: Literal["none", "planned", "started", "discarded"] = "none"
    effective_on: date = date.min
    percentage: Decimal = Decimal(0)
    versions: tuple[IndexedVersion, ...] = ()


# -- Commands --------------------------------------------------------------------------------------------------------


class PlanIndexation(Command, frozen=True, kw_only=True):
    """Plan it over the versions that are on sale on that day or that modules run on."""

    indexation_id: str
    effective_on: date
    percentage: Decimal
    basis: str
    versions: tuple[IndexedVersion, ...]


class StartIndexation(Command, frozen=True, kw_only=True):
    """Do what was planned; ``versions`` is what a plan would say now."""

    indexation_id: str
    versions: tuple[IndexedVersion, ...]


class DiscardIndexation(Command, frozen=True, kw_only=True):
    """Do not."""

    indexation_id: str


IndexationCommand: TypeAlias = PlanIndexation | StartIndexation | DiscardIndexation

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: IndexationCommand, state: Indexation) -> Sequence[IndexationEvent]:
    """Planned, looked at, then started in time to be announced a month before (CAT-10); once."""
    if isinstance(command, PlanIndexation):
        return _plan(command, state)
    if state.status == "none":
        raise NotFound(what="indexation", id=command.indexation_id)
    if state.status != "planned":
        raise Conflict(reason=f"The indexation was {state.status} already.")
    if isinstance(command, DiscardIndexation):
        return [IndexationDiscarded(indexation_id=command.indexation_id)]
    check_in_time(state.effective_on, today=day_of(command.now))
    if command.versions != state.versions:
        raise Conflict(reason="Modules or tariffs changed since the plan was made: other versions are in use now. Plan it again.")
    return [IndexationStarted(indexation_id=command.indexation_id)]


def _plan(command: PlanIndexation, state: Indexation) -> Sequence[IndexationEvent]:
    if state.status != "none":
        raise AlreadyThere(field="indexation_id", what="indexation", id=command.indexation_id)
    check_percentage(command.percentage, field="percentage")
    check_in_time(command.effective_on, today=day_of(command.now))
    if not command.versions:
        raise InvalidInput(field="tariffs", reason="no tariff of these is on sale or in use")
    return [
        IndexationPlanned(
            indexation_id=command.indexation_id,
            effective_on=command.effective_on,
            percentage=command.percentage,
            basis=command.basis,
            versions=command.versions,
        )
    ]


def check_in_time(effective_on: date, *, today: date) -> None:
    """Raise ``InvalidInput`` where it could not be announced a month before (CAT-10)."""
    earliest = add_months(today, ANNOUNCED_MONTHS)
    if effective_on < earliest:
        reason = f"{effective_on} is too soon: it is announced at least one month before, so from {earliest} on"
        raise InvalidInput(field="effective_on", reason=reason)


def evolve(state: Indexation, event: IndexationEvent) -> Indexation:
    """The plan, then what became of it."""
    match event:
        case IndexationPlanned():
            return Indexation(status="planned", effective_on=event.effective_on, percentage=event.percentage, versions=event.versions)
        case IndexationStarted():
            return msgspec.structs.replace(state, status="started")
        case IndexationDiscarded():
            return msgspec.structs.replace(state, status="discarded")
        case _:
            assert_never(event)


INDEXATION: Aggregate[Indexation, IndexationCommand, IndexationEvent] = Aggregate(
    name="indexation",
    initial=Indexation(),
    decide=decide,
    evolve=evolve,
    state_type=Indexation,
    events=(IndexationPlanned, IndexationStarted, IndexationDiscarded),
)
