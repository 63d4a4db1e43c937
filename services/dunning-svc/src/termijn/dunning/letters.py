"""Ten o'clock: which cases go into the account's one letter of the day, and what becomes of those that do not."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal, cast, get_args

import msgspec

from termijn.dunning import ladder
from termijn.dunning.account_command import DropLetter, RecordSent, TakeSteps
from termijn.dunning.account_event import LadderRested, LetterDropped
from termijn.dunning.account_evolve import OUTSIDE_THE_LADDER
from termijn.dunning.account_state import Beside, DunningAccount, OpenCase, WarningAhead
from termijn.dunning.decided import DAY, Decided, earliest_day
from termijn.dunning.dunning_case import plan_again, record_plan
from termijn.dunning.late_claim import announced_suspension
from termijn.dunning.policy import Policy
from termijn.dunning.structural import take_late_steps, warn_again, warned_claims
from termijn.events.dunning import CallTaskCreated, Letter, LetterDue, LetterItem, LetterSent, ManagerTaskCreated
from termijn.events.invoice import OpenCredit, OpenInvoice
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import AccountId

Standing = Literal["running", "collecting", "waiting", "held", "bailiff", "not_due", "to_collect"]
"""How what is open and has no step today stands, in the order of letters: it is shown apart, outside the sum."""


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that a letter shows apart (DUN-1). ``day``: until when it is to be paid, or when it is collected."""

    number: str
    open_amount: str
    standing: Standing
    day: date | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What today's letter says; ``items`` is empty where none goes."""

    items: tuple[LetterItem, ...] = ()
    apart: tuple[Apart, ...] = ()
    credits: tuple[OpenCredit, ...] = ()


def letter_id_of(account: AccountId, on: date) -> str:
    """One letter per account and day, so its id is just that (DUN-1)."""
    return f"letter-{account}-{on.isoformat()}"


def draft(state: DunningAccount, today: date, policy: Policy) -> Draft:
    """Every case whose step was cleared today, and the warning; everything else that is open stands apart (DUN-1, DUN-14)."""
    if state.last_letter_on == today:
        return Draft()
    items = [_item(state, case, today, policy) for case in _cleared(state, today)]
    if isinstance(state.lateness, WarningAhead):
        last = today + timedelta(days=policy.warning_days) - DAY
        items += [_warning(case, last) for case in warned_claims(state, today, policy)]
    if not items:
        return Draft()
    beside = state.beside if state.beside is not None and state.beside.on == today else None
    apart = _apart(state, {item.case_id for item in items}, beside)
    return Draft(items=tuple(items), apart=apart, credits=beside.credits if beside else ())


def _cleared(state: DunningAccount, today: date) -> list[OpenCase]:
    """Cases with a letter to send today, in the order of their invoices."""
    ready = [
        case
        for case in state.cases.values()
        if case.proposal and case.proposal.is_cleared and case.proposal.on == today and case.proposal.step != "bailiff"
        if not case.rests
    ]
    return sorted(ready, key=lambda case: (case.issued_on, case.number, case.case_id))


def _item(state: DunningAccount, case: OpenCase, today: date, policy: Policy) -> LetterItem:
    """The case's step, with the last payment date it names (DUN-3); a final demand may announce a suspension (DUN-9)."""
    ahead = _ahead(case, today, policy)
    handover = next((on for step, on in ahead if step == "bailiff"), None)
    step = case.planned[0].step
    last = ladder.last_payment_on(today, ahead[0][1] if ahead else None, policy)
    suspension = announced_suspension(state, case, today=today, last_payment_on=last, policy=policy) if step == "final_demand" else None
    return LetterItem(
        case_id=case.case_id,
        invoice_id=case.invoice_id,
        number=case.number,
        step=cast(Letter, step),
        open_amount=case.open_amount,
        issued_on=case.issued_on,
        due_on=case.due_on,
        last_payment_on=last,
        handover_on=handover if step == "final_demand" else None,
        suspension_on=suspension,
    )


def _ahead(case: OpenCase, today: date, policy: Policy) -> list[ladder.Planned]:
    """The steps after today's."""
    return ladder.space(
        [(step.step, step.on) for step in case.planned[1:]],
        issued=case.issued_on,
        due=case.ladder_due_on,
        policy=policy,
        last=today,
        not_before=today + DAY,
    )


def _warning(case: OpenCase, last_payment_on: date) -> LetterItem:
    return LetterItem(
        case_id=case.case_id,
        invoice_id=case.invoice_id,
        number=case.number,
        step="suspension_warning",
        open_amount=case.open_amount,
        issued_on=case.issued_on,
        due_on=case.due_on,
        last_payment_on=last_payment_on,
    )


def _apart(state: DunningAccount, shown: set[str], beside: Beside | None) -> tuple[Apart, ...]:
    """Other cases, claims with the bailiff, and invoices that were not missed; a case that is written off is asked for no more."""
    others = [
        Apart(
            number=case.number,
            open_amount=str(case.open_amount),
            standing=_standing(case),
            day=case.taken[-1].last_payment_on if case.taken and not case.rests else None,
        )
        for case in state.cases.values()
        if case.case_id not in shown and case.rests_for("write_off") is None
    ]
    others += [
        Apart(number=handed.number, open_amount=str(handed.open_amount), standing="bailiff")
        for handed in state.handed_over.values()
        if handed.open_amount
    ]
    dunned = {case.invoice_id for case in state.cases.values()} | {handed.invoice_id for handed in state.handed_over.values()}
    others += [_not_missed(invoice) for invoice in (beside.invoices if beside else ()) if invoice.invoice_id not in dunned]
    order = get_args(Standing)
    return tuple(sorted(others, key=lambda apart: (order.index(apart.standing), apart.number)))


def _not_missed(invoice: OpenInvoice) -> Apart:
    standing: Standing = "not_due" if invoice.collect_on is None else "to_collect"
    day = invoice.collect_on or invoice.due_on
    return Apart(number=invoice.number, open_amount=str(invoice.open_amount), standing=standing, day=day)


def _standing(case: OpenCase) -> Standing:
    kinds = {rest.kind for rest in case.rests}
    if "hold" in kinds:
        return "held"
    if "collect_again" in kinds:
        return "collecting"
    return "waiting" if kinds else "running"


def is_hour_of_letters(now: datetime, policy: Policy) -> bool:
    """Whether the hour has come, as policy has it now: a timer keeps the hour of the day that it was set (TIM-3)."""
    return now >= at(day_of(now), policy.letters_at)


# -- Taking the steps ------------------------------------------------------------------------------------------------


def take_steps(command: TakeSteps, decided: Decided) -> None:
    """One mail to the account with every step cleared today (DUN-1); a step that was not cleared in time is proposed again.

    The reminder also asks the account manager to call. Each case's later steps keep their distance from today's (DUN-2).
    """
    today = day_of(command.now)
    before, letter = decided.state, draft(decided.state, today, command.policy)
    if letter.items:
        assert command.text is not None, "a letter needs its text"
        letter_id = letter_id_of(command.account, today)
        decided.add(LetterDue(letter_id=letter_id, on=today, items=letter.items, text=command.text))
        for item in letter.items:
            if item.step not in OUTSIDE_THE_LADDER:
                _go_on(command, decided, before.cases[item.case_id], item, today)
    for case in before.cases.values():
        now = decided.state.cases[case.case_id]
        if now.proposal is not None and now.proposal.step != "bailiff" and now.proposal.on <= today:
            plan_again(command, decided, case.case_id, reason="not cleared in time", not_before=_next_day(command))
    take_late_steps(command, decided, is_warned=any(item.step == "suspension_warning" for item in letter.items))


def _go_on(command: TakeSteps, decided: Decided, before: OpenCase, item: LetterItem, today: date) -> None:
    if item.step == "reminder":
        manager = decided.state.known.account_manager if decided.state.known else ""
        decided.add(CallTaskCreated(case_id=item.case_id, invoice_id=item.invoice_id, account_manager=manager, due_on=today))
    record_plan(command, decided, decided.state.cases[item.case_id], _ahead(before, today, command.policy), f"after the {item.step}")


def _next_day(command: TakeSteps) -> date:
    """Tomorrow; when this hour comes days late and before the proposals, still today."""
    return max(command.on + DAY, earliest_day(command.now, command.policy))


# -- Sending ---------------------------------------------------------------------------------------------------------


def why_not_due(
    state: DunningAccount, items: Sequence[LetterItem], *, on: date, today: date
) -> Literal["no_longer_due", "day_passed"] | None:
    """Why a letter that was decided must not go after all; None where it is still due (DUN-14).

    Its dates count from its day, and no two letters go on one day: so it never goes later (DUN-2).
    """
    if on != today:
        return "day_passed"
    return None if all(_is_due(state.cases.get(item.case_id), item) for item in items) else "no_longer_due"


def _is_due(case: OpenCase | None, item: LetterItem) -> bool:
    return case is not None and not case.is_protected and case.open_amount == item.open_amount


def record_sent(command: RecordSent, decided: Decided) -> None:
    """The mail was accepted; once."""
    items = decided.state.letters.get(command.letter_id)
    if items is not None:
        on = command.on or day_of(command.now)
        decided.add(LetterSent(letter_id=command.letter_id, on=on, message_id=command.message_id, items=items))


def drop_letter(command: DropLetter, decided: Decided) -> None:
    """The letter does not go: what it was to say is not taken, and what is still to be said is planned again (DUN-14)."""
    items, today = decided.state.letters.get(command.letter_id), day_of(command.now)
    if items is None:
        return
    plans = {key: case.planned for key, case in decided.state.cases.items()}
    decided.add(LetterDropped(letter_id=command.letter_id, on=today, reason=command.reason, items=items))
    not_before = max(earliest_day(command.now, command.policy), today if command.reason == "day_passed" else today + DAY)
    for item in items:
        case = decided.state.cases.get(item.case_id)
        if case is None:
            continue
        if command.reason == "refused" and case.rests_for("no_address") is None:
            decided.add(LadderRested(case_id=case.case_id, kind="no_address", since=today))
        if item.step not in OUTSIDE_THE_LADDER:
            steps: list[ladder.Planned] = [(item.step, today), *((step.step, step.on) for step in plans[item.case_id])]
            spaced = ladder.space(
                steps,
                issued=case.issued_on,
                due=case.ladder_due_on,
                policy=command.policy,
                last=case.last_taken_on,
                not_before=not_before,
            )
            record_plan(command, decided, decided.state.cases[item.case_id], spaced, f"the letter was dropped: {command.reason}")
    if any(item.step in OUTSIDE_THE_LADDER for item in items):
        warn_again(command, decided, not_before)
    if command.reason == "refused":
        reason = "the mail server refuses the address of the account"
        decided.add(ManagerTaskCreated(case_id=None, kind="no_address", reason=reason, due_on=today))
