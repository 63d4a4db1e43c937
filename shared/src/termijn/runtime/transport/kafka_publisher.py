"""The publishing half of the Kafka transport: batches per partition, idempotent, acknowledged by all replicas in sync.

The client sends a batch again until it is acknowledged. A batch whose answer did not come in time stays *in doubt*; nothing
else is sent before its fate is known, so that an outage repeats one page at most and never swaps records.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordTooLargeError
from aiokafka.partitioner import DefaultPartitioner

from termijn.runtime.handling import Transient
from termijn.runtime.transport.base import OutRecord, RecordRefused, check_sizes
from termijn.runtime.transport.kafka_failures import LOST, away
from termijn.runtime.transport.kafka_settings import TOPIC_BYTES_MAX, KafkaSettings

BATCH_BYTES_MAX = 256 * 1024
"""Small enough that a batch is too large for a topic only where a single record of it is."""

_partition_of = DefaultPartitioner()


@dataclass(slots=True)
class _Batch:
    """Records of one partition that go together; ``indexes`` are theirs in the call."""

    partition: int
    builder: Any
    indexes: list[int] = field(default_factory=list)


class KafkaPublisher:
    """One per transport. Calls take turns: what was asked first is sent first."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._in_doubt: set[asyncio.Future[Any]] = set()
        self._turn = asyncio.Lock()

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        """All of them are kept when this returns. ``topic`` is the broker's name of it. Raises ``RecordRefused`` or ``Transient``."""
        check_sizes(records)
        async with self._turn:
            try:
                await self._resolve_doubts()
                producer = await self._started()
                sent = await self._send(producer, topic, records)
                await self._await_all(sent, records)
            except LOST as error:
                raise away(error) from error

    async def close(self) -> None:
        """Give the connections back."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(*LOST):
                async with asyncio.timeout(self._settings.answer_s):
                    await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._settings.connection(),
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES_MAX,
                max_request_size=TOPIC_BYTES_MAX,
            )
            try:
                async with asyncio.timeout(self._settings.answer_s):
                    await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _resolve_doubts(self) -> None:
        if not self._in_doubt:
            return
        settled, self._in_doubt = await asyncio.wait(self._in_doubt, timeout=self._settings.answer_s)
        if self._in_doubt:
            raise Transient("kafka: an earlier page is not acknowledged yet")
        if any(one.exception() is not None for one in settled):
            await self.close()

    async def _send(self, producer: AIOKafkaProducer, topic: str, records: Sequence[OutRecord]) -> dict[asyncio.Future[Any], _Batch]:
        async with asyncio.timeout(self._settings.answer_s):
            partitions = sorted(await producer.partitions_for(topic))
        sent: dict[asyncio.Future[Any], _Batch] = {}
        for batch in _batches(producer, partitions, records):
            try:
                sent[await producer.send_batch(batch.builder, topic, partition=batch.partition)] = batch
            except BaseException:
                # What was handed over before may still arrive.
                self._in_doubt.update(sent)
                raise
        return sent

    async def _await_all(self, sent: dict[asyncio.Future[Any], _Batch], records: Sequence[OutRecord]) -> None:
        self._in_doubt.update(sent)  # also when this is cancelled while it waits
        settled, self._in_doubt = await asyncio.wait(sent, timeout=self._settings.answer_s)
        if self._in_doubt:
            raise Transient("kafka: no acknowledgement in time")
        failed = {future: error for future in settled if (error := future.exception()) is not None}
        if not failed:
            return
        # The numbers of an idempotent producer have a hole now: its next batch would be refused. A new one begins anew.
        await self.close()
        for future, error in failed.items():
            if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError):
                raise RecordRefused(max(sent[future].indexes, key=lambda index: records[index].size_bytes), "too large for the broker")
        first = next(iter(failed.values()))
        raise first if isinstance(first, LOST) else KafkaError(str(type(first).__name__))


def _batches(producer: AIOKafkaProducer, partitions: list[int], records: Sequence[OutRecord]) -> list[_Batch]:
    """In rounds over the partitions, so that one with much does not keep the others waiting; in order within each."""
    by_partition: dict[int, list[_Batch]] = {}
    for index, record in enumerate(records):
        key = record.key.encode()
        partition = _partition_of(key, partitions, partitions)
        batches = by_partition.setdefault(partition, [])
        if not batches or not _added(batches[-1], index, key, record):
            batches.append(_Batch(partition, producer.create_batch()))
            assert _added(batches[-1], index, key, record), "the first record of a batch always fits"
    rounds = [(number, batch) for batches in by_partition.values() for number, batch in enumerate(batches)]
    return [batch for _, batch in sorted(rounds, key=lambda pair: pair[0])]


def _added(batch: _Batch, index: int, key: bytes, record: OutRecord) -> bool:
    headers = list(record.headers.items())
    if batch.builder.append(key=key, value=record.value, timestamp=None, headers=headers) is None:
        return False
    batch.indexes.append(index)
    return True
