"""USE-3, USE-4, USE-5: pricing over columns, against the sentences of the rules and against a slow and obvious loop."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.rating.rate import Rate, deck_rate, flat_rate, price, shown_quantity


def ints(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


@pytest.mark.rule("USE-3")
def test_per_minute_rating_rounds_each_call_up_to_whole_minutes(make: Any) -> None:
    """Calls of 1, 60 and 61 seconds are 1, 1 and 2 minutes: four minutes at 0.10."""
    rate = flat_rate(make.article("calls", "0.10", key="call", unit="minute"), "minute")
    priced = price(ints(1, 60, 61), ints(0, 0, 0), [rate])
    assert (priced.amount, priced.charged) == (Fraction(4, 10), 240)


@pytest.mark.rule("USE-3")
def test_per_second_rating_bills_the_seconds(make: Any) -> None:
    """Calls of 1, 60 and 61 seconds are 122 seconds at 0.10 a minute, exactly."""
    rate = flat_rate(make.article("calls", "0.10", key="call", unit="minute"), "second")
    assert price(ints(1, 60, 61), ints(0, 0, 0), [rate]).amount == Fraction(122, 600)


@pytest.mark.rule("USE-3")
@pytest.mark.parametrize(("seconds", "billed"), [(1, 30), (30, 30), (31, 36), (36, 36), (37, 42)])
def test_deck_intervals_go_before_minutes_and_seconds(seconds: int, billed: int) -> None:
    """First interval 30 seconds, then steps of 6, and a connection fee per call."""
    rate = deck_rate(micro_per_minute=600_000, micro_fee=50_000, first_seconds=30, next_seconds=6)
    priced = price(ints(seconds), ints(0), [rate])
    assert (priced.billed, priced.amount) == (billed, Fraction(billed, 100) + Fraction(5, 100))


@pytest.mark.rule("USE-3")
def test_a_call_of_no_seconds_costs_nothing_connection_fee_included() -> None:
    """An unanswered call is no call."""
    rate = deck_rate(micro_per_minute=600_000, micro_fee=50_000, first_seconds=60, next_seconds=60)
    priced = price(ints(0), ints(0), [rate])
    assert (priced.amount, priced.charged_records) == (0, 0)


@pytest.mark.rule("USE-4")
def test_included_quantity_is_used_up_in_order_and_the_fee_is_charged_in_full_once_any_part_is() -> None:
    """Two minutes free: the first call is free, the second half free but its fee is due, the third is charged."""
    rate = deck_rate(micro_per_minute=1_000_000, micro_fee=100_000, first_seconds=60, next_seconds=60)
    priced = price(ints(60, 120, 60), ints(0, 0, 0), [rate], included=120)
    assert (priced.charged, priced.charged_records, priced.amount) == (120, 2, Fraction(22, 10))


@pytest.mark.rule("USE-4")
def test_included_quantity_is_counted_in_billed_units(make: Any) -> None:
    """One included minute is used up by a call of one second under per-minute rating."""
    rate = flat_rate(make.article("calls", "1.00", key="call", unit="minute"), "minute")
    assert price(ints(1, 1), ints(0, 0), [rate], included=60).amount == 1


@pytest.mark.rule("USE-5")
def test_net_price_is_for_the_articles_quantity(make: Any) -> None:
    """5.00 per 100 pages makes one page 0.05."""
    rate = flat_rate(make.article("print", "5.00", key="print", quantity="100", unit="page"), "minute")
    assert price(ints(1_000_000), ints(0), [rate]).amount == Fraction(5, 100)


def test_quantities_are_shown_exactly_where_six_decimals_do() -> None:
    assert [shown_quantity(90, 60), shown_quantity(20, 60), shown_quantity(0, 60)] == [Decimal("1.5"), Decimal("0.333333"), Decimal(0)]


RATES = st.builds(
    Rate,
    price=st.fractions(min_value=0, max_value=2, max_denominator=600),
    fee=st.fractions(min_value=0, max_value=1, max_denominator=100),
    first=st.integers(1, 90),
    following=st.integers(1, 90),
)


@pytest.mark.rule("USE-3", "USE-4")
@given(
    rates=st.lists(RATES, min_size=1, max_size=3),
    calls=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 2)), max_size=30),
    included=st.integers(0, 5_000),
)
def test_columns_agree_with_a_loop_over_calls(rates: list[Rate], calls: list[tuple[int, int]], included: int) -> None:
    """The same amounts as a person with a pencil, to the last fraction."""
    free, amount, charged_calls = included, Fraction(0), 0
    for units, number in calls:
        rate = rates[number % len(rates)]
        billed = 0
        if units > 0:
            billed = rate.first
            while billed < units:
                billed += rate.following
        charged = max(billed - free, 0)
        free = max(free - billed, 0)
        amount += charged * rate.price + (rate.fee if charged else 0)
        charged_calls += bool(charged)
    priced = price(ints(*(c[0] for c in calls)), ints(*(c[1] % len(rates) for c in calls)), rates, included=included)
    assert (priced.amount, priced.charged_records) == (amount, charged_calls)
