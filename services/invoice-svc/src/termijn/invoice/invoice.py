"""One issued document and its money: delivered, collected, paid, missed, reversed, written off (INV-7, PAY-2, PAY-4, PAY-5).

Too much for one file: its events, state and ``evolve`` are in ``receivable.py``, its commands in ``invoice_command.py``, the rules about
debits and misses in ``direct_debit.py`` and ``missed_payment.py``. Here is how they fit together.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

from termijn.events.invoice import (
    CreditNoteIssued,
    DeliveryFailed,
    DirectDebitSubmitted,
    InvoiceDelivered,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReversed,
    RemainderWrittenOff,
)
from termijn.invoice import invoice_command as c
from termijn.invoice.direct_debit import after_failure, announced, planned, raised, submit
from termijn.invoice.errors import (
    NoDelivery,
    NoLiveDebit,
    NoSuchInvoice,
    NoSuchPayment,
    NoSuchTask,
    NotPayable,
    PaymentAlreadyReversed,
    PaymentIdTaken,
)
from termijn.invoice.missed_payment import after_debit, after_due_day, withdrawn_by
from termijn.invoice.receivable import (
    EVENTS,
    Absent,
    CreditNote,
    DebitPlanned,
    DebitRejected,
    DebitWithdrawn,
    InvoiceEvent,
    InvoiceState,
    PaymentBooked,
    Receivable,
    RedeliveryRequested,
    TaskDone,
    TaskRaised,
    evolve,
)
from termijn.invoice.step_answer import answer
from termijn.kernel.calendar import add_bank_days, at, day_of
from termijn.kernel.errors import InvalidInput
from termijn.kernel.money import cents
from termijn.runtime.aggregate import Aggregate, SetTimer, TimerChange, WakeUp

_DAY = timedelta(days=1)
DUE_DAY_ENDS = "00:30"
DEBITS_LEAVE = "07:00"
BOOKING_BANK_DAYS = 5
"""A debit that is not booked by then is looked into (PAY-5)."""
VALUE_DAYS_AHEAD_MAX = 10
"""Banks date value days ahead over a long weekend; further ahead is a typing mistake."""

# ---- Wake-ups ---------------------------------------------------------------------------------------------------------


class DueDayEnded(WakeUp, frozen=True, kw_only=True):
    """Half an hour after the due day: whatever is open now was missed (PAY-5)."""


class DebitDue(WakeUp, frozen=True, kw_only=True):
    """One bank day before collection: hand the debit over."""

    attempt: int


class BookingOverdue(WakeUp, frozen=True, kw_only=True):
    """The bank days for booking a debit are over."""

    attempt: int


# ---- Decisions --------------------------------------------------------------------------------------------------------


def decide(command: c.InvoiceCommand, state: InvoiceState) -> Sequence[InvoiceEvent]:
    """What follows from money, time and the mail for one document."""
    match command:
        case c.Issue():
            return _issue(command, state)
        case c.AnswerStep():
            return answer(command, state)
        case c.RecordDelivery() | c.RecordDeliveryFailure() | c.RequestRedelivery():
            return _delivery(command, state)
        case c.FinishTask():
            if isinstance(state, Absent) or command.kind not in state.tasks:
                raise NoSuchTask(task_id=f"{command.invoice_id}~{command.kind}")
            return [TaskDone(invoice_id=command.invoice_id, kind=command.kind)]
        case c.ReceivePayment():
            return _receive(command, _payable(state, command.invoice_id))
        case c.RejectDebit():
            return _reject(command, _payable(state, command.invoice_id))
    if not isinstance(state, Receivable):
        return []
    match command:
        case c.ReversePayment():
            return _reverse(command, state)
        case c.EndDueDay():
            return after_due_day(state)
        case c.SubmitDebit():
            return _submit(command, state)
        case c.RecordAnnouncement() | c.RecordAnnouncementFailure():
            return announced(command, state)
        case c.CheckBooked():
            return _check_booked(command, state)
        case c.WriteOff():
            return _write_off(command, state)
        case _:
            assert_never(command)


def _payable(state: InvoiceState, invoice_id: str) -> Receivable:
    if isinstance(state, Absent):
        raise NoSuchInvoice(invoice_id=invoice_id)
    if isinstance(state, CreditNote):
        raise NotPayable(invoice_id=invoice_id)
    return state


def _issue(command: c.Issue, state: InvoiceState) -> Sequence[InvoiceEvent]:
    """The document exists, once and unchangeable (INV-7); a debit is planned for its due day (PAY-2)."""
    assert isinstance(state, Absent), "a document is issued once"
    document = command.document
    if isinstance(document, CreditNoteIssued):
        return [document]
    assert document.gross > 0, "an invoice of nothing is not issued"
    issued: list[InvoiceEvent] = [document]
    if command.mandate is not None:
        collect_on = document.due_on
        issued.append(planned(invoice_id=document.invoice_id, attempt=1, mandate=command.mandate, collect_on=collect_on))
    if command.tells_manager:
        reason = "a subscription without a usable mandate is paid by transfer"
        issued.append(TaskRaised(invoice_id=document.invoice_id, kind="no_usable_mandate", reason=reason))
    return issued


def _receive(command: c.ReceivePayment, state: Receivable) -> Sequence[InvoiceEvent]:
    """Book money: what is open takes it, the rest is a credit of the account (PAY-6).

    The same payment id twice counts once. Money dated on or before the due day withdraws the miss (PAY-5); a transfer that pays
    all cancels a debit that is not with the bank yet (PAY-4).
    """
    invoice_id = command.invoice_id
    before = state.payments.get(command.payment_id)
    if before is not None:
        same = (before.amount, before.method, before.value_on) == (command.amount, command.method, command.value_on)
        if not same:
            raise PaymentIdTaken(field="payment_id", payment_id=command.payment_id, invoice_id=invoice_id)
        return []
    _check_money(command)
    applied = min(command.amount, state.open)
    open_after = state.open - applied
    booked = PaymentBooked(
        payment_id=command.payment_id,
        invoice_id=invoice_id,
        amount=command.amount,
        applied=applied,
        surplus=command.amount - applied,
        method=command.method,
        value_on=command.value_on,
        booked_on=command.booked_on,
        open_after=open_after,
    )
    events: list[InvoiceEvent] = [booked, *withdrawn_by(state, amount=command.amount, value_on=command.value_on)]
    debit = state.debit
    if debit is not None and debit.status == "planned" and open_after == 0 and command.method == "transfer":
        events.append(DebitWithdrawn(invoice_id=invoice_id, attempt=debit.attempt, reason="paid"))
    if command.method == "direct_debit" and "debit_unbooked" in state.tasks:
        events.append(TaskDone(invoice_id=invoice_id, kind="debit_unbooked"))
    if applied and open_after == 0:
        events.append(InvoiceSettled(invoice_id=invoice_id, settled_on=command.value_on))
    if command.method == "direct_debit":
        events += after_debit(state, open_amount=open_after, today=day_of(command.now))
    return events


def _check_money(command: c.ReceivePayment) -> None:
    today = day_of(command.now)
    if command.amount <= 0 or command.amount != cents(command.amount):
        raise InvalidInput(field="amount", reason="an amount above zero in whole cents")
    if command.booked_on > today:
        raise InvalidInput(field="booked_on", reason="a payment cannot be booked in the future")
    if command.value_on > today + timedelta(days=VALUE_DAYS_AHEAD_MAX):
        raise InvalidInput(field="value_on", reason=f"at most {VALUE_DAYS_AHEAD_MAX} days ahead")


def _reverse(command: c.ReversePayment, state: Receivable) -> Sequence[InvoiceEvent]:
    """The bank took the money back (PAY-4): what it had paid is open again, and that counts as a missed payment."""
    payment = state.payments.get(command.payment_id)
    if payment is None:
        raise NoSuchPayment(payment_id=command.payment_id)
    if payment.reversed_on is not None:
        if (payment.reversed_on, payment.reason_code) != (command.reversed_on, command.reason_code):
            raise PaymentAlreadyReversed(payment_id=command.payment_id)
        return []
    today = day_of(command.now)
    if not payment.value_on <= command.reversed_on <= today:
        raise InvalidInput(field="reversed_on", reason=f"between the value date {payment.value_on} and today")
    reversal = PaymentReversed(
        payment_id=command.payment_id,
        invoice_id=state.issued.invoice_id,
        amount=payment.applied,
        reason_code=command.reason_code,
        reversed_on=command.reversed_on,
        open_after=state.open + payment.applied,
    )
    consequences = after_failure(
        state,
        cause="debit_reversed",
        reason_code=command.reason_code,
        failed_on=command.reversed_on,
        open_amount=reversal.open_after if payment.applied else reversal.amount,
        mandate=command.mandate if payment.method == "direct_debit" else None,
        policy=command.policy,
        today=today,
    )
    return [reversal, *consequences]


def _reject(command: c.RejectDebit, state: Receivable) -> Sequence[InvoiceEvent]:
    """A debit is missed when it is rejected (PAY-5); what happens next is policy per reason code (PAY-4)."""
    debit = state.debit
    if debit is None or not debit.is_live:
        raise NoLiveDebit(invoice_id=command.invoice_id)
    today = day_of(command.now)
    if not state.issued.issued_on <= command.rejected_on <= today:
        raise InvalidInput(field="rejected_on", reason=f"between the issue day {state.issued.issued_on} and today")
    rejected = DebitRejected(
        invoice_id=command.invoice_id, attempt=debit.attempt, reason_code=command.reason_code, rejected_on=command.rejected_on
    )
    consequences = after_failure(
        state,
        cause="debit_rejected",
        reason_code=command.reason_code,
        failed_on=command.rejected_on,
        open_amount=state.open,
        mandate=command.mandate,
        policy=command.policy,
        today=today,
    )
    done = [TaskDone(invoice_id=command.invoice_id, kind="debit_unbooked")] if "debit_unbooked" in state.tasks else []
    return [rejected, *consequences, *done]


def _submit(command: c.SubmitDebit, state: Receivable) -> Sequence[InvoiceEvent]:
    debit = state.debit
    if debit is None or debit.attempt != command.attempt or debit.status != "planned":
        return []
    return submit(state, debit, today=day_of(command.now), is_mandate_usable=command.is_mandate_usable)


def _check_booked(command: c.CheckBooked, state: Receivable) -> Sequence[InvoiceEvent]:
    """No booking within five bank days is a task for ops, not a letter (PAY-5)."""
    debit = state.debit
    if debit is None or debit.attempt != command.attempt or not debit.is_live:
        return []
    return raised(state, "debit_unbooked", f"the debit of {debit.collect_on} was neither booked nor returned")


def _write_off(command: c.WriteOff, state: Receivable) -> Sequence[InvoiceEvent]:
    """What is left of the remainder is written off (DUN-6); nothing where more is open by now than was meant."""
    if not 0 < state.open <= command.amount:
        return []
    invoice_id, today = state.issued.invoice_id, day_of(command.now)
    withdrawn: list[InvoiceEvent] = []
    if state.debit is not None and state.debit.status == "planned":
        withdrawn = [DebitWithdrawn(invoice_id=invoice_id, attempt=state.debit.attempt, reason="paid")]
    return [
        RemainderWrittenOff(invoice_id=invoice_id, amount=state.open, written_off_on=today),
        *withdrawn,
        InvoiceSettled(invoice_id=invoice_id, settled_on=today),
    ]


def _delivery(command: c.RecordDelivery | c.RecordDeliveryFailure | c.RequestRedelivery, state: InvoiceState) -> Sequence[InvoiceEvent]:
    """The first delivery is the proof of receipt (INV-10, DUN-4); a failure is a task the same day."""
    if isinstance(state, Absent):
        if isinstance(command, c.RequestRedelivery):
            raise NoSuchInvoice(invoice_id=command.invoice_id)
        return []
    invoice_id = state.issued.invoice_id
    match command:
        case c.RequestRedelivery():
            if not state.is_delivery_failed:
                raise NoDelivery(invoice_id=invoice_id)
            return [RedeliveryRequested(invoice_id=invoice_id)]
        case c.RecordDelivery():
            if state.delivered_at is not None:
                return []
            done = [TaskDone(invoice_id=invoice_id, kind="delivery_failed")] if "delivery_failed" in state.tasks else []
            return [InvoiceDelivered(invoice_id=invoice_id, delivered_at=command.now, channel=command.channel), *done]
        case c.RecordDeliveryFailure():
            task = TaskRaised(invoice_id=invoice_id, kind="delivery_failed", reason=command.reason)
            failed = DeliveryFailed(invoice_id=invoice_id, reason=command.reason)
            return [failed] if "delivery_failed" in state.tasks else [failed, task]
        case _:
            assert_never(command)


def wakes(event: InvoiceEvent, state: InvoiceState) -> Sequence[TimerChange]:
    """The end of the due day, the day to hand a debit over, and the day by which it must be booked."""
    if not isinstance(state, Receivable) or state.issued.is_test:
        return []
    match event:
        case InvoiceIssued():
            return [SetTimer(occasion="due", due_at=at(event.due_on + _DAY, DUE_DAY_ENDS), wake_up=DueDayEnded())]
        case DebitPlanned():
            debit_due = DebitDue(attempt=event.attempt)
            return [SetTimer(occasion=f"debit/{event.attempt}", due_at=at(event.submit_on, DEBITS_LEAVE), wake_up=debit_due)]
        case DirectDebitSubmitted() if state.debit is not None:
            attempt = state.debit.attempt
            overdue_on = add_bank_days(event.collect_on, BOOKING_BANK_DAYS) + _DAY
            wake_up = BookingOverdue(attempt=attempt)
            return [SetTimer(occasion=f"booking/{attempt}", due_at=at(overdue_on, DUE_DAY_ENDS), wake_up=wake_up)]
        case _:
            return []


INVOICE: Aggregate[InvoiceState, c.InvoiceCommand, InvoiceEvent] = Aggregate(
    name="invoice",
    initial=Absent(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=InvoiceState,
    events=EVENTS,
)
