"""What the owner of the money answers when dunning asks whether a step may be taken (DUN-14, TIM-3). Pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from termijn.events.invoice import StepCleared, StepStopped
from termijn.invoice.invoice_command import AnswerStep
from termijn.invoice.receivable import InvoiceEvent, InvoiceState, MoneySuspected, Receivable, StepDelayed, StepLapsed
from termijn.kernel.calendar import day_of, previous_bank_day

_DAY = timedelta(days=1)


def answer(command: AnswerStep, state: InvoiceState) -> Sequence[InvoiceEvent]:
    """Stopped, waiting for bank statements, or cleared with what is open now; each proposal is answered literally (DUN-14).

    A step whose day has passed while it waited gets no answer: dunning has proposed it anew by then, on what was booked since.
    """
    today = day_of(command.now)
    is_waiting = isinstance(state, Receivable) and command.proposal in state.waiting
    if is_waiting and command.planned_on < today:
        return [StepLapsed(invoice_id=command.invoice_id, proposal=command.proposal, planned_on=command.planned_on)]
    if not isinstance(state, Receivable):
        return [_stopped(command, "unknown_invoice")]
    if state.open == 0:
        return [_stopped(command, "settled")]
    if state.is_awaiting_debit:
        return [_stopped(command, "in_collection")]
    if command.unmatched:
        return [*_suspected(command, state), _stopped(command, "unmatched_money")]
    if command.loads_statements and not is_loaded(command):
        return [] if is_waiting else [*_lapsed(command, state), _delayed(command)]
    return [_cleared(command, state, today)]


def needs_through(planned_on: date) -> date:
    """The bank day that statements must be loaded up to before a step of that day: the last one before it (TIM-3)."""
    return previous_bank_day(planned_on)


def is_loaded(command: AnswerStep) -> bool:
    """Whether the statements that the step needs are there (TIM-3)."""
    return command.booked_through is not None and command.booked_through >= needs_through(command.planned_on)


def _delayed(command: AnswerStep) -> StepDelayed:
    return StepDelayed(
        case_id=command.case_id,
        invoice_id=command.invoice_id,
        proposal=command.proposal,
        planned_on=command.planned_on,
        needs_through=needs_through(command.planned_on),
    )


def _lapsed(command: AnswerStep, state: Receivable) -> Sequence[StepLapsed]:
    """Steps of earlier days that still wait: this one has taken their place."""
    before = [(proposal, on) for proposal, on in state.waiting.items() if on < command.planned_on]
    return [StepLapsed(invoice_id=command.invoice_id, proposal=proposal, planned_on=on) for proposal, on in before]


def _suspected(command: AnswerStep, state: Receivable) -> Sequence[MoneySuspected]:
    """Money that is named for the first time; told again every day, it would only fill the store."""
    fresh = tuple(money_id for money_id in command.unmatched if money_id not in state.suspected)
    return [MoneySuspected(invoice_id=command.invoice_id, money_ids=fresh)] if fresh else []


def _stopped(command: AnswerStep, reason: Literal["settled", "in_collection", "unknown_invoice", "unmatched_money"]) -> StepStopped:
    return StepStopped(case_id=command.case_id, invoice_id=command.invoice_id, proposal=command.proposal, reason=reason)


def _cleared(command: AnswerStep, state: Receivable, today: date) -> StepCleared:
    """Booked up to the last bank day of the statements; without statements, up to the last one before today (DUN-14, TIM-3)."""
    day_after = today
    if command.loads_statements:
        assert command.booked_through is not None, "a step is cleared with its statements only"
        day_after = command.booked_through + _DAY
    return StepCleared(
        case_id=command.case_id,
        invoice_id=command.invoice_id,
        proposal=command.proposal,
        open_amount=state.open,
        booked_until=previous_bank_day(day_after),
        beside=command.beside,
        credits=command.credits,
    )
