"""Pages of timers: what a look and a page touch does not grow with what waits or has fired, and pages go beside each other."""

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.aggregate import SetTimer
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Fired, Outcome, WakeUpHandler, Work
from termijn.runtime.service import Service
from termijn.runtime.sql import Row, load
from termijn.runtime.timer_row import SHARDS, TimerRow
from termijn.runtime.timers import BEGINNING, LOOKS_ONWARD_MAX, PAGES_AT_ONCE, RANK_LAST, Instant, _pages
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import WAIT_SECONDS_MAX, Killed
from termijn.testing.sample import JAR, Alarm, Ring, SetAlarm, ring, sample

SQL = load("termijn.runtime.schema", "runtime.sql")
HOUR = timedelta(hours=1)
BELCO = ProviderId(PROVIDER)
ALL = list(range(SHARDS))
EXPLAIN = "explain (analyze, buffers, timing off, format json) "


def with_handler(handle: Any) -> Any:
    return dataclasses.replace(sample(), wake_ups=(WakeUpHandler(wake_up=Alarm, handle=handle),))


async def wait_for(svc: ServiceUnderTest, accounts: Sequence[str], at: datetime, *, name: str = "a") -> list[str]:
    """Timers of these accounts, without the events that would have set them; their ids."""
    rows = [
        TimerRow.of(
            "contracts", PROVIDER, JAR.stream(BELCO, account), account, SetTimer(occasion=name, due_at=at, wake_up=Alarm(name=name))
        )
        for account in accounts
    ]
    columns = zip(*(row.columns() for row in rows), strict=True)
    await svc.rows(SQL["set_timers"], PROVIDER, svc.clock.now(), *columns, provider=PROVIDER)
    return [row.timer_id for row in rows]


async def rang(svc: ServiceUnderTest, account: str) -> list[str]:
    rows = await svc.rows("select data ->> 'name' as name from event where account = $1 and type = 'AlarmRang' order by version", account)
    return [row["name"] for row in rows]


async def count_rang(svc: ServiceUnderTest) -> tuple[int, int]:
    """Alarms that rang, and accounts that they rang for."""
    rows = await svc.rows("select count(*) as rang, count(distinct account) as accounts from event where type = 'AlarmRang'")
    return rows[0]["rang"], rows[0]["accounts"]


def buffers(explained: Sequence[Row]) -> int:
    plan = json.loads(explained[0]["QUERY PLAN"])[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


# What it costs


@pytest.mark.rule("TIM-1")
@pytest.mark.parametrize("is_counted", [False, True])
async def test_what_a_page_touches_is_the_same_whatever_waits(services: Services, is_counted: bool) -> None:
    """Also where no ANALYZE has counted the timers yet, as after many were set at once: the planner then takes all for a row or two."""
    svc = await services.open(sample())
    at = svc.clock.now() + HOUR
    due = await wait_for(svc, [f"a{number:05d}" for number in range(100)], at)
    few = await touched_by_a_page(svc, due[:50], at)
    await wait_for(svc, [f"later{number:05d}" for number in range(20_000)], at + 24 * HOUR)
    if is_counted:
        await svc.rows("analyze timer", provider=PROVIDER)
    many = await touched_by_a_page(svc, due[:50], at)
    # An index of two hundred times the size is a level or two higher; it is asked and written for each of the fifty that are claimed.
    assert many["next_due"] <= few["next_due"] + 2, (few, many)
    assert many["due_timers"] <= few["due_timers"] + 2, (few, many)
    assert many["claim_timers"] <= few["claim_timers"] + 4 * 50, (few, many)


async def touched_by_a_page(svc: ServiceUnderTest, ids: Sequence[str], at: datetime) -> dict[str, int]:
    """Pages of PostgreSQL that are touched to find and to claim these timers."""
    statements = {
        "next_due": (EVERY_PROVIDER, ()),
        "due_timers": (EVERY_PROVIDER, (ALL, at, RANK_LAST, len(ids), *BEGINNING)),
        "claim_timers": (BELCO, (PROVIDER, at, ids)),
    }
    touched = {}
    async with svc.service.write.database.pool.acquire() as connection:
        for name, (provider, args) in statements.items():
            await connection.execute(f"begin; set local termijn.provider = '{provider}'")
            touched[name] = buffers(await connection.fetch(EXPLAIN + SQL[name], *args))
            await connection.execute("rollback")
    return touched


@pytest.mark.rule("TIM-1")
async def test_looks_do_not_step_again_and_again_over_what_has_fired(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue in a table, as it goes wrong: the 58th look over 30,000 fired timers touched 386 pages of PostgreSQL, the first one 22."""
    svc = await services.open(sample())
    at = svc.clock.now()
    await wait_for(svc, [f"a{number:05d}" for number in range(2_000)], at)
    touched: list[int] = []
    database = svc.service.write.database
    short = database.short

    async def measured(provider: ProviderId, sql: str, *args: object) -> Sequence[Row]:
        if sql == SQL["due_timers"]:
            touched.append(buffers(await short(provider, EXPLAIN + sql, *args)))
        return await short(provider, sql, *args)

    monkeypatch.setattr(database, "short", measured)
    fired = 0
    while done := await svc.service.timers.step(Instant(at), page=10):
        fired += done
    assert (fired, await count_rang(svc)) == (2_000, (2_000, 2_000))
    assert len(touched) == 22, "a hundred at a time; at the end one look onward finds nothing, and one from the beginning"
    whole = touched[:: LOOKS_ONWARD_MAX + 1]
    onward = [each for number, each in enumerate(touched[:-1]) if number % (LOOKS_ONWARD_MAX + 1)]
    assert max(onward) <= onward[0] + 10, touched
    assert whole[1] > max(onward), f"or this test would see nothing: {touched}"


# Beside each other


def row_of(account: str, at: datetime, *, provider: str = PROVIDER, number: int = 0) -> Any:
    return {"provider": provider, "account": account, "due_at": at, "rank": 0, "timer_id": f"{account}/{number}"}


def accounts_of(rows: Sequence[Any], page: int) -> list[list[str]]:
    pages, last = _pages(rows, page)
    assert last is not None
    return [[row["account"] for row in of_one] for of_one in pages]


@pytest.mark.rule("TIM-1")
def test_an_account_is_in_one_page_only_and_its_second_date_in_none() -> None:
    at = datetime.fromisoformat("2026-03-01T04:00:00+00:00")
    assert accounts_of([row_of(a, at) for a in "abcde"], 2) == [["a", "b"], ["c", "d"], ["e"]]
    assert accounts_of([row_of(a, at) for a in "abca"], 3) == [["a", "b", "c"]], "its page is full: so far for now"
    assert accounts_of([row_of(a, at) for a in "abaccd"], 3) == [["a", "b", "a"], ["c", "c", "d"]]
    assert accounts_of([row_of("a", at), row_of("b", at), row_of("a", at + HOUR), row_of("c", at + HOUR)], 3) == [["a", "b"]]
    assert accounts_of([row_of("a", at), row_of("b", at + HOUR), row_of("c", at + 2 * HOUR)], 2) == [["a", "b"]]
    assert accounts_of([row_of("a", at), row_of("a", at, provider="other")], 1) == [["a"], ["a"]], "two providers"
    assert accounts_of([row_of("a", at), row_of("b", at), row_of("c", at + HOUR)], 2) == [["a", "b"]], "behind the first page no other date"


@pytest.mark.rule("TIM-1")
async def test_pages_of_one_instant_are_under_way_beside_each_other(services: Services) -> None:
    under_way, seen = set(), []
    all_there = asyncio.Event()

    async def meets(work: Work, fired: Fired[Alarm]) -> Outcome:
        under_way.add(id(work))
        seen.append(len(under_way))
        if len(under_way) == PAGES_AT_ONCE:
            all_there.set()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await all_there.wait()
        return await ring(work, fired)

    svc = await services.open(with_handler(meets))
    await wait_for(svc, [f"a{number}" for number in range(4)], svc.clock.now())
    assert await svc.service.timers.step(Instant(svc.clock.now()), page=2) == 4
    assert max(seen) == PAGES_AT_ONCE
    assert await count_rang(svc) == (4, 4)


@pytest.mark.rule("TIM-1")
async def test_pages_that_write_to_one_stream_fire_one_after_the_other(services: Services) -> None:
    async def shared(work: Work, fired: Fired[Alarm]) -> Outcome:
        await work.load(JAR, "of-all")
        await asyncio.sleep(0.01)
        await work.execute(JAR, "of-all", Ring(now=work.now, name=fired.account, due_at=fired.due_at), account=AccountId("of-all"))
        return await ring(work, fired)

    svc = await services.open(with_handler(shared))
    accounts = [f"a{number}" for number in range(9)]
    await wait_for(svc, accounts, svc.clock.now())
    fired = 0
    while done := await svc.service.timers.step(Instant(svc.clock.now()), page=2):
        fired += done
    assert (fired, sorted(await rang(svc, "of-all"))) == (9, accounts)
    assert await svc.service.held.parked(BELCO) == []


@pytest.mark.rule("TIM-1")
async def test_a_process_that_dies_between_two_pages_has_fired_each_or_not(services: Services) -> None:
    is_dying = True

    async def dies(work: Work, fired: Fired[Alarm]) -> Outcome:
        if is_dying and fired.account == "a5":
            raise Killed
        return await ring(work, fired)

    svc = await services.open(with_handler(dies))
    await wait_for(svc, [f"a{number}" for number in range(8)], svc.clock.now())
    with pytest.raises(Killed):
        await svc.service.timers.step(Instant(svc.clock.now()), page=2)
    rows = await svc.rows("select count(*) from timer where fired_at is not null")
    assert rows[0]["count"] == (await count_rang(svc))[0] < 8
    is_dying = False
    while await svc.service.timers.step(Instant(svc.clock.now()), page=2):
        pass
    assert await count_rang(svc) == (8, 8)


# The place that the last look reached


async def step(service: Service, at: datetime) -> int:
    """At most ten timers: a page of one, ten of them looked up."""
    return await service.timers.step(Instant(at), page=1)


@pytest.mark.rule("TIM-1")
async def test_what_is_set_for_an_earlier_date_meanwhile_goes_first(services: Services) -> None:
    svc = await services.open(sample())
    start = svc.clock.now()
    at = start + 2 * HOUR
    await svc.clock.advance_to(at)
    await wait_for(svc, [f"a{number:02d}" for number in range(30)], at)
    assert await step(svc.service, at) == 10
    await svc.run(JAR, "a20", SetAlarm(now=at, name="earlier", at=start + HOUR), account="a20")
    while await step(svc.service, at):
        pass
    assert await rang(svc, "a20") == ["earlier", "a"]


@pytest.mark.rule("TIM-1")
async def test_what_another_process_sets_or_releases_meanwhile_is_found_too(services: Services) -> None:
    svc = await services.open(sample())
    start = svc.clock.now()
    at = start + 2 * HOUR
    await svc.clock.advance_to(at)
    await svc.rows("insert into parked_key (provider, account, reason) values ($1, 'a03', 'test')", PROVIDER, provider=PROVIDER)
    await wait_for(svc, [f"a{number:02d}" for number in range(30)], at)
    await wait_for(svc, ["a03", "a29"], at + HOUR, name="later")
    assert await step(svc.service, at + HOUR) == 10
    await wait_for(svc, ["a00"], start + HOUR, name="set by another")
    await svc.rows("delete from parked_key", provider=PROVIDER)
    while await step(svc.service, at + HOUR):
        pass
    assert await rang(svc, "a00") == ["a", "set by another"]
    assert await rang(svc, "a03") == ["a", "later"], "not before what was held of an earlier date"
    assert await rang(svc, "a29") == ["a", "later"]
    assert (await count_rang(svc))[0] == 33
