"""The transports that the contract tests run on. Each gives as many instances as a test wants, one for each "process" in it."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from termijn.embedded.databases import ensure_roles
from termijn.embedded.postgres import EmbeddedPostgres, Settings, start_now
from termijn.runtime.transport.base import Transport
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_settings import KafkaSettings
from termijn.runtime.transport.log import LogTransport
from termijn.runtime.transport.log_settings import LogSettings
from termijn.testing.fire_field import kill_server
from termijn.testing.kafka import Broker
from termijn.testing.line import Line, open_line
from termijn.testing.postgres import Databases, fast_folder

FAST = LogSettings(keep=timedelta(hours=1), look_every_s=0.05, lease_s=1.0, poll_every_s=0.02, trim_every_s=0.0)

_numbers = itertools.count(1)


HASTY_SESSION_S = 0.5
"""How long a member may be silent where a test has no time: a sixtieth of what it is in an installation."""


@dataclass(frozen=True)
class Kit:
    """``open``: an instance as another process has it; ``hasty``: one that is impatient in all it does (``HASTY_SESSION_S``).

    ``lose_everything``: delete all records of a topic behind its back. ``restart``: whatever keeps the records ends at once and
    comes back. ``away``: nobody answers inside of the block.
    """

    open: Callable[[], Awaitable[Transport]]
    hasty: Callable[[], Awaitable[Transport]]
    lose_everything: Callable[[str], Awaitable[None]]
    restart: Callable[[], Awaitable[None]]
    away: Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(params=[pytest.param("log_kit", marks=pytest.mark.database), pytest.param("kafka_kit", marks=pytest.mark.slow)])
def kit(request: pytest.FixtureRequest) -> Kit:
    kit: Kit = request.getfixturevalue(request.param)
    return kit


@pytest.fixture
async def line(databases: Databases, tmp_path: Path) -> AsyncIterator[Line]:
    """Two services and nobody who runs them yet. Closed before the transports are: members leave their groups."""
    async with open_line(databases, tmp_path) as line:
        yield line


class LogServer:
    """A database server for logs alone, which a test may stop and kill: those of the services are somewhere else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = self._started()

    def start(self) -> None:
        """With all that it held, at the same place."""
        before, self.server = self.server, self._started()
        before.stop_now()  # it counted as somebody who uses the server

    def _started(self) -> EmbeddedPostgres:
        return start_now(self.folder / "postgres", Settings.for_tests())

    def stop(self) -> None:
        """Take it away."""
        self.server.stop_now()

    def kill(self) -> None:
        """Take it away as a power failure does."""
        kill_server(self.folder)


@pytest.fixture(scope="session")
def log_server() -> Iterator[LogServer]:
    """One for this test process, gone with its files at the end."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-log-", dir=fast_folder()))
    made = LogServer(folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def log_kit(log_server: LogServer) -> AsyncIterator[Kit]:
    await ensure_roles(log_server.server)
    database = await Databases(log_server.server, {}).new()
    async with AsyncExitStack() as opened:

        async def open_log(settings: LogSettings = FAST) -> Transport:
            transport = await LogTransport.open(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn, settings=settings)
            opened.push_async_callback(transport.close)
            return transport

        async def restart() -> None:
            await asyncio.to_thread(log_server.kill)
            await asyncio.to_thread(log_server.start)

        @asynccontextmanager
        async def away() -> AsyncIterator[None]:
            await asyncio.to_thread(log_server.stop)
            try:
                yield
            finally:
                await asyncio.to_thread(log_server.start)

        async def lose(topic: str) -> None:
            admin = await asyncpg.connect(database.admin_dsn)
            # What a group has not passed is not trimmed, so all of them pass it for a moment.
            await admin.execute("create temp table before as select * from log_group_offset")
            await admin.execute("update log_group_offset set next_offset = 1000000")
            settings = replace(FAST, keep=timedelta(0))
            transport = await LogTransport.open(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn, settings=settings)
            await transport.trim([topic])
            await transport.close()
            await admin.execute(
                "update log_group_offset g set next_offset = b.next_offset from before b "
                "where (g.group_name, g.topic, g.partition) = (b.group_name, b.topic, b.partition)"
            )
            await admin.close()

        hasty = replace(FAST, lease_s=HASTY_SESSION_S)
        yield Kit(open_log, lambda: open_log(hasty), lose, restart, away)


@pytest.fixture
def kafka_settings(kafka_broker: Broker) -> KafkaSettings:
    """Names of this test's own on a broker that all tests share; a few partitions, so that making them costs nothing."""
    return KafkaSettings(
        bootstrap_servers=kafka_broker.bootstrap_servers,
        namespace=f"test-{os.getpid()}-{next(_numbers)}.",
        partitions=8,
        session_s=2.0,
        heartbeat_s=0.1,
        join_s=2.0,
        answer_s=5.0,
        silence_s=1.0,
        page_s=10.0,
    )


@pytest.fixture
async def kafka_kit(kafka_settings: KafkaSettings, kafka_broker: Broker) -> AsyncIterator[Kit]:
    async with AsyncExitStack() as opened:

        async def open_kafka(settings: KafkaSettings = kafka_settings) -> Transport:
            transport = await KafkaTransport.open(settings)
            opened.push_async_callback(transport.close)
            return transport

        async def restart() -> None:
            await asyncio.to_thread(kafka_broker.kill)
            await asyncio.to_thread(kafka_broker.start)

        @asynccontextmanager
        async def away() -> AsyncIterator[None]:
            await asyncio.to_thread(kafka_broker.stop)
            try:
                yield
            finally:
                await asyncio.to_thread(kafka_broker.start)

        async def lose(topic: str) -> None:
            await delete_records(kafka_settings, topic)

        hasty = replace(kafka_settings, session_s=HASTY_SESSION_S, answer_s=0.7, silence_s=0.3)
        yield Kit(open_kafka, lambda: open_kafka(hasty), lose, restart, away)


@pytest.fixture
def delete_all(kafka_settings: KafkaSettings) -> Callable[[str], Awaitable[None]]:
    """Deletes all records of a topic on the broker."""
    return lambda topic: delete_records(kafka_settings, topic)


async def delete_records(settings: KafkaSettings, topic: str) -> None:
    """What retention does, at once: nothing is left of the topic but its offsets."""
    transport = await KafkaTransport.open(settings)
    ends = await transport.ends([(topic, partition) for partition in range(settings.partitions)])
    admin = AIOKafkaAdminClient(**settings.connection())
    await admin.start()
    await admin.delete_records({transport.on_broker([place])[0]: RecordsToDelete(before_offset=end) for place, end in ends.items()})
    await admin.close()
    await transport.close()
