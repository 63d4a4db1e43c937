"""What happens when this service's dates come: runs open and end, documents are drafted, debits leave, due days end."""

from collections.abc import Sequence
from typing import Any

from termijn.invoice.billing_account import BILLING_ACCOUNT, AccountEvent, DraftDue, HeldLine, Known, StreamBilled, SupportDue
from termijn.invoice.billing_account_command import DraftDocuments, DraftSupport
from termijn.invoice.draft import DRAFT, DocumentLine, OpenDraft
from termijn.invoice.invoice import INVOICE, BookingOverdue, DebitDue, DueDayEnded
from termijn.invoice.invoice_command import CheckBooked, EndDueDay, SubmitDebit
from termijn.invoice.invoice_run import INVOICE_RUN, CloseRun, OpenRun, RunDeadline, RunDue
from termijn.invoice.payer import PAYER
from termijn.invoice.policy import POLICY
from termijn.invoice.reactions import Streams, plan_run
from termijn.invoice.receivable import Receivable
from termijn.invoice.support_run import is_quarters_run, next_quarters_run
from termijn.kernel.ids import CATALOGUE, AccountId
from termijn.kernel.period import Month
from termijn.runtime.handling import Fired, Handled, NoEffect, Outcome, WakeUpHandler, Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")


async def on_draft_due(work: Work, fired: Fired[DraftDue]) -> Outcome:
    """The account's part in a run: one draft per stream that bills (INV-1, INV-3)."""
    account = fired.account
    before = await work.load(BILLING_ACCOUNT, account)
    assert isinstance(before, Known), "only a known account has a period closed"
    policy = (await work.load(POLICY, CURRENT)).value
    period = fired.wake_up.period
    draft = DraftDocuments(now=work.now, account=account, period=period, closing=fired.wake_up.closing, policy=policy)
    events = await work.execute(BILLING_ACCOUNT, account, draft, account=account)
    await _open_drafts(work, account, before, events)
    return Handled() if events else NoEffect("drafted before")


async def on_support_due(work: Work, fired: Fired[SupportDue]) -> Outcome:
    """The account's part in a run of support (INV-4): all that waits there by now."""
    account, run_on = fired.account, fired.wake_up.run_on
    before = await work.load(BILLING_ACCOUNT, account)
    assert isinstance(before, Known), "only a known account has lines"
    policy = (await work.load(POLICY, CURRENT)).value
    draft = DraftSupport(
        now=work.now,
        account=account,
        run_on=run_on,
        is_quarter_run=is_quarters_run(run_on, policy.support_runs),
        next_run_on=next_quarters_run(run_on, policy.support_runs),
        policy=policy,
    )
    events = await work.execute(BILLING_ACCOUNT, account, draft, account=account)
    await _open_drafts(work, account, before, events)
    return Handled() if events else NoEffect("nothing waits for it any more")


async def _open_drafts(work: Work, account: AccountId, before: Known, events: Sequence[AccountEvent]) -> None:
    for billed in events:
        if isinstance(billed, StreamBilled):
            lines = before.lines_for(stream=billed.stream, period=billed.period)
            assert len(lines) == billed.lines, "the draft has the lines that left the account"
            opened = OpenDraft(
                now=work.now,
                invoice_id=billed.invoice_id,
                stream=billed.stream,
                run_on=billed.run_on,
                is_credit_note=billed.is_credit_note,
                lines=tuple(_document_line(line) for line in lines),
            )
            await work.execute(DRAFT, billed.invoice_id, opened, account=account)


def _document_line(held: HeldLine) -> DocumentLine:
    return DocumentLine(line=held.line, module_id=held.module_id, module_title=held.module_title, period=held.period)


async def on_run_due(work: Work, fired: Fired[RunDue]) -> Outcome:
    """Open the run, and wait for the next one."""
    month = Month.parse(fired.wake_up.period)
    rows = await work.fetch(SQL["expected_accounts"], work.provider, month.first, month.last)
    await work.execute(INVOICE_RUN, fired.key, OpenRun(now=work.now, expected=len(rows)), account=CATALOGUE)
    await plan_run(work, str(month.next()))
    return Handled()


async def on_run_deadline(work: Work, fired: Fired[RunDeadline]) -> Outcome:
    """Name the accounts whose period rating has not closed; their documents follow when it does."""
    month = Month.parse(fired.wake_up.period)
    rows = await work.fetch(SQL["missing_accounts"], work.provider, month.first, month.last, fired.wake_up.period)
    missing = tuple(AccountId(row["account"]) for row in rows)
    await work.execute(INVOICE_RUN, fired.key, CloseRun(now=work.now, missing=missing), account=CATALOGUE)
    return Handled()


async def on_due_day_ended(work: Work, fired: Fired[DueDayEnded]) -> Outcome:
    """PAY-5."""
    done = await work.execute(INVOICE, fired.key, EndDueDay(now=work.now), account=fired.account)
    return Handled() if done else NoEffect("paid, or its debit is awaited")


async def on_debit_due(work: Work, fired: Fired[DebitDue]) -> Outcome:
    """PAY-2: only under a mandate that may be used on this day."""
    state = await work.load(INVOICE, fired.key)
    if not isinstance(state, Receivable) or state.debit is None:
        return NoEffect("there is no debit")
    payer = await work.load(PAYER, fired.account)
    is_usable = payer.may_collect_with(state.debit.mandate_id)
    command = SubmitDebit(now=work.now, attempt=fired.wake_up.attempt, is_mandate_usable=is_usable)
    done = await work.execute(INVOICE, fired.key, command, account=fired.account)
    return Handled() if done else NoEffect("the debit was withdrawn")


async def on_booking_overdue(work: Work, fired: Fired[BookingOverdue]) -> Outcome:
    """PAY-5: a task, not a letter."""
    done = await work.execute(INVOICE, fired.key, CheckBooked(now=work.now, attempt=fired.wake_up.attempt), account=fired.account)
    return Handled() if done else NoEffect("the debit has its result")


def _account(fired: Fired[Any]) -> Streams:
    return [(BILLING_ACCOUNT, fired.account), (POLICY, CURRENT)]


def _run(fired: Fired[Any]) -> Streams:
    return [(INVOICE_RUN, fired.key)]


def _invoice(fired: Fired[Any]) -> Streams:
    return [(INVOICE, fired.key)]


def _invoice_and_payer(fired: Fired[Any]) -> Streams:
    return [(INVOICE, fired.key), (PAYER, fired.account)]


WAKE_UPS: tuple[WakeUpHandler[Any], ...] = (
    WakeUpHandler(wake_up=DraftDue, handle=on_draft_due, streams=_account),
    WakeUpHandler(wake_up=SupportDue, handle=on_support_due, streams=_account),
    WakeUpHandler(wake_up=RunDue, handle=on_run_due, streams=_run),
    WakeUpHandler(wake_up=RunDeadline, handle=on_run_deadline, streams=_run),
    WakeUpHandler(wake_up=DueDayEnded, handle=on_due_day_ended, streams=_invoice),
    WakeUpHandler(wake_up=DebitDue, handle=on_debit_due, streams=_invoice_and_payer),
    WakeUpHandler(wake_up=BookingOverdue, handle=on_booking_overdue, streams=_invoice),
)
