"""When a payment was missed, exactly once per occasion, and when the miss never was (PAY-5)."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from termijn.events.invoice import PaymentMissed, PaymentMissWithdrawn
from termijn.invoice.receivable import Receivable, TaskRaised


def after_due_day(state: Receivable) -> Sequence[PaymentMissed | TaskRaised]:
    """The due day has ended (PAY-5): missed where something is open, no debit is awaited and no miss stands already.

    Test invoices are never dunned (INV-12).
    """
    if state.open == 0 or state.is_awaiting_debit or state.standing:
        return []
    due_on = state.issued.due_on
    if state.issued.is_billed_elsewhere and not state.issued.is_test:
        return _unpaid_elsewhere(state)
    return missed(state, cause="transfer_unpaid", ladder_due_on=due_on, missed_on=due_on + timedelta(days=1), open_amount=state.open)


def after_debit(state: Receivable, *, open_amount: Decimal, today: date) -> Sequence[PaymentMissed]:
    """A debit was booked after the due day for less than was open (PAY-5): nothing is awaited for the rest any more, so it was missed."""
    due_on = state.issued.due_on
    if not state.is_awaiting_debit or state.standing or today <= due_on:
        return []
    return missed(state, cause="transfer_unpaid", ladder_due_on=due_on, missed_on=today, open_amount=open_amount)


def _unpaid_elsewhere(state: Receivable) -> Sequence[TaskRaised]:
    if "unpaid_elsewhere" in state.tasks:
        return []
    reason = f"{state.open} is open after {state.issued.due_on}; the lease company owes it, so that no letter goes to the account"
    return [TaskRaised(invoice_id=state.issued.invoice_id, kind="unpaid_elsewhere", reason=reason)]


def missed(
    state: Receivable,
    *,
    cause: Literal["transfer_unpaid", "debit_rejected", "debit_reversed"],
    ladder_due_on: date,
    missed_on: date,
    open_amount: Decimal,
    reason_code: str | None = None,
    caused_by_us: bool = False,
    collect_again_on: date | None = None,
) -> Sequence[PaymentMissed]:
    """The next occasion (PAY-5), with all that dunning must know; none where nothing is open, or for a test account (INV-12).

    None either where the account does not owe it: letters, suspension and the bailiff would come to whom nothing is owed by (CON-11).
    """
    issued = state.issued
    if issued.is_test or issued.is_billed_elsewhere or open_amount == 0:
        return []
    return [
        PaymentMissed(
            invoice_id=issued.invoice_id,
            number=issued.number,
            occasion=state.occasions + 1,
            issued_on=issued.issued_on,
            due_on=issued.due_on,
            ladder_due_on=ladder_due_on,
            missed_on=missed_on,
            open_amount=open_amount,
            gross=issued.gross,
            stream=issued.stream,
            cause=cause,
            reason_code=reason_code,
            caused_by_us=caused_by_us,
            collect_again_on=collect_again_on,
            terms=issued.terms,
            delivered_at=state.delivered_at,
            document=issued.document,
        )
    ]


def withdrawn_by(state: Receivable, *, amount: Decimal, value_on: date) -> Sequence[PaymentMissWithdrawn]:
    """The misses that this money takes back: with it, all was paid by value dates on or before the due day (PAY-5)."""
    due_on = state.issued.due_on
    if value_on > due_on or state.received_by(due_on) + amount < state.issued.gross:
        return []
    return [PaymentMissWithdrawn(invoice_id=state.issued.invoice_id, occasion=occasion) for occasion in state.standing]
