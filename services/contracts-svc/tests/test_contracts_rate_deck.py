"""Rate decks: one bad row refuses the whole file, and all bad rows are told at once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.deck_file import COLUMNS, DeckRow, canonical, read
from termijn.contracts.errors import BadDeck
from termijn.contracts.rate_deck import RATE_DECK, PublishDeck
from termijn.events.base import Blob
from termijn.events.contracts import RateDeckPublished
from termijn.kernel.ids import DeckId
from termijn.testing.spec import spec

HEADER = ",".join(COLUMNS)


def file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def refusal(content: bytes) -> BadDeck:
    with pytest.raises(BadDeck) as caught:
        read(content)
    return caught.value


@pytest.mark.rule("CAT-9")
def test_a_deck_is_read_by_prefix() -> None:
    """Prefix, name, prices and intervals; a plus is allowed, spaces around cells are not kept."""
    rows = read(file("+316,Mobile,0.12,0.05,60,1", " 31 , Netherlands ,0.01,0,1,1"))
    assert [row.prefix for row in rows] == ["31", "316"]
    assert rows[1] == DeckRow(
        prefix="316", name="Mobile", price_per_minute=Decimal("0.12"), connection_fee=Decimal("0.05"), first_seconds=60, next_seconds=1
    )


@pytest.mark.rule("CAT-9")
def test_bad_rows_refuse_the_whole_file_with_their_numbers_and_reasons() -> None:
    """Row numbers are those of the file: the header is row 1."""
    refused = refusal(file("31,NL,0.01,0,1,1", "x,Bad,0.01,0,1,1", "32,BE,-1,0,1,1", "33,FR,0.01,0,0,1", "31,NL again,0.02,0,1,1", "34,ES"))
    told = {int(error["field"].removeprefix("row ")): error["detail"] for error in refused.errors}
    assert sorted(told) == [3, 4, 5, 6, 7]
    assert refused.facts["bad_rows"] == 5
    assert "prefix" in told[3]
    assert "price_per_minute" in told[4]
    assert "first_seconds" in told[5]
    assert "row 2" in told[6]
    assert "cells" in told[7]
    assert refused.status == 422 and refused.field == "row 3"


@pytest.mark.rule("CAT-9")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEADER.encode(),
        b"prefix,name\n31,NL",
        HEADER.encode() + b",more\n31,NL,0.01,0,1,1,x",
        file("31,N\0L,0.01,0,1,1"),
        HEADER.encode() + b"\n31,\xff,0.01,0,1,1",
        file('31,"NL,0.01,0,1,1'),
        file("31,NL,1e3,0,1,1"),
        file("31,NL,NaN,0,1,1"),
        file("31,NL,0.01,0,1.5,1"),
        file("31,NL,0.01,0,1,1,extra"),
        file("0031,NL,0.01,0,1,1"),
    ],
)
def test_what_is_no_deck_is_refused(content: bytes) -> None:
    """Never an error of ours, always a reason."""
    assert refusal(content).errors


@pytest.mark.rule("CAT-9")
def test_of_many_bad_rows_the_first_hundred_are_told_and_how_many_there_are() -> None:
    """Enough to see what is wrong, whatever the size of the file."""
    refused = refusal(file(*(f"x{number},Bad,1,0,1,1" for number in range(250))))
    assert [error["field"] for error in refused.errors] == [f"row {number}" for number in range(2, 102)]
    assert refused.facts["bad_rows"] == 250


@pytest.mark.rule("SEC-4")
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_any_bytes_are_a_deck_or_are_refused(content: bytes) -> None:
    """No input makes the reader fail in another way."""
    try:
        assert read(content)
    except BadDeck as refused:
        assert refused.errors


PRICES = st.decimals(min_value=0, max_value=999, places=6)
ROWS = st.builds(
    DeckRow,
    prefix=st.from_regex(r"[1-9][0-9]{0,14}", fullmatch=True).filter(str.isascii),
    name=st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=20),
    price_per_minute=PRICES,
    connection_fee=PRICES,
    first_seconds=st.integers(1, 3600),
    next_seconds=st.integers(1, 3600),
)


@pytest.mark.rule("CAT-9")
@given(rows=st.lists(ROWS, min_size=1, max_size=10, unique_by=lambda row: row.prefix))
def test_what_is_stored_reads_back_as_the_same_rows(rows: list[DeckRow]) -> None:
    """The stored bytes are a deck file again, sorted by prefix."""
    assert read(canonical(rows)) == tuple(sorted(rows, key=lambda row: row.prefix))


@pytest.mark.rule("CAT-9")
def test_decks_are_versioned_like_tariffs() -> None:
    """Each load is the next version."""
    blob = Blob(sha256="0" * 64, size_bytes=10, address="x")
    publish = PublishDeck(now=datetime(2026, 1, 1, tzinfo=UTC), deck_id=DeckId("nl"), valid_from=date(2026, 1, 1), rows=2, blob=blob)
    spec(RATE_DECK).when(publish, publish).then(
        RateDeckPublished(deck_id=DeckId("nl"), version=1, valid_from=date(2026, 1, 1), rows=2, blob=blob),
        RateDeckPublished(deck_id=DeckId("nl"), version=2, valid_from=date(2026, 1, 1), rows=2, blob=blob),
    )
