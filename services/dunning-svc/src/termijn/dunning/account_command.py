"""What can be asked of the dunning of an account. Every command brings the policy in force."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from termijn.dunning.account_event import Miss
from termijn.dunning.policy import Policy
from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts, Party
from termijn.events.invoice import OpenCredit, OpenInvoice
from termijn.kernel.ids import AccountId, CaseId, InvoiceId, PaymentId
from termijn.runtime.aggregate import Command


class AccountCommand(Command, frozen=True, kw_only=True):
    """Any of them. ``policy_version`` is that of ``policy``."""

    policy: Policy = Policy()
    policy_version: int = 0


class LearnAccount(AccountCommand, frozen=True, kw_only=True):
    """The account as contracts-svc has it now. ``recipients``: the addresses that get letters, where it names some (CON-8)."""

    debtor: Party | None
    mail_to: str | None
    facts: AccountFacts
    recipients: tuple[str, ...] | None = None


class RecordMiss(AccountCommand, frozen=True, kw_only=True):
    """An invoice was missed (PAY-5)."""

    invoice_id: InvoiceId
    miss: Miss


class WithdrawMiss(AccountCommand, frozen=True, kw_only=True):
    """The miss never was."""

    invoice_id: InvoiceId
    occasion: int


class RecordPayment(AccountCommand, frozen=True, kw_only=True):
    """Money was booked on an invoice; negative where it was taken back."""

    invoice_id: InvoiceId
    payment_id: PaymentId
    amount: Decimal
    value_on: date
    open_after: Decimal


class RecordSettled(AccountCommand, frozen=True, kw_only=True):
    """Nothing is open on the invoice any more: paid, credited or written off."""

    invoice_id: InvoiceId
    is_written_off: bool = False


class ProveDelivery(AccountCommand, frozen=True, kw_only=True):
    """The customer has the invoice."""

    invoice_id: InvoiceId
    delivered_at: datetime


class ProposeStep(AccountCommand, frozen=True, kw_only=True):
    """The day of the case's next step has come (``proposals_at``). ``timer`` names the plan that the date belongs to."""

    case_id: CaseId
    timer: str


class ProposeLateness(AccountCommand, frozen=True, kw_only=True):
    """The day of a warning or suspension has come (``proposals_at``)."""

    attempt: int


class TakeClearance(AccountCommand, frozen=True, kw_only=True):
    """The owner of the money cleared a proposal. ``beside`` and ``credits``: what else is open on both sides (DUN-1)."""

    case_id: CaseId
    proposal: str
    open_amount: Decimal
    booked_until: date
    beside: tuple[OpenInvoice, ...] = ()
    credits: tuple[OpenCredit, ...] = ()


class TakeRefusal(AccountCommand, frozen=True, kw_only=True):
    """The owner of the money stopped a proposal."""

    case_id: CaseId
    proposal: str
    reason: Literal["settled", "in_collection", "unknown_invoice", "unmatched_money"]


class TakeSteps(AccountCommand, frozen=True, kw_only=True):
    """It is the hour of letters: letters and suspensions leave. ``text`` is the letter that ``letters.draft`` of this state asks for."""

    account: AccountId
    on: date
    text: Blob | None


class HandOver(AccountCommand, frozen=True, kw_only=True):
    """It is the hour of handovers: the case goes to the bailiff. The facts are those that ``handover.ready`` of this state asks for."""

    case_id: CaseId
    timer: str
    collection_costs: Decimal
    interest: Decimal
    dossier: Blob | None


class EndWait(AccountCommand, frozen=True, kw_only=True):
    """A second collection should have had its result by now."""

    case_id: CaseId
    collect_again_on: date


class AskForTermination(AccountCommand, frozen=True, kw_only=True):
    """The suspension lasts; a manager decides (DUN-9)."""

    attempt: int


class Terminate(AccountCommand, frozen=True, kw_only=True):
    """A manager decided that the suspended modules end for default (DUN-9)."""

    account: AccountId
    reason: str


class PlaceHold(AccountCommand, frozen=True, kw_only=True):
    """Hold dunning for the account, or for one invoice (DUN-14)."""

    account: AccountId
    invoice_id: InvoiceId | None
    reason: str
    until: date


class EndHold(AccountCommand, frozen=True, kw_only=True):
    """A hold's last day has passed, or a manager lifts it."""

    hold_id: str
    is_lifted: bool


class RecordSent(AccountCommand, frozen=True, kw_only=True):
    """The mail server accepted the letter, on the letter's own day ``on``; None: now."""

    letter_id: str
    message_id: str
    on: date | None = None


class DropLetter(AccountCommand, frozen=True, kw_only=True):
    """A letter that was due is not to go."""

    letter_id: str
    reason: Literal["no_longer_due", "day_passed", "refused"]
