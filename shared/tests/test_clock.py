"""Domain time: real in production, moved forward only in a sandbox (TIM-2)."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from termijn.runtime.clock import ClockGoesForwardOnly, ClockIsReal, SandboxClock, SystemClock
from termijn.testing.postgres import Databases

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.mark.rule("TIM-2")
async def test_production_refuses_to_be_moved() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    with pytest.raises(ClockIsReal):
        await clock.advance_to(START)


@pytest.mark.rule("TIM-2")
async def test_a_sandbox_stands_still_goes_forward_only_and_is_one_clock_for_all(databases: Databases) -> None:
    database = await databases.new()
    async with asyncpg.create_pool(database.app_dsn, min_size=1, max_size=2) as pool:
        clock = await SandboxClock.open(pool, owner_dsn=database.owner_dsn, starts_at=START)
        other = await SandboxClock.open(pool, owner_dsn=database.owner_dsn, starts_at=START + timedelta(days=9))
        assert clock.now() == other.now() == START
        await clock.advance_to(START + timedelta(days=1))
        await clock.advance_to(START + timedelta(days=1))
        assert other.now() == START
        assert await other.load() == START + timedelta(days=1)
        with pytest.raises(ClockGoesForwardOnly):
            await other.advance_to(START)
        assert clock.now() == START + timedelta(days=1)
