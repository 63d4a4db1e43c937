"""The aggregate of the benchmarks: a meter counts units, and is read when a date comes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never

import msgspec

from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command, SetTimer, TimerChange, WakeUp


class MeterPlaced(Event, frozen=True, kw_only=True):
    """A meter hangs somewhere; ``read_at`` is when it is read, None where nobody does."""

    meter: str
    place: str
    read_at: datetime | None = None


class UnitsCounted(Event, frozen=True, kw_only=True):
    """Units went through. Published."""

    meter: str
    source: str
    counted_on: date
    units: int
    price: Decimal
    remark: str | None = None


class UnitsNoted(Event, frozen=True, kw_only=True):
    """As ``UnitsCounted``, for nobody else to hear and in no read model: what appending alone costs."""

    meter: str
    source: str
    counted_on: date
    units: int
    price: Decimal
    remark: str | None = None


class MeterRead(Event, frozen=True, kw_only=True):
    """The meter was read. Published."""

    meter: str
    due_at: datetime
    units: int


MeterEvent = MeterPlaced | UnitsCounted | UnitsNoted | MeterRead


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """The state: what went through."""

    units: int = 0
    notes: int = 0
    is_placed: bool = False


class PlaceMeter(Command, frozen=True, kw_only=True):
    """Hang it up."""

    meter: str
    place: str
    read_at: datetime | None = None


class CountUnits(Command, frozen=True, kw_only=True):
    """Count units."""

    meter: str
    source: str
    counted_on: date
    units: int
    price: Decimal
    remark: str | None = None


class NoteUnits(Command, frozen=True, kw_only=True):
    """Note units, as often as there are ``sources``."""

    meter: str
    sources: tuple[str, ...]
    counted_on: date
    units: int
    price: Decimal
    remark: str | None = None


class ReadMeter(Command, frozen=True, kw_only=True):
    """Read it."""

    meter: str
    due_at: datetime


MeterCommand = PlaceMeter | CountUnits | NoteUnits | ReadMeter


class ReadingDue(WakeUp, frozen=True, kw_only=True):
    """The meter is to be read."""

    meter: str


def decide(command: MeterCommand, state: Meter) -> Sequence[MeterEvent]:
    """What happens."""
    match command:
        case PlaceMeter() as c:
            return [MeterPlaced(meter=c.meter, place=c.place, read_at=c.read_at)]
        case CountUnits() as c:
            fact = UnitsCounted(meter=c.meter, source=c.source, counted_on=c.counted_on, units=c.units, price=c.price, remark=c.remark)
            return [fact]
        case NoteUnits() as c:
            return [_noted(c, source) for source in c.sources]
        case ReadMeter() as c:
            return [MeterRead(meter=c.meter, due_at=c.due_at, units=state.units)]
        case _:
            assert_never(command)


def _noted(c: NoteUnits, source: str) -> UnitsNoted:
    return UnitsNoted(meter=c.meter, source=source, counted_on=c.counted_on, units=c.units, price=c.price, remark=c.remark)


def evolve(state: Meter, event: MeterEvent) -> Meter:
    """What is then true."""
    match event:
        case MeterPlaced():
            return msgspec.structs.replace(state, is_placed=True)
        case UnitsCounted():
            return msgspec.structs.replace(state, units=state.units + event.units)
        case UnitsNoted():
            return msgspec.structs.replace(state, notes=state.notes + 1)
        case MeterRead():
            return state
        case _:
            assert_never(event)


def wakes(event: MeterEvent, state: Meter) -> Sequence[TimerChange]:
    """A meter that is read waits for its date."""
    if isinstance(event, MeterPlaced) and event.read_at is not None:
        return [SetTimer(occasion=f"read/{event.read_at:%Y-%m-%dT%H}", due_at=event.read_at, wake_up=ReadingDue(meter=event.meter))]
    return []


METER: Aggregate[Meter, MeterCommand, MeterEvent] = Aggregate(
    name="meter",
    initial=Meter(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Meter,
    events=(MeterPlaced, UnitsCounted, UnitsNoted, MeterRead),
)
