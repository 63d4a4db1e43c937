"""Compiled rate decks, loaded from where their rows lie and kept by content: a version never changes (CAT-9)."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

from termijn.events.base import Blob
from termijn.kernel.ids import ProviderId
from termijn.rating.deck import RateDeck
from termijn.rating.use import DeckVersion
from termijn.runtime.blobs import Blobs
from termijn.runtime.sql import load

SQL = load("termijn.rating", "usage.sql")
DECKS_KEPT = 16
"""Compiled decks in memory: a large one (50,000 prefixes) takes about 50 MB."""


class Sql(Protocol):
    """What can be asked with SQL: an asyncpg connection, or a unit of work."""

    async def fetch(self, sql: str, /, *args: Any) -> Sequence[Any]:
        """The rows of one statement."""
        ...


_compiled: OrderedDict[str, RateDeck] = OrderedDict()


class DeckLibrary:
    """Finds and compiles decks. Compiled ones are kept for the process, by the hash of their rows."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def versions(self, sql: Sql, provider: ProviderId, deck_id: str) -> list[DeckVersion]:
        """All versions of a deck, as they are known to this transaction."""
        rows = await sql.fetch(SQL["deck_versions"], provider, deck_id)
        return [
            DeckVersion(
                version=row["version"],
                valid_from=row["valid_from"],
                deck=await self._deck(provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"])),
            )
            for row in rows
        ]

    async def _deck(self, provider: ProviderId, blob: Blob) -> RateDeck:
        deck = _compiled.get(blob.sha256)
        if deck is None:
            deck = _compiled[blob.sha256] = RateDeck.parse(await self._blobs.get(provider, blob))
            while len(_compiled) > DECKS_KEPT:
                _compiled.popitem(last=False)
        _compiled.move_to_end(blob.sha256)
        return deck
