"""A list of what is open costs what is open, however much was paid before."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from termijn.runtime.sql import load

pytestmark = pytest.mark.slow

API = load("termijn.invoice", "api.sql")
MONTHS = 240

DOCUMENTS = f"""
insert into document (provider, invoice_id, account, kind, number, series, stream, issued_on, due_on, collection, net, vat, gross, paid,
  open, standing_misses, is_test, document)
select 'belco', a || '-' || n, a, 'invoice', a || n, 'F', 'subscription', date '2006-01-01' + 30 * n, date '2006-01-15' + 30 * n,
  'transfer', 100, '[]'::jsonb, 121, case when n > {MONTHS} - 2 then 0 else 121 end, case when n > {MONTHS} - 2 then 121 else 0 end,
  case when n = {MONTHS} then 0 else 1 end, false, '{{}}'::jsonb
from generate_series(1, {MONTHS}) as n, unnest(array['acc', 'other']) as a
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def listed(connection: asyncpg.Connection, account: str | None, state: str | None) -> tuple[list[str], float]:
    """The documents of a list, and how many were read for it."""
    args = ("belco", account, state, None, None, 500)
    rows = await connection.fetch(API["documents"], *args)
    (row,) = await connection.fetch(f"explain (analyze, format json) {API['documents']}", *args)
    scans = [node for node in _nodes(json.loads(row[0])[0]["Plan"]) if node.get("Relation Name") == "document"]
    thrown = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    read = sum((node["Actual Rows"] + sum(node.get(name, 0) for name in thrown)) * node["Actual Loops"] for node in scans)
    return [row["invoice_id"] for row in rows], read


async def test_the_list_of_what_is_open_reads_nothing_that_was_paid(opened: Callable[..., Awaitable[Any]]) -> None:
    firm = await opened()
    admin = await asyncpg.connect(firm.it.database.admin_dsn)
    try:
        await admin.execute(DOCUMENTS)
        await admin.execute("analyze document")
        last, before = f"acc-{MONTHS}", f"acc-{MONTHS - 1}"
        assert await listed(admin, "acc", "open") == ([last], 2)
        assert await listed(admin, "acc", "missed") == ([before], 2)
        everybody, read = await listed(admin, None, "missed")
        assert (sorted(everybody), read) == ([before, f"other-{MONTHS - 1}"], 4)
        settled, _ = await listed(admin, "acc", "settled")
        assert (len(settled), len((await listed(admin, "acc", None))[0])) == (MONTHS - 2, MONTHS)
    finally:
        await admin.close()
