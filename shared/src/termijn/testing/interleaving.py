"""What tests of the machinery use to make two things happen in one exact order, on connections of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId, new_event_id
from termijn.runtime import codec
from termijn.runtime.handling import Cause
from termijn.runtime.inbox import Incoming
from termijn.testing.harness import PROVIDER, ServiceUnderTest

WAIT_SECONDS_MAX = 5
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here: no handler catches it, the transaction is gone."""


def cause() -> Cause:
    """Somebody did something."""
    occasion = new_event_id()
    return Cause(actor="test", why="test", correlation_id=occasion, causation_id=occasion)


async def incoming(
    svc: ServiceUnderTest, event: Event, *, number: int, account: str = "acme", provider: str = PROVIDER, message_id: UUID | None = None
) -> Incoming:
    """A message of the publisher "rating", as the transport would deliver it."""
    found = message_id or new_event_id()
    sealer = await svc.keys.sealer(ProviderId(provider), [account])
    envelope = Envelope(
        id=found,
        type=type(event).__name__,
        schema_version=event.SCHEMA_VERSION,
        publisher="rating",
        provider=ProviderId(provider),
        account=AccountId(account),
        number=number,
        stream=f"rating-{provider}-{account}",
        version=number,
        occurred_at=_LONG_AGO,
        recorded_at=_LONG_AGO,
        actor="test",
        why="test",
        correlation_id=found,
        causation_id=found,
    )
    return Incoming(envelope, codec.encode(event, account, sealer))


@asynccontextmanager
async def session(dsn: str, *, provider: str | None = None) -> AsyncIterator[Any]:
    """A connection of its own, for one provider where it is said."""
    connection = await asyncpg.connect(dsn)
    try:
        if provider is not None:
            await connection.execute(f"set termijn.provider = '{provider}'")
        yield connection
    finally:
        await connection.close()


async def until_blocked(svc: ServiceUnderTest, sessions: int = 1) -> None:
    """Wait until that many sessions of the database wait for a lock."""
    async with session(svc.database.admin_dsn) as admin, asyncio.timeout(WAIT_SECONDS_MAX):
        sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while await admin.fetchval(sql) < sessions:  # noqa: ASYNC110 - nothing in PostgreSQL tells us
            await asyncio.sleep(0.005)


async def marbles(svc: ServiceUnderTest, provider: str = PROVIDER) -> Mapping[str, int]:
    """What is in each jar, by account."""
    rows = await svc.rows("select account, marbles from jar order by account", provider=provider)
    return {row["account"]: row["marbles"] for row in rows}
