"""Which dates each event makes the account wait for. Occasions name what they are for, so that each is set once for ever."""

from collections.abc import Sequence
from datetime import date

from termijn.dunning.account_event import (
    AccountEvent,
    HoldEnded,
    HoldPlaced,
    HoursAdopted,
    LadderRested,
    LatenessEnded,
    StepsPlanned,
    SuspensionPlanned,
    TerminationPlanned,
    WarningPlanned,
)
from termijn.dunning.account_state import ClosedCase, DunningAccount, OpenCase, SuspensionAhead, WarningAhead
from termijn.dunning.decided import DAY
from termijn.dunning.policy import Hours
from termijn.events.dunning import CaseClosed, ResumptionRequested, StepProposed, TerminationRequested
from termijn.kernel.calendar import add_bank_days, at
from termijn.kernel.ids import CaseId
from termijn.runtime.aggregate import CancelTimer, SetTimer, TimerChange, WakeUp

COLLECTION_BANK_DAYS = 6
"""A booking is five bank days late at most (PAY-5); the day after that the ladder stops waiting for a second collection."""


class StepDay(WakeUp, frozen=True, kw_only=True):
    """``proposals_at``: the day of a case's next step. ``timer`` names the plan that set it."""

    case_id: CaseId
    timer: str


class LatenessDay(WakeUp, frozen=True, kw_only=True):
    """``proposals_at``: the day of a warning or suspension."""

    attempt: int


class TenOClock(WakeUp, frozen=True, kw_only=True):
    """``letters_at``: letters and suspensions of this day leave."""

    on: date


class HandoverHour(WakeUp, frozen=True, kw_only=True):
    """``handovers_at``: the case goes to the bailiff."""

    case_id: CaseId
    timer: str


class CollectionOverdue(WakeUp, frozen=True, kw_only=True):
    """A second collection should have had its result."""

    case_id: CaseId
    collect_again_on: date


class HoldOver(WakeUp, frozen=True, kw_only=True):
    """00:00: a hold's last day has passed."""

    hold_id: str


class TerminationDay(WakeUp, frozen=True, kw_only=True):
    """``letters_at``: the suspension has lasted; a manager is asked."""

    attempt: int


def wakes(event: AccountEvent, state: DunningAccount) -> Sequence[TimerChange]:
    """Timers that this event sets and cancels (TIM-1). A closed case leaves none behind (DUN-6)."""
    match event:
        case StepsPlanned():
            return _of_plan(state.cases.get(event.case_id), state.hours)
        case LadderRested():
            return _of_rest(event, state.cases.get(event.case_id), state.hours)
        case CaseClosed():
            return _of_end(state.closed.get(event.case_id))
        case StepProposed(step="bailiff"):
            timer = event.proposal.removesuffix("/bailiff")
            wake_up = HandoverHour(case_id=event.case_id, timer=timer)
            return (SetTimer(occasion=f"{timer}/handover", due_at=at(event.planned_on, state.hours.handovers_at), wake_up=wake_up),)
        case StepProposed():
            return (_ten_o_clock(event.planned_on, state.hours),)
        case HoursAdopted():
            return tuple(_ten_o_clock(on, event.hours) for on in _asked_days(state))
        case HoldPlaced():
            over = at(event.until + DAY, "00:00")
            return (SetTimer(occasion=event.hold_id, due_at=over, wake_up=HoldOver(hold_id=event.hold_id)),)
        case HoldEnded():
            return (CancelTimer(occasion=event.hold_id),)
        case WarningPlanned() | SuspensionPlanned():
            wake_up_late = LatenessDay(attempt=event.attempt)
            return (
                CancelTimer(occasion=f"late/{event.attempt - 1}"),
                SetTimer(occasion=f"late/{event.attempt}", due_at=at(event.on, state.hours.proposals_at), wake_up=wake_up_late),
            )
        case LatenessEnded():
            return (CancelTimer(occasion=f"late/{state.lateness_attempt}"),)
        case TerminationPlanned():
            day = TerminationDay(attempt=event.attempt)
            return (SetTimer(occasion=f"terminate/{event.attempt}", due_at=at(event.on, state.hours.letters_at), wake_up=day),)
        case ResumptionRequested() | TerminationRequested():
            return (CancelTimer(occasion=f"terminate/{state.lateness_attempt}"),)
        case _:
            return ()


def _ten_o_clock(on: date, hours: Hours) -> SetTimer:
    # The hour is part of the name: a day whose hour is moved after it has passed gets its letters at the new one.
    hour = hours.letters_at
    return SetTimer(occasion=f"ten/{on.isoformat()}/{hour}", due_at=at(on, hour), wake_up=TenOClock(on=on))


def _asked_days(state: DunningAccount) -> Sequence[date]:
    """Days that letters or a suspension were proposed for and have not left yet."""
    days = {case.proposal.on for case in state.cases.values() if case.proposal is not None and case.proposal.step != "bailiff"}
    if isinstance(state.lateness, WarningAhead | SuspensionAhead) and state.lateness.asked_on is not None:
        days.add(state.lateness.asked_on)
    return sorted(days)


def _of_plan(case: OpenCase | None, hours: Hours) -> Sequence[TimerChange]:
    """The timer of the plan before goes; the next step's is set unless the ladder rests."""
    if case is None:
        return ()
    before = f"{case.case_id}/{case.round}/{case.attempt - 1}"
    old = (CancelTimer(occasion=before), CancelTimer(occasion=f"{before}/handover"))
    if case.rests or not case.planned:
        return old
    wake_up = StepDay(case_id=case.case_id, timer=case.timer)
    return (*old, SetTimer(occasion=case.timer, due_at=at(case.planned[0].on, hours.proposals_at), wake_up=wake_up))


def _of_end(case: ClosedCase | None) -> Sequence[TimerChange]:
    if case is None:
        return ()
    timer = f"{case.case_id}/{case.round}/{case.attempt}"
    wait = f"{case.case_id}/{case.round}/wait/{case.occasion}"
    return (CancelTimer(occasion=timer), CancelTimer(occasion=f"{timer}/handover"), CancelTimer(occasion=wait))


def _of_rest(event: LadderRested, case: OpenCase | None, hours: Hours) -> Sequence[TimerChange]:
    if case is None:
        return ()
    stopped = (CancelTimer(occasion=case.timer), CancelTimer(occasion=f"{case.timer}/handover"))
    if event.kind != "collect_again" or event.until is None:
        return stopped
    wake_up = CollectionOverdue(case_id=case.case_id, collect_again_on=event.until)
    due_at = at(add_bank_days(event.until, COLLECTION_BANK_DAYS), hours.proposals_at)
    return (*stopped, SetTimer(occasion=case.wait_timer, due_at=due_at, wake_up=wake_up))
