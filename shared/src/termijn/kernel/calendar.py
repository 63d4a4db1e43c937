"""Days: what day it is in the Netherlands, months that never drift, working days and bank days.

Dates are calendar days in Europe/Amsterdam; instants are aware and UTC. Sources: the ``holidays`` library for Dutch public
holidays and for the T2 calendar of the European Central Bank.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

ExtraHoliday = Literal["good_friday", "liberation_day"]
"""Days that a provider may close on by policy; by default it works on them."""

_DAY = timedelta(days=1)
_YEARS_KEPT = 400  # a year of holidays is a small set; a ledger that spans more years than this does not exist
_INSTANTS_KEPT = 4096  # a year of days at each of the seven times of the day
_EXTRA: dict[str, ExtraHoliday] = {"Good Friday": "good_friday", "Liberation Day": "liberation_day"}


@lru_cache(maxsize=_INSTANTS_KEPT)
def at(day: date, time_of_day: str) -> datetime:
    """The UTC instant of "HH:MM" on an Amsterdam day.

    A time that the spring change skips is the instant as if the clock had not moved yet; one that comes twice in autumn is
    the first. Raises ``ValueError`` for a text that is no time.
    """
    return datetime.combine(day, time.fromisoformat(time_of_day), tzinfo=AMSTERDAM).astimezone(UTC)


def day_of(instant: datetime) -> date:
    """The Amsterdam day of an aware instant. Raises ``ValueError`` for a naive one: its day would depend on the machine."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no day")
    return instant.astimezone(AMSTERDAM).date()


def add_months(anchor: date, months: int) -> date:
    """The same day number ``months`` later (or earlier), else the last day of that month.

    Count from the anchor, never from a result: 31 January + 1 = 28 February, + 2 = 31 March.
    """
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def first_of_month(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def days_between(first: date, last: date) -> int:
    """How many days from first to last, both included; 0 or less where last comes before first."""
    return (last - first).days + 1


def is_working_day(day: date, *, closed: frozenset[ExtraHoliday] = frozenset()) -> bool:
    """Monday to Friday, not a public holiday, nor one of the ``closed`` days of the provider's policy (INV-4, DUN-16)."""
    if day.weekday() >= 5:
        return False
    name = _dutch_holidays(day.year).get(day)
    return name is None or (name in _EXTRA and _EXTRA[name] not in closed)


def next_working_day(day: date, *, inclusive: bool = True, closed: frozenset[ExtraHoliday] = frozenset()) -> date:
    """The first working day on or after the day; strictly after it where not ``inclusive``."""
    if not inclusive:
        day += _DAY
    while not is_working_day(day, closed=closed):
        day += _DAY
    return day


def is_bank_day(day: date) -> bool:
    """A day on which T2 settles: Monday to Friday without the six closing days of the ECB."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def next_bank_day(day: date) -> date:
    """The day itself where it is a bank day, else the first one after it."""
    while not is_bank_day(day):
        day += _DAY
    return day


def previous_bank_day(day: date) -> date:
    """The last bank day strictly before the day."""
    day -= _DAY
    while not is_bank_day(day):
        day -= _DAY
    return day


def add_bank_days(day: date, n: int) -> date:
    """The ``n``-th bank day after the day (before it where ``n`` is negative); the day itself for 0, bank day or not."""
    for _ in range(abs(n)):
        day = next_bank_day(day + _DAY) if n > 0 else previous_bank_day(day)
    return day


# The library is loaded with the first question: it costs more than all the rest of the kernel, and `termijn --help` asks none.
@lru_cache(maxsize=_YEARS_KEPT)
def _dutch_holidays(year: int) -> dict[date, str]:
    from holidays import country_holidays  # noqa: PLC0415

    return dict(country_holidays("NL", years=year, categories=("public", "optional"), language="en_US").items())


@lru_cache(maxsize=_YEARS_KEPT)
def _bank_holidays(year: int) -> frozenset[date]:
    from holidays import financial_holidays  # noqa: PLC0415

    return frozenset(financial_holidays("XECB", years=year))
