"""One run of a provider: opened on its day, and after its deadline the accounts that rating never closed are named.

The accounts draft their own documents (``billing_account.py``); the run waits for none of them, so that one that fails holds
up nobody else (INV-15).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

import msgspec

from termijn.events.base import Event
from termijn.invoice.billing_account import RUN_TIME
from termijn.kernel.calendar import at
from termijn.kernel.ids import AccountId
from termijn.kernel.period import Month
from termijn.runtime.aggregate import Aggregate, Command, SetTimer, TimerChange, WakeUp

NAMES_PER_EVENT_MAX = 2000
"""Account ids in one event: 40 characters each at most, and an event holds 256 KiB."""

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class RunPlanned(Event, frozen=True, kw_only=True):
    """The run that bills the closing of ``period`` opens on ``run_on``."""

    period: str
    run_on: date
    deadline_hours: int


class RunOpened(Event, frozen=True, kw_only=True):
    """The run is open: ``expected`` accounts have modules that it bills."""

    period: str
    run_on: date
    opened_at: datetime
    expected: int


class AccountsMissing(Event, frozen=True, kw_only=True):
    """At the deadline rating had not closed the period for these accounts; their documents follow when it does."""

    period: str
    run_on: date
    accounts: tuple[AccountId, ...]


class RunClosed(Event, frozen=True, kw_only=True):
    """The deadline has passed; ``missing`` accounts were named."""

    period: str
    run_on: date
    missing: int


RunEvent = RunPlanned | RunOpened | AccountsMissing | RunClosed

# ---- State ------------------------------------------------------------------------------------------------------------


class Unplanned(msgspec.Struct, frozen=True, tag=True):
    """Nobody has asked for this run yet."""


class Planned(msgspec.Struct, frozen=True, tag=True):
    """Waits for its day."""

    planned: RunPlanned


class Open(msgspec.Struct, frozen=True, tag=True):
    """Waits for its deadline."""

    planned: RunPlanned


class Closed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Over; what is missing was named."""

    missing: int


RunState = Unplanned | Planned | Open | Closed

# ---- Wake-ups ---------------------------------------------------------------------------------------------------------


class RunDue(WakeUp, frozen=True, kw_only=True):
    """The day of the run has come."""

    period: str


class RunDeadline(WakeUp, frozen=True, kw_only=True):
    """Whoever is not closed by now is named."""

    period: str


# ---- Decisions --------------------------------------------------------------------------------------------------------


class PlanRun(Command, frozen=True, kw_only=True):
    """Wait for this run."""

    period: str
    run_on: date
    deadline_hours: int


class OpenRun(Command, frozen=True, kw_only=True):
    """Its day has come."""

    expected: int


class CloseRun(Command, frozen=True, kw_only=True):
    """Its deadline has passed; these accounts lack the period."""

    missing: tuple[AccountId, ...]


RunCommand = PlanRun | OpenRun | CloseRun


def run_day(period: str, *, day: int) -> date:
    """The day of the run that bills the closing of a period: in the month after it (INV-2), on ``day``, 1 to 28."""
    return Month.parse(period).next().first.replace(day=day)


def decide(command: RunCommand, state: RunState) -> Sequence[RunEvent]:
    """Each run is planned, opened and closed once (INV-2, INV-11)."""
    match command, state:
        case PlanRun(), Unplanned():
            return [RunPlanned(period=command.period, run_on=command.run_on, deadline_hours=command.deadline_hours)]
        case OpenRun(), Planned(planned):
            return [RunOpened(period=planned.period, run_on=planned.run_on, opened_at=command.now, expected=command.expected)]
        case CloseRun(), Open(planned):
            return _close(command, planned)
        case _:
            return []


def _close(command: CloseRun, planned: RunPlanned) -> Sequence[RunEvent]:
    names = command.missing
    parts = [names[i : i + NAMES_PER_EVENT_MAX] for i in range(0, len(names), NAMES_PER_EVENT_MAX)]
    missing = [AccountsMissing(period=planned.period, run_on=planned.run_on, accounts=part) for part in parts]
    return [*missing, RunClosed(period=planned.period, run_on=planned.run_on, missing=len(names))]


def evolve(state: RunState, event: RunEvent) -> RunState:
    match event:
        case RunPlanned():
            return Planned(event)
        case RunOpened():
            return Open(state.planned) if isinstance(state, Planned) else state
        case AccountsMissing():
            return state
        case RunClosed():
            return Closed(missing=event.missing)
        case _:
            assert_never(event)


def wakes(event: RunEvent, state: RunState) -> Sequence[TimerChange]:
    """The run's day, then its deadline."""
    match event:
        case RunPlanned():
            return [SetTimer(occasion="open", due_at=at(event.run_on, RUN_TIME), wake_up=RunDue(period=event.period))]
        case RunOpened():
            assert isinstance(state, Open)
            # Counted from the opening, not from the nominal time: after days down rating needs its time as well (INV-18).
            due_at = event.opened_at + timedelta(hours=state.planned.deadline_hours)
            return [SetTimer(occasion="deadline", due_at=due_at, wake_up=RunDeadline(period=event.period))]
        case _:
            return []


INVOICE_RUN: Aggregate[RunState, RunCommand, RunEvent] = Aggregate(
    name="invoice_run",
    initial=Unplanned(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=RunState,
    events=(RunPlanned, RunOpened, AccountsMissing, RunClosed),
)
