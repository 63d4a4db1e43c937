"""A member of a consumer group on the log.

Who reads which partition follows from the list of members alone; a session advisory lock per partition makes sure that two
members that saw different lists never read one at the same time. Partitions are given up and taken in ``poll`` only.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

import asyncpg
import msgspec

from termijn.runtime.handling import Transient
from termijn.runtime.sql import load
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import InRecord, Offsets, OffsetsLost, Place
from termijn.runtime.transport.log_names import LOST, table_of
from termijn.runtime.transport.log_settings import LogSettings

SQL = load("termijn.runtime.transport", "log.sql")
LOG = log("log_consumer")

_HEADERS = msgspec.msgpack.Decoder(dict[str, bytes])


class LogDatabase(Protocol):
    """Where the log lies, as a member uses it."""

    settings: LogSettings
    app_dsn: str
    pool: asyncpg.Pool

    async def trim(self, topics: Sequence[str]) -> int:
        """Remove what every group has passed and is old enough; how many records."""
        ...


class LogConsumer:
    """Implements ``base.Consumer``."""

    def __init__(
        self, database: LogDatabase, group: str, topics: Sequence[str], offsets: Offsets, *, on_close: Callable[["LogConsumer"], None]
    ) -> None:
        self._database = database
        self._group = group
        self._topics = sorted(set(topics))
        self._offsets = offsets
        self._on_close = on_close
        self._member = f"{time.time_ns():020d}-{os.urandom(4).hex()}"  # sorts by joining: a newcomer disturbs the others least
        self._connection: asyncpg.Connection | None = None
        self._positions: dict[Place, int] = {}
        self._looked_at = float("-inf")
        self._trimmed_at = time.monotonic()
        self._news = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None
        self._turn = 0

    @property
    def places(self) -> frozenset[Place]:
        """The partitions that are this member's at the moment."""
        return frozenset(self._positions)

    def hear_of(self, topic: str) -> None:
        """Something was published in this process."""
        if topic in self._topics:
            self._news.set()

    async def poll(self, max_records: int, timeout_s: float) -> Sequence[InRecord]:
        """Records from where the group is; see ``base.Consumer``."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._news.clear()
            try:
                connection = await self._joined()
                if time.monotonic() - self._looked_at > self._database.settings.look_every_s:
                    await self._look(connection)
                records = await self._fetch(connection, max_records)
                await self._trim_now_and_then()
            except LOST as error:
                await self._drop()
                raise Transient(f"log: {type(error).__name__}") from error
            except OffsetsLost:
                await self._drop()  # the next poll asks the listener's database again, which a person may have told to go on elsewhere
                raise
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, self._database.settings.poll_every_s)):
                    await self._news.wait()

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Say where to go on; see ``base.Consumer``."""
        for place, offset in offsets.items():
            if place in self._positions:
                self._positions[place] = max(offset, self._positions[place])
        await self._commit(offsets)

    async def _trim_now_and_then(self) -> None:
        """Also where nothing comes any more: what came last becomes old all the same."""
        if time.monotonic() - self._trimmed_at > self._database.settings.trim_every_s:
            self._trimmed_at = time.monotonic()
            await self._database.trim(self._topics)

    async def close(self) -> None:
        """Leave the group; the others take over at their next look."""
        self._on_close(self)
        if self._connection is not None:
            with suppress(*LOST):
                await self._connection.execute(SQL["leave_group"], self._group, self._member)
        await self._drop()

    async def _joined(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            await self._drop()
            connection = await asyncpg.connect(self._database.app_dsn, command_timeout=60)
            self._connection = connection
            await connection.execute(SQL["leave_group"], self._group, self._member)
            await connection.execute(SQL["join_group"], self._group, self._member, self._lease(), self._topics)
            self._beating = asyncio.create_task(self._beat(), name=f"log-lease-{self._group}")
        return self._connection

    async def _drop(self) -> None:
        """Forget the session and all that it held."""
        self._positions = {}
        self._looked_at = float("-inf")
        beating, self._beating = self._beating, None
        connection, self._connection = self._connection, None
        if beating is not None:
            beating.cancel()
            await asyncio.wait([beating])
        if connection is not None and not connection.is_closed():
            with suppress(*LOST):
                await connection.close(timeout=5)

    def _lease(self) -> timedelta:
        return timedelta(seconds=self._database.settings.lease_s)

    async def _beat(self) -> None:
        """Over the pool, because the session may be in use: a long page must not look like a process that stands still."""
        while self._beating is asyncio.current_task():  # also where the pool swallowed the cancellation
            await asyncio.sleep(self._database.settings.lease_s / 3)
            try:
                await self._database.pool.execute(SQL["beat"], self._group, self._member, self._lease())
            except Exception as error:
                LOG.warning("could not renew the lease", error=error, name=self._group)

    async def _look(self, connection: asyncpg.Connection) -> None:
        """See who is in the group; give what is not ours any more, take what is and is free."""
        await connection.execute(SQL["bury_members"], self._group)
        members = [row["member"] for row in await connection.fetch(SQL["members"], self._group)]
        if self._member not in members:
            raise asyncpg.InterfaceError("this member was taken for dead")
        rows = await connection.fetch(SQL["ends"], self._topics)
        places = sorted((row["topic"], row["partition"]) for row in rows)
        ours = {place for number, place in enumerate(places) if members[number % len(members)] == self._member}
        given = self._positions.keys() - ours
        if given:
            await connection.execute(SQL["unlock"], self._group, *_columns(given))
            for place in given:
                del self._positions[place]
        wanted = ours - self._positions.keys()
        if wanted:
            await self._take(connection, wanted)
        # Not everything that is ours was free: look again soon.
        all_taken = ours == self._positions.keys()
        self._looked_at = time.monotonic() if all_taken else float("-inf")

    async def _take(self, connection: asyncpg.Connection, wanted: Iterable[Place]) -> None:
        rows = await connection.fetch(SQL["try_locks"], self._group, *_columns(wanted))
        taken = [(row["topic"], row["partition"]) for row in rows if row["is_ours"]]
        if not taken:
            return
        # Only now, behind the locks: whoever had them before has committed what it did.
        stored = await self._offsets()
        starts = {place: stored.get(place, 0) for place in taken}
        # The acknowledgement of the last page may have been lost with the process that owed it.
        await self._commit({place: offset for place, offset in starts.items() if offset})
        self._positions |= starts

    async def _commit(self, offsets: Mapping[Place, int]) -> None:
        if not offsets:
            return
        ordered = sorted(offsets)
        try:
            await self._database.pool.execute(SQL["commit"], self._group, *_columns(ordered), [offsets[place] for place in ordered])
        except LOST as error:
            raise Transient(f"log: {type(error).__name__}") from error

    async def _fetch(self, connection: asyncpg.Connection, max_records: int) -> list[InRecord]:
        if not self._positions:
            return []
        behind: dict[str, list[int]] = {}
        for row in await connection.fetch(SQL["ends"], self._topics):
            place: Place = (row["topic"], row["partition"])
            position = self._positions.get(place)
            if position is None:
                continue
            if not row["first_offset"] <= position <= row["next_offset"]:
                raise OffsetsLost(place, wanted=position, first=row["first_offset"], end=row["next_offset"])
            if position < row["next_offset"]:
                behind.setdefault(place[0], []).append(place[1])
        records: list[InRecord] = []
        for topic in self._in_turn(behind):
            room = max_records - len(records)
            if room > 0:
                records += await self._fetch_topic(connection, topic, behind[topic], room)
        return records

    def _in_turn(self, topics: Iterable[str]) -> list[str]:
        """Another topic first each time, so that a busy one does not keep the others waiting."""
        ordered = sorted(topics)
        self._turn += 1
        start = self._turn % len(ordered) if ordered else 0
        return ordered[start:] + ordered[:start]

    async def _fetch_topic(self, connection: asyncpg.Connection, topic: str, partitions: Sequence[int], room: int) -> list[InRecord]:
        share = max(1, room // len(partitions))
        rows = await connection.fetch(
            f"""select r.* from unnest($1::smallint[], $2::bigint[]) as wanted(partition, first),
            lateral (select partition, "offset", key, value, headers from "{table_of(topic)}" t
                     where t.partition = wanted.partition and t."offset" >= wanted.first order by t."offset" limit $3) as r
            order by r.partition, r."offset" limit $4""",
            list(partitions),
            [self._positions[topic, partition] for partition in partitions],
            share,
            room,
        )
        return [record_of(topic, row) for row in rows]


def record_of(topic: str, row: Mapping[str, Any]) -> InRecord:
    """A row of a topic's table as a record."""
    return InRecord(
        topic=topic,
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        value=row["value"],
        headers=_HEADERS.decode(row["headers"]),
    )


def _columns(places: Iterable[Place]) -> tuple[list[str], list[int]]:
    ordered = sorted(places)
    return [topic for topic, _ in ordered], [partition for _, partition in ordered]
