"""``termijn bench timers``: timers fired per second, each with its command, event and outbox row, with few and with many pending."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from termijn.bench.measure import Figures, Say, Stopwatch, per_second, ratio
from termijn.bench.messages import account_of, meter_of, place_meters
from termijn.bench.meter import METER, PlaceMeter, ReadingDue
from termijn.bench.meter_service import owner
from termijn.bench.rig import PROVIDER, STARTS_AT, Rig, count, rigged
from termijn.runtime.aggregate import SetTimer
from termijn.runtime.service import Service
from termijn.runtime.sql import load
from termijn.runtime.timer_row import SHARDS, TimerRow
from termijn.runtime.timers import BEGINNING, PAGE_TIMERS, RANK_LAST, Instant

SQL = load("termijn.runtime.schema", "runtime.sql")

DUE_MAX = 50_000
FEW = 10_000
CLAIMERS = 4
DUE_AT = STARTS_AT + timedelta(hours=6)
"""All at one instant, as a run of the morning."""
LATER_DAYS = 365
"""What is not due yet lies in the year after."""

_COLUMNS = ["provider", "timer_id", "shard", "account", "stream", "due_at", "rank", "wake_up", "wake_up_version", "data", "set_at"]


async def timers(*, pending: int, say: Say) -> Figures:
    """Fire 50,000 of ``pending`` timers (all of them, where there are fewer), and in a database beside it all of 10,000."""
    async with rigged(say) as rig:
        few, _ = await _fired(rig, "timers_few", min(FEW, pending), say)
        many, ceiling = await _fired(rig, "timers_many", pending, say)
    return {"timers_per_second": many, "timers_per_second_at_10000": few, "ceiling_per_second": ceiling, "ratio": ratio(many, ceiling)}


async def _fired(rig: Rig, database: str, pending: int, say: Say) -> tuple[float, float]:
    """Timers per second, and how many per second can be claimed and marked."""
    service = await rig.service(owner(), database)
    due = min(DUE_MAX, pending)
    say(f"setting {pending} timers, {due} of them due")
    names = [account_of(number) for number in range(due)]
    await place_meters(service, [PlaceMeter(now=STARTS_AT, meter=meter_of(a), place="cellar", read_at=DUE_AT) for a in names])
    connection = await rig.raw(database)
    await connection.copy_records_to_table("timer", records=_later(service.name, pending - due), columns=_COLUMNS)
    await connection.execute("vacuum analyze timer")
    assert await count(connection, "timer") == pending
    service.plant.cache.forget_all()  # as in the morning: what fires was set long ago
    say(f"firing {due} timers")
    watch = Stopwatch()
    await _fire_all(service)
    measured = per_second(due, watch.seconds)
    assert await count(connection, "timer", "fired_at is not null") == due, "a timer did not fire"
    assert await count(connection, "event", "type = 'MeterRead'") == due, "a timer has no event, or two"
    assert await count(connection, "outbox") == due, "an event was not put into the outbox"
    say("claiming and marking the same timers")
    await connection.execute("update timer set fired_at = null where fired_at is not null")
    await connection.execute("vacuum analyze timer")
    watch = Stopwatch()
    claimed = await asyncio.gather(*(_claim_all(rig, database, list(range(n, SHARDS, CLAIMERS))) for n in range(CLAIMERS)))
    assert sum(claimed) == due, "a timer was claimed twice, or not at all"
    return measured, per_second(due, watch.seconds)


async def _fire_all(service: Service) -> int:
    fired = 0
    while done := await service.timers.step(Instant(DUE_AT)):
        fired += done
    return fired


async def _claim_all(rig: Rig, database: str, shards: Sequence[int]) -> int:
    """Nothing but the two statements, a transaction per page."""
    connection = await rig.raw(database)
    claimed = 0
    while True:
        async with connection.transaction():
            rows = await connection.fetch(SQL["due_timers"], shards, DUE_AT, RANK_LAST, PAGE_TIMERS, *BEGINNING)
            marked = await connection.fetch(SQL["claim_timers"], PROVIDER, DUE_AT, [row["timer_id"] for row in rows])
        if not rows:
            return claimed
        claimed += len(marked)


def _later(service: str, timers: int) -> Iterator[tuple[object, ...]]:
    """Timers that are not due yet, as the write path would set them; a million of them by command would take minutes."""
    for number in range(timers):
        account = f"later-{number:07d}"
        due_at: datetime = DUE_AT + timedelta(days=1 + number % LATER_DAYS)
        change = SetTimer(occasion="read/later", due_at=due_at, wake_up=ReadingDue(meter=meter_of(account)))
        row = TimerRow.of(service, PROVIDER, METER.stream(PROVIDER, meter_of(account)), account, change)
        yield (PROVIDER, *row.columns(), STARTS_AT)
