"""Minimum turnover and cost limit: the least and the most that flagged articles bill per period (USE-6, USE-7)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from termijn.kernel.money import ZERO, exact_cents, split
from termijn.kernel.period import ArticlePeriod
from termijn.kernel.tariff import Tariff
from termijn.rating.policy import Policy
from termijn.rating.target import Target
from termijn.rating.timeline import Stretch, Timeline, stretches

MINIMUM = "minimum"
"""Stands in the place of the article on the line of a top-up."""
MINIMUM_TITLE = "Minimumomzet"


def limited(amounts: Sequence[Decimal], limit: Decimal) -> list[Decimal]:
    """Flagged amounts in cents, brought down to the limit together (USE-7).

    The reduction is spread by amount, the odd cent on the largest. Credits among them are left alone.
    """
    over = sum(amounts, start=ZERO) - limit
    if over <= 0:
        return list(amounts)
    reductions = split(over, [max(amount, ZERO) for amount in amounts])
    return [amount - reduction for amount, reduction in zip(amounts, reductions, strict=True)]


def top_up(flagged: Decimal, minimum: Decimal) -> Decimal:
    """What is missing to the minimum (USE-6); nothing where the flagged articles reach it."""
    return max(minimum - flagged, ZERO)


def with_limits(timeline: Timeline, targets: Sequence[Target], policy: Policy) -> list[Target]:
    """The targets with the cost limit applied per billing period of the flagged articles (USE-7).

    One module has one limit in a period, not prorated: that of the last day served, as it stands.
    """
    result = list(targets)
    for period in sorted({t.period for t in targets if t.counts_to_limit}):
        last = _last(timeline, period)
        if last is None or last.tariff.cost_limit is None:
            continue
        limit = last.tariff.cost_limit * (last.quantity if policy.limit_times_quantity else 1)
        places = [i for i, t in enumerate(result) if t.counts_to_limit and t.period == period]
        for place, net in zip(places, limited([result[i].net for i in places], limit), strict=True):
            result[place] = result[place].at(net)
    return result


def months_of_minimum(tariff: Tariff) -> int | None:
    """The billing period of the articles that count to the minimum, in months: all have one (CAT-7). None where there is no minimum."""
    if tariff.minimum_turnover is None:
        return None
    return next((article.billing.every_months or 1 for article in tariff.articles if article.counts_to_minimum), None)


def minimum_of(timeline: Timeline, period: ArticlePeriod, policy: Policy, *, months: int) -> Decimal:
    """The minimum turnover of a period of so many months in cents (USE-6).

    By day where the module was there for a part of it, or a tariff whose minimum is for a period of that length.
    """
    exact = Fraction(0)
    for stretch in stretches(timeline, period):
        if months_of_minimum(stretch.tariff) == months and stretch.tariff.minimum_turnover is not None:
            times = stretch.quantity if policy.minimum_times_quantity else 1
            exact += Fraction(stretch.tariff.minimum_turnover) * times * stretch.days / period.days
    return exact_cents(exact)


def top_ups(timeline: Timeline, targets: Sequence[Target], ended: Iterable[tuple[int, ArticlePeriod]], policy: Policy) -> list[Target]:
    """A line of its own per ended billing period whose flagged articles stay under the minimum, also without any use (USE-6).

    ``ended``: the periods, each with its length in months.
    """
    lines = []
    for months, period in ended:
        flagged = sum((t.net for t in targets if t.counts_to_minimum and t.period == period), start=ZERO)
        missing = top_up(flagged, minimum_of(timeline, period, policy, months=months))
        last = _last(timeline, period)
        if missing and last is not None:
            lines.append(_top_up_line(last.tariff, period, missing))
    return lines


def _top_up_line(tariff: Tariff, period: ArticlePeriod, missing: Decimal) -> Target:
    flagged = [article for article in tariff.articles if article.counts_to_minimum]
    return Target(
        origin="minimum",
        article=MINIMUM,
        title=MINIMUM_TITLE,
        tariff=tariff,
        vat_rate=tariff.vat_rate,
        period=period,
        quantity=Decimal(1),
        unit="piece",
        unit_price=missing,
        net=missing,
        kind=flagged[0].kind if flagged else "service",
    )


def _last(timeline: Timeline, period: ArticlePeriod) -> Stretch | None:
    return next(reversed(list(stretches(timeline, period))), None)
