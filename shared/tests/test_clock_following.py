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
LATER = START + timedelta(days=1)

pytestmark = pytest.mark.rule("TIM-2")


@asynccontextmanager
async def process(database: TestDatabase) -> AsyncIterator[SandboxClock]:
    """A clock as another process has it."""
    async with asyncpg.create_pool(database.app_dsn, min_size=1, max_size=3) as pool:
        clock = await SandboxClock.open(pool, owner_dsn=database.owner_dsn, starts_at=START)
        yield clock
        await clock.unfollow()


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
        await asyncio.wait_for(moving, 5)
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
        await asyncio.wait_for(mover.advance_to(LATER), 5)


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
        await asyncio.wait_for(mover.advance_to(LATER), 5)
        assert mover.fires_until == LATER


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
        await asyncio.wait_for(moving, 5)
