"""CAT-9, USE-3: the longest matching prefix, for many numbers at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.rating.deck import NO_RATE, Destination, RateDeck
from termijn.rating.errors import BadRateDeck

HEADER = "prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n"


def deck(*prefixes: str) -> RateDeck:
    return RateDeck(
        [
            Destination(prefix=p, name=p, micro_per_minute=int(p), micro_fee=0, first_seconds=1, next_seconds=1)
            for p in prefixes
        ]
    )  # fmt: skip


def found(of: RateDeck, *numbers: str) -> list[str | None]:
    return [None if place == NO_RATE else of.destinations[place].prefix for place in of.lookup(numbers)]


@pytest.mark.rule("CAT-9")
def test_the_longest_prefix_wins_and_ends_where_it_ends() -> None:
    """31, 316 and 3161: a mobile number, a number beside it, a foreign one, and what is no number."""
    rates = deck("31", "316", "3161", "32")
    assert found(rates, "+31612345678", "+31620000000", "+31201234567", "+4912", "112", "") == ["3161", "316", "31", None, None, None]


@pytest.mark.rule("CAT-9")
def test_a_number_shorter_than_a_prefix_does_not_match_it() -> None:
    """+312 does not begin with 3120, whatever comes after it in a table of fifteen digits."""
    assert found(deck("31", "3120"), "+312", "+3120") == ["31", "3120"]


@pytest.mark.rule("CAT-9")
@given(
    prefixes=st.sets(st.text("123", min_size=1, max_size=5), max_size=12),
    numbers=st.lists(st.text("1234", min_size=1, max_size=8), max_size=12),
)
def test_the_search_agrees_with_trying_every_prefix(prefixes: set[str], numbers: list[str]) -> None:
    """Sorted ranges find what a loop over all prefixes finds."""
    expected = [max((p for p in prefixes if number.startswith(p)), key=len, default=None) for number in numbers]
    assert found(deck(*prefixes), *("+" + number for number in numbers)) == expected


def test_a_deck_file_is_read_exactly() -> None:
    read = RateDeck.parse((HEADER + "+31,Nederland vast,0.012345,0.05,60,1\n").encode())
    row = read.destinations[0]
    assert (row.prefix, row.micro_per_minute, row.micro_fee, row.first_seconds, row.next_seconds) == ("31", 12_345, 50_000, 60, 1)


@pytest.mark.parametrize("row", ["31,x,0.0123456,0,1,1", "31,x,-1,0,1,1", "31,x,1,0,0,1", "x,x,1,0,1,1", "31,x,one,0,1,1", "31,x"])
def test_a_row_that_cannot_be_meant_refuses_the_deck(row: str) -> None:
    with pytest.raises(BadRateDeck):
        RateDeck.parse((HEADER + row + "\n").encode())


def test_one_prefix_twice_refuses_the_deck() -> None:
    with pytest.raises(BadRateDeck):
        RateDeck.parse((HEADER + "31,a,1,0,1,1\n+31,b,2,0,1,1\n").encode())
