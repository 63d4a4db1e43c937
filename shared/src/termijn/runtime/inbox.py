"""Messages from other services: each has its effect once, in order per publisher and account, and none is ever dropped.

A page of messages is one transaction. Where a page fails, each of its messages goes alone; a message that fails alone parks
its account, and later messages of that account wait behind it. What waited for a fact goes first once it is there (``turns.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.events.upcasters import of_publisher
from termijn.kernel.ids import ProviderId
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.clock import machine_now
from termijn.runtime.codec import Registry
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause, Handled, Message, NoEffect, Outcome, Reaction, Waiting
from termijn.runtime.journal_entry import Taken
from termijn.runtime.patience import patiently, reason_of
from termijn.runtime.sql import Row, load
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import InRecord
from termijn.runtime.turns import BEHIND_WAITING, Turns
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.write_path import WritePath, is_conflict

SQL = load("termijn.runtime.schema", "runtime.sql")

ops = log("inbox")

PAGE_MESSAGES = 100
"""Messages that share a transaction (decision 0010)."""
BEHIND = "waits behind what is parked"
KNOWN_BY_ID = timedelta(days=179)
"""Whatever is younger and was ever taken is in the inbox, which keeps 180 days. (A recovery gets messages of lower numbers anew.)"""
REPEAT = "a repeat: its number was taken long ago"

Offsets = Mapping[tuple[str, int], int]


class Incoming(msgspec.Struct, frozen=True):
    """A message as it came: the envelope read, the contents still sealed bytes."""

    envelope: Envelope
    data: bytes

    @classmethod
    def of(cls, record: InRecord) -> "Incoming":
        """From what the transport delivered."""
        return cls(msgspec.json.decode(record.headers["envelope"], type=Envelope), record.value)

    @property
    def cause(self) -> Cause:
        """What follows from this message is caused by it."""
        e = self.envelope
        return Cause(actor=e.publisher, why=f"{e.type} of {e.publisher}", correlation_id=e.correlation_id, causation_id=e.id, trace=e.trace)


_Typed = tuple[Reaction[Any], Message[Any], Incoming]
_Stream = tuple[Aggregate[Any, Any, Any], str]


class MessageMissing(Exception):
    """Messages of a publisher are numbered densely per account, and one has not come; the message says which."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """What a page is met by: which of it is new, which of its accounts are parked, the last number seen per publisher and account, and
    what waits of them.
    """

    fresh: Sequence[Incoming]
    held: set[str]
    last_numbers: dict[tuple[str, str], int]
    turns: Turns


class Inbox:
    """Takes messages of all publishers that one service listens to."""

    def __init__(self, write: WritePath, reactions: Sequence[Reaction[Any]]) -> None:
        self._write = write
        self._reactions: dict[tuple[str, str], Reaction[Any]] = {(r.publisher, r.event.__name__): r for r in reactions}
        self._types: dict[str, Registry] = {}
        for publisher in {r.publisher for r in reactions}:
            self._types[publisher] = Registry((r.event for r in reactions if r.publisher == publisher), of_publisher(publisher))

    async def take(self, messages: Sequence[Incoming], offsets: Offsets) -> None:
        """Have the effect of all of them and store the offsets with the last page."""
        pages = _pages(messages)
        if not pages:
            async with self._write.database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
                await write_offsets(connection, offsets)
        for number, page in enumerate(pages, start=1):
            await self._take_page(page, offsets if number == len(pages) else {})

    async def _take_page(self, page: Sequence[Incoming], offsets: Offsets) -> None:
        provider = page[0].envelope.provider
        if await self._try_page(provider, page, offsets):
            return
        for number, message in enumerate(page, start=1):
            await self._take_alone(provider, message, offsets if number == len(page) else {})

    async def _try_page(self, provider: ProviderId, page: Sequence[Incoming], offsets: Offsets) -> bool:
        """Whether the page was committed; whatever went wrong, its messages are told apart one by one afterwards."""
        try:
            async with self._write.database.pool.acquire() as connection:
                result, _ = await self._write.once(connection, provider, page[0].cause, lambda work: self._handle(work, page, offsets))
                return not is_conflict(result)
        except Exception as error:
            ops.warning("a page failed; its messages go one by one", error, provider=provider, count=len(page))
            return False

    async def _take_alone(self, provider: ProviderId, message: Incoming, offsets: Offsets) -> None:
        try:
            await patiently(lambda: self._write.run(provider, message.cause, lambda work: self._handle(work, [message], offsets)))
        except Exception as error:
            ops.error("account parked: a message failed", error, provider=provider, account=message.envelope.account)
            await self._park(provider, message, offsets, reason_of(error))

    async def _handle(self, work: UnitOfWork, page: Sequence[Incoming], offsets: Offsets) -> None:
        typed = await self._typed(work, [m for m in page if self.listens_to(m)])
        arrival = await self._arrive(work, page, _streams(typed))
        beyond = self._advance(work, page, arrival.last_numbers)
        parked = await self._behind(work, arrival, beyond)
        add_offsets(work, offsets)
        going = {m.envelope.id for m in arrival.fresh if m.envelope.id not in parked}
        once = {one[-1].envelope.id: one for one in reversed(typed)}  # a page may hold a message twice
        await self._react(work, [one for one in typed if one is once[one[-1].envelope.id] and one[-1].envelope.id in going], arrival.turns)

    def listens_to(self, message: Incoming) -> bool:
        """Whether there is a reaction to it."""
        return self._reaction(message) is not None

    def _reaction(self, message: Incoming) -> Reaction[Any] | None:
        return self._reactions.get((message.envelope.publisher, message.envelope.type))

    async def _arrive(self, work: UnitOfWork, page: Sequence[Incoming], streams: Sequence[_Stream] = ()) -> "_Arrival":
        """Enter what was never seen before, look up what is known of the accounts, and load streams on the way."""
        keys = sorted({(m.envelope.publisher, str(m.envelope.account)) for m in page})
        rows = await work.fetch_loading(
            streams,
            SQL["arrive"],
            [m.envelope.publisher for m in page],
            [m.envelope.id for m in page],
            [m.envelope.account for m in page],
            [publisher for publisher, _ in keys],
            [account for _, account in keys],
        )
        new: set[UUID] = set()
        held: set[str] = set()
        last: dict[tuple[str, str], int] = {}
        waiting: list[Row] = []
        for row in rows:
            if row["message_id"] is not None:
                new.add(row["message_id"])
            elif row["awaits"] is not None:
                waiting.append(row)
            elif row["publisher"] is None:
                held.add(row["account"])
            else:
                last[row["publisher"], row["account"]] = row["last_number"]
        fresh: list[Incoming] = []
        repeats: list[Incoming] = []
        for message in page:
            if message.envelope.id in new:
                new.discard(message.envelope.id)
                (repeats if _is_repeat(message.envelope, last) else fresh).append(message)
                work.facts.taken.append(_taken(message, "handled", None))
        await note(work, [(message, "no effect", REPEAT) for message in repeats])
        return _Arrival(fresh, held, last, Turns(waiting))

    def _advance(self, work: UnitOfWork, page: Sequence[Incoming], last: dict[tuple[str, str], int]) -> dict[UUID, str]:
        """Move the dense numbers on, never over a gap; the messages beyond one, by id, with what is missing before them."""
        moved: dict[tuple[str, str], int] = {}
        beyond: dict[UUID, str] = {}
        for message in page:
            key, number = (message.envelope.publisher, str(message.envelope.account)), message.envelope.number
            expected = last.get(key, 0) + 1
            if number > expected:
                beyond[message.envelope.id] = f"gap: number {expected} of {key[0]} is missing, {number} came"
            elif number == expected:
                last[key] = moved[key] = number
        if moved:
            changed = sorted((*key, number) for key, number in moved.items())
            work.also(SQL["write_progress"], work.provider, *zip(*changed, strict=True))
        return beyond

    async def follow(self, work: UnitOfWork, message: Incoming) -> None:
        """Move the number on to a message that is replayed. Raises ``MessageMissing`` where one before it has not come."""
        key = (message.envelope.publisher, str(message.envelope.account))
        rows = await work.connection.fetch(SQL["read_progress"], work.provider, [key[0]], [key[1]])
        last = {key: rows[0]["last_number"]} if rows else {}
        missing = self._advance(work, [message], last).get(message.envelope.id)
        if missing is not None:
            raise MessageMissing(missing)

    async def _behind(self, work: UnitOfWork, arrival: "_Arrival", beyond: Mapping[UUID, str]) -> set[UUID]:
        """Put messages of parked accounts behind what is parked there; the ids of those messages."""
        held = arrival.held
        behind: list[Incoming] = []
        for message in arrival.fresh:
            account, gap = message.envelope.account, beyond.get(message.envelope.id)
            if gap is not None and account not in held:
                await work.connection.execute(SQL["park_account"], work.provider, account, gap)
                ops.error("account parked: a message is missing", provider=work.provider, account=account)
                held.add(account)
            # Beyond a gap everything is kept, also what nobody listens to: its number is needed to see the gap close.
            if account in held and (gap is not None or self.listens_to(message)):
                behind.append(message)
        if behind:
            await park_messages(work.connection, work.provider, behind, BEHIND)
            await note(work, [(m, "parked", beyond.get(m.envelope.id, BEHIND)) for m in behind])
        return {m.envelope.id for m in behind}

    async def react(self, work: UnitOfWork, messages: Sequence[Incoming]) -> None:
        """Carry out the reactions, each in its turn, and note what became of each message."""
        keys = sorted({(m.envelope.publisher, str(m.envelope.account)) for m in messages})
        rows = await work.connection.fetch(SQL["waiting_before"], work.provider, *zip(*keys, strict=True))
        await self._react(work, await self._typed(work, messages), Turns(rows))

    async def _react(self, work: UnitOfWork, typed: Sequence[_Typed], turns: Turns) -> None:
        await work.prefetch(_streams(typed))
        for reaction in {id(r): r for r, _, _ in typed}.values():
            await reaction.prepare(work, [m for r, m, _ in typed if r is reaction])
        outcomes: list[tuple[Incoming, str, str | None]] = []
        waiting: list[tuple[Incoming, Waiting]] = []
        for reaction, message, incoming in typed:
            work.cause = incoming.cause
            is_behind = turns.is_behind(incoming.envelope, work.arrived_facts)
            outcome: Outcome = BEHIND_WAITING if is_behind else await reaction.handle(work, message)
            match outcome:
                case Handled():
                    pass
                case NoEffect(reason):
                    outcomes.append((incoming, "no effect", reason))
                case Waiting(awaits, reason):
                    outcomes.append((incoming, "waiting", f"{awaits}: {reason}"))
                    waiting.append((incoming, outcome))
                    turns.add(incoming.envelope, awaits)
        await note(work, outcomes)
        await _keep_waiting(work, waiting)

    async def _typed(self, work: UnitOfWork, messages: Sequence[Incoming]) -> list[_Typed]:
        personal = {m.envelope.account for m in messages if self._types[m.envelope.publisher].needs_key(m.envelope.type, m.data)}
        sealer = await self._write.plant.keys.sealer(work.provider, sorted(personal))
        typed: list[_Typed] = []
        for incoming in messages:
            e = incoming.envelope
            reaction = self._reaction(incoming)
            assert reaction is not None
            event: Event = self._types[e.publisher].decode(e.type, e.schema_version, incoming.data, e.account, sealer)
            typed.append((reaction, Message(envelope=e, event=event), incoming))
        return typed

    async def _park(self, provider: ProviderId, message: Incoming, offsets: Offsets, reason: str) -> None:
        """The message could not be handled: it and what comes after it for this account waits for a person."""

        async def act(work: UnitOfWork) -> None:
            arrival = await self._arrive(work, [message])
            self._advance(work, [message], arrival.last_numbers)
            if arrival.fresh:
                await work.connection.execute(SQL["park_account"], provider, message.envelope.account, reason)
                await park_messages(work.connection, provider, arrival.fresh, reason)
                await note(work, [(message, "parked", reason)])
            add_offsets(work, offsets)

        await self._write.run(provider, message.cause, act)


def _is_repeat(envelope: Envelope, last: Mapping[tuple[str, str], int]) -> bool:
    """Whether it was taken so long ago that its id is not kept any more: publishers may tell again all that they ever told."""
    is_taken = envelope.number <= last.get((envelope.publisher, str(envelope.account)), 0)
    return is_taken and envelope.recorded_at < machine_now() - KNOWN_BY_ID


def _streams(typed: Sequence[_Typed]) -> list[_Stream]:
    return [wanted for reaction, message, _ in typed for wanted in reaction.streams(message)]


def _pages(messages: Sequence[Incoming]) -> list[list[Incoming]]:
    by_provider: dict[str, list[Incoming]] = {}
    for message in messages:
        by_provider.setdefault(message.envelope.provider, []).append(message)
    return [of_one[i : i + PAGE_MESSAGES] for of_one in by_provider.values() for i in range(0, len(of_one), PAGE_MESSAGES)]


async def note(work: UnitOfWork, outcomes: Sequence[tuple[Incoming, str, str | None]]) -> None:
    """Record what became of messages; on arrival they are noted as handled."""
    if outcomes:
        await work.connection.execute(
            SQL["note_outcomes"],
            work.provider,
            [m.envelope.publisher for m, _, _ in outcomes],
            [m.envelope.id for m, _, _ in outcomes],
            [outcome for _, outcome, _ in outcomes],
            [reason for _, _, reason in outcomes],
        )
        work.facts.taken.extend(_taken(*one) for one in outcomes)


def _taken(message: Incoming, outcome: str, reason: str | None) -> Taken:
    e = message.envelope
    return Taken(e.publisher, e.id, e.account, e.number, outcome, reason)


async def write_offsets(connection: Any, offsets: Offsets) -> None:
    """Where to go on reading, in the transaction of what was read."""
    if offsets:
        await connection.execute(SQL["write_offsets"], *_columns(offsets))


def add_offsets(work: UnitOfWork, offsets: Offsets) -> None:
    """The same, in one statement with what the unit of work writes."""
    if offsets:
        work.also(SQL["write_offsets"], *_columns(offsets))


def _columns(offsets: Offsets) -> Sequence[tuple[object, ...]]:
    rows = sorted((topic, partition, offset) for (topic, partition), offset in offsets.items())
    return list(zip(*rows, strict=True))


async def park_messages(connection: Any, provider: ProviderId, messages: Sequence[Incoming], reason: str) -> None:
    """Keep messages of a parked account, in order."""
    await connection.execute(
        SQL["park_messages"],
        provider,
        [m.envelope.account for m in messages],
        [m.envelope.publisher for m in messages],
        [m.envelope.number for m in messages],
        [m.envelope.id for m in messages],
        [reason] * len(messages),
        [msgspec.json.encode(m.envelope) for m in messages],
        [m.data for m in messages],
    )


async def _keep_waiting(work: UnitOfWork, waiting: Sequence[tuple[Incoming, Waiting]]) -> None:
    if waiting:
        await work.connection.execute(
            SQL["add_waiting"],
            work.provider,
            [m.envelope.account for m, _ in waiting],
            [w.awaits for _, w in waiting],
            [w.reason for _, w in waiting],
            [msgspec.json.encode(m.envelope) for m, _ in waiting],
            [m.data for m, _ in waiting],
            [m.envelope.publisher for m, _ in waiting],
            [m.envelope.number for m, _ in waiting],
            work.now,
        )
