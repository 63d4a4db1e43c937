"""Use and cost of a period while it runs: computed when read, because money with included quantity does not add up (USE-12, section 7)."""

from dataclasses import dataclass
from decimal import Decimal

from termijn.kernel.ids import AccountId, ModuleId
from termijn.kernel.period import Month
from termijn.rating.charge import targets_due
from termijn.rating.closing import decks_of
from termijn.rating.policy import POLICY
from termijn.rating.rated_account import RATED_ACCOUNT
from termijn.rating.record_page import read_records
from termijn.rating.use import rate_use
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT

EVERY_CLOSING = 2**31 - 1
"""Higher than any closing number: all records, billed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedSoFar:
    """One article of one module in a period: charged quantity in ``unit``, real records and seconds, net euros in cents."""

    module_id: ModuleId
    module_title: str
    article: str
    title: str
    quantity: Decimal
    unit: str
    records: int
    seconds: int
    net: Decimal


async def used_so_far(work: Work, account: AccountId, month: Month) -> list[UsedSoFar]:
    """What the account used in the month by what is known now, with limits applied as the closing will."""
    state = await work.load(RATED_ACCOUNT, account)
    policy = (await work.load(POLICY, CURRENT)).value
    found = []
    for timeline in state.modules.values():
        read = await read_records(work, work.provider, timeline.module_id, first=month, last=month, closing=EVERY_CLOSING)
        if not len(read.records):
            continue
        used = rate_use(timeline, read.records, await decks_of(work, timeline), month=month, since=month.first)
        found += [
            UsedSoFar(
                module_id=timeline.module_id,
                module_title=timeline.title,
                article=target.article,
                title=target.title,
                quantity=target.quantity,
                unit=target.unit,
                records=target.records,
                seconds=target.seconds,
                net=target.net,
            )
            for target in targets_due(timeline, month, month.first, used, policy)
            if target.origin == "usage"
        ]
    return found
