"""Records that are no message of ours: kept with the reason, so that nothing is dropped and nobody behind them waits."""

import base64
from collections.abc import Sequence

import msgspec

from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.inbox import Incoming
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import InRecord

ops = log("unreadable")

_KEEP = """
insert into unreadable_record (topic, partition, record_offset, reason, headers, value) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""


async def readable(database: ServiceDatabase, records: Sequence[InRecord]) -> list[Incoming]:
    """The messages among the records; the others are kept before anything that came after them has an effect."""
    messages = []
    for record in records:
        try:
            messages.append(Incoming.of(record))
        except (KeyError, msgspec.MsgspecError) as error:
            ops.error("a record is no message of ours", error, topic=record.topic, partition=record.partition, offset=record.offset)
            await _keep(database, record, f"{type(error).__name__}: {error}")
    return messages


async def _keep(database: ServiceDatabase, record: InRecord, reason: str) -> None:
    headers = msgspec.json.encode({name: base64.b64encode(value).decode() for name, value in record.headers.items()}).decode()
    place = (record.topic, record.partition, record.offset)
    await database.short(EVERY_PROVIDER, _KEEP, *place, reason.replace("\x00", "")[:500], headers, record.value)
