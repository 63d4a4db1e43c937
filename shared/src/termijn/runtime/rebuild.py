"""Building a read model anew while the service runs: fill beside the old, lock the old, apply the rest, swap the contents.

The rows are swapped and not the tables, so that grants, policies and the plans of waiting writers stay valid; a writer that was
waiting for the lock then applies its own event, which no one else has applied, because it is not committed yet.
"""

from collections.abc import Callable
from typing import Any

from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase, begun
from termijn.runtime.handling import Row, View
from termijn.runtime.projector import PAGE_EVENTS, START, apply_rows, read_checkpoint, write_checkpoint
from termijn.runtime.sql import load
from termijn.runtime.unit_of_work import Plant

SQL = load("termijn.runtime.schema", "runtime.sql")

Progress = Callable[[int], None]


def _unseen(events: int) -> None:
    return None


async def rebuild(database: ServiceDatabase, plant: Plant, view: View, progress: Progress = _unseen) -> int:
    """Build one view anew from the store; the number of events read. ``progress`` is told of each page."""
    async with database.pool.acquire() as connection:
        async with begun(connection, EVERY_PROVIDER, isolation="read committed"):
            for table in view.tables:
                await connection.execute(
                    f"create temporary table rebuilt_{table} (like public.{table} including all) on commit preserve rows"
                )
        try:
            return await _rebuild(connection, plant, view, progress)
        finally:
            for table in view.tables:
                await connection.execute(f"drop table if exists pg_temp.{table}, pg_temp.rebuilt_{table}")


async def _rebuild(connection: Any, plant: Plant, view: View, progress: Progress) -> int:
    beside = _Beside(connection, plant, view)
    last: Row | None = None
    events = 0
    while True:
        async with begun(connection, EVERY_PROVIDER):
            rows = await connection.fetch(SQL["read_store"], *_after(last), plant.epoch, PAGE_EVENTS)
            await beside.apply(rows)
        if not rows:
            break
        last, events = rows[-1], events + len(rows)
        progress(len(rows))
    # READ COMMITTED on purpose: the statements after the lock must see what was committed while waiting for it.
    async with begun(connection, EVERY_PROVIDER, isolation="read committed"):
        await read_checkpoint(connection, view.name)
        for table in view.tables:
            await connection.execute(f"lock table public.{table} in share row exclusive mode")
        while True:
            sql, limits = ("read_store_committed", [PAGE_EVENTS]) if view.is_synchronous else ("read_store", [plant.epoch, PAGE_EVENTS])
            rows = await connection.fetch(SQL[sql], *_after(last), *limits)
            if not rows:
                break
            await beside.apply(rows)
            last, events = rows[-1], events + len(rows)
        for table in reversed(view.tables):
            await connection.execute(f"delete from public.{table}")
        for table in view.tables:
            await connection.execute(f"insert into public.{table} select * from pg_temp.rebuilt_{table}")
        if last is not None and not view.is_synchronous:
            await write_checkpoint(connection, view.name, last)
    return events


class _Beside:
    """Applies events to temporary tables that stand before the real ones on the search path while a page is applied."""

    def __init__(self, connection: Any, plant: Plant, view: View) -> None:
        self._connection = connection
        self._plant = plant
        self._view = view

    async def apply(self, rows: list[Row]) -> None:
        if not rows:
            return
        await self._rename("rebuilt_{}", "{}")
        await apply_rows(self._connection, self._plant, self._view, rows)
        await self._rename("{}", "rebuilt_{}")

    async def _rename(self, old: str, new: str) -> None:
        for table in self._view.tables:
            await self._connection.execute(f"alter table pg_temp.{old.format(table)} rename to {new.format(table)}")


def _after(last: Row | None) -> tuple[int, int, int]:
    return START if last is None else (last["epoch"], last["txid"], last["position"])
