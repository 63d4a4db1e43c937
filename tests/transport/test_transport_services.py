"""What two services may expect of each other over every transport: order, once, nothing skipped, and only who is concerned waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

import pytest

from termijn.keeping.recovery import examine, release
from termijn.keeping.republish import Since, republish
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime import relay, service
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Transient
from termijn.runtime.service import Service
from termijn.runtime.timers import Instant
from termijn.runtime.transport import base
from termijn.runtime.transport.base import OffsetsLost, Transport
from termijn.testing.harness import PROVIDER
from termijn.testing.interleaving import Killed
from termijn.testing.line import LISTENER, NOW, PUBLISHER, Line

pytestmark = pytest.mark.timeout(300)

ACCOUNTS = [f"a{n}" for n in range(12)]
COUNTS = range(20, 35)
"""Of marbles. (A jar of the sample service has its own ways with 0, 7 and 13.)"""
BELCO = ProviderId(PROVIDER)


class Kit(Protocol):
    open: Callable[[], Awaitable[Transport]]
    hasty: Callable[[], Awaitable[Transport]]
    lose_everything: Callable[[str], Awaitable[None]]
    restart: Callable[[], Awaitable[None]]
    away: Callable[[], AbstractAsyncContextManager[None]]


def dies_at(monkeypatch: pytest.MonkeyPatch, module: Any, place: str) -> None:
    """Whoever passes the place ends there, once."""
    left = [place]

    def passes(point: str) -> None:
        if point in left:
            left.remove(point)
            raise Killed

    monkeypatch.setattr(module, "fault", passes)


async def parked(listener: Service) -> dict[str, str]:
    return {row["account"]: row["reason"] for row in await listener.held.parked(BELCO)}


async def test_order_holds_per_publisher_and_account_whoever_publishes(line: Line, kit: Kit) -> None:
    """Two processes of the publisher take turns; each message comes once, in the order in which it was decided."""
    one, other = await line.start(PUBLISHER, kit.open), await line.start(PUBLISHER, kit.open)
    listener = await line.start(LISTENER, kit.open)
    for page in range(1, 6):
        for account in ACCOUNTS:
            await line.add(one if page % 2 else other, page, page + 100, account=account)
        await one.relay.step()
        await other.relay.step()
        await listener.consume()
    await line.flow()
    expected = [count for page in range(1, 6) for count in (page, page + 100)]
    assert {account: await line.counts(listener, account) for account in ACCOUNTS} == dict.fromkeys(ACCOUNTS, expected)
    assert await parked(listener) == {}


@pytest.mark.parametrize("place", ["relay.after_number", "relay.after_publish", "relay.after_delete"])
async def test_a_publisher_that_dies_before_or_after_publishing_is_heard_once(
    line: Line, kit: Kit, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    await line.add(publisher, 1, 2, 3)
    dies_at(monkeypatch, relay, place)
    with pytest.raises(Killed):
        await publisher.relay.step()
    await line.stop(publisher)
    again = await line.start(PUBLISHER, kit.open)
    await line.add(again, 4)
    await line.flow()
    assert await line.counts(listener) == [1, 2, 3, 4]
    published = await again.database.short(EVERY_PROVIDER, "select count(*) as left_over from outbox")
    assert published[0]["left_over"] == 0


async def test_a_listener_that_dies_between_its_transaction_and_the_acknowledgement_does_nothing_twice(
    line: Line, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    await line.add(publisher, 1, 2)
    await publisher.relay.step()
    dies_at(monkeypatch, service, "consume.before_acknowledge")
    with pytest.raises(Killed):
        while True:
            await listener.consume(1.0)
    assert await line.counts(listener) == [1, 2], "it was committed"
    assert await listener.transport.lag(LISTENER, [publisher.definition.topic]) == 2, "and not acknowledged"
    await line.stop(listener)
    again = await line.start(LISTENER, kit.open)
    await line.add(publisher, 3)
    await line.flow()
    assert await line.counts(again) == [1, 2, 3]


async def test_what_comes_again_has_no_second_effect(line: Line, kit: Kit) -> None:
    """The offsets that the database kept are lost: everything is delivered once more."""
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    for account in ACCOUNTS:
        await line.add(publisher, 1, 2, account=account)
    await line.flow()
    await line.stop(listener)
    again = await line.start(LISTENER, kit.open)
    await again.database.short(EVERY_PROVIDER, "update consumer_offset set next_offset = 0")
    await line.add(publisher, 3, account="a0")
    await line.flow()
    assert await line.counts(again, "a0") == [1, 2, 3]
    assert await line.marbles(again) == {**dict.fromkeys(ACCOUNTS, 3), "a0": 6}


@pytest.mark.slow
async def test_two_replicas_share_the_work_and_a_third_comes_and_goes(line: Line, kit: Kit) -> None:
    """Partitions change hands while messages flow; each has its effect once and in order."""
    publisher = await line.start(PUBLISHER, kit.open)
    for _ in range(2):
        await line.start(LISTENER, kit.open)
    async with line.looping():
        third = await line.start(LISTENER, kit.open)
        for count in COUNTS:
            for account in ACCOUNTS:
                await line.add(publisher, count, account=account)
            if third in line.running:
                await third.consume()
            if count == COUNTS[9]:
                await line.stop(third)

        async def is_done() -> bool:
            return await line.marbles(publisher) == await line.marbles(line.running[1])

        await line.until(is_done)
    assert {account: await line.counts(line.running[1], account) for account in ACCOUNTS} == {key: list(COUNTS) for key in ACCOUNTS}
    assert await parked(line.running[1]) == {}


@pytest.mark.slow
async def test_whatever_keeps_the_records_restarts_while_messages_flow(line: Line, kit: Kit) -> None:
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    async with line.looping():
        for count in COUNTS:
            for account in ACCOUNTS:
                await line.add(publisher, count, account=account)
            if count == COUNTS[4]:
                await kit.restart()

        async def is_done() -> bool:
            return (await line.marbles(listener)) == dict.fromkeys(ACCOUNTS, sum(COUNTS))

        await line.until(is_done)
    assert {account: await line.counts(listener, account) for account in ACCOUNTS} == {key: list(COUNTS) for key in ACCOUNTS}


AWAY_SESSIONS = 20
"""Ten minutes are twenty times what a member may be silent in an installation (30 s). Here it may be silent for half a second,
and whatever keeps the records is away for twenty times that: ten seconds in place of ten minutes."""
HASTY_SESSION_S = 0.5


@pytest.mark.slow
async def test_ten_minutes_away_stops_nothing_but_the_messages_and_afterwards_nothing_is_missing_or_twice(line: Line, kit: Kit) -> None:
    """Shortened: see ``AWAY_SESSIONS``. Commands, timers and read models go on; what is told waits in the outbox."""
    publisher, listener = await line.start(PUBLISHER, kit.hasty), await line.start(LISTENER, kit.hasty)
    await line.set_alarm(publisher, "meanwhile", account="a3", days=1)
    async with line.looping():
        await line.add(publisher, 20)

        async def is_heard() -> bool:
            return await line.counts(listener) == [20]

        await line.until(is_heard)
        expected = list(range(20, 20 + AWAY_SESSIONS))
        async with kit.away():
            for count in expected[1:]:
                await line.add(publisher, count)
                await asyncio.sleep(HASTY_SESSION_S)
                if count == expected[5]:
                    await line.clock.advance_to(NOW + timedelta(days=1))
            assert await line.rang(publisher) == ["a3"], "what is due does not wait for the transport"
            (row,) = await publisher.database.short(EVERY_PROVIDER, "select marbles from jar_total where account = 'acme'")
            assert row["marbles"] >= sum(expected[:-2]), "nor do read models"
            assert await line.counts(listener) == [20]

        async def is_done() -> bool:
            return await line.counts(listener) == expected

        await line.until(is_done)
    await line.flow()
    assert await line.counts(listener) == expected
    assert (await parked(publisher), await parked(listener)) == ({}, {})


async def test_records_that_were_deleted_unread_stop_the_listener_until_somebody_looked_and_they_were_told_again(
    line: Line, kit: Kit
) -> None:
    """Never a silent skip: it says which offsets are missing, each time it is turned, and what it does itself goes on."""
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    await line.add(publisher, 1)
    await line.flow()
    await line.stop(listener)
    await line.add(publisher, 2, 3)
    await publisher.relay.step()
    await kit.lose_everything(publisher.definition.topic)
    await line.add(publisher, 4)
    await publisher.relay.step()
    listener = await line.start(LISTENER, kit.open)
    await line.add(listener, 50, account="own")
    for _ in range(2):
        with pytest.raises(OffsetsLost) as lost:
            for _ in range(100):
                await listener.consume(0.1)
        assert (lost.value.wanted, lost.value.first) == (1, 3)
    assert await line.counts(listener) == [1], "4 is there, and is not taken in place of 2"
    assert await listener.relay.step() == 1, "what it tells itself goes on"
    await release(listener, await examine(listener))
    await line.flow()
    assert await line.counts(listener) == [1]
    assert await parked(listener) == {"acme": "gap: number 2 of contracts is missing, 4 came"}
    await republish(publisher, Since(number=2))
    await line.flow()
    await listener.held.replay(BELCO, AccountId("acme"))
    assert await line.counts(listener) == [1, 2, 3, 4]


async def test_a_message_that_the_transport_finds_too_large_parks_its_account_at_the_publisher_and_the_others_flow(
    line: Line, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(An event may be 256 KiB at most and a record 1 MiB, so the limit is lowered here.)"""
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    with monkeypatch.context() as lowered:
        lowered.setattr(base, "RECORD_BYTES_MAX", 3_000)
        await line.add(publisher, 1)
        await line.flow()
        await line.add(publisher, 2, by="x" * 3_000)
        await line.add(publisher, 3)
        await line.add(publisher, 4, account="other")
        await line.flow()
    assert await line.marbles(listener) == {"acme": 1, "other": 4}
    reason = (await parked(publisher))["acme"]
    assert reason.startswith("outbox: ") and "at most 3000 are allowed" in reason
    await publisher.held.replay(BELCO, AccountId("acme"))
    await line.flow()
    assert await line.counts(listener) == [1, 2, 3]


async def test_a_poison_message_parks_only_its_own_account_with_its_timers(line: Line, kit: Kit) -> None:
    publisher, listener = await line.start(PUBLISHER, kit.open), await line.start(LISTENER, kit.open)
    for account in ("acme", "bakker"):
        await line.set_alarm(listener, "tomorrow", account=account, days=1)
    await line.add(publisher, 1, 13, 2)
    await line.add(publisher, 3, account="bakker")
    await line.flow()
    assert list(await parked(listener)) == ["acme"]
    assert await line.marbles(listener) == {"acme": 1, "bakker": 3}
    await line.clock.advance_to(NOW + timedelta(days=2))
    while await listener.fire(Instant(line.clock.now())):
        await line.flow()
    assert await line.rang(listener) == ["bakker"], "no letter goes to an account of which not everything is known"
    await line.add(publisher, 4, account="bakker")
    await line.flow()
    assert await line.marbles(listener) == {"acme": 1, "bakker": 7}


async def test_while_nobody_answers_each_step_says_so_and_loses_nothing(line: Line, kit: Kit) -> None:
    publisher, listener = await line.start(PUBLISHER, kit.hasty), await line.start(LISTENER, kit.hasty)
    await line.add(publisher, 1)
    await line.flow()
    async with kit.away():
        await line.add(publisher, 2)
        with pytest.raises(Transient):
            await publisher.relay.step()
        with pytest.raises(Transient):
            for _ in range(200):
                await listener.consume(0.05)
        with pytest.raises(Transient):
            await listener.is_quiet()
    await line.flow()
    assert await line.counts(listener) == [1, 2]
