"""The transports that the contract tests run on. Each gives as many instances as a test wants, one for each "process" in it."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from termijn.runtime.transport.base import Transport
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_settings import KafkaSettings
from termijn.runtime.transport.log import LogSettings, LogTransport
from termijn.testing.kafka import Broker
from termijn.testing.postgres import Databases

FAST = LogSettings(keep=timedelta(hours=1), look_every_s=0.05, lease_s=1.0, poll_every_s=0.02, trim_every_s=0.0)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Kit:
    """``open``: an instance as another process has it. ``lose_everything``: delete all records of a topic behind its back."""

    open: Callable[[], Awaitable[Transport]]
    lose_everything: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["log_kit", pytest.param("kafka_kit", marks=pytest.mark.slow)])
def kit(request: pytest.FixtureRequest) -> Kit:
    kit: Kit = request.getfixturevalue(request.param)
    return kit


@pytest.fixture
async def log_kit(databases: Databases) -> AsyncIterator[Kit]:
    database = await databases.new()
    async with AsyncExitStack() as opened:

        async def open_log() -> Transport:
            transport = await LogTransport.open(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn, settings=FAST)
            opened.push_async_callback(transport.close)
            return transport

        async def lose(topic: str) -> None:
            admin = await asyncpg.connect(database.admin_dsn)
            await admin.execute("update log_group_offset set next_offset = 1000000")
            settings = replace(FAST, keep=timedelta(0))
            transport = await LogTransport.open(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn, settings=settings)
            await transport.trim([topic])
            await transport.close()
            await admin.close()

        yield Kit(open_log, lose)


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
    )


@pytest.fixture
async def kafka_kit(kafka_settings: KafkaSettings) -> AsyncIterator[Kit]:
    async with AsyncExitStack() as opened:

        async def open_kafka() -> Transport:
            transport = await KafkaTransport.open(kafka_settings)
            opened.push_async_callback(transport.close)
            return transport

        async def lose(topic: str) -> None:
            await delete_records(kafka_settings, topic)

        yield Kit(open_kafka, lose)


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
