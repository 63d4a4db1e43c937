"""What can be asked of an issued document. ``now`` is the domain time of the decision; facts come as further fields."""

from datetime import date
from decimal import Decimal

from termijn.events.invoice import Collection, CreditNoteIssued, InvoiceIssued, OpenCredit, OpenInvoice
from termijn.invoice.payer import Mandate
from termijn.invoice.policy import Policy, TaskKind
from termijn.kernel.ids import CaseId, InvoiceId, PaymentId
from termijn.runtime.aggregate import Command


class Issue(Command, frozen=True, kw_only=True):
    """The document has its number. ``mandate`` where it is a debit; ``tells_manager`` where a usable one is missing (INV-6)."""

    document: InvoiceIssued | CreditNoteIssued
    mandate: Mandate | None = None
    tells_manager: bool = False


class ReceivePayment(Command, frozen=True, kw_only=True):
    """Money came in for this invoice (PAY-5)."""

    invoice_id: InvoiceId
    payment_id: PaymentId
    amount: Decimal
    method: Collection
    value_on: date
    booked_on: date


class ReversePayment(Command, frozen=True, kw_only=True):
    """The bank took a payment back (PAY-4). ``mandate``: what may be collected with, if anything."""

    payment_id: PaymentId
    reason_code: str
    reversed_on: date
    mandate: Mandate | None
    policy: Policy


class RejectDebit(Command, frozen=True, kw_only=True):
    """The bank refused a debit that was never booked (PAY-5)."""

    invoice_id: InvoiceId
    reason_code: str
    rejected_on: date
    mandate: Mandate | None
    policy: Policy


class EndDueDay(Command, frozen=True, kw_only=True):
    """The due day has ended."""


class SubmitDebit(Command, frozen=True, kw_only=True):
    """The day has come to hand the debit to the bank."""

    attempt: int
    is_mandate_usable: bool


class RecordAnnouncement(Command, frozen=True, kw_only=True):
    """The recipient's server took the announcement of that attempt, which named this amount (PAY-4)."""

    attempt: int
    amount: Decimal


class RecordAnnouncementFailure(Command, frozen=True, kw_only=True):
    """The announcement of that attempt cannot be sent (PAY-4)."""

    attempt: int
    reason: str


class CheckBooked(Command, frozen=True, kw_only=True):
    """The days in which the bank books a debit are over."""

    attempt: int


class AnswerStep(Command, frozen=True, kw_only=True):
    """Dunning asks whether it may take a step of ``planned_on`` (DUN-14, TIM-3).

    - ``loads_statements``, ``booked_through``: whether the provider loads bank statements, and up to which day they are loaded.
    - ``unmatched``: ids of money that matched nothing and comes from an IBAN or a name of the account.
    - ``beside``, ``credits``: what else is open on both sides.
    """

    case_id: CaseId
    invoice_id: InvoiceId
    proposal: str
    planned_on: date
    loads_statements: bool = False
    booked_through: date | None = None
    unmatched: tuple[str, ...] = ()
    beside: tuple[OpenInvoice, ...] = ()
    credits: tuple[OpenCredit, ...] = ()


class WriteOff(Command, frozen=True, kw_only=True):
    """A remainder of at most ``amount`` is not asked for (DUN-6)."""

    amount: Decimal


class RecordDelivery(Command, frozen=True, kw_only=True):
    """The recipient's server took the document (INV-10)."""

    channel: str


class RecordDeliveryFailure(Command, frozen=True, kw_only=True):
    """The document cannot be delivered (INV-10)."""

    reason: str


class RequestRedelivery(Command, frozen=True, kw_only=True):
    """Send it again."""

    invoice_id: InvoiceId


class FinishTask(Command, frozen=True, kw_only=True):
    """A person has looked."""

    invoice_id: InvoiceId
    kind: TaskKind


InvoiceCommand = (
    Issue
    | ReceivePayment
    | ReversePayment
    | RejectDebit
    | EndDueDay
    | SubmitDebit
    | RecordAnnouncement
    | RecordAnnouncementFailure
    | CheckBooked
    | AnswerStep
    | WriteOff
    | RecordDelivery
    | RecordDeliveryFailure
    | RequestRedelivery
    | FinishTask
)
