"""Firing timers: in due order, in pages, each with its command and its events in the transaction that marks it as fired.

Timers are spread over shards by account, and each shard has one worker at a time (a session lock), so that no two workers
fire timers of one account at once. (Skipping locked rows instead fired 1,066 timers after a later one of their stream.)

What one worker fires at one instant goes two pages at a time, each account in one of them only.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.codec import WakeUps
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.faults import fault
from termijn.runtime.handling import Cause, Fired, Waiting, WakeUpHandler
from termijn.runtime.patience import patiently, reason_of
from termijn.runtime.sql import Row, load
from termijn.runtime.telemetry import log
from termijn.runtime.timer_row import SHARDS
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.write_path import WritePath, is_conflict

SQL = load("termijn.runtime.schema", "runtime.sql")

ops = log("timers")

PAGE_TIMERS = 50
"""Timers that share a transaction."""
PAGES_AT_ONCE = 2
"""Pages of one look that are under way beside each other: one is decided while the other is written and waits for the disk. More gain
nothing, as all of them are decided by one thread."""
LOOKED_UP_PAGES = 10
"""Pages that are looked up at once where they are of one instant."""
LOOKS_ONWARD_MAX = 10
"""Looks that go on where the last one ended. Each look from the beginning steps over the index entries of all that fired since the last
vacuum: over 640 pages of it after 50,000 timers. What another process set for an earlier date meanwhile is seen after so many looks."""
RANK_FIRST, RANK_LAST = -32_768, 32_767
BEGINNING = (datetime.min.replace(tzinfo=UTC), RANK_FIRST, "")
"""Before all timers: from here on a look misses none."""

Page = list[Row]


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A point in the order of firing: first the date, then the rank."""

    due_at: datetime
    rank: int = RANK_LAST


@dataclass(frozen=True, slots=True)
class _Place:
    """Up to where the timers of one instant were dealt with, in which shards, and after how many looks that did not see what is before."""

    instant: Instant
    timer_id: str
    shards: tuple[int, ...]
    looks_onward: int

    def goes_on(self, shards: Sequence[int], until: Instant, earliest_set: datetime | None) -> bool:
        """Whether the next look may begin here: nothing before it can have come to wait that this process knows of."""
        is_first = earliest_set is None or earliest_set > self.instant.due_at
        return is_first and self.looks_onward < LOOKS_ONWARD_MAX and self.instant <= until and self.shards == tuple(shards)


class TimerDesk:
    """Fires the timers of one service: each once, in due order, also after the process was down or while many run (TIM-1)."""

    def __init__(self, write: WritePath, handlers: Sequence[WakeUpHandler[Any]], wake_ups: WakeUps) -> None:
        self._write = write
        self._handlers = {handler.wake_up.__name__: handler for handler in handlers}
        self._wake_ups = wake_ups
        self._place: _Place | None = None

    async def next_due(self) -> Instant | None:
        """The earliest instant that a timer waits for, over all providers and accounts that are not parked."""
        rows = await self._write.database.short(EVERY_PROVIDER, SQL["next_due"])
        return Instant(rows[0]["due_at"], rows[0]["rank"]) if rows else None

    async def step(self, until: Instant, shards: Sequence[int] = tuple(range(SHARDS)), page: int = PAGE_TIMERS) -> int:
        """Fire a page of what is due, and what else is due at its last instant; the number of timers dealt with."""
        async with self._write.database.locks.sole("timers", shards) as ours:
            if not ours:
                return 0
            place, self._place = self._place, None  # whatever goes wrong now, the next look is from the beginning
            pages, reached = await self._look(ours, until, page, place)
            await self._fire_pages(pages)
            self._place = reached
            return sum(len(of_one) for of_one in pages)

    async def _look(self, shards: Sequence[int], until: Instant, page: int, place: _Place | None) -> tuple[list[Page], _Place | None]:
        """The next pages, and the place that they reach.

        Onward from a place only as long as its instant has timers: one that is due later may be behind one of its account that
        another process set, or released, for an earlier date.
        """
        if place is not None and place.goes_on(shards, until, self._write.plant.earliest_set):
            since = (place.instant.due_at, place.instant.rank, place.timer_id)
            if rows := await self._due(shards, place.instant, page, since):
                return _paged(rows, page, shards, place.looks_onward + 1)
        self._write.plant.earliest_set = None
        return _paged(await self._due(shards, until, page, BEGINNING), page, shards, 0)

    async def _due(self, shards: Sequence[int], until: Instant, page: int, since: tuple[datetime, int, str]) -> Sequence[Row]:
        look = (list(shards), until.due_at, until.rank, page * LOOKED_UP_PAGES, *since)
        return await self._write.database.short(EVERY_PROVIDER, SQL["due_timers"], *look)

    async def _fire_pages(self, pages: Sequence[Page]) -> None:
        """Some at a time, where all is due at one instant; where they write to one thing (a stream of a whole provider), singly."""
        collided: list[list[Fired[Any]]] = []
        waiting = iter(pages)
        if len(pages) > 1 and _is_one_instant(pages):
            try:
                async with asyncio.TaskGroup() as lanes:
                    for _ in range(PAGES_AT_ONCE):
                        lanes.create_task(self._fire_lane(waiting, collided))
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None
        for fired in collided:
            await self._fire_page_or_singly(fired)
        for of_one in waiting:
            await self._fire_page_or_singly(await self._read(of_one))

    async def _fire_lane(self, waiting: Iterator[Page], collided: list[list[Fired[Any]]]) -> None:
        while not collided and (of_one := next(waiting, None)) is not None:
            fired = await self._read(of_one)
            if not await self._fire_page(fired):
                collided.append(fired)

    async def _fire_page_or_singly(self, fired: Sequence[Fired[Any]]) -> None:
        if not await self._fire_page(fired):
            await self._fire_singly(fired)

    async def _fire_page(self, fired: Sequence[Fired[Any]]) -> bool:
        """All of them in one transaction, or each in its own where one fails; False where somebody else was first, and nothing is done."""
        if not fired:
            return True
        provider = fired[0].provider
        try:
            for handler, mine in self._by_handler(fired):
                await handler.before(self._write.database, mine)
            async with self._write.database.pool.acquire() as connection:
                result, _ = await self._write.once(connection, provider, _cause(fired[0]), lambda work: self._handle(work, fired))
                return not is_conflict(result)
        except Exception as error:
            ops.warning("a page of timers failed; they go one by one", error, provider=provider, count=len(fired))
        await self._fire_singly(fired)
        return True

    async def _fire_singly(self, fired: Sequence[Fired[Any]]) -> None:
        held: set[AccountId] = set()
        for one in fired:
            if one.account not in held and not await self._fire_alone(one.provider, one):
                held.add(one.account)

    async def _fire_alone(self, provider: ProviderId, fired: Fired[Any]) -> bool:
        """Fire one timer; False where it failed and parked its account."""

        async def attempt() -> None:
            for handler, mine in self._by_handler([fired]):
                await handler.before(self._write.database, mine)
            await self._write.run(provider, _cause(fired), lambda work: self._handle(work, [fired]))

        try:
            await patiently(attempt)
            return True
        except Exception as error:
            await self._park(provider, fired.account, fired.timer_id, error)
            return False

    async def _park(self, provider: ProviderId, account: str, timer_id: str, error: Exception) -> None:
        ops.error("account parked: a timer failed", error, provider=provider, account=account, timer_id=timer_id)
        await self._write.database.short(provider, SQL["park_account"], provider, account, f"timer {timer_id}: {reason_of(error)}")

    async def _read(self, rows: Page) -> list[Fired[Any]]:
        """The timers of a page; one that this release cannot read parks its account, and the page goes on without it."""
        fired: list[Fired[Any]] = []
        unreadable: set[str] = set()
        for row in rows:
            if row["account"] in unreadable:
                continue
            try:
                fired.append(self._typed(row))
            except Exception as error:
                unreadable.add(row["account"])
                await self._park(row["provider"], row["account"], row["timer_id"], error)
        return fired

    async def _handle(self, work: UnitOfWork, fired: Sequence[Fired[Any]]) -> None:
        rows = await work.connection.fetch(SQL["claim_timers"], work.provider, work.now, [one.timer_id for one in fired])
        fault("timers.after_claim")
        claimed = {row["timer_id"] for row in rows}
        work.facts.fired.extend(sorted(claimed))
        due = [one for one in fired if one.timer_id in claimed]
        await work.prefetch([wanted for one in due for wanted in self._handlers[type(one.wake_up).__name__].streams(one)])
        for handler, mine in self._by_handler(due):
            await handler.prepare(work, mine)
        for one in due:
            work.cause = _cause(one)
            outcome = await self._handlers[type(one.wake_up).__name__].handle(work, one)
            # A timer fires once: what is not ready yet sets another one, or nobody would ever look again.
            assert not isinstance(outcome, Waiting), f"{one.timer_id} has fired and cannot wait: {outcome}"

    def _by_handler(self, fired: Sequence[Fired[Any]]) -> list[tuple[WakeUpHandler[Any], list[Fired[Any]]]]:
        groups: dict[str, list[Fired[Any]]] = {}
        for one in fired:
            groups.setdefault(type(one.wake_up).__name__, []).append(one)
        return [(self._handlers[name], mine) for name, mine in groups.items()]

    def _typed(self, row: Row) -> Fired[Any]:
        provider, stream = row["provider"], row["stream"]
        return Fired(
            timer_id=row["timer_id"],
            provider=ProviderId(provider),
            account=AccountId(row["account"]),
            stream=stream,
            key=stream[stream.index("-") + 1 + len(provider) + 1 :],
            due_at=row["due_at"],
            wake_up=self._wake_ups.decode(row["wake_up"], row["wake_up_version"], row["data"]),
        )


def _cause(fired: Fired[Any]) -> Cause:
    name = type(fired.wake_up).__name__
    timer = derived_id("timer", fired.provider, fired.timer_id)
    return Cause(actor="timer", why=f"{name} was due at {fired.due_at.isoformat()}", correlation_id=timer, causation_id=timer)


def _is_one_instant(pages: Sequence[Page]) -> bool:
    return len({(row["due_at"], row["rank"]) for page in pages for row in page}) == 1


def _paged(rows: Sequence[Row], page: int, shards: Sequence[int], looks_onward: int) -> tuple[list[Page], _Place | None]:
    """The pages that these rows make, and the place that they reach; None where there are no rows."""
    pages, last = _pages(rows, page)
    if last is None:
        return pages, None
    return pages, _Place(Instant(last["due_at"], last["rank"]), last["timer_id"], tuple(shards), looks_onward)


def _pages(rows: Sequence[Row], page: int) -> tuple[list[Page], Row | None]:
    """What may share a transaction: one provider, and no second date of an account; and the last row that is in one.

    A timer that fires may set one that is due before the account's next; so all ends where an account comes again later. Behind the
    first page there is only what is due at the same instant as the end of it. Pages go beside each other, so an account is in one
    page only; all ends where that is full.
    """
    places: dict[tuple[str, str], tuple[Instant, Page]] = {}
    pages: dict[str, list[Page]] = {}
    last: Row | None = None
    for number, row in enumerate(rows):
        instant = Instant(row["due_at"], row["rank"])
        if number >= page and last is not None and instant != Instant(last["due_at"], last["rank"]):
            break
        of_provider = pages.setdefault(row["provider"], [[]])
        account = (row["provider"], row["account"])
        if account in places:
            since, of_account = places[account]
            if since != instant or len(of_account) == page:
                break
        else:
            if len(of_provider[-1]) >= page:
                of_provider.append([])
            of_account = of_provider[-1]
            places[account] = (instant, of_account)
        of_account.append(row)
        last = row
    return [of_account for of_provider in pages.values() for of_account in of_provider], last
