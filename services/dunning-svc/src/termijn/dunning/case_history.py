"""The history of a case in lines: what each event says of it (SEC-3). Pure."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from termijn.dunning.account_event import (
    BailiffFileUpdated,
    CaseReopened,
    CaseStarted,
    ClaimChanged,
    ClearanceGiven,
    ClearanceRefused,
    DeliveryProven,
    LadderRested,
    LadderResumed,
    LetterDropped,
    MissRepeated,
    MissWithdrawn,
    StepsPlanned,
)
from termijn.events.base import Event
from termijn.events.dunning import (
    BailiffHandover,
    CallTaskCreated,
    CaseClosed,
    LetterDue,
    LetterItem,
    LetterSent,
    ManagerTaskCreated,
    StepProposed,
    WriteOffRequested,
)
from termijn.kernel.ids import CaseId


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line: amounts in gross euros, None where the event is not about money."""

    case_id: CaseId
    day: date
    kind: str
    detail: str
    amount: Decimal | None = None
    open_after: Decimal | None = None


def lines(event: Event, today: date) -> Iterator[Line]:
    """The lines that an event adds to the histories of cases; none for what is about the account alone."""
    match event:
        case LetterDue() | LetterSent() | LetterDropped():
            yield from (_of_letter(event, item) for item in event.items)
        case ManagerTaskCreated(case_id=None):
            return
        case _:
            yield from _money(event, today)
            yield from _ladder(event, today)


def _of_letter(event: LetterDue | LetterSent | LetterDropped, item: LetterItem) -> Line:
    match event:
        case LetterDue():
            warned = f", or be suspended on {item.suspension_on.isoformat()}" if item.suspension_on else ""
            kind, detail = "letter_due", f"{item.step}: pay by {item.last_payment_on.isoformat()}{warned}"
        case LetterSent():
            kind, detail = "letter_sent", f"{item.step}: {event.letter_id}"
        case LetterDropped():
            kind, detail = "letter_dropped", f"{item.step}: {event.reason}"
    return Line(case_id=item.case_id, day=event.on, kind=kind, detail=detail, open_after=item.open_amount)


def _money(event: Event, today: date) -> Iterator[Line]:
    match event:
        case CaseStarted() | CaseReopened() | MissRepeated() as e:
            kind = "opened" if isinstance(e, CaseStarted) else "reopened" if isinstance(e, CaseReopened) else "missed_again"
            m = e.miss
            why = m.cause if m.reason_code is None else f"{m.cause} {m.reason_code}"
            detail = f"{m.number}: {why}, due {m.due_on.isoformat()}"
            yield Line(case_id=e.case_id, day=m.missed_on, kind=kind, detail=detail, amount=m.gross, open_after=m.open_amount)
        case MissWithdrawn() as e:
            yield Line(case_id=e.case_id, day=e.on, kind="miss_withdrawn", detail=f"occasion {e.occasion}: paid in time")
        case ClaimChanged() as e:
            yield Line(case_id=e.case_id, day=e.value_on, kind=e.kind, detail=e.payment_id or "", amount=e.amount, open_after=e.open_after)
        case BailiffFileUpdated() as e:
            detail = e.payment_id or ""
            yield Line(case_id=e.case_id, day=e.on, kind=f"bailiff_{e.kind}", detail=detail, amount=e.amount, open_after=e.open_after)
        case WriteOffRequested() as e:
            yield Line(case_id=e.case_id, day=today, kind="write_off_requested", detail="", amount=e.amount)
        case BailiffHandover() as e:
            detail = f"costs {e.collection_costs}, interest {e.interest}"
            yield Line(case_id=e.case_id, day=e.handover_on, kind="handed_over", detail=detail, open_after=e.principal)
        case CaseClosed() as e:
            yield Line(case_id=e.case_id, day=e.closed_on, kind="closed", detail=e.reason)
        case _:
            return


def _ladder(event: Event, today: date) -> Iterator[Line]:
    match event:
        case StepsPlanned() as e:
            plan = ", ".join(f"{step.step} {step.on.isoformat()}" for step in e.steps)
            yield Line(case_id=e.case_id, day=today, kind="planned", detail=f"{e.reason}: {plan}")
        case LadderRested() as e:
            until = "" if e.until is None else f" until {e.until.isoformat()}"
            yield Line(case_id=e.case_id, day=e.since, kind="waits", detail=f"{e.kind}{until}")
        case LadderResumed() as e:
            yield Line(case_id=e.case_id, day=e.on, kind="goes_on", detail=f"{e.kind}, paused {e.days_paused} days")
        case StepProposed() as e:
            yield Line(case_id=e.case_id, day=e.planned_on, kind="proposed", detail=e.step)
        case ClearanceGiven() as e:
            yield Line(case_id=e.case_id, day=today, kind="cleared", detail=e.proposal, open_after=e.open_amount)
        case ClearanceRefused() as e:
            yield Line(case_id=e.case_id, day=e.on, kind="stopped", detail=e.reason)
        case DeliveryProven() as e:
            yield Line(case_id=e.case_id, day=today, kind="delivery_proven", detail=e.delivered_at.isoformat())
        case CallTaskCreated() as e:
            yield Line(case_id=e.case_id, day=e.due_on, kind="call_task", detail="the account manager is asked to call")
        case ManagerTaskCreated(case_id=str(case_id)) as e:
            yield Line(case_id=CaseId(case_id), day=e.due_on, kind="manager_task", detail=e.reason)
        case _:
            return
