"""Several processes follow one sandbox clock: nothing fires before all of them know what time it is (TIM-2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from termijn.runtime import clock as clocks
from termijn.runtime.clock import SandboxClock
from termijn.testing.postgres import Databases, TestDatabase

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = START + DAY

pytestmark = pytest.mark.rule("TIM-2")


@asynccontextmanager
async def process(database: TestDatabase) -> AsyncIterator[SandboxClock]:
    """A clock as another process has it."""
    async with asyncpg.create_pool(database.app_dsn, min_size=1, max_size=3) as pool:
        clock = await SandboxClock.open(pool, owner_dsn=database.owner_dsn, starts_at=START)
        try:
            yield clock
        finally:
            await clock.unfollow()  # the pool waits for what it has lent, also when a test has failed


async def test_whoever_moves_the_clock_waits_until_every_follower_has_seen_it(databases: Databases) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as one, process(database) as other:
        await one.follow()
        await other.follow()
        moving = asyncio.create_task(mover.advance_to(LATER))
        await asyncio.sleep(0.1)
        assert not moving.done()
        assert await one.follow() == LATER
        assert one.fires_until == START, "the other would handle at yesterday's time what this one does today"
        await asyncio.sleep(0.1)
        assert not moving.done()
        assert await other.follow() == LATER
        async with asyncio.timeout(30):
            await moving
        assert mover.fires_until == LATER
        await one.follow()
        assert one.fires_until == other.fires_until == LATER


async def test_a_follower_that_died_or_left_is_not_waited_for(databases: Databases) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as dies, process(database) as leaves:
        await dies.follow()
        await leaves.follow()
        dies._session.terminate()
        await leaves.unfollow()
        async with asyncio.timeout(30):
            await mover.advance_to(LATER)


async def test_who_joins_while_the_clock_moves_is_waited_for_or_sees_it(databases: Databases) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as late:
        for day in range(1, 20):
            instant = START + timedelta(days=day)
            moving = asyncio.create_task(mover.advance_to(instant))
            await late.follow()
            if moving.done():
                assert late.now() == instant
            while not moving.done():
                await late.follow()
                await asyncio.sleep(0)
            await late.unfollow()


async def test_a_clock_whose_mover_died_on_the_way_is_let_go_by_who_follows(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as one:
        await one.follow()
        moving = asyncio.create_task(mover.advance_to(LATER))
        await asyncio.sleep(0.1)
        moving.cancel()
        await one.follow()
        assert one.now() == one.fires_until == LATER


async def test_one_that_stands_still_is_not_waited_for_for_ever(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "FOLLOWED_SECONDS_MAX", 0.2)
    database = await databases.new()
    async with process(database) as mover, process(database) as stands_still:
        await stands_still.follow()
        async with asyncio.timeout(30):
            await mover.advance_to(LATER)
        assert mover.fires_until == LATER
        monkeypatch.undo()
        async with asyncio.timeout(30):
            await mover.advance_to(LATER + DAY)  # it was waited for once, not at every date
        assert await stands_still.follow() == LATER + DAY, "it wakes up, and follows anew"
        moving = asyncio.create_task(mover.advance_to(LATER + 2 * DAY))
        await asyncio.sleep(0.1)
        assert not moving.done()
        await stands_still.follow()
        async with asyncio.timeout(30):
            await moving


@pytest.mark.parametrize("failure", [OSError, asyncio.CancelledError])
@pytest.mark.parametrize("cut_off", [1, 2], ids=["before it has said so", "before it has taken back what it said"])
async def test_one_that_is_cut_off_while_it_follows_neither_holds_up_the_clock_nor_lets_it_go(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException], cut_off: int
) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as one:
        await one.follow()
        moving = asyncio.create_task(mover.advance_to(LATER))
        await asyncio.sleep(0.1)
        session, calls = one._session, 0
        execute = session.execute

        async def cut(*args: object) -> None:
            nonlocal calls
            calls += 1
            if calls == cut_off:
                raise failure
            await execute(*args)

        monkeypatch.setattr(type(session), "execute", lambda self, *args: cut(*args))
        with pytest.raises(failure):
            await one.follow()
        monkeypatch.undo()
        async with asyncio.timeout(30):
            await moving
        assert await one.follow() == LATER
        moving = asyncio.create_task(mover.advance_to(LATER + DAY))
        await asyncio.sleep(0.1)
        assert not moving.done(), "it is waited for again"
        await one.follow()
        async with asyncio.timeout(30):
            await moving


async def test_a_mover_that_died_before_anybody_followed_leaves_a_clock_that_the_next_one_moves_on(databases: Databases) -> None:
    """Between the new time and the word that timers may fire; whoever comes then, mover or follower, is not held up."""
    database = await databases.new()
    async with process(database) as dies:
        await dies._pool.execute("update sandbox_clock set now = $1, fires_until = now", LATER)
    async with process(database) as follower:
        assert (follower.now(), follower.fires_until) == (LATER, START)
        assert await follower.follow() == follower.fires_until == LATER
        await follower.unfollow()
    async with process(database) as mover:
        async with asyncio.timeout(30):
            await mover.advance_to(LATER + DAY)
        assert mover.fires_until == LATER + DAY


async def test_a_follower_whose_session_is_lost_follows_again(databases: Databases) -> None:
    database = await databases.new()
    async with process(database) as mover, process(database) as one:
        await one.follow()
        one._session.terminate()
        await asyncio.sleep(0.05)
        assert await one.follow() == START
        moving = asyncio.create_task(mover.advance_to(LATER))
        await asyncio.sleep(0.1)
        assert not moving.done()
        await one.follow()
        async with asyncio.timeout(30):
            await moving
