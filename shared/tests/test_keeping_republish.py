"""Telling again what was told: who has it is not changed, who lost it gets it, who was parked for it flows again."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from termijn.keeping.republish import Since, republish
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.hold import ServiceHeld
from termijn.runtime.inbox import REPEAT
from termijn.runtime.service import Service
from termijn.runtime.sql import Row
from termijn.testing.harness import PROVIDER
from termijn.testing.pair import LISTENER, PUBLISHER, Pair

TOPIC_TABLE = "log_of_termijn_contracts_v1"
ALL = Since(number=1)


async def table(service: Service, name: str) -> Sequence[Row]:
    """All rows, as text, in a fixed order."""
    return await service.database.short(EVERY_PROVIDER, f"select t::text as row from {name} t order by 1")


async def test_a_listener_that_has_them_all_is_not_changed(pair: Pair) -> None:
    await pair.add(1, 2, 3, by="Jan")
    await pair.add(4, account="bakker")
    tables = ("event", "inbox", "publisher_progress", "jar", "parked_key", "timer")
    before = {name: await table(pair.listener, name) for name in tables}
    done = await republish(pair.publisher, ALL)
    assert (done.accounts, done.messages, done.untold) == (2, 4, 0)
    await pair.settle()
    assert {name: await table(pair.listener, name) for name in tables} == before
    assert len(await pair.transport.read_all("termijn.contracts.v1")) == 8


async def test_a_listener_that_has_forgotten_their_ids_knows_them_by_their_numbers(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inbox keeps half a year; who tells again all since the beginning doubles nothing of before, also where an account is parked."""
    await pair.add(1, 2, 3)
    await pair.add(4, account="bakker")
    await pair.admin(LISTENER, "delete from inbox")
    await pair.listener.database.short(ProviderId(PROVIDER), "insert into parked_key values ($1, 'bakker', 'test')", PROVIDER)
    monkeypatch.setattr("termijn.runtime.inbox.KNOWN_BY_ID", timedelta(0))
    await republish(pair.publisher, ALL)
    await pair.settle()
    await pair.add(5)
    assert await pair.marbles(pair.listener) == {"acme": 11, "bakker": 4}
    outcomes = await pair.listener.database.short(EVERY_PROVIDER, "select outcome, reason, count(*) from inbox group by 1, 2 order by 3")
    assert [tuple(row) for row in outcomes] == [("handled", None, 1), ("no effect", REPEAT, 4)]
    assert await table(pair.listener, "parked_message") == []


async def test_messages_that_the_transport_lost_are_told_again_and_the_parked_account_flows(pair: Pair) -> None:
    await pair.add(1, by="Jan")
    await pair.close(LISTENER)
    await pair.add(2, 4, settle=False, by="Piet")
    await pair.settle()
    await pair.lose(f'delete from {TOPIC_TABLE} where "offset" in (select "offset" from {TOPIC_TABLE} order by "offset" offset 1 limit 1)')
    await pair.open(LISTENER)
    await pair.settle()
    assert await pair.marbles(pair.listener) == {"acme": 1}
    (parked,) = await pair.listener.held.parked(EVERY_PROVIDER)
    assert parked["reason"] == "gap: number 2 of contracts is missing, 3 came"
    await republish(pair.publisher, Since(number=2), provider=PROVIDER, account="acme")
    await pair.settle()
    assert await pair.marbles(pair.listener) == {"acme": 1}, "a person looks first"
    replayed = await pair.listener.held.replay(ProviderId(PROVIDER), AccountId("acme"))
    assert (replayed.handled, replayed.stopped_by) == (2, None)
    await pair.add(8)
    assert await pair.marbles(pair.listener) == {"acme": 15}
    (row,) = await pair.listener.database.short(EVERY_PROVIDER, "select owner from jar")
    assert row["owner"] is None, "what is personal travels sealed and is opened: the last one had no name"


async def test_a_listener_whose_log_was_trimmed_gets_all_of_it_again(pair: Pair) -> None:
    """Its inbox, progress and effects are gone too, as after a loss without a backup."""
    await pair.add(1, 2, by="Jan")
    await pair.add(4, account="bakker")
    await pair.admin(LISTENER, "delete from inbox", "delete from publisher_progress", "delete from event", "delete from jar")
    pair.listener.plant.cache.forget_all()
    await pair.lose(f"delete from {TOPIC_TABLE}", "update log_partition set first_offset = next_offset")
    await republish(pair.publisher, Since(day=date(2026, 1, 1)))
    await pair.settle()
    assert await pair.marbles(pair.listener) == {"acme": 3, "bakker": 4}
    progress = await pair.listener.database.short(EVERY_PROVIDER, "select account, last_number from publisher_progress order by account")
    assert [tuple(row) for row in progress] == [("acme", 2), ("bakker", 1)]


async def test_only_what_is_asked_for_is_told_in_the_order_of_its_numbers(pair: Pair) -> None:
    await pair.add(1, 2, 3)
    await pair.add(4, account="bakker")
    assert (await republish(pair.publisher, Since(number=3))).messages == 1
    assert (await republish(pair.publisher, ALL, account="bakker")).messages == 1
    assert (await republish(pair.publisher, ALL, provider="nobody")).messages == 0
    assert (await republish(pair.publisher, Since(day=date(2026, 1, 3)))).messages == 0
    # Numbered in another order than stored, as where a transaction commits late.
    swap = "update published_number set number = {} where account = 'acme'"
    await pair.admin(PUBLISHER, swap.format("number + 100"), swap.format("104 - number"))
    before = len(await pair.transport.read_all("termijn.contracts.v1"))
    await republish(pair.publisher, ALL, account="acme")
    told = (await pair.transport.read_all("termijn.contracts.v1"))[before:]
    assert [b'"count":3' in record.value for record in told] == [True, False, False]


async def test_what_was_never_told_is_left_to_the_relay(pair: Pair) -> None:
    await pair.add(1)
    await pair.add(2, settle=False)
    done = await republish(pair.publisher, ALL)
    assert (done.messages, done.untold) == (1, 1)


async def test_a_service_that_is_held_tells_nothing(pair: Pair) -> None:
    await pair.add(1)
    await pair.publisher.hold.place("restored")
    with pytest.raises(ServiceHeld):
        await republish(pair.publisher, ALL)


def test_since_is_a_day_or_a_number() -> None:
    assert Since.parse("57") == Since(number=57)
    assert Since.parse("2026-03-01") == Since(day=date(2026, 3, 1))
    for wrong in ("", "yesterday", "-3", "2026-02-30", "9" * 30):
        with pytest.raises(InvalidInput):
            Since.parse(wrong)
