"""One service's database: migrations, roles, row-level security, epochs, and the pool that everything else takes its connections from."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg

from termijn.kernel.ids import ProviderId
from termijn.runtime.forgetting import Forgetting, is_behind
from termijn.runtime.session_locks import SessionLocks
from termijn.runtime.sql import Row

EVERY_PROVIDER = ProviderId("*")
"""What the machinery says when it works for all tenants at once; a service's own code never does."""

RESTORED_ELSEWHERE = "the database comes from another server"
"""Why a service is held that finds its database on another cluster than before."""

_PROVIDER = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")
_MIGRATION_LOCK = 7_311_001

CLOSE_SECONDS_MAX = 5
"""How long a process that ends waits for its own transactions; what is cut off is done again by the next."""

_SECURE = """
do $$
declare t text;
begin
  for t in
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'provider' and not a.attisdropped
    where n.nspname = 'public' and c.relkind in ('r', 'p')
  loop
    execute format('alter table %I enable row level security', t);
    execute format('drop policy if exists one_provider on %I', t);
    execute format('create policy one_provider on %I using (
      provider = (select current_setting(''termijn.provider'', true))
      or (select current_setting(''termijn.provider'', true)) = ''*'')', t);
  end loop;
end $$;
grant usage on schema public to termijn_app;
grant select, insert, update, delete on all tables in schema public to termijn_app;
grant usage on all sequences in schema public to termijn_app;
revoke update, delete on event from termijn_app;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How to reach one database: as the application role, which owns nothing, and as the owner, who migrates."""

    app_dsn: str
    owner_dsn: str


def check_provider(provider: str) -> ProviderId:
    """A provider id that is safe to put into a setting; raises ValueError."""
    if provider != EVERY_PROVIDER and not _PROVIDER.match(provider):
        raise ValueError(f"not a provider id: {provider!r}")
    return ProviderId(provider)


async def migrate(address: Address, packages: Sequence[str]) -> int:
    """Bring the schema up to date and return the current epoch. Safe to run from several processes at once."""
    connection = await asyncpg.connect(address.owner_dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _MIGRATION_LOCK)
        await connection.execute(
            "create table if not exists migration (name text primary key, sha256 text not null, done_at timestamptz default now())"
        )
        done = {row["name"]: row["sha256"] for row in await connection.fetch("select name, sha256 from migration")}
        ran = False
        for name, text in _migrations(packages):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    raise RuntimeError(f"migration {name} was changed after it ran; write a new one instead")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("insert into migration (name, sha256) values ($1, $2)", name, digest)
            ran = True
        if ran:
            await connection.execute(_SECURE)
        return await _epoch(connection)
    finally:
        await connection.close()


def _migrations(packages: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for package in packages:
        for entry in sorted((files(package) / "sql").iterdir(), key=lambda e: e.name):
            if re.match(r"^\d{4}_\w+\.sql$", entry.name):
                found.append((f"{package}/{entry.name}", entry.read_text(encoding="utf-8")))
    return found


async def _epoch(connection: asyncpg.Connection) -> int:
    """The current epoch; a new one where this cluster is not the one that the last epoch lived on (a restore elsewhere).

    A dump restored elsewhere carries transaction ids of the old cluster; compared with the new one's they hid 3,000 of 3,000 events.
    """
    system = str(await connection.fetchval("select system_identifier from pg_control_system()"))
    last = await connection.fetchrow("select epoch, system_identifier from store_epoch order by epoch desc limit 1")
    if last is not None and last["system_identifier"] == system:
        return int(last["epoch"])
    epoch = 1 if last is None else last["epoch"] + 1
    await connection.execute("insert into store_epoch (epoch, system_identifier) values ($1, $2)", epoch, system)
    if last is not None:
        await connection.execute("insert into service_hold (reason) values ($1) on conflict do nothing", RESTORED_ELSEWHERE)
    return epoch


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Knows whether its session may hold advisory locks, so that only then giving it back to the pool costs a round trip.

    Nothing else outlives a transaction here: settings are SET LOCAL, and nothing listens or opens cursors.
    """

    __slots__ = ("may_hold_locks",)

    def note_locks(self) -> None:
        """Call before the first advisory lock of this session is asked for."""
        self.may_hold_locks = True

    async def give_back(self) -> None:
        """What the pool does on release: also after a cancelled task, whose own clean-up may not have run."""
        if getattr(self, "may_hold_locks", False):
            await self.execute("select pg_advisory_unlock_all()")
            self.may_hold_locks = False


class ServiceDatabase:
    """The pool of one service, and the two kinds of transaction that exist: serious (REPEATABLE READ) and short."""

    def __init__(self, pool: asyncpg.Pool, epoch: int, app_dsn: str) -> None:
        self.pool = pool
        self.epoch = epoch
        self.locks = SessionLocks(app_dsn)
        self.forgetting = Forgetting()
        self._app_dsn = app_dsn

    @classmethod
    async def open(cls, address: Address, packages: Sequence[str], *, connections_max: int = 12) -> "ServiceDatabase":
        """Migrate, then connect as the application role."""
        epoch = await migrate(address, packages)
        pool = await asyncpg.create_pool(
            address.app_dsn,
            min_size=1,
            max_size=connections_max,
            command_timeout=120,
            connection_class=PooledConnection,
            reset=PooledConnection.give_back,
        )
        assert pool is not None
        database = cls(pool, epoch, address.app_dsn)
        async with pool.acquire() as connection:
            await database.forgetting.hear(connection)
        return database

    async def close(self) -> None:
        """Give all connections back to the server; work that does not end in time is rolled back by ending its session."""
        await self.locks.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[Any]:
        """A connection outside the pool, closed afterwards with all that its session made: for temporary tables."""
        connection = await asyncpg.connect(self._app_dsn)
        try:
            yield connection
        finally:
            await connection.close(timeout=30)

    @asynccontextmanager
    async def transaction(self, provider: ProviderId, *, isolation: str = "repeatable read") -> AsyncIterator[Any]:
        """A connection inside a transaction that sees one provider only (SEC-1); commits unless the block raises."""
        check_provider(provider)
        async with self.pool.acquire() as connection, self.begun(connection, provider, isolation=isolation):
            yield connection

    @asynccontextmanager
    async def begun(self, connection: Any, provider: ProviderId, *, isolation: str = "repeatable read") -> AsyncIterator[None]:
        """A transaction on this connection, in which nothing is remembered of an account that it sees erased (CON-7)."""
        async with begun(connection, provider, isolation=isolation, forgetting=self.forgetting):
            yield

    async def short(self, provider: ProviderId, sql: str, *args: object) -> Sequence[Row]:
        """Run one statement for the provider in a READ COMMITTED transaction of its own."""
        async with self.transaction(provider, isolation="read committed") as connection:
            rows: Sequence[Row] = await connection.fetch(sql, *args)
            return rows


@asynccontextmanager
async def begun(
    connection: Any, provider: ProviderId, *, isolation: str = "repeatable read", forgetting: Forgetting | None = None
) -> AsyncIterator[None]:
    """The transaction itself, opened in one round trip with its tenant. Without ``forgetting`` it may use nothing kept in memory."""
    opening = f"begin isolation level {isolation}; set local termijn.provider = '{check_provider(provider)}'"
    while True:
        check = "" if forgetting is None else f"; select check_forgotten({forgetting.known})"
        try:
            await connection.execute(opening + check)
            break
        except asyncpg.PostgresError as error:
            await connection.execute("rollback")
            if forgetting is None or not is_behind(error):
                raise
            await forgetting.hear(connection)
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            # What went wrong first is what the caller must hear of; a session that cannot roll back is ended by the pool.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await connection.execute("rollback")
        raise
    await connection.execute("commit")
