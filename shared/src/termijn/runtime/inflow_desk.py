"""Taking in the records of an inflow: topics of new providers are found, pages are taken, what was taken is acknowledged."""

import time

from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import Blobs
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.inbox import write_offsets
from termijn.runtime.inflow import Inflow
from termijn.runtime.transport.base import Consumer, InRecord, Place, Transport

POLL_RECORDS_MAX = 5_000
"""Records taken from the transport at once; each provider's are a transaction."""
LOOK_EVERY_S = 5.0
"""Machine time between looks whether there is a new provider, whose topic then is made."""

keep_offsets = write_offsets
"""Where to go on, on the connection that has the transaction of what was read."""


class InflowDesk:
    """Takes in the records of one inflow of one service."""

    def __init__(self, inflow: Inflow, service: str, database: ServiceDatabase, blobs: Blobs, transport: Transport) -> None:
        self._inflow = inflow
        self._database = database
        self._take = inflow.begin(database, blobs)
        self._transport = transport
        self._group = f"{service}-{inflow.name}"
        self._topics: list[str] = []
        self._consumer: Consumer | None = None
        self._looked_at = float("-inf")

    async def step(self, timeout_s: float = 0.0) -> int:
        """Take in one page; the number of records."""
        if time.monotonic() - self._looked_at > LOOK_EVERY_S:
            await self.look()
        if self._consumer is None:
            return 0
        records = await self._consumer.poll(POLL_RECORDS_MAX, timeout_s)
        by_provider: dict[ProviderId, list[InRecord]] = {}
        for record in records:
            by_provider.setdefault(self._inflow.provider(record.topic), []).append(record)
        for provider, own in by_provider.items():
            offsets = {(record.topic, record.partition): record.offset + 1 for record in own}
            await self._take(provider, own, offsets)
            fault("consume.before_acknowledge")
            await self._consumer.commit(offsets)
        return len(records)

    async def look(self) -> None:
        """Make the topics of new providers, and listen to them too."""
        topics = await self.topics()
        if topics != self._topics:
            await self._transport.ensure_topics(topics)
            await self.close()
            self._consumer = self._transport.consumer(self._group, topics, self._offsets)
            self._topics = topics
        self._looked_at = time.monotonic()

    async def topics(self) -> list[str]:
        """Of all providers that there are."""
        rows = await self._database.short(EVERY_PROVIDER, self._inflow.providers)
        return sorted(self._inflow.topic(ProviderId(row["provider"])) for row in rows)

    async def is_quiet(self) -> bool:
        """Whether everything that was sent is taken in."""
        return not self._topics or await self._transport.lag(self._group, self._topics) == 0

    async def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        self._topics = []
        if consumer is not None:
            await consumer.close()

    async def _offsets(self) -> dict[Place, int]:
        rows = await self._database.short(
            EVERY_PROVIDER, "select topic, partition, next_offset from consumer_offset where topic = any($1)", self._topics
        )
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
