"""Reading the whole store in order. Each failure that was once measured is made again on the naive way, step by step."""

import asyncio
from typing import Any

from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.database import Address
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import cause, marbles, session
from termijn.testing.sample import JAR, AddMarbles, sample


def adding(svc: ServiceUnderTest, key: str, count: int = 1) -> AddMarbles:
    return AddMarbles(now=svc.clock.now(), count=count)


async def add(svc: ServiceUnderTest, key: str, count: int = 1) -> None:
    await svc.run(JAR, key, adding(svc, key, count), account=key)


class Slow:
    """A command that has written its event and does not commit before it is told to."""

    def __init__(self, svc: ServiceUnderTest, key: str) -> None:
        self.has_written, self.may_commit = asyncio.Event(), asyncio.Event()
        self._svc, self._key = svc, key
        self.task = asyncio.create_task(svc.service.write.run(ProviderId(PROVIDER), cause(), self._act))

    async def _act(self, work: UnitOfWork) -> None:
        await work.execute(JAR, self._key, adding(self._svc, self._key), account=AccountId(self._key))
        await work.flush()
        self.has_written.set()
        await self.may_commit.wait()


async def positions_after(connection: Any, checkpoint: int) -> list[int]:
    """The naive way to follow the store."""
    rows = await connection.fetch("select position from event where position > $1 order by position", checkpoint)
    return [row["position"] for row in rows]


async def test_a_transaction_that_commits_late_loses_its_event_to_a_checkpoint_on_position_and_not_to_ours(services: Services) -> None:
    svc = await services.open(sample())
    late = Slow(svc, "late")
    await late.has_written.wait()
    await add(svc, "early")
    async with session(svc.database.app_dsn, provider="*") as naive:
        seen = await positions_after(naive, 0)
        assert len(seen) == 1
        assert await svc.service.projector.step() == 0, "ours stops before what may still be committed"
        late.may_commit.set()
        await late.task
        assert await positions_after(naive, seen[-1]) == [], "the naive checkpoint has passed the late event: it is lost"
        assert len(await positions_after(naive, 0)) == 2
    assert await svc.service.projector.step() == 2
    totals = await svc.rows("select account, marbles from jar_total order by account")
    assert [tuple(row) for row in totals] == [("early", 1), ("late", 1)]


async def test_a_projection_that_keeps_pace_with_writers_sees_every_event_once(services: Services) -> None:
    svc = await services.open(sample())
    writers = [asyncio.create_task(_write_many(svc, f"w{number}")) for number in range(6)]
    while not all(writer.done() for writer in writers):
        await svc.service.projector.step()
    await asyncio.gather(*writers)
    await svc.settle()
    rows = await svc.rows("select account, marbles from jar_total order by account")
    assert {row["account"]: row["marbles"] for row in rows} == await marbles(svc)
    assert sum(row["marbles"] for row in rows) == 60


async def _write_many(svc: ServiceUnderTest, key: str) -> None:
    for _ in range(10):
        await add(svc, key)


ORDER = "select stream, version from event order by epoch, txid, position"


async def append_naively(connection: Any, stream: str) -> None:
    """Read the version, write the next: the whole of the naive write path."""
    version = 1 + await connection.fetchval("select coalesce(max(version), 0) from event where stream = $1", stream)
    await connection.execute(
        "insert into event (provider, epoch, stream, version, event_id, type, schema_version, account, data, meta, occurred_at, "
        "recorded_at) values ($1, 1, $2, $3, gen_random_uuid(), 'AlarmCancelled', 1, 'a', '{}', '{}', now(), now())",
        PROVIDER,
        stream,
        version,
    )


async def test_read_committed_puts_events_of_a_stream_out_of_order(services: Services) -> None:
    """Measured: 176 of 7,239. The transaction that began first writes last, and its id is the lower one."""
    svc = await services.open(sample())
    dsn = svc.database.app_dsn
    async with session(dsn, provider=PROVIDER) as first, session(dsn, provider=PROVIDER) as second:
        await first.execute("begin isolation level read committed")
        await append_naively(first, "jar-other")
        await append_naively(second, "jar-shared")
        await append_naively(first, "jar-shared")
        await first.execute("commit")
        shared = [row["version"] for row in await first.fetch(ORDER) if row["stream"] == "jar-shared"]
    assert shared == [2, 1]


async def test_the_write_path_keeps_events_of_a_stream_in_order(services: Services) -> None:
    svc = await services.open(sample())
    attempts = 0

    async def act(work: UnitOfWork) -> None:
        nonlocal attempts
        attempts += 1
        await work.execute(JAR, "other", adding(svc, "other"), account=AccountId("other"))
        await work.flush()
        if attempts == 1:
            await add(svc, "shared")
        await work.execute(JAR, "shared", adding(svc, "shared"), account=AccountId("shared"))

    await svc.service.write.run(ProviderId(PROVIDER), cause(), act)
    assert attempts == 2, "the first attempt met the other's event and was done anew"
    rows = await svc.rows(ORDER)
    assert [(row["stream"].rpartition("-")[2], row["version"]) for row in rows] == [("shared", 1), ("other", 1), ("shared", 2)]


async def reopened(svc: ServiceUnderTest) -> Service:
    """The same service, started once more."""
    around = Surroundings(
        address=Address(app_dsn=svc.database.app_dsn, owner_dsn=svc.database.owner_dsn),
        transport=svc.transport,
        clock=svc.clock,
        keys=svc.keys,
        blobs=svc.service.plant.blobs,
    )
    return await Service.open(svc.service.definition, around)


VISIBLE_NAIVELY = "select count(*) from event where txid < pg_snapshot_xmin(pg_current_snapshot())"


async def test_a_restore_elsewhere_hides_every_event_from_a_filter_on_transaction_ids_until_a_new_epoch_opens(services: Services) -> None:
    """Measured: 0 of 3,000 events were visible."""
    svc = await services.open(sample())
    for key in ("a", "b", "a"):
        await add(svc, key)
    async with session(svc.database.admin_dsn) as admin:
        # What a dump looks like on a cluster that is younger than the one it was taken from.
        await admin.execute("alter table event disable trigger user")
        await admin.execute("update event set txid = (pg_current_xact_id()::text::bigint + 1000000000 + position)::text::xid8")
        await admin.execute("alter table event enable trigger user")
        await admin.execute("update store_epoch set system_identifier = 'the old cluster'")
        assert await admin.fetchval(VISIBLE_NAIVELY) == 0
    assert await svc.service.projector.step() == 0, "the process that does not know of the restore sees nothing either"
    await svc.service.close()
    restored = await reopened(svc)
    try:
        assert restored.database.epoch == 2
        assert await restored.is_held(), "a person looks first"
        await restored.hold.lift()
        assert await restored.projector.step() == 3
        await restored.run(provider=ProviderId(PROVIDER), cause=cause(), act=_add_to(svc, "a"))
        assert await restored.projector.step() == 1
        assert await restored.projector.step() == 0
        rows = await restored.database.short(ProviderId("*"), "select epoch, version from event order by epoch, txid, position")
        assert [tuple(row) for row in rows] == [(1, 1), (1, 1), (1, 2), (2, 3)]
        assert await restored.rebuild("jar_total") == 4
        totals = await restored.database.short(ProviderId("*"), "select account, marbles from jar_total order by account")
        assert [tuple(row) for row in totals] == [("a", 3), ("b", 1)]
    finally:
        await restored.close()
    again = await reopened(svc)
    assert again.database.epoch == 2, "one restore is one epoch"
    await again.close()


def _add_to(svc: ServiceUnderTest, key: str) -> Any:
    async def act(work: UnitOfWork) -> None:
        await work.execute(JAR, key, adding(svc, key), account=AccountId(key))

    return act
