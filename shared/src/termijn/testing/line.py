"""A line from one service to another over any transport: any number of processes of each, turned by hand or by background loops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from termijn.embedded.loops import Loops
from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.database import EVERY_PROVIDER, Address, migrate
from termijn.runtime.handling import Cause, Transient
from termijn.runtime.keys import KeyStore
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.transport.base import Transport
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER, ManualClock
from termijn.testing.postgres import Databases, TestDatabase
from termijn.testing.sample import JAR, AddMarbles, SetAlarm, sample

PUBLISHER, LISTENER = "contracts", "rating"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOOK_DELAY_S = 0.05

OpenTransport = Callable[[], Awaitable[Transport]]


@dataclass(slots=True, kw_only=True)
class Line:
    """The publisher adds marbles to jars and tells of them; the listener adds as many to its own."""

    folder: Path
    keys: KeyStore
    clock: ManualClock
    databases: dict[str, TestDatabase]
    running: list[Service] = field(default_factory=list)

    async def start(self, name: str, open_transport: OpenTransport) -> Service:
        """One more process of a service."""
        database = self.databases[name]
        around = Surroundings(
            address=Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn),
            transport=await open_transport(),
            clock=self.clock,
            keys=self.keys,
            blobs=FileBlobs(self.folder / "blobs"),
        )
        service = await Service.open(sample(name=name, listens_to=PUBLISHER if name == LISTENER else None), around)
        self.running.append(service)
        return service

    async def stop(self, service: Service) -> None:
        """The process ends."""
        self.running.remove(service)
        await service.close()

    async def add(self, service: Service, *counts: int, account: str = "acme", by: str | None = None) -> None:
        """Put marbles into the account's jar, a transaction per count."""
        for count in counts:
            await self._run(service, account, AddMarbles(now=self.clock.now(), count=count, by=by))

    async def set_alarm(self, service: Service, name: str, *, account: str, days: int) -> None:
        """An alarm of the account that rings so many days after the beginning."""
        await self._run(service, account, SetAlarm(now=self.clock.now(), name=name, at=NOW + timedelta(days=days)))

    async def _run(self, service: Service, account: str, command: AddMarbles | SetAlarm) -> None:
        moment = derived_id("line", account)
        cause = Cause(actor="test", why="test", correlation_id=moment, causation_id=moment)

        async def act(work: UnitOfWork) -> None:
            await work.execute(JAR, account, command, account=AccountId(account))

        await service.run(provider=ProviderId(PROVIDER), cause=cause, act=act)

    async def flow(self, *, seconds: float = 30) -> None:
        """Turn everybody until nothing moves and nothing is on its way; what passes is tried again."""
        deadline = monotonic() + seconds
        while True:
            assert monotonic() < deadline, "it does not come to rest"
            try:
                moved = sum([await service.flow() for service in self.running])
                if not moved and all([await service.is_quiet() for service in self.running]):
                    return
            except Transient:
                await asyncio.sleep(LOOK_DELAY_S)

    async def until(self, is_so: Callable[[], Awaitable[bool]], *, seconds: float = 150) -> None:
        """Wait for what the loops bring about: longer than a group waits for a member that does not answer while places change hands."""
        deadline = monotonic() + seconds
        while not await is_so():
            assert monotonic() < deadline, "it does not come about"
            await asyncio.sleep(LOOK_DELAY_S)

    @asynccontextmanager
    async def looping(self) -> AsyncIterator[None]:
        """Everybody who runs now turns by himself."""
        loops = Loops(self.running)
        loops.start()
        try:
            yield
        finally:
            await loops.stop()

    async def marbles(self, service: Service) -> dict[str, int]:
        """What is in the jars of a service."""
        rows = await service.database.short(EVERY_PROVIDER, "select account, marbles from jar order by account")
        return {row["account"]: row["marbles"] for row in rows}

    async def counts(self, service: Service, account: str = "acme") -> list[int]:
        """What went into a jar, in order."""
        sql = "select data ->> 'count' as count from event where account = $1 and type = 'MarblesAdded' order by version"
        return [int(row["count"]) for row in await service.database.short(EVERY_PROVIDER, sql, account)]

    async def rang(self, service: Service) -> list[str]:
        """Accounts whose alarms rang."""
        rows = await service.database.short(EVERY_PROVIDER, "select account from event where type = 'AlarmRang' order by account")
        return [row["account"] for row in rows]


async def _migrated(database: TestDatabase) -> None:
    await migrate(Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn), ["termijn.runtime.schema", sample().package])


@asynccontextmanager
async def open_line(databases: Databases, folder: Path) -> AsyncIterator[Line]:
    """Databases for both services, and nobody who runs yet."""
    at = await databases.new()
    keys = await KeyStore.open(owner_dsn=at.owner_dsn, app_dsn=at.app_dsn)
    line = Line(
        folder=folder,
        keys=keys,
        clock=ManualClock(NOW),
        databases={name: await databases.new(sample().package, _migrated) for name in (PUBLISHER, LISTENER)},
    )
    yield line
    for service in list(line.running):
        await line.stop(service)
    await keys.close()
