"""What could not be handled when it came: messages that wait for a fact, and accounts that are parked with a reason."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause, Row
from termijn.runtime.inbox import PAGE_MESSAGES, Inbox, Incoming, park_messages
from termijn.runtime.sql import load
from termijn.runtime.telemetry import log
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.write_path import WritePath

SQL = load("termijn.runtime.schema", "runtime.sql")

ops = log("held")

WAITING_MAX = timedelta(days=2)
"""Domain time that a message waits for a fact before its account is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did: messages handled now, and the reason that stopped it, None where the account flows again."""

    handled: int
    stopped_by: str | None


class Held:
    """Tries waiting messages again and replays parked accounts."""

    def __init__(self, write: WritePath, inbox: Inbox) -> None:
        self._write = write
        self._inbox = inbox

    async def step(self) -> int:
        """Try waiting messages whose fact arrived; the number tried."""
        rows = await self._write.database.short(EVERY_PROVIDER, SQL["ready_waiting"], PAGE_MESSAGES)
        for row in rows:
            await self._try_waiting(row)
        return len(rows)

    async def _try_waiting(self, row: Row) -> None:
        provider = ProviderId(row["provider"])
        message = _incoming(row)

        async def act(work: UnitOfWork) -> None:
            taken = await work.connection.fetchval(
                "delete from waiting_message where position = $1 and is_ready returning since", row["position"]
            )
            if taken is None:
                return
            parked = await work.connection.fetch(SQL["parked_accounts"], provider, [message.envelope.account])
            if parked:
                await park_messages(work.connection, provider, [message], "waited for a fact; the account was parked meanwhile")
                return
            await self._inbox.react(work, [message])
            # What waits again was tried just now: it is not ready until its fact arrives, and it keeps its first date.
            await work.flush()
            await work.connection.execute(
                "update waiting_message set is_ready = false, since = $3 where provider = $1 and is_ready and envelope = $2",
                provider,
                row["envelope"],
                taken,
            )

        try:
            await self._write.run(provider, message.cause, act)
        except Exception as error:
            await self._park_waiting(provider, row, message, f"{type(error).__name__}: {error}")

    async def _park_waiting(self, provider: ProviderId, row: Row, message: Incoming, reason: str) -> None:
        ops.error("account parked", provider=provider, account=message.envelope.account, message_id=str(message.envelope.id))

        async def act(work: UnitOfWork) -> None:
            await work.connection.execute("delete from waiting_message where position = $1", row["position"])
            await work.connection.execute(SQL["park_account"], provider, message.envelope.account, reason)
            await park_messages(work.connection, provider, [message], reason)

        await self._write.run(provider, message.cause, act)

    async def next_deadline(self) -> datetime | None:
        """When the first message that waits has waited too long."""
        rows = await self._write.database.short(EVERY_PROVIDER, "select min(since) as since from waiting_message where not is_ready")
        since: datetime | None = rows[0]["since"]
        return None if since is None else since + WAITING_MAX

    async def expire(self, now: datetime) -> int:
        """Park what waited too long, with what it waited for as the reason."""
        rows = await self._write.database.short(
            EVERY_PROVIDER,
            "select position, provider, awaits, envelope, data from waiting_message where since <= $1 order by position limit $2",
            now - WAITING_MAX,
            PAGE_MESSAGES,
        )
        for row in rows:
            await self._park_waiting(ProviderId(row["provider"]), row, _incoming(row), f"waited two days for {row['awaits']}")
        return len(rows)

    async def parked(self, provider: ProviderId) -> Sequence[Row]:
        """The parked accounts of a provider: account, reason, since, messages waiting behind."""
        return await self._write.database.short(
            provider,
            "select k.account, k.reason, k.since, count(m.position) as messages from parked_key k "
            "left join parked_message m using (provider, account) where k.provider = $1 group by 1, 2, 3 order by k.since",
            provider,
        )

    async def replay(self, provider: ProviderId, account: AccountId) -> Replayed:
        """Handle what is parked, in order, until something fails again; then the account flows once more."""
        handled = 0
        while True:
            outcome = await self._replay_next(provider, account)
            if outcome is None:
                return Replayed(handled=handled, stopped_by=None)
            if outcome:
                return Replayed(handled=handled, stopped_by=outcome)
            handled += 1
            await asyncio.sleep(0)

    async def _replay_next(self, provider: ProviderId, account: AccountId) -> str | None:
        """None: nothing is parked any more. Empty: one message was handled. Else the reason why the next one failed."""
        found = await self._write.database.short(provider, SQL["first_parked"], provider, account)
        cause = _incoming(found[0]).cause if found else None

        async def act(work: UnitOfWork) -> str | None:
            # The one row that replays, live messages and parking are serialised by.
            await work.connection.execute("select 1 from parked_key where provider = $1 and account = $2 for update", provider, account)
            rows = await work.connection.fetch(SQL["first_parked"], provider, account)
            if not rows:
                await work.connection.execute("delete from parked_key where provider = $1 and account = $2", provider, account)
                return None
            await self._inbox.react(work, [_incoming(rows[0])])
            await work.connection.execute("delete from parked_message where position = $1", rows[0]["position"])
            return ""

        try:
            return await self._write.run(provider, cause or _release_cause(provider, account), act)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            await self._write.database.short(
                provider, "update parked_key set reason = $3 where provider = $1 and account = $2", provider, account, reason
            )
            return reason


def _release_cause(provider: ProviderId, account: AccountId) -> Cause:
    occasion = derived_id("release", provider, account)
    return Cause(actor="ops", why="nothing is parked any more", correlation_id=occasion, causation_id=occasion)


def _incoming(row: Row) -> Incoming:
    return Incoming(msgspec.json.decode(row["envelope"], type=Envelope), bytes(row["data"]))
