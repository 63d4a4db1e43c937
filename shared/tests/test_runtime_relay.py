"""The relay: dense numbers, committed before anything is sent, in an order that no crash and no late commit disturbs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime import relay
from termijn.runtime.handling import Transient
from termijn.runtime.inbox import Incoming
from termijn.runtime.relay import Relay
from termijn.runtime.transport.base import OutRecord, RecordRefused
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import Killed, cause, marbles, session
from termijn.testing.sample import JAR, AddMarbles, MarblesAdded, Ring, sample

BELCO = ProviderId(PROVIDER)
TOPIC = "termijn.contracts.v1"


@pytest.fixture
async def svc(services: Services) -> ServiceUnderTest:
    return await services.open(sample())


async def add(svc: ServiceUnderTest, *counts: int, account: str = "acme", key: str | None = None) -> None:
    for count in counts:
        await svc.run(JAR, key or account, AddMarbles(now=svc.clock.now(), count=count), account=account)


def envelope_of(record: Any) -> Envelope:
    return msgspec.json.decode(record.headers["envelope"], type=Envelope)


async def sent(svc: ServiceUnderTest) -> list[Envelope]:
    return [envelope_of(record) for record in await svc.transport.read_all(TOPIC)]


async def parked(svc: ServiceUnderTest) -> dict[str, str]:
    return {row["account"]: row["reason"] for row in await svc.service.held.parked(BELCO)}


class Broker:
    """Stands for the transport: keeps what it takes, and refuses what it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.refused: set[str] = set()
        self.is_down = False

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        if self.is_down:
            raise Transient("nobody answers")
        for index, record in enumerate(records):
            if envelope_of(record).account in self.refused:
                raise RecordRefused(index, "too large")
        self.taken += [(envelope_of(record).account, envelope_of(record).number) for record in records]


def relay_to(svc: ServiceUnderTest, broker: Any) -> Relay:
    return Relay(svc.service.database, broker, TOPIC)


async def test_messages_of_an_account_are_numbered_densely(svc: ServiceUnderTest) -> None:
    for count in range(1, 6):
        await add(svc, count)
        await add(svc, count, account="other")
        if count % 2:
            await svc.service.relay.step()
    await svc.settle()
    for account in ("acme", "other"):
        assert [e.number for e in await sent(svc) if e.account == account] == [1, 2, 3, 4, 5]
    assert await svc.rows("select * from outbox") == []
    numbers = await svc.rows("select number, event_id from published_number where account = 'acme' order by number")
    assert [tuple(row) for row in numbers] == [(e.number, e.id) for e in await sent(svc) if e.account == "acme"]


async def test_numbers_are_committed_before_anything_is_sent(svc: ServiceUnderTest) -> None:
    class Watching(Broker):
        async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
            async with session(svc.database.app_dsn, provider="*") as other:
                seen = await other.fetch("select number from published_number order by number")
            assert [row["number"] for row in seen] == [envelope_of(record).number for record in records]
            await super().publish(topic, records)

    broker = Watching()
    await add(svc, 1, 2)
    assert await relay_to(svc, broker).step() == 2
    assert broker.taken == [("acme", 1), ("acme", 2)]


@pytest.mark.parametrize("place", ["relay.after_number", "relay.after_publish", "relay.after_delete"])
async def test_a_crash_repeats_messages_with_equal_ids_and_numbers_which_have_no_second_effect(
    svc: ServiceUnderTest, services: Services, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(point: str) -> None:
        if point == place:
            raise Killed

    await add(svc, 1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(relay, "fault", dies)
        with pytest.raises(Killed):
            await svc.service.relay.step()
    await add(svc, 3)
    await svc.settle()
    envelopes = await sent(svc)
    assert len(envelopes) == (5 if place == "relay.after_publish" else 3)
    assert {e.number: e.id for e in envelopes}.keys() == {1, 2, 3}
    assert len({(e.number, e.id) for e in envelopes}) == 3, "a repeat is equal to what it repeats"

    listener = await services.open(sample(name="invoice", listens_to="contracts"))
    await listener.service.inbox.take([Incoming.of(record) for record in await svc.transport.read_all(TOPIC)], {})
    assert (await marbles(listener), await parked(listener)) == ({"acme": 6}, {})


async def test_what_the_broker_refuses_parks_its_account_and_the_others_flow(svc: ServiceUnderTest) -> None:
    broker = Broker()
    broker.refused = {"bad"}
    sending = relay_to(svc, broker)
    for account in ("a", "bad", "b"):
        await add(svc, 1, account=account)
    assert await sending.step() == 2
    assert await parked(svc) == {"bad": "outbox: too large"}
    await add(svc, 2, account="bad")
    await add(svc, 2, account="a")
    assert await sending.step() == 1
    assert broker.taken == [("a", 1), ("b", 1), ("a", 2)]
    assert not await svc.service.glance.is_message_held(), "what waits behind a refusal is not under way"
    broker.refused = set()
    assert (await svc.service.held.replay(BELCO, AccountId("bad"))).stopped_by is None
    assert await sending.step() == 2
    assert broker.taken[3:] == [("bad", 1), ("bad", 2)]


async def test_an_account_that_is_parked_already_is_also_held_when_the_broker_refuses(svc: ServiceUnderTest) -> None:
    broker = Broker()
    broker.refused = {"bad"}
    await add(svc, 1, account="bad")
    await svc.rows("insert into parked_key (provider, account, reason) values ($1, 'bad', 'a timer')", PROVIDER, provider=PROVIDER)
    await relay_to(svc, broker).step()
    broker.refused = set()
    assert await relay_to(svc, broker).step() == 0, "not sent before somebody released it"
    assert await parked(svc) == {"bad": "a timer"}


class Slow:
    """A command that has written its message to the outbox and does not commit before it is told to."""

    def __init__(self, svc: ServiceUnderTest, key: str, account: str) -> None:
        self.has_written, self.may_commit = asyncio.Event(), asyncio.Event()
        self._svc, self._key, self._account = svc, key, AccountId(account)
        self.task = asyncio.create_task(svc.service.write.run(BELCO, cause(), self._act))

    async def _act(self, work: UnitOfWork) -> None:
        # An alarm has no read model, so the two streams of the account share no row.
        await work.execute(JAR, self._key, Ring(now=work.now, name="late", due_at=work.now), account=self._account)
        await work.flush()
        self.has_written.set()
        await self.may_commit.wait()


NAIVE_ORDER = "select number from outbox where number is not null order by position"


async def test_what_was_numbered_first_is_sent_first_although_a_late_commit_has_the_lower_position(svc: ServiceUnderTest) -> None:
    broker = Broker()
    sending = relay_to(svc, broker)
    late = Slow(svc, "acme/1", "acme")
    await late.has_written.wait()
    await svc.run(JAR, "acme/2", Ring(now=svc.clock.now(), name="early", due_at=svc.clock.now()), account="acme")
    broker.is_down = True
    with pytest.raises(Transient):
        await sending.step()
    late.may_commit.set()
    await late.task
    with pytest.raises(Transient):
        await sending.step()
    naive = [row["number"] for row in await svc.rows(NAIVE_ORDER)]
    assert naive == [2, 1], "in order of position the listener would see a gap"
    broker.is_down = False
    assert await sending.step() == 2
    assert broker.taken == [("acme", 1), ("acme", 2)]


async def test_skipping_locked_rows_sends_a_later_message_of_an_account_first(svc: ServiceUnderTest) -> None:
    """The naive way: two relays over one table."""
    await add(svc, 1, 2)
    sql = "select position from outbox order by position limit 1 for update skip locked"
    published: list[int] = []
    async with session(svc.database.app_dsn, provider="*") as slow, session(svc.database.app_dsn, provider="*") as fast:
        for connection in (slow, fast):
            await connection.execute("begin")
        first, second = await slow.fetchval(sql), await fast.fetchval(sql)
        for connection, position in ((fast, second), (slow, first)):
            published.append(position)
            await connection.execute("commit")
    assert published == sorted(published, reverse=True)


async def test_two_relays_take_turns_and_numbers_stay_dense(svc: ServiceUnderTest) -> None:
    both = [relay_to(svc, svc.transport) for _ in range(2)]
    for _ in range(5):
        await add(svc, 1, 1)
        await asyncio.gather(*(one.step() for one in both))
    assert [e.number for e in await sent(svc)] == list(range(1, 11))


async def test_numbers_stay_dense_also_where_a_relay_has_lost_its_session_without_noticing(svc: ServiceUnderTest) -> None:
    """The session lock is gone, both number at once: the second waits for the first."""
    await add(svc, 1, 2)
    async with svc.service.database.transaction(ProviderId("*"), isolation="read committed") as other:
        await other.execute("select pg_advisory_xact_lock($1)", relay._NUMBERING_LOCK)
        await other.execute(relay.SQL["number_outbox"], 500)
        step = asyncio.create_task(svc.service.relay.step())
        await asyncio.sleep(0.1)
    assert await step == 2
    assert [e.number for e in await sent(svc)] == [1, 2]
    assert [row["last_number"] for row in await svc.rows("select last_number from account_number")] == [2]


async def test_the_public_id_follows_from_the_private_one(svc: ServiceUnderTest) -> None:
    await add(svc, 1)
    await svc.settle()
    (envelope,) = await sent(svc)
    assert (envelope.publisher, envelope.provider, envelope.account, envelope.stream) == ("contracts", PROVIDER, "acme", "jar-belco-acme")
    assert (envelope.occurred_at, envelope.actor, envelope.type) == (svc.clock.now(), "test", MarblesAdded.__name__)
