"""Domain time, and the one place that reads the machine's clock (TIM-2).

Domain time decides what is due and what a document says. Tokens, leases, back-off and record times are machine time.
"""

from datetime import UTC, datetime
from typing import Protocol

import asyncpg

from termijn.kernel.errors import Conflict, NotAllowed

SCHEMA = """
create table if not exists sandbox_clock (
  is_only_row boolean primary key default true check (is_only_row),
  now timestamptz not null
);
grant select, insert, update on sandbox_clock to termijn_app;
"""


class ClockIsReal(NotAllowed):
    """This installation runs on the real time; only a sandbox can be moved forward."""


class ClockGoesForwardOnly(Conflict):
    """The clock stands at {current} and goes forward only; {asked} is before that."""


class Clock(Protocol):
    """What a service asks the time of."""

    def now(self) -> datetime:
        """Domain time: aware, UTC."""
        ...

    async def advance_to(self, instant: datetime) -> None:
        """Move domain time forward; refused where it is real, or where ``instant`` is in the past."""
        ...


def machine_now() -> datetime:
    """The machine's time: aware, UTC. Never for a business decision."""
    return datetime.now(UTC)


class SystemClock:
    """Production: domain time is machine time, and nobody moves it."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return machine_now()

    async def advance_to(self, instant: datetime) -> None:
        """Always refused (``ClockIsReal``)."""
        raise ClockIsReal


class SandboxClock:
    """Stands still until it is moved. Its value is a row in the log's database, so a killed sandbox goes on where it was."""

    def __init__(self, pool: asyncpg.Pool, now: datetime) -> None:
        self._pool = pool
        self._now = now

    @classmethod
    async def open(cls, pool: asyncpg.Pool, *, owner_dsn: str, starts_at: datetime) -> "SandboxClock":
        """The clock as it stands; a new sandbox begins at ``starts_at``. ``pool`` stays the caller's."""
        assert starts_at.tzinfo is not None
        owner = await asyncpg.connect(owner_dsn)
        try:
            async with owner.transaction():
                await owner.execute("select pg_advisory_xact_lock(hashtextextended('termijn.sandbox_clock', 0))")
                await owner.execute(SCHEMA)
        finally:
            await owner.close()
        await pool.execute("insert into sandbox_clock (now) values ($1) on conflict do nothing", starts_at)
        clock = cls(pool, starts_at.astimezone(UTC))
        await clock.load()
        return clock

    def now(self) -> datetime:
        """Where it stood when this process last loaded or moved it."""
        return self._now

    async def load(self) -> datetime:
        """Read it again: another process may have moved it."""
        value: datetime = await self._pool.fetchval("select now from sandbox_clock")
        self._now = value.astimezone(UTC)
        return self._now

    async def advance_to(self, instant: datetime) -> None:
        """Move it forward (to where it stands: no effect). Raises ``ClockGoesForwardOnly``."""
        assert instant.tzinfo is not None, "an instant has a zone"
        moved = await self._pool.fetchval("update sandbox_clock set now = $1 where now <= $1 returning now", instant)
        if moved is None:
            raise ClockGoesForwardOnly(current=(await self.load()).isoformat(), asked=instant.isoformat())
        self._now = moved.astimezone(UTC)
