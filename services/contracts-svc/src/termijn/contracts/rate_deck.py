"""Rate decks: what calls cost by destination (CAT-9). One stream per deck; the rows are a blob, checked before it is stored.

The names of the events below are stored forever.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec

from termijn.contracts.errors import BadDeck
from termijn.events.base import Blob
from termijn.events.contracts import RateDeckPublished
from termijn.kernel.ids import DeckId
from termijn.runtime.aggregate import Aggregate, Command

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

_PREFIX = re.compile(r"\+?[1-9][0-9]{0,14}")
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_SECONDS = re.compile(r"[0-9]{1,5}")

# -- The file --------------------------------------------------------------------------------------------------------


class DeckRow(msgspec.Struct, frozen=True, kw_only=True):
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
    if len(content) > DECK_BYTES_MAX:
        raise _refusal([(0, f"the file is over {DECK_BYTES_MAX} bytes")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal([(content.count(b"\n", 0, error.start) + 1, "is not UTF-8")]) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(name.strip() for name in reader.fieldnames or ())
        if sorted(header) != sorted(COLUMNS):
            raise _refusal([(1, f"the header must be {','.join(COLUMNS)}")])
        reader.fieldnames = header
        return _rows(reader)
    except csv.Error as error:
        raise _refusal([(reader.line_num, f"is not CSV: {error}")]) from None


def _rows(reader: "csv.DictReader[str]") -> tuple[DeckRow, ...]:
    good: dict[str, tuple[int, DeckRow]] = {}
    bad: list[tuple[int, str]] = []
    for cells in reader:
        number = reader.line_num
        if number > ROWS_MAX + 1:
            bad.append((number, f"more than {ROWS_MAX} rows"))
            break
        reasons = list(_faults(cells))
        if reasons:
            bad.append((number, "; ".join(reasons)))
            continue
        row = _row(cells)
        if row.prefix in good:
            bad.append((number, f"prefix {row.prefix} is in row {good[row.prefix][0]} too"))
        else:
            good[row.prefix] = (number, row)
    if bad:
        raise _refusal(bad)
    if not good:
        raise _refusal([(1, "there are no rows under the header")])
    return tuple(good[prefix][1] for prefix in sorted(good))


def _faults(cells: dict[str, str]) -> Iterator[str]:
    if None in cells or None in cells.values():
        yield f"does not have {len(COLUMNS)} cells"
        return
    cell = {name: value.strip() for name, value in cells.items()}
    if not _PREFIX.fullmatch(cell["prefix"]):
        yield "prefix is not 1 to 15 digits of an E.164 number"
    if not cell["name"] or len(cell["name"]) > NAME_CHARACTERS_MAX or not cell["name"].isprintable():
        yield f"name is not 1 to {NAME_CHARACTERS_MAX} printable characters"
    for column in ("price_per_minute", "connection_fee"):
        if not _is_price(cell[column]):
            yield f"{column} is not an amount from 0 to {PRICE_MAX} with at most six decimals"
    for column in ("first_seconds", "next_seconds"):
        if not _SECONDS.fullmatch(cell[column]) or not 1 <= int(cell[column]) <= SECONDS_MAX:
            yield f"{column} is not a whole number from 1 to {SECONDS_MAX}"


def _is_price(cell: str) -> bool:
    try:
        return bool(_PRICE.fullmatch(cell)) and Decimal(cell) <= PRICE_MAX
    except InvalidOperation:
        return False


def _row(cells: dict[str, str]) -> DeckRow:
    return DeckRow(
        prefix=cells["prefix"].strip().removeprefix("+"),
        name=cells["name"].strip(),
        price_per_minute=Decimal(cells["price_per_minute"].strip()),
        connection_fee=Decimal(cells["connection_fee"].strip()),
        first_seconds=int(cells["first_seconds"]),
        next_seconds=int(cells["next_seconds"]),
    )


def _refusal(bad: Sequence[tuple[int, str]]) -> BadDeck:
    errors = [{"field": f"row {number}", "detail": reason} for number, reason in bad[:REPORTED_MAX]]
    summary = "; ".join(f"row {number}: {reason}" for number, reason in bad[:REPORTED_MAX])
    return BadDeck(field=f"row {bad[0][0]}", bad_rows=len(bad), errors=errors, summary=summary)


def canonical(rows: Sequence[DeckRow]) -> bytes:
    """The bytes that are stored: the same header and columns, by prefix, prefixes without plus. Equal decks are equal bytes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        prices = (f"{row.price_per_minute.normalize():f}", f"{row.connection_fee.normalize():f}")
        writer.writerow((row.prefix, row.name, *prices, row.first_seconds, row.next_seconds))
    return out.getvalue().encode("utf-8")


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
