"""Everything that is due for one module when a month closes: use, fees, minimum, limit, as one set of lines (USE-9, INV-2)."""

from collections.abc import Sequence
from datetime import date

from termijn.kernel.period import ArticlePeriod, Month
from termijn.rating.fee import fees_due, has_passed, one_off_fees, periods_in_view
from termijn.rating.policy import Policy
from termijn.rating.target import Target
from termijn.rating.timeline import Timeline
from termijn.rating.turnover import months_of_minimum, top_ups, with_limits
from termijn.rating.use import RatedUse


def view_of(timeline: Timeline, month: Month, dirty_months: Sequence[Month]) -> date:
    """The first day that the closing of ``month`` looks at again.

    The month itself, and further back to what was learnt or used late. Article periods that end before that day cannot have
    changed, so the cost of a closing does not grow with the age of an account.
    """
    days = [month.first, *(late.first for late in dirty_months)]
    if timeline.changed_from is not None:
        days.append(timeline.changed_from)
    return min(days)


def targets_due(timeline: Timeline, month: Month, since: date, used: RatedUse, policy: Policy) -> list[Target]:
    """All charges in view when ``month`` closes, as they should be by what is known now."""
    targets = [article.target for article in used.articles]
    targets += fees_due(timeline, month, since, policy)
    targets = with_limits(timeline, targets, policy)
    targets += top_ups(timeline, targets, _ended_minimum_periods(timeline, month, since), policy)
    return targets + one_off_fees(timeline, month)


def _ended_minimum_periods(timeline: Timeline, month: Month, since: date) -> list[tuple[int, ArticlePeriod]]:
    """Billing periods of the articles that count to a minimum, as far as they have passed: also those without any use (USE-6).

    Where a tariff change brought another length, each tariff's minimum is for periods of its own.
    """
    lengths = {months for t in timeline.tariffs if (months := months_of_minimum(t.tariff)) is not None}
    return [
        (months, period)
        for months in sorted(lengths)
        for period in periods_in_view(timeline, months, since=since, until=month.last)
        if has_passed(timeline, period, month)
    ]
