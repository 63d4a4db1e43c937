"""Indexation of prices: by how much, and what becomes of each price (CAT-10). Pure."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec

from termijn.contracts.price_move import PriceMove, moves_between
from termijn.kernel.calendar import add_months, month_end
from termijn.kernel.errors import InvalidInput
from termijn.kernel.money import exact_cents
from termijn.kernel.tariff import Tariff

PERCENTAGE_MAX = Decimal(25)
"""Per cent, either way: more in one year is a typing error."""
ROUNDING = (
    "The new price is the old price times (100 + percentage) / 100, rounded half away from zero to whole cents; "
    "a price finer than a cent keeps its number of decimals."
)
"""The rule as a preview says it."""
CENT_DECIMALS = 2
_PERIOD = re.compile(r"(\d{4})(-(0[1-9]|1[0-2]))?", re.ASCII)


class IndexFigure(msgspec.Struct, frozen=True, kw_only=True):
    """The index of a period ("2026" or "2026-10"), with the day on which it was published."""

    period: str
    value: Decimal
    published_on: date


class PriceIndex(msgspec.Struct, frozen=True, kw_only=True):
    """A published index as dated data: its name in contracts ("CPI alle huishoudens"), and where the figures are from."""

    name: str
    source: str = ""
    figures: tuple[IndexFigure, ...] = ()


class IndexationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider indexes (CAT-10): by a percentage or by an index, on a day of the year, some tariffs or (empty) all."""

    percentage: Decimal | None = None
    index: str | None = None
    month: int = 1
    day: int = 1
    tariffs: tuple[str, ...] = ()


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """By how much, and how that came about in words."""

    percentage: Decimal
    said: str


def check_policy(policy: IndexationPolicy | None, indices: Sequence[PriceIndex], *, field: str = "indexation") -> None:
    """Refuse a policy that no plan could follow, naming the field (SEC-4)."""
    for place, index in enumerate(indices):
        _check_index(index, f"indices.{place}")
    if policy is None:
        return
    if (policy.percentage is None) == (policy.index is None):
        raise InvalidInput(field=f"{field}.percentage", reason="either a percentage or an index says by how much")
    if policy.percentage is not None:
        check_percentage(policy.percentage, field=f"{field}.percentage")
    if policy.index is not None and policy.index not in {index.name for index in indices}:
        raise InvalidInput(field=f"{field}.index", reason=f"there is no index {policy.index}")
    if not 1 <= policy.month <= 12 or not 1 <= policy.day <= month_end(date(2024, policy.month, 1)).day:
        raise InvalidInput(field=f"{field}.day", reason="is no day of a year")


def _check_index(index: PriceIndex, field: str) -> None:
    periods = [figure.period for figure in index.figures]
    for place, figure in enumerate(index.figures):
        if not _PERIOD.fullmatch(figure.period):
            raise InvalidInput(field=f"{field}.figures.{place}.period", reason='is a year or a month, as in "2026" or "2026-10"')
        if periods.index(figure.period) != place:
            raise InvalidInput(field=f"{field}.figures.{place}.period", reason=f"{figure.period} is there twice")
        if not figure.value.is_finite() or figure.value <= 0:
            raise InvalidInput(field=f"{field}.figures.{place}.value", reason="is above zero")


def check_percentage(percentage: Decimal, *, field: str) -> None:
    """Refuse nothing, and what nobody means."""
    if not percentage.is_finite() or not percentage or abs(percentage) > PERCENTAGE_MAX:
        raise InvalidInput(field=field, reason=f"is a percentage other than 0, at most {PERCENTAGE_MAX}")


def by_index(index: PriceIndex, *, today: date) -> Basis:
    """The change of the latest published figure against that of a year earlier, in per cent with two decimals (CAT-10)."""
    published = {figure.period: figure.value for figure in index.figures if figure.published_on <= today}
    for period in sorted(published, reverse=True):
        earlier = f"{int(period[:4]) - 1:04d}{period[4:]}"
        if earlier in published:
            now, before = Fraction(published[period]), Fraction(published[earlier])
            percentage = exact_cents((now / before - 1) * 100)
            check_percentage(percentage, field="index")
            said = f"{index.name}: {published[period]} in {period} against {published[earlier]} in {earlier} is {percentage} %"
            return Basis(percentage=percentage, said=said)
    raise InvalidInput(field="index", reason=f"{index.name} has no two figures a year apart that were published by {today}")


def next_day_of(policy: IndexationPolicy, *, today: date) -> date:
    """The first day of the policy that is at least a month away: there must be time to announce it."""
    earliest = add_months(today, 1)
    for year in (earliest.year, earliest.year + 1, earliest.year + 2):
        day = min(policy.day, month_end(date(year, policy.month, 1)).day)
        if (found := date(year, policy.month, day)) >= earliest:
            return found
    raise AssertionError("every day of the year comes within two")


def indexed_price(price: Decimal, percentage: Decimal) -> Decimal:
    """One price, by the rule that ``ROUNDING`` says (CAT-10)."""
    exponent = price.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a published price is a number"
    finer = max(0, -exponent - CENT_DECIMALS)
    # exact_cents rounds to two decimals; a price in tenths of cents is rounded in tenths of cents.
    exact = Fraction(price) * (100 + Fraction(percentage)) / 100 * 10**finer
    return exact_cents(exact).scaleb(-finer)


def indexed(tariff: Tariff, percentage: Decimal) -> Tariff:
    """The tariff with every article's price indexed; fees at start and end, minimum and limit stay as they were agreed (CAT-10)."""
    change = msgspec.structs.replace
    return change(tariff, articles=tuple(change(a, net_price=indexed_price(a.net_price, percentage)) for a in tariff.articles))


def preview(tariff: Tariff, percentage: Decimal) -> tuple[PriceMove, ...]:
    """Old and new price of every article that changes."""
    return moves_between(tariff, indexed(tariff, percentage))
