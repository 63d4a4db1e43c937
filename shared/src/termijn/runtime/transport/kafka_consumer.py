"""A member of a consumer group on Kafka, on the rules of the transport.

The client joins and leaves partitions in the background. Two doors keep that apart from the work: while a page is in hand (or
places are being taken) the group waits, so that partitions stay between a poll and its commit; and nothing is read before
the listener's own database has said where to go on.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from termijn.runtime.handling import Transient
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import InRecord, Offsets, OffsetsLost, Place
from termijn.runtime.transport.kafka_failures import LOST, away, transient
from termijn.runtime.transport.kafka_settings import TOPIC_BYTES_MAX, KafkaSettings

ops = log("kafka_consumer")

LOOK_S = 0.01
"""How often a waiting poll looks whether records have come."""
FETCH_BYTES_MAX = 16 * 1024 * 1024
"""Of one answer of a broker: bounds what a member keeps in memory."""
NEVER_MS = 2**31 - 1
"""24 days. A member that does not poll for long must not leave the group by itself: with a sandbox clock that stands still nobody
polls, and the client joins again only after a poll that it would then refuse."""


_LEAVING: set["asyncio.Task[None]"] = set()
"""Members on their way out: a task that nobody holds may be collected before it ends."""


def _left(task: "asyncio.Task[None]") -> None:
    _LEAVING.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        ops.warning("a member left with an error", error)


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """What the group does in the background. ``is_idle``: no page is in hand. ``is_new``: places were given and not yet taken up."""

    def __init__(self) -> None:
        self.has_places = asyncio.Event()
        self.is_idle = asyncio.Event()
        self.is_idle.set()
        self.is_new = False

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Wait for the page in hand; where that takes longer than the group waits, the group goes on without this member."""
        self.has_places.clear()
        await self.is_idle.wait()

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Nothing is read before a poll has asked where to go on."""
        self.is_new = True
        self.has_places.set()


class Cluster(Protocol):
    """What a member asks of the brokers besides its own connection to them."""

    settings: KafkaSettings

    def on_broker(self, places: Sequence[Place]) -> list[TopicPartition]:
        """Places as the client names them."""
        ...

    def of_broker(self, at: TopicPartition) -> Place:
        """A place as the client names it, in our words."""
        ...

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]:
        """The first offset that is there, per place."""
        ...

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset that the next record gets, per place."""
        ...

    def forget_quiet(self) -> None:
        """This member begins where its database says, which may be further back than its group was."""
        ...


class KafkaConsumer:
    """Implements ``base.Consumer``."""

    def __init__(self, cluster: Cluster, group: str, topics: Sequence[str], offsets: Offsets) -> None:
        self._cluster = cluster
        self._settings = cluster.settings
        self._group = group
        self._topics = sorted(set(topics))
        self._offsets = offsets
        self._consumer: AIOKafkaConsumer | None = None
        self._membership = _Membership()
        self._positions: dict[Place, int] = {}
        self._in_hand: dict[Place, int] = {}
        self._lost: Place | None = None
        self._heard_at = time.monotonic()
        self._turn = 0

    @property
    def places(self) -> frozenset[Place]:
        """The partitions that are this member's at the moment."""
        return frozenset(self._positions)

    async def poll(self, max_records: int, timeout_s: float) -> Sequence[InRecord]:
        """Records from where the group is; see ``base.Consumer``. The first one also waits for the group to form."""
        self._put_back()
        try:
            consumer = await self._joined()
            deadline = time.monotonic() + timeout_s
            while True:
                if self._membership.has_places.is_set():
                    if records := await self._take(consumer, max_records):
                        return records
                    await self._check_silence()
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                await asyncio.sleep(min(left, LOOK_S))
        except OffsetOutOfRangeError as error:
            ((at, wanted),) = error.args[0].items()
            self._lost = self._cluster.of_broker(at)
            self._positions[self._lost] = wanted
            raise await self._loss(self._lost) or Transient("kafka: the offset is there again") from None
        except OffsetsLost:
            self._membership.is_new = True  # the next poll asks the database again, which a person may have told to go on elsewhere
            raise
        except LOST as error:
            await self._drop()
            raise away(error) from error
        except Transient:
            await self._drop()
            raise

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Say where to go on; see ``base.Consumer``."""
        for place, offset in offsets.items():
            if place in self._positions:
                self._positions[place] = max(offset, self._positions[place])
            if offset >= self._in_hand.get(place, offset + 1):
                del self._in_hand[place]
        try:
            await self._commit(offsets)
        except Transient:
            # The database is further than the group now. Nothing may come any more that would be acknowledged with it, and until
            # then the group seems to lag: whoever waits for quiet waited for ever. So the next poll acknowledges anew.
            self._membership.is_new = True
            raise
        finally:
            if not self._in_hand:
                self._membership.is_idle.set()

    async def close(self) -> None:
        """Leave the group; the others take over at once."""
        await self._drop()

    async def _joined(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._membership = _Membership()
            consumer = AIOKafkaConsumer(
                **self._settings.connection() | {"request_timeout_ms": int((self._settings.page_s + self._settings.answer_s) * 1000)},
                group_id=self._settings.group(self._group),
                enable_auto_commit=False,
                auto_offset_reset="none",
                # A key lies in the same partition of every topic: so one member has all topics of an account.
                partition_assignment_strategy=(RangePartitionAssignor,),
                session_timeout_ms=int(self._settings.session_s * 1000),
                heartbeat_interval_ms=int(self._settings.heartbeat_s * 1000),
                rebalance_timeout_ms=int(self._settings.page_s * 1000),
                max_poll_interval_ms=NEVER_MS,
                fetch_max_wait_ms=int(self._settings.fetch_wait_s * 1000),
                fetch_max_bytes=FETCH_BYTES_MAX,
                max_partition_fetch_bytes=TOPIC_BYTES_MAX,
            )
            self._consumer = consumer
            async with asyncio.timeout(self._settings.answer_s):
                await consumer.start()
            # After the start, which would wait for the whole group to form.
            consumer.subscribe([self._settings.topic(topic) for topic in self._topics], listener=self._membership)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.join_s):
                    await self._membership.has_places.wait()
            self._heard_at = time.monotonic()
        return self._consumer

    async def _drop(self) -> None:
        """Forget the membership and all that came with it."""
        self._positions, self._in_hand, self._lost = {}, {}, None
        self._membership.is_idle.set()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            # It may be in the middle of joining; a member that is cut off there would keep its partitions and read nothing.
            leaving = asyncio.create_task(consumer.stop(), name=f"kafka-leave-{self._group}")
            _LEAVING.add(leaving)
            leaving.add_done_callback(_left)
            await asyncio.wait([leaving], timeout=self._settings.answer_s)

    def _put_back(self) -> None:
        """What was polled and not committed comes again."""
        if self._consumer is not None and self._membership.has_places.is_set() and not self._membership.is_new:
            for place in self._in_hand:
                self._seek(self._consumer, place)
        self._in_hand = {}
        self._membership.is_idle.set()

    def _seek(self, consumer: AIOKafkaConsumer, place: Place) -> None:
        (at,) = self._cluster.on_broker([place])
        consumer.seek(at, self._positions[place])

    async def _take(self, consumer: AIOKafkaConsumer, max_records: int) -> list[InRecord]:
        """What has come; from here to the commit the group waits."""
        self._membership.is_idle.clear()
        try:
            if self._membership.is_new:
                await self._take_up(consumer)
            if self._lost is not None:
                if loss := await self._loss(self._lost):
                    raise loss
                self._lost = None
            return await self._fetched(consumer, max_records)
        finally:
            if not self._in_hand:
                self._membership.is_idle.set()

    async def _take_up(self, consumer: AIOKafkaConsumer) -> None:
        """Go on where the listener's database is. Whoever had the places before has finished its page: the group waited for it."""
        mine = sorted(self._cluster.of_broker(at) for at in consumer.assignment())
        stored = await self._offsets()
        first, end = await self._cluster.beginnings(mine), await self._cluster.ends(mine)
        # Of a place that the database does not name nothing was ever handled, so its very first record is wanted. Where that is gone,
        # somebody has to say that reading begins later; what the group once committed may have expired, and says nothing.
        wanted = {place: stored.get(place, 0) for place in mine}
        for place, offset in wanted.items():
            if not first[place] <= offset <= end[place]:
                raise OffsetsLost(place, wanted=offset, first=first[place], end=end[place])
        self._positions, self._lost = wanted, None
        for place in mine:
            self._seek(consumer, place)
        # The acknowledgement of the last page may have been lost with the process that owed it.
        await self._commit(wanted)
        self._cluster.forget_quiet()
        self._membership.is_new = False

    async def _loss(self, place: Place) -> OffsetsLost | None:
        wanted = self._positions[place]
        first, end = (await self._cluster.beginnings([place]))[place], (await self._cluster.ends([place]))[place]
        return None if first <= wanted <= end else OffsetsLost(place, wanted=wanted, first=first, end=end)

    async def _fetched(self, consumer: AIOKafkaConsumer, max_records: int) -> list[InRecord]:
        """A share for each topic, another one first each time, so that a busy one does not keep the others waiting."""
        by_topic: dict[str, list[Any]] = {}
        for at in self._cluster.on_broker(sorted(self._positions)):
            by_topic.setdefault(at.topic, []).append(at)
        records: list[InRecord] = []
        if by_topic:
            self._turn += 1
            topics = sorted(by_topic)
            topics = topics[self._turn % len(topics) :] + topics[: self._turn % len(topics)]
            for share in (max(1, max_records // len(topics)), max_records):
                for topic in topics:
                    # Once the group has begun to share anew, the client would wait here until it has, and the group for this page to
                    # end. What was asked before (where to go on) takes long enough for that to happen.
                    if not self._membership.has_places.is_set():
                        return records
                    if room := min(share, max_records - len(records)):
                        pages = await consumer.getmany(*by_topic[topic], timeout_ms=0, max_records=room)
                        records += [self._note(one) for page in pages.values() for one in page]
        return records

    def _note(self, record: Any) -> InRecord:
        place = self._cluster.of_broker(record)
        self._in_hand[place] = record.offset + 1
        self._heard_at = time.monotonic()
        return in_record(record, place)

    async def _commit(self, offsets: Mapping[Place, int]) -> None:
        consumer = self._consumer
        if consumer is None:
            return
        mine = dict(zip(self._cluster.on_broker(list(offsets)), offsets.values(), strict=True))
        mine = {at: offset for at, offset in mine.items() if at in consumer.assignment()}
        async with transient():
            try:
                async with asyncio.timeout(self._settings.answer_s):
                    await consumer.commit(mine)
            except (CommitFailedError, IllegalStateError):
                # The group went on without us. Whoever has the places now goes by the database, which knows.
                ops.warning("the group went on before a page was acknowledged", name=self._group)

    async def _check_silence(self) -> None:
        """The client waits for a broker that is away without a word; ask now and then, so that somebody hears of it."""
        if time.monotonic() - self._heard_at > self._settings.silence_s and self._positions:
            await self._cluster.ends([min(self._positions)])
            self._heard_at = time.monotonic()


def in_record(record: Any, place: Place) -> InRecord:
    """A record as the client gives it, in our words."""
    return InRecord(
        topic=place[0],
        partition=place[1],
        offset=record.offset,
        key=(record.key or b"").decode("utf-8", "replace"),
        value=record.value or b"",
        headers=dict(record.headers),
    )
