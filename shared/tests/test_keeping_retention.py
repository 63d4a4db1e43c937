"""Nothing grows for ever unnoticed: every table is on the page, and what is kept for a time is trimmed after it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from termijn.embedded.databases import DATABASES, SUPERUSER
from termijn.embedded.installation import open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import TRIM_ROWS_PER_BATCH
from termijn.runtime.retention import LOOK_EVERY, TRIMS, trim_now
from termijn.runtime.service import Service
from termijn.runtime.timers import Instant
from termijn.testing.pair import LISTENER, NOW, PUBLISHER, Pair, run
from termijn.testing.sample import SetAlarm

PAGE = Path(__file__).resolve().parents[2] / "docs" / "retention.md"
EVERY_SERVICE = "Every service"

TABLES = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by c.relname
"""


def tables_on_the_page() -> dict[str, list[str]]:
    """The first column of each section's table."""
    found: dict[str, list[str]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        found[title] = [row for row in re.findall(r"^\| ([a-z_0-9/]+) \|", body, re.MULTILINE) if row not in ("table", "folder")]
    return found


@pytest.mark.slow
@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the source tree only")
async def test_every_table_of_a_live_installation_is_on_the_page_and_no_other(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    page = tables_on_the_page()
    async with open_installation(tmp_path, server=postgres_server, prefix="retention"):
        for name in DATABASES:
            connection = await asyncpg.connect(postgres_server.dsn(f"retention_{name}", SUPERUSER))
            try:
                live = [row["relname"] for row in await connection.fetch(TABLES)]
            finally:
                await connection.close()
            of_service = page[EVERY_SERVICE] if name not in ("log", "keys") else []
            assert sorted({*page[name], *of_service}) == live, f"docs/retention.md and the database of {name} differ"
            assert not set(page[name]) & set(of_service)


def test_every_row_of_the_page_says_all() -> None:
    for line in PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else ():
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4 and all(cells), line


async def count(service: Service, table: str) -> int:
    rows = await service.database.short(EVERY_PROVIDER, f"select count(*) as rows from {table}")
    return int(rows[0]["rows"])


async def age(pair: Pair, name: str, table: str, column: str, days: Sequence[int]) -> None:
    """Make the oldest rows as many days old as said."""
    key = {"inbox": "message_id", "idempotency": "key"}[table]
    for nth, of_age in enumerate(days):
        one = f"(select {key} from {table} order by 1 offset {nth} limit 1)"
        await pair.admin(name, f"update {table} set {column} = now() - interval '{of_age} days' where {key} = {one}")


async def a_week_later(pair: Pair) -> None:
    """Nothing else happens; whether something is due is looked at once a week of domain time."""
    await pair.clock.advance_to(pair.clock.now() + LOOK_EVERY)
    await pair.settle()


async def test_messages_that_were_seen_go_after_180_days(pair: Pair) -> None:
    await pair.add(1, 2, 3, 4)
    await age(pair, "rating", "inbox", "received_at", (400, 180, 179))
    await a_week_later(pair)
    assert await count(pair.listener, "inbox") == 2, "due by the oldest, which takes along what is past its time"
    assert await pair.marbles(pair.listener) == {"acme": 10}


async def test_within_a_day_of_grace_nothing_is_looked_for(pair: Pair) -> None:
    await pair.add(1, 2)
    await age(pair, "rating", "inbox", "received_at", (180,))
    await a_week_later(pair)
    assert await count(pair.listener, "inbox") == 2
    assert await trim_now(pair.listener.write) == {"inbox": 1, "idempotency": 0, "timer": 0}


async def test_where_nothing_happens_any_more_it_is_looked_at_by_the_hour_and_not_at_every_step(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an idle installation no message, command or timer comes that could start it."""
    await pair.add(1)
    await age(pair, "rating", "inbox", "received_at", (400,))
    await pair.settle()
    assert await count(pair.listener, "inbox") == 1, "it was looked at just now"
    monkeypatch.setattr("termijn.runtime.retention.LOOK_EVERY_S", 0.0)
    await pair.settle()
    assert await count(pair.listener, "inbox") == 0


async def test_two_processes_do_not_trim_at_once_and_one_takes_over_from_the_other(pair: Pair) -> None:
    await pair.add(1)
    await age(pair, LISTENER, "inbox", "received_at", (400,))
    await pair.clock.advance_to(pair.clock.now() + LOOK_EVERY)
    async with pair.listener.database.locks.sole("upkeep"):
        pass  # this process has the role from now on
    other = await pair.beside(LISTENER)
    assert await other.upkeep.step() == 0
    await pair.close(LISTENER)
    await pair.clock.advance_to(pair.clock.now() + LOOK_EVERY)
    assert await other.upkeep.step() == 1
    await other.close()


async def test_answers_to_calls_go_after_7_days(pair: Pair) -> None:
    values = ", ".join(f"('belco', 'jan', 'k{nth}', 'h', 200)" for nth in range(3))
    await pair.admin(PUBLISHER, f"insert into idempotency (provider, actor, key, request_hash, status) values {values}")
    await age(pair, PUBLISHER, "idempotency", "created_at", (9, 6))
    await a_week_later(pair)
    assert await count(pair.publisher, "idempotency") == 2


@pytest.mark.rule("TIM-1")
async def test_timers_that_are_over_go_after_13_months_of_domain_time_and_those_that_wait_stay(pair: Pair) -> None:
    days = {"old": 10, "young": 300, "waits": 4_000}
    for name, day in days.items():
        await run(pair.publisher, SetAlarm(now=NOW, name=name, at=NOW + timedelta(days=day)))
    for day in (10, 300):
        await pair.clock.advance_to(NOW + timedelta(days=day))
        await pair.publisher.fire(Instant(pair.clock.now()))
    await pair.settle()
    assert await count(pair.publisher, "timer") == 3
    await pair.clock.advance_to(NOW + timedelta(days=420))
    await pair.settle()
    rows = await pair.publisher.database.short(EVERY_PROVIDER, "select timer_id from timer order by due_at")
    assert [row["timer_id"].rpartition("/")[2] for row in rows] == ["young", "waits"]


async def test_a_backlog_goes_in_batches(pair: Pair) -> None:
    rows = 2 * TRIM_ROWS_PER_BATCH + 10
    await pair.admin(
        PUBLISHER,
        "insert into inbox (provider, publisher, message_id, account, outcome, received_at) "
        f"select 'belco', 'x', gen_random_uuid(), 'acme', 'handled', now() - interval '300 days' from generate_series(1, {rows})",
    )
    steps = [await pair.publisher.upkeep.step() for _ in range(4)]
    assert steps == [TRIM_ROWS_PER_BATCH, TRIM_ROWS_PER_BATCH, 10, 0]


async def test_looking_whether_something_is_due_reads_no_table_through(pair: Pair) -> None:
    """It is asked often, for the answer no; so an index must answer it."""
    await pair.admin(
        PUBLISHER,
        "insert into inbox (provider, publisher, message_id, account, outcome) "
        "select 'belco', 'x', gen_random_uuid(), 'acme', 'handled' from generate_series(1, 5000)",
        "insert into timer (provider, timer_id, shard, account, stream, due_at, rank, wake_up, wake_up_version, data, set_at, fired_at) "
        "select 'belco', i::text, 0, 'acme', 's', now(), 0, 'Alarm', 1, '{}', now(), now() from generate_series(1, 5000) as i",
        "insert into idempotency (provider, actor, key, request_hash, status) "
        "select 'belco', 'jan', i::text, 'h', 200 from generate_series(1, 5000) as i",
        "analyze",
    )
    for trim in TRIMS:
        plan = await pair.publisher.database.short(EVERY_PROVIDER, f"explain {trim.due}", *trim.as_of(NOW))
        text = "\n".join(row["QUERY PLAN"] for row in plan)
        assert "Seq Scan" not in text, text
