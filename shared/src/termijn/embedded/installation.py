"""The embedded default: four services and their HTTP APIs in one process, over one folder.

The composition root. Everything else is given what it needs; only this file knows that the parts live together.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
from fastapi import FastAPI

import termijn.contracts.app
import termijn.dunning.app
import termijn.invoice.app
import termijn.rating.app
from termijn.embedded import databases, postgres
from termijn.embedded.loops import Loops
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.embedded.site import build_site
from termijn.embedded.transports import made_as, open_transport
from termijn.embedded.verify import Books, verify
from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.clock import Clock, ClockIsReal, SandboxClock, SystemClock, machine_now
from termijn.runtime.database import Address
from termijn.runtime.erasure_log import ERASURE_LOG, FileErasureLog
from termijn.runtime.handling import Definition
from termijn.runtime.http import Authority, Role, mint_token
from termijn.runtime.journal import FileJournal
from termijn.runtime.keys import KeyStore
from termijn.runtime.mail import MaildirMailer, Mailer
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.timers import Instant

UNQUIET_DELAY_S = 0.02
"""Machine time before looking again, where messages lie in a partition that changes hands."""


@dataclass(slots=True, kw_only=True)
class Installation:
    """A running embedded installation. Made by ``open_installation``."""

    folder: Path
    clock: Clock
    services: Sequence[Service]
    app: FastAPI
    authority: Authority
    loops: Loops = field(init=False)

    def __post_init__(self) -> None:
        self.loops = Loops(self.services)

    def service(self, name: str) -> Service:
        """One of the four, by name."""
        return next(s for s in self.services if s.name == name)

    def token(self, role: str, provider: str, account: str | None = None, actor: str | None = None) -> str:
        """A bearer token for the sandbox; its key lies in the installation's folder."""
        return mint_token(self.authority, provider=ProviderId(provider), role=Role(role), actor=actor or role, account=account)

    def client(self, role: str, provider: str, account: str | None = None) -> httpx.AsyncClient:
        """An HTTP client with a token of that role, straight to the APIs of this process."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://termijn.local",
            headers={"authorization": f"Bearer {self.token(role, provider, account)}"},
            timeout=600,
        )

    async def settle(self) -> None:
        """Turn every step until nothing moves: all outboxes empty, all messages handled, all workers idle, seen twice."""
        quiet = 0
        while quiet < 2:
            quiet = quiet + 1 if await self._is_quiet() else 0

    async def _is_quiet(self) -> bool:
        """Turn every step once; whether nothing moved, nor waits for another process."""
        moved = sum([await service.flow() for service in self.services])
        if moved:
            return False
        is_quiet = all([await service.is_quiet() for service in self.services])
        if not is_quiet:
            await asyncio.sleep(UNQUIET_DELAY_S)
        return is_quiet

    async def next_due(self) -> Instant | None:
        """The earliest date that any service waits for."""
        return min([due for s in self.services if (due := await s.next_due()) is not None], default=None)

    async def advance_to(self, target: datetime) -> int:
        """Move the sandbox clock; everything due in between happens in order, in every service, before this returns (TIM-2).

        A discrete-event loop: wait until quiet, go to the earliest date, fire what is due then, again. Returns timers fired.
        """
        if not isinstance(self.clock, SandboxClock):
            raise ClockIsReal
        fired = 0
        while True:
            due = await self._next()
            if due is None or due.due_at > target:
                break
            if due.due_at > self.clock.now():
                await self.clock.advance_to(due.due_at)
            here = sum([await self._fire_all(service, due) for service in self.services])
            fired += here
            if not here:
                await asyncio.sleep(UNQUIET_DELAY_S)  # another process fires it
        if target > self.clock.now():
            await self.clock.advance_to(target)
        return fired

    async def _next(self) -> Instant | None:
        """The earliest date, when all is quiet: looked at between two looks around.

        A process beside this one may fire what is due just after the first; what follows from it is seen in the second.
        """
        while True:
            while not await self._is_quiet():
                pass
            due = await self.next_due()
            if (due is not None and due.due_at <= self.clock.now()) or await self._is_quiet():
                return due

    async def _fire_all(self, service: Service, due: Instant) -> int:
        fired = 0
        while done := await service.fire(due):
            fired += done
        return fired

    async def verify(self) -> list[str]:
        """The broken laws, each as a sentence; empty when the books are right."""
        return list((await self.books()).broken)

    async def books(self) -> Books:
        """Everything that was checked: broken laws, and what is in transit between services."""
        return await verify(self.services)


@asynccontextmanager
async def open_installation(
    folder: Path,
    *,
    sandbox: bool = True,
    transport: str | None = None,
    kafka_bootstrap: str | None = None,
    sandbox_start: datetime | None = None,
    server: EmbeddedPostgres | None = None,
    prefix: str = "termijn",
) -> AsyncIterator[Installation]:
    """Start or go on with the installation in this folder.

    What an installation was made as it stays: a sandbox (whose clock starts at ``sandbox_start``, else now) or on the real clock,
    over the ``log`` (where nothing else is said) or over ``kafka``: the brokers of ``kafka_bootstrap``, else of the environment's
    KAFKA_BOOTSTRAP_SERVERS, else one of its own where Java and Maven are there.
    ``server`` is a PostgreSQL that runs already (and stays the caller's), ``prefix`` the names of its databases there.
    """
    made = await asyncio.to_thread(made_as, folder, sandbox=sandbox, transport=transport, kafka_bootstrap=kafka_bootstrap)
    async with AsyncExitStack() as stack:
        at = await _open_databases(stack, folder, server, prefix)
        bus = await open_transport(made, stack, folder=folder, log=at["log"], prefix=prefix)
        keys = await _open_keys(stack, at["keys"], folder)
        journal = stack.enter_context(closing(FileJournal(folder / "journal")))
        clock = await _open_sandbox_clock(stack, at["log"], sandbox_start or machine_now()) if made.is_sandbox else SystemClock()
        services: list[Service] = []
        for definition in _definitions(MaildirMailer(folder / "mail", clock)):
            around = Surroundings(
                address=at[definition.name],
                transport=bus,
                clock=clock,
                keys=keys,
                blobs=FileBlobs(folder / "blobs"),
                journal=journal,
                has_collectors=made.transport == "kafka",
            )
            services.append(await _opened(stack, definition, around))
        authority = await asyncio.to_thread(Authority.sandbox, folder / "token.key")
        installation = Installation(folder=folder, clock=clock, services=services, app=build_site(services, authority), authority=authority)
        stack.push_async_callback(installation.loops.stop)
        yield installation


async def _opened(stack: AsyncExitStack, definition: Definition, around: Surroundings) -> Service:
    service = await Service.open(definition, around)
    stack.push_async_callback(service.close)
    return service


async def _open_keys(stack: AsyncExitStack, address: Address, folder: Path) -> KeyStore:
    """With the log of what was erased beside it."""
    erased = FileErasureLog(folder / "journal" / ERASURE_LOG)
    keys = await KeyStore.open(app_dsn=address.app_dsn, owner_dsn=address.owner_dsn, log=erased)
    stack.push_async_callback(keys.close)
    return keys


async def _open_databases(stack: AsyncExitStack, folder: Path, server: EmbeddedPostgres | None, prefix: str) -> dict[str, Address]:
    """The address of each database, by its short name; a server of our own where none is given."""
    if server is None:
        server = await postgres.start(folder / "postgres")
        stack.push_async_callback(server.stop)
    names = await databases.ensure_databases(server, prefix)
    return {short: _address(server, name) for short, name in names.items()}


async def _open_sandbox_clock(stack: AsyncExitStack, log: Address, starts_at: datetime) -> Clock:
    """A row of the log's database, so that every process of the installation reads one clock (TIM-2)."""
    pool = await asyncpg.create_pool(log.app_dsn, min_size=1, max_size=2, command_timeout=60)
    stack.push_async_callback(pool.close)
    return await SandboxClock.open(pool, owner_dsn=log.owner_dsn, starts_at=starts_at)


def _address(server: EmbeddedPostgres, database: str) -> Address:
    return Address(app_dsn=server.dsn(database, databases.APPLICATION), owner_dsn=server.dsn(database, databases.OWNER))


def _definitions(mailer: Mailer) -> Sequence[Definition]:
    return (
        termijn.contracts.app.definition(mailer),
        termijn.rating.app.definition(),
        termijn.invoice.app.definition(mailer),
        termijn.dunning.app.definition(mailer),
    )
