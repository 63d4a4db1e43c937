"""What happens in the dunning of one account. Class names are stored forever.

Public events that have exactly the right fields are recorded as they are (termijn.events.dunning); these are the private ones.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from termijn.dunning.policy import Hours
from termijn.events.base import Blob, Event
from termijn.events.contracts import Party, TermsAcceptance
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
from termijn.events.invoice import OpenCredit, OpenInvoice
from termijn.kernel.ids import CaseId, InvoiceId, PaymentId
from termijn.kernel.words import Language

RestKind = Literal["collect_again", "hold", "missing_proof", "no_address", "write_off", "small_claim", "ladder_ended"]
"""What a ladder can wait for. A case that has no timer ahead names one of these."""


SuspendedOver = Literal["structural", "single_case"]
"""What modules are suspended over (DUN-9)."""


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that was not paid when it should have been, as invoice-svc told it (PAY-5)."""

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


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step and the day it is planned for."""

    step: str
    on: date


class AccountLearned(Event, frozen=True, kw_only=True):
    """What dunning must know of the account, as it is from now on.

    ``recipients`` are the addresses that get letters; where there are none, letters go to ``mail_to``. ``has_address``: to either.
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"debtor", "mail_to", "customer_number", "recipients"})
    debtor: Party | None
    mail_to: str | None
    has_address: bool
    language: Language
    debtor_kind: Literal["company", "consumer"]
    account_manager: str
    customer_number: str | None
    terms: TermsAcceptance | None
    recipients: tuple[str, ...] | None = None


class CaseStarted(Event, frozen=True, kw_only=True):
    """An invoice was missed for the first time (DUN-1)."""

    case_id: CaseId
    invoice_id: InvoiceId
    opened_on: date
    miss: Miss


class CaseReopened(Event, frozen=True, kw_only=True):
    """A payment was reversed after the case had closed (DUN-15)."""

    case_id: CaseId
    invoice_id: InvoiceId
    opened_on: date
    miss: Miss


class MissRepeated(Event, frozen=True, kw_only=True):
    """The invoice of a running case was missed once more: its debit came back again (PAY-4)."""

    case_id: CaseId
    invoice_id: InvoiceId
    on: date
    miss: Miss


class MissWithdrawn(Event, frozen=True, kw_only=True):
    """The miss never was: the money has a value date on or before the due day (PAY-5)."""

    case_id: CaseId
    invoice_id: InvoiceId
    occasion: int
    on: date


class StepsPlanned(Event, frozen=True, kw_only=True):
    """The unsent steps lie on these days from now on; replaces the plan before (DUN-2)."""

    case_id: CaseId
    attempt: int
    steps: tuple[PlannedStep, ...]
    reason: str
    policy_version: int


class LadderRested(Event, frozen=True, kw_only=True):
    """The ladder waits for something, and says for what. ``until`` where that has a day."""

    case_id: CaseId
    kind: RestKind
    since: date
    until: date | None = None


class LadderResumed(Event, frozen=True, kw_only=True):
    """That is not waited for any more; unsent steps move by ``days_paused`` (DUN-16; 0 where the wait was no pause)."""

    case_id: CaseId
    kind: RestKind
    on: date
    days_paused: int = 0


class ClearanceGiven(Event, frozen=True, kw_only=True):
    """The owner of the money allows the proposed step over this open amount (DUN-14); ``beside`` and ``credits``: DUN-1."""

    case_id: CaseId
    proposal: str
    open_amount: Decimal
    booked_until: date
    on: date | None = None
    beside: tuple[OpenInvoice, ...] = ()
    credits: tuple[OpenCredit, ...] = ()


class ClearanceRefused(Event, frozen=True, kw_only=True):
    """The owner of the money says not to take the proposed step."""

    case_id: CaseId
    proposal: str
    reason: str
    on: date


class ClaimChanged(Event, frozen=True, kw_only=True):
    """Money changed what is open on a running case (DUN-6)."""

    case_id: CaseId
    kind: Literal["payment", "reversal", "statement"]
    payment_id: PaymentId | None
    amount: Decimal
    value_on: date
    open_after: Decimal


class DeliveryProven(Event, frozen=True, kw_only=True):
    """The invoice of a running case was received (DUN-4)."""

    case_id: CaseId
    delivered_at: datetime


class BailiffFileUpdated(Event, frozen=True, kw_only=True):
    """Something about a claim that is with the bailiff, to be passed on to his file (DUN-5)."""

    case_id: CaseId
    invoice_id: InvoiceId
    kind: Literal["payment", "reversal", "settled", "withdrawn"]
    payment_id: PaymentId | None
    amount: Decimal
    on: date
    open_after: Decimal
    occasion: int | None = None


class LetterDropped(Event, frozen=True, kw_only=True):
    """A letter that was due does not go: its reason was gone, its day had passed, or the address is no good (DUN-14)."""

    letter_id: str
    on: date
    reason: Literal["no_longer_due", "day_passed", "refused"]
    items: tuple[LetterItem, ...]


class HoldPlaced(Event, frozen=True, kw_only=True):
    """A manager holds dunning for the account, or for one invoice, up to and including ``until`` (DUN-14)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    hold_id: str
    invoice_id: InvoiceId | None
    reason: str | None
    since: date
    until: date


class HoldEnded(Event, frozen=True, kw_only=True):
    """A hold is over: by its date, or lifted by a manager."""

    hold_id: str
    is_lifted: bool
    on: date


class WarningPlanned(Event, frozen=True, kw_only=True):
    """A structural late payer is to be warned on this day (DUN-9). ``due_days``: those that were missed."""

    on: date
    attempt: int
    due_days: tuple[date, ...]


class SuspensionPlanned(Event, frozen=True, kw_only=True):
    """The warning was given; without payment the modules are suspended on this day (DUN-9).

    ``over``: structural lateness, or a single case whose final demand was the warning.
    """

    on: date
    attempt: int
    over: SuspendedOver = "structural"


class TerminationPlanned(Event, frozen=True, kw_only=True):
    """Still unpaid on this day, a manager decides on termination (DUN-9)."""

    on: date
    attempt: int


class LatenessEnded(Event, frozen=True, kw_only=True):
    """No warning or suspension is ahead any more."""

    reason: Literal["paid", "withdrawn", "nothing_due"]


class HoursAdopted(Event, frozen=True, kw_only=True):
    """The timers that this account sets from now on keep the hours of the policy of now (TIM-3)."""

    hours: Hours


AccountEvent = (
    AccountLearned
    | CaseStarted
    | CaseReopened
    | MissRepeated
    | MissWithdrawn
    | StepsPlanned
    | LadderRested
    | LadderResumed
    | StepProposed
    | ClearanceGiven
    | ClearanceRefused
    | ClaimChanged
    | DeliveryProven
    | LetterDue
    | LetterSent
    | LetterDropped
    | CallTaskCreated
    | ManagerTaskCreated
    | BailiffHandover
    | BailiffFileUpdated
    | WriteOffRequested
    | CaseClosed
    | HoldPlaced
    | HoldEnded
    | WarningPlanned
    | SuspensionPlanned
    | TerminationPlanned
    | LatenessEnded
    | HoursAdopted
    | SuspensionRequested
    | ResumptionRequested
    | TerminationRequested
)
