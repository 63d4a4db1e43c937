"""Two sample services on one log: one that publishes, one that listens to it. For what goes wrong between services.

A pytest plugin; ``pair`` is fresh for each test. Both may be closed and opened again, as processes are.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.database import EVERY_PROVIDER, Address, migrate
from termijn.runtime.handling import Cause, Definition
from termijn.runtime.journal import FileJournal
from termijn.runtime.keys import KeyStore
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.transport.log import LogTransport
from termijn.runtime.transport.log_settings import LogSettings
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER, ManualClock
from termijn.testing.postgres import Databases, TestDatabase
from termijn.testing.sample import JAR, AddMarbles, SetAlarm, sample

PUBLISHER, LISTENER = "contracts", "rating"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Pair:
    """Both services and what they share."""

    folder: Path
    transport: LogTransport
    keys: KeyStore
    clock: ManualClock
    databases: dict[str, TestDatabase]
    log_database: TestDatabase
    running: dict[str, Service] = field(default_factory=dict)

    @property
    def publisher(self) -> Service:
        """Adds marbles and tells of them."""
        return self.running[PUBLISHER]

    @property
    def listener(self) -> Service:
        """Adds as many to its own jar."""
        return self.running[LISTENER]

    async def open(self, name: str, *, has_journal: bool = True) -> Service:
        """As a new process would."""
        self.running[name] = await self.beside(name, has_journal=has_journal)
        return self.running[name]

    async def beside(self, name: str, *, has_journal: bool = True) -> Service:
        """One more process of a service, which the caller turns and closes."""
        definition = sample(name=name, listens_to=PUBLISHER if name == LISTENER else None)
        database = self.databases[name]
        around = Surroundings(
            address=Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn),
            transport=self.transport,
            clock=self.clock,
            keys=self.keys,
            blobs=FileBlobs(self.folder / "blobs"),
            journal=FileJournal(self.folder / "journal") if has_journal else None,
        )
        return await Service.open(definition, around)

    async def close(self, name: str) -> None:
        """The process ends."""
        await self.running.pop(name).close()

    async def add(self, *counts: int, account: str = "acme", by: str | None = None, settle: bool = True) -> None:
        """The publisher puts marbles into the account's jar, a transaction per count."""
        for count in counts:
            await run(self.publisher, AddMarbles(now=self.clock.now(), count=count, by=by), account)
        if settle:
            await self.settle()

    async def settle(self) -> None:
        """Turn both until nothing moves."""
        while sum([await service.flow() for service in self.running.values()]):
            pass

    async def marbles(self, service: Service) -> dict[str, int]:
        """What is in the jars of a service."""
        rows = await service.database.short(EVERY_PROVIDER, "select account, marbles from jar order by account")
        return {row["account"]: row["marbles"] for row in rows}

    async def admin(self, name: str, *statements: str) -> None:
        """Change a service's database behind its back."""
        await _execute(self.databases[name].admin_dsn, statements)

    async def lose(self, *statements: str) -> None:
        """Change the log behind everybody's back."""
        await _execute(self.log_database.admin_dsn, statements)


async def run(service: Service, command: AddMarbles | SetAlarm, account: str = "acme") -> None:
    """Carry out one command."""
    moment = derived_id("pair", account)
    cause = Cause(actor="test", why="test", correlation_id=moment, causation_id=moment)

    async def act(work: UnitOfWork) -> None:
        await work.execute(JAR, account, command, account=AccountId(account))

    await service.run(provider=ProviderId(PROVIDER), cause=cause, act=act)


async def _execute(dsn: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set session_replication_role = replica; " + "; ".join(statements))
    finally:
        await connection.close()


async def _migrated(database: TestDatabase) -> None:
    definition: Definition = sample()
    await migrate(Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn), ["termijn.runtime.schema", definition.package])


@pytest.fixture
async def pair(databases: Databases, tmp_path: Path) -> AsyncIterator[Pair]:
    """Both run, and have heard nothing yet."""
    template = sample().package
    log_database, keys_database = await databases.new("empty"), await databases.new("empty")
    transport = await LogTransport.open(
        owner_dsn=log_database.owner_dsn, app_dsn=log_database.app_dsn, settings=LogSettings(trim_every_s=1e9)
    )
    keys = await KeyStore.open(owner_dsn=keys_database.owner_dsn, app_dsn=keys_database.app_dsn)
    made = Pair(
        folder=tmp_path,
        transport=transport,
        keys=keys,
        clock=ManualClock(NOW),
        databases={name: await databases.new(template, _migrated) for name in (PUBLISHER, LISTENER)},
        log_database=log_database,
    )
    for name in (PUBLISHER, LISTENER):
        await made.open(name)
    yield made
    for name in list(made.running):
        await made.close(name)
    await transport.close()
    await keys.close()
