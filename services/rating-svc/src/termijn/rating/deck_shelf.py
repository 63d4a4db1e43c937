"""Which versions of each rate deck were published. One stream per deck; the rows themselves are a blob (CAT-9).

The names of the events below are stored forever.
"""

import msgspec

from termijn.events.contracts import RateDeckPublished
from termijn.runtime.aggregate import Aggregate, Command


class DeckShelf(msgspec.Struct, frozen=True, kw_only=True):
    """The versions known, ascending."""

    versions: tuple[int, ...] = ()


class Shelve(Command, frozen=True, kw_only=True):
    """contracts-svc published a version."""

    published: RateDeckPublished


def decide(command: Shelve, state: DeckShelf) -> list[RateDeckPublished]:
    """Kept as published; a version that is known already changes nothing."""
    return [] if command.published.version in state.versions else [command.published]


def evolve(state: DeckShelf, event: RateDeckPublished) -> DeckShelf:
    """One version more."""
    return DeckShelf(versions=(*state.versions, event.version))


DECK_SHELF = Aggregate(
    name="deck_shelf", initial=DeckShelf(), decide=decide, evolve=evolve, state_type=DeckShelf, events=(RateDeckPublished,)
)
