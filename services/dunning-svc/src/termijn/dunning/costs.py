"""Collection costs and statutory interest on a late claim, from the law's own tables as dated data (DUN-10). Pure.

Also the answer of ``termijn explain costs``. Sources: Besluit vergoeding voor buitengerechtelijke incassokosten (Stb. 2012,
141); BW 6:119 (consumers) and 6:119a (companies).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from termijn.kernel.calendar import add_months, days_between
from termijn.kernel.money import ZERO, cents

DebtorKind = Literal["company", "consumer"]

SCALE: tuple[tuple[Decimal | None, Decimal], ...] = (
    (Decimal(2500), Decimal(15)),
    (Decimal(2500), Decimal(10)),
    (Decimal(5000), Decimal(5)),
    (Decimal(190_000), Decimal(1)),
    (None, Decimal("0.5")),
)
"""Width of each band of the principal in euros (None: the rest) and its percentage."""
COSTS_MIN = Decimal(40)
COSTS_MAX = Decimal(6775)

COMMERCIAL_RATES: tuple[tuple[date, Decimal], ...] = (
    (date(2024, 1, 1), Decimal("12.50")),
    (date(2024, 7, 1), Decimal("12.25")),
    (date(2025, 1, 1), Decimal("11.15")),
    (date(2025, 7, 1), Decimal("10.15")),
    (date(2026, 1, 1), Decimal("10.15")),
    (date(2026, 7, 1), Decimal("10.40")),
)
"""Statutory commercial interest, per cent a year, from a day on: the ECB's rate + 8, new every half year."""
CONSUMER_RATES: tuple[tuple[date, Decimal], ...] = (
    (date(2024, 1, 1), Decimal(7)),
    (date(2025, 1, 1), Decimal(6)),
    (date(2026, 1, 1), Decimal(4)),
)
"""Statutory interest for consumers, per cent a year, from a day on."""

_DAYS_A_YEAR = 365


def collection_costs(claim: Decimal, *, due: date, paid: date) -> Decimal:
    """Extrajudicial costs over a principal, in cents: the legal scale, at least 40.00 and at most 6,775.00 (DUN-10).

    0 when it was paid by the due day, or when nothing is claimed. No VAT on top: the creditor reclaims it.
    """
    if paid <= due or claim <= 0:
        return ZERO
    costs, rest = Decimal(0), claim
    for width, percentage in SCALE:
        part = rest if width is None else min(rest, width)
        costs += part * percentage / 100
        rest -= part
    return cents(min(max(costs, COSTS_MIN), COSTS_MAX))


def interest(claim: Decimal, *, due: date, paid: date, debtor: DebtorKind) -> Decimal:
    """Statutory interest in cents, from the day after the due day to the day of payment, that day included (DUN-10).

    Actual days over 365, simple within a year, added to the principal after each full year. Days before the first rate of
    the table count at that rate.
    """
    return _in_cents(_interest(max(claim, ZERO), due=due, paid=paid, debtor=debtor))


def interest_on_parts(parts: Iterable[tuple[Decimal, date]], *, due: date, debtor: DebtorKind) -> Decimal:
    """Interest on a claim that was paid in parts: each part until the day it was paid (or the day of the statement).

    A payment that was taken back is a negative part on the day that it was: it then was owed again from that day.
    """
    return _in_cents(sum((_interest(part, due=due, paid=until, debtor=debtor) for part, until in parts), start=Fraction(0)))


def rates_of(debtor: DebtorKind) -> Sequence[tuple[date, Decimal]]:
    """The dated rates that count for this debtor, oldest first."""
    return CONSUMER_RATES if debtor == "consumer" else COMMERCIAL_RATES


def _interest(claim: Decimal, *, due: date, paid: date, debtor: DebtorKind) -> Fraction:
    if paid <= due or not claim:
        return Fraction(0)
    principal, rates = Fraction(claim), rates_of(debtor)
    start, year = due + timedelta(days=1), 0
    while True:
        first, after = add_months(start, 12 * year), add_months(start, 12 * (year + 1))
        last = min(paid, after - timedelta(days=1))
        principal += sum((principal * share for share in _shares(first, last, rates)), start=Fraction(0))
        if last == paid:
            return principal - Fraction(claim)
        year += 1


def _shares(first: date, last: date, rates: Sequence[tuple[date, Decimal]]) -> Iterable[Fraction]:
    """What part of the principal each stretch of one rate adds, over the days from first to last, both included."""
    for index, (since, rate) in enumerate(rates):
        begin = first if index == 0 else max(first, since)
        end = last if index + 1 == len(rates) else min(last, rates[index + 1][0] - timedelta(days=1))
        if begin <= end:
            yield Fraction(rate) / 100 * days_between(begin, end) / _DAYS_A_YEAR


def _in_cents(exact: Fraction) -> Decimal:
    # Far more digits than a cent needs: the one rounding is that of `cents`.
    return cents(Decimal(exact.numerator) / Decimal(exact.denominator))
