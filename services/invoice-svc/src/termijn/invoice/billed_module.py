"""A module as far as a run must know of it: from when to when rating is expected to close its months."""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

import msgspec

from termijn.events.base import Event
from termijn.kernel.ids import ModuleId
from termijn.runtime.aggregate import Aggregate, Command

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class ModuleNoted(Event, frozen=True, kw_only=True):
    """A module is or will be billed; ``starts_on`` None until it is delivered, ``ended_on`` None while it runs.

    ``known_on`` is the day since which this was known: a run expects nothing of what it could not know.
    """

    module_id: ModuleId
    known_on: date
    starts_on: date | None
    ended_on: date | None


# ---- State ------------------------------------------------------------------------------------------------------------


class BilledModule(msgspec.Struct, frozen=True, kw_only=True):
    """What was noted last; all None before the first note."""

    known_on: date | None = None
    starts_on: date | None = None
    ended_on: date | None = None


# ---- Decisions --------------------------------------------------------------------------------------------------------


class NoteModule(Command, frozen=True, kw_only=True):
    """A fact about the module, known since ``known_on``. What is None leaves what is known."""

    module_id: ModuleId
    known_on: date
    starts_on: date | None = None
    ended_on: date | None = None


def decide(command: NoteModule, state: BilledModule) -> Sequence[ModuleNoted]:
    """Note what is new; the start counts as known since it was told."""
    starts_on = command.starts_on or state.starts_on
    ended_on = command.ended_on or state.ended_on
    if state.known_on is not None and (starts_on, ended_on) == (state.starts_on, state.ended_on):
        return []
    known_on = command.known_on if state.known_on is None or state.starts_on is None else state.known_on
    return [ModuleNoted(module_id=command.module_id, known_on=known_on, starts_on=starts_on, ended_on=ended_on)]


def evolve(state: BilledModule, event: ModuleNoted) -> BilledModule:
    match event:
        case ModuleNoted():
            return BilledModule(known_on=event.known_on, starts_on=event.starts_on, ended_on=event.ended_on)
        case _:
            assert_never(event)


BILLED_MODULE = Aggregate(
    name="billed_module",
    initial=BilledModule(),
    decide=decide,
    evolve=evolve,
    state_type=BilledModule,
    events=(ModuleNoted,),
)
