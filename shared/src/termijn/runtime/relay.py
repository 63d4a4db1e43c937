"""The outbox relay: number, publish in order, wait for every acknowledgement, delete.

One relay per service at a time (a session lock); it never skips locked rows, because that would swap messages of one account.
What was numbered first is sent first, which is not the order of positions: a transaction may commit late.
Dying between publishing and deleting sends a page again; listeners know it by message id and by number.
Where the service has a journal, nobody is told of anything that is not in it.
"""

from typing import Any

import msgspec

from termijn.events.envelope import Envelope
from termijn.kernel.ids import ProviderId
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.journaler import Journaler
from termijn.runtime.sql import load
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import OutRecord, RecordRefused, Transport

SQL = load("termijn.runtime.schema", "runtime.sql")
KEEPING = load("termijn.runtime.schema", "keeping.sql")

ops = log("relay")

PAGE_ROWS = 500
"""Messages per round: large enough to fill a batch, small enough that a crash repeats little."""


_NUMBERING_LOCK = 7_311_003


class Relay:
    """Moves one service's outbox to its topic."""

    def __init__(self, database: ServiceDatabase, transport: Transport, topic: str, journaler: Journaler | None = None) -> None:
        self._database = database
        self._transport = transport
        self._topic = topic
        self._journaler = journaler

    async def step(self) -> int:
        """Send one page; the number of messages that left the outbox."""
        async with self._database.locks.sole("relay") as ours:
            return await self._send() if ours else 0

    async def _send(self) -> int:
        async with self._database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
            # A session can be lost while its process goes on; numbers must be dense even then, so numbering has a lock of its own.
            await connection.execute(SQL["begin_numbering"], _NUMBERING_LOCK)
            await connection.execute(SQL["number_outbox"], PAGE_ROWS)
            rows = await connection.fetch(SQL["numbered_outbox"], PAGE_ROWS)
        fault("relay.after_number")
        # After the rows were read: whatever they tell was committed by then, and all that is committed by now is kept.
        units = await self._journaler.keep(rows) if self._journaler is not None else []
        sent = await self._publish(list(rows)) if rows else []
        fault("relay.after_publish")
        if sent or units:
            await self._delete([row["position"] for row in sent], units)
            fault("relay.after_delete")
        return len(sent) + len(units)

    async def _delete(self, sent: list[int], units: list[int]) -> None:
        async with self._database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
            if sent:
                await connection.execute(SQL["delete_outbox"], sent)
            if units:
                await connection.execute(KEEPING["delete_units"], units)

    async def _publish(self, rows: list[Any]) -> list[Any]:
        """Send what the broker takes; an account with a message that it refuses is parked, and only that one."""
        while rows:
            try:
                await self._transport.publish(self._topic, [_record_of(row) for row in rows])
                return rows
            except RecordRefused as refused:
                bad = rows[refused.index]
                provider, account = ProviderId(bad["provider"]), bad["account"]
                async with self._database.transaction(provider, isolation="read committed") as connection:
                    await connection.execute(SQL["refuse_outbox"], bad["position"])
                    await connection.execute(SQL["park_account"], provider, account, f"outbox: {refused.reason}")
                ops.error("account parked: the broker refused a message", provider=provider, account=account)
                rows = [row for row in rows if (row["provider"], row["account"]) != (provider, account)]
        return rows


def _record_of(row: Any) -> OutRecord:
    envelope = msgspec.structs.replace(msgspec.json.decode(row["envelope"], type=Envelope), number=row["number"])
    return record_of(envelope, bytes(row["data"]))


def record_of(envelope: Envelope, data: bytes) -> OutRecord:
    """A public event as it travels: CloudEvents attributes and the whole envelope as headers."""
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": str(envelope.id).encode(),
        "ce_type": f"termijn.{envelope.publisher}.{envelope.type}.v{envelope.schema_version}".encode(),
        "ce_source": f"/termijn/{envelope.publisher}/{envelope.provider}".encode(),
        "ce_subject": envelope.stream.encode(),
        "ce_time": envelope.occurred_at.isoformat().encode(),
        "envelope": msgspec.json.encode(envelope),
    }
    return OutRecord(key=f"{envelope.provider}/{envelope.account}", value=data, headers=headers)
