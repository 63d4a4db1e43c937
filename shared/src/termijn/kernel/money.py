"""Money: exact decimal euros, and the one place that rounds them.

Everything is exact until a line (USE-11); there it becomes cents, half away from zero, by ``cents`` or ``exact_cents``. What is
divided over parts adds up to the whole again, and an assertion that stays on in production says so.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

MICRO = 1_000_000
"""Micro-euros in a euro: bulk rating counts in integers of this unit (USE-11)."""

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

# Python calls half away from zero "half up". 60 digits: a sum of any size that fits a document is never cut short.
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)


def cents(amount: Decimal) -> Decimal:
    """The amount in whole cents, half away from zero (USE-11). Never minus zero, so that it prints as people write it."""
    rounded = amount.quantize(CENT, context=_ROUNDING)
    return rounded if rounded else ZERO


def exact_cents(exact: Fraction) -> Decimal:
    """An exact amount in cents, half away from zero (USE-11). A division in decimals first would round twice."""
    scaled = abs(exact) * 100
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    rounded = whole + (1 if 2 * rest >= scaled.denominator else 0)
    return Decimal(-rounded if exact < 0 else rounded).scaleb(-2, context=_ROUNDING)


def from_micro(amount: int) -> Decimal:
    """Exact euros from integer micro-euros; not rounded."""
    return Decimal(amount).scaleb(-6, context=_ROUNDING)


def prorate(price: Decimal, part_days: int, whole_days: int) -> Decimal:
    """The price of ``part_days`` out of ``whole_days`` calendar days, in cents, rounded once (INV-2).

    Raises ``ValueError`` where the part is not within the whole.
    """
    if not 0 <= part_days <= whole_days or whole_days < 1:
        raise ValueError(f"{part_days} of {whole_days} days is no part of a period")
    return exact_cents(Fraction(price) * part_days / whole_days)


def vat_of(base: Decimal, rate: Decimal) -> Decimal:
    """VAT in cents at ``rate`` per cent, on the sum of a document's lines at that rate (INV-8)."""
    return exact_cents(Fraction(base) * Fraction(rate) / 100)


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Spread whole cents over parts by weight, the odd cents on the largest part (USE-7).

    - ``total``: euros in whole cents, of either sign. ``weights``: none negative, at least one above zero unless the total is 0.
    - Returns a part per weight, in their order: together exactly the total, and none of the other sign.

    Raises ``ValueError`` for anything else.
    """
    if total != cents(total):
        raise ValueError(f"{total} is not in whole cents")
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    whole = sum((Fraction(weight) for weight in weights), start=Fraction(0))
    if not whole:
        if total:
            raise ValueError("nothing to spread the amount over")
        return [ZERO] * len(weights)
    parts = [exact_cents(Fraction(total) * Fraction(weight) / whole) for weight in weights]
    _place_odd_cents(parts, weights, total)
    assert sum(parts) == total, f"{parts} do not add up to {total}"
    return parts


def _place_odd_cents(parts: list[Decimal], weights: Sequence[Decimal], total: Decimal) -> None:
    """Put what rounding left over (or took too much) on the largest part, on the next where that would turn its sign."""
    left = total - sum(parts)
    for index in sorted(range(len(parts)), key=lambda i: weights[i], reverse=True):
        if not left:
            return
        # 0.03 over five equal parts rounds to 0.01 each: two cents too many, and the largest has only one to give back.
        wanted = parts[index] + left
        given = wanted if wanted * total >= 0 else ZERO
        left -= given - parts[index]
        parts[index] = given
