"""Where a benchmark runs: an embedded PostgreSQL with the product's settings, in a folder that is removed afterwards."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from termijn.bench.measure import Say
from termijn.embedded import databases, postgres
from termijn.embedded.databases import APPLICATION, OWNER, SUPERUSER
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.embedded.transports import BOOTSTRAP, KINDS, MadeAs, open_transport
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ProviderId, derived_id
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.clock import SandboxClock
from termijn.runtime.database import Address
from termijn.runtime.handling import Cause, Definition
from termijn.runtime.keys import KeyStore
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.transport.base import Transport

PROVIDER = ProviderId("bench")
STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""What the sandbox clock says at first: a domain time like any other."""

CAUSE = Cause(actor="bench", why="it is measured", correlation_id=derived_id("bench"), causation_id=derived_id("bench"))


@dataclass(slots=True, kw_only=True)
class Rig:
    """A server and what services need around them."""

    folder: Path
    server: EmbeddedPostgres
    clock: SandboxClock
    transport: Transport
    _keys: KeyStore
    _stack: AsyncExitStack

    async def service(self, definition: Definition, database: str) -> Service:
        """Open a service on a database of its own; closed with the rig."""
        await databases.ensure_databases(self.server, "bench", [database])
        around = Surroundings(
            address=address_of(self.server, f"bench_{database}"),
            transport=self.transport,
            clock=self.clock,
            keys=self._keys,
            blobs=FileBlobs(self.folder / "blobs"),
        )
        service = await Service.open(definition, around)
        self._stack.push_async_callback(service.close)
        return service

    async def raw(self, database: str) -> asyncpg.Connection:
        """A plain connection to a service's database, past everything of ours: for ceilings. Closed with the rig."""
        connection = await asyncpg.connect(self.server.dsn(f"bench_{database}", SUPERUSER))
        self._stack.push_async_callback(connection.close)
        return connection


def address_of(server: EmbeddedPostgres, database: str) -> Address:
    """A database as services reach it."""
    return Address(app_dsn=server.dsn(database, APPLICATION), owner_dsn=server.dsn(database, OWNER))


@asynccontextmanager
async def temporary_folder() -> AsyncIterator[Path]:
    """A folder that is gone afterwards, whatever happened."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def rigged(say: Say, *, transport: str = "log") -> AsyncIterator[Rig]:
    """Start a server, and stop and remove it afterwards; for ``kafka`` also a broker, unless KAFKA_BOOTSTRAP_SERVERS says where one is.

    Raises ``InvalidInput`` for a transport that is not there.
    """
    if transport not in KINDS:
        raise InvalidInput(field="transport", reason=f"{transport!r} is none; there are {' and '.join(KINDS)}")
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(temporary_folder())
        say("starting PostgreSQL" if transport == "log" else "starting PostgreSQL and Kafka")
        server = await postgres.start(folder / "postgres")
        stack.push_async_callback(server.stop)
        await databases.ensure_databases(server, "bench", ["log", "keys"])
        log_at, keys_at = address_of(server, "bench_log"), address_of(server, "bench_keys")
        made = MadeAs(is_sandbox=True, transport=transport, kafka_bootstrap=os.environ.get(BOOTSTRAP))
        bus = await open_transport(made, stack, folder=folder, log=log_at, prefix="bench")
        keys = await KeyStore.open(app_dsn=keys_at.app_dsn, owner_dsn=keys_at.owner_dsn)
        stack.push_async_callback(keys.close)
        pool = await asyncpg.create_pool(log_at.app_dsn, min_size=1, max_size=2, command_timeout=60)
        stack.push_async_callback(pool.close)
        clock = await SandboxClock.open(pool, owner_dsn=log_at.owner_dsn, starts_at=STARTS_AT)
        yield Rig(folder=folder, server=server, clock=clock, transport=bus, _keys=keys, _stack=stack)


async def count(connection: Any, table: str, where: str = "true") -> int:
    """How many rows a table holds, for the assertions that close a benchmark."""
    return int(await connection.fetchval(f"select count(*) from {table} where {where}"))
