"""Who does what only one process may do at a time: relay, fire the timers of a shard, run a worker, try waiting messages.

A role is a session advisory lock on a connection of its own. Whoever has it keeps it, which costs no query per step; it is free
again when its process closes or dies, because its session dies with it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg


class SessionLocks:
    """The roles of this process in one service."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None
        self._held: set[tuple[str, int]] = set()
        self._asking = asyncio.Lock()
        self._turns: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def sole(self, role: str, parts: Sequence[int] = (0,)) -> AsyncIterator[Sequence[int]]:
        """The parts of a role that are this process's now; none where others have them all.

        Inside one process the tasks that ask for a role take turns.
        """
        async with self._turns.setdefault(role, asyncio.Lock()):
            yield await self._ours(role, parts)

    def has(self, role: str, part: int = 0) -> bool:
        """Whether the part of a role was this process's when it last asked."""
        return (role, part) in self._held

    async def close(self) -> None:
        """Give every role up."""
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None and not connection.is_closed():
            await connection.close(timeout=5)

    async def _ours(self, role: str, parts: Sequence[int]) -> Sequence[int]:
        async with self._asking:
            if self._connection is None or self._connection.is_closed():
                # With the old session went all that it held.
                self._held.clear()
                self._connection = await asyncpg.connect(self._dsn, command_timeout=30)
            wanted = [part for part in parts if (role, part) not in self._held]
            if wanted:
                rows = await self._connection.fetch(
                    "select part from unnest($2::int[]) as wanted(part) "
                    "where pg_try_advisory_lock(hashtextextended('termijn.role/' || $1 || '/' || part, 0))",
                    role,
                    wanted,
                )
                self._held |= {(role, row["part"]) for row in rows}
        return [part for part in parts if (role, part) in self._held]
