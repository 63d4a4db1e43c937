"""Read models: a silent miss is an error, rebuilt equals live, and none makes accounts wait for each other."""

import asyncio
import dataclasses
from collections.abc import Iterable
from typing import Any

import asyncpg
import pytest

from termijn.kernel.ids import ProviderId
from termijn.runtime import projector, rebuild
from termijn.runtime.handling import Recorded, Statement, View
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import Killed, cause, marbles, session, until_blocked
from termijn.testing.sample import JAR, AddMarbles, MarblesAdded, NameJar, sample

EXPECTING = """with done as (update jar_total set marbles = marbles + $3 where provider = $1 and account = $2 returning 1)
select expect_rows(count(*)) from done"""


def apply_expecting(recorded: Recorded) -> Iterable[Statement]:
    if isinstance(recorded.event, MarblesAdded):
        yield Statement(EXPECTING, (recorded.provider, recorded.account, recorded.event.count))


async def add(svc: ServiceUnderTest, count: int = 1, *, key: str = "acme") -> None:
    await svc.run(JAR, key, AddMarbles(now=svc.clock.now(), count=count), account=key)


async def totals(svc: ServiceUnderTest) -> dict[str, int]:
    return {row["account"]: row["marbles"] for row in await svc.rows("select account, marbles from jar_total order by account")}


async def test_a_statement_that_touches_no_row_where_it_expects_one_undoes_the_command(services: Services) -> None:
    view = View(name="expecting", tables=("jar_total",), apply=apply_expecting, is_synchronous=True)
    svc = await services.open(dataclasses.replace(sample(), views=(view,)))
    with pytest.raises(asyncpg.PostgresError, match="touched no row where it expects one") as missed:
        await add(svc)
    assert getattr(missed.value, "sqlstate", None) == "TM001"
    assert await svc.rows("select * from event") == []
    await svc.rows("insert into jar_total values ($1, 'acme', 5)", PROVIDER, provider=PROVIDER)
    await add(svc, 2)
    assert await totals(svc) == {"acme": 7}


async def write_until(svc: ServiceUnderTest, is_done: asyncio.Event, key: str) -> None:
    """Write to a jar of one's own, and to one that all share."""
    number = 0
    while not is_done.is_set():
        number += 1
        await add(svc, 1, key=key)
        if number % 5 == 0:
            await add(svc, 1, key="shared")
            await svc.run(JAR, key, NameJar(now=svc.clock.now(), name=f"{key}/{number}", is_taken=False), account=key)


FROM_EVENTS = "select account, sum((data ->> 'count')::int)::int as marbles from event where type = 'MarblesAdded' group by 1 order by 1"


@pytest.mark.parametrize("views", [["jar"], ["jar_total"], ["jar", "jar_total"]], ids="+".join)
async def test_rebuilt_equals_live_while_twelve_writers_write(services: Services, views: list[str]) -> None:
    svc = await services.open(sample())
    is_done = asyncio.Event()
    writers = [asyncio.create_task(write_until(svc, is_done, f"w{number}")) for number in range(12)]
    for _ in range(3):
        await asyncio.sleep(0.1)
        await svc.service.projector.step()
        await asyncio.gather(svc.service.rebuild(*views), svc.service.projector.step())
    is_done.set()
    await asyncio.gather(*writers)
    while await svc.service.projector.step():
        pass
    truth = {row["account"]: row["marbles"] for row in await svc.rows(FROM_EVENTS)}
    assert len(truth) == 13
    assert (await marbles(svc), await totals(svc)) == (truth, truth)
    live = await svc.rows("table jar order by 1, 2"), await svc.rows("table jar_name order by 1, 2")
    await svc.service.rebuild(*views)
    assert (await svc.rows("table jar order by 1, 2"), await svc.rows("table jar_name order by 1, 2")) == live


async def test_several_views_are_built_in_one_pass_over_the_store(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "PAGE_EVENTS", 7)
    svc = await services.open(sample())
    for number in range(20):
        await add(svc, 1, key=f"a{number % 3}")
    await svc.settle()
    live = await marbles(svc), await totals(svc)
    for table in ("jar", "jar_total"):
        await svc.rows(f"delete from {table}")
    pages: list[int] = []
    assert await svc.service.rebuild("jar", "jar_total", progress=pages.append) == 20
    assert pages == [7, 7, 6]
    assert (await marbles(svc), await totals(svc)) == live


async def test_what_is_committed_while_one_view_is_swapped_is_in_the_next_one(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    svc = await services.open(sample())
    await add(svc, 1)
    await svc.settle()
    swap = rebuild._swap_patiently

    async def swapped_while_somebody_writes(*args: Any) -> int:
        rest = await swap(*args)
        await add(svc, 1)
        return rest

    monkeypatch.setattr(rebuild, "_swap_patiently", swapped_while_somebody_writes)
    assert await svc.service.rebuild("jar", "jar_total") == 2
    assert (await marbles(svc), await totals(svc)) == ({"acme": 3}, {"acme": 2})
    await svc.settle()
    assert await totals(svc) == {"acme": 3}


async def test_rebuilding_without_the_lock_loses_what_is_written_meanwhile(services: Services) -> None:
    """The naive way: read everything, clear the table, write it anew."""
    svc = await services.open(sample())
    await add(svc, 1)
    async with session(svc.database.app_dsn, provider=PROVIDER) as naive:
        read = await naive.fetch(FROM_EVENTS)
        await add(svc, 2)
        await naive.execute("delete from jar")
        for row in read:
            await naive.execute("insert into jar values ($1, $2, $3)", PROVIDER, row["account"], row["marbles"])
    assert await marbles(svc) == {"acme": 1}
    await svc.service.rebuild("jar")
    assert await marbles(svc) == {"acme": 3}


async def test_a_rebuild_goes_through_a_connection_that_never_wrote_to_the_real_table(services: Services) -> None:
    """Statements that a pooled connection prepared keep meaning the real table; a rebuild over it would add everything twice."""
    svc = await services.open(sample())
    for _ in range(2):
        await add(svc, 1)
        await svc.service.rebuild("jar")
        await svc.service.rebuild("jar_total")
        await svc.settle()
    assert (await marbles(svc), await totals(svc)) == ({"acme": 2}, {"acme": 2})


async def test_a_rebuild_that_meets_a_writer_in_the_other_order_is_tried_again(services: Services) -> None:
    svc = await services.open(sample())
    await add(svc, 1)
    async with session(svc.database.app_dsn, provider=PROVIDER) as writer:
        await writer.execute("begin")
        await writer.execute("insert into jar_name values ($1, 'x', 'acme')", PROVIDER)
        rebuilding = asyncio.create_task(svc.service.rebuild("jar"))
        await _until_locked(svc, "jar")
        with_deadlock = asyncio.create_task(writer.execute("update jar set marbles = marbles"))
        done, _ = await asyncio.wait([rebuilding, with_deadlock], return_when=asyncio.FIRST_COMPLETED, timeout=60)
        assert done, "one of the two is told, and goes first or again"
        await asyncio.gather(with_deadlock, return_exceptions=True)
        await writer.execute("rollback")
        assert await rebuilding == 1
    assert await marbles(svc) == {"acme": 1}


async def _until_locked(svc: ServiceUnderTest, table: str) -> None:
    sql = "select count(*) from pg_locks where relation = $1::regclass and mode = 'ShareRowExclusiveLock' and granted"
    async with session(svc.database.admin_dsn) as admin, asyncio.timeout(60):
        while not await admin.fetchval(sql, f"public.{table}"):  # noqa: ASYNC110 - nothing in PostgreSQL tells us
            await asyncio.sleep(0.005)


async def test_a_projection_that_dies_before_its_commit_applies_its_page_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    svc = await services.open(sample())
    await add(svc, 3)

    def dies(point: str) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(projector, "fault", dies)
        with pytest.raises(Killed):
            await svc.service.projector.step()
    assert await totals(svc) == {}
    await svc.settle()
    assert await totals(svc) == {"acme": 3}


async def test_an_asynchronous_view_is_read_in_pages_and_skips_nothing(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "PAGE_EVENTS", 7)
    svc = await services.open(sample())
    for number in range(20):
        await add(svc, 1, key=f"a{number % 3}")
    steps = []
    while moved := await svc.service.projector.step():
        steps.append(moved)
    assert (steps, await totals(svc)) == ([7, 7, 6], {"a0": 7, "a1": 7, "a2": 6})


async def test_a_projection_that_waited_for_a_rebuild_goes_on_where_that_ended(services: Services) -> None:
    svc = await services.open(sample())
    await svc.service.projector.step()
    await add(svc, 3)
    async with session(svc.database.app_dsn, provider="*") as rebuilding:
        await rebuilding.execute("begin")
        await rebuilding.execute("select 1 from view_checkpoint where view = 'jar_total' for update")
        step = asyncio.create_task(svc.service.projector.step())
        await until_blocked(svc)
        await rebuilding.execute("insert into jar_total values ($1, 'acme', 3)", PROVIDER)
        await rebuilding.execute(
            "update view_checkpoint set epoch = e.epoch, txid = e.txid, position = e.position from event e where view = 'jar_total'"
        )
        await rebuilding.execute("commit")
        assert await step == 0, "the rebuild has applied the event"
    assert await totals(svc) == {"acme": 3}


KEYS = """select c.relname, array_agg(a.attname::text) as columns
from pg_class c join pg_index i on i.indrelid = c.oid and i.indisprimary
join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
where c.relname = any($1) group by 1"""


async def test_no_row_of_a_synchronous_view_is_shared_by_all_accounts_of_a_provider(services: Services) -> None:
    """A hot row makes everybody wait for each other. Measured: 2,400 transactions/s became 600."""
    svc = await services.open(sample())
    tables = [table for view in svc.service.definition.views if view.is_synchronous for table in view.tables]
    found = {row["relname"]: set(row["columns"]) for row in await svc.rows(KEYS, tables)}
    assert sorted(found) == sorted(tables), "every one has a primary key"
    assert all(columns > {"provider"} for columns in found.values()), found


async def test_commands_of_different_accounts_do_not_wait_for_each_other(services: Services) -> None:
    svc = await services.open(sample())

    async def act(work: Any) -> None:
        await work.execute(JAR, "a", AddMarbles(now=work.now, count=1), account="a")
        await work.flush()
        async with asyncio.timeout(60):
            await add(svc, 1, key="b")

    await svc.service.write.run(ProviderId(PROVIDER), cause(), act)
    assert await marbles(svc) == {"a": 1, "b": 1}
