"""Closing a month: the number is raised first, then everything is read, rated and decided (USE-9, INV-2, TIM-1).

The number is raised in a short transaction of its own before the page's snapshot is taken, so that the snapshot holds every
record with a lower number. All accounts of a page are looked up together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from termijn.events.rating import ChargeLine
from termijn.kernel.ids import AccountId, DeckId, ModuleId
from termijn.kernel.period import Month
from termijn.rating.charge import view_of
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.fee import periods_in_view
from termijn.rating.policy import POLICY, Policy
from termijn.rating.rated_account import (
    RATED_ACCOUNT,
    AwaitClosing,
    Close,
    CloseMonth,
    ModuleFacts,
    RatedAccount,
    modules_in_view,
)
from termijn.rating.record_page import NO_RECORDS, Read, read_records
from termijn.rating.target import Billed
from termijn.rating.timeline import Timeline
from termijn.rating.use import Decks, RatedUse, deck_on, rate_use, use_articles
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Database, Fired, Handled, Outcome, WakeUpHandler, Work, Worker
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.rating", "closing.sql")
LATE_ACCOUNTS_PAGE = 200
"""Accounts that are given another closing in one transaction."""

Closings = Sequence[Fired[CloseMonth]]


async def raise_numbers(database: Database, fired: Closings) -> None:
    """One number per provider and month, whoever comes first; committed before the closings read anything."""
    for provider, period in sorted({(one.provider, one.wake_up.period) for one in fired}):
        await database.short(provider, SQL["raise_closing"], provider, period)


def streams(fired: Fired[CloseMonth]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    """The account, and the policy that all of a page share."""
    return [(RATED_ACCOUNT, fired.key), (POLICY, CURRENT)]


@dataclass(slots=True, kw_only=True)
class _View:
    """One module that is to be closed: from which day on, and what is known of its use."""

    account: AccountId
    period: str
    closing: int
    timeline: Timeline
    since: date
    use_from: Month
    late_months: tuple[str, ...]
    used_months: list[Month] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)


async def prepare(work: Work, fired: Closings) -> None:
    """Look up everything about all accounts of the page, before any of them is decided."""
    for of_period in _by_period(fired).values():
        period = of_period[0].wake_up.period
        views = await _views(work, period, {one.account: await work.load(RATED_ACCOUNT, one.key) for one in of_period})
        await _look_up(work, views)
        for one in of_period:
            work.memo[one.timer_id] = [await _facts(work, view) for view in views if view.account == one.account]


async def close(work: Work, fired: Fired[CloseMonth]) -> Outcome:
    """Close the account's month with what was looked up."""
    policy: Policy = (await work.load(POLICY, CURRENT)).value
    command = Close(
        now=work.now,
        period=fired.wake_up.period,
        closing=await _number(work, fired.wake_up.period),
        modules=tuple(work.memo[fired.timer_id]),
        policy=policy,
    )
    await work.execute(RATED_ACCOUNT, fired.key, command, account=fired.account)
    return Handled()


CLOSE_MONTH = WakeUpHandler(wake_up=CloseMonth, handle=close, streams=streams, prepare=prepare, before=raise_numbers)
"""What happens when a month's timer fires."""


def _by_period(fired: Closings) -> dict[str, list[Fired[CloseMonth]]]:
    groups: dict[str, list[Fired[CloseMonth]]] = defaultdict(list)
    for one in fired:
        groups[one.wake_up.period].append(one)
    return groups


async def _number(work: Work, period: str) -> int:
    key = ("closing", period)
    if key not in work.memo:
        rows = await work.fetch(SQL["closing_of"], work.provider, period)
        work.memo[key] = int(rows[0]["number"])
    number: int = work.memo[key]
    return number


async def _views(work: Work, period: str, states: Mapping[AccountId, RatedAccount]) -> list[_View]:
    """The modules of these accounts that the closing of their month looks at."""
    month, closing = Month.parse(period), await _number(work, period)
    accounts = sorted(states)
    last_closings = [states[account].last_closing for account in accounts]
    rows = await work.fetch(SQL["late_use"], work.provider, accounts, last_closings, closing, month.first)
    late: dict[AccountId, dict[ModuleId, list[Month]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        late[row["account"]][row["module_id"]].append(Month.of(row["month"]))
    views = []
    for account in accounts:
        for timeline in modules_in_view(states[account], month, list(late[account])):
            months = late[account].get(timeline.module_id, [])
            since = view_of(timeline, month, months)
            views.append(
                _View(
                    account=account,
                    period=period,
                    closing=closing,
                    timeline=timeline,
                    since=since,
                    use_from=_use_from(timeline, month, since),
                    late_months=tuple(str(late_month) for late_month in sorted(months)),
                )
            )
    return views


def _use_from(timeline: Timeline, month: Month, since: date) -> Month:
    """The first month whose use is read: a quarter in view is rated from its beginning."""
    days = [since]
    for _, months in use_articles(timeline):
        days += [period.first for period in periods_in_view(timeline, months, since=since, until=month.last)]
    return Month.of(min(days))


async def _look_up(work: Work, views: Sequence[_View]) -> None:
    """What was billed before, and which modules have use at all; two queries per month that is closed."""
    for period in sorted({view.period for view in views}):
        of_period = {view.timeline.module_id: view for view in views if view.period == period}
        ordered = [of_period[module_id] for module_id in sorted(of_period)]
        accounts, modules = [view.account for view in ordered], [view.timeline.module_id for view in ordered]
        for row in await work.fetch(SQL["billed"], work.provider, accounts, modules, [view.since for view in ordered]):
            of_period[row["module_id"]].billed.append(_billed(row))
        months = [view.use_from.first for view in ordered]
        asked = (work.provider, accounts, modules, months, ordered[0].closing, Month.parse(period).first)
        for row in await work.fetch(SQL["used_months"], *asked):
            of_period[row["module_id"]].used_months.append(Month.of(row["month"]))


def _billed(row: Any) -> Billed:
    line = msgspec.json.decode(row["line"], type=ChargeLine)
    return Billed(net=row["net"], quantity=row["quantity"], records=row["records"], seconds=row["seconds"], last=line)


async def _facts(work: Work, view: _View) -> ModuleFacts:
    month = Month.parse(view.period)
    read = Read(records=NO_RECORDS, digests={})
    if view.used_months:
        module_id, last = view.timeline.module_id, max(view.used_months)
        read = await read_records(work, work.provider, module_id, first=view.use_from, last=last, closing=view.closing)
    known = await decks_of(work, view.timeline) if view.used_months else {}
    used = rate_use(view.timeline, read.records, known, month=month, since=view.since) if view.used_months else RatedUse()
    deck_id = view.timeline.tariff_on(month.last).deck_id
    version = deck_on(known.get(deck_id, ()), month.last) if deck_id is not None else None
    return ModuleFacts(
        module_id=view.timeline.module_id,
        since=view.since,
        used=used,
        billed=tuple(view.billed),
        digests=read.digests,
        late_months=view.late_months,
        deck_version=None if version is None else version.version,
    )


async def decks_of(work: Work, timeline: Timeline) -> Decks:
    """All versions of the rate decks in any of the module's tariffs."""
    decks = DeckLibrary(work.blobs)
    found: dict[DeckId, Any] = {}
    for deck_id in sorted({t.tariff.deck_id for t in timeline.tariffs if t.tariff.deck_id is not None}):
        key = ("deck", deck_id)
        if key not in work.memo:
            work.memo[key] = await decks.versions(work, work.provider, deck_id)
        found[deck_id] = work.memo[key]
    return found


async def _close_late(work: Work) -> int:
    rows = await work.fetch(SQL["forget_late"], work.provider, LATE_ACCOUNTS_PAGE)
    for account in sorted(AccountId(row["account"]) for row in rows):
        await work.execute(RATED_ACCOUNT, account, AwaitClosing(now=work.now), account=account)
    return len(rows)


LATE_USE = Worker(name="late-use", waiting_providers="select distinct provider from late_account", step=_close_late)
"""Gives accounts with late use a closing where none was awaited any more: their last module has ended (USE-9)."""
