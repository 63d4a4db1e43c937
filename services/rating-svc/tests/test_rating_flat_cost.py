"""What a closing asks of an account must not cost more every year: it reads what it needs, by an index, not all that there ever was."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from termijn.rating.app import definition, routes
from termijn.runtime.sql import load

pytestmark = pytest.mark.slow

YEARS = 20
CLOSING = load("termijn.rating", "closing.sql")

LINES = f"""
insert into billed_line (provider, line_id, account, module_id, period, closing, origin, article, period_from, period_until, vat_rate,
  net, quantity, records, seconds, line)
select 'belco', 'line-' || n || origin, 'acc', 'm-1', 'p', n, origin, 'fee', date '2006-01-01' + 30 * n, date '2006-01-30' + 30 * n, 21,
  1, 1, 0, 0, '{{}}'::jsonb
from generate_series(1, {12 * YEARS}) as n, unnest(array['recurring', 'use', 'minimum']) as origin
union all
select 'belco', 'once', 'acc', 'm-1', 'p', 1, 'once', 'setup', '2006-01-01', '2006-01-01', 21, 1, 1, 0, 0, '{{}}'::jsonb
"""
SUMS = f"""
insert into usage_sum (provider, account, module_id, month, closing, usage_key, records, seconds, quantity)
select 'belco', 'acc', 'm-1', date '2006-01-01' + 30 * n, n, 'call', 1, 60, 1 from generate_series(1, {12 * YEARS}) as n
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def rows_read(connection: asyncpg.Connection, table: str, sql: str, *args: object) -> float:
    """Of a table, those that were thrown away again included."""
    (row,) = await connection.fetch(f"explain (analyze, format json) {sql}", *args)
    scans = [node for node in _nodes(json.loads(row[0])[0]["Plan"]) if node.get("Relation Name") == table]
    assert scans
    thrown = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum((node["Actual Rows"] + sum(node.get(name, 0) for name in thrown)) * node["Actual Loops"] for node in scans)


async def test_a_closing_reads_as_much_after_twenty_years_as_after_one(services: Any) -> None:
    it = await services.open(definition(), routes, now=datetime(2026, 1, 1, tzinfo=UTC))
    admin = await asyncpg.connect(it.database.admin_dsn)
    try:
        await admin.execute(LINES)
        await admin.execute(SUMS)
        await admin.execute("analyze")
        last = 12 * YEARS
        since = date(2006, 1, 30) + (date(2006, 1, 31) - date(2006, 1, 1)) * (last - 1)
        read = await rows_read(admin, "billed_line", CLOSING["billed"], "belco", ["acc"], ["m-1"], [since])
        assert read <= 3 * 2 + 1, "two periods, and what bills once"
        read = await rows_read(admin, "usage_sum", CLOSING["late_use"], "belco", ["acc"], [last], last + 1, since)
        assert read <= 2
    finally:
        await admin.close()
