"""``termijn bench transport``: from the outbox row of one service to the committed inbox row of another."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter

from termijn.bench.measure import Figures, Say, Stopwatch, per_second, percentile_ms, ratio
from termijn.bench.messages import account_of, count_units, meter_of, place_meters
from termijn.bench.meter import PlaceMeter
from termijn.bench.meter_service import listener, owner
from termijn.bench.rig import STARTS_AT, Rig, count, rigged
from termijn.runtime.relay import PAGE_ROWS
from termijn.runtime.service import POLL_RECORDS_MAX, Service
from termijn.runtime.transport.base import InRecord, OutRecord, Place, Transport

SENDER, HEARER = "transport_from", "transport_to"
RAW_TOPIC = "termijn.bench.raw"
WARMING_PART = 3
"""A third of the messages: a broker that was just started is slow at first."""
ACCOUNTS = 500
PACED_ROUNDS = 100
PACED_ROWS = 10
"""For the time of a single message: so many commits, so many rows each, one after another's arrival."""


async def transport(*, messages: int, name: str, say: Say) -> Figures:
    """``messages`` wait in the outbox: relay and listener run beside each other until all are in the inbox."""
    async with rigged(say, transport=name) as rig:
        sender = await rig.service(owner(), SENDER)
        hearer = await rig.service(listener(), HEARER)
        say(f"putting {messages} messages into the outbox")
        names = [account_of(number) for number in range(ACCOUNTS)]
        await place_meters(sender, [PlaceMeter(now=STARTS_AT, meter=meter_of(a), place="cellar") for a in names])
        await hearer.consume(0.1)  # joins its group
        await count_units(sender, 0, messages, ACCOUNTS)
        say("other records through the transport, which is not measured: its own machinery gets warm")
        await _raw(rig.transport, max(PAGE_ROWS, messages // WARMING_PART), f"{RAW_TOPIC}.warming")
        say("moving them")
        watch = Stopwatch()
        await _move(sender, hearer, messages)
        measured = per_second(messages, watch.seconds)
        say("one commit after another, for the time of a message")
        durations = await _one_by_one(sender, hearer, messages)
        await _check(rig, messages + PACED_ROUNDS * PACED_ROWS)
        say("the same records through the transport alone")
        ceiling = await _raw(rig.transport, messages, RAW_TOPIC)
    return {
        "messages_per_second": measured,
        "ceiling_per_second": ceiling,
        "ratio": ratio(measured, ceiling),
        "p50_ms": percentile_ms(durations, 50),
        "p99_ms": percentile_ms(durations, 99),
    }


async def _move(sender: Service, hearer: Service, messages: int) -> None:
    async def relay() -> None:
        while await sender.relay.step():
            pass

    async def consume() -> None:
        taken = 0
        while taken < messages:
            taken += await hearer.consume(1.0)

    await asyncio.gather(relay(), consume())


async def _one_by_one(sender: Service, hearer: Service, first: int) -> list[float]:
    """Per commit: the time from there until its messages are committed in the inbox."""
    durations = []
    for number in range(PACED_ROUNDS):
        start = first + number * PACED_ROWS
        await count_units(sender, start, start + PACED_ROWS, ACCOUNTS)
        committed = perf_counter()
        await _move(sender, hearer, PACED_ROWS)
        durations.append(perf_counter() - committed)
    return durations


async def _check(rig: Rig, messages: int) -> None:
    """Each message arrived once, and nothing is left behind."""
    sender, hearer = await rig.raw(SENDER), await rig.raw(HEARER)
    assert await count(sender, "outbox") == 0, "a message was not sent"
    assert await count(hearer, "inbox") == messages, "a message did not arrive"
    assert await count(hearer, "parked_key") == 0, "an account was parked"


async def _raw(raw: Transport, messages: int, topic: str) -> float:
    """The transport by itself: as large records, the same pages, produced and consumed beside each other; messages per second."""
    await raw.ensure_topics([topic])
    started_from: Mapping[Place, int] = {}

    async def offsets() -> Mapping[Place, int]:
        return started_from

    consumer = raw.consumer(f"bench-{topic}", [topic], offsets)
    await consumer.poll(1, 0.1)
    records = [_raw_record(number) for number in range(messages)]
    watch = Stopwatch()
    try:

        async def produce() -> None:
            for start in range(0, messages, PAGE_ROWS):
                await raw.publish(topic, records[start : start + PAGE_ROWS])

        async def consume() -> None:
            taken = 0
            while taken < messages:
                polled: Sequence[InRecord] = await consumer.poll(POLL_RECORDS_MAX, 1.0)
                if polled:
                    await consumer.commit({(r.topic, r.partition): r.offset + 1 for r in polled})
                    taken += len(polled)

        await asyncio.gather(produce(), consume())
    finally:
        await consumer.close()
    return per_second(messages, watch.seconds)


def _raw_record(number: int) -> OutRecord:
    account = account_of(number % ACCOUNTS)
    return OutRecord(key=f"bench/{account}", value=b"v" * 150, headers={"envelope": b"e" * 550, "ce_id": b"i" * 250})
