"""The transport of a deployment: Apache Kafka. Effectively once, as with the log: at least once here, and once by the inbox.

Kafka's own transactions add nothing to that and are not used. Where to go on is decided by the listener's database; what the
group has committed at the broker is for looking at, and for ``lag``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from termijn.runtime.faults import fault
from termijn.runtime.transport.base import InRecord, Offsets, OutRecord, Place, UnknownTopic
from termijn.runtime.transport.kafka_consumer import KafkaConsumer, in_record
from termijn.runtime.transport.kafka_failures import LOST, RETRY_DELAY_S, bridge_logging, patiently, transient
from termijn.runtime.transport.kafka_publisher import KafkaPublisher
from termijn.runtime.transport.kafka_settings import KafkaSettings

ResultT = TypeVar("ResultT")


class KafkaTransport:
    """Implements ``base.Transport``. Connects when it is first used, and again after a failure."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._publisher = KafkaPublisher(settings)
        self._admin: AIOKafkaAdminClient | None = None
        self._observer: AIOKafkaConsumer | None = None
        self._partitions: dict[str, int] = {}
        self._coordinators: dict[str, int] = {}
        self._ends_when_quiet: dict[tuple[str, ...], dict[Place, int]] = {}
        self._connecting = asyncio.Lock()

    @classmethod
    async def open(cls, settings: KafkaSettings) -> "KafkaTransport":
        """Make sure that the cluster answers. Raises ``Transient``."""
        bridge_logging()
        transport = cls(settings)
        await transport._asked(transport._look)
        return transport

    async def close(self) -> None:
        """Give connections back."""
        await self._publisher.close()
        await self._drop()

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what does not exist, and wait until every partition of it has a leader. What exists stays as it is."""
        wanted = sorted(set(topics))
        await self._asked(self._look)
        missing = [topic for topic in wanted if topic not in self._partitions]
        if missing:
            await self._asked(lambda: self._create(missing))
        while not all(topic in self._partitions for topic in wanted):
            await asyncio.sleep(RETRY_DELAY_S)
            await self._asked(self._look)

    async def topics(self) -> list[str]:
        """The topics of this namespace that exist."""
        await self._asked(self._look)
        return sorted(self._partitions)

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        """All of them are kept when this returns. Where one is refused by the broker itself, others of the call may be kept."""
        if not records:
            return
        if topic not in self._partitions:
            # Asking for the metadata of a topic that does not exist makes many a broker create it, with settings of its own.
            await self._asked(self._look)
            if topic not in self._partitions:
                raise UnknownTopic(topic)
        fault("log.before_append")
        await self._publisher.publish(self.settings.topic(topic), records)
        fault("log.after_append")

    def consumer(self, group: str, topics: Sequence[str], offsets: Offsets) -> KafkaConsumer:
        """A member of the group, which joins at its first poll."""
        return KafkaConsumer(self, group, topics, offsets)

    async def bounds(self, topics: Sequence[str]) -> dict[Place, tuple[int, int]]:
        """Per place the first offset that is there, and the one that the next record gets."""
        places = await self._places(topics)
        first, end = await self.beginnings(places), await self.ends(places)
        return {place: (first[place], end[place]) for place in places}

    async def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records behind the end. The group first, then the ends: so 0 means that at the end of this call nothing was left."""
        places = await self._places(topics)
        # A group that had everything, and nothing came since: one question instead of two. Who moves a clock asks this all the time.
        known = self._ends_when_quiet.get((group, *topics))
        if known is not None and await self.ends(places) == known:
            return 0
        committed = await self.committed(group, places)
        unnamed = [place for place in places if place not in committed]
        begun = await self.beginnings(unnamed)
        ends = await self.ends(places)
        behind = sum(max(0, end - committed.get(place, begun.get(place, 0))) for place, end in ends.items())
        if behind == 0:
            self._ends_when_quiet[group, *topics] = ends
        return behind

    def forget_quiet(self) -> None:
        """A listener begins where its database says, which may be further back than its group was."""
        self._ends_when_quiet = {}

    async def committed(self, group: str, places: Sequence[Place]) -> dict[Place, int]:
        """What the group has committed at the broker, for the places where it has."""
        if not places:
            return {}

        async def ask() -> Mapping[Any, Any]:
            admin = await self._admin_client()
            name = self.settings.group(group)
            if name not in self._coordinators:
                self._coordinators[name] = await admin.find_coordinator(name)
            found: Mapping[Any, Any] = await admin.list_consumer_group_offsets(name, self._coordinators[name], self.on_broker(places))
            return found

        found = await self._asked(ask)
        return {self.of_broker(tp): value.offset for tp, value in found.items() if value.offset >= 0}

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]:
        """The first offset that is there, per place."""

        async def ask() -> Mapping[Any, int]:
            found: Mapping[Any, int] = await (await self._observing()).beginning_offsets(self.on_broker(places))
            return found

        return {self.of_broker(tp): offset for tp, offset in (await self._asked(ask)).items()} if places else {}

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offset that the next record gets, per place."""

        async def ask() -> Mapping[Any, int]:
            found: Mapping[Any, int] = await (await self._observing()).end_offsets(self.on_broker(places))
            return found

        return {self.of_broker(tp): offset for tp, offset in (await self._asked(ask)).items()} if places else {}

    async def read_pages(self, topic: str) -> AsyncIterator[list[InRecord]]:
        """Everything that is in a topic at this moment, in order per partition: what recovery asks, to see what was told."""
        places = await self._places([topic])
        ends = {self.on_broker([place])[0]: end for place, end in (await self.ends(places)).items() if end}
        if not ends:
            return
        reader = AIOKafkaConsumer(**self.settings.connection(), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await self._asked(reader.start)
            reader.assign(list(ends))
            while [at for at, end in ends.items() if await self._asked(lambda at=at: reader.position(at)) < end]:  # type: ignore[misc]
                found = await self._asked(lambda: reader.getmany(timeout_ms=int(self.settings.answer_s * 500)))
                if page := [in_record(record, self.of_broker(at)) for at, records in found.items() for record in records]:
                    yield page
        finally:
            with suppress(*LOST):
                await reader.stop()

    def on_broker(self, places: Sequence[Place]) -> list[TopicPartition]:
        """Places as the client names them."""
        return [TopicPartition(self.settings.topic(topic), partition) for topic, partition in places]

    def of_broker(self, at: TopicPartition) -> Place:
        """A place as the client names it, in our words."""
        return (at.topic.removeprefix(self.settings.namespace), at.partition)

    async def _places(self, topics: Sequence[str]) -> list[Place]:
        if any(topic not in self._partitions for topic in topics):
            await self._asked(self._look)
        return [(topic, partition) for topic in sorted(set(topics)) for partition in range(self._partitions.get(topic, 0))]

    async def _look(self) -> None:
        """Which topics there are. All are asked for, because asking for one by its name may create it."""
        found: dict[str, int] = {}
        for topic in await (await self._admin_client()).describe_topics():
            name, partitions = topic["topic"], topic["partitions"]
            has_leaders = bool(partitions) and all(each["leader"] >= 0 for each in partitions)
            if name.startswith(self.settings.namespace) and not topic["error_code"] and has_leaders:
                found[name.removeprefix(self.settings.namespace)] = len(partitions)
        self._partitions = found

    async def _create(self, topics: Sequence[str]) -> None:
        s = self.settings
        new = [NewTopic(s.topic(topic), s.partitions, s.replication, topic_configs=s.topic_settings) for topic in topics]
        answer = await (await self._admin_client()).create_topics(new)
        for _, code, *message in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(*message)

    async def _asked(self, ask: Callable[[], Awaitable[ResultT]]) -> ResultT:
        async with transient():
            try:
                return await patiently(ask, seconds=self.settings.answer_s)
            except LOST:
                await self._drop()
                raise
            except AttributeError:
                await self._drop()
                raise KafkaError("no controller") from None  # the client trips over itself where there is none yet

    async def _admin_client(self) -> AIOKafkaAdminClient:
        async with self._connecting:
            if self._admin is None:
                admin = AIOKafkaAdminClient(**self.settings.connection())
                try:
                    await admin.start()
                except BaseException:
                    await admin.close()
                    raise
                self._admin = admin
        return self._admin

    async def _observing(self) -> AIOKafkaConsumer:
        """A consumer without a group, to ask for offsets."""
        async with self._connecting:
            if self._observer is None:
                observer = AIOKafkaConsumer(**self.settings.connection(), group_id=None, enable_auto_commit=False)
                try:
                    await observer.start()
                except BaseException:
                    await observer.stop()
                    raise
                self._observer = observer
        return self._observer

    async def _drop(self) -> None:
        """Forget the connections and what they told."""
        self._coordinators = {}
        self._partitions = {}
        self.forget_quiet()
        admin, self._admin = self._admin, None
        observer, self._observer = self._observer, None
        with suppress(*LOST):
            if admin is not None:
                await admin.close()
            if observer is not None:
                async with asyncio.timeout(self.settings.answer_s):
                    await observer.stop()
