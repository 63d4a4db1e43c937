"""What each event makes true. Total and dull: no rule is decided here."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TypeVar, assert_never

from msgspec.structs import replace

from termijn.dunning.account_event import (
    AccountEvent,
    AccountLearned,
    BailiffFileUpdated,
    CaseReopened,
    CaseStarted,
    ClaimChanged,
    ClearanceGiven,
    ClearanceRefused,
    DeliveryProven,
    HoldEnded,
    HoldPlaced,
    HoursAdopted,
    LadderRested,
    LadderResumed,
    LatenessEnded,
    LetterDropped,
    Miss,
    MissRepeated,
    MissWithdrawn,
    StepsPlanned,
    SuspensionPlanned,
    TerminationPlanned,
    WarningPlanned,
)
from termijn.dunning.account_state import (
    REMEMBERED_DAYS,
    Beside,
    ClosedCase,
    DunningAccount,
    HandedOver,
    Hold,
    Known,
    MissedDay,
    OpenCase,
    Part,
    Proposal,
    Punctual,
    Rest,
    Suspended,
    SuspensionAhead,
    TakenStep,
    WarningAhead,
)
from termijn.events.dunning import (
    BailiffHandover,
    CallTaskCreated,
    CaseClosed,
    LetterDue,
    LetterItem,
    LetterSent,
    ManagerTaskCreated,
    ResumptionRequested,
    StepProposed,
    SuspensionRequested,
    TerminationRequested,
    WriteOffRequested,
)
from termijn.kernel.ids import CaseId, InvoiceId

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

OUTSIDE_THE_LADDER = frozenset({"suspension_warning"})
"""Letters that are no step of a case."""
_LASTING_RESTS = frozenset({"hold", "no_address"})


def evolve(state: DunningAccount, event: AccountEvent) -> DunningAccount:
    """The state after the event."""
    match event:
        case AccountLearned():
            return replace(state, known=_known(event))
        case CaseStarted() | CaseReopened():
            return _opened(state, event)
        case MissRepeated():
            return _missed(_changed(state, event.case_id, _repeated(state, event)), event.invoice_id, event.miss, event.on)
        case MissWithdrawn():
            left = tuple(m for m in state.misses if (m.invoice_id, m.occasion) != (event.invoice_id, event.occasion))
            return replace(state, misses=left)
        case LetterDue() | LetterSent() | LetterDropped():
            return _of_letter(state, event)
        case CaseClosed() | BailiffHandover():
            return _ended(state, event)
        case BailiffFileUpdated():
            return _at_bailiff(state, event)
        case HoldPlaced() | HoldEnded():
            return _of_hold(state, event)
        case HoursAdopted():
            return replace(state, hours=event.hours)
        case WarningPlanned() | SuspensionPlanned() | SuspensionRequested():
            return _later(state, event)
        case LatenessEnded() | ResumptionRequested():
            return replace(state, lateness=Punctual())
        case TerminationRequested():
            return _terminated(state)
        case StepProposed() | ClearanceGiven() | ClearanceRefused():
            return _of_proposal(_beside(state, event), event)
        case StepsPlanned() | LadderRested() | LadderResumed() | ClaimChanged() | DeliveryProven():
            return _of_case(state, event)
        case CallTaskCreated() | ManagerTaskCreated() | WriteOffRequested() | TerminationPlanned():
            return state
        case _:
            assert_never(event)


def _known(event: AccountLearned) -> Known:
    return Known(
        debtor=event.debtor,
        mail_to=event.mail_to,
        has_address=event.has_address,
        language=event.language,
        debtor_kind=event.debtor_kind,
        account_manager=event.account_manager,
        customer_number=event.customer_number,
        terms=event.terms,
        recipients=event.recipients,
    )


def _of_hold(state: DunningAccount, event: HoldPlaced | HoldEnded) -> DunningAccount:
    if isinstance(event, HoldEnded):
        return replace(state, holds=_without(state.holds, event.hold_id))
    hold = Hold(invoice_id=event.invoice_id, since=event.since, until=event.until)
    return replace(state, holds={**state.holds, event.hold_id: hold}, holds_made=state.holds_made + 1)


def _later(state: DunningAccount, event: WarningPlanned | SuspensionPlanned | SuspensionRequested) -> DunningAccount:
    """A structural late payer goes on: to be warned, to be suspended, suspended (DUN-9)."""
    match event:
        case WarningPlanned():
            return replace(state, lateness=WarningAhead(on=event.on), lateness_attempt=event.attempt)
        case SuspensionPlanned():
            return replace(state, lateness=SuspensionAhead(on=event.on, over=event.over), lateness_attempt=event.attempt)
        case SuspensionRequested():
            since = state.lateness.on if isinstance(state.lateness, SuspensionAhead) else event.requested_at.date()
            return replace(state, lateness=Suspended(since=since))
        case _:
            assert_never(event)


def _terminated(state: DunningAccount) -> DunningAccount:
    """The modules end: what was late until then is no reason to warn of a suspension of what is gone, or to suspend it (DUN-9)."""
    cases = {key: replace(case, suspension_on=None) for key, case in state.cases.items()}
    handed = {key: replace(claim, suspension_on=None) for key, claim in state.handed_over.items()}
    return replace(state, lateness=Punctual(), misses=(), cases=cases, handed_over=handed)


def _opened(state: DunningAccount, event: CaseStarted | CaseReopened) -> DunningAccount:
    miss, before = event.miss, state.closed.get(event.case_id)
    case = OpenCase(
        case_id=event.case_id,
        invoice_id=event.invoice_id,
        number=miss.number,
        round=miss.occasion,
        occasion=miss.occasion,
        attempt=before.attempt if before else 0,
        issued_on=miss.issued_on,
        due_on=miss.due_on,
        ladder_due_on=miss.ladder_due_on,
        open_amount=miss.open_amount,
        gross=miss.gross,
        stream=miss.stream,
        caused_by_us=miss.caused_by_us,
        terms=miss.terms,
        delivered_at=miss.delivered_at,
        document=miss.document,
        taken=before.taken if before else (),
    )
    opened = replace(state, cases={**state.cases, event.case_id: case}, closed=_without(state.closed, event.case_id))
    return _missed(opened, event.invoice_id, miss, event.opened_on)


def _repeated(state: DunningAccount, event: MissRepeated) -> OpenCase | None:
    case, miss = state.cases.get(event.case_id), event.miss
    if case is None:
        return None
    return replace(
        case,
        occasion=miss.occasion,
        ladder_due_on=miss.ladder_due_on,
        open_amount=miss.open_amount,
        caused_by_us=miss.caused_by_us,
        terms=miss.terms or case.terms,
        delivered_at=miss.delivered_at or case.delivered_at,
        rests=tuple(rest for rest in case.rests if rest.kind in _LASTING_RESTS),
        proposal=None,
        suspension_on=None,
    )


def _missed(state: DunningAccount, invoice_id: InvoiceId, miss: Miss, today: date) -> DunningAccount:
    day = MissedDay(invoice_id=invoice_id, occasion=miss.occasion, due_on=miss.due_on, is_ours=miss.caused_by_us)
    oldest = today - timedelta(days=REMEMBERED_DAYS)
    return replace(state, misses=(*(m for m in state.misses if m.due_on >= oldest), day))


def _of_case(state: DunningAccount, event: StepsPlanned | LadderRested | LadderResumed | ClaimChanged | DeliveryProven) -> DunningAccount:
    case = state.cases.get(event.case_id)
    if case is None:
        return state
    match event:
        case StepsPlanned():
            case = replace(case, planned=event.steps, attempt=event.attempt, proposal=None)
        case LadderRested():
            rest = Rest(kind=event.kind, since=event.since, until=event.until)
            case = replace(case, rests=(*(r for r in case.rests if r.kind != event.kind), rest), proposal=None)
        case LadderResumed():
            later = case.suspension_on and case.suspension_on + timedelta(days=event.days_paused)
            case = replace(case, rests=tuple(rest for rest in case.rests if rest.kind != event.kind), suspension_on=later)
        case ClaimChanged():
            parts = case.parts if event.kind == "statement" else (*case.parts, Part(amount=event.amount, on=event.value_on))
            case = replace(case, open_amount=event.open_after, parts=parts)
        case DeliveryProven():
            case = replace(case, delivered_at=event.delivered_at)
        case _:
            assert_never(event)
    return _changed(state, case.case_id, case)


def _beside(state: DunningAccount, event: StepProposed | ClearanceGiven | ClearanceRefused) -> DunningAccount:
    """The last clearance knows best what else is open."""
    if not isinstance(event, ClearanceGiven) or event.on is None:
        return state
    return replace(state, beside=Beside(on=event.on, invoices=event.beside, credits=event.credits))


def _of_proposal(state: DunningAccount, event: StepProposed | ClearanceGiven | ClearanceRefused) -> DunningAccount:
    case = state.cases.get(event.case_id)
    if event.proposal.startswith("late/"):
        late = state.lateness
        if not isinstance(late, WarningAhead | SuspensionAhead):
            return state
        match event:
            case StepProposed():
                return replace(state, lateness=replace(late, asked_on=event.planned_on))
            case ClearanceGiven():
                return replace(state, lateness=replace(late, cleared=(*late.cleared, event.case_id)))
            case ClearanceRefused():
                return state
    if case is None:
        return state
    match event:
        case StepProposed():
            case = replace(case, proposal=Proposal(id=event.proposal, step=event.step, on=event.planned_on))
        case ClearanceGiven():
            cleared = replace(case.proposal, is_cleared=True) if case.proposal else None
            case = replace(case, proposal=cleared)
        case ClearanceRefused():
            case = replace(case, proposal=None)
    return _changed(state, case.case_id, case)


def _of_letter(state: DunningAccount, event: LetterDue | LetterSent | LetterDropped) -> DunningAccount:
    match event:
        case LetterSent():
            return replace(state, letters=_without(state.letters, event.letter_id))
        case LetterDue():
            state = replace(state, letters={**state.letters, event.letter_id: event.items}, last_letter_on=event.on)
            for item in _steps_of(event.items):
                case = state.cases.get(item.case_id)
                if case is not None:
                    taken = TakenStep(step=item.step, on=event.on, last_payment_on=item.last_payment_on)
                    warned = item.suspension_on or case.suspension_on
                    case = replace(case, taken=(*case.taken, taken), planned=case.planned[1:], proposal=None, suspension_on=warned)
                    state = _changed(state, item.case_id, case)
            return state
        case LetterDropped():
            state = replace(state, letters=_without(state.letters, event.letter_id))
            for item in _steps_of(event.items):
                state = _untaken(state, item)
            return state


def _untaken(state: DunningAccount, item: LetterItem) -> DunningAccount:
    """A letter that did not go was not taken; who was decided on for it is as before."""
    case, closed = state.cases.get(item.case_id), state.closed.get(item.case_id)
    if case is not None:
        warned = None if item.suspension_on else case.suspension_on
        return _changed(state, item.case_id, replace(case, taken=_less(case.taken, item), suspension_on=warned))
    if closed is not None:
        return replace(state, closed={**state.closed, item.case_id: replace(closed, taken=_less(closed.taken, item))})
    return state


def _less(taken: tuple[TakenStep, ...], item: LetterItem) -> tuple[TakenStep, ...]:
    return taken[:-1] if taken and taken[-1].step == item.step else taken


def _steps_of(items: tuple[LetterItem, ...]) -> tuple[LetterItem, ...]:
    return tuple(item for item in items if item.step not in OUTSIDE_THE_LADDER)


def _ended(state: DunningAccount, event: CaseClosed | BailiffHandover) -> DunningAccount:
    case = state.cases.get(event.case_id)
    if case is None:
        return state
    state = replace(state, cases=_without(state.cases, event.case_id))
    match event:
        case CaseClosed():
            closed = ClosedCase(
                case_id=case.case_id,
                invoice_id=case.invoice_id,
                round=case.round,
                occasion=case.occasion,
                attempt=case.attempt,
                closed_on=event.closed_on,
                taken=case.taken,
            )
            oldest = event.closed_on - timedelta(days=REMEMBERED_DAYS)
            kept = {key: old for key, old in state.closed.items() if old.closed_on >= oldest}
            return replace(state, closed={**kept, event.case_id: closed})
        case BailiffHandover():
            handed = HandedOver(
                case_id=case.case_id,
                invoice_id=case.invoice_id,
                number=case.number,
                occasion=case.occasion,
                handed_on=event.handover_on,
                open_amount=event.principal,
                stream=case.stream,
                suspension_on=case.suspension_on,
            )
            return replace(state, handed_over={**state.handed_over, event.case_id: handed})


def _at_bailiff(state: DunningAccount, event: BailiffFileUpdated) -> DunningAccount:
    handed = state.handed_over.get(event.case_id)
    if handed is None:
        return state
    changed = replace(handed, open_amount=event.open_after, occasion=event.occasion or handed.occasion)
    oldest = event.on - timedelta(days=REMEMBERED_DAYS)
    kept = {key: old for key, old in state.handed_over.items() if old.open_amount or old.handed_on >= oldest}
    return replace(state, handed_over={**kept, event.case_id: changed})


def _changed(state: DunningAccount, case_id: CaseId, case: OpenCase | None) -> DunningAccount:
    return state if case is None else replace(state, cases={**state.cases, case_id: case})


def _without(held: Mapping[KeyT, ValueT], key: KeyT) -> dict[KeyT, ValueT]:
    return {k: v for k, v in held.items() if k != key}
