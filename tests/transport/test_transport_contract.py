"""What every transport promises (termijn.runtime.transport.base), whichever it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from termijn.runtime.transport.base import (
    RECORD_BYTES_MAX,
    Consumer,
    InRecord,
    OffsetsLost,
    OutRecord,
    Place,
    RecordRefused,
    Transport,
    UnknownTopic,
)

TOPIC = "termijn.test.v1"
OTHER = "termijn.other.v1"


class Kit(Protocol):
    open: Callable[[], Awaitable[Transport]]
    lose_everything: Callable[[str], Awaitable[None]]


@dataclass
class Listener:
    """A service as the transport sees it: what it did and where it was, kept together, as in one transaction."""

    offsets: dict[Place, int] = field(default_factory=dict)
    handled: list[InRecord] = field(default_factory=list)

    async def where(self) -> Mapping[Place, int]:
        return dict(self.offsets)

    def handle(self, records: Sequence[InRecord]) -> dict[Place, int]:
        """The transaction: effects and offsets; what was seen before has no effect (the inbox)."""
        after = {(record.topic, record.partition): record.offset + 1 for record in records}
        for record in records:
            if record.offset >= self.offsets.get((record.topic, record.partition), 0):
                self.handled.append(record)
        self.offsets |= {place: max(offset, self.offsets.get(place, 0)) for place, offset in after.items()}
        return after

    async def consume(self, consumer: Consumer, *, max_records: int = 100, timeout_s: float = 0.0) -> int:
        records = await consumer.poll(max_records, timeout_s)
        if records:
            await consumer.commit(self.handle(records))
        return len(records)

    async def consume_until(self, consumer: Consumer, count: int) -> None:
        deadline = time.monotonic() + 10
        while len(self.handled) < count:
            assert time.monotonic() < deadline, f"{len(self.handled)} of {count} came"
            await self.consume(consumer, timeout_s=0.2)

    async def consume_in_turns(self, transport: Transport, *members: Consumer) -> None:
        """Until their group is at the end, or for a quarter of a minute."""
        deadline = time.monotonic() + 15
        while await transport.lag("rating", [TOPIC]) and time.monotonic() < deadline:
            for member in members:
                await self.consume(member, timeout_s=0.05)

    def values(self, key: str | None = None) -> list[bytes]:
        return [record.value for record in self.handled if key is None or record.key == key]


def record(key: str, value: object, **headers: bytes) -> OutRecord:
    return OutRecord(key=key, value=str(value).encode(), headers=headers)


@pytest.fixture
async def transport(kit: Kit) -> Transport:
    transport = await kit.open()
    await transport.ensure_topics([TOPIC, OTHER])
    return transport


async def test_what_is_published_arrives_whole_once_and_in_order_per_key(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    keys = [f"noord/a-{n}" for n in range(20)]
    for page in range(5):
        await transport.publish(TOPIC, [record(key, f"{key}:{page * 3 + n}") for n in range(3) for key in keys])
    await listener.consume_until(consumer, 300)
    for key in keys:
        assert listener.values(key) == [f"{key}:{n}".encode() for n in range(15)]
    assert len({(r.partition, r.offset) for r in listener.handled}) == 300
    assert await listener.consume(consumer) == 0
    await consumer.close()


async def test_keys_values_and_headers_are_bytes_as_they_were(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    out = OutRecord(key="noord/é", value=bytes(range(256)), headers={"envelope": b'{"a":1}', "empty": b"", "zero": b"\0"})
    await transport.publish(TOPIC, [out, OutRecord(key="k", value=b"")])
    await listener.consume_until(consumer, 2)
    (came,) = [r for r in listener.handled if r.key == out.key]
    assert (came.value, came.headers) == (out.value, dict(out.headers))
    assert listener.values("k") == [b""]
    await consumer.close()


async def test_ensuring_a_topic_twice_keeps_what_is_in_it_and_an_unknown_one_is_an_error(transport: Transport, kit: Kit) -> None:
    await transport.publish(TOPIC, [record("k", 1)])
    await asyncio.gather(*[(await kit.open()).ensure_topics([TOPIC, "termijn.third.v1"]) for _ in range(3)])
    assert await transport.lag("rating", [TOPIC]) == 1
    with pytest.raises(UnknownTopic):
        await transport.publish("termijn.unheard.v1", [record("k", 1)])


async def test_what_was_polled_and_not_committed_comes_again(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record("k", n) for n in range(4)])
    first = await consumer.poll(3, 1)
    again = await consumer.poll(3, 1)
    assert first == again
    await consumer.commit(listener.handle(first))
    await listener.consume_until(consumer, 4)
    assert listener.values() == [b"0", b"1", b"2", b"3"]
    await consumer.close()


async def test_a_crash_between_publishing_and_deleting_publishes_again_in_the_same_order(transport: Transport) -> None:
    page = [record("k", n, ce_id=str(n).encode()) for n in range(3)]
    await transport.publish(TOPIC, page)
    await transport.publish(TOPIC, [*page, record("k", 3, ce_id=b"3")])
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await listener.consume_until(consumer, 7)
    ids = [r.headers["ce_id"] for r in listener.handled]
    assert list(dict.fromkeys(ids)) == [b"0", b"1", b"2", b"3"], "known by their ids, the repeats leave the order as it was"
    await consumer.close()


async def test_a_crash_between_the_transaction_and_its_acknowledgement_neither_repeats_nor_stays_behind(
    transport: Transport, kit: Kit
) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(10)])
    listener.handle(await consumer.poll(100, 1))
    await consumer.close()  # the acknowledgement never left
    assert len(listener.handled) == 10
    restarted = await kit.open()
    consumer = restarted.consumer("rating", [TOPIC], listener.where)
    assert await listener.consume(consumer) == 0
    assert await restarted.lag("rating", [TOPIC]) == 0
    await transport.publish(TOPIC, [record("k0", "next")])
    await listener.consume_until(consumer, 11)
    await consumer.close()


async def test_a_crash_before_the_transaction_delivers_again(transport: Transport, kit: Kit) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(10)])
    assert len(await consumer.poll(100, 1)) == 10
    await consumer.close()
    consumer = (await kit.open()).consumer("rating", [TOPIC], listener.where)
    await listener.consume_until(consumer, 10)
    assert sorted(listener.values()) == [str(n).encode() for n in range(10)]
    await consumer.close()


async def test_groups_do_not_disturb_each_other_and_topics_do_not_mix(transport: Transport) -> None:
    rating, invoice = Listener(), Listener()
    one = transport.consumer("rating", [TOPIC], rating.where)
    both = transport.consumer("invoice", [TOPIC, OTHER], invoice.where)
    await transport.publish(TOPIC, [record("k", "t")])
    await transport.publish(OTHER, [record("k", "o")])
    await rating.consume_until(one, 1)
    await invoice.consume_until(both, 2)
    assert rating.values() == [b"t"]
    assert {(r.topic, r.value) for r in invoice.handled} == {(TOPIC, b"t"), (OTHER, b"o")}
    await one.close()
    await both.close()


async def test_a_page_is_no_larger_than_asked_and_a_busy_topic_does_not_starve_another(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC, OTHER], listener.where)
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(100)])
    await transport.publish(OTHER, [record("k", "at last")])
    sizes = [await listener.consume(consumer, max_records=10, timeout_s=1) for _ in range(4)]
    assert all(0 < size <= 10 for size in sizes)
    assert b"at last" in listener.values()
    await listener.consume_until(consumer, 101)
    await consumer.close()


async def test_lag_counts_what_the_group_has_not_committed(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    assert await transport.lag("rating", [TOPIC, OTHER]) == 0
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(10)])
    await transport.publish(OTHER, [record("k", 1)])
    assert await transport.lag("rating", [TOPIC]) == 10
    records = await consumer.poll(100, 1)
    assert await transport.lag("rating", [TOPIC]) == 10, "polled is not committed"
    await consumer.commit(listener.handle(records))
    await listener.consume_until(consumer, 10)
    assert await transport.lag("rating", [TOPIC]) == 0
    assert await transport.lag("rating", [TOPIC, OTHER]) == 1
    await consumer.close()


async def test_two_consumers_share_the_partitions_and_nothing_is_lost_twice_or_swapped(transport: Transport, kit: Kit) -> None:
    listener = Listener()
    one = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record(f"k{n % 40}", n // 40) for n in range(400)])
    await listener.consume(one, timeout_s=1)
    second = await kit.open()
    two = second.consumer("rating", [TOPIC], listener.where)
    by_two = 0

    async def publish_more() -> None:
        for page in range(10, 20):
            await transport.publish(TOPIC, [record(f"k{n}", page) for n in range(40)])
            await asyncio.sleep(0.05)

    publishing = asyncio.create_task(publish_more())
    deadline = time.monotonic() + 20
    while len(listener.handled) < 800 and time.monotonic() < deadline:
        await listener.consume(one, max_records=20, timeout_s=0.05)
        by_two += await listener.consume(two, max_records=20, timeout_s=0.05)
    await publishing
    assert by_two > 0
    for n in range(40):
        assert listener.values(f"k{n}") == [str(value).encode() for value in range(20)]
    await two.close()
    await transport.publish(TOPIC, [record(f"k{n}", "last") for n in range(40)])
    await listener.consume_until(one, 840)
    await one.close()


async def test_partitions_are_not_given_away_between_a_poll_and_its_commit(transport: Transport, kit: Kit) -> None:
    listener = Listener()
    one = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(80)])
    held = await one.poll(100, 1)
    two = (await kit.open()).consumer("rating", [TOPIC], listener.where)
    for _ in range(5):
        assert await two.poll(100, 0.1) == []
    await one.commit(listener.handle(held))
    await listener.consume_in_turns(transport, one, two)
    assert len(listener.handled) == 80
    await one.close()
    await two.close()


async def test_a_member_that_comes_while_another_one_asks_where_to_go_on_stops_neither(transport: Transport, kit: Kit) -> None:
    """Whoever has been given places asks its database first. That the group begins to share them anew meanwhile is ordinary."""
    listener = Listener()
    asks, may_know = asyncio.Event(), asyncio.Event()

    async def slowly() -> Mapping[Place, int]:
        asks.set()
        await may_know.wait()
        return dict(listener.offsets)

    one = transport.consumer("rating", [TOPIC], slowly)
    two = (await kit.open()).consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record(f"k{n}", n) for n in range(80)])
    asking = asyncio.create_task(listener.consume(one, timeout_s=5))
    await asks.wait()
    for _ in range(10):
        await listener.consume(two, timeout_s=0.1)
    may_know.set()
    async with asyncio.timeout(15):
        await asking
    await listener.consume_in_turns(transport, one, two)
    assert len(listener.handled) == 80
    await one.close()
    await two.close()


async def test_a_record_too_large_is_refused_by_its_index_and_nothing_of_the_call_is_published(transport: Transport) -> None:
    with pytest.raises(RecordRefused) as refused:
        await transport.publish(TOPIC, [record("k", 1), OutRecord(key="k", value=bytes(RECORD_BYTES_MAX)), record("k", 3)])
    assert refused.value.index == 1
    assert await transport.lag("rating", [TOPIC]) == 0
    await transport.publish(TOPIC, [OutRecord(key="k", value=bytes(RECORD_BYTES_MAX - 1))])
    assert await transport.lag("rating", [TOPIC]) == 1


async def test_offsets_that_were_deleted_are_an_error_and_never_skipped(transport: Transport, kit: Kit) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await transport.publish(TOPIC, [record("k", n) for n in range(5)])
    await consumer.poll(1, 1)
    await kit.lose_everything(TOPIC)
    await transport.publish(TOPIC, [record("k", "after")])
    for _ in range(2):
        with pytest.raises(OffsetsLost) as lost:
            await consumer.poll(10, 0.5)
    assert (lost.value.wanted, lost.value.first, lost.value.end) == (0, 5, 6)
    await consumer.close()


async def test_a_listener_that_is_ahead_of_the_transport_is_an_error_too(transport: Transport) -> None:
    await transport.publish(TOPIC, [record("k", 1)])
    ahead = Listener(offsets={(TOPIC, partition): 7 for partition in range(100)})
    consumer = transport.consumer("rating", [TOPIC], ahead.where)
    with pytest.raises(OffsetsLost):
        await consumer.poll(10, 0.5)
    await consumer.close()


async def test_a_waiting_poll_hears_of_a_record_at_once(transport: Transport) -> None:
    listener = Listener()
    consumer = transport.consumer("rating", [TOPIC], listener.where)
    await listener.consume(consumer)
    waiting = asyncio.create_task(consumer.poll(10, 120))
    await asyncio.sleep(0.1)
    await transport.publish(TOPIC, [record("k", 1)])
    async with asyncio.timeout(60):  # long before the poll would have ended by itself, also on a busy machine
        assert len(await waiting) == 1
    await consumer.close()


async def test_a_poll_with_nothing_to_give_returns_in_time(transport: Transport) -> None:
    consumer = transport.consumer("rating", [TOPIC], Listener().where)
    began = time.monotonic()
    async with asyncio.timeout(60):
        assert await consumer.poll(10, 0.3) == []
    assert time.monotonic() - began > 0.25
    await consumer.close()
    await consumer.close()
