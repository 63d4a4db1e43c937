"""How days, months, numbers and amounts are written in both languages."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.words import Language, decimal, euros, long_day, month_name, short_day


@pytest.mark.parametrize(
    ("value", "dutch"), [("0", "0"), ("-0.50", "-0,5"), ("1234567.10", "1.234.567,1"), ("0.000125", "0,000125"), ("100", "100")]
)
def test_numbers_are_written_exactly(value: str, dutch: str) -> None:
    """No zeros that say nothing, and no sign lost."""
    assert decimal(Decimal(value), "nl") == dutch


@pytest.mark.parametrize(("language", "written"), [("nl", "€ -1.234,50"), ("en", "EUR -1,234.50")])
def test_amounts_have_their_cents(language: Language, written: str) -> None:
    """Always two."""
    assert euros(Decimal("-1234.5"), language) == written


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_what_is_written_is_what_was_meant(value: Decimal) -> None:
    """Nothing is lost on the way to paper."""
    assert Decimal(decimal(value, "en").replace(",", "")) == value
    assert Decimal(decimal(value, "nl").replace(".", "").replace(",", ".")) == value


def test_days_and_months_are_written_in_words() -> None:
    """Whatever the machine is set to."""
    day = date(2026, 3, 1)
    assert [long_day(day, "nl"), long_day(day, "en"), short_day(day)] == ["1 maart 2026", "1 March 2026", "01-03-2026"]
    assert [month_name("2026-08", "nl"), month_name("2026-08", "en")] == ["augustus 2026", "August 2026"]
