"""The event store: append-only, bounded, sealed, one tenant at a time, and states that are loaded from it."""

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import asyncpg
import msgspec
import pytest

from termijn.events.base import Event
from termijn.kernel.ids import ProviderId
from termijn.runtime.codec import EventTooLarge, UnknownType
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Work
from termijn.runtime.stream_cache import StreamCache
from termijn.runtime.unit_of_work import SQL, UnitOfWork
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.interleaving import cause, incoming, marbles, session
from termijn.testing.sample import JAR, AddMarbles, Jar, MarblesAdded, NameJar, SetAlarm, sample

CANARY = "Canary-van-Vliet"


@pytest.fixture
async def svc(services: Services) -> AsyncIterator[ServiceUnderTest]:
    yield await services.open(sample(listens_to="rating"))


async def add(svc: ServiceUnderTest, *counts: int, key: str = "acme", by: str | None = None, provider: str = PROVIDER) -> None:
    commands = [AddMarbles(now=svc.clock.now(), count=count, by=by) for count in counts]
    await svc.run(JAR, key, *commands, account=key, provider=provider)


async def state(svc: ServiceUnderTest, key: str = "acme", *, provider: str = PROVIDER) -> Jar:
    async def act(work: UnitOfWork) -> Jar:
        return await work.load(JAR, key)

    return await svc.service.write.run(ProviderId(provider), cause(), act)


class Decodes:
    """Counts how many stored events were read."""

    def __init__(self, svc: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        registry = svc.service.plant.registry
        decode = registry.decode

        def counted(*args: Any) -> Event:
            self.count += 1
            return decode(*args)

        monkeypatch.setattr(registry, "decode", counted)


# What is recorded stays


async def test_nobody_changes_recorded_events_not_even_their_owner(svc: ServiceUnderTest) -> None:
    await add(svc, 1)
    async with session(svc.database.owner_dsn) as owner, session(svc.database.app_dsn, provider="*") as app:
        for change in ("update event set account = 'x'", "delete from event", "truncate event"):
            with pytest.raises(asyncpg.PostgresError, match="event is append-only"):
                await owner.execute(change)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(change)


async def test_a_version_of_a_stream_is_there_once(svc: ServiceUnderTest) -> None:
    await add(svc, 1)
    async with session(svc.database.app_dsn, provider=PROVIDER) as app:
        with pytest.raises(asyncpg.UniqueViolationError):
            await app.execute(
                "insert into event (provider, epoch, stream, version, event_id, type, schema_version, account, data, meta, "
                "occurred_at, recorded_at) select provider, epoch, stream, version, gen_random_uuid(), type, schema_version, account, "
                "data, meta, occurred_at, recorded_at from event"
            )


async def test_an_event_over_256_kib_is_refused_and_nothing_of_its_work_is_written(svc: ServiceUnderTest) -> None:
    too_long = "x" * 300_000
    alarm = SetAlarm(now=svc.clock.now(), name="a", at=svc.clock.now())
    with pytest.raises(EventTooLarge, match="MarblesAdded of acme"):
        await svc.run(JAR, "acme", alarm, AddMarbles(now=svc.clock.now(), count=1, by=too_long), account="acme")
    for table in ("event", "outbox", "timer", "jar"):
        assert await svc.rows(f"select * from {table}") == [], table


@pytest.mark.rule("SEC-3")
async def test_every_event_says_who_did_it_and_why_it_was_allowed(svc: ServiceUnderTest) -> None:
    await add(svc, 1)
    await svc.hear("rating", MarblesAdded(count=2), account="acme")
    rows = await svc.rows("select meta ->> 'actor' as actor, meta ->> 'why' as why from event order by position")
    assert [tuple(row) for row in rows] == [("test", "test"), ("rating", "MarblesAdded of rating")]


# Personal data


async def test_personal_data_is_ciphertext_wherever_the_machinery_keeps_it(svc: ServiceUnderTest) -> None:
    await add(svc, *[1] * 100, by=CANARY)
    await svc.service.inbox.take([await incoming(svc, MarblesAdded(count=7, by=CANARY), number=1, account="waits")], {})
    await svc.service.inbox.take([await incoming(svc, MarblesAdded(count=13, by=CANARY), number=1, account="fails")], {})
    kept = {}
    async with session(svc.database.admin_dsn) as admin:
        tables = await admin.fetch("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")
        for (table,) in tables:
            kept[table] = [[bytes(v) if isinstance(v, bytes) else str(v).encode() for v in r] for r in await admin.fetch(f"table {table}")]
    await svc.settle()
    kept["log"] = [[record.value, *record.headers.values()] for record in await svc.transport.read_all("termijn.contracts.v1")]
    for needed in ("event", "outbox", "snapshot", "waiting_message", "parked_message", "log"):
        assert kept[needed], f"the test must look into {needed}"
    found = {table for table, rows in kept.items() if any(CANARY.encode() in value for row in rows for value in row)}
    assert found == {"jar"}, "only the read model that shows it holds it in plain"
    assert [event for event in await svc.published(MarblesAdded) if event.by != CANARY] == []


async def test_after_its_key_is_destroyed_an_account_has_no_personal_data_and_its_views_still_build(svc: ServiceUnderTest) -> None:
    await add(svc, *[1] * 199, by=CANARY)
    await svc.settle()
    assert (await state(svc)).owner == CANARY
    assert await svc.keys.destroy(ProviderId(PROVIDER), "acme")
    svc.service.plant.cache.forget_all()
    assert await state(svc) == Jar(marbles=199, owner=None), "the sealed snapshot cannot be read; the shredded events can"
    assert {event.by for event in await svc.published(MarblesAdded)} == {None}
    for view in ("jar", "jar_total"):
        await svc.service.rebuild(view)
    assert [tuple(row) for row in await svc.rows("select marbles, owner from jar")] == [(199, None)]
    assert [row["marbles"] for row in await svc.rows("select marbles from jar_total")] == [199]
    await add(svc, 1)
    assert await state(svc) == Jar(marbles=200, owner=None), "the 200th event, which would take a snapshot, is recorded"


# Tenants

PROVIDERS = ("belco", "anders")

FILLED = {
    *("account_number", "arrived_fact", "event", "idempotency", "inbox", "jar", "jar_name", "jar_total", "outbox", "parked_key"),
    *("parked_message", "published_number", "publisher_progress", "snapshot", "timer", "waiting_message", "worker_failure"),
}
"""The tables that ``fill`` puts something into; of others it is only known that they show nothing of somebody else."""


async def fill(svc: ServiceUnderTest, provider: str) -> None:
    """A row in every table, with the same ids for each provider."""
    await svc.run(JAR, "acme", SetAlarm(now=svc.clock.now(), name="a", at=svc.clock.now()), account="acme", provider=provider)
    await svc.run(JAR, "acme", NameJar(now=svc.clock.now(), name="blue", is_taken=False), account="acme", provider=provider)
    await add(svc, *[1] * 100, provider=provider)
    await svc.service.relay.step()
    await add(svc, 1, provider=provider)
    for number, (account, count) in enumerate([("acme", 1), ("waits", 7), ("fails", 13)]):
        message = await incoming(svc, MarblesAdded(count=count), number=1, account=account, provider=provider)
        await svc.service.inbox.take([message], {("termijn.rating.v1", number): 1})
    await svc.service.projector.step()
    async with session(svc.database.app_dsn, provider=provider) as app:
        await app.execute("insert into worker_failure values ($1, 'w', 'r')", provider)
        await app.execute("insert into arrived_fact (provider, fact) values ($1, 'f')", provider)
        await app.execute("insert into idempotency values ($1, 'a', 'k', 'h', 201)", provider)


async def tables_with_provider(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'provider' "
        "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1"
    )
    return [row["relname"] for row in rows]


@pytest.mark.rule("SEC-1")
async def test_two_providers_with_equal_ids_see_only_their_own_rows_in_every_table(svc: ServiceUnderTest) -> None:
    await fill(svc, "belco")
    while await svc.service.relay.step():
        pass
    await fill(svc, "anders")
    await add(svc, 1, provider="belco")
    async with session(svc.database.app_dsn) as app:
        tables = await tables_with_provider(app)
        assert set(tables) >= FILLED
        for table in tables:
            assert await app.fetch(f"table {table}") == [], f"{table} shows rows without a provider"
        for provider in PROVIDERS:
            await app.execute(f"set termijn.provider = '{provider}'")
            for table in tables:
                seen = {row["provider"] for row in await app.fetch(f"table {table}")}
                assert seen == ({provider} if table in FILLED else seen & {provider}), table


@pytest.mark.rule("SEC-1")
async def test_a_provider_cannot_write_to_another_ones_rows(svc: ServiceUnderTest) -> None:
    for provider in PROVIDERS:
        await add(svc, 1, provider=provider)
    async with session(svc.database.app_dsn, provider="belco") as app:
        assert await app.execute("update jar set marbles = 0 where provider = 'anders'") == "UPDATE 0"
        assert await app.execute("delete from outbox where provider = 'anders'") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await app.execute("insert into jar values ('anders', 'new', 1)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await app.execute("update jar set provider = 'anders'")


@pytest.mark.rule("SEC-1")
async def test_the_application_role_cannot_get_round_row_level_security(svc: ServiceUnderTest) -> None:
    async with session(svc.database.app_dsn, provider=PROVIDER) as app:
        for attempt in (
            "set role termijn_owner",
            "set session authorization postgres",
            "alter table event disable row level security",
            "drop policy one_provider on event",
            "alter role termijn_app bypassrls",
            "set row_security = off; select * from event",
            "create table public.mine (provider text)",
            "select pg_read_file('PG_VERSION')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(attempt)


@pytest.mark.rule("SEC-1")
async def test_every_table_with_a_provider_has_row_level_security_and_the_application_owns_nothing(svc: ServiceUnderTest) -> None:
    async with session(svc.database.admin_dsn) as admin:
        tables = await tables_with_provider(admin)
        secured = await admin.fetch(
            "select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid "
            "where c.relrowsecurity and p.polpermissive and p.polcmd = '*' and c.relname = any($1)",
            tables,
        )
        assert sorted(row["relname"] for row in secured) == tables
        app = await admin.fetchrow("select oid, * from pg_roles where rolname = 'termijn_app'")
        assert not (app["rolsuper"] or app["rolbypassrls"] or app["rolcreaterole"] or app["rolcreatedb"])
        owned = "select count(*) from pg_shdepend where refobjid = $1 and deptype = 'o'"
        assert await admin.fetchval(owned, app["oid"]) == 0
        assert await admin.fetchval("select count(*) from pg_auth_members where member = $1", app["oid"]) == 0


@pytest.mark.rule("SEC-1")
async def test_states_of_providers_whose_stream_names_are_equal_are_kept_apart(svc: ServiceUnderTest) -> None:
    assert JAR.stream("a", "b-c") == JAR.stream("a-b", "c")
    await add(svc, 5, key="b-c", provider="a", by=CANARY)
    assert await state(svc, "c", provider="a-b") == Jar(), "the state of another provider came out of the cache"
    await add(svc, 2, key="c", provider="a-b")
    assert (await marbles(svc, "a"), await marbles(svc, "a-b")) == ({"b-c": 5}, {"c": 2})


# Loading


async def test_a_long_stream_is_loaded_from_its_snapshot(svc: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for counts in ([1] * 100, [1] * 120, [1] * 20):
        await add(svc, *counts, by="Jan")
    decodes = Decodes(svc, monkeypatch)
    svc.service.plant.cache.forget_all()
    assert await state(svc) == Jar(marbles=240, owner="Jan")
    assert decodes.count == 20, "the snapshot of version 220 and what came after"
    assert (await state(svc)).marbles == 240
    assert decodes.count == 20, "a cached state needs only what came after it"


async def test_a_snapshot_of_another_shape_of_state_is_not_read(svc: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    class WiderJar(Jar, frozen=True, kw_only=True):
        colour: str = "blue"

    await add(svc, *[1] * 110)
    svc.service.plant.cache = StreamCache()
    decodes = Decodes(svc, monkeypatch)
    wider = dataclasses.replace(JAR, initial=WiderJar(), state_type=WiderJar)

    async def act(work: Work) -> Jar:
        return await work.load(wider, "acme")

    assert await svc.service.write.run(ProviderId(PROVIDER), cause(), act) == WiderJar(marbles=110)
    assert decodes.count == 110


class StonesAdded(Event, frozen=True, kw_only=True):
    """Version 1 said ``amount`` and ``who``, version 2 ``amount`` and ``by``."""

    SCHEMA_VERSION: ClassVar[int] = 3
    PERSONAL: ClassVar[frozenset[str]] = frozenset({"by"})
    count: int
    by: str | None = None


STONES = dataclasses.replace(
    JAR,
    name="stones",
    events=(StonesAdded,),
    evolve=lambda state, event: msgspec.structs.replace(state, marbles=state.marbles + event.count, owner=event.by),
)


async def test_old_versions_of_an_event_are_read_as_todays(services: Services) -> None:
    upcasters = {
        ("StonesAdded", 1): lambda old: {"amount": old["amount"], "by": old["who"]},
        ("StonesAdded", 2): lambda old: {"count": old["amount"], "by": old["by"]},
    }
    svc = await services.open(dataclasses.replace(sample(), aggregates=(JAR, STONES), event_upcasters=upcasters))
    sealed = (await svc.keys.sealer(ProviderId(PROVIDER), ["acme"])).seal("acme", b'"Jan"')
    stored: list[tuple[int, dict[str, Any]]] = [
        (1, {"amount": 4, "who": "Piet"}),
        (2, {"amount": 2, "by": {"sealed": sealed}}),
        (1, {"amount": 1, "who": {"sealed": sealed}}),
    ]

    async def write(version: int, schema_version: int, data: dict[str, Any]) -> None:
        await svc.rows(
            "insert into event (provider, epoch, stream, version, event_id, type, schema_version, account, data, meta, occurred_at, "
            "recorded_at) values ($1, 1, $2, $3, gen_random_uuid(), 'StonesAdded', $4, 'acme', $5, '{}', now(), now())",
            PROVIDER,
            STONES.stream(PROVIDER, "acme"),
            version,
            schema_version,
            msgspec.json.encode(data).decode(),
        )

    async def act(work: Work) -> Jar:
        return await work.load(STONES, "acme")

    for version, (schema_version, data) in enumerate(stored, start=1):
        await write(version, schema_version, data)
    assert await svc.service.write.run(ProviderId(PROVIDER), cause(), act) == Jar(marbles=7, owner="Jan")
    await write(4, 4, {"count": 1, "by": None, "colour": "red"})
    with pytest.raises(UnknownType, match="StonesAdded, version 4"):
        await svc.service.write.run(ProviderId(PROVIDER), cause(), act)


async def test_a_refusal_leaves_no_trace_and_the_work_before_it_is_gone_too(svc: ServiceUnderTest) -> None:
    with pytest.raises(Exception, match="at most a million"):
        await add(svc, 1, 1_000_000)
    assert await svc.rows("select * from event") == []
    assert await state(svc) == Jar(), "what was not committed is not cached"
    assert await svc.service.database.short(EVERY_PROVIDER, "select 1 as one from jar") == []


# Plans

PLANS_MADE_EARLY = {
    "load_streams": (
        "text, text[], int[], text[]",
        "'belco', array['s'], array[0], array['x']",
        "event_pkey",
        {"provider", "stream", "version"},
    ),
    "arrive": (
        "text, text[], uuid[], text[], text[], text[], text[], int[], text[]",
        "'belco', '{}', '{}', '{}', '{}', '{}', array['s'], array[0], array['x']",
        "event_pkey",
        {"provider", "stream", "version"},
    ),
    "claim_timers": ("text, timestamptz, text[]", "'belco', now(), array['t']", "timer_pkey", {"provider", "timer_id"}),
    "cancel_timers": ("text, timestamptz, text[]", "'belco', now(), array['t']", "timer_pkey", {"provider", "timer_id"}),
    "read_progress": (
        "text, text[], text[]",
        "'belco', array['p'], array['a']",
        "publisher_progress_pkey",
        {"provider", "publisher", "account"},
    ),
    "read_store": ("int, xid8, bigint, int, int", "1, '0'::xid8, 0, 1, 1000", "event_order", {"epoch", "txid", "position"}),
    "note_outcomes": ("text, text[], uuid[], text[], text[]", "'belco', '{}', '{}', '{}', '{}'", "inbox_pkey", {"provider", "message_id"}),
}


@pytest.mark.parametrize("name", PLANS_MADE_EARLY)
async def test_plans_that_were_made_on_empty_tables_are_right_for_full_ones(svc: ServiceUnderTest, name: str) -> None:
    """A new installation makes its plans before there is data, and keeps them until the next ANALYZE. Measured: loading a stream read
    every event of the provider, which made a page of fifty six times slower after a few thousand events."""
    types, values, index, columns = PLANS_MADE_EARLY[name]
    async with session(svc.database.app_dsn, provider=PROVIDER) as app:
        await app.execute("set plan_cache_mode = force_generic_plan")
        await app.execute(f"prepare early({types}) as {SQL[name]}")
        plan = json.loads(await app.fetchval(f"explain (format json) execute early({values})"))[0]["Plan"]
    (condition,) = [node["Index Cond"] for node in nodes(plan) if node.get("Index Name") == index]
    assert {column for column in columns if column in condition} == columns


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", []) for inner in nodes(child))]


async def test_no_key_is_made_for_an_account_without_personal_data(svc: ServiceUnderTest) -> None:
    await add(svc, 2)
    await svc.settle()
    svc.service.plant.cache.forget_all()
    assert (await state(svc)).marbles == 2
    await svc.service.rebuild("jar")
    assert svc.keys._cache == {}
