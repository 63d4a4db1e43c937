"""``termijn bench rebuild``: all read models of a service built anew from its events, and compared with the live ones."""

from typing import Any

import asyncpg

from termijn.bench.measure import Figures, Say, Stopwatch, per_second, ratio
from termijn.bench.messages import account_of, count_units, meter_of, place_meters
from termijn.bench.meter import PlaceMeter
from termijn.bench.meter_service import owner
from termijn.bench.rig import STARTS_AT, count, rigged
from termijn.runtime.projector import PAGE_EVENTS, START
from termijn.runtime.service import Service
from termijn.runtime.sql import load

SQL = load("termijn.runtime.schema", "runtime.sql")

DATABASE = "rebuild"
EVENTS_PER_ACCOUNT = 100


async def rebuild(*, events: int, say: Say) -> Figures:
    """Build a store of ``events``, and its read models from it: the synchronous one and the asynchronous one."""
    accounts = max(1, events // EVENTS_PER_ACCOUNT)
    async with rigged(say) as rig:
        service = await rig.service(owner(), DATABASE)
        say(f"appending {events} events")
        names = [account_of(number) for number in range(accounts)]
        await place_meters(service, [PlaceMeter(now=STARTS_AT, meter=meter_of(a), place="cellar") for a in names])
        await count_units(service, 0, events - accounts, accounts)
        say("following them with the asynchronous view")
        while await service.projector.step():
            pass
        connection = await rig.raw(DATABASE)
        assert await count(connection, "event") == events
        await connection.execute("vacuum analyze")
        live = await _contents(service, connection)
        say("building all views anew")
        watch = Stopwatch()
        await service.rebuild(*(view.name for view in service.definition.views))
        measured = per_second(events, watch.seconds)
        is_equal = await _contents(service, connection) == live
        say("reading the same rows")
        ceiling = per_second(events, await _read(connection, service.plant.epoch))
    return {"events_per_second": measured, "ceiling_per_second": ceiling, "ratio": ratio(measured, ceiling), "equal": is_equal}


async def _contents(service: Service, connection: asyncpg.Connection) -> dict[str, Any]:
    """Every row of every view, as a count and a sum over hashes: equal where the rows are, in whatever order they lie."""
    tables = [table for view in service.definition.views for table in view.tables]
    sql = "select count(*) as rows, sum(hashtextextended(t::text, 0)::numeric) as hash from {} t"
    return {table: tuple(await connection.fetchrow(sql.format(table))) for table in tables}


async def _read(connection: asyncpg.Connection, epoch: int) -> float:
    """Seconds to read the store in its order, page by page, and do nothing with it."""
    watch = Stopwatch()
    after: tuple[int, int, int] = START
    while rows := await connection.fetch(SQL["read_store"], *after, epoch, PAGE_EVENTS):
        after = (rows[-1]["epoch"], rows[-1]["txid"], rows[-1]["position"])
    return watch.seconds
