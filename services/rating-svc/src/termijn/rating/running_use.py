"""Use and cost of a period while it runs: computed when read, because money with included quantity does not add up (USE-12, section 7)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from termijn.kernel.ids import AccountId, ModuleId
from termijn.kernel.period import Month
from termijn.rating.charge import targets_due
from termijn.rating.closing import decks_of
from termijn.rating.fee import periods_in_view
from termijn.rating.policy import POLICY
from termijn.rating.rated_account import RATED_ACCOUNT
from termijn.rating.record_page import read_records
from termijn.rating.target import Target
from termijn.rating.timeline import Timeline
from termijn.rating.use import rate_use, use_articles
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT

EVERY_CLOSING = 2**31 - 1
"""Higher than any closing number: all records, billed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedSoFar:
    """One article of one module in a period: charged quantity in ``unit``, real records and seconds, net euros in cents.

    ``period_from`` and ``period_until``: the billing period, which is longer than the month for what bills per quarter or year.
    """

    module_id: ModuleId
    module_title: str
    article: str
    title: str
    period_from: date
    period_until: date
    quantity: Decimal
    unit: str
    records: int
    seconds: int
    net: Decimal


async def used_so_far(work: Work, account: AccountId, month: Month) -> list[UsedSoFar]:
    """What the account used in the billing periods of the month by what is known now, with limits applied as the closing will."""
    state = await work.load(RATED_ACCOUNT, account)
    policy = (await work.load(POLICY, CURRENT)).value
    found = []
    for timeline in state.modules.values():
        first, last = _months_of_periods(timeline, month)
        read = await read_records(work, work.provider, timeline.module_id, first=first, last=last, closing=EVERY_CLOSING)
        if not len(read.records):
            continue
        used = rate_use(timeline, read.records, await decks_of(work, timeline), month=last, since=month.first)
        found += [
            _so_far(timeline, target)
            for target in targets_due(timeline, last, month.first, used, policy)
            if target.origin == "usage" and target.period.first <= month.last
        ]
    return found


def _months_of_periods(timeline: Timeline, month: Month) -> tuple[Month, Month]:
    """From the beginning to the end of all billing periods of use that the month is in."""
    periods = [
        period for _, months in use_articles(timeline) for period in periods_in_view(timeline, months, since=month.first, until=month.last)
    ]
    days = [day for period in periods for day in (period.first, period.last)]
    return Month.of(min(days, default=month.first)), Month.of(max(days, default=month.last))


def _so_far(timeline: Timeline, target: Target) -> UsedSoFar:
    return UsedSoFar(
        module_id=timeline.module_id,
        module_title=timeline.title_on(target.period.last),
        article=target.article,
        title=target.title,
        period_from=target.period.first,
        period_until=target.period.last,
        quantity=target.quantity,
        unit=target.unit,
        records=target.records,
        seconds=target.seconds,
        net=target.net,
    )
