"""What the world has heard of a service: by its topic as far as that is kept, and by how far its listeners have followed it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from termijn.events.envelope import Envelope
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.service import Service
from termijn.runtime.sql import load
from termijn.runtime.transport.base import InRecord

SQL = load("termijn.runtime.schema", "keeping.sql")

PAGE_NUMBERS = 2_000
Key = tuple[str, str]
"""Provider and account."""


@runtime_checkable
class Readable(Protocol):
    """A transport that can show a whole topic."""

    def read_pages(self, topic: str) -> AsyncIterator[Sequence[InRecord]]:
        """Everything that is still in it, in pages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A number of an account that was told, and that the service does not know. Without content where the topic lost it."""

    provider: str
    account: str
    number: int
    message_id: UUID | None = None
    type: str | None = None
    envelope: bytes | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The highest number per account that anybody has heard, and what the service has forgotten of it."""

    highest: dict[Key, int]
    forgotten: tuple[Forgotten, ...]


async def told(service: Service, listeners: Iterable[Service]) -> Told:
    """Compare what was heard of the service with what it knows that it told."""
    rows = await service.database.short(EVERY_PROVIDER, SQL["given_numbers"])
    given = {(row["provider"], row["account"]): row["last_number"] for row in rows}
    highest: dict[Key, int] = {}
    for listener in listeners:
        for row in await listener.database.short(EVERY_PROVIDER, SQL["progress_with"], service.name):
            key = (row["provider"], row["account"])
            highest[key] = max(highest.get(key, 0), row["last_number"])
    forgotten: dict[tuple[Key, int], Forgotten] = {
        (key, number): Forgotten(provider=key[0], account=key[1], number=number)
        for key, last in highest.items()
        for number in range(given.get(key, 0) + 1, last + 1)
    }
    async for one in _unknown_of_topic(service):
        key = (one.provider, one.account)
        highest[key] = max(highest.get(key, 0), one.number)
        forgotten[key, one.number] = one
    return Told(highest=highest, forgotten=tuple(forgotten[each] for each in sorted(forgotten)))


async def _unknown_of_topic(service: Service) -> AsyncIterator[Forgotten]:
    if isinstance(service.transport, Readable):
        async for records in service.transport.read_pages(service.definition.topic):
            for start in range(0, len(records), PAGE_NUMBERS):
                for one in await _unknown(service, records[start : start + PAGE_NUMBERS]):
                    yield one


async def _unknown(service: Service, records: Sequence[InRecord]) -> list[Forgotten]:
    """Of these messages, those whose number the service never gave, or gave to something else."""
    heard = [(record, msgspec.json.decode(record.headers["envelope"], type=Envelope)) for record in records]
    columns = [[e.provider for _, e in heard], [e.account for _, e in heard], [e.number for _, e in heard]]
    rows = await service.database.short(EVERY_PROVIDER, SQL["told_as"], *columns)
    known = {(row["provider"], row["account"], row["number"]): row["event_id"] for row in rows}
    return [
        Forgotten(
            provider=e.provider,
            account=e.account,
            number=e.number,
            message_id=e.id,
            type=e.type,
            envelope=record.headers["envelope"],
            data=record.value,
        )
        for record, e in heard
        if known[e.provider, e.account, e.number] != e.id
    ]
