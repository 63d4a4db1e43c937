"""The world of a simulation: the four real services on real PostgreSQL in one process, over a transport that does its worst.

Nothing turns by itself: each step is asked for by name. A service can die and be opened anew; what it only remembered is gone.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI

import termijn.contracts.app
import termijn.dunning.app
import termijn.invoice.app
import termijn.rating.app
from termijn.embedded import databases
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.embedded.site import build_service_app
from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.database import EVERY_PROVIDER, Address
from termijn.runtime.handling import Definition
from termijn.runtime.http import Authority, Role, install, mint_token
from termijn.runtime.keys import KeyStore
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.sql import Row
from termijn.runtime.timers import Instant
from termijn.runtime.transport.log import LogTransport
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_post import Post
from termijn.testing.simulation_transport import LossyTransport, Mischief

SERVICES = ("contracts", "rating", "invoice", "dunning")


class StandingClock:
    """Domain time as the simulation says. It survives every crash, as the row of the sandbox clock does."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._now

    async def advance_to(self, instant: datetime) -> None:
        """Forward only."""
        assert instant >= self._now, "the clock goes forward only"
        self._now = instant.astimezone(UTC)


class Place:
    """Where a service stands, for the HTTP routes: they outlive the services that die."""

    def __init__(self) -> None:
        self.service: Service | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)


@dataclass(slots=True, kw_only=True)
class World:
    """Made by ``open_world``."""

    server: EmbeddedPostgres
    prefix: str
    clock: StandingClock
    post: Post
    mischief: Mischief
    transport: LossyTransport
    keys: KeyStore
    folder: Path
    authority: Authority
    places: Mapping[str, Place] = field(default_factory=lambda: {name: Place() for name in SERVICES})
    site: FastAPI = field(init=False)
    _clients: dict[tuple[str, str, str | None], httpx.AsyncClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(self.site)
        for name, place in self.places.items():
            self.site.mount(f"/{name}", build_service_app(cast(Service, _named(place, name)), self.authority))

    def service(self, name: str) -> Service:
        """The one that lives now."""
        found = self.places[name].service
        assert found is not None, f"{name} is not running"
        return found

    @property
    def services(self) -> list[Service]:
        """All four."""
        return [self.service(name) for name in SERVICES]

    async def start(self, name: str) -> None:
        """Open the service on its database, as a new process would."""
        at = _address(self.server, f"{self.prefix}_{name}")
        blobs = FileBlobs(self.folder / "blobs")
        around = Surroundings(address=at, transport=self.transport, clock=self.clock, keys=self.keys, blobs=blobs)
        self.places[name].service = await Service.open(self._definition(name), around)

    async def die(self, name: str) -> None:
        """All that it only remembered is gone."""
        service, self.places[name].service = self.service(name), None
        await service.close()

    def _definition(self, name: str) -> Definition:
        match name:
            case "contracts":
                return termijn.contracts.app.definition(self.post)
            case "rating":
                return termijn.rating.app.definition()
            case "invoice":
                return termijn.invoice.app.definition(self.post)
            case "dunning":
                return termijn.dunning.app.definition(self.post)
        raise KeyError(name)

    def client(self, role: str, provider: str, *, account: str | None = None) -> httpx.AsyncClient:
        """An HTTP client with a token of that role (a customer's with the account), straight to the handlers."""
        key = (role, provider, account)
        known = self._clients.get(key)
        if known is None:
            token = mint_token(
                self.authority, provider=ProviderId(provider), role=Role(role), actor=role, account=account, ttl_s=TOKEN_SECONDS
            )
            known = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.site),
                base_url="http://termijn.local",
                headers={"authorization": f"Bearer {token}"},
                timeout=600,
            )
            self._clients[key] = known
        return known

    async def rows(self, name: str, sql: str, *args: object) -> list[Row]:
        """Look into a service's tables, over all providers."""
        return list(await self.service(name).database.short(EVERY_PROVIDER, sql, *args))

    async def next_due(self) -> Instant | None:
        """The earliest date that any service waits for."""
        return min([due for each in self.services if (due := await each.next_due()) is not None], default=None)

    async def close(self) -> None:
        """Close what still runs."""
        for client in self._clients.values():
            await client.aclose()
        for place in self.places.values():
            if place.service is not None:
                await place.service.close()


TOKEN_SECONDS = 24 * 3600


def _named(place: Place, name: str) -> Place:
    place.__dict__["name"] = name
    return place


def _address(server: EmbeddedPostgres, database: str) -> Address:
    return Address(app_dsn=server.dsn(database, databases.APPLICATION), owner_dsn=server.dsn(database, databases.OWNER))


@asynccontextmanager
async def open_world(
    server: EmbeddedPostgres, *, prefix: str, folder: Path, starts_at: datetime, chance: Chance, mischief: Mischief
) -> AsyncIterator[World]:
    """A fresh world under databases of its own, which are removed at the end."""
    names = await databases.ensure_databases(server, prefix)
    async with AsyncExitStack() as stack:
        for name in names.values():
            stack.push_async_callback(databases.drop_database, server, name)
        log_at, keys_at = _address(server, names["log"]), _address(server, names["keys"])
        log = await LogTransport.open(app_dsn=log_at.app_dsn, owner_dsn=log_at.owner_dsn)
        stack.push_async_callback(log.close)
        keys = await KeyStore.open(app_dsn=keys_at.app_dsn, owner_dsn=keys_at.owner_dsn)
        stack.push_async_callback(keys.close)
        clock = StandingClock(starts_at)
        world = World(
            server=server,
            prefix=prefix,
            clock=clock,
            post=Post(clock, chance, mischief),
            mischief=mischief,
            transport=LossyTransport(log, chance, mischief),
            keys=keys,
            folder=folder,
            authority=Authority.sandbox(folder / "token.key"),
        )
        stack.push_async_callback(world.close)
        for name in SERVICES:
            await world.start(name)
        yield world
