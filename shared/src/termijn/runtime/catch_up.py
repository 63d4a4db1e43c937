"""Putting back what a restored database has lost and the journal still has.

Everything is idempotent: a unit of work whose events are in the store is passed over, so this may be cut off and run again.
What is put back is told again under its own ids and numbers; listeners that heard it recognise it, others hear it now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.actor import SEALED_IN_META, is_sealed_actor, opened_actor
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.codec import Registry, Sealer
from termijn.runtime.database import EVERY_PROVIDER, Address, ServiceDatabase
from termijn.runtime.handling import Cause, Recorded
from termijn.runtime.journal import Journal
from termijn.runtime.journal_entry import Answered, KeptEvent, KeptNumber, KeptNumbers, KeptUnit, Taken
from termijn.runtime.plant import Plant
from termijn.runtime.sql import load
from termijn.runtime.stream_cache import Loaded
from termijn.runtime.unit_of_work import UnitOfWork

SQL = load("termijn.runtime.schema", "keeping.sql")

SETTLED = frozenset({"handled", "no effect"})
"""Outcomes after which a message is not handled again. What waited or was parked comes again from the transport."""


class JournalIncomplete(Exception):
    """The journal goes on from something that neither it nor the database has; a segment between them is missing."""


@dataclass(slots=True, kw_only=True)
class CaughtUp:
    """What was put back.

    ``unsettled``: messages that waited or were parked when they were last seen, by id. ``until``: the last domain time in it.
    """

    units: int = 0
    events: int = 0
    messages: int = 0
    timers: int = 0
    numbers: int = 0
    unsettled: dict[UUID, Taken] = field(default_factory=dict)
    until: datetime | None = None


class Adoption(UnitOfWork):
    """A unit of work that was committed once: its events are given, not decided."""

    def __init__(self, plant: Plant, connection: Any, unit: KeptUnit, sealer: Sealer) -> None:
        provider = ProviderId(unit.provider)
        super().__init__(plant, connection, provider, unit.now, _cause(unit.events[0], sealer) if unit.events else _NO_CAUSE)
        self._registry: Registry = plant.registry
        self._kinds = {aggregate.name: aggregate for aggregate in plant.definition.aggregates}
        if unit.events:
            self._recorded_at = unit.events[0].recorded_at

    async def adopt(self, kept: KeptEvent, sealer: Sealer) -> None:
        """Record it under its own id, with the timers and read models that follow from it. Raises ``JournalIncomplete``."""
        aggregate = self._aggregate(kept.stream)
        await self.prefetch([(aggregate, self._key(aggregate, kept.stream))])
        loaded = self._streams[kept.stream]
        if kept.version != loaded.version + 1:
            raise JournalIncomplete(f"{kept.stream}: version {kept.version} follows on {loaded.version}")
        event = self._registry.decode(kept.type, kept.schema_version, kept.data, kept.account, sealer)
        state, account = aggregate.evolve(loaded.state, event), AccountId(kept.account)
        self._pending.append(
            Recorded(
                event=event,
                event_id=kept.event_id,
                provider=self.provider,
                account=account,
                stream=kept.stream,
                version=kept.version,
                occurred_at=kept.occurred_at,
                recorded_at=kept.recorded_at,
                cause=_cause(kept, sealer),
            )
        )
        self._timers.extend((kept.stream, account, change) for change in aggregate.wakes(event, state))
        self._streams[kept.stream] = Loaded(state, kept.version)

    def _aggregate(self, stream: str) -> Aggregate[Any, Any, Any]:
        return self._kinds[stream[: stream.index("-")]]

    def _key(self, aggregate: Aggregate[Any, Any, Any], stream: str) -> str:
        return stream.removeprefix(aggregate.stream(self.provider, ""))


_NO_CAUSE = Cause(actor="recovery", why="nothing was decided", correlation_id=UUID(int=0), causation_id=UUID(int=0))


async def catch_up(database: ServiceDatabase, plant: Plant, journal: Journal, address: Address) -> CaughtUp:
    """Put back everything of the journal that the database does not have. Only for a service that is held.

    Raises ``JournalIncomplete`` or ``JournalDamaged``; what was put back until then stays, and is right as far as it goes.
    """
    done = CaughtUp()
    name = plant.definition.name
    async for page in journal.read(name):
        units = [entry for entry in page if isinstance(entry, KeptUnit)]
        known = await _known(database, [unit.events[0].event_id for unit in units if unit.events])
        for unit in units:
            if not unit.events or unit.events[0].event_id not in known:
                await _put_back(database, plant, unit, done)
        for entry in page:
            if isinstance(entry, KeptNumbers):
                done.numbers += await _put_back_numbers(database, entry.numbers)
    await _finish(database, address, await journal.last_position(name))
    return done


async def _known(database: ServiceDatabase, event_ids: Sequence[UUID]) -> set[UUID]:
    rows = await database.short(EVERY_PROVIDER, SQL["known_events"], event_ids) if event_ids else ()
    return {row["event_id"] for row in rows}


async def _put_back(database: ServiceDatabase, plant: Plant, unit: KeptUnit, done: CaughtUp) -> None:
    provider = ProviderId(unit.provider)
    personal = {e.account for e in unit.events if plant.registry.needs_key(e.type, e.data) or SEALED_IN_META in e.meta}
    personal |= {one.account for one in unit.facts.answered if one.account is not None and is_sealed_actor(one.actor)}
    sealer = await plant.keys.sealer(provider, sorted(personal))
    async with database.pool.acquire() as connection, database.begun(connection, provider):
        work = Adoption(plant, connection, unit, sealer)
        for event in unit.events:
            await work.adopt(event, sealer)
        await work.flush()
        messages = await _put_back_messages(connection, unit, done)
        timers = await _put_back_fired(connection, unit)
        await _put_back_answers(connection, unit.provider, unit.facts.answered, sealer)
    work.remember()
    done.events += len(unit.events)
    done.messages += messages
    done.timers += timers
    done.units += bool(unit.events or messages or timers)
    done.until = max(unit.now, done.until or unit.now)


async def _put_back_messages(connection: Any, unit: KeptUnit, done: CaughtUp) -> int:
    """What became of messages: those that are settled are known from now on, and do not wait any more."""
    last = {taken.message_id: taken for taken in unit.facts.taken}
    for message_id, taken in last.items():
        if taken.outcome in SETTLED:
            done.unsettled.pop(message_id, None)
        else:
            done.unsettled[message_id] = taken
    settled = [taken for taken in last.values() if taken.outcome in SETTLED]
    if not settled:
        return 0
    columns = [[getattr(taken, name) for taken in settled] for name in Taken.__struct_fields__]
    rows = await connection.fetch(SQL["settle_messages"], unit.provider, *columns)
    ids = [taken.message_id for taken in settled]
    await connection.execute(SQL["unpark_settled"], unit.provider, ids)
    await connection.execute(SQL["unwait_settled"], unit.provider, ids)
    return len(rows)


async def _put_back_fired(connection: Any, unit: KeptUnit) -> int:
    if not unit.facts.fired:
        return 0
    return len(await connection.fetch(SQL["settle_timers"], unit.provider, unit.now, unit.facts.fired))


async def _put_back_answers(connection: Any, provider: str, answered: Sequence[Answered], sealer: Sealer) -> None:
    if answered:
        actors = [one.actor if one.account is None else opened_actor(one.actor, one.account, sealer) for one in answered]
        columns = [[getattr(one, name) for one in answered] for name in ("key", "request_hash", "status", "etag")]
        await connection.execute(SQL["settle_calls"], provider, actors, *columns)


async def _put_back_numbers(database: ServiceDatabase, numbers: Sequence[KeptNumber]) -> int:
    columns = [[getattr(one, name) for one in numbers] for name in KeptNumber.__struct_fields__]
    async with database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
        rows = await connection.fetch(SQL["settle_numbers"], *columns)
        await connection.execute(SQL["raise_numbers"], *columns[:3])
        await connection.execute(SQL["number_known"], *columns)
    return len(rows)


async def _finish(database: ServiceDatabase, address: Address, last_position: int) -> None:
    """Messages go out in order of their numbers; facts that arrived are looked at once more; positions go on above the journal's."""
    async with database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
        await connection.execute(SQL["order_outbox"])
        await connection.execute("update waiting_message set is_ready = true")
        # Everything of the restored database is in the journal, or was never told; what waits here for it is from before.
        await connection.execute("delete from unjournaled_unit where position <= $1", last_position)
    owner = await asyncpg.connect(address.owner_dsn)
    try:
        await owner.execute(SQL["raise_positions"], last_position)
    finally:
        await owner.close()


def _cause(kept: KeptEvent, sealer: Sealer) -> Cause:
    meta = msgspec.json.decode(kept.meta)
    return Cause(
        actor=opened_actor(meta["actor"], kept.account, sealer),
        why=meta["why"],
        correlation_id=UUID(meta["correlation_id"]),
        causation_id=UUID(meta["causation_id"]),
        trace=meta["trace"],
    )
