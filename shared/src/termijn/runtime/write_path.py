"""The one place that opens and commits transactions for decisions, with the conflict policy.

Three errors are one case, *somebody else was first*: 40001, 40P01 and 23505. The first attempt is free; later ones queue
behind session advisory locks of the streams that were about to be written, taken before BEGIN, so that the snapshot is fresh.
With 50 writers on one stream, plain retrying took up to 420 attempts; this takes 1.5. Who comes while others stand in line goes to
its end: with 16 callers who come back at once, free first attempts kept those in line from ever being first.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import asyncpg

from termijn.kernel.errors import Busy
from termijn.kernel.ids import ProviderId
from termijn.runtime.clock import Clock
from termijn.runtime.database import ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.handling import Cause
from termijn.runtime.hold import Hold, ServiceHeld
from termijn.runtime.plant import Plant
from termijn.runtime.unit_of_work import Queued, UnitOfWork

ResultT = TypeVar("ResultT")

ATTEMPTS_MAX = 8
"""Then the caller is told to come back (503 with Retry-After), or the message is tried again as a transient failure."""

CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError)
"""Somebody else was first. Unique and exclusion constraints guard rules over several streams: the retry sees why and refuses."""

_LOCK_SPACE = 7_311_002


class WritePath:
    """Runs an act as one unit of work."""

    def __init__(self, database: ServiceDatabase, plant: Plant, clock: Clock) -> None:
        self.database = database
        self.plant = plant
        self.clock = clock
        self.hold = Hold(database)
        self._queues: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(self, provider: ProviderId, cause: Cause, act: Callable[[UnitOfWork], Awaitable[ResultT]]) -> ResultT:
        """Carry ``act`` out and commit. Raises what ``act`` raises; ``Busy`` after too many conflicts, ``ServiceHeld`` after a restore."""
        contested: frozenset[str] = frozenset()
        result: Any = None
        for _ in range(ATTEMPTS_MAX):
            result, contested = await self._attempt(provider, cause, act, contested)
            if not is_conflict(result):
                found: ResultT = result
                return found
        raise Busy from result.error

    async def _attempt(
        self, provider: ProviderId, cause: Cause, act: Callable[[UnitOfWork], Awaitable[ResultT]], contested: frozenset[str]
    ) -> tuple[Any, frozenset[str]]:
        locks = sorted({_lock_of(provider, stream) for stream in contested})
        async with AsyncExitStack() as stack:
            # First a queue in this process, so that those who wait for one stream do not take every connection of the others.
            for lock in locks:
                await stack.enter_async_context(self._queues.setdefault(lock, asyncio.Lock()))
            connection = await stack.enter_async_context(self.database.pool.acquire())
            if locks:
                connection.note_locks()  # given back with the connection
                await connection.execute("select pg_advisory_lock($1, lock) from unnest($2::int[]) as lock", _LOCK_SPACE, locks)
            return await self.once(connection, provider, cause, act, contested)

    async def once(
        self,
        connection: Any,
        provider: ProviderId,
        cause: Cause,
        act: Callable[[UnitOfWork], Awaitable[ResultT]],
        contested: frozenset[str] | None = None,
    ) -> tuple[Any, frozenset[str]]:
        """One attempt on this connection: the result, or a conflict and the streams that were contested.

        ``contested`` are those that the caller has waited for; None for a page, which waits for nobody.
        """
        if self.hold.reason is not None:
            raise ServiceHeld(reason=self.hold.reason)
        work = UnitOfWork(self.plant, connection, provider, self.clock.now(), cause, is_queued=self._queued_before(provider, contested))
        try:
            async with self.database.begun(connection, provider):
                result = await act(work)
                work.note_unit()
                await work.flush()
                await work.save_snapshots()
                fault("write.before_commit")
            fault("write.after_commit")
        except (*CONFLICTS, Queued) as error:
            return _Conflict(error), frozenset(work.written).union(contested or ())
        work.remember()
        return result, frozenset()

    def _queued_before(self, provider: ProviderId, contested: frozenset[str] | None) -> Callable[[str], bool]:
        """Whether somebody of this process stands in line for a stream that the caller has not waited for."""

        def is_queued(stream: str) -> bool:
            if contested is None or stream in contested:
                return False
            queue = self._queues.get(_lock_of(provider, stream))
            return queue is not None and queue.locked()

        return is_queued


@dataclass(frozen=True, slots=True)
class _Conflict:
    """Stands for a result that a conflict prevented."""

    error: Exception


def is_conflict(result: object) -> bool:
    """Whether an attempt ended because somebody else was first."""
    return isinstance(result, _Conflict)


def _lock_of(provider: str, stream: str) -> int:
    return zlib.crc32(f"{provider}/{stream}".encode()) - 2**31
