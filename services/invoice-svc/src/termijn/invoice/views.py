"""The read models. Synchronous: what keeps a rule over several streams, and what handlers must read. The rest follows.

Nothing here decides; amounts come with the events.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from termijn.events.invoice import (
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
from termijn.invoice.bank_statement import StatementLoaded
from termijn.invoice.billed_module import ModuleNoted
from termijn.invoice.billing_account import LinesArrived, LinesBilled, PeriodReady, StreamBilled, StreamCarried
from termijn.invoice.credit_balance import CreditArisen, CreditWithdrawn
from termijn.invoice.draft import DraftHeld, DraftNumbered, DraftOpened, DraftReleased
from termijn.invoice.invoice_run import AccountsMissing, RunClosed, RunOpened, RunPlanned
from termijn.invoice.numbering import NumbersGiven
from termijn.invoice.payer_name import name_key
from termijn.invoice.policy import PolicySet, ProfileSet
from termijn.invoice.receivable import (
    AnnouncementFailed,
    CollectionAnnounced,
    DebitPlanned,
    DebitRejected,
    DebitWithdrawn,
    MoneySuspected,
    PaymentBooked,
    RedeliveryRequested,
    StepDelayed,
    StepLapsed,
    TaskDone,
    TaskRaised,
)
from termijn.invoice.unmatched_money import MoneyAssigned, MoneySetAside, MoneyUnmatched
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "views.sql")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def task_id(invoice_id: str, kind: str) -> str:
    """The id of a task, in read models and in the API."""
    return f"{invoice_id}~{kind}"


def apply_lines(recorded: Recorded) -> Iterable[Statement]:
    """Every charge line and its one place; drafts; numbers."""
    p, e = recorded.provider, recorded.event
    match e:
        case LinesArrived():
            columns = zip(*((x.line_id, x.article, x.stream, x.period_from, x.net) for x in e.lines), strict=True)
            yield Statement(SQL["add_lines"], (p, recorded.account, e.module_id, e.period, *(list(c) for c in columns), e.source))
        case StreamBilled():
            yield Statement(SQL["bill_stream"], (p, recorded.account, e.stream, e.period, e.invoice_id))
        case LinesBilled():
            yield Statement(SQL["bill_lines"], (p, e.invoice_id, list(e.line_ids)))
        case StreamCarried():
            yield Statement(SQL["carry_stream"], (p, recorded.account, e.stream, e.period))
        case DraftOpened():
            yield Statement(
                SQL["open_draft"],
                (p, e.invoice_id, recorded.account, e.stream, e.run_on, e.is_credit_note, e.line_count, recorded.occurred_at),
            )
        case DraftHeld():
            yield Statement(SQL["hold_draft"], (p, e.invoice_id, e.reason))
        case DraftReleased():
            yield Statement(SQL["hold_draft"], (p, e.invoice_id, None))
        case DraftNumbered():
            yield Statement(SQL["number_draft"], (p, e.invoice_id, e.number))
            yield Statement(SQL["issue_lines"], (p, e.invoice_id))
        case NumbersGiven():
            yield Statement(SQL["give_numbers"], (p, e.series, e.year, e.first, e.issued_on, list(e.invoice_ids)))
        case _:
            return


def apply_documents(recorded: Recorded) -> Iterable[Statement]:
    """Issued documents and what is open on them."""
    p, e = recorded.provider, recorded.event
    match e:
        case InvoiceIssued():
            facts = (e.number, e.series, e.stream, e.issued_on, e.due_on, e.collection, e.net, _json(e.vat), e.gross)
            kind = (e.is_test, _json(e.document), e.is_billed_elsewhere)
            yield Statement(SQL["add_invoice"], (p, e.invoice_id, recorded.account, *facts, *kind))
        case CreditNoteIssued():
            noted = (e.number, e.series, e.stream, e.issued_on, e.net, _json(e.vat), e.gross)
            yield Statement(SQL["add_credit_note"], (p, e.invoice_id, recorded.account, *noted, e.is_test, _json(e.document)))
        case PaymentBooked():
            yield Statement(SQL["book_payment"], (p, e.invoice_id, e.applied, e.open_after))
        case PaymentReversed():
            yield Statement(SQL["take_payment_back"], (p, e.invoice_id, e.amount, e.open_after))
        case RemainderWrittenOff():
            yield Statement(SQL["write_off"], (p, e.invoice_id, e.amount))
        case InvoiceSettled():
            yield Statement(SQL["settle"], (p, e.invoice_id, e.settled_on))
        case PaymentMissed():
            yield Statement(SQL["count_misses"], (p, e.invoice_id, 1))
        case PaymentMissWithdrawn():
            yield Statement(SQL["count_misses"], (p, e.invoice_id, -1))
        case InvoiceDelivered():
            yield Statement(SQL["deliver"], (p, e.invoice_id, e.delivered_at))
        case _:
            return


def apply_money(recorded: Recorded) -> Iterable[Statement]:
    """Payments by their provider-wide id, and credits."""
    p, e = recorded.provider, recorded.event
    match e:
        case PaymentBooked():
            money = (e.amount, e.applied, e.surplus, e.method, e.value_on, e.booked_on)
            yield Statement(SQL["add_payment"], (p, e.payment_id, recorded.account, e.invoice_id, *money))
        case PaymentReversed():
            yield Statement(SQL["reverse_payment"], (p, e.payment_id, e.reversed_on, e.reason_code))
        case CreditArisen():
            yield Statement(SQL["add_credit"], (p, e.credit_id, recorded.account, e.source, e.amount, e.arisen_on))
        case CreditWithdrawn():
            yield Statement(SQL["withdraw_credit"], (p, e.credit_id, e.amount))
        case _:
            return


def apply_waiting_work(recorded: Recorded) -> Iterable[Statement]:
    """What runs expect, what workers have to do, and what the provider has set."""
    p, e = recorded.provider, recorded.event
    match e:
        case ModuleNoted():
            yield Statement(SQL["note_module"], (p, e.module_id, recorded.account, e.known_on, e.starts_on, e.ended_on))
        case PeriodReady():
            yield Statement(SQL["note_period"], (p, recorded.account, e.period, e.closing, e.run_on, recorded.occurred_at))
        case ProfileSet():
            yield Statement(SQL["set_profile"], (p, e.version, _json(e.profile)))
        case PolicySet():
            yield Statement(SQL["set_policy"], (p, e.version, _json(e.policy)))
        case InvoiceIssued() | CreditNoteIssued() | RedeliveryRequested():
            yield Statement(SQL["queue_delivery"], (p, e.invoice_id, recorded.account, str(recorded.event_id)))
        case InvoiceDelivered():
            yield Statement(SQL["end_delivery"], (p, e.invoice_id, "delivered"))
        case DeliveryFailed():
            yield Statement(SQL["end_delivery"], (p, e.invoice_id, "failed"))
        case _:
            return


def apply_announcements(recorded: Recorded) -> Iterable[Statement]:
    """Which further collections are still to be announced (PAY-4). The first one is announced by the invoice."""
    p, e = recorded.provider, recorded.event
    match e:
        case DebitPlanned() if e.attempt > 1:
            yield Statement(SQL["queue_announcement"], (p, e.invoice_id, e.attempt, recorded.account, str(recorded.event_id)))
        case CollectionAnnounced():
            yield Statement(SQL["end_announcement"], (p, e.invoice_id, e.attempt, "sent"))
        case AnnouncementFailed():
            yield Statement(SQL["end_announcement"], (p, e.invoice_id, e.attempt, "failed"))
        case PaymentBooked() if e.method == "direct_debit" or e.open_after == 0:
            yield Statement(SQL["void_announcements"], (p, e.invoice_id))
        case DirectDebitSubmitted() | DebitWithdrawn() | DebitRejected():
            yield Statement(SQL["void_announcements"], (p, e.invoice_id))
        case _:
            return


def apply_statements(recorded: Recorded) -> Iterable[Statement]:
    """Statements, money that matched nothing, and the steps of dunning that wait or were stopped by it (TIM-3)."""
    p, e = recorded.provider, recorded.event
    match e:
        case StatementLoaded():
            yield Statement(SQL["load_statement"], (p, e.statement_id, e.booked_through, recorded.occurred_at))
        case MoneyUnmatched():
            payer = (e.iban, e.name, name_key(e.name) if e.name else None, e.reference)
            money = (e.amount, e.value_on, e.booked_on, *payer, recorded.occurred_at)
            yield Statement(SQL["note_unmatched"], (p, e.money_id, e.statement_id, *money))
        case MoneyAssigned():
            yield Statement(SQL["deal_with_money"], (p, e.money_id, "assigned", e.invoice_id, None))
        case MoneySetAside():
            yield Statement(SQL["deal_with_money"], (p, e.money_id, "set_aside", None, e.reason))
        case MoneySuspected():
            yield Statement(SQL["suspect_money"], (p, recorded.account, e.invoice_id, recorded.occurred_at, list(e.money_ids)))
        case StepDelayed():
            step = (e.case_id, recorded.account, e.planned_on, e.needs_through, recorded.occurred_at)
            yield Statement(SQL["delay_step"], (p, e.invoice_id, e.proposal, *step))
        case StepCleared() | StepStopped() | StepLapsed():
            yield Statement(SQL["end_delay"], (p, e.invoice_id, e.proposal))
        case _:
            return


def apply_debits(recorded: Recorded) -> Iterable[Statement]:
    """Direct debits by collection day."""
    p, e = recorded.provider, recorded.event
    match e:
        case DebitPlanned():
            days = (e.mandate_id, e.mandate_reference, e.collect_on, e.submit_on)
            yield Statement(SQL["plan_debit"], (p, e.invoice_id, e.attempt, recorded.account, *days))
        case DirectDebitSubmitted():
            yield Statement(SQL["submit_debit"], (p, e.invoice_id, e.collect_on, e.amount, e.end_to_end_id))
        case PaymentBooked() if e.method == "direct_debit":
            yield Statement(SQL["end_debit"], (p, e.invoice_id, "booked"))
        case DebitRejected():
            yield Statement(SQL["end_debit"], (p, e.invoice_id, "failed"))
        case DebitWithdrawn():
            yield Statement(SQL["end_debit"], (p, e.invoice_id, "withdrawn"))
        case _:
            return


def apply_tasks(recorded: Recorded) -> Iterable[Statement]:
    """What people are asked to look at."""
    p, e = recorded.provider, recorded.event
    match e:
        case TaskRaised():
            facts = (recorded.account, e.invoice_id, e.kind, e.reason, recorded.occurred_at)
            yield Statement(SQL["raise_task"], (p, task_id(e.invoice_id, e.kind), *facts))
        case TaskDone():
            yield Statement(SQL["finish_task"], (p, task_id(e.invoice_id, e.kind), recorded.occurred_at))
        case _:
            return


def apply_runs(recorded: Recorded) -> Iterable[Statement]:
    """Runs, and the accounts that they lacked at their deadline."""
    p, e = recorded.provider, recorded.event
    match e:
        case RunPlanned():
            yield Statement(SQL["plan_run"], (p, e.period, e.run_on))
        case RunOpened():
            yield Statement(SQL["open_run"], (p, e.period, e.opened_at, e.expected))
        case AccountsMissing():
            yield Statement(SQL["name_missing"], (p, e.period, list(e.accounts)))
        case RunClosed():
            yield Statement(SQL["close_run"], (p, e.period, e.missing))
        case _:
            return


def apply_run_parts(recorded: Recorded) -> Iterable[Statement]:
    """The accounts of each run of subscriptions and of support, and what it did with them (INV-3, INV-4)."""
    p, account, e = recorded.provider, recorded.account, recorded.event
    match e:
        case LinesArrived(support_run_on=date() as run_on):
            yield Statement(SQL["plan_part"], (p, "support", run_on, account))
        case StreamBilled():
            yield Statement(SQL["do_part"], (p, e.stream, e.run_on, account, "billed"))
        case StreamCarried():
            yield Statement(SQL["do_part"], (p, e.stream, e.run_on, account, "carried"))
            if e.next_run_on is not None:
                yield Statement(SQL["plan_part"], (p, e.stream, e.next_run_on, account))
        case _:
            return


VIEWS = (
    View(name="lines", tables=("charge_line", "draft", "number_given"), apply=apply_lines, is_synchronous=True),
    View(name="documents", tables=("document",), apply=apply_documents, is_synchronous=True),
    View(name="money", tables=("payment", "credit"), apply=apply_money, is_synchronous=True),
    View(
        name="waiting_work",
        tables=("billed_module", "account_period", "provider_profile", "provider_policy", "delivery"),
        apply=apply_waiting_work,
        is_synchronous=True,
    ),
    View(
        name="statements",
        tables=("bank_statement", "unmatched_money", "money_suspect", "waiting_step"),
        apply=apply_statements,
        is_synchronous=True,
    ),
    View(name="announcements", tables=("announcement",), apply=apply_announcements, is_synchronous=True),
    View(name="debits", tables=("direct_debit",), apply=apply_debits, is_synchronous=False),
    View(name="tasks", tables=("task",), apply=apply_tasks, is_synchronous=False),
    View(name="runs", tables=("run", "run_missing"), apply=apply_runs, is_synchronous=False),
    View(name="run_parts", tables=("run_part",), apply=apply_run_parts, is_synchronous=False),
)
