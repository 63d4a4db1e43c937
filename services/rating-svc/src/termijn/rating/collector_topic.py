"""Usage that collectors send to Kafka, as CloudEvents on ``termijn.usage.<provider>.v1`` (USE-1).

The provider comes from the topic, never from what is in a record. Where to go on is stored with the records themselves, so
that a crash repeats nothing and loses nothing. What cannot be read is kept with the reason and shown; nothing is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from termijn.kernel.ids import ProviderId
from termijn.rating.deck_library import SQL as USAGE
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.errors import BadUsage
from termijn.rating.ingest import Intake, Report, take_in
from termijn.rating.suspense import shared_lock_and_closing
from termijn.rating.usage import Use, Voided, read_batch, read_binary, read_structured
from termijn.rating.void import void_records
from termijn.runtime.blobs import Blobs
from termijn.runtime.database import ServiceDatabase
from termijn.runtime.handling import Work
from termijn.runtime.inflow import Inflow, Offsets
from termijn.runtime.inflow_desk import keep_offsets
from termijn.runtime.patience import passes, reason_of
from termijn.runtime.savepoint import Undone, apart
from termijn.runtime.sql import Row, load
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import InRecord

SQL = load("termijn.rating", "collector_topic.sql")
ops = log("collector_topic")
_headers = msgspec.msgpack.Decoder(dict[str, bytes])

TEXT_CHARACTERS_MAX = 500
"""Of a reason that is kept."""
READ_AGAIN_MAX = 1_000
"""Records read again in one transaction."""
ACTOR = "collector:topic"
"""Who voids, where a void comes by the topic: whoever may write to it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no usage, and why. ``field`` is empty where it was readable but could not be taken in."""

    record: InRecord
    field: str
    reason: str


def read_record(record: InRecord) -> list[Use | Voided]:
    """The CloudEvents of one record, in any of the modes of the Kafka protocol binding. Raises ``BadUsage`` with the field named.

    ``content-type`` says structured or batch; ``ce_`` headers make it binary; without any of them it is read as structured.
    """
    headers = {name.lower(): value.decode("utf-8", "replace") for name, value in record.headers.items()}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        return read_batch(record.value)
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
    if attributes and kind != "application/cloudevents+json":
        return read_binary(attributes, record.value)
    return read_structured(record.value)


@dataclass(frozen=True, slots=True)
class Page:
    """What can be taken in, in order, and what cannot be read."""

    uses: list[Use | Voided] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def sort_out(records: Sequence[InRecord]) -> Page:
    """Read each record; one that is no usage spoils only itself."""
    page = Page()
    for record in records:
        try:
            page.uses.extend(read_record(record))
        except BadUsage as bad:
            page.unreadable.append(Unreadable(record, _kept(bad.field or ""), _kept(str(bad.facts.get("reason", "")))))
    return page


class CollectorTopic:
    """Takes in pages for one service."""

    def __init__(self, database: ServiceDatabase, blobs: Blobs) -> None:
        self._database = database
        self._intake = Intake(DeckLibrary(blobs))

    async def take(self, provider: ProviderId, records: Sequence[InRecord], offsets: Offsets) -> None:
        """Take in a page with its offsets. Where the page fails for what is in it, each record goes alone, and the offsets last."""
        try:
            await self._ingest(provider, sort_out(records), offsets)
        except Exception as error:
            if passes(error):
                raise
            ops.warning("a page of usage failed; its records go one by one", error, provider=provider, count=len(records))
            for record in records:
                await self._take_alone(provider, record)
            await self._ingest(provider, Page(), offsets)

    async def _take_alone(self, provider: ProviderId, record: InRecord) -> None:
        try:
            await self._ingest(provider, sort_out([record]), {})
        except Exception as error:
            if passes(error):
                raise
            ops.error("usage parked: a record failed", error, provider=provider, topic=record.topic, partition=record.partition)
            await self._ingest(provider, Page(unreadable=[Unreadable(record, "", reason_of(error))]), {})

    async def _ingest(self, provider: ProviderId, page: Page, offsets: Offsets) -> None:
        async def also(connection: Any) -> None:
            if page.unreadable:
                await connection.fetch(SQL["park_unreadable"], provider, *_columns(page.unreadable))
            await keep_offsets(connection, offsets)

        async with self._database.pool.acquire() as connection:
            await self._intake.ingest(connection, provider, page.uses, actor=ACTOR, also=also)


def _columns(unreadable: Sequence[Unreadable]) -> tuple[list[Any], ...]:
    ordered = sorted(unreadable, key=lambda one: _place(one.record))
    return (
        [one.record.topic for one in ordered],
        [one.record.partition for one in ordered],
        [one.record.offset for one in ordered],
        [one.field for one in ordered],
        [one.reason for one in ordered],
        [msgspec.msgpack.encode(one.record.headers) for one in ordered],
        [one.record.value for one in ordered],
    )


def _place(record: InRecord) -> tuple[str, int, int]:
    return (record.topic, record.partition, record.offset)


def _kept(text: str) -> str:
    """No table can keep a NUL, and the name of an unknown field may hold one."""
    return text.replace("\x00", "")[:TEXT_CHARACTERS_MAX]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """``read`` were looked at, ``left`` of them stay, each with its reason of now."""

    read: int
    left: int
    report: Report


async def read_again(work: Work) -> ReadAgain:
    """Read what could not be read once more, after whatever was in the way is repaired.

    Where they fail together for what is in one of them, each goes alone; what still fails stays where it is.
    """
    records = [_record(row) for row in await work.fetch(SQL["unreadable_to_read"], work.provider, READ_AGAIN_MAX)]
    bad = list(sort_out(records).unreadable)
    spoilt = {_place(one.record) for one in bad}
    good = [record for record in records if _place(record) not in spoilt]
    closing = await shared_lock_and_closing(work)
    try:
        report = await apart(work, lambda: _take_again(work, closing, good))
    except Undone:
        report = Report()
        for record in good:
            try:
                report += await apart(work, lambda one=record: _take_again(work, closing, [one]))  # type: ignore[misc]
            except Undone as failure:
                ops.error("usage stays parked: a record failed again", failure, provider=work.provider, topic=record.topic)
                bad.append(Unreadable(record, "", _kept(str(failure))))
    await work.fetch(SQL["say_unreadable"], work.provider, *_columns(bad)[:5])
    return ReadAgain(read=len(records), left=len(bad), report=report)


async def _take_again(work: Work, closing: int, records: Sequence[InRecord]) -> Report:
    page = sort_out(records)
    uses = [one for one in page.uses if isinstance(one, Use)]
    for month in sorted({use.month for use in uses}):
        await work.fetch(USAGE["ensure_month"], month)
    report = await take_in(work, work.provider, closing, uses, DeckLibrary(work.blobs))
    voided = [one for one in page.uses if isinstance(one, Voided)]
    taken_back = await void_records(work, work.provider, closing, voided, actor=work.cause.actor)
    await work.fetch(SQL["forget_unreadable"], work.provider, *_columns([Unreadable(record, "", "") for record in records])[:3])
    return report + Report(voided=taken_back)


def _record(row: Row) -> InRecord:
    return InRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["next_offset"] - 1,
        key="",
        value=row["value"],
        headers=_headers.decode(row["headers"]),
    )


USAGE_TOPIC = Inflow(name="usage", providers=SQL["providers"], begin=lambda database, blobs: CollectorTopic(database, blobs).take)
