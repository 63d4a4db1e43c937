"""Pricing of use over columns: billed units, included quantity, price and connection fee (USE-3, USE-4, USE-5).

Integers throughout: seconds for what is rated by time, millionths of a unit for what is counted. The only fractions are the
exact sums per rate at the end; nothing is rounded here (USE-11).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from termijn.kernel.money import MICRO
from termijn.kernel.tariff import Article

Integers = NDArray[np.int64]

SECONDS_OF_UNIT = {"second": 1, "minute": 60, "hour": 3600}
"""Units of articles that are rated by the time of a call; every other unit is counted."""
MILLIONTHS = 1_000_000
"""Quantities are kept in millionths of a unit: six decimals, as many as a price has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit costs and how units are rounded up.

    - ``price``: exact euros per raw unit (a second, or a millionth of a counted unit).
    - ``fee``: exact euros per record of which any part is charged.
    - ``first``, ``following``: the interval that is billed at least, and the intervals after it, in raw units.
    """

    price: Fraction
    fee: Fraction = Fraction(0)
    first: int = 1
    following: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """What a sequence of records costs: exact euros, charged and billed raw units, and how many records had a charged part."""

    amount: Fraction
    charged: int
    billed: int
    charged_records: int


def is_timed(article: Article) -> bool:
    """Whether the article is for time (seconds, minutes, hours) and not for a count."""
    return article.unit in SECONDS_OF_UNIT


def raw_units_of(article: Article) -> int:
    """How many raw units one unit of the article is."""
    return SECONDS_OF_UNIT.get(article.unit, MILLIONTHS)


def flat_rate(article: Article, time_rating: Literal["minute", "second"]) -> Rate:
    """The rate of an article without a deck (USE-3, USE-5).

    The net price is for ``article.quantity`` units: 5.00 per 100 pages makes one page 0.05. Per-minute rating rounds each
    call up to whole minutes, per-second rating bills the seconds. A fixed price costs nothing per unit.
    """
    if article.is_fixed_price:
        return Rate(price=Fraction(0))
    price = Fraction(article.net_price) / Fraction(article.quantity) / raw_units_of(article)
    interval = 60 if is_timed(article) and time_rating == "minute" else 1
    return Rate(price=price, first=interval, following=interval)


def deck_rate(*, micro_per_minute: int, micro_fee: int, first_seconds: int, next_seconds: int) -> Rate:
    """The rate of one destination: its intervals and connection fee go before per-minute and per-second rating (USE-3)."""
    return Rate(price=Fraction(micro_per_minute, 60 * MICRO), fee=Fraction(micro_fee, MICRO), first=first_seconds, following=next_seconds)


def billed_units(units: Integers, rate_of: Integers, rates: Sequence[Rate]) -> Integers:
    """Raw units to bill per record: rounded up to the rate's intervals; a record of none bills none (USE-3)."""
    first = np.array([rate.first for rate in rates], dtype=np.int64)[rate_of]
    following = np.array([rate.following for rate in rates], dtype=np.int64)[rate_of]
    beyond = np.maximum(units - first, 0)
    rounded: Integers = first + -(-beyond // following) * following
    return np.where(units > 0, rounded, 0)


def charged_units(billed: Integers, included: int) -> Integers:
    """What is left to charge per record once the included units are used up, in the order given (USE-4)."""
    used = np.cumsum(billed)
    charged: Integers = np.minimum(billed, np.maximum(used - included, 0))
    return charged


def price(units: Integers, rate_of: Integers, rates: Sequence[Rate], *, included: int = 0) -> Priced:
    """Price records of one article and billing period, in order of start, source and id (USE-3, USE-4, USE-5).

    - ``units``: raw units per record; ``rate_of``: the index of each record's rate in ``rates``.
    - ``included``: raw units free of charge; a record beyond them in part pays that part, and the connection fee in full.
    """
    assert len(units) == len(rate_of), "a rate for each record"
    if not len(units):
        return Priced(amount=Fraction(0), charged=0, billed=0, charged_records=0)
    billed = billed_units(units, rate_of, rates)
    charged = charged_units(billed, included)
    per_rate = np.zeros(len(rates), dtype=np.int64)
    np.add.at(per_rate, rate_of, charged)
    calls = np.bincount(rate_of[charged > 0], minlength=len(rates))
    amount = Fraction(0)
    for rate, total, count in zip(rates, per_rate, calls, strict=True):
        amount += rate.price * int(total) + rate.fee * int(count)
    return Priced(amount=amount, charged=int(charged.sum()), billed=int(billed.sum()), charged_records=int(calls.sum()))


def shown_quantity(raw: int, raw_per_unit: int) -> Decimal:
    """Raw units as the quantity that a line shows: exact where six decimals do, else the nearest."""
    return Decimal(round(Fraction(raw * MILLIONTHS, raw_per_unit))).scaleb(-6).normalize() + Decimal(0)
