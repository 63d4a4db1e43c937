"""Building a read model anew while the service runs: fill beside the old, lock the old, apply the rest, swap the contents.

The rows are swapped and not the tables, so that grants, policies and the plans of waiting writers stay valid; a writer that was
waiting for the lock then applies its own event, which no one else has applied, because it is not committed yet.
"""

from collections.abc import Callable
from typing import Any

from termijn.kernel.errors import Busy
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase, begun
from termijn.runtime.handling import Row, View
from termijn.runtime.projector import PAGE_EVENTS, START, apply_rows, read_checkpoint, write_checkpoint
from termijn.runtime.sql import load
from termijn.runtime.unit_of_work import Plant
from termijn.runtime.write_path import ATTEMPTS_MAX, CONFLICTS

SQL = load("termijn.runtime.schema", "runtime.sql")

Progress = Callable[[int], None]


def _unseen(events: int) -> None:
    return None


async def rebuild(database: ServiceDatabase, plant: Plant, view: View, progress: Progress = _unseen) -> int:
    """Build one view anew from the store; the number of events read. ``progress`` is told of each page.

    Raises ``Busy`` where writers would not let it have its tables.
    """
    # A connection of its own: a statement that a pooled one prepared before goes on writing to the real table.
    async with database.dedicated() as connection:
        await connection.execute(
            "".join(f"create temporary table {table} (like public.{table} including all) on commit preserve rows;" for table in view.tables)
        )
        last, events = await _fill(connection, plant, view, progress)
        for _ in range(ATTEMPTS_MAX):
            try:
                async with begun(connection, EVERY_PROVIDER, isolation="read committed"):
                    return events + await _swap(connection, plant, view, last)
            except CONFLICTS as error:
                conflict = error  # a writer had one of the tables and wanted another: it goes first
        raise Busy from conflict


async def _fill(connection: Any, plant: Plant, view: View, progress: Progress) -> tuple[Row | None, int]:
    """Apply what is below every running transaction to temporary tables, which hide the real ones of the same name."""
    last: Row | None = None
    events = 0
    while True:
        async with begun(connection, EVERY_PROVIDER):
            rows = await connection.fetch(SQL["read_store"], *_after(last), plant.epoch, PAGE_EVENTS)
            await apply_rows(connection, plant, view, rows)
        if not rows:
            return last, events
        last, events = rows[-1], events + len(rows)
        progress(len(rows))


async def _swap(connection: Any, plant: Plant, view: View, last: Row | None) -> int:
    """With writers locked out, apply the rest and put the new rows in the place of the old; the number of events read.

    READ COMMITTED on purpose: the statements after the lock must see what was committed while waiting for it.
    """
    events = 0
    if not view.is_synchronous:
        await read_checkpoint(connection, view.name)  # keeps the projector out
    await connection.execute(f"lock table {', '.join('public.' + table for table in view.tables)} in share row exclusive mode")
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
