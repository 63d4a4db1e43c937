"""When a direct debit is planned, announced, handed to the bank, withdrawn, and collected once more (PAY-2, PAY-4)."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from termijn.events.invoice import DirectDebitSubmitted
from termijn.invoice.invoice_command import RecordAnnouncement, RecordAnnouncementFailure
from termijn.invoice.missed_payment import missed
from termijn.invoice.payer import Mandate
from termijn.invoice.policy import Policy, TaskKind
from termijn.invoice.receivable import (
    AnnouncementFailed,
    CollectionAnnounced,
    Debit,
    DebitPlanned,
    DebitWithdrawn,
    InvoiceEvent,
    Receivable,
    TaskRaised,
)
from termijn.kernel.calendar import next_bank_day, previous_bank_day
from termijn.kernel.ids import InvoiceId

_DAY = timedelta(days=1)


def planned(*, invoice_id: InvoiceId, attempt: int, mandate: Mandate, collect_on: date) -> DebitPlanned:
    """A debit on that bank day, handed over one bank day before (PAY-2)."""
    return DebitPlanned(
        invoice_id=invoice_id,
        attempt=attempt,
        mandate_id=mandate.mandate_id,
        mandate_reference=mandate.reference,
        collect_on=collect_on,
        submit_on=previous_bank_day(collect_on),
    )


def submit(state: Receivable, debit: Debit, *, today: date, is_mandate_usable: bool) -> Sequence[InvoiceEvent]:
    """Hand over what is open (PAY-2), or withdraw: nothing is open any more, or the mandate went meanwhile.

    A debit that is handed over late is collected on the first bank day that is left (INV-18). A further collection that the
    debtor was not told of is a task (PAY-4).
    """
    invoice_id = state.issued.invoice_id
    if state.open == 0:
        return [DebitWithdrawn(invoice_id=invoice_id, attempt=debit.attempt, reason="paid")]
    if not is_mandate_usable:
        return _without_mandate(state, debit, today=today)
    submitted = DirectDebitSubmitted(
        invoice_id=invoice_id,
        mandate_id=debit.mandate_id,
        amount=state.open,
        collect_on=max(debit.collect_on, next_bank_day(today + _DAY)),
        end_to_end_id=f"{state.issued.number}-{debit.attempt}",
    )
    is_unannounced = debit.attempt > 1 and not debit.is_announced
    tasks = raised(state, "announcement_failed", f"the debit of {debit.collect_on} left unannounced") if is_unannounced else []
    return [submitted, *tasks]


def announced(command: RecordAnnouncement | RecordAnnouncementFailure, state: Receivable) -> Sequence[InvoiceEvent]:
    """A further collection is announced once (PAY-4); where it cannot be, a person tells the debtor."""
    debit, invoice_id = state.debit, state.issued.invoice_id
    if debit is None or debit.attempt != command.attempt or debit.is_announced:
        return []
    if isinstance(command, RecordAnnouncementFailure):
        failed = AnnouncementFailed(invoice_id=invoice_id, attempt=debit.attempt, reason=command.reason)
        return [failed, *raised(state, "announcement_failed", command.reason)]
    return [
        CollectionAnnounced(
            invoice_id=invoice_id,
            attempt=debit.attempt,
            amount=command.amount,
            collect_on=debit.collect_on,
            announced_at=command.now,
        )
    ]


def _without_mandate(state: Receivable, debit: Debit, *, today: date) -> Sequence[InvoiceEvent]:
    """The invoice goes on as a transfer, and a person is told (INV-6); a second collection has failed by it (PAY-4)."""
    due_on = state.issued.due_on
    withdrawn = DebitWithdrawn(invoice_id=state.issued.invoice_id, attempt=debit.attempt, reason="mandate_unusable")
    misses: Sequence[InvoiceEvent] = []
    if debit.attempt > 1:
        failed_on = max(due_on, today)
        misses = missed(state, cause="debit_rejected", ladder_due_on=failed_on, missed_on=failed_on, open_amount=state.open)
    elif today > due_on and not state.standing:
        misses = missed(state, cause="transfer_unpaid", ladder_due_on=due_on, missed_on=due_on + _DAY, open_amount=state.open)
    return [withdrawn, *misses, *raised(state, "no_usable_mandate", "the mandate cannot be used any more")]


def after_failure(
    state: Receivable,
    *,
    cause: Literal["debit_rejected", "debit_reversed"],
    reason_code: str,
    failed_on: date,
    open_amount: Decimal,
    mandate: Mandate | None,
    policy: Policy,
    today: date,
) -> Sequence[InvoiceEvent]:
    """What follows when a debit was rejected or a payment reversed (PAY-4, PAY-5), by the policy of its reason code.

    Insufficient funds is collected once more, on the first bank day at least 14 days later; while that is awaited the ladder
    rests, and the failure of it is a further occasion. Our own mistakes and unclear reasons are a person's task.
    """
    if open_amount == 0 or state.issued.is_test:
        return []
    rule = policy.reversal(reason_code)
    again: list[DebitPlanned] = []
    # A live second debit has its own result to come; never is an invoice in two files (PAY-2).
    is_pending = cause == "debit_reversed" and state.is_awaiting_debit
    if rule.collects_again and mandate is not None and not is_pending and 0 < state.attempts < policy.collections_max:
        collect_on = next_bank_day(max(failed_on + timedelta(days=policy.collect_again_days), today + _DAY))
        again = [planned(invoice_id=state.issued.invoice_id, attempt=state.attempts + 1, mandate=mandate, collect_on=collect_on)]
    misses = missed(
        state,
        cause=cause,
        ladder_due_on=max(failed_on, state.issued.due_on),
        missed_on=failed_on,
        open_amount=open_amount,
        reason_code=reason_code,
        caused_by_us=rule.is_our_mistake,
        collect_again_on=again[0].collect_on if again else None,
    )
    tasks = raised(state, rule.task, f"{cause.replace('_', ' ')} with reason code {reason_code}") if rule.task else []
    return [*misses, *again, *tasks]


def raised(state: Receivable, kind: TaskKind, reason: str) -> Sequence[TaskRaised]:
    """A task for a person, unless one of that kind is open."""
    return [] if kind in state.tasks else [TaskRaised(invoice_id=state.issued.invoice_id, kind=kind, reason=reason)]
