"""A look at whether there is anything to do: one statement on a connection of its own, so that idling costs next to nothing.

Moving a sandbox clock asks every service thousands of times whether it is quiet; opening a transaction per kind of work for the
answer "no" took nine tenths of that time.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Worker

_BUSY = """
select exists (select 1 from outbox o where not exists (
    select 1 from outbox r where r.provider = o.provider and r.account = o.account and r.is_refused))
  or exists (select 1 from waiting_message where is_ready)
  or exists (select 1 from arrived_fact)
  or exists (select 1 from unjournaled_unit)
"""

_UNSEEN = """
  or exists (
    select 1 from unnest($1::text[]) as v(name) left join view_checkpoint c on c.view = v.name
    where (coalesce(c.epoch, 0), coalesce(c.txid, '0'::xid8), coalesce(c.position, 0)) < (
      select e.epoch, e.txid, e.position from event e order by e.epoch desc, e.txid desc, e.position desc limit 1))
"""
# By the newest event. Asked for any event beyond the checkpoint, the planner joined: each look read the whole store, year by year more.


class Glance:
    """Answers whether a service has something to send, to try again, to number or to project."""

    def __init__(self, app_dsn: str, *, views: Sequence[str], workers: Sequence[Worker]) -> None:
        self._app_dsn = app_dsn
        self._views = list(views)
        self._busy = _BUSY + _UNSEEN + "".join(f" or exists ({worker.waiting_providers})" for worker in workers)
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def is_busy(self) -> bool:
        """Whether any step but receiving would find something to do."""
        return await self._ask(self._busy, self._views)

    async def is_message_held(self) -> bool:
        """Whether a message is on its way out or ready to be tried again. (A worker that cannot go on is no reason to wait.)"""
        return await self._ask(_BUSY)

    async def _ask(self, sql: str, *args: object) -> bool:
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                settings = {"termijn.provider": EVERY_PROVIDER, "default_transaction_read_only": "on", "enable_seqscan": "off"}
                self._connection = await asyncpg.connect(self._app_dsn, server_settings=settings, command_timeout=60)
            return bool(await self._connection.fetchval(sql, *args))

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            await self._connection.close(timeout=10)
