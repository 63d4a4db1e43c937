"""Keys of personal data: made once, shared, cached for minutes, destroyed for ever."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.ids import ProviderId
from termijn.runtime import keys as keys_module
from termijn.runtime.cipher import SealBroken, UnknownKey, open_sealed, seal
from termijn.runtime.keys import KeyDestroyed, KeyStore
from termijn.testing.postgres import Databases, TestDatabase

A, B = ProviderId("noord"), ProviderId("zuid")


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_again_and_never_looks_the_same(plain: bytes) -> None:
    key = bytes(range(32))
    first, second = seal("k1", key, plain), seal("k1", key, plain)
    assert first != second
    assert open_sealed(first, {"k1": key}) == plain == open_sealed(second, {"k1": key})


def test_a_destroyed_key_gives_nothing_an_unknown_one_an_error() -> None:
    text = seal("k1", bytes(32), b"Jansen")
    assert open_sealed(text, {"k1": None}) is None
    with pytest.raises(UnknownKey):
        open_sealed(text, {"k2": bytes(32)})


def test_changed_text_or_a_changed_key_id_does_not_open() -> None:
    text = seal("k1", bytes(32), b"Jansen")
    for broken in (text[:-6] + "AAAAA=", text.replace(".k1.", ".k2."), "s1.k1.", "s1.k1.!", "Jansen", ""):
        with pytest.raises(SealBroken):
            open_sealed(broken, {"k1": bytes(32), "k2": bytes(32)})


@pytest.fixture
async def database(databases: Databases) -> TestDatabase:
    return await databases.new()


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[KeyStore]:
    store = await KeyStore.open(owner_dsn=database.owner_dsn, app_dsn=database.app_dsn)
    yield store
    await store.close()


async def test_a_key_is_made_once_for_all_services(database: TestDatabase, store: KeyStore) -> None:
    other = await KeyStore.open(owner_dsn=database.owner_dsn, app_dsn=database.app_dsn)
    here, there = await asyncio.gather(store.keys_for(A, ["a-1", "a-2"]), other.keys_for(A, ["a-2", "a-3", "a-3"]))
    assert here["a-2"] == there["a-2"]
    assert len({key.key for key in (*here.values(), *there.values())}) == 3
    await other.close()


@pytest.mark.rule("SEC-1")
async def test_equal_accounts_of_two_providers_have_their_own_keys(database: TestDatabase, store: KeyStore) -> None:
    assert (await store.keys_for(A, ["a-1"]))["a-1"] != (await store.keys_for(B, ["a-1"]))["a-1"]
    app = await asyncpg.connect(database.app_dsn)
    assert await app.fetchval("select count(*) from personal_key") == 0
    await app.close()


async def test_after_the_key_is_gone_nothing_opens_and_nothing_more_is_sealed(store: KeyStore) -> None:
    sealer = await store.sealer(A, ["a-1", "a-2"])
    text, other = sealer.seal("a-1", b"Jansen"), sealer.seal("a-2", b"Pietersen")
    assert await store.destroy(A, "a-1") is True
    assert await store.destroy(A, "a-1") is False
    sealer = await store.sealer(A, ["a-1", "a-2"])
    assert sealer.open("a-1", text) is None
    assert sealer.open("a-2", other) == b"Pietersen"
    with pytest.raises(KeyDestroyed):
        sealer.seal("a-1", b"Jansen again")


async def test_the_database_keeps_nothing_of_a_destroyed_key(database: TestDatabase, store: KeyStore) -> None:
    await store.keys_for(A, ["a-1"])
    await store.destroy(A, "a-1")
    admin = await asyncpg.connect(database.admin_dsn)
    row = await admin.fetchrow("select key, destroyed_at from personal_key")
    assert row["key"] is None
    assert row["destroyed_at"] is not None
    await admin.close()


async def test_another_process_learns_of_it_when_its_cache_is_old(
    database: TestDatabase, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await KeyStore.open(owner_dsn=database.owner_dsn, app_dsn=database.app_dsn)
    await other.keys_for(A, ["a-1"])
    await store.destroy(A, "a-1")
    assert (await other.keys_for(A, ["a-1"]))["a-1"].key is not None
    monkeypatch.setattr(keys_module, "CACHE_SECONDS_MAX", 0)
    assert (await other.keys_for(A, ["a-1"]))["a-1"].key is None
    await other.close()


async def test_a_key_per_purpose(store: KeyStore) -> None:
    account, tax = (await store.keys_for(A, ["a-1"]))["a-1"], (await store.keys_for(A, ["a-1"], purpose="tax-2026"))["a-1"]
    assert account != tax
    await store.destroy(A, "a-1")
    assert (await store.keys_for(A, ["a-1"], purpose="tax-2026"))["a-1"] == tax
