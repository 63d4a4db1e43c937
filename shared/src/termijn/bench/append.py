"""``termijn bench append``: events per second through the write path, beside COPY of the same rows over four connections."""

import asyncio
import io
from datetime import date
from decimal import Decimal
from time import perf_counter

from termijn.bench.measure import Figures, Say, Stopwatch, per_second, percentile_ms, ratio
from termijn.bench.meter import METER, NoteUnits
from termijn.bench.meter_service import owner
from termijn.bench.rig import CAUSE, PROVIDER, Rig, count, rigged
from termijn.kernel.ids import AccountId
from termijn.runtime.service import Service
from termijn.runtime.unit_of_work import UnitOfWork

DATABASE = "append"
COPY_CONNECTIONS = 4
TRANSACTIONS_PER_STREAM = 10
"""A writer then goes on with another meter, as no real stream takes thousands of events in a row."""

_COLUMNS = "provider, epoch, stream, version, event_id, type, schema_version, account, data, meta, occurred_at, recorded_at"


async def append(*, writers: int, batch: int, seconds: int, say: Say) -> Figures:
    """``writers`` at once, each transaction a command that decides ``batch`` events of one stream."""
    async with rigged(say) as rig:
        service = await rig.service(owner(), DATABASE)
        say(f"{writers} writers append {batch} events per transaction for {seconds} s")
        watch = Stopwatch()
        durations = await asyncio.gather(*(_write(service, writer, batch=batch, seconds=seconds) for writer in range(writers)))
        took = watch.seconds
        all_durations = [one for of_writer in durations for one in of_writer]
        events = len(all_durations) * batch
        connection = await rig.raw(DATABASE)
        assert await count(connection, "event") == events, "an event is missing"
        say(f"COPY of the same {events} rows over {COPY_CONNECTIONS} connections")
        ceiling = per_second(events, await _copy_again(rig))
    measured = per_second(events, took)
    return {
        "events_per_second": measured,
        "ceiling_per_second": ceiling,
        "ratio": ratio(measured, ceiling),
        "p50_ms": percentile_ms(all_durations, 50),
        "p99_ms": percentile_ms(all_durations, 99),
    }


async def _write(service: Service, writer: int, *, batch: int, seconds: int) -> list[float]:
    durations: list[float] = []
    ends_at = perf_counter() + seconds
    while (started := perf_counter()) < ends_at:
        done = len(durations)
        meter = f"m-{writer}-{done // TRANSACTIONS_PER_STREAM}"
        sources = tuple(f"r-{writer}-{done}-{number}" for number in range(batch))

        async def act(work: UnitOfWork, meter: str = meter, sources: tuple[str, ...] = sources) -> None:
            command = NoteUnits(
                now=work.now, meter=meter, sources=sources, counted_on=date(2026, 1, 1), units=60, price=Decimal("0.0215"), remark="peak"
            )
            await work.execute(METER, meter, command, account=AccountId(f"a-{writer}"))

        await service.run(provider=PROVIDER, cause=CAUSE, act=act)
        durations.append(perf_counter() - started)
    return durations


async def _copy_again(rig: Rig) -> float:
    """Seconds that COPY takes for the same rows into a table with the same indexes, a share per connection."""
    connections = [await rig.raw(DATABASE) for _ in range(COPY_CONNECTIONS)]
    await connections[0].execute("create table event_again (like event including all)")
    shares = []
    for share, connection in enumerate(connections):
        rows = io.BytesIO()
        query = f"select {_COLUMNS} from event where position % {COPY_CONNECTIONS} = {share} order by position"
        await connection.copy_from_query(query, output=rows, format="binary")
        rows.seek(0)
        shares.append(rows)
    columns = _COLUMNS.split(", ")
    watch = Stopwatch()
    await asyncio.gather(
        *(
            connection.copy_to_table("event_again", source=rows, columns=columns, format="binary")
            for connection, rows in zip(connections, shares, strict=True)
        )
    )
    return watch.seconds
