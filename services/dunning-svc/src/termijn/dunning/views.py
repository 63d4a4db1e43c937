"""Read models: cases with their history, letters, holds, lateness (synchronous); tasks, handovers and policy (behind the store)."""

from collections.abc import Iterable

import msgspec

from termijn.dunning.account_event import (
    BailiffFileUpdated,
    CaseReopened,
    CaseStarted,
    ClaimChanged,
    HoldEnded,
    HoldPlaced,
    LadderRested,
    LadderResumed,
    LatenessEnded,
    LetterDropped,
    MissRepeated,
    StepsPlanned,
    SuspensionPlanned,
    WarningPlanned,
)
from termijn.dunning.case_history import lines
from termijn.dunning.policy import PolicySet
from termijn.events.dunning import (
    BailiffHandover,
    CallTaskCreated,
    CaseClosed,
    LetterDue,
    LetterSent,
    ManagerTaskCreated,
    ResumptionRequested,
    SuspensionRequested,
    TerminationRequested,
)
from termijn.kernel.calendar import day_of
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.dunning", "views.sql")


def _do(name: str, *args: object) -> Statement:
    return Statement(SQL[name], args)


def apply_cases(recorded: Recorded) -> Iterable[Statement]:
    """A case as it is now, and the line that each event adds to its history (SEC-3)."""
    provider = recorded.provider
    match recorded.event:
        case CaseStarted() | CaseReopened() as e:
            m = e.miss
            days = (e.opened_on, m.issued_on, m.due_on, m.ladder_due_on)
            facts = (m.stream, m.gross, m.open_amount, m.occasion)
            yield _do("open_case", provider, e.case_id, recorded.account, e.invoice_id, m.number, *days, *facts)
        case MissRepeated() as e:
            yield _do("repeat_miss", provider, e.case_id, e.miss.ladder_due_on, e.miss.open_amount, e.miss.occasion)
        case StepsPlanned() as e:
            first = (e.steps[0].step, e.steps[0].on) if e.steps else (None, None)
            yield _do("plan_case", provider, e.case_id, e.attempt, _json(e.steps), *first)
        case LadderRested() as e:
            yield _do("rest_case", provider, e.case_id, e.kind)
        case LadderResumed() as e:
            yield _do("resume_case", provider, e.case_id, e.kind)
        case ClaimChanged() as e:
            yield _do("change_claim", provider, e.case_id, e.open_after)
        case CaseClosed() as e:
            yield _do("close_case", provider, e.case_id, e.closed_on, e.reason)
        case BailiffHandover() as e:
            yield _do("hand_over_case", provider, e.case_id, e.handover_on, e.principal)
        case BailiffFileUpdated() as e:
            yield _do("change_claim", provider, e.case_id, e.open_after)
        case _:
            pass
    for ordinal, line in enumerate(lines(recorded.event, day_of(recorded.occurred_at))):
        key = (provider, line.case_id, recorded.version, ordinal, recorded.account)
        told = (line.day, line.kind, line.amount, line.open_after, line.detail)
        yield _do("add_entry", *key, *told, recorded.cause.actor, recorded.cause.why)


def apply_letters(recorded: Recorded) -> Iterable[Statement]:
    """Letters from due to sent or dropped; the table refuses a second one on a day (DUN-1)."""
    provider = recorded.provider
    match recorded.event:
        case LetterDue() as e:
            text = (e.text.sha256, e.text.size_bytes, e.text.address)
            yield _do("add_letter", provider, e.letter_id, recorded.account, e.on, *text, recorded.event_id)
            for ordinal, item in enumerate(e.items):
                key = (provider, e.letter_id, ordinal, item.case_id, item.invoice_id, item.number, item.step)
                days = (item.issued_on, item.due_on, item.last_payment_on, item.handover_on, item.suspension_on)
                yield _do("add_item", *key, item.open_amount, *days)
        case LetterSent() as e:
            yield _do("letter_sent", provider, e.letter_id, e.on, e.message_id)
        case LetterDropped() as e:
            yield _do("letter_dropped", provider, e.letter_id, e.reason)
        case _:
            pass


def apply_account(recorded: Recorded) -> Iterable[Statement]:
    """Holds, and what is ahead of a structural late payer."""
    provider, account, today = recorded.provider, recorded.account, day_of(recorded.occurred_at)
    match recorded.event:
        case HoldPlaced() as e:
            yield _do("add_hold", provider, e.hold_id, account, e.invoice_id, e.reason, e.since, e.until)
        case HoldEnded() as e:
            yield _do("end_hold", provider, e.hold_id, "lifted" if e.is_lifted else "ended", e.on)
        case WarningPlanned():
            yield _do("set_lateness", provider, account, "warning_ahead", today)
        case SuspensionPlanned():
            yield _do("set_lateness", provider, account, "suspension_ahead", today)
        case SuspensionRequested():
            yield _do("set_lateness", provider, account, "suspended", today)
        case LatenessEnded() | ResumptionRequested() | TerminationRequested():
            yield _do("end_lateness", provider, account)
        case _:
            pass


def apply_tasks(recorded: Recorded) -> Iterable[Statement]:
    """What people are asked to do; a task is gone when its reason is."""
    provider, account = recorded.provider, recorded.account
    task = (provider, f"{account}/{recorded.version}", account)
    match recorded.event:
        case CallTaskCreated() as e:
            yield _do("add_task", *task, e.case_id, "call", e.account_manager, "call about the reminder", e.due_on)
        case ManagerTaskCreated() as e:
            yield _do("add_task", *task, e.case_id, e.kind, "", e.reason, e.due_on)
        case LadderResumed() as e:
            yield _do("tasks_gone", provider, e.case_id, e.kind)
            yield _do("account_tasks_gone", provider, account, e.kind)
        case CaseClosed() | BailiffHandover() as e:
            yield _do("tasks_gone", provider, e.case_id, None)
        case ResumptionRequested() | TerminationRequested():
            yield _do("account_tasks_gone", provider, account, "termination")
        case _:
            pass


def apply_handovers(recorded: Recorded) -> Iterable[Statement]:
    """Claims that are with the bailiff, and what is open of them (DUN-5)."""
    provider = recorded.provider
    match recorded.event:
        case BailiffHandover() as e:
            key = (provider, e.case_id, recorded.account, e.invoice_id, e.number, e.invoice_date, e.handover_on)
            file = (e.dossier.sha256, e.dossier.size_bytes, e.dossier.address)
            yield _do("add_handover", *key, e.principal, e.collection_costs, e.interest, *file)
        case BailiffFileUpdated() as e:
            yield _do("change_handover", provider, e.case_id, e.open_after)
        case _:
            pass


def apply_policy(recorded: Recorded) -> Iterable[Statement]:
    """Versions of the policy."""
    match recorded.event:
        case PolicySet() as e:
            yield _do("add_policy", recorded.provider, e.version, _json(e.policy), recorded.occurred_at)
        case _:
            pass


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


VIEWS: tuple[View, ...] = (
    View(name="cases", tables=("dunning_case", "case_entry"), apply=apply_cases, is_synchronous=True),
    View(name="letters", tables=("letter", "letter_item"), apply=apply_letters, is_synchronous=True),
    View(name="account", tables=("dunning_hold", "lateness"), apply=apply_account, is_synchronous=True),
    View(name="policy", tables=("policy_version",), apply=apply_policy, is_synchronous=True),
    View(name="tasks", tables=("task",), apply=apply_tasks, is_synchronous=False),
    View(name="handovers", tables=("handover",), apply=apply_handovers, is_synchronous=False),
)
