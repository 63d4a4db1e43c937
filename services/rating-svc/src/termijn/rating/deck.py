"""The rate deck as rating uses it: sorted ranges of numbers, searched for many calls at once (CAT-9, USE-3).

A prefix is the range of 15-digit numbers that begin with it. Nested prefixes are cut into ranges that do not overlap, each
belonging to its longest prefix, so that one binary search finds the rate of a number.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from termijn.kernel.money import MICRO
from termijn.rating.errors import BadRateDeck
from termijn.rating.rate import Integers, Rate, deck_rate

DIGITS_MAX = 15
"""An E.164 number has at most fifteen digits."""
NO_RATE = -1
PRICES_KEPT = 50_000
"""Prices and rates repeat all over a deck: each is reckoned once, which makes compiling 200,000 rows three times as fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One row of a deck: what calls to numbers that begin with ``prefix`` cost, in integer micro-euros and seconds."""

    prefix: str
    name: str
    micro_per_minute: int
    micro_fee: int
    first_seconds: int
    next_seconds: int


class RateDeck:
    """The compiled rows of one version of a deck. Immutable."""

    def __init__(self, destinations: Sequence[Destination]) -> None:
        """Compile. Two rows with one prefix raise ``BadRateDeck``: which of them counts would be chance."""
        self.destinations = tuple(sorted(destinations, key=lambda row: (row.prefix, len(row.prefix))))
        prefixes = [row.prefix for row in self.destinations]
        if len(set(prefixes)) != len(prefixes):
            raise BadRateDeck(reason="a prefix stands there twice")
        self.rates: tuple[Rate, ...] = tuple(_rate(row) for row in self.destinations)
        self._starts, self._owner = _ranges(prefixes)
        self._parent = _parents(prefixes)
        self._length = np.array([len(prefix) for prefix in prefixes], dtype=np.int64)

    @classmethod
    def parse(cls, content: bytes) -> "RateDeck":
        """From ``prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds`` in UTF-8; raises ``BadRateDeck``."""
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        destinations = []
        for row in rows:
            try:
                destinations.append(_destination(row))
            except (KeyError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
                raise BadRateDeck(reason=f"row {rows.line_num}: {error}") from None
        return cls(destinations)

    def lookup(self, numbers: Sequence[str] | NDArray[np.str_]) -> Integers:
        """Per number ("+31201234567") the index of its longest prefix in ``destinations``, or ``NO_RATE``.

        Anything that is not a plus sign and 1 to 15 digits has no rate.
        """
        padded, lengths = _padded(numbers)
        if not self.destinations:
            return np.full(len(padded), NO_RATE, dtype=np.int64)
        place = np.searchsorted(self._starts, padded, side="right") - 1
        found = np.where(place >= 0, self._owner[np.maximum(place, 0)], NO_RATE)
        # Padding makes a number shorter than the prefix look as if it began with it: go on to the next shorter prefix.
        while (short := (found != NO_RATE) & (self._length[found] > lengths)).any():
            found[short] = self._parent[found[short]]
        return np.where(lengths > 0, found, NO_RATE)


def _destination(row: dict[str, str]) -> Destination:
    prefix = row["prefix"].strip().removeprefix("+")
    if not (prefix.isascii() and prefix.isdigit() and 1 <= len(prefix) <= DIGITS_MAX):
        raise ValueError("the prefix is not 1 to 15 digits")
    first, following = int(row["first_seconds"]), int(row["next_seconds"])
    if first < 1 or following < 1:
        raise ValueError("an interval is shorter than a second")
    return Destination(
        prefix=prefix,
        name=row["name"].strip(),
        micro_per_minute=_micro(row["price_per_minute"]),
        micro_fee=_micro(row["connection_fee"]),
        first_seconds=first,
        next_seconds=following,
    )


@lru_cache(maxsize=PRICES_KEPT)
def _micro(text: str) -> int:
    exact = Decimal(text.strip()) * MICRO
    if exact != int(exact) or exact < 0:
        raise ValueError("a price is negative or has more than six decimals")
    return int(exact)


def _rate(row: Destination) -> Rate:
    return _reckoned(row.micro_per_minute, row.micro_fee, row.first_seconds, row.next_seconds)


@lru_cache(maxsize=PRICES_KEPT)
def _reckoned(micro_per_minute: int, micro_fee: int, first_seconds: int, next_seconds: int) -> Rate:
    return deck_rate(micro_per_minute=micro_per_minute, micro_fee=micro_fee, first_seconds=first_seconds, next_seconds=next_seconds)


def _bounds(prefix: str) -> tuple[int, int]:
    """The first number that begins with the prefix, and the first one after those."""
    scale = 10 ** (DIGITS_MAX - len(prefix))
    return int(prefix) * scale, (int(prefix) + 1) * scale


def _ranges(prefixes: Sequence[str]) -> tuple[Integers, Integers]:
    """Where each range starts, ascending, and which prefix owns it (``NO_RATE``: none). ``prefixes`` are sorted as text."""
    starts: list[int] = []
    owners: list[int] = []

    def begin(number: int, owner: int) -> None:
        if starts and starts[-1] == number:
            owners[-1] = owner
        else:
            starts.append(number)
            owners.append(owner)

    open_prefixes: list[tuple[int, int]] = []  # (where it ends, which), outermost first
    for index, prefix in enumerate(prefixes):
        start, end = _bounds(prefix)
        _close(open_prefixes, start, begin)
        begin(start, index)
        open_prefixes.append((end, index))
    _close(open_prefixes, 10**DIGITS_MAX, begin)
    return np.array(starts, dtype=np.int64), np.array(owners, dtype=np.int64)


def _close(open_prefixes: list[tuple[int, int]], until: int, begin: Callable[[int, int], None]) -> None:
    while open_prefixes and open_prefixes[-1][0] <= until:
        end, _ = open_prefixes.pop()
        begin(end, open_prefixes[-1][1] if open_prefixes else NO_RATE)


def _parents(prefixes: Sequence[str]) -> Integers:
    """Per prefix the index of the longest other one that it begins with."""
    index = {prefix: number for number, prefix in enumerate(prefixes)}
    return np.array([next((index[p[:n]] for n in range(len(p) - 1, 0, -1) if p[:n] in index), NO_RATE) for p in prefixes], dtype=np.int64)


def _padded(numbers: Sequence[str] | NDArray[np.str_]) -> tuple[Integers, Integers]:
    """Numbers as integers of 15 digits, and how many digits each has (0: it is no number).

    By column over the code points of all texts: a million texts one by one took nine seconds, this takes a third of one.
    """
    texts = np.ascontiguousarray(np.asarray(numbers, dtype=np.str_))
    width = max(texts.itemsize // 4, 1)
    columns = texts.view(np.uint32).reshape(len(texts), width).T if texts.itemsize else np.zeros((1, len(texts)), dtype=np.uint32)
    values, lengths = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    is_number = columns[0] == ord("+")
    for place in range(1, width):
        digit = columns[place] - np.uint32(ord("0"))  # wraps far above nine for what comes before "0"
        is_digit = digit <= 9
        is_number &= is_digit | (columns[place] == 0)
        lengths += is_digit
        if place <= DIGITS_MAX:
            values += np.where(is_digit, digit, 0).astype(np.int64) * 10 ** (DIGITS_MAX - place)
    is_number &= (lengths >= 1) & (lengths <= DIGITS_MAX)
    return np.where(is_number, values, 0), np.where(is_number, lengths, 0)
