"""USE-9 under concurrency: closing by a counted number loses no record; by timestamps it did (9,587 of 842,000 were in no bill)."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from termijn.events.contracts import SubjectAssigned
from termijn.kernel.ids import ModuleId, ProviderId
from termijn.rating.app import definition
from termijn.rating.closing import SQL as CLOSING
from termijn.rating.deck_library import SQL as USAGE
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.ingest import Intake, lock_and_read_closing
from termijn.rating.laws import LAWS
from termijn.rating.usage import Use

PROVIDER = ProviderId("belco")
JANUARY = datetime(2026, 1, 10, tzinfo=UTC)
STRESS_SECONDS = 1.5


def call(number: int) -> Use:
    return Use("pbx", f"{number:06d}", "101", "call", JANUARY + timedelta(seconds=number), 60, 1_000_000, "")


class Connections:
    """Plain connections as the services' role, each its own session."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.opened: list[asyncpg.Connection] = []

    async def new(self) -> Any:
        connection = await asyncpg.connect(self.dsn)
        await connection.execute("select set_config('termijn.provider', 'belco', false)")
        self.opened.append(connection)
        return connection


@pytest.fixture
async def rating(services: Any, make: Any) -> Any:
    """rating-svc with a module that owns extension 101."""
    it = await services.open(definition(), now=JANUARY)
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"))
    await it.hear(
        "contracts",
        make.ordered(tariff, JANUARY.date()),
        SubjectAssigned(module_id=ModuleId("m-1"), subject="101", from_at=JANUARY),
        account="acc",
    )
    return it


@pytest.fixture
async def connections(rating: Any) -> AsyncIterator[Connections]:
    """``await connections.new()``; all closed after the test."""
    made = Connections(rating.database.app_dsn)
    yield made
    for connection in made.opened:
        await connection.close()


async def ids_below(connection: Any, number: int) -> set[str]:
    return {row["id"] for row in await connection.fetch("select id from usage where closing < $1", number)}


@pytest.mark.rule("USE-9")
async def test_closing_by_timestamps_loses_a_record_that_commits_late(rating: Any, connections: Connections) -> None:
    """The design that we do not have: a bill is what was recorded between two cuts. A batch that began before the cut and
    commits after it is behind the first bill's snapshot and before the second bill's start: in no bill, for ever."""
    owner = await asyncpg.connect(rating.database.owner_dsn)
    await owner.execute("create table naive (id text, recorded_at timestamptz default clock_timestamp())")
    await owner.execute("grant all on naive to termijn_app")
    ingest, closing = await connections.new(), await connections.new()
    under_way = ingest.transaction()
    await under_way.start()
    await ingest.execute("insert into naive (id) values ('late to commit')")
    cut = await closing.fetchval("select clock_timestamp()")
    first_bill = await closing.fetch("select id from naive where recorded_at < $1", cut)
    await under_way.commit()
    second_bill = await closing.fetch("select id from naive where recorded_at >= $1", cut)
    await owner.close()
    assert (first_bill, second_bill) == ([], [])


@pytest.mark.rule("USE-9")
async def test_closing_by_number_waits_for_a_batch_under_way(rating: Any, connections: Connections) -> None:
    """The same interleaving: the number is not raised before the batch has committed, so the bill holds it."""
    ingest, closing = await connections.new(), await connections.new()
    await Intake(DeckLibrary(rating.service.plant.blobs)).ingest(ingest, PROVIDER, [call(1)], actor="test")
    under_way = ingest.transaction()
    await under_way.start()
    assert await lock_and_read_closing(ingest, PROVIDER) == 0
    raising = asyncio.create_task(closing.fetchval(CLOSING["raise_closing"], PROVIDER, "2026-01"))
    await asyncio.sleep(0.2)
    assert not raising.done()
    await ingest.execute(
        "insert into usage (provider, month, module_id, started_at, source, id, turn, account, usage_key, subject, seconds, quantity, "
        "destination, closing) values ('belco', '2026-01-01', 'm-1', $1, 'pbx', 'under way', 1, 'acc', 'call', '101', 1, 1, '', 0)",
        JANUARY,
    )
    await under_way.commit()
    number = await raising
    assert await ids_below(closing, number) == {"000001", "under way"}


@pytest.mark.rule("USE-9")
async def test_the_number_is_read_after_the_lock_never_with_it(rating: Any, connections: Connections) -> None:
    """A batch that waited for a closing: read in one statement with the lock, the number is the one from before the wait."""
    closing, together, after = [await connections.new() for _ in range(3)]
    raising = closing.transaction()
    await raising.start()
    assert await closing.fetchval(CLOSING["raise_closing"], PROVIDER, "2026-01") == 1

    async def in_one_statement() -> int:
        sql = f"select ({USAGE['share_lock']})::text as waited, (select coalesce(max(number), 0) from closing_count) as number"
        async with together.transaction():
            return int((await together.fetchrow(sql, PROVIDER))["number"])

    async def as_we_do() -> int:
        async with after.transaction():
            return await lock_and_read_closing(after, PROVIDER)

    waiting = asyncio.gather(in_one_statement(), as_we_do())
    held_up = "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = $1"
    here = await closing.fetchval("select oid from pg_database where datname = current_database()")
    async with asyncio.timeout(60):
        while await closing.fetchval(held_up, here) < 2:  # noqa: ASYNC110 - what waits is in the database
            await asyncio.sleep(0.02)
    await raising.commit()
    assert await waiting == [0, 1]


@pytest.mark.rule("USE-9")
async def test_a_number_per_month_is_raised_once_whoever_asks(rating: Any, connections: Connections) -> None:
    """Many workers close the same months at once."""
    workers = [await connections.new() for _ in range(4)]
    months = ("2026-01", "2026-02", "2026-03", "2026-01")
    asked = [worker.fetchval(CLOSING["raise_closing"], PROVIDER, month) for worker, month in zip(workers, months, strict=True)]
    numbers = await asyncio.gather(*asked)
    assert sorted(numbers[:3]) == [1, 2, 3]
    assert numbers[3] == numbers[0]


@pytest.mark.rule("USE-9")
async def test_under_stress_every_bill_recomputes_and_every_record_is_in_one(rating: Any, connections: Connections) -> None:
    """Three sessions ingest as fast as they can, one closes again and again: what a bill saw is what it will always see."""
    intake = Intake(DeckLibrary(rating.service.plant.blobs))
    until = time.monotonic() + STRESS_SECONDS
    numbers = iter(range(10**6))
    saw: dict[int, set[str]] = {}

    async def ingest(connection: Any) -> int:
        sent = 0
        while time.monotonic() < until:
            batch = [call(next(numbers)) for _ in range(40)]
            sent += (await intake.ingest(connection, PROVIDER, batch, actor="test")).accepted
        return sent

    async def close(connection: Any) -> None:
        months = iter(f"{year}-{month:02d}" for year in range(2026, 2090) for month in range(1, 13))
        while time.monotonic() < until:
            number = await connection.fetchval(CLOSING["raise_closing"], PROVIDER, next(months))
            saw[number] = await ids_below(connection, number)

    sessions = [await connections.new() for _ in range(4)]
    *sent, _ = await asyncio.gather(*(ingest(session) for session in sessions[:3]), close(sessions[3]))
    last = await sessions[0].fetchval(CLOSING["raise_closing"], PROVIDER, "2099-12")
    saw[last] = await ids_below(sessions[0], last)
    assert len(saw) > 5
    assert {number: await ids_below(sessions[0], number) for number in saw} == saw
    assert len(saw[last]) == sum(sent)
    assert await rating.broken(LAWS) == []
