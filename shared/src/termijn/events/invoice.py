"""What invoice-svc publishes: documents and money. Names are stored forever. All amounts gross euros unless they say net."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.events.base import Blob, Event
from termijn.events.contracts import TermsAcceptance
from termijn.events.erasure import ANSWERED
from termijn.kernel.ids import CaseId, InvoiceId, MandateId, PaymentId

TOPIC = "termijn.invoice.v1"

Collection = Literal["direct_debit", "transfer"]


class VatAmount(msgspec.Struct, frozen=True, kw_only=True):
    """VAT of a document for one rate, computed on the sum of its lines (INV-8)."""

    rate: Decimal
    base: Decimal
    vat: Decimal


class ProviderProfileChanged(Event, frozen=True, kw_only=True):
    """The provider's own name and account, as its documents show them from now on. Told under the provider's catalogue."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    iban: str
    email: str
    phone: str = ""


class InvoiceIssued(Event, frozen=True, kw_only=True):
    """An invoice exists, numbered and unchangeable (INV-7).

    ``is_billed_elsewhere``: a lease company owes it, and not the account that ordered (CON-11); it is never dunned on the account.
    """

    invoice_id: InvoiceId
    number: str
    series: str
    stream: str
    issued_on: date
    due_on: date
    collection: Collection
    net: Decimal
    vat: tuple[VatAmount, ...]
    gross: Decimal
    terms: TermsAcceptance | None
    document: Blob
    is_test: bool = False
    is_billed_elsewhere: bool = False


class CreditNoteIssued(Event, frozen=True, kw_only=True):
    """A credit note exists; amounts are negative. ``corrects`` names invoice numbers where there are any (INV-7, INV-19)."""

    invoice_id: InvoiceId
    number: str
    series: str
    stream: str
    issued_on: date
    net: Decimal
    vat: tuple[VatAmount, ...]
    gross: Decimal
    corrects: tuple[str, ...]
    document: Blob
    is_test: bool = False


class InvoiceDelivered(Event, frozen=True, kw_only=True):
    """The customer has the invoice: the proof of receipt (INV-10, DUN-4)."""

    invoice_id: InvoiceId
    delivered_at: datetime
    channel: str


class DeliveryFailed(Event, frozen=True, kw_only=True):
    """The invoice could not be delivered; somebody must look (INV-10)."""

    invoice_id: InvoiceId
    reason: str


class DirectDebitSubmitted(Event, frozen=True, kw_only=True):
    """A debit was handed to the bank for collection on ``collect_on`` (PAY-2)."""

    invoice_id: InvoiceId
    mandate_id: MandateId
    amount: Decimal
    collect_on: date
    end_to_end_id: str


class PaymentReceived(Event, frozen=True, kw_only=True):
    """Money for an invoice was booked. ``open_after`` is what remains of it. ``value_on`` is the day that counts (PAY-5)."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    amount: Decimal
    method: Collection
    value_on: date
    booked_on: date
    open_after: Decimal


class PaymentReversed(Event, frozen=True, kw_only=True):
    """A booked payment was taken back by the bank (PAY-4); the invoice is open again."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    amount: Decimal
    reason_code: str
    reversed_on: date
    open_after: Decimal


class PaymentMissed(Event, frozen=True, kw_only=True):
    """An invoice was not paid when it should have been, once per ``occasion`` (PAY-5).

    ``ladder_due_on`` is the due date that the ladder counts from: the due day, after a reversal the reversal day (PAY-4).
    While a second collection is awaited (``collect_again_on``) the ladder rests; its failure is a further occasion.
    ``caused_by_us`` is set where our own mistake made it, so that it does not count against the customer (DUN-9).
    """

    invoice_id: InvoiceId
    number: str
    occasion: int
    issued_on: date
    due_on: date
    ladder_due_on: date
    missed_on: date
    open_amount: Decimal
    gross: Decimal
    stream: str
    cause: Literal["transfer_unpaid", "debit_rejected", "debit_reversed"]
    reason_code: str | None = None
    caused_by_us: bool = False
    collect_again_on: date | None = None
    terms: TermsAcceptance | None = None
    delivered_at: datetime | None = None
    document: Blob


class PaymentMissWithdrawn(Event, frozen=True, kw_only=True):
    """Money with a value date on or before the due day came in: the miss never was (PAY-5)."""

    invoice_id: InvoiceId
    occasion: int


class InvoiceSettled(Event, frozen=True, kw_only=True):
    """Nothing is open on the invoice any more."""

    invoice_id: InvoiceId
    settled_on: date


class RemainderWrittenOff(Event, frozen=True, kw_only=True):
    """What was too little to ask for was written off (DUN-6)."""

    invoice_id: InvoiceId
    amount: Decimal
    written_off_on: date


class MandateBlocked(Event, frozen=True, kw_only=True):
    """The bank said that the mandate or the account is no good; it is not collected with again (PAY-4)."""

    mandate_id: MandateId
    reason_code: str


class OpenInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice of the account that is open and was not missed. ``collect_on``: its debit is awaited, on that day."""

    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    open_amount: Decimal
    collect_on: date | None = None


class OpenCredit(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider owes the account (PAY-6). ``number`` is that of the credit note; an over-payment has none."""

    source: Literal["overpayment", "credit_note"]
    amount: Decimal
    arisen_on: date
    number: str | None = None


class StepCleared(Event, frozen=True, kw_only=True):
    """The owner of the money says: this much is open, booked up to that bank day; the step may be taken (TIM-3, DUN-14).

    ``beside`` and ``credits`` are what else is open on both sides at that moment, for the letter to show apart (DUN-1).
    """

    case_id: CaseId
    invoice_id: InvoiceId
    proposal: str
    open_amount: Decimal
    booked_until: date
    beside: tuple[OpenInvoice, ...] = ()
    credits: tuple[OpenCredit, ...] = ()


class StepStopped(Event, frozen=True, kw_only=True):
    """The owner of the money says: do not take this step. ``unmatched_money``: money came in that may be the account's (TIM-3)."""

    case_id: CaseId
    invoice_id: InvoiceId
    proposal: str
    reason: Literal["settled", "in_collection", "unknown_invoice", "unmatched_money"]


PUBLIC: tuple[type[Event], ...] = (
    ProviderProfileChanged,
    InvoiceIssued,
    CreditNoteIssued,
    InvoiceDelivered,
    DeliveryFailed,
    DirectDebitSubmitted,
    PaymentReceived,
    PaymentReversed,
    PaymentMissed,
    PaymentMissWithdrawn,
    InvoiceSettled,
    RemainderWrittenOff,
    MandateBlocked,
    StepCleared,
    StepStopped,
    *ANSWERED,
)
