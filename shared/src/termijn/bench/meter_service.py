"""The two services of the benchmarks: one that owns meters, and one that only hears of them.

They have names of real services, because a name brings its topic with it; their databases are theirs alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from termijn.bench.meter import METER, CountUnits, MeterPlaced, MeterRead, ReadingDue, ReadMeter, UnitsCounted
from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Definition, Fired, Handled, Message, Outcome, Reaction, Recorded, Statement, View, WakeUpHandler, Work
from termijn.runtime.service import TOPICS
from termijn.runtime.sql import load

SQL = load("termijn.bench", "views.sql")

OWNER = "rating"
"""Owns the meters."""
LISTENER = "contracts"
"""Hears of them."""
SOURCE = "invoice"
"""Tells the owner what to count; no such service runs, its messages are made."""


def publish(recorded: Recorded) -> Sequence[Event]:
    """What was counted and read is told to everybody."""
    return [recorded.event] if isinstance(recorded.event, UnitsCounted | MeterRead) else []


def apply_meter(recorded: Recorded) -> Iterable[Statement]:
    """A row per meter."""
    provider, account, version = recorded.provider, recorded.account, recorded.version
    match recorded.event:
        case MeterPlaced() as e:
            yield Statement(SQL["place_meter"], (provider, account, e.meter, version))
        case UnitsCounted() as e:
            yield Statement(SQL["count_units"], (provider, account, e.meter, version, e.units))
        case MeterRead() as e:
            yield Statement(SQL["read_meter"], (provider, account, e.meter, version, recorded.occurred_at))
        case _:
            pass


def apply_day(recorded: Recorded) -> Iterable[Statement]:
    """Totals per account and day."""
    match recorded.event:
        case UnitsCounted() as e:
            yield Statement(SQL["add_to_day"], (recorded.provider, recorded.account, e.counted_on, e.units, e.units * e.price))
        case _:
            pass


async def count(work: Work, message: Message[UnitsCounted]) -> Outcome:
    """Count what the source counted."""
    e = message.event
    command = CountUnits(
        now=work.now, meter=e.meter, source=e.source, counted_on=e.counted_on, units=e.units, price=e.price, remark=e.remark
    )
    await work.execute(METER, e.meter, command, account=message.envelope.account)
    return Handled()


async def read(work: Work, fired: Fired[ReadingDue]) -> Outcome:
    """Read the meter."""
    command = ReadMeter(now=work.now, meter=fired.wake_up.meter, due_at=fired.due_at)
    await work.execute(METER, fired.key, command, account=fired.account)
    return Handled()


async def hear(work: Work, message: Message[Any]) -> Outcome:
    """The event is decoded, and that is all: what the way from outbox to inbox costs by itself."""
    return Handled()


def _meter_of(message: Message[UnitsCounted]) -> Sequence[tuple[Aggregate[Any, Any, Any], str]]:
    return [(METER, message.event.meter)]


def owner() -> Definition:
    """Counts what it is told, tells it on, reads meters when they are due."""
    return Definition(
        name=OWNER,
        package="termijn.bench",
        topic=TOPICS[OWNER],
        aggregates=(METER,),
        publish=publish,
        public_events=(UnitsCounted, MeterRead),
        reactions=(Reaction(publisher=SOURCE, event=UnitsCounted, handle=count, streams=_meter_of),),
        wake_ups=(WakeUpHandler(wake_up=ReadingDue, handle=read, streams=lambda fired: [(METER, fired.key)]),),
        views=(
            View(name="meter", tables=("meter",), apply=apply_meter, is_synchronous=True),
            View(name="meter_day", tables=("meter_day",), apply=apply_day, is_synchronous=False),
        ),
    )


def listener() -> Definition:
    """Hears everything and does nothing."""
    return Definition(
        name=LISTENER,
        package="termijn.bench",
        topic=TOPICS[LISTENER],
        aggregates=(),
        publish=lambda recorded: [],
        public_events=(),
        reactions=(
            Reaction(publisher=OWNER, event=UnitsCounted, handle=hear),
            Reaction(publisher=OWNER, event=MeterRead, handle=hear),
        ),
        wake_ups=(),
        views=(),
    )
