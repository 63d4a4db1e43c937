"""Withdrawing what a case asked for costs what that case asked for, however many tasks there were."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from termijn.runtime.sql import load

pytestmark = pytest.mark.slow

VIEWS = load("termijn.dunning", "views.sql")

TASKS = """
insert into task (provider, task_id, account, case_id, kind, assignee, reason, due_on, state)
select 'belco', 'task-' || n, 'acc-' || n % 100, 'case-' || n, 'call', 'manager', 'x', date '2006-01-01' + n % 4000,
  case when n % 10 = 0 then 'open' else 'gone' end
from generate_series(1, 5000) as n
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def test_withdrawing_the_tasks_of_a_case_reads_those_and_no_others(world: Any) -> None:
    admin = await asyncpg.connect(world.service.database.admin_dsn)
    try:
        await admin.execute(TASKS)
        await admin.execute("analyze task")
        (row,) = await admin.fetch(f"explain (analyze, format json) {VIEWS['tasks_gone']}", "belco", "case-4990", None)
        (scan,) = [node for node in _nodes(json.loads(row[0])[0]["Plan"]) if "Scan" in node["Node Type"]]
        assert (scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (1, 0), scan
        assert await admin.fetchval("select count(*) from task where state = 'open'") == 499
    finally:
        await admin.close()
