"""An issued invoice as a claim: the money events of its stream, and what is open, with the bank, missed or delivered.

``invoice.py`` decides; this file holds what it decides about.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, assert_never

import msgspec
from msgspec.structs import replace

from termijn.events.base import Event
from termijn.events.invoice import (
    Collection,
    CreditNoteIssued,
    DeliveryFailed,
    DirectDebitSubmitted,
    InvoiceDelivered,
    InvoiceIssued,
    InvoiceSettled,
    PaymentMissed,
    PaymentMissWithdrawn,
    PaymentReversed,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
)
from termijn.invoice.policy import TaskKind
from termijn.kernel.ids import CaseId, InvoiceId, MandateId, PaymentId

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class PaymentBooked(Event, frozen=True, kw_only=True):
    """Money came in for the invoice: ``applied`` of it was open, ``surplus`` became a credit of the account (PAY-6)."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    amount: Decimal
    applied: Decimal
    surplus: Decimal
    method: Collection
    value_on: date
    booked_on: date
    open_after: Decimal


class DebitPlanned(Event, frozen=True, kw_only=True):
    """What is open will be collected on ``collect_on``; the debit goes to the bank on ``submit_on``. Attempts count from 1."""

    invoice_id: InvoiceId
    attempt: int
    mandate_id: MandateId
    mandate_reference: str
    collect_on: date
    submit_on: date


class DebitWithdrawn(Event, frozen=True, kw_only=True):
    """The planned debit is not made."""

    invoice_id: InvoiceId
    attempt: int
    reason: Literal["paid", "mandate_unusable"]


class DebitRejected(Event, frozen=True, kw_only=True):
    """The bank refused the debit before it was ever booked."""

    invoice_id: InvoiceId
    attempt: int
    reason_code: str
    rejected_on: date


class CollectionAnnounced(Event, frozen=True, kw_only=True):
    """The debtor's server took the mail that says which amount is collected once more, and when (PAY-4)."""

    invoice_id: InvoiceId
    attempt: int
    amount: Decimal
    collect_on: date
    announced_at: datetime


class AnnouncementFailed(Event, frozen=True, kw_only=True):
    """The debtor could not be told of the further collection."""

    invoice_id: InvoiceId
    attempt: int
    reason: str


class TaskRaised(Event, frozen=True, kw_only=True):
    """A person is asked to look at the invoice; one open task of a kind at a time."""

    invoice_id: InvoiceId
    kind: TaskKind
    reason: str


class TaskDone(Event, frozen=True, kw_only=True):
    """The task is done, or its cause is gone."""

    invoice_id: InvoiceId
    kind: TaskKind


class RedeliveryRequested(Event, frozen=True, kw_only=True):
    """A document that could not be delivered is to be sent again."""

    invoice_id: InvoiceId


class StepDelayed(Event, frozen=True, kw_only=True):
    """Dunning's step waits for bank statements up to ``needs_through``; ops are told (TIM-3)."""

    case_id: CaseId
    invoice_id: InvoiceId
    proposal: str
    planned_on: date
    needs_through: date


class StepLapsed(Event, frozen=True, kw_only=True):
    """The step's day passed before the statements came: dunning proposes it anew, and this one has no answer."""

    invoice_id: InvoiceId
    proposal: str
    planned_on: date


class MoneySuspected(Event, frozen=True, kw_only=True):
    """Unmatched money may be for this invoice: its IBAN or name is the account's; a manager is to look (TIM-3)."""

    invoice_id: InvoiceId
    money_ids: tuple[str, ...]


MoneyEvent = (
    DebitPlanned
    | DirectDebitSubmitted
    | DebitWithdrawn
    | DebitRejected
    | CollectionAnnounced
    | AnnouncementFailed
    | PaymentBooked
    | PaymentReversed
    | PaymentMissed
    | PaymentMissWithdrawn
    | InvoiceSettled
    | RemainderWrittenOff
    | StepCleared
    | StepStopped
    | StepDelayed
    | StepLapsed
    | MoneySuspected
)
PaperEvent = InvoiceDelivered | DeliveryFailed | RedeliveryRequested | TaskRaised | TaskDone
InvoiceEvent = InvoiceIssued | CreditNoteIssued | PaperEvent | MoneyEvent
EVENTS: tuple[type[InvoiceEvent], ...] = (
    InvoiceIssued,
    CreditNoteIssued,
    InvoiceDelivered,
    DeliveryFailed,
    RedeliveryRequested,
    TaskRaised,
    TaskDone,
    DebitPlanned,
    DirectDebitSubmitted,
    DebitWithdrawn,
    DebitRejected,
    CollectionAnnounced,
    AnnouncementFailed,
    PaymentBooked,
    PaymentReversed,
    PaymentMissed,
    PaymentMissWithdrawn,
    InvoiceSettled,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
    StepDelayed,
    StepLapsed,
    MoneySuspected,
)

# ---- State ------------------------------------------------------------------------------------------------------------


DebitStatus = Literal["planned", "submitted", "booked", "failed", "withdrawn"]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that was booked on the invoice."""

    amount: Decimal
    applied: Decimal
    method: Collection
    value_on: date
    reversed_on: date | None = None
    reason_code: str | None = None


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """The last debit; ``planned`` and ``submitted`` wait for a result. ``is_announced``: the debtor had a mail of its own of it."""

    attempt: int
    mandate_id: MandateId
    mandate_reference: str
    collect_on: date
    status: DebitStatus = "planned"
    is_announced: bool = False

    @property
    def is_live(self) -> bool:
        """In a file at the bank, without a result yet (PAY-5)."""
        return self.status == "submitted"

    @property
    def is_awaited(self) -> bool:
        """Planned or live."""
        return self.status in ("planned", "submitted")


class Absent(msgspec.Struct, frozen=True, tag=True):
    """No document of this id was issued."""


class CreditNote(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An issued credit note: owed by the provider, so nothing is ever open or missed."""

    issued: CreditNoteIssued
    delivered_at: datetime | None = None
    is_delivery_failed: bool = False
    tasks: tuple[TaskKind, ...] = ()


class Receivable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An issued invoice and its money.

    ``open`` is what is owed; ``occasions`` counts the misses ever published, ``standing`` those not withdrawn. ``waiting`` are
    proposals of dunning that wait for bank statements, with their days; ``suspected`` is unmatched money that was named.
    """

    issued: InvoiceIssued
    open: Decimal
    written_off: Decimal = Decimal(0)
    payments: dict[str, Payment] = {}
    debit: Debit | None = None
    occasions: int = 0
    standing: tuple[int, ...] = ()
    delivered_at: datetime | None = None
    is_delivery_failed: bool = False
    tasks: tuple[TaskKind, ...] = ()
    waiting: dict[str, date] = {}
    suspected: tuple[str, ...] = ()

    @property
    def attempts(self) -> int:
        """How many debits were planned."""
        return 0 if self.debit is None else self.debit.attempt

    @property
    def is_awaiting_debit(self) -> bool:
        """Whether a debit is planned or with the bank."""
        return self.debit is not None and self.debit.is_awaited

    def received_by(self, day: date) -> Decimal:
        """Money with a value date on or before the day that was not taken back."""
        return sum((p.amount for p in self.payments.values() if p.reversed_on is None and p.value_on <= day), Decimal(0))


InvoiceState = Absent | CreditNote | Receivable


def evolve(state: InvoiceState, event: InvoiceEvent) -> InvoiceState:
    if isinstance(event, InvoiceIssued):
        return Receivable(issued=event, open=event.gross)
    if isinstance(event, CreditNoteIssued):
        return CreditNote(issued=event)
    if isinstance(state, Absent):
        return state
    if isinstance(event, InvoiceDelivered | DeliveryFailed | RedeliveryRequested | TaskRaised | TaskDone):
        return _evolve_paper(state, event)
    return _evolve_money(state, event) if isinstance(state, Receivable) else state


def _evolve_paper(state: CreditNote | Receivable, event: PaperEvent) -> CreditNote | Receivable:
    match event:
        case InvoiceDelivered():
            return replace(state, delivered_at=event.delivered_at, is_delivery_failed=False)
        case DeliveryFailed():
            return replace(state, is_delivery_failed=True)
        case RedeliveryRequested():
            return replace(state, is_delivery_failed=False)
        case TaskRaised():
            return replace(state, tasks=(*state.tasks, event.kind))
        case TaskDone():
            return replace(state, tasks=tuple(kind for kind in state.tasks if kind != event.kind))
        case _:
            assert_never(event)


def _evolve_money(state: Receivable, event: MoneyEvent) -> Receivable:
    match event:
        case PaymentBooked():
            payment = Payment(amount=event.amount, applied=event.applied, method=event.method, value_on=event.value_on)
            paid = replace(state, open=event.open_after, payments={**state.payments, event.payment_id: payment})
            return _with_debit(paid, "booked") if event.method == "direct_debit" and state.is_awaiting_debit else paid
        case PaymentReversed():
            taken = replace(state.payments[event.payment_id], reversed_on=event.reversed_on, reason_code=event.reason_code)
            return replace(state, open=event.open_after, payments={**state.payments, event.payment_id: taken})
        case RemainderWrittenOff():
            return replace(state, open=state.open - event.amount, written_off=state.written_off + event.amount)
        case PaymentMissed():
            return replace(state, occasions=event.occasion, standing=(*state.standing, event.occasion))
        case PaymentMissWithdrawn():
            return replace(state, standing=tuple(o for o in state.standing if o != event.occasion))
        case DebitPlanned():
            return replace(state, debit=_debit(event))
        case DirectDebitSubmitted():
            debit = state.debit and replace(state.debit, status="submitted", collect_on=event.collect_on)
            return replace(state, debit=debit)
        case DebitWithdrawn():
            return _with_debit(state, "withdrawn")
        case DebitRejected():
            return _with_debit(state, "failed")
        case CollectionAnnounced():
            return replace(state, debit=state.debit and replace(state.debit, is_announced=True))
        case StepDelayed():
            return replace(state, waiting={**state.waiting, event.proposal: event.planned_on})
        case StepLapsed() | StepCleared() | StepStopped():
            return replace(state, waiting={one: on for one, on in state.waiting.items() if one != event.proposal})
        case MoneySuspected():
            return replace(state, suspected=(*state.suspected, *event.money_ids))
        case InvoiceSettled() | AnnouncementFailed():
            return state
        case _:
            assert_never(event)


def _debit(event: DebitPlanned) -> Debit:
    return Debit(
        attempt=event.attempt,
        mandate_id=event.mandate_id,
        mandate_reference=event.mandate_reference,
        collect_on=event.collect_on,
    )


def _with_debit(state: Receivable, status: DebitStatus) -> Receivable:
    return state if state.debit is None else replace(state, debit=replace(state.debit, status=status))
