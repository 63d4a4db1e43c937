"""What only the log promises: what it trims, and what becomes of a member that is killed or stands still."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from termijn.runtime.handling import Transient
from termijn.runtime.transport.base import OutRecord, Place
from termijn.runtime.transport.log import LogTransport
from termijn.runtime.transport.log_consumer import LogConsumer
from termijn.runtime.transport.log_names import PARTITIONS, partition_of
from termijn.runtime.transport.log_settings import LogSettings
from termijn.testing.postgres import Databases, TestDatabase

TOPIC = "termijn.test.v1"
FAST = LogSettings(keep=timedelta(0), look_every_s=0.05, lease_s=0.6, poll_every_s=0.02, trim_every_s=3600)


async def open_log(database: TestDatabase, settings: LogSettings = FAST) -> LogTransport:
    return await LogTransport.open(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn, settings=settings)


async def from_the_start() -> Mapping[Place, int]:
    return {}


@pytest.fixture
async def database(databases: Databases) -> TestDatabase:
    return await databases.new()


@pytest.fixture
async def transport(database: TestDatabase) -> AsyncIterator[LogTransport]:
    transport = await open_log(database)
    await transport.ensure_topics([TOPIC])
    yield transport
    await transport.close()


def records(count: int) -> list[OutRecord]:
    return [OutRecord(key=f"k{n}", value=str(n).encode()) for n in range(count)]


async def take(consumer: LogConsumer, count: int, *, seconds_max: float = 10) -> int:
    taken = 0
    deadline = time.monotonic() + seconds_max
    while taken < count and time.monotonic() < deadline:
        page = await consumer.poll(count - taken, 0.2)
        await consumer.commit({(r.topic, r.partition): r.offset + 1 for r in page})
        taken += len(page)
    return taken


async def rows_left(database: TestDatabase) -> int:
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        return int(await admin.fetchval("select count(*) from log_of_termijn_test_v1"))
    finally:
        await admin.close()


def test_the_partition_of_a_key_never_changes() -> None:
    assert [partition_of(key) for key in ("noord/a-1", "noord/a-2", "zuid/a-1", "")] == [6, 4, 0, 0]
    assert len({partition_of(f"noord/a-{n}") for n in range(100)}) == PARTITIONS


async def test_only_what_every_group_has_passed_is_trimmed(transport: LogTransport, database: TestDatabase) -> None:
    await transport.publish(TOPIC, records(100))
    assert await transport.trim([TOPIC]) == 0, "nobody has read it yet"
    fast, slow = (transport.consumer(group, [TOPIC], from_the_start) for group in ("fast", "slow"))
    await slow.poll(1, 0)
    await take(fast, 100)
    assert await transport.trim([TOPIC]) == 0, "one group has not"
    await take(slow, 40)
    assert await transport.trim([TOPIC]) == 40
    assert await rows_left(database) == 60
    await slow.close()
    await transport.forget_group("slow")
    assert await transport.trim([TOPIC]) == 60
    await transport.publish(TOPIC, records(10))
    assert await take(fast, 10) == 10
    await fast.close()


async def test_what_is_young_is_kept_also_when_every_group_has_passed_it(transport: LogTransport, database: TestDatabase) -> None:
    keeping = await open_log(database, replace(FAST, keep=timedelta(hours=1)))
    consumer = keeping.consumer("rating", [TOPIC], from_the_start)
    await transport.publish(TOPIC, records(20))
    await take(consumer, 20)
    assert await keeping.trim([TOPIC]) == 0
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("update log_of_termijn_test_v1 set appended_at = appended_at - interval '2 hours' where \"offset\" < 2")
    expected = await admin.fetchval('select count(*) from log_of_termijn_test_v1 where "offset" < 2')
    await admin.close()
    assert await keeping.trim([TOPIC]) == expected
    await consumer.close()
    await keeping.close()


async def test_where_nothing_comes_any_more_what_came_last_is_trimmed_all_the_same(transport: LogTransport, database: TestDatabase) -> None:
    trimming = await open_log(database, replace(FAST, trim_every_s=0.1))
    consumer = trimming.consumer("rating", [TOPIC], from_the_start)
    await transport.publish(TOPIC, records(20))
    assert await take(consumer, 20) == 20
    await asyncio.sleep(0.2)
    assert await consumer.poll(10, 0) == []
    assert await rows_left(database) == 0
    await consumer.close()
    await trimming.close()


async def test_offsets_have_no_holes_and_become_visible_in_order_with_many_publishers(
    transport: LogTransport, database: TestDatabase
) -> None:
    async def publish(publisher: int) -> None:
        for page in range(15):
            await transport.publish(TOPIC, [OutRecord(key="one", value=f"{publisher}/{page}/{n}".encode()) for n in range(3)])

    seen: list[int] = []
    consumer = transport.consumer("rating", [TOPIC], from_the_start)
    publishing = asyncio.gather(*(publish(n) for n in range(6)))
    deadline = time.monotonic() + 20
    while len(seen) < 270 and time.monotonic() < deadline:
        page = await consumer.poll(50, 0.1)
        seen += [r.offset for r in page]
        await consumer.commit({(r.topic, r.partition): r.offset + 1 for r in page})
    await publishing
    assert seen == list(range(270))
    await consumer.close()


MEMBER = """
import asyncio, sys
from termijn.runtime.transport.log import *
async def main():
    settings = LogSettings(look_every_s=0.05, lease_s=0.6, poll_every_s=0.02)
    transport = await LogTransport.open(app_dsn=sys.argv[1], owner_dsn=sys.argv[2], settings=settings)
    async def offsets(): return {}
    consumer = transport.consumer("rating", ["termijn.test.v1"], offsets)
    while not consumer.places: await consumer.poll(100, 0.1)
    print(len(consumer.places), flush=True)
    while True: await consumer.poll(100, 0.1)
asyncio.run(main())
"""


@contextmanager
def member_in_another_process(database: TestDatabase) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", MEMBER, database.app_dsn, database.owner_dsn], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"8"
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "standing still"])
async def test_the_others_take_over_from_a_member_that_is_gone(
    transport: LogTransport, database: TestDatabase, ending: signal.Signals
) -> None:
    await transport.publish(TOPIC, records(50))
    with member_in_another_process(database) as process:
        consumer = transport.consumer("rating", [TOPIC], from_the_start)
        ours = await take(consumer, 50, seconds_max=0.5)
        assert 0 < ours < 50, "half of the partitions are the other's"
        process.send_signal(ending)
        assert await take(consumer, 50 - ours) == 50 - ours
        assert len(consumer.places) == PARTITIONS
        await consumer.close()


async def test_after_a_lost_session_reading_goes_on_where_the_listener_was(transport: LogTransport, database: TestDatabase) -> None:
    where: dict[Place, int] = {}

    async def offsets() -> Mapping[Place, int]:
        return where

    consumer = transport.consumer("rating", [TOPIC], offsets)
    await transport.publish(TOPIC, records(10))
    page = await consumer.poll(100, 1)
    assert len(page) == 10
    where |= {(r.topic, r.partition): r.offset + 1 for r in page}
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    await admin.close()
    with suppress(Transient):  # or the loss was noticed while idle, and the poll begins with a new session
        await consumer.poll(10, 0.1)
    assert await consumer.poll(10, 0.1) == []
    await transport.publish(TOPIC, records(1))
    assert await take(consumer, 1) == 1
    assert await transport.lag("rating", [TOPIC]) == 0
    await consumer.close()
