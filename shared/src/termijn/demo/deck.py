"""The provider's rate decks (CAT-9): what a call costs by where it goes, net euros per minute; by the minute or by the second.

They lie beside the catalogue, as its file names them. Prefixes follow the real numbering plans (E.164 country codes, the Dutch
area codes); the prices are made up.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

DECKS = Path(__file__).with_name("shop") / "decks"
PER_MINUTE = "per-minuut"
"""The deck that charges begun minutes, everywhere."""
PER_SECOND = "per-seconde"
"""The deck that charges seconds near home and begun minutes far away. A deck's intervals go before a tariff's time rating (USE-3)."""
DECK_IDS = (PER_MINUTE, PER_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckRow:
    """One destination. ``first_seconds`` is the least that is charged, beyond it whole ``next_seconds``."""

    prefix: str
    name: str
    price_per_minute: Decimal
    connection_fee: Decimal
    first_seconds: int
    next_seconds: int


def rows(deck_id: str = PER_SECOND) -> tuple[DeckRow, ...]:
    """The whole deck, by prefix; every prefix once."""
    with (DECKS / f"{deck_id}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            DeckRow(
                prefix=row["prefix"],
                name=row["name"],
                price_per_minute=Decimal(row["price_per_minute"]),
                connection_fee=Decimal(row["connection_fee"]),
                first_seconds=int(row["first_seconds"]),
                next_seconds=int(row["next_seconds"]),
            )
            for row in csv.DictReader(file)
        )
