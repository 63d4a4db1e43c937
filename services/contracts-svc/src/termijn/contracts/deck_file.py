"""The CSV of a rate deck: read as a whole or refused with every bad row named, and written in one way (CAT-9). Pure.

Two hundred thousand rows pass in seconds and some 60 MB: words and prices repeat, so each is kept once.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from termijn.contracts.errors import BadDeck

COLUMNS = ("prefix", "name", "price_per_minute", "connection_fee", "first_seconds", "next_seconds")
ROWS_MAX = 200_000
"""Rows in one deck: every numbering block of the world is well below."""
DECK_BYTES_MAX = 32 * 1024 * 1024
"""Bytes of one file."""
NAME_CHARACTERS_MAX = 200
PRICE_MAX = Decimal(1_000)
"""Euros per minute or per call; more is a typing error."""
SECONDS_MAX = 3_600
"""Longest interval."""
REPORTED_MAX = 100
"""Bad rows named in one refusal; the number of all of them is told."""

_PREFIX = re.compile(r"\+?[1-9][0-9]{0,14}", re.ASCII)
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,5}", re.ASCII)


class DeckRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One destination. Prices are net euros with at most six decimals; intervals are in seconds, at least 1."""

    prefix: str
    name: str
    price_per_minute: Decimal
    connection_fee: Decimal
    first_seconds: int
    next_seconds: int


def read(content: bytes) -> tuple[DeckRow, ...]:
    """The rows of a deck file, by prefix; one bad row refuses the whole file (CAT-9).

    CSV in UTF-8, comma separated, with the header ``prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds``
    in any order. Raises ``BadDeck`` with ``errors``: up to 100, with fields as "row 3", counted as an editor shows the lines
    of the file (the header is row 1), and ``bad_rows``: how many there are in all.
    """
    bad = _BadRows()
    if len(content) > DECK_BYTES_MAX:
        raise bad.alone(0, f"the file is over {DECK_BYTES_MAX} bytes")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad.alone(content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, ())]
        if sorted(header) != sorted(COLUMNS):
            raise bad.alone(1, f"the header must be {','.join(COLUMNS)}")
        return _rows(reader, [header.index(column) for column in COLUMNS], bad)
    except csv.Error as error:
        raise bad.alone(reader.line_num, f"is not CSV: {error}") from None


class _BadRows:
    """The first bad rows, and how many there are in all."""

    def __init__(self) -> None:
        self._first: list[tuple[int, str]] = []
        self._count = 0

    def add(self, number: int, reason: str) -> None:
        """One more."""
        self._count += 1
        if self._count <= REPORTED_MAX:
            self._first.append((number, reason))

    def alone(self, number: int, reason: str) -> BadDeck:
        """The refusal of a file that cannot be read on."""
        self.add(number, reason)
        return self.refusal()

    def __bool__(self) -> bool:
        return self._count > 0

    def refusal(self) -> BadDeck:
        """All that is known to be bad, as a refusal."""
        errors = [{"field": f"row {number}", "detail": reason} for number, reason in self._first]
        summary = "; ".join(f"row {number}: {reason}" for number, reason in self._first)
        return BadDeck(field=errors[0]["field"], bad_rows=self._count, errors=errors, summary=summary)


def _rows(reader: Iterator[list[str]], order: Sequence[int], bad: _BadRows) -> tuple[DeckRow, ...]:
    good: dict[str, tuple[int, DeckRow]] = {}
    parse = _Parser()
    for line in reader:
        if not line:
            continue
        number = reader.line_num  # type: ignore[attr-defined]  # a csv reader has it
        if number > ROWS_MAX + 1:
            bad.add(number, f"more than {ROWS_MAX} rows")
            break
        if len(line) != len(COLUMNS):
            bad.add(number, f"does not have {len(COLUMNS)} cells")
            continue
        row = parse.row([line[index].strip() for index in order])
        if isinstance(row, str):
            bad.add(number, row)
        elif row.prefix in good:
            bad.add(number, f"prefix {row.prefix} is in row {good[row.prefix][0]} too")
        else:
            good[row.prefix] = (number, row)
    if not good and not bad:
        bad.add(1, "there are no rows under the header")
    if bad:
        raise bad.refusal()
    return tuple(good[prefix][1] for prefix in sorted(good))


class _Parser:
    """Cells to rows; each word and price that repeats is one object."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._prices: dict[str, Decimal] = {}

    def row(self, cells: list[str]) -> DeckRow | str:
        """The row, or what is wrong with it."""
        prefix, name, price, fee, first, following = cells
        # The usual case first: a clean row costs no list of reasons.
        is_priced = self._is_price(price) and self._is_price(fee)
        if _PREFIX.fullmatch(prefix) and self._is_name(name) and is_priced and _is_interval(first) and _is_interval(following):
            return DeckRow(
                prefix=prefix.removeprefix("+"),
                name=self._names.setdefault(name, name),
                price_per_minute=self._prices[price],
                connection_fee=self._prices[fee],
                first_seconds=int(first),
                next_seconds=int(following),
            )
        return "; ".join(self._reasons(cells))

    def _reasons(self, cells: list[str]) -> Iterator[str]:
        prefix, name, price, fee, first, following = cells
        if not _PREFIX.fullmatch(prefix):
            yield "prefix is not 1 to 15 digits of an E.164 number"
        if not self._is_name(name):
            yield f"name is not 1 to {NAME_CHARACTERS_MAX} printable characters"
        for column, cell in (("price_per_minute", price), ("connection_fee", fee)):
            if not self._is_price(cell):
                yield f"{column} is not an amount from 0 to {PRICE_MAX} with at most six decimals"
        for column, cell in (("first_seconds", first), ("next_seconds", following)):
            if not _is_interval(cell):
                yield f"{column} is not a whole number from 1 to {SECONDS_MAX}"

    def _is_name(self, name: str) -> bool:
        return name in self._names or (1 <= len(name) <= NAME_CHARACTERS_MAX and name.isprintable())

    def _is_price(self, cell: str) -> bool:
        if cell not in self._prices:
            if not _PRICE.fullmatch(cell) or Decimal(cell) > PRICE_MAX:
                return False
            self._prices[cell] = Decimal(cell)
        return True


def _is_interval(cell: str) -> bool:
    return bool(_SECONDS.fullmatch(cell)) and 1 <= int(cell) <= SECONDS_MAX


def canonical(rows: Iterable[DeckRow]) -> bytes:
    """The bytes that are stored: the same header and columns, by prefix, prefixes without plus. Equal decks are equal bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        prices = (f"{row.price_per_minute.normalize():f}", f"{row.connection_fee.normalize():f}")
        writer.writerow((row.prefix, row.name, *prices, row.first_seconds, row.next_seconds))
    return out.getvalue().encode("utf-8")


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """All prefixes of one name, as a price list shows them: from the cheapest to the dearest."""

    name: str
    prefixes: int
    price_per_minute: tuple[Decimal, Decimal]
    connection_fee: tuple[Decimal, Decimal]


def destinations(rows: Iterable[DeckRow]) -> tuple[Destination, ...]:
    """The deck by name, alphabetically (CAT-8)."""
    found: dict[str, list[DeckRow]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return tuple(
        Destination(
            name=name,
            prefixes=len(of),
            price_per_minute=(min(r.price_per_minute for r in of), max(r.price_per_minute for r in of)),
            connection_fee=(min(r.connection_fee for r in of), max(r.connection_fee for r in of)),
        )
        for name, of in sorted(found.items())
    )
