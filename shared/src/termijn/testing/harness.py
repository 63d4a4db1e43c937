"""One real service for a test: real PostgreSQL, the real log transport, a clock that the test moves, mail into a folder.

A pytest plugin. ``await services.open(definition)`` gives a ``ServiceUnderTest``; other services are played by ``hear``.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import APIRouter, FastAPI

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId, new_event_id
from termijn.runtime import codec
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.clock import machine_now
from termijn.runtime.database import EVERY_PROVIDER, Address, migrate
from termijn.runtime.handling import Cause, Definition
from termijn.runtime.http import Access, Authority, Role, install, mint_token
from termijn.runtime.http.routes import add_routes
from termijn.runtime.keys import KeyStore
from termijn.runtime.laws import Law
from termijn.runtime.service import TOPICS, Service, Surroundings
from termijn.runtime.sql import Row
from termijn.runtime.timers import Instant
from termijn.runtime.transport.base import OutRecord
from termijn.runtime.transport.log import LogTransport
from termijn.testing.documented import hold_to_document
from termijn.testing.postgres import Databases, TestDatabase

PROVIDER = ProviderId("belco")
"""The provider that tests work for where they do not say another."""


class ManualClock:
    """Domain time as the test says."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._now

    async def advance_to(self, instant: datetime) -> None:
        """Forward only."""
        assert instant >= self._now, "the clock goes forward only"
        self._now = instant.astimezone(UTC)


@dataclass(slots=True, kw_only=True)
class ServiceUnderTest:
    """A running service and everything around it that a test needs."""

    service: Service
    clock: ManualClock
    transport: LogTransport
    keys: KeyStore
    folder: Path
    authority: Authority
    database: TestDatabase
    app: FastAPI | None = None
    _numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)

    async def hear(self, publisher: str, *events: Event, account: str, provider: str = PROVIDER) -> list[Envelope]:
        """Play another service: publish these events of it, numbered densely, and let this service take them."""
        envelopes = []
        records = []
        sealer = await self.keys.sealer(ProviderId(provider), [account])
        for event in events:
            key = (publisher, provider, account)
            self._numbers[key] = self._numbers.get(key, 0) + 1
            envelopes.append(self._envelope(publisher, event, ProviderId(provider), AccountId(account), self._numbers[key]))
            records.append(record_of(envelopes[-1], codec.encode(event, account, sealer)))
        await self.transport.ensure_topics([TOPICS[publisher]])
        await self.transport.publish(TOPICS[publisher], records)
        await self.settle()
        return envelopes

    def _envelope(self, publisher: str, event: Event, provider: ProviderId, account: AccountId, number: int) -> Envelope:
        message_id = new_event_id()
        return Envelope(
            id=message_id,
            type=type(event).__name__,
            schema_version=event.SCHEMA_VERSION,
            publisher=publisher,
            provider=provider,
            account=account,
            number=number,
            stream=f"{publisher}-{provider}-{account}",
            version=number,
            occurred_at=self.clock.now(),
            recorded_at=machine_now(),
            actor="test",
            why="test",
            correlation_id=message_id,
            causation_id=message_id,
        )

    async def settle(self) -> None:
        """Turn every step until nothing moves."""
        while await self.service.flow():
            pass

    async def advance_to(self, target: datetime) -> int:
        """Move the clock; everything due in between happens in order. Returns the timers fired."""
        fired = 0
        await self.settle()
        while (due := await self.service.next_due()) is not None and due.due_at <= target:
            await self.clock.advance_to(max(due.due_at, self.clock.now()))
            while done := await self.service.fire(Instant(due.due_at, due.rank)):
                fired += done
            await self.settle()
        await self.clock.advance_to(max(target, self.clock.now()))
        return fired

    async def run(self, aggregate: Aggregate[Any, Any, Any], key: str, *commands: Any, account: str, provider: str = PROVIDER) -> None:
        """Carry commands out in one transaction."""
        occasion = new_event_id()
        cause = Cause(actor="test", why="test", correlation_id=occasion, causation_id=occasion)

        async def act(work: Any) -> None:
            for command in commands:
                await work.execute(aggregate, key, command, account=AccountId(account))

        await self.service.run(provider=ProviderId(provider), cause=cause, act=act)

    async def published(self, kind: type[Event] | None = None, *, account: str | None = None, provider: str = PROVIDER) -> list[Event]:
        """What the service told the world, in order; personal fields opened."""
        rows = await self.transport.read_all(self.service.definition.topic)
        found: list[Event] = []
        for row in rows:
            envelope = msgspec.json.decode(row.headers["envelope"], type=Envelope)
            if envelope.provider == provider and account in (None, envelope.account) and (kind is None or kind.__name__ == envelope.type):
                sealer = await self.keys.sealer(envelope.provider, [envelope.account])
                version = envelope.schema_version
                found.append(self.service.plant.public.decode(envelope.type, version, row.value, envelope.account, sealer))
        return found

    async def rows(self, sql: str, *args: object, provider: str = EVERY_PROVIDER) -> Sequence[Row]:
        """Look into the service's tables."""
        return await self.service.database.short(ProviderId(provider), sql, *args)

    async def broken(self, laws: Sequence[Law]) -> list[Row]:
        """Rows that break these laws."""
        return await self.service.laws_broken([(law.name, law.sql) for law in laws])

    def client(self, role: str = "manager", *, provider: str = PROVIDER, account: str | None = None) -> httpx.AsyncClient:
        """An HTTP client with a token of that role."""
        assert self.app is not None, "open the service with its routes"
        token = mint_token(self.authority, provider=ProviderId(provider), role=Role(role), actor=role, account=account)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://test",
            headers={"authorization": f"Bearer {token}"},
        )


def record_of(envelope: Envelope, data: bytes) -> OutRecord:
    """A message as another service would send it."""
    return OutRecord(key=f"{envelope.provider}/{envelope.account}", value=data, headers={"envelope": msgspec.json.encode(envelope)})


@dataclass(slots=True)
class Services:
    """Opens services for one test and closes them after it."""

    databases: Databases
    folder: Path
    opened: list[ServiceUnderTest] = field(default_factory=list)

    async def open(
        self,
        definition: Definition,
        routes: Callable[[Access], APIRouter] | None = None,
        *,
        now: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        is_documented: bool = True,
    ) -> ServiceUnderTest:
        """The service with a database of its own. ``routes`` (from its app.py) gives it HTTP, whose answers are held to its document."""
        database = await self.databases.new(definition.package, _migrated(definition.package))
        log_database = await self.databases.new("empty")
        keys_database = await self.databases.new("empty")
        transport = await LogTransport.open(owner_dsn=log_database.owner_dsn, app_dsn=log_database.app_dsn)
        keys = await KeyStore.open(owner_dsn=keys_database.owner_dsn, app_dsn=keys_database.app_dsn)
        clock = ManualClock(now)
        around = Surroundings(
            address=Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn),
            transport=transport,
            clock=clock,
            keys=keys,
            blobs=FileBlobs(self.folder / "blobs"),
        )
        service = await Service.open(definition, around)
        authority = Authority.sandbox(self.folder / "token.key")
        under_test = ServiceUnderTest(
            service=service, clock=clock, transport=transport, keys=keys, folder=self.folder, authority=authority, database=database
        )
        if routes is not None:
            under_test.app = FastAPI()
            install(under_test.app)
            add_routes(under_test.app, routes(Access(authority, service)))
            if is_documented:
                hold_to_document(under_test.app)
        self.opened.append(under_test)
        return under_test

    async def close(self) -> None:
        """Close everything that was opened."""
        for one in self.opened:
            await one.service.close()
            await one.transport.close()
            await one.keys.close()


def _migrated(package: str) -> Callable[[TestDatabase], Any]:
    async def prepare(database: TestDatabase) -> None:
        await migrate(Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn), ["termijn.runtime.schema", package])

    return prepare


@pytest.fixture
async def services(databases: Databases, tmp_path: Path) -> AsyncIterator[Services]:
    """``await services.open(definition, routes)`` gives a running service."""
    made = Services(databases, tmp_path)
    try:
        yield made
    finally:
        await made.close()
