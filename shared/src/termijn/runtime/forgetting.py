"""What a process may remember: nothing of an account that was erased, whichever process erased it (CON-7).

A process keeps states and keys in memory, and another one erases. Each transaction says with its first statement up to which erasure
its process has forgotten; where the database knows of more, it is begun anew after that was made up for. So a transaction that can see
an erasure uses nothing that was read before it, and the erasing waits for those that cannot (``erasure.py``).
"""

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from termijn.kernel.ids import ProviderId

BEHIND = "TM003"
"""The error of a transaction whose process has not heard of all erasures."""

Forget = Callable[[Sequence[tuple[ProviderId, str]]], None]
"""Told of accounts that were erased: drops whatever is kept of them, at once and without waiting for anything."""


class Forgetting:
    """How far one process is with one database. ``known`` is the number of the last erasure that it has heard of."""

    def __init__(self, known: int = 0) -> None:
        self.known = known
        self._listeners: list[Forget] = []

    def tell(self, listener: Forget) -> None:
        """Have it told of every erasure."""
        self._listeners.append(listener)

    async def hear(self, connection: Any) -> None:
        """Make up for all that was missed, in a transaction of its own."""
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute("set local termijn.provider = '*'")
            number = int(await connection.fetchval("select number from forgetting"))
            rows = await connection.fetch("select provider, account from forgotten_account where number > $1 order by number", self.known)
        accounts = [(ProviderId(row["provider"]), str(row["account"])) for row in rows]
        for listener in self._listeners:
            listener(accounts)
        # Only now, and never back: another task of this process may have heard of more in the meantime.
        self.known = max(self.known, number)


def is_behind(error: BaseException) -> bool:
    """Whether a transaction was sent back because its process remembers too much."""
    return isinstance(error, asyncpg.PostgresError) and getattr(error, "sqlstate", None) == BEHIND
