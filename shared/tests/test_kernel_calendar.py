"""Days: Amsterdam, months that never drift, working days, bank days, article periods."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel import calendar
from termijn.kernel.calendar import (
    add_bank_days,
    add_months,
    at,
    day_of,
    is_bank_day,
    is_working_day,
    next_bank_day,
    next_working_day,
    previous_bank_day,
)
from termijn.kernel.period import ArticlePeriod, Month, article_period

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))


@pytest.mark.rule("CAT-23")
def test_months_are_counted_from_the_first_day_and_never_chained() -> None:
    anchor = date(2026, 1, 31)
    assert [add_months(anchor, n) for n in (1, 2, 3, 13, 25)] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]
    assert add_months(date(2026, 5, 31), -3) == date(2026, 2, 28)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


@pytest.mark.rule("CAT-23")
@given(day=days, months=st.integers(-240, 240))
def test_adding_months_lands_in_that_month_as_near_to_the_day_number_as_it_goes(day: date, months: int) -> None:
    there = add_months(day, months)
    assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == months
    assert there.day == day.day or (there.day < day.day and (there + timedelta(days=1)).day == 1)


@pytest.mark.rule("TIM-3")
def test_ten_o_clock_in_amsterdam_is_another_instant_in_summer() -> None:
    assert at(date(2026, 1, 5), "10:00") == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert at(date(2026, 7, 6), "10:00") == datetime(2026, 7, 6, 8, tzinfo=UTC)
    assert at(date(2026, 3, 29), "04:00") == datetime(2026, 3, 29, 2, tzinfo=UTC)
    assert at(date(2026, 3, 29), "02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert at(date(2026, 10, 25), "02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.rule("TIM-3")
def test_the_day_changes_at_midnight_in_amsterdam() -> None:
    assert day_of(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == date(2026, 6, 30)
    assert day_of(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == date(2026, 7, 1)
    with pytest.raises(ValueError, match="time zone"):
        day_of(datetime(2026, 6, 30))


@pytest.mark.rule("TIM-3")
@given(instant=instants)
def test_every_instant_is_in_the_day_that_began_before_it(instant: datetime) -> None:
    day = day_of(instant)
    assert at(day, "00:00") <= instant < at(day + timedelta(days=1), "00:00")


def test_working_days_of_2026() -> None:
    closed = [date(2026, 1, 1), date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 14), date(2026, 5, 25), date(2026, 12, 25)]
    weekdays = [d for n in range(365) if (d := date(2026, 1, 1) + timedelta(days=n)).weekday() < 5]
    assert [d for d in weekdays if not is_working_day(d)] == closed
    assert not is_working_day(date(2026, 11, 21))
    assert not is_working_day(date(2025, 12, 26)), "Boxing Day on a Friday"


def test_good_friday_and_liberation_day_are_policy() -> None:
    good_friday, liberation_day = date(2026, 4, 3), date(2026, 5, 5)
    assert is_working_day(good_friday)
    assert is_working_day(liberation_day)
    assert not is_working_day(good_friday, closed=frozenset({"good_friday"}))
    assert is_working_day(liberation_day, closed=frozenset({"good_friday"}))
    assert not is_working_day(liberation_day, closed=frozenset({"liberation_day"}))
    assert is_working_day(date(2025, 5, 5)), "also in the years in which most are off"


def test_kings_day_on_a_sunday_is_kept_the_day_before() -> None:
    assert date(2031, 4, 27).weekday() == 6
    assert is_working_day(date(2031, 4, 28))
    assert not is_working_day(date(2027, 4, 27))


def test_the_next_working_day() -> None:
    assert next_working_day(date(2026, 4, 4)) == date(2026, 4, 7), "over Easter"
    assert next_working_day(date(2026, 4, 7)) == date(2026, 4, 7)
    assert next_working_day(date(2026, 4, 7), inclusive=False) == date(2026, 4, 8)


@pytest.mark.rule("PAY-2")
def test_bank_days_are_those_of_t2() -> None:
    assert is_bank_day(date(2026, 4, 27)), "King's Day is Dutch alone"
    assert [d for d in (date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25), date(2026, 1, 1)) if is_bank_day(d)] == []
    assert not is_bank_day(date(2026, 11, 22))


@pytest.mark.rule("PAY-2")
def test_the_bank_day_on_after_and_before() -> None:
    assert next_bank_day(date(2026, 4, 3)) == date(2026, 4, 7), "Good Friday to the Tuesday after Easter"
    assert next_bank_day(date(2026, 4, 7)) == date(2026, 4, 7)
    assert previous_bank_day(date(2026, 4, 7)) == date(2026, 4, 2)
    assert add_bank_days(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert add_bank_days(date(2026, 4, 4), 5) == date(2026, 4, 13)
    assert add_bank_days(date(2026, 4, 7), -2) == date(2026, 4, 1)
    assert add_bank_days(date(2026, 4, 4), 0) == date(2026, 4, 4)


@pytest.mark.rule("PAY-2")
@given(day=days, n=st.integers(1, 30))
def test_between_a_day_and_the_nth_bank_day_after_it_lie_n_bank_days(day: date, n: int) -> None:
    there = add_bank_days(day, n)
    passed = [day + timedelta(days=k) for k in range(1, (there - day).days + 1)]
    assert sum(map(is_bank_day, passed)) == n
    assert is_bank_day(there)


def test_a_day_to_itself_is_one_day() -> None:
    assert calendar.days_between(date(2026, 3, 1), date(2026, 3, 1)) == 1
    assert calendar.days_between(date(2026, 3, 1), date(2026, 3, 31)) == 31


def test_a_month_knows_its_days_and_neighbours() -> None:
    december = Month.parse("2026-12")
    assert (december.first, december.last, december.days) == (date(2026, 12, 1), date(2026, 12, 31), 31)
    assert [str(december.next()), str(december.previous()), str(december.next().previous())] == ["2027-01", "2026-11", "2026-12"]
    assert Month.of(date(2024, 2, 29)).last == date(2024, 2, 29)
    assert Month.parse("2026-02") < Month.parse("2026-11") < Month.parse("2027-01")


@pytest.mark.parametrize("text", ["2026-13", "2026-0", "26-01", "2026-01-01", "0000-01", "2026-1٣", ""])
def test_what_is_no_month_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


@pytest.mark.rule("INV-2")
def test_months_and_quarters_follow_the_calendar_and_years_the_start_date() -> None:
    start = date(2026, 8, 8)
    assert article_period(date(2026, 8, 20), every_months=1, anchor=start) == ArticlePeriod(date(2026, 8, 1), date(2026, 8, 31))
    assert article_period(date(2026, 8, 20), every_months=3, anchor=start) == ArticlePeriod(date(2026, 7, 1), date(2026, 9, 30))
    assert article_period(date(2027, 8, 7), every_months=12, anchor=start) == ArticlePeriod(date(2026, 8, 8), date(2027, 8, 7))
    assert article_period(date(2027, 8, 8), every_months=12, anchor=start) == ArticlePeriod(date(2027, 8, 8), date(2028, 8, 7))
    with pytest.raises(ValueError, match="not 5"):
        article_period(start, every_months=5, anchor=start)


@pytest.mark.rule("INV-2")
def test_a_year_from_29_february_comes_back_to_it() -> None:
    start = date(2024, 2, 29)
    assert article_period(date(2025, 2, 28), every_months=12, anchor=start) == ArticlePeriod(date(2025, 2, 28), date(2026, 2, 27))
    assert article_period(date(2028, 2, 29), every_months=12, anchor=start) == ArticlePeriod(date(2028, 2, 29), date(2029, 2, 27))


@pytest.mark.rule("INV-2")
@given(day=days, anchor=days, every=st.sampled_from([1, 2, 3, 6, 12, 24, 60]))
def test_article_periods_lie_end_to_end(day: date, anchor: date, every: int) -> None:
    here = article_period(day, every_months=every, anchor=anchor)
    assert here.first <= day <= here.last
    after = article_period(here.last + timedelta(days=1), every_months=every, anchor=anchor)
    assert after.first == here.last + timedelta(days=1)
    assert here.days == (here.last - here.first).days + 1
