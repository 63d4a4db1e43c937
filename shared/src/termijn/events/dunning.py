"""What dunning-svc publishes: what happens to what is not paid. Names are stored forever. Amounts are gross euros."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from termijn.events.base import Blob, Event
from termijn.events.erasure import ANSWERED
from termijn.kernel.ids import CaseId, InvoiceId

TOPIC = "termijn.dunning.v1"

Step = Literal["reminder", "second_reminder", "formal_notice", "final_demand", "bailiff"]
Letter = Literal["reminder", "second_reminder", "formal_notice", "final_demand", "suspension_warning", "reversal_notice"]
"""A step's letter, the warning of DUN-9, or a reversal's own letter where earlier ones are not repeated (DUN-15)."""


class LetterItem(msgspec.Struct, frozen=True, kw_only=True):
    """One case in a letter: each invoice has its own step and its own last payment date (DUN-1, DUN-3).

    A final demand names the day of the handover and, where the provider suspends over a single case, of the suspension (DUN-9).
    """

    case_id: CaseId
    invoice_id: InvoiceId
    number: str
    step: Letter
    open_amount: Decimal
    issued_on: date
    due_on: date
    last_payment_on: date
    handover_on: date | None = None
    suspension_on: date | None = None


class CaseOpened(Event, frozen=True, kw_only=True):
    """An invoice was missed; its case runs from now (DUN-1)."""

    case_id: CaseId
    invoice_id: InvoiceId
    number: str
    open_amount: Decimal
    opened_on: date


class StepProposed(Event, frozen=True, kw_only=True):
    """Dunning wants to take a step today and asks the owner of the money whether it may. ``proposal`` is answered literally."""

    case_id: CaseId
    invoice_id: InvoiceId
    proposal: str
    step: str
    planned_on: date


class LetterDue(Event, frozen=True, kw_only=True):
    """One mail to the account is decided: every case that has a step today (DUN-1). The text is a blob."""

    letter_id: str
    on: date
    items: tuple[LetterItem, ...]
    text: Blob


class LetterSent(Event, frozen=True, kw_only=True):
    """The mail was accepted. ``message_id`` is its Message-ID."""

    letter_id: str
    on: date
    message_id: str
    items: tuple[LetterItem, ...]


class CallTaskCreated(Event, frozen=True, kw_only=True):
    """The account manager is asked to call (DUN-1)."""

    case_id: CaseId
    invoice_id: InvoiceId
    account_manager: str
    due_on: date


class ManagerTaskCreated(Event, frozen=True, kw_only=True):
    """A person must act: proof or a mail address is missing (DUN-4), too small for the bailiff (DUN-5), termination (DUN-9)."""

    case_id: CaseId | None
    kind: Literal["missing_proof", "small_claim", "termination", "no_address"]
    reason: str
    due_on: date


class SuspensionRequested(Event, frozen=True, kw_only=True):
    """Structural late payment, or a single case past its final demand where policy says so: reduced functionality, for the unpaid
    ``streams``; empty means all modules (DUN-9)."""

    reason: str
    requested_at: datetime
    streams: tuple[str, ...] = ()


class ResumptionRequested(Event, frozen=True, kw_only=True):
    """All that was overdue is paid: full functionality again (DUN-9)."""

    reason: str
    requested_at: datetime


class TerminationRequested(Event, frozen=True, kw_only=True):
    """A manager decided that the suspended modules end for default (DUN-9)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    reason: str | None
    requested_at: datetime


class BailiffHandover(Event, frozen=True, kw_only=True):
    """The claim went to the bailiff with its case file as one archive (DUN-5)."""

    case_id: CaseId
    invoice_id: InvoiceId
    number: str
    invoice_date: date
    handover_on: date
    principal: Decimal
    collection_costs: Decimal
    interest: Decimal
    dossier: Blob


class WriteOffRequested(Event, frozen=True, kw_only=True):
    """A remainder too small to ask for (DUN-6); invoice-svc books it."""

    case_id: CaseId
    invoice_id: InvoiceId
    amount: Decimal


class CaseClosed(Event, frozen=True, kw_only=True):
    """The case is over: paid, withdrawn, written off or credited."""

    case_id: CaseId
    invoice_id: InvoiceId
    reason: Literal["paid", "withdrawn", "written_off", "credited"]
    closed_on: date


PUBLIC: tuple[type[Event], ...] = (
    CaseOpened,
    StepProposed,
    LetterDue,
    LetterSent,
    CallTaskCreated,
    ManagerTaskCreated,
    SuspensionRequested,
    ResumptionRequested,
    TerminationRequested,
    BailiffHandover,
    WriteOffRequested,
    CaseClosed,
    *ANSWERED,
)
