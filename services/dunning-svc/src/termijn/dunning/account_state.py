"""What is true of the dunning of one account: its running cases, those with the bailiff, what closed ones leave behind."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.dunning.account_event import PlannedStep, RestKind, SuspendedOver
from termijn.dunning.policy import Hours
from termijn.events.base import Blob
from termijn.events.contracts import Party, TermsAcceptance
from termijn.events.dunning import LetterItem
from termijn.events.invoice import OpenCredit, OpenInvoice
from termijn.kernel.ids import CaseId, InvoiceId
from termijn.kernel.words import Language

REMEMBERED_DAYS = 400
"""How long a closed case and a miss are kept: a reversal can come thirteen months after collection (PAY-4, DUN-15)."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The account itself. ``debtor``, ``mail_to`` and ``recipients`` are personal: None once the account's key is gone."""

    debtor: Party | None
    mail_to: str | None
    has_address: bool
    language: Language
    debtor_kind: Literal["company", "consumer"]
    account_manager: str
    customer_number: str | None
    terms: TermsAcceptance | None
    recipients: tuple[str, ...] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where letters go: to the recipients that get letters (CON-8), else to the address of the invoices."""
        return self.recipients or ((self.mail_to,) if self.mail_to else ())


class TakenStep(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that was decided on, and the last payment date it names."""

    step: str
    on: date
    last_payment_on: date


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the ladder waits for."""

    kind: RestKind
    since: date
    until: date | None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A step that waits for clearance on this day, or has it."""

    id: str
    step: str
    on: date
    is_cleared: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the claim that was paid on this value date (negative: taken back)."""

    amount: Decimal
    on: date


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """A running case. ``round`` is the occasion that opened it, ``attempt`` counts its plans: together they name its timers.

    ``suspension_on``: the day that its final demand announced a suspension for (DUN-9).
    """

    case_id: CaseId
    invoice_id: InvoiceId
    number: str
    round: int
    occasion: int
    attempt: int
    issued_on: date
    due_on: date
    ladder_due_on: date
    open_amount: Decimal
    gross: Decimal
    stream: str
    caused_by_us: bool
    terms: TermsAcceptance | None
    delivered_at: datetime | None
    document: Blob
    planned: tuple[PlannedStep, ...] = ()
    taken: tuple[TakenStep, ...] = ()
    rests: tuple[Rest, ...] = ()
    proposal: Proposal | None = None
    parts: tuple[Part, ...] = ()
    suspension_on: date | None = None

    @property
    def timer(self) -> str:
        """The occasion of the timer for the next step of the present plan."""
        return f"{self.case_id}/{self.round}/{self.attempt}"

    @property
    def is_protected(self) -> bool:
        """Whether it waits for something; a ladder that has come to its end protects from nothing."""
        return any(rest.kind != "ladder_ended" for rest in self.rests)

    @property
    def wait_timer(self) -> str:
        """The occasion of the timer behind a second collection."""
        return f"{self.case_id}/{self.round}/wait/{self.occasion}"

    @property
    def last_taken_on(self) -> date | None:
        """The day of the letter before, which the next step keeps its distance from (DUN-2)."""
        return max((taken.on for taken in self.taken), default=None)

    def rests_for(self, kind: RestKind) -> Rest | None:
        """The rest of this kind, where there is one."""
        return next((rest for rest in self.rests if rest.kind == kind), None)


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that is with the bailiff."""

    case_id: CaseId
    invoice_id: InvoiceId
    number: str
    occasion: int
    handed_on: date
    open_amount: Decimal
    stream: str = ""
    suspension_on: date | None = None


class ClosedCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a closed case leaves behind for a reversal (DUN-15): which letters went out, and where its counters stood."""

    case_id: CaseId
    invoice_id: InvoiceId
    round: int
    occasion: int
    attempt: int
    closed_on: date
    taken: tuple[TakenStep, ...]


class MissedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A miss, as far as structural lateness counts it (DUN-9)."""

    invoice_id: InvoiceId
    occasion: int
    due_on: date
    is_ours: bool


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that runs, over the account or one invoice, up to and including ``until``."""

    invoice_id: InvoiceId | None
    since: date
    until: date


class Punctual(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing is planned over structural lateness."""


class WarningAhead(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A warning is planned; ``cleared`` are the cases that the owner of the money cleared on day ``asked_on``."""

    on: date
    asked_on: date | None = None
    cleared: tuple[CaseId, ...] = ()


class SuspensionAhead(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Warned; a suspension is planned, over structural lateness or over cases past their final demand."""

    on: date
    asked_on: date | None = None
    cleared: tuple[CaseId, ...] = ()
    over: SuspendedOver = "structural"


class Suspended(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The modules are suspended."""

    since: date


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner of the money said on day ``on`` is open besides: other invoices, and what the account is owed (DUN-1)."""

    on: date
    invoices: tuple[OpenInvoice, ...]
    credits: tuple[OpenCredit, ...]


Lateness = Punctual | WarningAhead | SuspensionAhead | Suspended


class DunningAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one account. ``letters`` are due and neither sent nor dropped yet, by letter id."""

    known: Known | None = None
    cases: dict[CaseId, OpenCase] = msgspec.field(default_factory=dict)
    handed_over: dict[CaseId, HandedOver] = msgspec.field(default_factory=dict)
    closed: dict[CaseId, ClosedCase] = msgspec.field(default_factory=dict)
    misses: tuple[MissedDay, ...] = ()
    lateness: Lateness = Punctual()
    lateness_attempt: int = 0
    holds: dict[str, Hold] = msgspec.field(default_factory=dict)
    holds_made: int = 0
    letters: dict[str, tuple[LetterItem, ...]] = msgspec.field(default_factory=dict)
    last_letter_on: date | None = None
    hours: Hours = Hours()
    beside: Beside | None = None

    def held(self, invoice_id: InvoiceId) -> bool:
        """Whether a hold covers this invoice."""
        return any(hold.invoice_id in (None, invoice_id) for hold in self.holds.values())


def case_id_of(invoice_id: InvoiceId) -> CaseId:
    """One case per invoice, for ever (DUN-1)."""
    return CaseId(f"case-{invoice_id}")
