"""Building read models anew while the service runs: fill beside the old, lock the old, apply the rest, swap the contents.

Several views are built in one pass: the store is read and decoded once and feeds all of them. They are swapped one after another,
each with locks on its own tables only, and what was committed meanwhile is applied to the rest before the next one is locked.

The rows are swapped and not the tables, so that grants, policies and the plans of waiting writers stay valid; a writer that was
waiting for the lock then applies its own event, which no one else has applied, because it is not committed yet.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from termijn.kernel.errors import Busy
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase, begun
from termijn.runtime.forgetting import is_behind
from termijn.runtime.handling import Statement, View
from termijn.runtime.plant import Plant
from termijn.runtime.projector import PAGE_EVENTS, START, apply_rows, read_checkpoint, statements_of, write_checkpoint
from termijn.runtime.sql import Row, load
from termijn.runtime.unit_of_work import run_statements
from termijn.runtime.write_path import ATTEMPTS_MAX, CONFLICTS

SQL = load("termijn.runtime.schema", "runtime.sql")

TEMPORARY_MEMORY = "64MB"
"""For the tables that are filled; what is larger goes through files."""

Progress = Callable[[int], None]


def _unseen(events: int) -> None:
    return None


async def rebuild(database: ServiceDatabase, plant: Plant, views: Sequence[View], progress: Progress = _unseen) -> int:
    """Build views anew from the store, in one pass; the number of events read. ``progress`` is told of each page.

    Raises ``Busy`` where writers would not let it have the tables of one: the views before it are built by then.
    """
    views = [view for view in views if view.tables]  # one that only leaves word for a worker has nothing to build
    for _ in range(ATTEMPTS_MAX):
        try:
            return await _rebuild(database, plant, views, progress)
        except asyncpg.PostgresError as error:
            if not is_behind(error):
                raise  # else what was read has somebody in it who was erased since (CON-7)
    raise Busy


async def _rebuild(database: ServiceDatabase, plant: Plant, views: Sequence[View], progress: Progress) -> int:
    # A connection of its own: a statement that a pooled one prepared before goes on writing to the real table.
    async with database.dedicated() as connection:
        await database.forgetting.hear(connection)
        forgotten = database.forgetting.known
        await connection.execute(f"set temp_buffers = '{TEMPORARY_MEMORY}'")
        for table in (table for view in views for table in view.tables):
            await connection.execute(f"create temporary table {table} (like public.{table} including all) on commit preserve rows")
        filling = _Filling(database, plant, connection, progress)
        rest = 0
        for number, view in enumerate(views):
            await filling.go_on(views[number:])
            rest = await _swap_patiently(connection, plant, view, filling.last, forgotten)
            await connection.execute(f"drop table {', '.join('pg_temp.' + table for table in view.tables)}")
        return filling.events + rest


class _Filling:
    """Applies what is below every running transaction to temporary tables, which hide the real ones of the same name."""

    def __init__(self, database: ServiceDatabase, plant: Plant, connection: Any, progress: Progress) -> None:
        self._database = database
        self._plant = plant
        self._connection = connection
        self._progress = progress
        self.last: Row | None = None
        self.events = 0

    async def go_on(self, views: Sequence[View]) -> None:
        """Up to the end. While one page is written the next one is read and decoded, on another connection."""
        rows, written = await self._prepared(views, self.last)
        while rows:
            (following, prepared), _ = await asyncio.gather(self._prepared(views, rows[-1]), self._write(written))
            self.last, self.events = rows[-1], self.events + len(rows)
            self._progress(len(rows))
            rows, written = following, prepared

    async def _prepared(self, views: Sequence[View], last: Row | None) -> tuple[Sequence[Row], list[Statement]]:
        rows = await self._database.short(EVERY_PROVIDER, SQL["read_store"], *_after(last), self._plant.epoch, PAGE_EVENTS)
        return rows, await statements_of(self._plant, views, rows)

    async def _write(self, statements: Sequence[Statement]) -> None:
        async with begun(self._connection, EVERY_PROVIDER, isolation="read committed"):
            await run_statements(self._connection, statements)


async def _swap_patiently(connection: Any, plant: Plant, view: View, last: Row | None, forgotten: int) -> int:
    for _ in range(ATTEMPTS_MAX):
        try:
            async with begun(connection, EVERY_PROVIDER, isolation="read committed"):
                return await _swap(connection, plant, view, last, forgotten)
        except CONFLICTS as error:
            conflict = error  # a writer had one of the tables and wanted another: it goes first
    raise Busy from conflict


async def _swap(connection: Any, plant: Plant, view: View, last: Row | None, forgotten: int) -> int:
    """With writers locked out, apply the rest and put the new rows in the place of the old; the number of events read.

    READ COMMITTED on purpose: the statements after the lock must see what was committed while waiting for it.
    """
    events = 0
    if not view.is_synchronous:
        await read_checkpoint(connection, view.name)  # keeps the projector out
    await connection.execute(f"lock table {', '.join('public.' + table for table in view.tables)} in share row exclusive mode")
    await connection.fetch("select check_forgotten($1)", forgotten)
    sql, limits = ("read_store_committed", [PAGE_EVENTS]) if view.is_synchronous else ("read_store", [plant.epoch, PAGE_EVENTS])
    while rows := await connection.fetch(SQL[sql], *_after(last), *limits):
        await apply_rows(connection, plant, view, rows)
        last, events = rows[-1], events + len(rows)
    for table in reversed(view.tables):
        await connection.execute(f"delete from public.{table}")
    for table in view.tables:
        await connection.execute(f"insert into public.{table} overriding system value select * from pg_temp.{table}")
    if last is not None and not view.is_synchronous:
        await write_checkpoint(connection, view.name, last)
    return events


def _after(last: Row | None) -> tuple[int, int, int]:
    return START if last is None else (last["epoch"], last["txid"], last["position"])
