"""Fixtures over a real PostgreSQL: one embedded server per test process, a database in milliseconds by copying a template.

A pytest plugin: the ``conftest.py`` at the top of the repository names it.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from termijn.embedded.databases import APPLICATION, OWNER, SUPERUSER, ensure_database, ensure_roles
from termijn.embedded.postgres import EmbeddedPostgres, Settings, start_now

_numbers = itertools.count(1)

MEMORY_BYTES_MIN = 4 * 1024**3
"""A test process needs some hundreds of MB; several may run at once."""


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """One database of a test. ``app_dsn`` connects as a service does, ``owner_dsn`` as migrations do, ``admin_dsn`` as superuser."""

    __test__ = False

    server: EmbeddedPostgres
    name: str

    @property
    def app_dsn(self) -> str:
        """As the role that owns nothing."""
        return self.server.dsn(self.name, APPLICATION)

    @property
    def owner_dsn(self) -> str:
        """As the role that migrates."""
        return self.server.dsn(self.name, OWNER)

    @property
    def admin_dsn(self) -> str:
        """As superuser: what tests use to look behind row-level security."""
        return self.server.dsn(self.name, SUPERUSER)


Prepare = Callable[[TestDatabase], Awaitable[None]]


async def _nothing(database: TestDatabase) -> None:
    return None


@dataclass(slots=True)
class Databases:
    """Makes databases for one test."""

    server: EmbeddedPostgres
    templates: dict[str, str]

    async def new(self, template: str = "empty", prepare: Prepare = _nothing) -> TestDatabase:
        """A database of this test's own, copied from ``template``.

        The first to ask for a template makes it with ``prepare`` (run migrations there, close every connection); it is kept
        for the whole test process, so its name must say all that is in it.
        """
        if template not in self.templates:
            made = TestDatabase(self.server, f"template_{next(_numbers)}")
            await ensure_database(self.server, made.name)
            await prepare(made)
            self.templates[template] = made.name
        database = TestDatabase(self.server, f"test_{next(_numbers)}")
        await ensure_database(self.server, database.name, template=self.templates[template])
        return database


def fast_folder() -> str | None:
    """Memory, where there is enough of it: each test copies databases of a thousand files, and a disk shared with others is slow."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES_MIN
    return str(memory) if is_roomy else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """One server for this test process (with xdist: one per worker), gone with its files at the end."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-test-", dir=fast_folder()))
    server = start_now(folder, Settings.for_tests())
    try:
        yield server
    finally:
        server.stop_now()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_templates() -> dict[str, str]:
    """Which templates exist on the server, by what they hold."""
    return {}


@pytest.fixture
async def databases(postgres_server: EmbeddedPostgres, database_templates: dict[str, str]) -> AsyncIterator[Databases]:
    """``await databases.new()`` gives a fresh database. It goes with its server: dropping one costs a checkpoint, seconds in all."""
    await ensure_roles(postgres_server)
    yield Databases(postgres_server, database_templates)
