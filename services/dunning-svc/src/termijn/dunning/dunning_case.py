"""One case: how a missed invoice opens it, what money does to it, and when its next step may be taken."""

from datetime import date
from decimal import Decimal
from typing import Literal

from termijn.dunning import ladder
from termijn.dunning.account_command import (
    AccountCommand,
    EndWait,
    ProposeStep,
    ProveDelivery,
    RecordMiss,
    RecordPayment,
    RecordSettled,
    TakeClearance,
    TakeRefusal,
    WithdrawMiss,
)
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
    MissRepeated,
    MissWithdrawn,
    PlannedStep,
    RestKind,
    StepsPlanned,
)
from termijn.dunning.account_state import DunningAccount, HandedOver, OpenCase, case_id_of
from termijn.dunning.decided import DAY, Decided, earliest_day
from termijn.events.dunning import CaseClosed, ManagerTaskCreated, StepProposed, WriteOffRequested
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import CaseId
from termijn.kernel.money import ZERO

NEEDS_PROOF = frozenset({"formal_notice", "final_demand", "bailiff"})
"""Steps that the file must prove acceptance and receipt for (DUN-4)."""
REVERSAL_NOTICE = "reversal_notice"

# -- The miss --------------------------------------------------------------------------------------------------------


def record_miss(command: RecordMiss, decided: Decided) -> None:
    """One case per missed invoice (DUN-1); a reversal opens a closed one again and repeats no letter (DUN-15).

    After a reversal the ladder counts from the reversal day; it rests while a second collection is awaited (PAY-4). An
    occasion that was heard before changes nothing.
    """
    case_id, miss, today = case_id_of(command.invoice_id), command.miss, day_of(command.now)
    state = decided.state
    handed, running, closed = state.handed_over.get(case_id), state.cases.get(case_id), state.closed.get(case_id)
    known = handed or running or closed
    if known is not None and miss.occasion <= known.occasion:
        return
    if handed is not None:
        decided.add(
            BailiffFileUpdated(
                case_id=case_id,
                invoice_id=command.invoice_id,
                kind="reversal",
                payment_id=None,
                amount=handed.open_amount - miss.open_amount,
                on=miss.missed_on,
                open_after=miss.open_amount,
                occasion=miss.occasion,
            )
        )
        return
    if running is not None:
        decided.add(MissRepeated(case_id=case_id, invoice_id=command.invoice_id, on=today, miss=miss))
    else:
        opening = CaseReopened if closed is not None else CaseStarted
        decided.add(opening(case_id=case_id, invoice_id=command.invoice_id, opened_on=today, miss=miss))
    if miss.collect_again_on is not None:
        decided.add(LadderRested(case_id=case_id, kind="collect_again", since=today, until=miss.collect_again_on))
    rest_while_held(decided, case_id, today)
    if miss.open_amount < miss.gross:
        _write_remainder_off(command, decided, case_id)
    _plan_anew(command, decided, case_id)


def withdraw_miss(command: WithdrawMiss, decided: Decided) -> None:
    """Money dated on or before the due day: the case closes, and the miss counts for nothing (PAY-5, DUN-9)."""
    case_id, today = case_id_of(command.invoice_id), day_of(command.now)
    state = decided.state
    if any((m.invoice_id, m.occasion) == (command.invoice_id, command.occasion) for m in state.misses):
        decided.add(MissWithdrawn(case_id=case_id, invoice_id=command.invoice_id, occasion=command.occasion, on=today))
    case, handed = state.cases.get(case_id), state.handed_over.get(case_id)
    if handed is not None:
        decided.add(_to_bailiff(handed, "withdrawn", amount=ZERO, today=today, open_after=handed.open_amount))
    elif case is not None and case.occasion == command.occasion:
        decided.add(CaseClosed(case_id=case_id, invoice_id=case.invoice_id, reason="withdrawn", closed_on=today))


# -- Money -----------------------------------------------------------------------------------------------------------


def record_payment(command: RecordPayment, decided: Decided) -> None:
    """Payment in full closes the case at any step, part payment lowers the claim, a small remainder is written off (DUN-6).

    A claim that is with the bailiff stays there: the payment goes to its file (DUN-5).
    """
    case_id = case_id_of(command.invoice_id)
    case, handed = decided.state.cases.get(case_id), decided.state.handed_over.get(case_id)
    kind: Literal["payment", "reversal"] = "payment" if command.amount >= 0 else "reversal"
    if handed is not None:
        decided.add(
            BailiffFileUpdated(
                case_id=case_id,
                invoice_id=command.invoice_id,
                kind=kind,
                payment_id=command.payment_id,
                amount=command.amount,
                on=command.value_on,
                open_after=command.open_after,
            )
        )
    elif case is not None:
        decided.add(
            ClaimChanged(
                case_id=case_id,
                kind=kind,
                payment_id=command.payment_id,
                amount=command.amount,
                value_on=command.value_on,
                open_after=command.open_after,
            )
        )
        _after_change(command, decided, case_id)


def record_settled(command: RecordSettled, decided: Decided) -> None:
    """Nothing is open any more: the case is over, for the reason that the money shows (DUN-6)."""
    case_id, today = case_id_of(command.invoice_id), day_of(command.now)
    case, handed = decided.state.cases.get(case_id), decided.state.handed_over.get(case_id)
    if handed is not None and handed.open_amount:
        decided.add(_to_bailiff(handed, "settled", amount=handed.open_amount, today=today, open_after=ZERO))
    elif case is not None:
        is_written_off = command.is_written_off or case.rests_for("write_off") is not None
        reason: Literal["written_off", "credited", "paid"] = "credited" if case.open_amount else "paid"
        if is_written_off:
            reason = "written_off"
        decided.add(CaseClosed(case_id=case_id, invoice_id=case.invoice_id, reason=reason, closed_on=today))


def _to_bailiff(
    handed: HandedOver, kind: Literal["settled", "withdrawn"], *, amount: Decimal, today: date, open_after: Decimal
) -> BailiffFileUpdated:
    return BailiffFileUpdated(
        case_id=handed.case_id,
        invoice_id=handed.invoice_id,
        kind=kind,
        payment_id=None,
        amount=amount,
        on=today,
        open_after=open_after,
    )


def _after_change(command: AccountCommand, decided: Decided, case_id: CaseId) -> None:
    case, today = decided.state.cases[case_id], day_of(command.now)
    if case.open_amount <= 0:
        decided.add(CaseClosed(case_id=case_id, invoice_id=case.invoice_id, reason="paid", closed_on=today))
    elif not _write_remainder_off(command, decided, case_id):
        resume(command, decided, case_id, "write_off")


def _write_remainder_off(command: AccountCommand, decided: Decided, case_id: CaseId) -> bool:
    """Whether what is left is too little to ask for: then the ladder rests until it is written off (DUN-6)."""
    case = decided.state.cases[case_id]
    if case.open_amount >= command.policy.remainder_written_off_below:
        return False
    if case.rests_for("write_off") is None:
        decided.add(
            WriteOffRequested(case_id=case_id, invoice_id=case.invoice_id, amount=case.open_amount),
            LadderRested(case_id=case_id, kind="write_off", since=day_of(command.now)),
        )
    return True


# -- The next step ---------------------------------------------------------------------------------------------------


def propose_step(command: ProposeStep, decided: Decided) -> None:
    """Ask the owner of the money whether today's step may be taken (DUN-14, TIM-3).

    Without the proof that it needs, or without an address to write to, a manager gets a task and the ladder waits (DUN-4).
    After an outage that took the hour away, the step moves to the next day and the later ones with it (DUN-2); where the hour was
    moved to later on this day, the step waits for it.
    """
    case, today = decided.state.cases.get(command.case_id), day_of(command.now)
    if case is None or case.timer != command.timer or case.rests or not case.planned:
        return
    step = case.planned[0].step
    known = decided.state.known
    if command.now < at(today, command.policy.proposals_at):
        plan_again(command, decided, case.case_id, reason="the hour of proposals was moved", not_before=today)
    elif step != "bailiff" and (known is None or not known.has_address):
        _wait_for_manager(decided, case, "no_address", today, "there is no e-mail address that letters can go to")
    elif step in NEEDS_PROOF and (lacking := lacking_proof(decided.state, case)):
        _wait_for_manager(decided, case, "missing_proof", today, f"before the {step.replace('_', ' ')}: {lacking}")
    elif command.now >= at(today, command.policy.handovers_at if step == "bailiff" else command.policy.letters_at):
        plan_again(command, decided, case.case_id, reason="the hour had passed", not_before=today + DAY)
    elif step != "bailiff" and decided.state.last_letter_on == today:
        plan_again(command, decided, case.case_id, reason="a letter went out today", not_before=today + DAY)
    else:
        proposal = f"{case.timer}/{step}"
        decided.add(
            StepProposed(case_id=case.case_id, invoice_id=case.invoice_id, proposal=proposal, step=step, planned_on=today),
        )


def take_clearance(command: TakeClearance, decided: Decided) -> None:
    """The step may be taken today, over what the owner of the money says is open (DUN-14). A late answer is none."""
    case, today = decided.state.cases.get(command.case_id), day_of(command.now)
    if case is None or case.proposal is None or case.proposal.id != command.proposal or case.proposal.on != today:
        return
    if case.rests or case.proposal.is_cleared:
        return
    decided.add(clearance(command))
    adopt_statement(command, decided, case)


def adopt_statement(command: TakeClearance, decided: Decided, case: OpenCase) -> None:
    """What is open is what the owner of the money says."""
    if command.open_amount == case.open_amount:
        return
    decided.add(
        ClaimChanged(
            case_id=case.case_id,
            kind="statement",
            payment_id=None,
            amount=case.open_amount - command.open_amount,
            value_on=command.booked_until,
            open_after=command.open_amount,
        )
    )
    _after_change(command, decided, case.case_id)


def take_refusal(command: TakeRefusal, decided: Decided) -> None:
    """The step is not taken today: it is proposed again later, unless the claim turns out to be settled (DUN-14)."""
    case, today = decided.state.cases.get(command.case_id), day_of(command.now)
    is_of_ladder = case is not None and case.proposal is not None and case.proposal.id == command.proposal
    if case is None or not (is_of_ladder or command.proposal.startswith("late/")):
        return
    decided.add(ClearanceRefused(case_id=case.case_id, proposal=command.proposal, reason=command.reason, on=today))
    if command.reason == "settled":
        decided.add(CaseClosed(case_id=case.case_id, invoice_id=case.invoice_id, reason="paid", closed_on=today))
    elif is_of_ladder:
        # Money that is on its way or unmatched is a matter of days; an invoice that the owner does not know is none of hours.
        wait = command.policy.days_between_steps if command.reason == "unknown_invoice" else 1
        plan_again(command, decided, case.case_id, reason=f"stopped: {command.reason}", not_before=today + wait * DAY)


def lacking_proof(state: DunningAccount, case: OpenCase) -> str:
    """Which proof the file lacks, in words; empty where it is complete (DUN-4)."""
    terms = case.terms or (state.known.terms if state.known else None)
    lacking = [] if terms else ["that the terms were accepted"]
    if case.delivered_at is None:
        lacking.append("that the invoice was received")
    return f"no proof {' nor '.join(lacking)}" if lacking else ""


def _wait_for_manager(decided: Decided, case: OpenCase, kind: Literal["missing_proof", "no_address"], today: date, reason: str) -> None:
    decided.add(
        LadderRested(case_id=case.case_id, kind=kind, since=today),
        ManagerTaskCreated(case_id=case.case_id, kind=kind, reason=f"{case.number}: {reason}", due_on=today),
    )


# -- Waiting and going on --------------------------------------------------------------------------------------------


def prove_delivery(command: ProveDelivery, decided: Decided) -> None:
    """The proof of receipt is there: a ladder that waited for it goes on (DUN-4)."""
    case_id = case_id_of(command.invoice_id)
    case = decided.state.cases.get(case_id)
    if case is None or case.delivered_at is not None:
        return
    decided.add(DeliveryProven(case_id=case_id, delivered_at=command.delivered_at))
    go_on_with_proof(command, decided, case_id)


def go_on_with_proof(command: AccountCommand, decided: Decided, case_id: CaseId) -> None:
    """Where the file is complete now, the wait for it ends (DUN-4)."""
    if not lacking_proof(decided.state, decided.state.cases[case_id]):
        resume(command, decided, case_id, "missing_proof")


def end_wait(command: EndWait, decided: Decided) -> None:
    """The second collection should have had its result; the ladder goes on, and its next step needs clearance anyway (PAY-4)."""
    case = decided.state.cases.get(command.case_id)
    rest = case.rests_for("collect_again") if case else None
    if rest is not None and rest.until == command.collect_again_on:
        resume(command, decided, command.case_id, "collect_again")


def rest_while_held(decided: Decided, case_id: CaseId, today: date) -> None:
    """A case that a hold covers waits for its end (DUN-14)."""
    case = decided.state.cases[case_id]
    if decided.state.held(case.invoice_id) and case.rests_for("hold") is None:
        decided.add(LadderRested(case_id=case_id, kind="hold", since=today))


def resume(command: AccountCommand, decided: Decided, case_id: CaseId, kind: RestKind) -> None:
    """The ladder does not wait for this any more. After a hold each unsent step moves by the days paused (DUN-16)."""
    case, today = decided.state.cases[case_id], day_of(command.now)
    rest = case.rests_for(kind)
    if rest is None:
        return
    paused = max(0, (today - max(rest.since, case.ladder_due_on)).days) if kind == "hold" else 0
    decided.add(LadderResumed(case_id=case_id, kind=kind, on=today, days_paused=paused))
    plan_again(command, decided, case_id, reason=f"after {kind}", not_before=earliest_day(command.now, command.policy), days_paused=paused)


# -- Plans -----------------------------------------------------------------------------------------------------------


def plan_again(command: AccountCommand, decided: Decided, case_id: CaseId, *, reason: str, not_before: date, days_paused: int = 0) -> None:
    """The unsent steps of the present plan on days that are still possible (DUN-2, DUN-16)."""
    case = decided.state.cases[case_id]
    steps = ladder.moved(
        [(step.step, step.on) for step in case.planned],
        days_paused,
        issued=case.issued_on,
        due=case.ladder_due_on,
        policy=command.policy,
        last=case.last_taken_on,
        not_before=not_before,
    )
    record_plan(command, decided, case, steps, reason)


def record_plan(command: AccountCommand, decided: Decided, case: OpenCase, steps: list[ladder.Planned], reason: str) -> None:
    """These are the unsent steps from now on; where none is left, the case says that its ladder has ended."""
    decided.add(
        StepsPlanned(
            case_id=case.case_id,
            attempt=case.attempt + 1,
            steps=tuple(PlannedStep(step=step, on=on) for step, on in steps),
            reason=reason,
            policy_version=command.policy_version,
        )
    )
    if not steps and not decided.state.cases[case.case_id].rests:
        decided.add(LadderRested(case_id=case.case_id, kind="ladder_ended", since=day_of(command.now)))


def _plan_anew(command: RecordMiss, decided: Decided, case_id: CaseId) -> None:
    """The whole ladder from the new due date; after letters that went out before, the reversal's own letter first (DUN-15)."""
    case, earliest = decided.state.cases[case_id], earliest_day(command.now, command.policy)
    taken = [(step.step, step.on) for step in case.taken]
    notice: list[ladder.Planned] = []
    if taken:
        notice = ladder.space(
            [(REVERSAL_NOTICE, earliest)],
            issued=case.issued_on,
            due=case.ladder_due_on,
            policy=command.policy,
            last=case.last_taken_on,
            not_before=earliest,
        )
    steps = ladder.replan(
        case.issued_on,
        case.ladder_due_on,
        command.policy,
        taken=taken,
        not_before=earliest,
        after=notice[0][1] if notice else None,
    )
    reason = "the miss" if case.attempt == 0 else "the reversal"
    record_plan(command, decided, case, notice + steps, reason)


def clearance(command: TakeClearance) -> ClearanceGiven:
    """What is recorded of a clearance that was still waited for."""
    return ClearanceGiven(
        case_id=command.case_id,
        proposal=command.proposal,
        open_amount=command.open_amount,
        booked_until=command.booked_until,
        on=day_of(command.now),
        beside=command.beside,
        credits=command.credits,
    )
