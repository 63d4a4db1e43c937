"""Periods: calendar months, and the article periods that prices are for (INV-2)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from termijn.kernel.calendar import add_months, days_between, month_end

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month. Sorts by time; its text is "2026-03", as in events and files."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.year <= 9999):
            raise ValueError(f"there is no month {self.month} of year {self.year}")

    @classmethod
    def of(cls, day: date) -> "Month":
        """The month that the day is in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From "2026-03". Raises ``ValueError`` for any other text."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no month (YYYY-MM)")
        return cls(int(found[1]), int(found[2]))

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """The last day."""
        return month_end(self.first)

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.last.day

    def next(self) -> "Month":
        """The month after."""
        return Month.of(add_months(self.first, 1))

    def previous(self) -> "Month":
        """The month before."""
        return Month.of(add_months(self.first, -1))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


MONTHS_IN_YEAR = 12
PERIOD_MONTHS = (1, 2, 3, 4, 6, 12, 24, 36, 48, 60)
"""How long article periods can be: what divides a year, a year, and up to five years (domains, licences). Else periods of a tariff
would drift through the calendar, and no two articles could be on one document."""


@dataclass(frozen=True, slots=True, order=True)
class ArticlePeriod:
    """What one price is for: from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Calendar days: what a part price is divided by (INV-2)."""
        return days_between(self.first, self.last)


def article_period(day: date, *, every_months: int, anchor: date) -> ArticlePeriod:
    """The article period that the day is in (INV-2).

    Months, quarters and what else divides a year (1, 2, 3, 4, 6) follow the calendar; years (12) and multiples of them run from
    ``anchor``, the start date, counted from it and never chained. Raises ``ValueError`` for any other length.
    """
    if every_months not in PERIOD_MONTHS:
        raise ValueError(f"articles bill per {', '.join(map(str, PERIOD_MONTHS))} months, not {every_months}")
    if every_months >= MONTHS_IN_YEAR:
        return _years_of(day, anchor, every_months // MONTHS_IN_YEAR)
    first = date(day.year, (day.month - 1) // every_months * every_months + 1, 1)
    return ArticlePeriod(first, month_end(add_months(first, every_months - 1)))


def _years_of(day: date, anchor: date, years: int) -> ArticlePeriod:
    passed = day.year - anchor.year
    if add_months(anchor, MONTHS_IN_YEAR * passed) > day:
        passed -= 1
    first = passed // years * years
    return ArticlePeriod(
        add_months(anchor, MONTHS_IN_YEAR * first), add_months(anchor, MONTHS_IN_YEAR * (first + years)) - timedelta(days=1)
    )
