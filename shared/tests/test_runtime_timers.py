"""Timers: once, in due order, in the transaction of what they cause; one that fails holds its account and no other."""

import asyncio
import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime import patience, timers, write_path
from termijn.runtime.database import Address
from termijn.runtime.handling import Fired, Handled, Outcome, Transient, Waiting, WakeUpHandler, Work
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.timers import Instant
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import WAIT_SECONDS_MAX, Killed, session
from termijn.testing.sample import JAR, Alarm, CancelAlarm, SetAlarm, ring, sample

HOUR = timedelta(hours=1)
BELCO = ProviderId(PROVIDER)


@pytest.fixture
async def svc(services: Services) -> ServiceUnderTest:
    return await services.open(sample())


def with_handler(handle: Any) -> Any:
    return dataclasses.replace(sample(), wake_ups=(WakeUpHandler(wake_up=Alarm, handle=handle),))


async def alarm(svc: ServiceUnderTest, name: str, at: datetime, *, rank: int = 0, account: str = "acme") -> None:
    await svc.run(JAR, account, SetAlarm(now=svc.clock.now(), name=name, at=at, rank=rank), account=account)


async def rang(svc: ServiceUnderTest, account: str = "acme") -> list[str]:
    sql = "select data ->> 'name' as name from event where account = $1 and type = 'AlarmRang' order by version"
    rows = await svc.rows(sql, account)
    return [row["name"] for row in rows]


async def parked(svc: ServiceUnderTest) -> dict[str, str]:
    return {row["account"]: row["reason"] for row in await svc.service.held.parked(BELCO)}


async def fire_all(service: Service, until: datetime) -> int:
    fired = 0
    while done := await service.fire(Instant(until)):
        fired += done
    return fired


# Once and in order


@pytest.mark.rule("TIM-1")
@pytest.mark.parametrize("was_down", [False, True])
async def test_timers_fire_once_in_due_order_and_by_rank_also_after_an_outage(svc: ServiceUnderTest, was_down: bool) -> None:
    start = svc.clock.now()
    for name, hours, rank in [("third", 2, 1), ("fifth", 4, 0), ("second", 2, 0), ("first", 1, 9), ("fourth", 3, 5)]:
        await alarm(svc, name, start + hours * HOUR, rank=rank)
    if was_down:
        await svc.clock.advance_to(start + 5 * HOUR)
        assert await fire_all(svc.service, svc.clock.now()) == 5
    else:
        assert await svc.advance_to(start + 5 * HOUR) == 5
    assert await rang(svc) == ["first", "second", "third", "fourth", "fifth"]
    assert await fire_all(svc.service, svc.clock.now()) == 0
    assert await svc.service.next_due() is None


@pytest.mark.rule("TIM-1")
async def test_nothing_fires_before_its_instant_or_rank(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    await alarm(svc, "later", at, rank=2)
    assert await svc.service.fire(Instant(at - timedelta(microseconds=1))) == 0
    assert await svc.service.fire(Instant(at, 1)) == 0
    assert await svc.service.next_due() == Instant(at, 2)
    assert await svc.service.fire(Instant(at, 2)) == 1


@pytest.mark.rule("TIM-1")
async def test_a_timer_that_fired_or_was_cancelled_is_never_armed_again(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    await alarm(svc, "fired", at)
    await alarm(svc, "fired", at + HOUR)
    await alarm(svc, "cancelled", at)
    await svc.run(JAR, "acme", CancelAlarm(now=svc.clock.now(), name="cancelled"), account="acme")
    assert await svc.advance_to(at) == 1, "the same occasion twice is one timer, at its first date"
    for name in ("fired", "cancelled"):
        await alarm(svc, name, at + HOUR)
    assert await svc.advance_to(at + 5 * HOUR) == 0
    await svc.run(JAR, "acme", CancelAlarm(now=svc.clock.now(), name="fired"), account="acme")
    rows = await svc.rows("select timer_id, fired_at is not null as fired, cancelled_at is not null as cancelled from timer order by 1")
    assert [(row["timer_id"].rpartition("/")[2], row["fired"], row["cancelled"]) for row in rows] == [
        ("cancelled", False, True),
        ("fired", True, False),
    ]


@pytest.mark.rule("TIM-1")
async def test_a_timer_that_is_set_and_cancelled_in_one_transaction_does_not_fire(svc: ServiceUnderTest) -> None:
    now = svc.clock.now()
    await svc.run(JAR, "acme", SetAlarm(now=now, name="a", at=now), CancelAlarm(now=now, name="a"), account="acme")
    assert await svc.advance_to(now + HOUR) == 0


@pytest.mark.rule("TIM-1")
async def test_a_timer_that_sets_another_one_does_not_let_later_ones_of_its_account_go_first(services: Services) -> None:
    async def chain(work: Work, fired: Fired[Alarm]) -> Outcome:
        if fired.wake_up.name == "first":
            between = SetAlarm(now=work.now, name="between", at=fired.due_at + HOUR)
            await work.execute(JAR, fired.key, between, account=fired.account)
        return await ring(work, fired)

    svc = await services.open(with_handler(chain))
    start = svc.clock.now()
    await alarm(svc, "first", start + HOUR)
    await alarm(svc, "last", start + 3 * HOUR)
    await svc.clock.advance_to(start + 9 * HOUR)
    await fire_all(svc.service, svc.clock.now())
    assert await rang(svc) == ["first", "between", "last"]


@pytest.mark.rule("TIM-1")
async def test_a_late_timer_says_when_it_was_due(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    await alarm(svc, "a", at)
    await svc.clock.advance_to(at + 48 * HOUR)
    await fire_all(svc.service, svc.clock.now())
    row = (await svc.rows("select (data ->> 'due_at')::timestamptz as due_at, occurred_at from event where type = 'AlarmRang'"))[0]
    assert (row["due_at"], row["occurred_at"]) == (at, at + 48 * HOUR)


@pytest.mark.rule("TIM-1")
async def test_a_page_of_timers_is_one_transaction_and_all_pages_are_fired(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    for number in range(60):
        await alarm(svc, "a", at, account=f"a{number}")
    assert await svc.advance_to(at) == 60
    rows = await svc.rows("select count(*) from event where type = 'AlarmRang' group by txid order by 1 desc")
    assert [row["count"] for row in rows] == [50, 10]


# All or nothing


@pytest.mark.rule("TIM-1")
@pytest.mark.parametrize("place", ["timers.after_claim", "write.before_commit", "write.after_commit"])
async def test_a_process_that_dies_while_it_fires_has_fired_all_or_nothing(
    svc: ServiceUnderTest, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = svc.clock.now() + HOUR
    for account in ("a", "b"):
        await alarm(svc, "x", at, account=account)
    await svc.clock.advance_to(at)

    def dies(point: str) -> None:
        if point == place:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(timers, "fault", dies)
        patched.setattr(write_path, "fault", dies)
        with pytest.raises(Killed):
            await svc.service.fire(Instant(at))
    is_done = place == "write.after_commit"
    marked = await svc.rows("select count(*) from timer where fired_at is not null")
    assert ([row["count"] for row in marked], await rang(svc, "a")) == ([2 if is_done else 0], ["x"] if is_done else [])
    await fire_all(svc.service, at)
    assert (await rang(svc, "a"), await rang(svc, "b"), await parked(svc)) == (["x"], ["x"], {})


# Two processes


async def another(svc: ServiceUnderTest) -> Service:
    """A second process of the same service."""
    around = Surroundings(
        address=Address(app_dsn=svc.database.app_dsn, owner_dsn=svc.database.owner_dsn),
        transport=svc.transport,
        clock=svc.clock,
        keys=svc.keys,
        blobs=svc.service.plant.blobs,
    )
    return await Service.open(svc.service.definition, around)


NEXT_UNLOCKED = "select timer_id from timer where fired_at is null order by due_at limit 1 for update skip locked"


@pytest.mark.rule("TIM-1")
async def test_skipping_locked_timers_fires_a_later_one_of_a_stream_first(svc: ServiceUnderTest) -> None:
    """The naive way, measured: 1,066 fired after a later one of their stream."""
    for hours in (1, 2):
        await alarm(svc, f"t{hours}", svc.clock.now() + hours * HOUR)
    dsn = svc.database.app_dsn
    async with session(dsn, provider=PROVIDER) as slow, session(dsn, provider=PROVIDER) as fast:
        for connection, expected in ((slow, "t1"), (fast, "t2")):
            await connection.execute("begin")
            timer = await connection.fetchval(NEXT_UNLOCKED)
            assert timer.endswith(expected), "the second process skips what the first one has"
            await connection.execute("update timer set fired_at = now() where timer_id = $1", timer)
        await fast.execute("commit")
        fired = await fast.fetch("select timer_id from timer where fired_at is not null")
        await slow.execute("commit")
    assert [row["timer_id"].rpartition("/")[2] for row in fired] == ["t2"], "the later one has had its effect, the earlier one not yet"


@pytest.mark.rule("TIM-1")
async def test_only_one_process_fires_the_timers_of_an_account(services: Services) -> None:
    is_firing, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, fired: Fired[Alarm]) -> Outcome:
        if fired.wake_up.name == "t1":
            is_firing.set()
            await may_go_on.wait()
        return await ring(work, fired)

    svc = await services.open(with_handler(slow))
    start = svc.clock.now()
    for hours in (1, 2):
        await alarm(svc, f"t{hours}", start + hours * HOUR)
    await svc.clock.advance_to(start + 3 * HOUR)
    second = await another(svc)
    try:
        firing = asyncio.create_task(fire_all(svc.service, svc.clock.now()))
        await is_firing.wait()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            assert await second.fire(Instant(svc.clock.now())) == 0, "the shard is the other's"
        may_go_on.set()
        assert await firing == 2
        assert await rang(svc) == ["t1", "t2"]
        await alarm(svc, "t3", svc.clock.now())
        await svc.service.close()
        assert await second.fire(Instant(svc.clock.now())) == 1, "it is free again when the process that had it is gone"
    finally:
        await second.close()


# Failing


@pytest.mark.rule("TIM-1")
async def test_a_timer_that_fails_parks_its_account_holds_its_other_timers_and_lets_the_others_flow(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    await alarm(svc, "before", at)
    await alarm(svc, "poison", at, rank=1)
    await alarm(svc, "same page", at, rank=1)
    await alarm(svc, "later", at + HOUR)
    for hours in (0, 1, 2):
        await alarm(svc, f"h{hours}", at + hours * HOUR, account="calm")
    await svc.advance_to(at + 9 * HOUR)
    assert await parked(svc) == {"acme": "timer contracts/jar-belco-acme/poison: ValueError: this alarm cannot ring"}
    assert (await rang(svc), await rang(svc, "calm")) == (["before"], ["h0", "h1", "h2"])
    assert await svc.service.next_due() is None, "what is held is not waited for"


@pytest.mark.rule("TIM-1")
async def test_after_the_repair_the_timer_fires_with_what_was_held_behind_it(services: Services) -> None:
    is_broken = True

    async def handle(work: Work, fired: Fired[Alarm]) -> Outcome:
        if is_broken:
            raise ValueError("not now")
        return await ring(work, fired)

    svc = await services.open(with_handler(handle))
    start = svc.clock.now()
    for hours in (1, 2):
        await alarm(svc, f"t{hours}", start + hours * HOUR)
    await svc.advance_to(start + 9 * HOUR)
    assert (await rang(svc), list(await parked(svc))) == ([], ["acme"])
    is_broken = False
    assert (await svc.service.held.replay(BELCO, AccountId("acme"))).stopped_by is None
    assert await svc.advance_to(svc.clock.now()) == 2
    assert await rang(svc) == ["t1", "t2"]


async def test_a_timer_that_this_release_cannot_read_parks_its_account_only(svc: ServiceUnderTest) -> None:
    at = svc.clock.now() + HOUR
    for account in ("acme", "calm"):
        await alarm(svc, "a", at, account=account)
    await svc.rows("update timer set wake_up = 'OfTomorrow' where account = 'acme'", provider=PROVIDER)
    assert await svc.advance_to(at) == 2, "both were dealt with"
    assert await parked(svc) == {"acme": "timer contracts/jar-belco-acme/a: UnknownType: OfTomorrow"}
    assert await rang(svc, "calm") == ["a"]


async def test_a_timer_of_an_account_that_was_parked_a_moment_ago_is_not_claimed(services: Services) -> None:
    svc: ServiceUnderTest

    async def parks(database: Any, fired: Any) -> None:
        await svc.rows("insert into parked_key (provider, account, reason) values ($1, 'acme', 'test')", PROVIDER, provider=PROVIDER)

    handler = WakeUpHandler(wake_up=Alarm, handle=ring, before=parks)
    svc = await services.open(dataclasses.replace(sample(), wake_ups=(handler,)))
    await alarm(svc, "a", svc.clock.now())
    await svc.service.fire(Instant(svc.clock.now()))
    assert (await rang(svc), list(await parked(svc))) == ([], ["acme"])


async def test_a_timer_that_meets_a_passing_failure_is_tried_again(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "DELAYS_S", (0.0,) * 4)
    tries = 0

    async def handle(work: Work, fired: Fired[Alarm]) -> Outcome:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise Transient("not now")
        return await ring(work, fired)

    svc = await services.open(with_handler(handle))
    await alarm(svc, "a", svc.clock.now())
    await svc.advance_to(svc.clock.now())
    assert (tries, await rang(svc), await parked(svc)) == (4, ["a"], {})


async def test_a_timer_cannot_wait(services: Services) -> None:
    async def handle(work: Work, fired: Fired[Alarm]) -> Outcome:
        return Waiting("x", "y") if fired.wake_up.name == "waits" else Handled()

    svc = await services.open(with_handler(handle))
    await alarm(svc, "waits", svc.clock.now())
    await svc.advance_to(svc.clock.now())
    assert "has fired and cannot wait" in (await parked(svc))["acme"]
