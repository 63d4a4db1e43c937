"""Lease and hardware as a service: a monthly article for so many months, with an end (CON-11). One stream per lease.

What is leased is an ordinary module under a tariff with a monthly article, ordered with its last day known: so rating bills it
as it bills every module, and stops. The lease keeps the term, tells a manager some days before it is over, and sees to it
that the module ends then; it ends with its module where that is over before. Its events are those of the published language; the
names are stored forever.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeAlias, assert_never

import msgspec

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_errors import LeaseIsOver
from termijn.events.goods import LeaseEnded, LeaseExtended, LeaseId, LeaseStarted, OrderId
from termijn.kernel.calendar import add_months, at, day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import Aggregate, CancelTimer, Command, SetTimer, TimerChange, WakeUp

MONTHS_MAX = 120
"""Ten years: what is leased longer is bought."""
TERM_CHANNEL = "lease-term"
"""The channel of the cancellation that gives a leased module its last day: agreed with the order, so it is no notice (CON-6)."""
EXTENSION_CHANNEL = "lease-extension"
"""And where the lease was prolonged: the confirmation of that tells the day already (CON-6)."""
TASK_AT = "08:00"
"""When the task about a lease that ends is made: before people begin their day."""
_DAY = timedelta(days=1)

LeaseEvent: TypeAlias = LeaseStarted | LeaseExtended | LeaseEnded

# -- State -----------------------------------------------------------------------------------------------------------


class NoLease(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing was leased under this id."""


class RunningLease(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A lease; ``terms`` counts how often its end was agreed: each end has its own timers."""

    module_id: ModuleId
    title: str
    starts_on: date
    months: int
    ends_on: date
    terms: int = 1


class EndedLease(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``ended_on`` was its last day; ``terms`` where that came before the end that was agreed last, else 0."""

    module_id: ModuleId
    ended_on: date
    terms: int = 0


Lease: TypeAlias = NoLease | RunningLease | EndedLease

# -- Commands --------------------------------------------------------------------------------------------------------


class StartLease(Command, frozen=True, kw_only=True):
    """Lease what that module is billed for, under this tariff version. ``warning_days`` is policy."""

    lease_id: LeaseId
    module_id: ModuleId
    order_id: OrderId | None
    tariff: Tariff
    months: int
    starts_on: date
    warning_days: int


class ExtendLease(Command, frozen=True, kw_only=True):
    """So many months more."""

    lease_id: LeaseId
    months: int
    warning_days: int


class EndLease(Command, frozen=True, kw_only=True):
    """The last day is over; ``ends_on`` is the one that this was set for."""

    lease_id: LeaseId
    ends_on: date


class EndLeaseEarly(Command, frozen=True, kw_only=True):
    """Its module is over: terminated for default, or to a day that a manager chose. ``ended_on`` was the module's last day."""

    lease_id: LeaseId
    ended_on: date


LeaseCommand: TypeAlias = StartLease | ExtendLease | EndLease | EndLeaseEarly

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: LeaseCommand, state: Lease) -> Sequence[LeaseEvent]:
    """A lease starts once, can be prolonged while it runs, and ends once: on its last day, or with its module before (CON-11)."""
    match command, state:
        case StartLease(), NoLease():
            return [_start(command)]
        case StartLease(), _:
            raise AlreadyThere(field="lease_id", what="lease", id=command.lease_id)
        case _, NoLease():
            raise NotFound(what="lease", id=command.lease_id)
        case ExtendLease(), RunningLease():
            return [_extend(command, state)]
        case ExtendLease(), EndedLease():
            raise LeaseIsOver(ended_on=state.ended_on)
        case EndLease(), RunningLease(ends_on=ends_on):
            # An end that was moved meanwhile has a timer of its own.
            return [_ended(command, state)] if ends_on == command.ends_on else []
        case EndLeaseEarly(), RunningLease(ends_on=ends_on):
            # A module that ends with the lease's last day leaves the end to the lease's own timer.
            ended = LeaseEnded(lease_id=command.lease_id, module_id=state.module_id, ended_on=command.ended_on)
            return [ended] if command.ended_on < ends_on else []
        case EndLease() | EndLeaseEarly(), EndedLease():
            return []
    raise AssertionError(f"no decision for {command!r}")


def last_day(starts_on: date, months: int) -> date:
    """The last day of a lease: the day before the same-numbered one so many months after its start (CON-11)."""
    return add_months(starts_on, months) - _DAY


def _start(command: StartLease) -> LeaseStarted:
    """A monthly article for N months with an end date (CON-11)."""
    articles = [article for article in command.tariff.articles if not article.is_option]
    if not any(article.billing.every_months == 1 and article.usage_key is None for article in articles):
        raise InvalidInput(field="tariff_id", reason="a lease needs a tariff with a monthly article")
    ends_on = _checked_end(command.starts_on, command.months)
    return LeaseStarted(
        lease_id=command.lease_id,
        module_id=command.module_id,
        order_id=command.order_id,
        title=command.tariff.title,
        months=command.months,
        starts_on=command.starts_on,
        ends_on=ends_on,
        warn_on=ends_on - timedelta(days=command.warning_days),
    )


def _extend(command: ExtendLease, state: RunningLease) -> LeaseExtended:
    """The months count from the first start, never from the last end: a lease of the 31st stays one (CON-11)."""
    months = state.months + command.months
    ends_on = _checked_end(state.starts_on, months)
    return LeaseExtended(
        lease_id=command.lease_id,
        module_id=state.module_id,
        months=months,
        ends_on=ends_on,
        warn_on=ends_on - timedelta(days=command.warning_days),
    )


def _checked_end(starts_on: date, months: int) -> date:
    if not 1 <= months <= MONTHS_MAX:
        raise InvalidInput(field="months", reason=f"a lease lasts 1 to {MONTHS_MAX} months in all")
    return last_day(starts_on, months)


def _ended(command: EndLease, state: RunningLease) -> LeaseEnded:
    assert day_of(command.now) > state.ends_on, "the timer is due on the day after"
    return LeaseEnded(lease_id=command.lease_id, module_id=state.module_id, ended_on=state.ends_on)


def evolve(state: Lease, event: LeaseEvent) -> Lease:
    """The lease after the event."""
    match event:
        case LeaseStarted():
            return RunningLease(
                module_id=event.module_id, title=event.title, starts_on=event.starts_on, months=event.months, ends_on=event.ends_on
            )
        case LeaseExtended():
            if not isinstance(state, RunningLease):
                return state
            return msgspec.structs.replace(state, months=event.months, ends_on=event.ends_on, terms=state.terms + 1)
        case LeaseEnded():
            terms = state.terms if isinstance(state, RunningLease) and event.ended_on < state.ends_on else 0
            return EndedLease(module_id=event.module_id, ended_on=event.ended_on, terms=terms)
        case _:
            assert_never(event)


# -- Timers ----------------------------------------------------------------------------------------------------------


class LeaseEndNears(WakeUp, frozen=True, kw_only=True):
    """Some days before the last one: a manager decides what becomes of what was leased."""

    ends_on: date


class LeaseEndDue(WakeUp, frozen=True, kw_only=True):
    """The last day is over."""

    ends_on: date


def wakes(event: LeaseEvent, state: Lease) -> Sequence[TimerChange]:
    """A task some days before the end, and the end itself; an extension moves both, an early end cancels them (CON-11, TIM-1)."""
    match event:
        case LeaseStarted() | LeaseExtended() if isinstance(state, RunningLease):
            gone = _gone(state.terms - 1)
            nears = LeaseEndNears(ends_on=event.ends_on)
            ends = LeaseEndDue(ends_on=event.ends_on)
            return [
                *gone,
                SetTimer(occasion=f"near/{state.terms}", due_at=at(event.warn_on, TASK_AT), wake_up=nears),
                # After the module's own end at the same instant.
                SetTimer(occasion=f"end/{state.terms}", due_at=at(event.ends_on + _DAY, "00:00"), wake_up=ends, rank=1),
            ]
        case LeaseEnded() if isinstance(state, EndedLease):
            return _gone(state.terms)
        case _:
            return []


def _gone(term: int) -> list[CancelTimer]:
    """Without the timers of that term; 0 is none."""
    return [CancelTimer(occasion=f"near/{term}"), CancelTimer(occasion=f"end/{term}")] if term else []


LEASE: Aggregate[Lease, LeaseCommand, LeaseEvent] = Aggregate(
    name="lease",
    initial=NoLease(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Lease,
    events=(LeaseStarted, LeaseExtended, LeaseEnded),
)
