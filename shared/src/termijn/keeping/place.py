"""Where an installation lies: its folder, its server, and the names of its databases there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from termijn.embedded import postgres
from termijn.embedded.databases import DATABASES, SUPERUSER
from termijn.embedded.postgres import EmbeddedPostgres

SERVICES = tuple(name for name in DATABASES if name not in ("log", "keys"))
"""Databases that belong to a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One installation."""

    folder: Path
    server: EmbeddedPostgres
    prefix: str = "termijn"

    def name(self, short: str) -> str:
        """The name of a database."""
        return f"{self.prefix}_{short}"

    def dsn(self, short: str) -> str:
        """As superuser: dumps must see every row."""
        return self.server.dsn(self.name(short), SUPERUSER)

    @property
    def journal(self) -> Path:
        """Where its services keep their journal."""
        return self.folder / "journal"

    @property
    def blobs(self) -> Path:
        """Where its blobs lie."""
        return self.folder / "blobs"

    @asynccontextmanager
    async def superuser(self, database: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        """A connection past every policy."""
        connection = await asyncpg.connect(self.server.dsn(database, SUPERUSER))
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def at_place(folder: Path) -> AsyncIterator[Place]:
    """The installation of that folder, with its server running (joined where it runs already)."""
    server = await postgres.start(folder / "postgres")
    try:
        yield Place(folder=folder, server=server)
    finally:
        await server.stop()
