"""Trimming timers reads what is trimmed, however many others there are and whatever the planner believes of the table."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from termijn.runtime.sql import load
from termijn.testing.harness import PROVIDER, Services
from termijn.testing.sample import sample

pytestmark = pytest.mark.slow

SQL = load("termijn.runtime.schema", "retention.sql")
NOW = datetime(2027, 3, 20, tzinfo=UTC)
"""Thirteen months before, 49 of the timers were over."""
LONG_LIVED = """
insert into timer (provider, timer_id, shard, account, stream, due_at, rank, wake_up, wake_up_version, data, set_at, fired_at, cancelled_at)
select 'belco', 't-' || n, 0, 'a-' || n % 5, 's', day, 0, 'W', 1, '{}', day,
  case when n % 3 > 0 and n < 480 then day end, case when n % 3 = 0 and n < 480 then day end
from generate_series(1, 500) as n, lateral (select timestamptz '2026-01-01 12:00Z' + n * interval '1 day' as day) as d
"""


def _read(plan: dict[str, Any]) -> Iterator[int]:
    """Rows that each scan of the table took up."""
    if plan.get("Relation Name") == "timer" and "Scan" in plan["Node Type"]:
        yield plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    for part in plan.get("Plans", ()):
        yield from _read(part)


@pytest.mark.rule("TIM-1")
@pytest.mark.parametrize("is_counted", [False, True])
async def test_trimming_timers_reads_those_that_are_beyond_their_time_and_no_others(services: Services, is_counted: bool) -> None:
    svc = await services.open(sample())
    admin = await asyncpg.connect(svc.database.admin_dsn)
    try:
        await admin.execute(LONG_LIVED)
        if is_counted:
            await admin.execute("analyze timer")
    finally:
        await admin.close()
    async with svc.service.database.transaction(PROVIDER) as connection:
        for name, args in (("timer_due", (NOW,)), ("trim_timer", (PROVIDER, 2_000, NOW))):
            found = await connection.fetchval(f"explain (analyze, timing off, format json) {SQL[name]}", *args)
            assert all(rows in (1, 49) for rows in _read(json.loads(found)[0]["Plan"])), found
        assert await connection.fetchval("select count(*) from timer") == 451
