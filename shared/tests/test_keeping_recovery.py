"""A service whose database is older than what the others have heard of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from termijn.embedded.databases import SUPERUSER, drop_database, ensure_database
from termijn.keeping import programs
from termijn.keeping.recovery import Finding, examine, judge_forgotten, release
from termijn.keeping.republish import Since, republish
from termijn.keeping.told import Forgotten, Told
from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause
from termijn.runtime.hold import JOURNAL_AHEAD, ServiceHeld
from termijn.runtime.journal_entry import Answered
from termijn.runtime.service import Service
from termijn.runtime.timers import Instant
from termijn.runtime.transport.base import OffsetsLost
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER
from termijn.testing.pair import LISTENER, NOW, PUBLISHER, Pair, run
from termijn.testing.sample import JAR, AddMarbles, SetAlarm

TOPIC = "termijn.contracts.v1"


@pytest.fixture(autouse=True)
def laws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample service has none."""
    monkeypatch.setattr("termijn.keeping.recovery.LAWS", {PUBLISHER: (), LISTENER: ()})
    monkeypatch.setattr("termijn.keeping.recovery.REPAIRS", {})


@asynccontextmanager
async def lost(pair: Pair, name: str, *, has_journal: bool = True) -> AsyncIterator[None]:
    """What happens inside is lost with the database, which then comes back as it was before."""
    database = pair.databases[name]
    file = pair.folder / f"{name}.dump"
    await programs.dump(database.admin_dsn, file)
    yield
    await pair.close(name)
    await drop_database(database.server, database.name)
    await ensure_database(database.server, database.name)
    await programs.load(database.server.dsn(database.name, SUPERUSER), file)
    await pair.open(name, has_journal=has_journal)


async def look(pair: Pair, service: Service) -> Finding:
    return await examine(service, pair.running.values())


async def recover(pair: Pair, name: str) -> Finding:
    service = pair.running[name]
    found = await look(pair, service)
    assert not found.forbids and not found.losses
    await release(service, found)
    await pair.settle()
    return found


async def events(service: Service) -> list[tuple[Any, ...]]:
    rows = await service.database.short(
        EVERY_PROVIDER, "select stream, version, event_id, data::text, occurred_at from event order by 1, 2"
    )
    return [tuple(row) for row in rows]


async def test_a_service_behind_its_journal_is_held_and_nothing_moves(pair: Pair) -> None:
    await pair.add(1)
    async with lost(pair, PUBLISHER):
        await pair.add(2)
    service = pair.publisher
    assert (await service.is_held(), service.hold.reason) == (True, JOURNAL_AHEAD)
    await run(pair.listener, SetAlarm(now=NOW, name="late", at=NOW), "acme")
    moved = [await service.flow(), await service.fire(Instant(NOW + timedelta(days=900))), await service.work(), await service.consume()]
    assert moved == [0, 0, 0, 0]
    assert (await service.next_due(), await service.is_quiet()) == (None, True)
    with pytest.raises(ServiceHeld, match="journal"):
        await pair.add(3)
    assert not await pair.listener.is_held()


@pytest.mark.rule("INV-7")
async def test_what_was_told_is_put_back_under_its_own_ids_and_numbers(pair: Pair) -> None:
    await pair.add(1, by="Jan")
    async with lost(pair, PUBLISHER):
        await pair.add(2, 3, by="Piet")
        await pair.add(4, account="bakker")
        before = await events(pair.publisher)
        heard = await events(pair.listener)
    found = await recover(pair, PUBLISHER)
    assert found.caught_up is not None and (found.caught_up.events, found.caught_up.numbers) == (3, 3)
    assert [one[:3] for one in await events(pair.publisher)] == [one[:3] for one in before]
    assert await pair.marbles(pair.publisher) == {"acme": 6, "bakker": 4}
    assert await events(pair.listener) == heard, "who has heard it is not changed"
    await pair.add(5)
    rows = await pair.publisher.database.short(EVERY_PROVIDER, "select number from published_number where account = 'acme' order by 1")
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert await pair.marbles(pair.listener) == {"acme": 11, "bakker": 4}
    totals = await pair.publisher.database.short(EVERY_PROVIDER, "select account, marbles from jar_total order by account")
    assert [tuple(row) for row in totals] == [("acme", 11), ("bakker", 4)], "asynchronous read models follow"


async def test_what_was_in_the_journal_and_not_told_is_told_now(pair: Pair) -> None:
    await pair.add(1)
    async with lost(pair, PUBLISHER):
        await pair.close(LISTENER)
        await pair.add(2)
        await pair.lose(
            'delete from log_of_termijn_contracts_v1 where "offset" > 0', "update log_partition set next_offset = 1 where next_offset > 1"
        )
    await pair.open(LISTENER)
    await recover(pair, PUBLISHER)
    assert await pair.marbles(pair.listener) == {"acme": 3}


@pytest.mark.rule("TIM-1")
async def test_timers_that_fired_do_not_fire_again_and_those_that_were_set_do(pair: Pair) -> None:
    await run(pair.publisher, SetAlarm(now=NOW, name="before", at=NOW + timedelta(hours=1)))
    await pair.settle()
    async with lost(pair, PUBLISHER):
        await run(pair.publisher, SetAlarm(now=NOW, name="rings", at=NOW + timedelta(hours=2)))
        await run(pair.publisher, SetAlarm(now=NOW, name="waits", at=NOW + timedelta(hours=9)))
        assert [await pair.publisher.fire(Instant(NOW + timedelta(hours=3))) for _ in range(3)] == [1, 1, 0]
        await pair.settle()
    found = await recover(pair, PUBLISHER)
    assert found.caught_up is not None and found.caught_up.timers == 2
    assert await pair.publisher.fire(Instant(NOW + timedelta(hours=4))) == 0
    assert await pair.publisher.fire(Instant(NOW + timedelta(hours=10))) == 1


@pytest.mark.rule("INV-17")
async def test_a_listener_takes_each_message_once_whatever_became_of_it(pair: Pair) -> None:
    """1 is handled, 0 has no effect, 7 waits for a hundred, 13 cannot be counted and parks the account."""
    await pair.add(1)
    await pair.add(7, account="before")
    async with lost(pair, LISTENER):
        await pair.add(2, 0)
        await pair.add(100, account="before")
        await pair.add(7, account="after")
        await pair.add(13, 5, account="parked")
        before = await pair.marbles(pair.listener)
    found = await recover(pair, LISTENER)
    assert found.caught_up is not None and sorted(one.account for one in found.caught_up.unsettled.values()) == [
        "after",
        "parked",
        "parked",
    ]
    assert await pair.marbles(pair.listener) == before == {"acme": 3, "before": 107}
    await pair.add(100, account="after")
    assert (await pair.marbles(pair.listener))["after"] == 107
    (parked,) = await pair.listener.held.parked(EVERY_PROVIDER)
    assert (parked["account"], parked["messages"]) == ("parked", 2)


async def test_a_listener_whose_messages_were_trimmed_meanwhile_goes_on_with_what_its_journal_says(pair: Pair) -> None:
    await pair.add(1)
    async with lost(pair, LISTENER):
        await pair.add(2, 3)
        await pair.add(7, account="waits")
        await pair.lose("delete from log_of_termijn_contracts_v1", "update log_partition set first_offset = next_offset")
    found = await look(pair, pair.listener)
    assert [type(lost) for lost in found.lost_places] == [OffsetsLost]
    await recover(pair, LISTENER)
    await pair.add(4)
    assert await pair.marbles(pair.listener) == {"acme": 10}
    await republish(pair.publisher, Since(number=1), account="waits")
    await pair.settle()
    await pair.add(100, account="waits")
    assert (await pair.marbles(pair.listener))["waits"] == 107


@pytest.mark.rule("API-1")
async def test_a_call_that_was_answered_is_not_done_again(pair: Pair) -> None:
    async with lost(pair, PUBLISHER):
        moment = derived_id("call")
        cause = Cause(actor="jan", why="role manager may", correlation_id=moment, causation_id=moment)

        async def call(work: UnitOfWork) -> None:
            await work.execute(JAR, "acme", AddMarbles(now=NOW, count=1), account=AccountId("acme"))
            work.facts.answered.append(Answered("jan", "k-1", "hash", 201, '"1"'))

        await pair.publisher.run(provider=ProviderId(PROVIDER), cause=cause, act=call)
        await pair.settle()
    await recover(pair, PUBLISHER)
    rows = await pair.publisher.database.short(EVERY_PROVIDER, "select actor, key, request_hash, status, body, etag from idempotency")
    assert [tuple(row) for row in rows] == [("jan", "k-1", "hash", 201, None, '"1"')]


async def test_catching_up_twice_is_once(pair: Pair) -> None:
    async with lost(pair, PUBLISHER):
        await pair.add(1, 2)
    await look(pair, pair.publisher)
    again = await look(pair, pair.publisher)
    assert again.caught_up is not None and (again.caught_up.events, again.caught_up.numbers) == (0, 0)
    await recover(pair, PUBLISHER)
    assert await pair.marbles(pair.publisher) == {"acme": 3}
    await pair.close(PUBLISHER)
    assert not await (await pair.open(PUBLISHER)).is_held()


async def test_a_second_loss_after_a_recovery_is_recovered_too(pair: Pair) -> None:
    async with lost(pair, PUBLISHER):
        async with lost(pair, PUBLISHER):
            await pair.add(1)
        await recover(pair, PUBLISHER)
        await pair.add(2)
    await recover(pair, PUBLISHER)
    await pair.add(4)
    assert await pair.marbles(pair.publisher) == await pair.marbles(pair.listener) == {"acme": 7}


@pytest.mark.rule("INV-7")
async def test_without_a_journal_what_was_told_is_found_forgotten_and_its_numbers_are_not_given_again(pair: Pair) -> None:
    await pair.add(1)
    async with lost(pair, PUBLISHER, has_journal=False):
        await pair.add(2, 3)
    await pair.publisher.hold.place("restored")
    found = await look(pair, pair.publisher)
    assert [(one.number, one.type) for one in found.told.forgotten] == [(2, "MarblesAdded"), (3, "MarblesAdded")]
    assert len(found.losses) == 2 and not found.forbids
    await release(pair.publisher, found)
    await pair.add(10)
    rows = await pair.publisher.database.short(EVERY_PROVIDER, "select number from published_number order by 1")
    assert [row["number"] for row in rows] == [1, 4]
    assert await pair.marbles(pair.listener) == {"acme": 16}
    kept = await pair.publisher.database.short(EVERY_PROVIDER, "select number, type from forgotten_message order by 1")
    assert [tuple(row) for row in kept] == [(2, "MarblesAdded"), (3, "MarblesAdded")]


async def test_numbers_that_only_the_listeners_remember_are_not_given_again_either(pair: Pair) -> None:
    async with lost(pair, PUBLISHER, has_journal=False):
        await pair.add(1, 2)
        await pair.lose("delete from log_of_termijn_contracts_v1", "update log_partition set first_offset = next_offset")
    await pair.publisher.hold.place("restored")
    found = await look(pair, pair.publisher)
    assert [(one.number, one.type) for one in found.told.forgotten] == [(1, None), (2, None)]
    await release(pair.publisher, found)
    await pair.add(4)
    assert await pair.marbles(pair.listener) == {"acme": 7}


@pytest.mark.rule("INV-7")
async def test_a_forgotten_document_keeps_the_service_held(pair: Pair) -> None:
    async with lost(pair, PUBLISHER, has_journal=False):
        await pair.add(1)
    service = pair.publisher
    await service.hold.place("restored")
    service.name = "invoice"
    found = Finding(service="invoice", reason="restored")
    one = Forgotten(provider=PROVIDER, account="acme", number=1, type="InvoiceIssued")
    found.told = Told(highest={}, forgotten=(one,))
    judge_forgotten(found)
    assert found.forbids and not found.losses
    with pytest.raises(AssertionError):
        await release(service, found)
    assert await service.is_held()
    service.name = PUBLISHER


async def test_another_process_sees_that_the_service_was_released(pair: Pair) -> None:
    async with lost(pair, PUBLISHER):
        await pair.add(1)
    first = pair.running.pop(PUBLISHER)
    await pair.open(PUBLISHER)
    await recover(pair, PUBLISHER)
    assert not await first.is_held()
    await first.flow()
    await first.close()
