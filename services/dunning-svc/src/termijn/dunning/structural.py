"""Late payers, structural ones or past a final demand: warned, suspended, resumed, and put before a manager (DUN-9)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from termijn.dunning.account_command import AccountCommand, AskForTermination, ProposeLateness, TakeClearance, TakeSteps, Terminate
from termijn.dunning.account_event import LatenessEnded, SuspendedOver, SuspensionPlanned, TerminationPlanned, WarningPlanned
from termijn.dunning.account_state import DunningAccount, OpenCase, Punctual, Suspended, SuspensionAhead, WarningAhead
from termijn.dunning.decided import DAY, Decided, earliest_day
from termijn.dunning.dunning_case import adopt_statement, clearance
from termijn.dunning.errors import NotSuspended
from termijn.dunning.late_claim import LateClaim, claims_that_count, demanded_claims, first_announced
from termijn.dunning.policy import Policy
from termijn.events.dunning import (
    ManagerTaskCreated,
    ResumptionRequested,
    StepProposed,
    SuspensionRequested,
    TerminationRequested,
)
from termijn.kernel.calendar import add_months, at, day_of

PAID = "all that was overdue is paid"
HELD = "what is still overdue is held or written off"
REASONS: Mapping[SuspendedOver, str] = {"structural": "structural late payment", "single_case": "not paid after the final demand"}


def missed_due_days(state: DunningAccount, today: date, policy: Policy) -> tuple[date, ...]:
    """The distinct due days that were missed in twelve months, without those caused by us or withdrawn (DUN-9)."""
    since = add_months(today, -policy.structural_months)
    return tuple(sorted({miss.due_on for miss in state.misses if not miss.is_ours and since < miss.due_on <= today}))


def overdue(state: DunningAccount) -> bool:
    """Whether anything is still to be paid that a suspension may press for: held claims and remainders to write off are not."""
    running = any(not (case.rests_for("hold") or case.rests_for("write_off")) for case in state.cases.values())
    return running or any(handed.open_amount for handed in state.handed_over.values())


# -- After every change ----------------------------------------------------------------------------------------------


def follow_up(command: AccountCommand, decided: Decided) -> None:
    """What the account's lateness comes to now: a warning or suspension ahead, nothing any more, or resumption at once (DUN-9)."""
    state = decided.state
    match state.lateness:
        case Punctual():
            _look_ahead(command, decided)
        case WarningAhead() | SuspensionAhead() as late:
            if not overdue(state):
                decided.add(LatenessEnded(reason="paid"))
            elif isinstance(late, SuspensionAhead) and late.over == "single_case":
                _follow_up_single(command, decided, late)
            elif not _is_structural(command, state):
                decided.add(LatenessEnded(reason="withdrawn"))
            if isinstance(decided.state.lateness, Punctual):
                _look_ahead(command, decided)
        case Suspended():
            if not overdue(state):
                decided.add(ResumptionRequested(reason=HELD if state.cases else PAID, requested_at=command.now))


def _look_ahead(command: AccountCommand, decided: Decided) -> None:
    """A suspension that a final demand announced; else the warning of a structural late payer."""
    state = decided.state
    if demanded := demanded_claims(state, command.policy):
        _plan_single(command, decided, first_announced(demanded))
        return
    claims = claims_that_count(state, command.policy)
    if claims and _is_structural(command, state) and state.known is not None and state.known.has_address:
        _plan_warning(command, decided, _first_day(claims, command))


def _follow_up_single(command: AccountCommand, decided: Decided, late: SuspensionAhead) -> None:
    """Its cases may be paid or held by now, and others past their final demand be later."""
    demanded = demanded_claims(decided.state, command.policy)
    if not demanded:
        decided.add(LatenessEnded(reason="nothing_due"))
    elif first_announced(demanded) > late.on:
        _plan_single(command, decided, first_announced(demanded))


def _plan_single(command: AccountCommand, decided: Decided, announced_on: date) -> None:
    on = max(announced_on, earliest_day(command.now, command.policy))
    decided.add(SuspensionPlanned(on=on, attempt=decided.state.lateness_attempt + 1, over="single_case"))


def _is_structural(command: AccountCommand, state: DunningAccount) -> bool:
    return len(missed_due_days(state, day_of(command.now), command.policy)) >= command.policy.structural_misses


def _first_day(claims: list[OpenCase], command: AccountCommand) -> date:
    # Never before money of the due day can have been booked: the distance of a reminder (DUN-2).
    grace = timedelta(days=command.policy.days_after_due_min)
    return max(earliest_day(command.now, command.policy), min(case.ladder_due_on for case in claims) + grace)


def _plan_warning(command: AccountCommand, decided: Decided, on: date) -> None:
    days = missed_due_days(decided.state, day_of(command.now), command.policy)
    decided.add(WarningPlanned(on=on, attempt=decided.state.lateness_attempt + 1, due_days=days))


# -- Warning and suspension ------------------------------------------------------------------------------------------


def propose_lateness(command: ProposeLateness, decided: Decided) -> None:
    """Ask the owner of the money about every claim that would be warned over or suspended for today (DUN-9, DUN-14)."""
    state, today = decided.state, day_of(command.now)
    late = state.lateness
    if state.lateness_attempt != command.attempt or not isinstance(late, WarningAhead | SuspensionAhead):
        return
    claims = _claims(state, today, command.policy)
    has_address = state.known is not None and state.known.has_address
    if not claims or (isinstance(late, WarningAhead) and not has_address):
        decided.add(LatenessEnded(reason="nothing_due"))
    elif command.now < at(today, command.policy.proposals_at):
        plan_later(command, decided, today)
    elif command.now >= at(today, command.policy.letters_at):
        plan_later(command, decided, today + DAY)
    else:
        step = "suspension_warning" if isinstance(late, WarningAhead) else "suspension"
        decided.add(
            *(
                StepProposed(
                    case_id=case.case_id,
                    invoice_id=case.invoice_id,
                    proposal=_proposal(command.attempt, today, case),
                    step=step,
                    planned_on=today,
                )
                for case in claims
            )
        )


def take_late_clearance(command: TakeClearance, decided: Decided) -> None:
    """A claim may count today; a late answer is none (DUN-14)."""
    state, today = decided.state, day_of(command.now)
    late, case = state.lateness, state.cases.get(command.case_id) or state.handed_over.get(command.case_id)
    if case is None or not isinstance(late, WarningAhead | SuspensionAhead) or late.asked_on != today:
        return
    if command.proposal != _proposal(state.lateness_attempt, today, case) or case.case_id in late.cleared:
        return
    decided.add(clearance(command))
    if isinstance(case, OpenCase):
        adopt_statement(command, decided, case)


def warned_claims(state: DunningAccount, today: date, policy: Policy) -> list[OpenCase]:
    """The claims that are warned over today: a warning is ahead, and they were cleared for it."""
    late = state.lateness
    if not isinstance(late, WarningAhead) or late.asked_on != today:
        return []
    return [case for case in claims_that_count(state, policy) if case.case_id in late.cleared]


def _claims(state: DunningAccount, today: date, policy: Policy) -> Sequence[LateClaim]:
    """The claims that a warning or suspension of today would be over."""
    late = state.lateness
    if isinstance(late, SuspensionAhead) and late.over == "single_case":
        return [claim for claim in demanded_claims(state, policy) if claim.suspension_on and claim.suspension_on <= today]
    return claims_that_count(state, policy)


def take_late_steps(command: TakeSteps, decided: Decided, *, is_warned: bool) -> None:
    """At that hour the warning went into today's letter, or the modules are suspended; uncleared, it is asked again tomorrow (DUN-9)."""
    state, today = decided.state, day_of(command.now)
    late = state.lateness
    if not isinstance(late, WarningAhead | SuspensionAhead) or late.asked_on is None:
        return
    claims = _claims(state, today, command.policy)
    cleared = [claim for claim in claims if claim.case_id in late.cleared] if late.asked_on == today else []
    if isinstance(late, WarningAhead) and is_warned:
        on = today + timedelta(days=command.policy.warning_days)
        decided.add(SuspensionPlanned(on=on, attempt=state.lateness_attempt + 1))
    elif isinstance(late, SuspensionAhead) and cleared:
        _suspend(command, decided, cleared, late.over)
    elif not claims:
        decided.add(LatenessEnded(reason="nothing_due"))
    else:
        plan_later(command, decided, earliest_day(command.now, command.policy))


def _suspend(command: TakeSteps, decided: Decided, claims: Sequence[LateClaim], over: SuspendedOver) -> None:
    streams = tuple(sorted({case.stream for case in claims})) if command.policy.suspension_reaches == "unpaid_streams" else ()
    numbers = ", ".join(case.number for case in claims)
    reason = f"{REASONS[over]}: {numbers}"
    decided.add(SuspensionRequested(reason=reason, requested_at=command.now, streams=streams))
    on = day_of(command.now) + timedelta(days=command.policy.termination_days)
    decided.add(TerminationPlanned(on=on, attempt=decided.state.lateness_attempt))


def plan_later(command: AccountCommand, decided: Decided, on: date) -> None:
    """The same warning or suspension, on a later day."""
    if isinstance(decided.state.lateness, WarningAhead):
        _plan_warning(command, decided, on)
    elif isinstance(late := decided.state.lateness, SuspensionAhead):
        decided.add(SuspensionPlanned(on=on, attempt=decided.state.lateness_attempt + 1, over=late.over))


def warn_again(command: AccountCommand, decided: Decided, on: date) -> None:
    """The letter with the warning did not go: nobody is suspended unwarned (DUN-9)."""
    late = decided.state.lateness
    if isinstance(late, SuspensionAhead) and late.over == "structural":
        _plan_warning(command, decided, on)


def _proposal(attempt: int, today: date, case: LateClaim) -> str:
    return f"late/{attempt}/{today.isoformat()}/{case.case_id}"


# -- Termination -----------------------------------------------------------------------------------------------------


def ask_for_termination(command: AskForTermination, decided: Decided) -> None:
    """Thirty days suspended and still unpaid: a manager decides (DUN-9)."""
    late = decided.state.lateness
    if isinstance(late, Suspended) and decided.state.lateness_attempt == command.attempt:
        reason = f"suspended since {late.since.isoformat()} and still not paid: decide on termination"
        decided.add(ManagerTaskCreated(case_id=None, kind="termination", reason=reason, due_on=day_of(command.now)))


def terminate(command: Terminate, decided: Decided) -> None:
    """The modules end for default; only over modules that are suspended (DUN-9)."""
    if not isinstance(decided.state.lateness, Suspended):
        raise NotSuspended(account=command.account)
    decided.add(TerminationRequested(reason=command.reason, requested_at=command.now))
