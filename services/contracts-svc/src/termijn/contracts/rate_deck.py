"""Rate decks: what calls cost by destination (CAT-9). One stream per deck; the rows are a blob, checked before it is stored.

Reading the file is in ``deck_file.py``. The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from termijn.events.base import Blob
from termijn.events.contracts import RateDeckPublished
from termijn.kernel.ids import DeckId
from termijn.runtime.aggregate import Aggregate, Command

# -- State -----------------------------------------------------------------------------------------------------------


class RateDeck(msgspec.Struct, frozen=True, kw_only=True):
    """How many versions there are; each is in its event for good."""

    versions: int = 0


# -- Commands --------------------------------------------------------------------------------------------------------


class PublishDeck(Command, frozen=True, kw_only=True):
    """Publish a version whose rows were read without fault and stored as ``blob``."""

    deck_id: DeckId
    valid_from: date
    rows: int
    blob: Blob


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: PublishDeck, state: RateDeck) -> Sequence[RateDeckPublished]:
    """The next version, priced with from ``valid_from`` (CAT-9)."""
    assert command.rows > 0, "a deck without rows is refused when it is read"
    return [
        RateDeckPublished(
            deck_id=command.deck_id, version=state.versions + 1, valid_from=command.valid_from, rows=command.rows, blob=command.blob
        )
    ]


def evolve(state: RateDeck, event: RateDeckPublished) -> RateDeck:
    """One more version."""
    return RateDeck(versions=event.version)


RATE_DECK = Aggregate(name="rate_deck", initial=RateDeck(), decide=decide, evolve=evolve, state_type=RateDeck, events=(RateDeckPublished,))
