"""What only Kafka can do to us: a broker that goes and comes back, deleted records, members that are killed or stand still."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError

from termijn.runtime.handling import Transient
from termijn.runtime.transport.base import InRecord, OffsetsLost, OutRecord, Place, RecordRefused, UnknownTopic
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_consumer import KafkaConsumer
from termijn.runtime.transport.kafka_settings import KafkaSecurity, KafkaSettings
from termijn.testing.kafka import Broker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TOPIC = "termijn.test.v1"


class Database:
    """What the listener keeps: what it did and where it was, and how often it saw what it had done already."""

    def __init__(self) -> None:
        self.offsets: dict[Place, int] = {}
        self.values: list[bytes] = []
        self.repeats = 0

    async def where(self) -> Mapping[Place, int]:
        return dict(self.offsets)

    def handle(self, page: list[InRecord]) -> dict[Place, int]:
        after: dict[Place, int] = {}
        for record in page:
            place = (record.topic, record.partition)
            if record.offset >= self.offsets.get(place, 0) and record.value not in self.values:
                self.values.append(record.value)
            else:
                self.repeats += 1
            after[place] = record.offset + 1
        self.offsets |= {place: max(offset, self.offsets.get(place, 0)) for place, offset in after.items()}
        return after


async def take(consumer: KafkaConsumer, database: Database, count: int, *, seconds_max: float = 30) -> None:
    """Handle records until so many were handled in all. Failures that pass are what the loops try again."""
    deadline = time.monotonic() + seconds_max
    while len(database.values) < count:
        assert time.monotonic() < deadline, f"{len(database.values)} of {count} came"
        try:
            page = list(await consumer.poll(100, 0.2))
            if page:
                await consumer.commit(database.handle(page))
        except Transient:
            await asyncio.sleep(0.2)


async def publish(transport: KafkaTransport, records: list[OutRecord]) -> int:
    """As the relay does: the same page again until it is acknowledged. Returns how often it was sent."""
    for attempt in range(1, 30):
        try:
            await transport.publish(TOPIC, records)
            return attempt
        except Transient:
            await asyncio.sleep(0.2)
    raise AssertionError("the broker did not come back")


def records(values: range, keys: int = 10) -> list[OutRecord]:
    return [OutRecord(key=f"k{n % keys}", value=str(n).encode()) for n in values]


def in_order(database: Database, keys: int = 10) -> bool:
    numbers = [int(value) for value in database.values]
    return all([n for n in numbers if n % keys == key] == sorted(n for n in numbers if n % keys == key) for key in range(keys))


@pytest.fixture
async def transport(kafka_settings: KafkaSettings) -> AsyncIterator[KafkaTransport]:
    transport = await KafkaTransport.open(kafka_settings)
    await transport.ensure_topics([TOPIC])
    yield transport
    await transport.close()


async def test_a_broker_that_restarts_loses_nothing_and_everybody_comes_back_by_himself(
    transport: KafkaTransport, kafka_broker: Broker
) -> None:
    database = Database()
    consumer = transport.consumer("rating", [TOPIC], database.where)
    await transport.publish(TOPIC, records(range(100)))
    await take(consumer, database, 100)
    await asyncio.to_thread(kafka_broker.kill)
    restarting = asyncio.create_task(asyncio.to_thread(kafka_broker.start))
    await publish(transport, records(range(100, 200)))
    await restarting
    await take(consumer, database, 200)
    assert in_order(database)
    assert sorted(int(value) for value in database.values) == list(range(200))
    await consumer.close()


async def test_while_the_broker_is_away_everything_is_transient_and_an_outage_repeats_one_page_at_most(
    transport: KafkaTransport, kafka_broker: Broker, kafka_settings: KafkaSettings
) -> None:
    impatient = await KafkaTransport.open(replace(kafka_settings, answer_s=0.7, silence_s=0.3))
    database = Database()
    consumer = impatient.consumer("rating", [TOPIC], database.where)
    await impatient.publish(TOPIC, records(range(20)))
    await take(consumer, database, 20)
    await asyncio.to_thread(kafka_broker.stop)
    try:
        for _ in range(3):
            with pytest.raises(Transient):
                await impatient.publish(TOPIC, records(range(20, 40)))
        with pytest.raises(Transient):
            await impatient.lag("rating", [TOPIC])
        with pytest.raises(Transient):
            for _ in range(10):
                await consumer.poll(10, 0.2)
        with pytest.raises(Transient):
            await KafkaTransport.open(replace(kafka_settings, answer_s=0.7))
    finally:
        await asyncio.to_thread(kafka_broker.start)
    await publish(impatient, records(range(20, 40)))
    await publish(impatient, records(range(40, 60)))
    await take(consumer, database, 60)
    assert in_order(database)
    assert database.repeats <= 20
    await consumer.close()
    await impatient.close()


async def test_a_place_that_was_deleted_is_an_error_until_the_database_names_another_also_for_a_listener_without_any(
    transport: KafkaTransport, delete_all: Callable[[str], Awaitable[None]]
) -> None:
    """The group's own offsets say nothing: the broker forgets them, as it has here for the new listener."""
    await transport.publish(TOPIC, records(range(8), keys=1))
    await delete_all(TOPIC)
    await transport.publish(TOPIC, records(range(8, 10), keys=1))
    (place,) = [place for place, end in (await transport.ends(await all_places(transport))).items() if end]
    behind = Database()
    behind.offsets = {place: 3}
    consumer = transport.consumer("rating", [TOPIC], behind.where)
    with pytest.raises(OffsetsLost) as lost:
        await consumer.poll(10, 0)  # before anything else is read
    assert (lost.value.place, lost.value.wanted, lost.value.first, lost.value.end) == (place, 3, 8, 10)
    await consumer.close()
    assert (await transport.bounds([TOPIC]))[place] == (8, 10)
    new = Database()
    consumer = transport.consumer("invoice", [TOPIC], new.where)
    for _ in range(2):
        with pytest.raises(OffsetsLost) as lost:
            await consumer.poll(10, 1)
        assert (lost.value.place, lost.value.wanted, lost.value.first) == (place, 0, 8)
    new.offsets = {place: 8}  # somebody has decided
    await take(consumer, new, 2)
    assert new.values == [b"8", b"9"]
    await consumer.close()


async def test_what_was_deleted_before_a_listener_read_its_first_record_of_a_place_is_missed_too(
    transport: KafkaTransport, delete_all: Callable[[str], Awaitable[None]]
) -> None:
    database = Database()
    consumer = transport.consumer("rating", [TOPIC], database.where)
    assert list(await consumer.poll(10, 0.1)) == []
    await consumer.close()
    await transport.publish(TOPIC, records(range(5), keys=1))
    await delete_all(TOPIC)
    consumer = transport.consumer("rating", [TOPIC], database.where)
    with pytest.raises(OffsetsLost) as lost:
        await consumer.poll(10, 0.1)
    assert (lost.value.wanted, lost.value.first) == (0, 5)
    await consumer.close()


async def test_a_database_that_was_restored_is_believed_over_what_the_group_committed(transport: KafkaTransport) -> None:
    database = Database()
    consumer = transport.consumer("rating", [TOPIC], database.where)
    await transport.publish(TOPIC, records(range(30)))
    await take(consumer, database, 30)
    await consumer.close()
    assert await transport.lag("rating", [TOPIC]) == 0
    restored = Database()  # from before anything was read
    consumer = transport.consumer("rating", [TOPIC], restored.where)
    await consumer.poll(1, 1)
    assert await transport.lag("rating", [TOPIC]) == 30, "what it has to do again counts"
    await take(consumer, restored, 30)
    assert in_order(restored)
    assert restored.repeats == 0
    await consumer.close()


async def test_a_whole_topic_is_read_without_a_group(transport: KafkaTransport, delete_all: Callable[[str], Awaitable[None]]) -> None:
    """As recovery asks it: what was deleted is not there, what comes meanwhile need not be, and no group is moved by it."""
    assert [page async for page in transport.read_pages(TOPIC)] == []
    await transport.publish(TOPIC, records(range(30)))
    await delete_all(TOPIC)
    assert [page async for page in transport.read_pages(TOPIC)] == []
    await transport.publish(TOPIC, records(range(30, 90)))
    read = [record async for page in transport.read_pages(TOPIC) for record in page]
    assert sorted(int(record.value) for record in read) == list(range(30, 90))
    assert {record.topic for record in read} == {TOPIC}
    assert await transport.committed("rating", await all_places(transport)) == {}


async def test_an_acknowledgement_that_failed_is_made_up_for_although_nothing_comes_any_more(
    transport: KafkaTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the group would seem to lag behind a database that has everything, and a clock would wait for it for ever."""
    database = Database()
    await publish(transport, records(range(20)))
    consumer = transport.consumer("listener", [TOPIC], database.where)
    page: list[InRecord] = []
    while not page:
        page = list(await consumer.poll(100, 0.2))
    assert consumer._consumer is not None

    async def unheard(offsets: object) -> None:
        raise KafkaConnectionError("away")

    with monkeypatch.context() as broken:
        broken.setattr(consumer._consumer, "commit", unheard)
        with pytest.raises(Transient):
            await consumer.commit(database.handle(page))
    await take(consumer, database, 20)
    await consumer.poll(100, 0.2)
    assert await transport.lag("listener", [TOPIC]) == 0
    await consumer.close()


async def all_places(transport: KafkaTransport) -> list[Place]:
    return [(TOPIC, partition) for partition in range(transport.settings.partitions)]


async def test_who_holds_a_page_for_too_long_loses_its_partitions_and_its_late_word_does_no_harm(
    transport: KafkaTransport, kafka_settings: KafkaSettings
) -> None:
    database = Database()
    slow = await KafkaTransport.open(replace(kafka_settings, page_s=1.0))
    one = slow.consumer("rating", [TOPIC], database.where)
    await transport.publish(TOPIC, records(range(50)))
    held = list(await one.poll(100, 1))
    while len(held) < 50:
        await one.commit(database.handle(held))
        held = list(await one.poll(100, 1))
    two = slow.consumer("rating", [TOPIC], database.where)
    await take(two, database, 50)
    before = await transport.lag("rating", [TOPIC])
    await one.commit(database.handle(held))
    assert before == await transport.lag("rating", [TOPIC]) == 0
    assert database.repeats == len(held)
    await one.close()
    await two.close()
    await slow.close()


MEMBER = """
import asyncio, sys, msgspec
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_settings import KafkaSettings
async def main():
    transport = await KafkaTransport.open(msgspec.json.decode(sys.argv[1], type=KafkaSettings))
    async def offsets(): return {}
    consumer = transport.consumer("rating", ["termijn.test.v1"], offsets)
    while not consumer.places: await consumer.poll(100, 0.1)
    print(len(consumer.places), flush=True)
    while True: await consumer.poll(100, 0.1)
asyncio.run(main())
"""


@contextmanager
def member_in_another_process(settings: KafkaSettings) -> Iterator["subprocess.Popen[bytes]"]:
    given = msgspec.json.encode(settings).decode()
    process = subprocess.Popen([sys.executable, "-c", MEMBER, given], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"8"
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "standing still"])
async def test_the_others_take_over_from_a_member_that_is_gone(
    transport: KafkaTransport, kafka_settings: KafkaSettings, ending: signal.Signals
) -> None:
    await transport.publish(TOPIC, records(range(50)))
    # The other one polls and never commits: a page in hand is worth page_s, silence session_s.
    with member_in_another_process(replace(kafka_settings, page_s=1.0)) as process:
        database = Database()
        process.send_signal(ending)
        consumer = transport.consumer("rating", [TOPIC], database.where)
        await take(consumer, database, 50)
        assert len(consumer.places) == kafka_settings.partitions
        await consumer.close()


async def test_topics_are_made_as_the_settings_say_and_never_changed(transport: KafkaTransport, kafka_settings: KafkaSettings) -> None:
    name = kafka_settings.topic(TOPIC)
    admin = AIOKafkaAdminClient(**kafka_settings.connection())
    await admin.start()
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    found = {row[0]: row[1] for _, _, _, _, rows in answer.resources for row in rows}
    assert found["retention.ms"] == str(90 * 24 * 3600 * 1000)
    assert found["max.message.bytes"] == str(1024 * 1024 + 64 * 1024)
    assert found["min.insync.replicas"] == "1"
    await admin.create_topics([NewTopic(kafka_settings.topic("termijn.older.v1"), 3, 1)])
    await admin.close()
    await transport.ensure_topics([TOPIC, "termijn.older.v1"])
    assert await transport.topics() == ["termijn.older.v1", TOPIC]
    assert len(await transport.ends([("termijn.older.v1", partition) for partition in range(3)])) == 3
    with pytest.raises(UnknownTopic):
        await transport.publish("termijn.unheard.v1", records(range(1)))
    assert "termijn.unheard.v1" not in await transport.topics()


async def test_what_the_broker_itself_finds_too_large_is_refused_by_its_index(
    transport: KafkaTransport, kafka_settings: KafkaSettings
) -> None:
    admin = AIOKafkaAdminClient(**kafka_settings.connection())
    await admin.start()
    await admin.create_topics([NewTopic(kafka_settings.topic("termijn.narrow.v1"), 1, 1, topic_configs={"max.message.bytes": "300000"})])
    await admin.close()
    await transport.ensure_topics(["termijn.narrow.v1"])
    large = OutRecord(key="k", value=bytes(400_000))
    with pytest.raises(RecordRefused) as refused:
        await transport.publish("termijn.narrow.v1", [OutRecord(key="k", value=b"1"), large, OutRecord(key="k", value=b"3")])
    assert refused.value.index == 1
    await transport.publish("termijn.narrow.v1", [OutRecord(key="k", value=b"1"), OutRecord(key="k", value=b"3")])
    assert await transport.lag("rating", ["termijn.narrow.v1"]) >= 2


async def test_thousands_of_records_keep_their_order_per_key_over_many_batches(transport: KafkaTransport) -> None:
    database = Database()
    consumer = transport.consumer("rating", [TOPIC], database.where)
    large = [OutRecord(key=f"k{n % 3}", value=f"{n:06d}".encode() * 600) for n in range(3_000)]
    await transport.publish(TOPIC, large)
    seen: dict[str, list[int]] = {}
    deadline = time.monotonic() + 30
    while sum(map(len, seen.values())) < 3_000:
        assert time.monotonic() < deadline
        page = list(await consumer.poll(500, 0.5))
        for record in page:
            seen.setdefault(record.key, []).append(int(record.value[:6]))
        await consumer.commit({(r.topic, r.partition): r.offset + 1 for r in page})
    assert seen == {f"k{key}": list(range(key, 3_000, 3)) for key in range(3)}
    await consumer.close()


def test_a_majority_of_the_replicas_must_have_a_record() -> None:
    def needed(replication: int) -> str:
        return KafkaSettings(bootstrap_servers="b:9092", replication=replication).topic_settings["min.insync.replicas"]

    assert [needed(replication) for replication in (1, 2, 3, 5)] == ["1", "2", "2", "3"]


def test_secrets_go_to_the_client_only_where_they_are_asked_for() -> None:
    plain = KafkaSettings(bootstrap_servers="b:9092").connection()
    assert plain["security_protocol"] == "PLAINTEXT"
    assert not {"sasl_plain_password", "ssl_context"} & plain.keys()
    security = KafkaSecurity(protocol="SASL_SSL", user="u", password="p")
    secured = KafkaSettings(bootstrap_servers="b:9092", security=security).connection()
    assert (secured["sasl_mechanism"], secured["sasl_plain_username"], secured["sasl_plain_password"]) == ("SCRAM-SHA-512", "u", "p")
    assert secured["ssl_context"].check_hostname
