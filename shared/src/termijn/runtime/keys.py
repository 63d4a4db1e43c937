"""The key store: one key per account and purpose, in a database of its own. Destroying the key erases what it sealed (CON-7).

Shared by all services, because an account's data is erased everywhere at once or not at all. Its backups are kept short: a key
in an old backup would bring erased data back.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from termijn.kernel.ids import ProviderId
from termijn.runtime.cipher import KEY_BYTES, open_sealed, seal
from termijn.runtime.database import check_provider

ACCOUNT_PURPOSE = "account"
"""Personal data that goes when the account is erased. What tax law keeps is under a key per fiscal year ("tax-2026")."""

CACHE_SECONDS_MAX = 300
"""How long a destroyed key may still open data in another process; also how often an account costs a query."""

CACHE_KEYS_MAX = 200_000
"""About 100 MB; then the cache starts anew."""

SCHEMA = """
create table if not exists personal_key (
  provider text not null,
  account text not null,
  purpose text not null,
  key_id text not null unique,
  key bytea,
  created_at timestamptz not null default clock_timestamp(),
  destroyed_at timestamptz,
  primary key (provider, account, purpose),
  check ((key is null) = (destroyed_at is not null))
);
alter table personal_key enable row level security;
drop policy if exists one_provider on personal_key;
create policy one_provider on personal_key using (provider = (select current_setting('termijn.provider', true)));
grant select, insert, update on personal_key to termijn_app;

-- One round trip: what exists, and what is missing made from the new keys offered. Offering is idempotent: the first one stays.
create or replace function personal_keys(of_provider text, of_purpose text, accounts text[], new_ids text[], new_keys bytea[])
returns table (account text, key_id text, key bytea) language plpgsql as $$
begin
  perform set_config('termijn.provider', of_provider, true);
  insert into personal_key (provider, account, purpose, key_id, key)
  select of_provider, offered.account, of_purpose, offered.new_id, offered.new_key
  from unnest(accounts, new_ids, new_keys) as offered(account, new_id, new_key)
  where not exists (
    select from personal_key k where k.provider = of_provider and k.purpose = of_purpose and k.account = offered.account)
  order by offered.account
  on conflict do nothing;
  return query select k.account, k.key_id, k.key from personal_key k
  where k.provider = of_provider and k.purpose = of_purpose and k.account = any(accounts);
end $$;

create or replace function destroy_personal_keys(of_provider text, of_account text, of_purpose text)
returns integer language plpgsql as $$
declare destroyed integer;
begin
  perform set_config('termijn.provider', of_provider, true);
  update personal_key k set key = null, destroyed_at = clock_timestamp()
  where k.provider = of_provider and k.account = of_account and k.purpose = of_purpose and k.destroyed_at is null;
  get diagnostics destroyed = row_count;
  return destroyed;
end $$;
"""


class KeyDestroyed(Exception):
    """Personal data was to be sealed for an account that was erased; nothing of it may be kept any more."""


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """``key`` is None once it was destroyed."""

    key_id: str
    key: bytes | None


class AccountSealer:
    """Seals and opens for a fixed set of accounts, without I/O. Short-lived: made for one unit of work."""

    def __init__(self, keys: Mapping[str, PersonalKey]) -> None:
        self._keys = keys
        self._by_id = {key.key_id: key.key for key in keys.values()}

    def seal(self, account: str, plain: bytes) -> str:
        """Ciphertext that names its key. Raises ``KeyDestroyed``."""
        key = self._keys[account]
        if key.key is None:
            raise KeyDestroyed(account)
        return seal(key.key_id, key.key, plain)

    def open(self, account: str, sealed: str) -> bytes | None:
        """The plain text, or None where the key was destroyed."""
        assert account in self._keys, "the sealer was not asked for this account"
        return open_sealed(sealed, self._by_id)


class KeyStore:
    """Keys from the database, cached for minutes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._cache: dict[tuple[str, str, str], tuple[PersonalKey, float]] = {}

    @classmethod
    async def open(cls, *, owner_dsn: str, app_dsn: str) -> "KeyStore":
        """Make the table where it does not exist and connect as the application role."""
        owner = await asyncpg.connect(owner_dsn)
        try:
            async with owner.transaction():
                await owner.execute("select pg_advisory_xact_lock(hashtextextended('termijn.keys', 0))")
                await owner.execute(SCHEMA)
        finally:
            await owner.close()
        pool = await asyncpg.create_pool(app_dsn, min_size=1, max_size=4, command_timeout=30)
        assert pool is not None
        return cls(pool)

    async def close(self) -> None:
        """Give the connections back and forget all keys."""
        self._cache.clear()
        await self._pool.close()

    async def keys_for(self, provider: ProviderId, accounts: Sequence[str], *, purpose: str = ACCOUNT_PURPOSE) -> dict[str, PersonalKey]:
        """A key per account, by account; missing ones are made, destroyed ones stay destroyed. At most one round trip."""
        check_provider(provider)
        expired_before = time.monotonic() - CACHE_SECONDS_MAX
        found: dict[str, PersonalKey] = {}
        for account in accounts:
            cached = self._cache.get((provider, account, purpose))
            if cached is not None and cached[1] > expired_before:
                found[account] = cached[0]
        missing = sorted(set(accounts) - found.keys())
        if missing:
            found |= await self._fetch(provider, purpose, missing)
        return found

    async def _fetch(self, provider: ProviderId, purpose: str, accounts: list[str]) -> dict[str, PersonalKey]:
        asked_at = time.monotonic()
        new_ids = [os.urandom(12).hex() for _ in accounts]
        new_keys = [os.urandom(KEY_BYTES) for _ in accounts]
        sql = "select account, key_id, key from personal_keys($1, $2, $3::text[], $4::text[], $5::bytea[])"
        rows = await self._pool.fetch(sql, provider, purpose, accounts, new_ids, new_keys)
        fetched = {row["account"]: PersonalKey(row["key_id"], row["key"]) for row in rows}
        assert fetched.keys() == set(accounts), "the key store answered for other accounts than were asked for"
        if len(self._cache) > CACHE_KEYS_MAX:
            self._cache.clear()
        for account, key in fetched.items():
            self._cache[provider, account, purpose] = (key, asked_at)
        return fetched

    async def sealer(self, provider: ProviderId, accounts: Sequence[str]) -> AccountSealer:
        """Something that seals and opens for these accounts without further I/O."""
        return AccountSealer(await self.keys_for(provider, accounts) if accounts else {})

    async def destroy(self, provider: ProviderId, account: str, *, purpose: str = ACCOUNT_PURPOSE) -> bool:
        """Erase what the key sealed, for ever. False where there was none, or it was destroyed before.

        Other processes may open the data for ``CACHE_SECONDS_MAX`` more.
        """
        check_provider(provider)
        destroyed = await self._pool.fetchval("select destroy_personal_keys($1, $2, $3)", provider, account, purpose)
        self._cache.pop((provider, account, purpose), None)
        return bool(destroyed)
