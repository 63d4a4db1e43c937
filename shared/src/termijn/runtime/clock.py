"""Domain time, and the one place that reads the machine's clock (TIM-2).

Domain time decides what is due and what a document says. Tokens, leases, back-off and record times are machine time.
"""

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol

import asyncpg

from termijn.kernel.errors import Conflict, NotAllowed

SCHEMA = """
create table if not exists sandbox_clock (
  is_only_row boolean primary key default true check (is_only_row),
  now timestamptz not null
);
-- Timers up to here may fire: behind ``now`` while a process has not seen yet that the clock moved.
alter table sandbox_clock add column if not exists fires_until timestamptz;
grant select, insert, update on sandbox_clock to termijn_app;
"""

FOLLOWED_DELAY_S = 0.002
FOLLOWED_SECONDS_MAX = 60.0
"""A follower in the middle of a long page is waited for. One that stands still for longer than this is taken for dead: its session is
ended, so that it is waited for once and not at every date, and it follows anew when it wakes up."""


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
    """Stands still until it is moved. Its value is a row in the log's database, so a killed sandbox goes on where it was.

    Several processes may follow one clock. Whoever moves it waits until each of them has seen it, and only then do timers fire:
    else one process would handle, still at yesterday's time, what another did today. A follower holds a shared advisory lock
    that is named after the time it has seen; it is gone with its session, so a dead one is not waited for.
    """

    def __init__(self, pool: asyncpg.Pool, now: datetime) -> None:
        self._pool = pool
        self._now = now
        self._fires_until = datetime.min.replace(tzinfo=UTC)
        self._session: Any = None
        self._seen: datetime | None = None
        self._following = asyncio.Lock()

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
        now: datetime = await pool.fetchval("select now from sandbox_clock")
        clock = cls(pool, now.astimezone(UTC))
        await clock.load()
        return clock

    def now(self) -> datetime:
        """Where it stood when this process last loaded or moved it."""
        return self._now

    @property
    def fires_until(self) -> datetime:
        """Timers up to here may fire, as of the last ``load``: every process that follows knows what time it is."""
        return self._fires_until

    async def load(self) -> datetime:
        """Read it again: another process may have moved it."""
        row = await self._pool.fetchrow("select now, coalesce(fires_until, now) as fires_until from sandbox_clock")
        self._now = max(self._now, row["now"].astimezone(UTC))
        self._fires_until = max(self._fires_until, row["fires_until"].astimezone(UTC))
        return self._now

    async def follow(self) -> datetime:
        """As ``load``; from now on whoever moves the clock waits until this process has seen it. To be called again and again."""
        async with self._following:
            try:
                await self._see()
                if self._fires_until < self._now:
                    await self._release()  # whoever moved it may have died
            except BaseException:
                # Cut off in the middle, this process may say that it knows a time that it does not know, or hold up the clock for ever.
                await self._let_go()
                raise
            return self._now

    async def unfollow(self) -> None:
        """Nobody needs to wait for this process any more."""
        async with self._following:
            await self._let_go()

    async def _see(self) -> None:
        """Know the time, and have said so. Read once more after each change: the clock may have moved before the lock said anything."""
        if self._session is None or _is_lost(self._session):
            self._session, self._seen = await self._pool.acquire(), None
        while await self.load() != self._seen:
            await self._session.execute(_LOCK, self._now)
            before, self._seen = self._seen, self._now
            if before is not None:
                await self._session.execute(_UNLOCK, before)

    async def _let_go(self) -> None:
        """The pool unlocks all that the session holds; where it cannot, it ends the session."""
        session, self._session, self._seen = self._session, None, None
        if session is not None and not _is_lost(session):
            await self._pool.release(session)

    async def advance_to(self, instant: datetime) -> None:
        """Move it forward (to where it stands: no effect). Raises ``ClockGoesForwardOnly``.

        Returns when every process that follows has seen it, or stands still for too long.
        """
        assert instant.tzinfo is not None, "an instant has a zone"
        sql = "update sandbox_clock set now = $1, fires_until = coalesce(fires_until, now) where now <= $1 returning now"
        if await self._pool.fetchval(sql, instant) is None:
            raise ClockGoesForwardOnly(current=(await self.load()).isoformat(), asked=instant.isoformat())
        self._now = instant.astimezone(UTC)
        deadline = monotonic() + FOLLOWED_SECONDS_MAX
        while not await self._release():
            if monotonic() > deadline:
                await self._pool.execute(_END_BEHIND, self._now)
            await asyncio.sleep(FOLLOWED_DELAY_S)

    async def _release(self) -> bool:
        """Let timers up to now fire where nobody is behind; whether they may."""
        released = await self._pool.fetchval(_RELEASE, self._now)
        await self.load()
        return bool(released) or self._fires_until >= self._now


def _is_lost(session: Any) -> bool:
    """A pool takes a session back that the server ended, and then it cannot be asked."""
    try:
        return bool(session.is_closed())
    except asyncpg.InterfaceError:
        return True


_KEY = "7311005, hashtext(extract(epoch from $1::timestamptz)::text) & 2147483647"
"""The lock of those who have seen an instant ($1)."""
_LOCK = f"select pg_advisory_lock_shared({_KEY})"
_UNLOCK = f"select pg_advisory_unlock_shared({_KEY})"
_BEHIND = f"""
  select l.pid from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
  where l.locktype = 'advisory' and l.classid = {_KEY.split(",", maxsplit=1)[0]} and l.objid <> ({_KEY.split(",", maxsplit=1)[1]})::oid
"""
"""The sessions of those who have not seen an instant ($1) and say that they follow."""
_RELEASE = f"update sandbox_clock set fires_until = $1 where now = $1 and not exists ({_BEHIND}) returning true"
_END_BEHIND = f"select pg_terminate_backend(behind.pid) from ({_BEHIND}) as behind"
