"""Firing timers: in due order, in pages, each with its command and its events in the transaction that marks it as fired.

Timers are spread over shards by account, and each shard has one worker at a time (a session lock), so that no two workers
fire timers of one account at once. (Skipping locked rows instead fired 1,066 timers after a later one of their stream.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.codec import WakeUps
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.faults import fault
from termijn.runtime.handling import Cause, Fired, Row, Waiting, WakeUpHandler
from termijn.runtime.patience import patiently, reason_of
from termijn.runtime.sql import load
from termijn.runtime.telemetry import log
from termijn.runtime.timer_row import SHARDS
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.write_path import WritePath, is_conflict

SQL = load("termijn.runtime.schema", "runtime.sql")

ops = log("timers")

PAGE_TIMERS = 50
"""Timers that share a transaction."""
LOOKED_UP_PAGES = 10
"""Pages that are looked up at once where they are of one instant: each look steps over all that fired since the last vacuum."""
RANK_LAST = 32_767


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A point in the order of firing: first the date, then the rank."""

    due_at: datetime
    rank: int = RANK_LAST


class TimerDesk:
    """Fires the timers of one service: each once, in due order, also after the process was down or while many run (TIM-1)."""

    def __init__(self, write: WritePath, handlers: Sequence[WakeUpHandler[Any]], wake_ups: WakeUps) -> None:
        self._write = write
        self._handlers = {handler.wake_up.__name__: handler for handler in handlers}
        self._wake_ups = wake_ups

    async def next_due(self) -> Instant | None:
        """The earliest instant that a timer waits for, over all providers and accounts that are not parked."""
        rows = await self._write.database.short(EVERY_PROVIDER, SQL["next_due"])
        return Instant(rows[0]["due_at"], rows[0]["rank"]) if rows else None

    async def step(self, until: Instant, shards: Sequence[int] = tuple(range(SHARDS)), page: int = PAGE_TIMERS) -> int:
        """Fire a page of what is due, and what else is due at its last instant; the number of timers dealt with."""
        async with self._write.database.locks.sole("timers", shards) as ours:
            if not ours:
                return 0
            look = (list(ours), until.due_at, until.rank, page * LOOKED_UP_PAGES)
            pages = _pages(await self._write.database.short(EVERY_PROVIDER, SQL["due_timers"], *look), page)
            for of_one in pages:
                await self._fire_page(of_one)
            return sum(len(of_one) for of_one in pages)

    async def _fire_page(self, rows: Sequence[Row]) -> None:
        provider = ProviderId(rows[0]["provider"])
        fired = await self._read(provider, rows)
        if not fired:
            return
        try:
            for handler, mine in self._by_handler(fired):
                await handler.before(self._write.database, mine)
            async with self._write.database.pool.acquire() as connection:
                result, _ = await self._write.once(connection, provider, _cause(fired[0]), lambda work: self._handle(work, fired))
                if not is_conflict(result):
                    return
        except Exception as error:
            ops.warning("a page of timers failed; they go one by one", error, provider=provider, count=len(fired))
        held: set[AccountId] = set()
        for one in fired:
            if one.account not in held and not await self._fire_alone(provider, one):
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

    async def _read(self, provider: ProviderId, rows: Sequence[Row]) -> list[Fired[Any]]:
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
                await self._park(provider, row["account"], row["timer_id"], error)
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


def _pages(rows: Sequence[Row], page: int) -> list[list[Row]]:
    """What may share a transaction: one provider, and no second date of an account.

    A timer that fires may set one that is due before the account's next; so all ends where an account comes again later. Behind the
    first page there is only what is due at the same instant as the end of it.
    """
    instants: dict[tuple[str, str], tuple[datetime, int]] = {}
    pages: dict[str, list[list[Row]]] = {}
    last: tuple[datetime, int] | None = None
    for number, row in enumerate(rows):
        instant = (row["due_at"], row["rank"])
        if (number >= page and instant != last) or instants.setdefault((row["provider"], row["account"]), instant) != instant:
            break
        of_one = pages.setdefault(row["provider"], [[]])
        if len(of_one[-1]) == page:
            of_one.append([])
        of_one[-1].append(row)
        last = instant
    return [one for of_one in pages.values() for one in of_one]
