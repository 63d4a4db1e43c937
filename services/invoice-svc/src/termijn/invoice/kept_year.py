"""The documents of an account and a fiscal year: kept as long as tax law asks for them, and then destroyed (CON-7).

They are sealed under a key of their own, so that they outlive the account, and so that they are gone from every backup with that key.
One stream per account and year. The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias, assert_never

import msgspec
from msgspec.structs import replace

from termijn.events.base import Event
from termijn.kernel.calendar import at
from termijn.kernel.ids import AccountId
from termijn.runtime.aggregate import Aggregate, Command, SetTimer, TimerChange, WakeUp
from termijn.runtime.key_purpose import TAX_YEARS_KEPT

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class YearKept(Event, frozen=True, kw_only=True):
    """A first document of that year: from ``ends_on`` on the law asks for none of them."""

    year: int
    ends_on: date


class YearOver(Event, frozen=True, kw_only=True):
    """The law asks for its documents no longer: they are to be destroyed."""

    year: int


class YearDestroyed(Event, frozen=True, kw_only=True):
    """They are: nobody can read them any more."""

    year: int


YearEvent: TypeAlias = YearKept | YearOver | YearDestroyed

# ---- State ------------------------------------------------------------------------------------------------------------


class KeptYear(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is."""

    is_kept: bool = False
    is_over: bool = False
    is_destroyed: bool = False


# ---- Wake-ups ---------------------------------------------------------------------------------------------------------


class KeepingOver(WakeUp, frozen=True, kw_only=True):
    """The last of the years has passed."""

    year: int


# ---- Decisions --------------------------------------------------------------------------------------------------------


class KeepYear(Command, frozen=True, kw_only=True):
    """A document of that year is issued."""

    year: int


class EndYear(Command, frozen=True, kw_only=True):
    """Its time is over."""

    year: int


class NoteDestroyed(Command, frozen=True, kw_only=True):
    """Key and files are gone."""

    year: int


YearCommand: TypeAlias = KeepYear | EndYear | NoteDestroyed


def kept_year_key(account: AccountId, year: int) -> str:
    """The key of its stream."""
    return f"{account}/{year}"


def decide(command: YearCommand, state: KeptYear) -> Sequence[YearEvent]:
    """Seven full years after the fiscal year in which the document was issued (CON-7; AWR art. 52)."""
    match command:
        case KeepYear():
            ends_on = date(command.year + 1 + TAX_YEARS_KEPT, 1, 1)
            return [] if state.is_kept else [YearKept(year=command.year, ends_on=ends_on)]
        case EndYear():
            return [] if state.is_over else [YearOver(year=command.year)]
        case NoteDestroyed():
            return [] if state.is_destroyed else [YearDestroyed(year=command.year)]
        case _:
            assert_never(command)


def evolve(state: KeptYear, event: YearEvent) -> KeptYear:
    match event:
        case YearKept():
            return replace(state, is_kept=True)
        case YearOver():
            return replace(state, is_over=True)
        case YearDestroyed():
            return replace(state, is_destroyed=True)
        case _:
            assert_never(event)


def wakes(event: YearEvent, state: KeptYear) -> Sequence[TimerChange]:
    """One date per account and year (TIM-1)."""
    if not isinstance(event, YearKept):
        return []
    return [SetTimer(occasion="over", due_at=at(event.ends_on, "00:00"), wake_up=KeepingOver(year=event.year))]


KEPT_YEAR: Aggregate[KeptYear, YearCommand, YearEvent] = Aggregate(
    name="kept_year",
    initial=KeptYear(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=KeptYear,
    events=(YearKept, YearOver, YearDestroyed),
)
