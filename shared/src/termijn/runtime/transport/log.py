"""The transport of the embedded default: a log in PostgreSQL, with partitions and groups as in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

import asyncpg
import msgspec

from termijn.runtime.faults import fault
from termijn.runtime.handling import Transient
from termijn.runtime.sql import load
from termijn.runtime.transport.base import InRecord, Offsets, OutRecord, Place, UnknownTopic, check_sizes
from termijn.runtime.transport.log_consumer import LogConsumer, record_of
from termijn.runtime.transport.log_names import LOST, PARTITIONS, partition_of, table_of
from termijn.runtime.transport.log_settings import LogSettings

SQL = load("termijn.runtime.transport", "log.sql")

TRIM_ROWS_MAX = 5_000
"""Per partition and turn: a turn holds up appends, and this many take some tens of milliseconds."""


@asynccontextmanager
async def transient() -> AsyncIterator[None]:
    """The database not answering is not a reason to park anything."""
    try:
        yield
    except LOST as error:
        raise Transient(f"log: {type(error).__name__}") from error


class LogTransport:
    """Implements ``base.Transport``. One per process: its consumers hear of its own publications at once."""

    def __init__(self, pool: asyncpg.Pool, *, app_dsn: str, owner_dsn: str, settings: LogSettings) -> None:
        self.pool = pool
        self.app_dsn = app_dsn
        self.settings = settings
        self._owner_dsn = owner_dsn
        self._consumers: set[LogConsumer] = set()

    @classmethod
    async def open(cls, *, app_dsn: str, owner_dsn: str, settings: LogSettings | None = None) -> "LogTransport":
        """Make the schema where it does not exist and connect as the application role."""
        owner = await asyncpg.connect(owner_dsn)
        try:
            async with owner.transaction():
                await owner.execute("select pg_advisory_xact_lock(hashtextextended('termijn.log.schema', 0))")
                await owner.execute((files("termijn.runtime.transport") / "sql" / "log_schema.sql").read_text(encoding="utf-8"))
        finally:
            await owner.close()
        pool = await asyncpg.create_pool(app_dsn, min_size=1, max_size=6, command_timeout=60)
        assert pool is not None
        return cls(pool, app_dsn=app_dsn, owner_dsn=owner_dsn, settings=settings or LogSettings())

    async def close(self) -> None:
        """Give connections back."""
        await self.pool.close()

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what does not exist: a table and a row per partition."""
        async with transient():
            owner = await asyncpg.connect(self._owner_dsn)
            try:
                async with owner.transaction():
                    await owner.execute("select pg_advisory_xact_lock(hashtextextended('termijn.log.schema', 0))")
                    for topic in sorted(set(topics)):
                        await _make_topic(owner, topic)
            finally:
                await owner.close()

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        """All of them are on the disk when this returns, in one transaction: all or none."""
        if not records:
            return
        check_sizes(records)
        fault("log.before_append")
        async with transient():
            try:
                await self.pool.execute(
                    "select log_append($1, $2, $3, $4, $5, $6)",
                    topic,
                    table_of(topic),
                    [partition_of(record.key) for record in records],
                    [record.key for record in records],
                    [record.value for record in records],
                    [msgspec.msgpack.encode(dict(record.headers)) for record in records],
                )
            except asyncpg.UndefinedTableError:
                raise UnknownTopic(topic) from None
        fault("log.after_append")
        for consumer in self._consumers:
            consumer.hear_of(topic)

    def consumer(self, group: str, topics: Sequence[str], offsets: Offsets) -> LogConsumer:
        """A member of the group, which joins at its first poll."""
        consumer = LogConsumer(self, group, topics, offsets, on_close=self._consumers.discard)
        self._consumers.add(consumer)
        return consumer

    async def bounds(self, topics: Sequence[str]) -> dict[Place, tuple[int, int]]:
        """Per place the first offset that is there, and the one that the next record gets."""
        async with transient():
            rows = await self.pool.fetch(SQL["ends"], list(topics))
        return {(row["topic"], row["partition"]): (row["first_offset"], row["next_offset"]) for row in rows}

    async def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records behind the end, counted from what the group committed."""
        async with transient():
            return int(await self.pool.fetchval(SQL["lag"], group, list(topics)))

    async def read_all(self, topic: str) -> list[InRecord]:
        """Everything that is still in a topic, oldest first: for tests and for people who look for something."""
        async with transient():
            rows = await self.pool.fetch(
                f'select partition, "offset", key, value, headers from "{table_of(topic)}" order by appended_at, partition, "offset"'
            )
        return [record_of(topic, row) for row in rows]

    async def read_pages(self, topic: str) -> AsyncIterator[list[InRecord]]:
        """The same, in pages: what recovery asks, to see what was told."""
        yield await self.read_all(topic)

    async def trim(self, topics: Sequence[str]) -> int:
        """Remove what every group has passed and is older than ``settings.keep``; how many records. Consumers call it now and then."""
        trimmed = 0
        async with transient():
            for topic in topics:
                sql = "select log_trim($1, $2, $3, $4)"
                trimmed += await self.pool.fetchval(sql, topic, table_of(topic), self.settings.keep, TRIM_ROWS_MAX)
                await asyncio.sleep(0)
        return trimmed

    async def forget_group(self, group: str) -> None:
        """The group does not come back: stop keeping records for it."""
        async with transient():
            await self.pool.execute(SQL["forget_group"], group)


async def _make_topic(owner: asyncpg.Connection, topic: str) -> None:
    table = table_of(topic)
    if await owner.fetchval("select to_regclass($1) is not null", table):
        return
    await owner.execute(f"""
        create table "{table}" (
          partition smallint not null,
          "offset" bigint not null,
          key text not null,
          value bytea not null,
          headers bytea not null,
          appended_at timestamptz not null default clock_timestamp(),
          primary key (partition, "offset")
        );
        grant select, insert, delete on "{table}" to termijn_app;
    """)
    sql = "insert into log_partition (topic, partition) select $1, generate_series(0, $2::int - 1)"
    await owner.execute(sql, topic, PARTITIONS)
