"""Which databases and roles an installation has. The same for embedded and for servers elsewhere: all it needs is a superuser's DSN."""

from collections.abc import Sequence

import asyncpg

from termijn.embedded.postgres import EmbeddedPostgres

OWNER = "termijn_owner"
"""Owns databases and tables; migrations only."""
APPLICATION = "termijn_app"
"""What services connect as: owns nothing, and row-level security holds for it."""
SUPERUSER = "postgres"

DATABASES = ("contracts", "rating", "invoice", "dunning", "log", "keys")
"""One per service, one for the log transport and the sandbox clock, one for the keys of personal data."""

_ROLES = f"""
do $$
begin
  if not exists (select from pg_roles where rolname = '{OWNER}') then
    create role {OWNER} login nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  if not exists (select from pg_roles where rolname = '{APPLICATION}') then
    create role {APPLICATION} login nosuperuser nobypassrls nocreaterole nocreatedb noinherit;
  end if;
end
$$
"""


async def ensure_roles(server: EmbeddedPostgres) -> None:
    """Make the two roles where they do not exist."""
    connection = await asyncpg.connect(server.dsn("postgres", SUPERUSER))
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtextextended('termijn.roles', 0))")
            await connection.execute(_ROLES)
    finally:
        await connection.close()


async def ensure_databases(server: EmbeddedPostgres, prefix: str = "termijn", names: Sequence[str] = DATABASES) -> dict[str, str]:
    """Make what does not exist yet of ``<prefix>_<name>``, each owned by the owner and open to the application role.

    Returns the database's name by its short name. May be called at every start, also by several processes at once.
    """
    await ensure_roles(server)
    for name in names:
        await ensure_database(server, f"{prefix}_{name}")
    return {name: f"{prefix}_{name}" for name in names}


async def ensure_database(server: EmbeddedPostgres, database: str, *, template: str | None = None) -> None:
    """Make one database where it does not exist: the application role may connect and use it, nobody else may."""
    connection = await asyncpg.connect(server.dsn("postgres", SUPERUSER))
    try:
        # CREATE DATABASE cannot run in a transaction, so the lock is the session's.
        await connection.execute("select pg_advisory_lock(hashtextextended('termijn.databases', 0))")
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", database):
            # Copying files instead of logging each page: nine times faster, and a template is only ever copied by tests.
            copied = f" template {_name(template)} strategy file_copy" if template else ""
            await connection.execute(f"create database {_name(database)} owner {OWNER}{copied}")
        await connection.execute(f"revoke all on database {_name(database)} from public")
        await connection.execute(f"grant connect, temporary on database {_name(database)} to {APPLICATION}")
    finally:
        await connection.close()
    if template is None:
        await _open_schema(server, database)


async def drop_database(server: EmbeddedPostgres, database: str) -> None:
    """Remove a database and throw out whoever is connected to it."""
    connection = await asyncpg.connect(server.dsn("postgres", SUPERUSER))
    try:
        await connection.execute(f"drop database if exists {_name(database)} with (force)")
    finally:
        await connection.close()


async def _open_schema(server: EmbeddedPostgres, database: str) -> None:
    connection = await asyncpg.connect(server.dsn(database, SUPERUSER))
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtextextended('termijn.schema', 0))")
            await connection.execute(f"alter schema public owner to {OWNER}")
            await connection.execute(f"grant usage on schema public to {APPLICATION}")
    finally:
        await connection.close()


def _name(identifier: str | None) -> str:
    """Quoted for SQL; database names cannot be parameters."""
    assert identifier and identifier.replace("_", "").isalnum(), f"not a database name: {identifier!r}"
    return f'"{identifier}"'
