"""What came of a simulated history, in a form that must be equal with and without faults: amounts, dates, states, letters by day.

Not compared: ids that follow from an order that nobody promised (which of two drafts of a run came first), and who got which
number. That numbers have no holes is a law that verify checks.
"""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from termijn.testing.simulation_people import People
from termijn.testing.simulation_world import World

Rows = Counter[tuple[str, ...]]

DATED: Mapping[str, tuple[str, str]] = {
    "modules": (
        "contracts",
        "select provider, account, module_id, kind, state, ordered_on, starts_on, notice_on, ends_on, suspended_at, suspension_reason "
        "from module",
    ),
    "quantities": ("contracts", "select provider, module_id, from_on, quantity from module_quantity"),
    "subjects": ("contracts", "select provider, account, module_id, subject, from_at, until_at from subject_owner"),
    "mandates": ("contracts", "select provider, account, mandate_id, state, revoked_on, block_reason from mandate"),
    "options": ("contracts", "select provider, module_id, article_id, quantity, from_on, ends_on from module_option"),
    "tariffs of modules": ("contracts", "select provider, module_id, from_on, tariff_id, tariff_version, counts_from from module_tariff"),
    "versions": ("contracts", "select provider, tariff_id, version, orders_from, takes_orders, tariff from tariff_version"),
    "drafts": ("contracts", "select provider, tariff_id, orders_from, tariff, saved_at from tariff_draft"),
    "price changes": (
        "contracts",
        "select provider, account, module_id, change_id, from_version, to_version, from_on, may_end_free_until, moves, state, reason, "
        "announced_at from price_change",
    ),
    "migrations": (
        "contracts",
        "select provider, migration_id, state, modules, announced, skipped, started_at, finished_at from tariff_migration",
    ),
    "skipped": ("contracts", "select provider, migration_id, module_id, reason from migration_skip"),
    "projects": (
        "contracts",
        "select provider, account, project_id, state, price, remainder, delivered_on, over_on, dropped from project",
    ),
    "milestones": ("contracts", "select provider, project_id, milestone_id, net, reached_on from project_milestone"),
    "goods": (
        "contracts",
        "select o.provider, o.account, o.order_id, o.agreed_on, l.line_id, l.quantity, l.delivered, l.cancelled, l.placed "
        "from goods_order o join goods_line l using (provider, order_id)",
    ),
    "warranties": (
        "contracts",
        "select provider, account, warranty_id, covers, from_on, until_on, own_months, supplier_months from warranty",
    ),
    "leases": ("contracts", "select provider, account, lease_id, module_id, months, starts_on, ends_on, ended_on from lease"),
    "managers' tasks": ("contracts", "select provider, account, task_id, kind, reason, raised_on, raised_at, done_at from manager_task"),
    "deletions": ("contracts", "select provider, account, state, requested_at, ended_at, ended_because, overdue from account_deletion"),
    "keys destroyed": ("contracts", "select provider, account, purpose, is_gone from doomed_key"),
    "confirmations": ("contracts", "select provider, account, module_id, kind, facts, decided_at, state from confirmation"),
    "periods closed": ("rating", "select provider, account, period, modules, running_modules from closed_period"),
    "lines billed": (
        "rating",
        "select provider, account, module_id, period, origin, article, period_from, period_until, net, quantity, records, seconds "
        "from billed_line",
    ),
    "documents": (
        "invoice",
        "select provider, account, kind, stream, issued_on, due_on, collection, net, vat, gross, paid, credited, written_off, open, "
        "standing_misses, settled_on, delivered_at from document",
    ),
    "lines": ("invoice", "select provider, account, module_id, article, stream, period, period_from, net, place from charge_line"),
    "payments": (
        "invoice",
        "select provider, account, amount, applied, surplus, method, value_on, booked_on, reversed_on, reason_code from payment",
    ),
    "credits": ("invoice", "select provider, account, source, amount, withdrawn, arisen_on from credit"),
    "debits": ("invoice", "select provider, account, attempt, collect_on, submit_on, status, amount from direct_debit"),
    "ops tasks": ("invoice", "select provider, account, kind, raised_at, done_at from task"),
    "runs": ("invoice", "select provider, period, run_on, state, opened_at, expected, missing from run"),
    "cases": (
        "dunning",
        "select provider, account, state, opened_on, issued_on, due_on, ladder_due_on, stream, gross, open_amount, round, occasion, "
        "attempt, next_step, next_on, steps, rests, closed_on, close_reason from dunning_case",
    ),
    "letters": (
        "dunning",
        "select l.provider, l.account, l.on_day, l.state, l.sent_on, l.drop_reason, i.step, i.open_amount, i.issued_on, i.due_on, "
        "i.last_payment_on, i.handover_on from letter l join letter_item i using (provider, letter_id)",
    ),
    "holds": ("dunning", "select provider, account, since, until_day, state, ended_on from dunning_hold"),
    "lateness": ("dunning", "select provider, account, state, since from lateness"),
    "tasks": ("dunning", "select provider, account, kind, assignee, due_on, state from task"),
    "handovers": (
        "dunning",
        "select provider, account, invoice_date, handover_on, principal, collection_costs, interest, open_amount from handover",
    ),
}
"""Service and query. Equal to the day where the clock waits for all work."""

ALWAYS: Mapping[str, tuple[str, str]] = {
    "charged": (
        "rating",
        "select provider, account, module_id, article, period_from, period_until, vat_rate, sum(net) as net from billed_line "
        "group by 1, 2, 3, 4, 5, 6, 7 having sum(net) <> 0",
    ),
    "usage": (
        "rating",
        "select provider, account, module_id, source, id, usage_key, subject, started_at, seconds, quantity from usage u "
        "where not exists (select from usage_void v where (v.provider, v.month, v.module_id, v.source, v.id, v.turn) = "
        "(u.provider, u.month, u.module_id, u.source, u.id, u.turn))",
    ),
    "suspense": ("rating", "select provider, source, id, subject, reason from suspense"),
    "conflicts": ("rating", "select provider, source, id, content from usage_conflict"),
    "voids": ("rating", "select provider, source, id from void_request"),
    "received": (
        "invoice",
        "select provider, account, module_id, article, period_from, sum(net) as net from charge_line "
        "group by 1, 2, 3, 4, 5 having sum(net) <> 0",
    ),
}
"""Equal also where work is done late (USE-9)."""


async def outcome(world: World, people: People, *, is_dated: bool) -> dict[str, Rows]:
    """Everything that must be equal, as a bag of rows per name."""
    queries = {**ALWAYS, **(DATED if is_dated else {})}
    found = {name: Counter(_texts(row) for row in await world.rows(service, sql)) for name, (service, sql) in queries.items()}
    answers = [(key, answer) for key, answer in people.answers.items() if is_dated or answer.is_of_contracts]
    found["answers"] = Counter((*key, answer.kind, _status(answer.status, is_dated=is_dated)) for key, answer in answers)
    if is_dated:
        found["mails"] = Counter(mail.what for mail in world.post.mails.values())
        for service in world.services:
            found[f"timers of {service.name}"] = Counter(_texts(row) for row in await world.rows(service.name, TIMERS))
            found[f"events of {service.name}"] = Counter(_texts(row) for row in await world.rows(service.name, EVENTS))
    return found


def _status(status: int, *, is_dated: bool) -> str:
    """Where work is late, which refusal it is may differ: a module whose last day is over has not ended until its timer has its turn."""
    return "refused" if status >= 400 and not is_dated else str(status)


TIMERS = "select provider, account, wake_up, due_at, fired_at, cancelled_at from timer"

EVENTS = """
select provider, account, split_part(stream, '-', 1), type, occurred_at from event
where type not in ('ErasureHeld', 'ErasureReady', 'AnswerNoted', 'NumbersGiven')
"""
"""Without the standing answers whether an account may be forgotten (CON-7): a service answers anew when its reasons change, and how
often they do within an instant depends on the order in which others are heard. And without the pages in which numbers are given."""

NUMBER = re.compile(r"\b[A-Z]{1,3}20\d{8}\b")
"""A document's number, where a text names one."""


def _texts(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in row.values())


def _text(value: object) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) else NUMBER.sub("#", str(value))


def differences(disturbed: Mapping[str, Rows], orderly: Mapping[str, Rows]) -> list[str]:
    """What the one has and the other has not, a line each."""
    found = []
    for name in orderly:
        more, less = disturbed[name] - orderly[name], orderly[name] - disturbed[name]
        found += [f"{name}: only with faults: {', '.join(row)}" for row in sorted(more.elements())]
        found += [f"{name}: only without: {', '.join(row)}" for row in sorted(less.elements())]
    return found
