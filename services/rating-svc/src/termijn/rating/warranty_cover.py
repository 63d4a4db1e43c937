"""What is under warranty and until when, kept for the log of work: work on it is logged and not billed (CON-12, USE-21).

One stream per cover; the events are those of contracts-svc, kept as published. Work is not logged here yet: until it is, nothing
is decided by a cover, and it waits in the read model ``warranty_cover``.
"""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from termijn.events.goods import WarrantyExtended, WarrantyStarted
from termijn.runtime.aggregate import Aggregate, Command

CoverEvent: TypeAlias = WarrantyStarted | WarrantyExtended


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """Covered from ``from_on`` to ``until_on``, both included; None before anything is known."""

    from_on: date | None = None
    until_on: date | None = None
    extensions: tuple[int, ...] = ()

    def covers(self, day: date) -> bool:
        """Whether work on that day is under warranty (CON-12)."""
        return self.from_on is not None and self.until_on is not None and self.from_on <= day <= self.until_on


class KeepCover(Command, frozen=True, kw_only=True):
    """contracts-svc said so."""

    fact: CoverEvent


def decide(command: KeepCover, state: Cover) -> Sequence[CoverEvent]:
    """Kept as published; what is known already changes nothing (CON-12)."""
    match command.fact:
        case WarrantyStarted() as fact:
            return [] if state.from_on is not None else [fact]
        case WarrantyExtended() as fact:
            return [] if fact.extension in state.extensions else [fact]
        case _:
            assert_never(command.fact)


def evolve(state: Cover, event: CoverEvent) -> Cover:
    """A cover, or a longer one."""
    match event:
        case WarrantyStarted():
            return Cover(from_on=event.from_on, until_on=event.until_on)
        case WarrantyExtended():
            return msgspec.structs.replace(state, until_on=event.until_on, extensions=(*state.extensions, event.extension))
        case _:
            assert_never(event)


WARRANTY_COVER: Aggregate[Cover, KeepCover, CoverEvent] = Aggregate(
    name="warranty_cover",
    initial=Cover(),
    decide=decide,
    evolve=evolve,
    state_type=Cover,
    events=(WarrantyStarted, WarrantyExtended),
)
