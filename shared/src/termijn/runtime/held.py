"""What could not be handled when it came: messages that wait for a fact, and accounts that are parked with a reason."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.inbox import PAGE_MESSAGES, Inbox, Incoming, note, park_messages
from termijn.runtime.patience import patiently, reason_of
from termijn.runtime.sql import Row, load
from termijn.runtime.telemetry import log
from termijn.runtime.turns import TURN
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.write_path import WritePath

SQL = load("termijn.runtime.schema", "runtime.sql")

ops = log("held")

WAITING_MAX = timedelta(days=2)
"""Domain time that a message waits for a fact before its account is parked."""


FACTS_MAX = 1_000
"""Facts that are looked at in one step."""


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
        """Wake the messages whose fact arrived and try them; the number tried.

        One at a time: a fact that arrives while a message is tried wakes it after it was put back, never in between.
        """
        async with self._write.database.locks.sole("held") as ours:
            if not ours:
                return 0
            async with self._write.database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
                await connection.execute(SQL["wake_waiting"], FACTS_MAX)
                rows = await connection.fetch(SQL["ready_waiting"], PAGE_MESSAGES)
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
                reason = "waited for a fact; the account was parked meanwhile"
                await park_messages(work.connection, provider, [message], reason)
                await note(work, [(message, "parked", reason)])
                return
            await note(work, [(message, "handled", None)])
            await self._inbox.react(work, [message])
            # What waits again was tried just now: it is not ready until its fact arrives, and it keeps its first date. What is behind
            # another that waits is tried again when that was.
            await work.flush()
            await work.connection.execute(
                "update waiting_message set is_ready = awaits = $4, since = $3 where provider = $1 and is_ready and envelope = $2",
                provider,
                row["envelope"],
                taken,
                TURN,
            )

        try:
            await patiently(lambda: self._write.run(provider, message.cause, act))
        except Exception as error:
            await self._park_waiting(provider, row, message, reason_of(error))

    async def _park_waiting(self, provider: ProviderId, row: Row, message: Incoming, reason: str) -> None:
        ops.error("account parked", provider=provider, account=message.envelope.account, message_id=str(message.envelope.id))

        async def act(work: UnitOfWork) -> None:
            if await work.connection.fetchval("delete from waiting_message where position = $1 returning 1", row["position"]):
                await work.connection.execute(SQL["park_account"], provider, message.envelope.account, reason)
                await park_messages(work.connection, provider, [message], reason)
                await note(work, [(message, "parked", reason)])

        await self._write.run(provider, message.cause, act)

    async def next_deadline(self) -> datetime | None:
        """When the first message that waits has waited too long."""
        rows = await self._write.database.short(EVERY_PROVIDER, "select min(since) as since from waiting_message where not is_ready")
        since: datetime | None = rows[0]["since"]
        return None if since is None else since + WAITING_MAX

    async def expire(self, now: datetime) -> int:
        """Park what waited too long, with what it waited for as the reason."""
        async with self._write.database.locks.sole("held") as ours:
            if not ours:
                return 0
            rows = await self._write.database.short(
                EVERY_PROVIDER,
                "select position, provider, awaits, envelope, data from waiting_message where since <= $1 and not is_ready "
                "order by position limit $2",
                now - WAITING_MAX,
                PAGE_MESSAGES,
            )
            for row in rows:
                await self._park_waiting(ProviderId(row["provider"]), row, _incoming(row), f"waited two days for {row['awaits']}")
            return len(rows)

    async def parked(self, provider: ProviderId) -> Sequence[Row]:
        """The parked accounts of a provider (or of all of them): provider, account, reason, since, messages waiting behind."""
        return await self._write.database.short(
            provider,
            "select k.provider, k.account, k.reason, k.since, count(m.position) as messages from parked_key k "
            "left join parked_message m using (provider, account) group by 1, 2, 3, 4 order by k.since, k.provider, k.account",
        )

    async def replay(self, provider: ProviderId, account: AccountId) -> Replayed:
        """Handle what is parked, in order, until something fails again; then the account flows once more."""
        handled = 0
        while True:
            outcome = await self._replay_next(provider, account)
            if outcome:
                return Replayed(handled=handled, stopped_by=outcome)
            if outcome is not None:
                handled += 1
            elif await self._release(provider, account):
                return Replayed(handled=handled, stopped_by=None)
            await asyncio.sleep(0)

    async def _release(self, provider: ProviderId, account: AccountId) -> bool:
        """Let the account flow again, unless a message was parked behind at the last moment.

        READ COMMITTED: whoever parks behind holds the row, and what it parked must be seen once it let go.
        """
        async with self._write.database.transaction(provider, isolation="read committed") as connection:
            await connection.execute(SQL["lock_parked"], provider, account)
            if await connection.fetch(SQL["first_parked"], provider, account):
                return False
            await connection.execute("delete from parked_key where provider = $1 and account = $2", provider, account)
            await connection.execute(SQL["retry_outbox"], provider, account)
            return True

    async def _replay_next(self, provider: ProviderId, account: AccountId) -> str | None:
        """None: nothing is parked any more. Empty: one message was handled. Else the reason why the next one failed."""
        found = await self._write.database.short(provider, SQL["first_parked"], provider, account)
        if not found:
            return None

        async def act(work: UnitOfWork) -> str | None:
            await work.connection.execute(SQL["lock_parked"], provider, account)
            rows = await work.connection.fetch(SQL["first_parked"], provider, account)
            if not rows:
                return None
            message = _incoming(rows[0])
            await self._inbox.follow(work, message)
            await note(work, [(message, "handled", None)])
            if self._inbox.listens_to(message):
                await self._inbox.react(work, [message])
            await work.connection.execute("delete from parked_message where position = $1", rows[0]["position"])
            return ""

        try:
            return await self._write.run(provider, _incoming(found[0]).cause, act)
        except Exception as error:
            reason = reason_of(error)
            await self._write.database.short(
                provider, "update parked_key set reason = $3 where provider = $1 and account = $2", provider, account, reason
            )
            return reason


def _incoming(row: Row) -> Incoming:
    return Incoming(msgspec.json.decode(row["envelope"], type=Envelope), bytes(row["data"]))
