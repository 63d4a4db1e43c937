"""Messages: each has its effect once, in order per publisher and account, and none is dropped or skipped."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from termijn.kernel.ids import AccountId, ProviderId, new_event_id
from termijn.runtime import patience
from termijn.runtime.database import Address
from termijn.runtime.handling import Handled, Message, Outcome, Reaction, Transient, Work
from termijn.runtime.inbox import PAGE_MESSAGES, Incoming
from termijn.runtime.service import Service, Surroundings
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import incoming, marbles, session, until_blocked
from termijn.testing.sample import JAR, AddMarbles, AlarmRang, MarblesAdded, SetAlarm, on_marbles, sample

BELCO = ProviderId(PROVIDER)


class Cause:
    """What makes messages fail, and can be repaired. ``seen`` is every count that the handler was given."""

    def __init__(self) -> None:
        self.is_repaired = False
        self.seen: list[int] = []
        self.error: Exception = ValueError("thirteen cannot be counted")

    async def handle(self, work: Work, message: Message[MarblesAdded]) -> Outcome:
        self.seen.append(message.event.count)
        if message.event.count != 13:
            return await on_marbles(work, message)
        if not self.is_repaired:
            raise self.error
        account = message.envelope.account
        await work.execute(JAR, account, AddMarbles(now=work.now, count=13), account=account)
        return Handled()


@pytest.fixture
def cause() -> Cause:
    return Cause()


@pytest.fixture
async def svc(services: Services, cause: Cause) -> ServiceUnderTest:
    reaction = Reaction(publisher="rating", event=MarblesAdded, handle=cause.handle)
    return await services.open(dataclasses.replace(sample(listens_to="rating"), reactions=(reaction,)))


async def batch(svc: ServiceUnderTest, *counts: int, account: str = "acme", start: int = 1) -> list[Incoming]:
    return [await incoming(svc, MarblesAdded(count=count), number=start + n, account=account) for n, count in enumerate(counts)]


async def take(svc: ServiceUnderTest, *messages: Incoming) -> None:
    await svc.service.inbox.take(messages, {})


async def added(svc: ServiceUnderTest, account: str = "acme") -> list[int]:
    """The counts that went into a jar, in order."""
    rows = await svc.rows(
        "select data ->> 'count' as count from event where account = $1 and type = 'MarblesAdded' order by version", account
    )
    return [int(row["count"]) for row in rows]


async def parked(svc: ServiceUnderTest) -> dict[str, tuple[str, int]]:
    """Reason and messages that wait, by account."""
    return {row["account"]: (row["reason"], row["messages"]) for row in await svc.service.held.parked(BELCO)}


async def outcomes(svc: ServiceUnderTest) -> list[tuple[str, str | None]]:
    rows = await svc.rows("select outcome, reason from inbox order by received_at, account")
    return [(row["outcome"], row["reason"]) for row in rows]


# Once


async def test_a_message_that_comes_again_has_no_second_effect(svc: ServiceUnderTest) -> None:
    first, second = await batch(svc, 1, 2)
    await take(svc, first, first, second)
    await take(svc, first)
    await take(svc, second, first)
    assert await added(svc) == [1, 2]


async def test_nor_across_pages_of_one_batch(svc: ServiceUnderTest) -> None:
    messages = [message for n in range(PAGE_MESSAGES) for message in await batch(svc, 1, account=f"a{n}")]
    await take(svc, *messages, *messages)
    assert set((await marbles(svc)).values()) == {1}
    assert await parked(svc) == {}


async def test_a_page_is_one_transaction(svc: ServiceUnderTest) -> None:
    messages = [message for n in range(PAGE_MESSAGES) for message in await batch(svc, 1, account=f"a{n}")]
    await take(svc, *messages)
    assert [row["count"] for row in await svc.rows("select count(distinct txid) from event")] == [1]


async def reopened(svc: ServiceUnderTest) -> Service:
    await svc.service.close()
    around = Surroundings(
        address=Address(app_dsn=svc.database.app_dsn, owner_dsn=svc.database.owner_dsn),
        transport=svc.transport,
        clock=svc.clock,
        keys=svc.keys,
        blobs=svc.service.plant.blobs,
    )
    svc.service = await Service.open(svc.service.definition, around)
    return svc.service


class NotAcknowledged(Exception):
    pass


async def test_a_crash_between_commit_and_acknowledge_repeats_nothing_the_stored_offsets_decide(
    svc: ServiceUnderTest, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(offsets: Any) -> None:
        raise NotAcknowledged

    monkeypatch.setattr(svc.service._consumer, "commit", dies)
    with pytest.raises(NotAcknowledged):
        await svc.hear("rating", MarblesAdded(count=1), MarblesAdded(count=2), account="acme")
    stored = await svc.service.offsets()
    assert sum(stored.values()) == 2, "committed with the effects"
    assert await svc.transport.lag("contracts", ["termijn.rating.v1"]) == 2, "the transport was never told"
    again = await reopened(svc)
    assert await again.consume() == 0
    assert (cause.seen, await again.offsets()) == ([1, 2], stored)
    await svc.hear("rating", MarblesAdded(count=3), account="acme")
    assert await added(svc) == [1, 2, 3]


async def test_a_crash_before_the_commit_loses_nothing_and_stored_offsets_that_are_lost_repeat_without_effect(
    svc: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(messages: Any, offsets: Any) -> None:
        raise NotAcknowledged

    with monkeypatch.context() as patched:
        patched.setattr(svc.service.inbox, "take", dies)
        with pytest.raises(NotAcknowledged):
            await svc.hear("rating", MarblesAdded(count=1), MarblesAdded(count=2), account="acme")
    again = await reopened(svc)
    assert await again.consume() == 2
    await svc.rows("delete from consumer_offset", provider="*")
    again = await reopened(svc)
    assert await again.consume() == 2, "everything comes again"
    assert await added(svc) == [1, 2]


# In order


async def test_a_gap_parks_the_account_and_nothing_is_skipped_until_what_is_missing_has_come(svc: ServiceUnderTest) -> None:
    first, missing, third, fourth = await batch(svc, 1, 2, 3, 4)
    other = await batch(svc, 9, account="other")
    await take(svc, first, third, *other)
    await take(svc, fourth)
    assert await parked(svc) == {"acme": ("gap: number 2 of rating is missing, 3 came", 2)}
    assert (await added(svc), await added(svc, "other")) == ([1], [9])
    early = await svc.service.held.replay(BELCO, AccountId("acme"))
    assert (early.handled, early.stopped_by) == (0, "MessageMissing: gap: number 2 of rating is missing, 3 came")
    assert await added(svc) == [1]
    await take(svc, missing)
    assert await added(svc) == [1], "the missing one waits in its place"
    done = await svc.service.held.replay(BELCO, AccountId("acme"))
    assert (done.handled, done.stopped_by) == (3, None)
    assert await added(svc) == [1, 2, 3, 4]
    assert (await parked(svc), {outcome for outcome, _ in await outcomes(svc)}) == ({}, {"handled"})
    await take(svc, *await batch(svc, 5, start=5))
    assert await added(svc) == [1, 2, 3, 4, 5], "the account flows again"


async def test_messages_that_nobody_listens_to_count_too_also_behind_a_gap(svc: ServiceUnderTest) -> None:
    first, second, third = await batch(svc, 1, 2, 3)
    ignored = await incoming(svc, AlarmRang(name="a", due_at=svc.clock.now()), number=4)
    fifth = (await batch(svc, 5, start=5))[0]
    await take(svc, first, third, ignored, fifth)
    await take(svc, second)
    assert (await svc.service.held.replay(BELCO, AccountId("acme"))).stopped_by is None
    assert await added(svc) == [1, 2, 3, 5]
    await take(svc, *await batch(svc, 6, start=6))
    assert await parked(svc) == {}


# Failing


async def test_a_poison_message_parks_only_its_account_and_what_comes_later_waits_behind_it(svc: ServiceUnderTest, cause: Cause) -> None:
    await svc.run(JAR, "acme", SetAlarm(now=svc.clock.now(), name="later", at=svc.clock.now() + timedelta(hours=1)), account="acme")
    await svc.run(JAR, "calm", SetAlarm(now=svc.clock.now(), name="later", at=svc.clock.now() + timedelta(hours=1)), account="calm")
    await take(svc, *await batch(svc, 1, 13, 3), *await batch(svc, 5, account="calm"))
    await take(svc, *await batch(svc, 4, start=4))
    assert await parked(svc) == {"acme": ("ValueError: thirteen cannot be counted", 3)}
    assert (await added(svc), await added(svc, "calm")) == ([1], [5])
    assert await svc.advance_to(svc.clock.now() + timedelta(hours=2)) == 1
    rang = await svc.rows("select account from event where type = 'AlarmRang'")
    assert [row["account"] for row in rang] == ["calm"], "timers of a parked account do not fire"

    failed = await svc.service.held.replay(BELCO, AccountId("acme"))
    assert (failed.handled, failed.stopped_by) == (0, "ValueError: thirteen cannot be counted")
    cause.is_repaired = True
    assert await svc.service.held.replay(BELCO, AccountId("acme")) == dataclasses.replace(failed, handled=3, stopped_by=None)
    assert await added(svc) == [1, 13, 3, 4]
    await svc.advance_to(svc.clock.now())
    rang = await svc.rows("select account from event where type = 'AlarmRang' order by position")
    assert [row["account"] for row in rang] == ["calm", "acme"], "now the timer that was held fires"


async def test_a_page_that_fails_goes_one_by_one(svc: ServiceUnderTest, cause: Cause) -> None:
    messages = [message for n, count in enumerate([1, 2, 13, 4]) for message in await batch(svc, count, account=f"a{n}")]
    await take(svc, *messages)
    assert cause.seen == [1, 2, 13, 1, 2, 13, 4], "the page stops at the poison; then each goes alone"
    assert await marbles(svc) == {"a0": 1, "a1": 2, "a3": 4}
    assert list(await parked(svc)) == ["a2"]


@pytest.mark.parametrize("error", [Transient("mail"), ConnectionResetError(), asyncpg.ConnectionDoesNotExistError("gone")])
async def test_what_passes_by_itself_is_tried_again_and_parks_nobody(
    svc: ServiceUnderTest, cause: Cause, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "DELAYS_S", (0.0, 0.0))
    cause.error = error
    handle = cause.handle

    async def third_time(work: Work, message: Message[MarblesAdded]) -> Outcome:
        cause.is_repaired = len(cause.seen) >= 3
        return await handle(work, message)

    reaction = Reaction(publisher="rating", event=MarblesAdded, handle=third_time)
    monkeypatch.setitem(svc.service.inbox._reactions, ("rating", "MarblesAdded"), reaction)
    await take(svc, *await batch(svc, 13))
    assert (cause.seen, await added(svc), await parked(svc)) == ([13] * 4, [13], {})


async def test_what_does_not_pass_after_all_parks_with_how_often_it_was_tried(
    svc: ServiceUnderTest, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "DELAYS_S", (0.0,) * 4)
    cause.error = Transient("the mail server does not answer")
    await take(svc, *await batch(svc, 13))
    reason = "StillFailing: still failing after 5 tries: Transient: the mail server does not answer"
    assert [reason for reason, _ in (await parked(svc)).values()] == [reason.removeprefix("StillFailing: ")]


async def test_a_reason_can_be_stored_whatever_the_error_says(svc: ServiceUnderTest, cause: Cause) -> None:
    cause.error = ValueError("a\x00b" + "x" * 10_000)
    await take(svc, *await batch(svc, 13))
    ((reason, _),) = (await parked(svc)).values()
    assert reason.startswith("ValueError: abxxx")
    assert len(reason) == patience.REASON_CHARACTERS_MAX


# Without effect, and waiting


async def test_what_has_no_effect_is_recorded_with_the_reason(svc: ServiceUnderTest) -> None:
    await take(svc, *await batch(svc, 0, 1))
    assert sorted(await outcomes(svc), key=str) == [("handled", None), ("no effect", "no marbles")]


async def test_a_message_that_waits_is_handled_when_the_fact_arrives(svc: ServiceUnderTest, cause: Cause) -> None:
    await take(svc, *await batch(svc, 7, 1))
    await svc.settle()
    assert (await added(svc), cause.seen) == ([1], [7, 1, 7]), "tried once more in case the fact came a moment ago, then left alone"
    assert ("waiting", "hundred/acme: the jar does not hold a hundred yet") in await outcomes(svc)
    await take(svc, *await batch(svc, 100, start=3))
    await svc.settle()
    assert await added(svc) == [1, 100, 7]
    assert {outcome for outcome, _ in await outcomes(svc)} == {"handled"}
    assert await svc.rows("select * from waiting_message") == []


async def test_a_message_that_waits_too_long_parks_its_account(svc: ServiceUnderTest) -> None:
    start = svc.clock.now()
    await take(svc, *await batch(svc, 7))
    await svc.advance_to(start + timedelta(days=1, hours=23))
    assert await parked(svc) == {}
    await svc.advance_to(start + timedelta(days=2))
    assert await parked(svc) == {"acme": ("waited two days for hundred/acme", 1)}
    assert ("parked", "waited two days for hundred/acme") in await outcomes(svc)


async def test_a_fact_that_arrives_while_the_message_is_tried_is_not_missed(
    svc: ServiceUnderTest, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_looking, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, message: Message[MarblesAdded]) -> Outcome:
        outcome = await on_marbles(work, message)
        if message.event.count == 7 and not may_go_on.is_set():
            is_looking.set()
            await may_go_on.wait()
        return outcome

    may_go_on.set()
    reaction = Reaction(publisher="rating", event=MarblesAdded, handle=slow)
    monkeypatch.setitem(svc.service.inbox._reactions, ("rating", "MarblesAdded"), reaction)
    await take(svc, *await batch(svc, 7))
    may_go_on.clear()
    trying = asyncio.create_task(svc.service.held.step())
    await is_looking.wait()
    await take(svc, *await batch(svc, 100, start=2))
    naive = "select 1 from waiting_message where awaits = 'hundred/acme' and not is_ready"
    assert await svc.rows(naive) == [], "waking it from the fact's own transaction finds nobody who waits"
    may_go_on.set()
    assert await trying == 1
    assert len(await svc.rows(naive)) == 1, "it was put back to wait, after its fact had come"
    assert not await svc.service.is_quiet()
    await svc.settle()
    assert await added(svc) == [100, 7]


async def test_what_is_parked_at_the_last_moment_of_a_replay_is_not_left_behind(svc: ServiceUnderTest) -> None:
    """The naive way is shown on account b: with one snapshot for the whole, the replay does not see what it waited for."""
    message = dict(zip("ab", [(await batch(svc, 5, account=account))[0] for account in "ab"], strict=True))
    for account in "ab":
        await svc.rows("insert into parked_key (provider, account, reason) values ($1, $2, 'test')", PROVIDER, account, provider=PROVIDER)
    dsn = svc.database.app_dsn
    async with session(dsn, provider=PROVIDER) as live, session(dsn, provider=PROVIDER) as naive:
        for account in "ab":
            await live.execute("begin isolation level repeatable read")
            await live.fetch("select 1 from parked_key where account = $1 for share", account)
            await _park_by_hand(live, message[account])
            if account == "a":
                replaying: asyncio.Task[Any] = asyncio.create_task(svc.service.held.replay(BELCO, AccountId("a")))
            else:
                await naive.execute("begin isolation level repeatable read")
                replaying = asyncio.create_task(naive.fetch("select 1 from parked_key where account = 'b' for update"))
            await until_blocked(svc)
            await live.execute("commit")
            result = await replaying
            if account == "a":
                assert (result.handled, result.stopped_by) == (1, None)
        assert await naive.fetch("select 1 from parked_message where account = 'b'") == [], "it would release the account now"
        await naive.execute("rollback")
    assert await added(svc, "a") == [5]
    assert list(await parked(svc)) == ["b"]


async def _park_by_hand(connection: Any, message: Incoming) -> None:
    """As the inbox does for a message that comes behind what is parked."""
    envelope = message.envelope
    statements: Sequence[tuple[str, tuple[Any, ...]]] = (
        ("insert into inbox values ($1, 'rating', $2, $3, 'parked')", (PROVIDER, envelope.id, envelope.account)),
        (
            "insert into parked_message (provider, account, publisher, number, message_id, reason, envelope, data) "
            "values ($1, $2, 'rating', 1, $3, 'behind', $4, $5)",
            (PROVIDER, envelope.account, envelope.id, msgspec.json.encode(envelope), message.data),
        ),
    )
    for sql, args in statements:
        await connection.execute(sql, *args)


async def test_two_who_replay_at_once_handle_each_message_once(svc: ServiceUnderTest, cause: Cause) -> None:
    await take(svc, *await batch(svc, 13, 1, 2, 3))
    cause.is_repaired = True
    both = await asyncio.gather(*(svc.service.held.replay(BELCO, AccountId("acme")) for _ in range(2)))
    assert sum(one.handled for one in both) == 4
    assert (await added(svc), await parked(svc)) == ([13, 1, 2, 3], {})


async def test_equal_message_ids_of_two_publishers_or_providers_are_two_messages(svc: ServiceUnderTest) -> None:
    same = new_event_id()
    for provider in ("belco", "anders"):
        await take(svc, await incoming(svc, MarblesAdded(count=1), number=1, message_id=same, provider=provider))
    assert [row["provider"] for row in await svc.rows("select provider from jar order by provider")] == ["anders", "belco"]
