"""The transports that the contract tests run on. Each gives as many instances as a test wants, one for each "process" in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg
import pytest

from termijn.runtime.transport.base import Transport
from termijn.runtime.transport.log import LogSettings, LogTransport
from termijn.testing.postgres import Databases

FAST = LogSettings(keep=timedelta(hours=1), look_every_s=0.05, lease_s=1.0, poll_every_s=0.02, trim_every_s=0.0)


@dataclass(frozen=True)
class Kit:
    """``open``: an instance as another process has it. ``lose_everything``: delete all records of a topic behind its back."""

    open: Callable[[], Awaitable[Transport]]
    lose_everything: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["log"])
async def kit(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Kit]:
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
