"""The key store: one key per account and purpose, in a database of its own. Destroying the key erases what it sealed (CON-7).

Shared by all services, because an account's data is erased everywhere at once or not at all. Its backups are kept short: a key
in an old backup would bring erased data back. So what is destroyed is first written to a log outside of any database
(``erasure_log.py``), and destroyed again whenever the store is opened.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from termijn.kernel.errors import Refusal
from termijn.kernel.ids import ProviderId
from termijn.runtime.cipher import KEY_BYTES, open_sealed, seal
from termijn.runtime.clock import machine_now
from termijn.runtime.database import check_provider
from termijn.runtime.erasure_log import Erased, FileErasureLog
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE, MANDATE_PURPOSE
from termijn.runtime.keys_schema import SCHEMA

CACHE_SECONDS_MAX = 300
"""How long a destroyed key may still open data in a process that nobody told: one of another service than the one that destroyed it,
where it is no account's but a mandate's; also how often an account costs a query. (Files ask for their key each time.)"""

CACHE_KEYS_MAX = 200_000
"""About 100 MB; then the cache starts anew."""


class KeyDestroyed(Refusal):
    """The account {account} was erased; nothing personal of it may be kept any more."""

    status = 410


@dataclass(frozen=True, slots=True)
class PersonalKey:
    """``key`` is None once it was destroyed."""

    key_id: str
    key: bytes | None


class AccountSealer:
    """Seals and opens for a fixed set of accounts, without I/O. Short-lived: made for one unit of work."""

    def __init__(self, keys: Mapping[tuple[str, str], PersonalKey]) -> None:
        self._keys = keys
        self._by_id = {key.key_id: key.key for key in keys.values()}

    def seal(self, account: str, plain: bytes, purpose: str = ACCOUNT_PURPOSE) -> str:
        """Ciphertext that names its key. Raises ``KeyDestroyed``."""
        key = self._keys[account, purpose]
        if key.key is None:
            raise KeyDestroyed(account=account)
        return seal(key.key_id, key.key, plain)

    def open(self, account: str, sealed: str) -> bytes | None:
        """The plain text, or None where the key was destroyed."""
        assert (account, ACCOUNT_PURPOSE) in self._keys, "the sealer was not asked for this account"
        return open_sealed(sealed, self._by_id)


class KeyStore:
    """Keys from the database, cached for minutes."""

    def __init__(self, pool: asyncpg.Pool, log: FileErasureLog | None = None) -> None:
        self._pool = pool
        self._log = log
        self._cache: dict[tuple[str, str, str], tuple[PersonalKey, float]] = {}
        self._forgotten = 0

    @classmethod
    async def open(cls, *, owner_dsn: str, app_dsn: str, log: FileErasureLog | None = None) -> "KeyStore":
        """Make the table where it does not exist and connect as the application role; what the log names is destroyed again (CON-7)."""
        owner = await asyncpg.connect(owner_dsn)
        try:
            async with owner.transaction():
                await owner.execute("select pg_advisory_xact_lock(hashtextextended('termijn.keys', 0))")
                await owner.execute(SCHEMA)
                erased = await log.read() if log is not None else []
                if erased:
                    columns = [[getattr(one, name) for one in erased] for name in Erased.__struct_fields__]
                    await owner.execute(
                        "select erase_keys_again($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])", *columns
                    )
        finally:
            await owner.close()
        pool = await asyncpg.create_pool(app_dsn, min_size=1, max_size=4, command_timeout=30)
        assert pool is not None
        return cls(pool, log)

    async def close(self) -> None:
        """Give the connections back and forget all keys."""
        self._cache.clear()
        await self._pool.close()

    async def keys_for(self, provider: ProviderId, accounts: Sequence[str], *, purpose: str = ACCOUNT_PURPOSE) -> dict[str, PersonalKey]:
        """A key per account, by account; missing ones are made, destroyed ones stay destroyed. At most one round trip."""
        found = await self._keys_for(provider, [(account, purpose) for account in accounts])
        return {account: key for (account, _), key in found.items()}

    async def _keys_for(self, provider: ProviderId, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], PersonalKey]:
        check_provider(provider)
        expired_before = time.monotonic() - CACHE_SECONDS_MAX
        found: dict[tuple[str, str], PersonalKey] = {}
        for account, purpose in wanted:
            cached = self._cache.get((provider, account, purpose))
            if cached is not None and cached[1] > expired_before:
                found[account, purpose] = cached[0]
        missing = sorted(set(wanted) - found.keys())
        if missing:
            found |= await self._fetch(provider, missing)
        return found

    async def _fetch(self, provider: ProviderId, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], PersonalKey]:
        asked_at, forgotten_before = time.monotonic(), self._forgotten
        new_ids = [os.urandom(12).hex() for _ in wanted]
        new_keys = [os.urandom(KEY_BYTES) for _ in wanted]
        sql = "select account, purpose, key_id, key from personal_keys_of($1, $2::text[], $3::text[], $4::text[], $5::bytea[])"
        rows = await self._pool.fetch(sql, provider, [a for a, _ in wanted], [p for _, p in wanted], new_ids, new_keys)
        fetched = {(row["account"], row["purpose"]): PersonalKey(row["key_id"], row["key"]) for row in rows}
        assert fetched.keys() == set(wanted), "the key store answered for other accounts than were asked for"
        if len(self._cache) > CACHE_KEYS_MAX:
            self._cache.clear()
        if forgotten_before == self._forgotten:  # else one of them may have been destroyed since it was asked for
            for (account, purpose), key in fetched.items():
                self._cache[provider, account, purpose] = (key, asked_at)
        return fetched

    def forget(self, accounts: Sequence[tuple[ProviderId, str]]) -> None:
        """Ask again for the keys of these accounts: some were destroyed by another process (CON-7)."""
        self._forgotten += 1
        gone = set(accounts)
        for known in [key for key in self._cache if key[:2] in gone]:
            del self._cache[known]

    async def sealer(self, provider: ProviderId, accounts: Sequence[str]) -> AccountSealer:
        """Something that seals and opens for these accounts without further I/O, with each key that fields of events are under."""
        purposes = (ACCOUNT_PURPOSE, MANDATE_PURPOSE)
        return AccountSealer(await self._keys_for(provider, [(a, p) for a in accounts for p in purposes]) if accounts else {})

    async def key_named(self, provider: ProviderId, key_id: str) -> PersonalKey | None:
        """The key of that id, as it is now; None where there never was one."""
        check_provider(provider)
        rows = await self._pool.fetch("select key_id, key from personal_key_named($1, $2)", provider, key_id)
        return PersonalKey(rows[0]["key_id"], rows[0]["key"]) if rows else None

    async def live(self, provider: ProviderId, accounts: Sequence[str]) -> list[tuple[str, str]]:
        """Account and purpose of each key of these accounts that is there."""
        check_provider(provider)
        rows = await self._pool.fetch("select account, purpose from live_personal_keys($1, $2::text[])", provider, accounts)
        return [(row["account"], row["purpose"]) for row in rows]

    async def destroy(self, provider: ProviderId, account: str, *, purpose: str = ACCOUNT_PURPOSE) -> bool:
        """Erase what the key sealed, for ever. False where there was none, or it was destroyed before.

        In the log first, so that no backup of the keys can bring it back. Other processes of the service that destroys it hear of it with
        their next transaction (``forgetting.py``) where the account was deleted, all others within ``CACHE_SECONDS_MAX``.
        """
        check_provider(provider)
        key_id = await self._pool.fetchval("select live_personal_key($1, $2, $3)", provider, account, purpose)
        if key_id is None:
            return False
        if self._log is not None:
            await self._log.append(Erased(provider, account, purpose, key_id, machine_now()))
        destroyed = await self._pool.fetchval("select destroy_personal_keys($1, $2, $3)", provider, account, purpose)
        self._forgotten += 1
        self._cache.pop((provider, account, purpose), None)
        return bool(destroyed)

    async def erased(self) -> list[tuple[ProviderId, str]]:
        """The accounts whose key was destroyed, of all providers: whatever is restored forgets them again (CON-7)."""
        rows = await self._pool.fetch("select provider, account from erased_accounts() order by provider, account")
        return [(ProviderId(row["provider"]), row["account"]) for row in rows]
