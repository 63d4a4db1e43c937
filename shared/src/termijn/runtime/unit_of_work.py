"""One transaction's work: streams loaded once, decisions kept in memory, everything written in a handful of statements.

A page of a hundred messages is one unit of work: its streams are loaded with one query and its events, public events, timers and
read models are written with one statement each. Later decisions see earlier ones, because the state is kept here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId, derived_id, new_event_id
from termijn.runtime import codec
from termijn.runtime.actor import is_person, sealed_actor
from termijn.runtime.aggregate import Aggregate, CommandT, EventT, SetTimer, StateT, TimerChange
from termijn.runtime.blobs import Blobs
from termijn.runtime.clock import machine_now
from termijn.runtime.faults import fault
from termijn.runtime.handling import Cause, Recorded, Statement
from termijn.runtime.joined import Write, execute_joined
from termijn.runtime.journal_entry import Facts, NotedUnit
from termijn.runtime.keys import KeyDestroyed
from termijn.runtime.plant import Plant
from termijn.runtime.sql import Row, load
from termijn.runtime.stream_cache import Loaded
from termijn.runtime.stream_loading import SNAPSHOT_EVERY, StreamLoading
from termijn.runtime.timer_row import TimerRow, timer_id_of

SQL = load("termijn.runtime.schema", "runtime.sql")
KEEPING = load("termijn.runtime.schema", "keeping.sql")
ERASURE = load("termijn.runtime.schema", "erasure.sql")


class Queued(Exception):
    """Others wait in line for this stream; whoever comes without having waited lines up behind them."""


def _no_queue(stream: str) -> bool:
    return False


class UnitOfWork:
    """Implements ``handling.Work``. ``flush`` writes what was decided; committing is the caller's.

    ``is_queued`` says of a stream whether others wait for it: deciding on it then raises ``Queued``.
    """

    def __init__(
        self,
        plant: Plant,
        connection: Any,
        provider: ProviderId,
        now: datetime,
        cause: Cause,
        *,
        is_queued: Callable[[str], bool] = _no_queue,
    ) -> None:
        self._plant = plant
        self.connection = connection
        self.provider = provider
        self.now = now
        self.cause = cause
        self._is_queued = is_queued
        self._recorded_at = machine_now()
        self.memo: dict[Any, Any] = {}
        self._streams: dict[str, Loaded] = {}
        self._pending: list[Recorded] = []
        self._timers: list[tuple[str, AccountId, TimerChange]] = []
        self._earliest_set: datetime | None = None
        self._arrived: list[str] = []
        self.arrived_facts: set[str] = set()
        self._writes: list[Write] = []
        self._snapshots_due: dict[str, tuple[Aggregate[Any, Any, Any], str]] = {}
        self.written: set[str] = set()
        self.accounts: set[AccountId] = set()
        self.facts = Facts()
        self._forgets_states = False
        self._forgotten_before = plant.cache.forgotten

    @property
    def blobs(self) -> Blobs:
        """Where large things go."""
        return self._plant.blobs

    async def prefetch(self, wanted: Sequence[tuple[Aggregate[Any, Any, Any], str]]) -> None:
        """Load many streams with one query."""
        if missing := self._missing(wanted):
            await self._load(missing, SQL["load_streams"])

    async def fetch_loading(self, wanted: Sequence[tuple[Aggregate[Any, Any, Any], str]], sql: str, *args: object) -> Sequence[Row]:
        """Load many streams with a query that is asked anyway: its last parameters are those of ``load_streams``, and its rows that
        have a stream are, too. Returns the others.
        """
        return await self._load(self._missing(wanted), sql, *args)

    def _missing(self, wanted: Sequence[tuple[Aggregate[Any, Any, Any], str]]) -> dict[str, Aggregate[Any, Any, Any]]:
        named = {aggregate.stream(self.provider, key): aggregate for aggregate, key in wanted}
        return {stream: aggregate for stream, aggregate in named.items() if stream not in self._streams}

    async def _load(
        self, missing: Mapping[str, Aggregate[Any, Any, Any]], sql: str, *args: object, with_snapshots: bool = True
    ) -> Sequence[Row]:
        loading = StreamLoading(self._plant, self.provider, missing, with_snapshots=with_snapshots)
        rows = await self.connection.fetch(sql, self.provider, *args, *loading.columns())
        erased = await loading.take_in([row for row in rows if row["stream"] is not None])
        self._streams |= loading.loaded
        self._snapshots_due |= {stream: (missing[stream], account) for stream, account in loading.snapshot_due.items()}
        if erased:
            # The key of these snapshots was destroyed; shredded events still say all that may be known.
            await self._load({stream: missing[stream] for stream in erased}, SQL["load_streams"], with_snapshots=False)
        return [row for row in rows if row["stream"] is None]

    async def load(self, aggregate: Aggregate[StateT, Any, Any], key: str) -> StateT:
        """The state of one stream, including what this unit of work already decided."""
        await self.prefetch([(aggregate, key)])
        state: StateT = self._streams[aggregate.stream(self.provider, key)].state
        return state

    async def version(self, aggregate: Aggregate[Any, Any, Any], key: str) -> int:
        """The version of one stream, including what this unit of work already decided."""
        await self.prefetch([(aggregate, key)])
        return self._streams[aggregate.stream(self.provider, key)].version

    async def execute(
        self, aggregate: Aggregate[StateT, CommandT, EventT], key: str, command: CommandT, *, account: AccountId
    ) -> Sequence[EventT]:
        """Decide and keep the decision. A ``Refusal`` passes through and leaves no trace."""
        stream = aggregate.stream(self.provider, key)
        self.accounts.add(account)
        if self._is_queued(stream):
            self.written.add(stream)
            raise Queued(stream)
        state = await self.load(aggregate, key)
        events = aggregate.decide(command, state)
        version = self._streams[stream].version
        for event in events:
            state, version = aggregate.evolve(state, event), version + 1
            self._record(event, stream, version, account)
            self._timers.extend((stream, account, change) for change in aggregate.wakes(event, state))
            if version % SNAPSHOT_EVERY == 0:
                self._snapshots_due[stream] = (aggregate, account)
        if events:
            self._streams[stream] = Loaded(state, version)
            self.written.add(stream)
        return events

    def _record(self, event: Event, stream: str, version: int, account: AccountId) -> None:
        self._pending.append(
            Recorded(
                event=event,
                event_id=new_event_id(),
                provider=self.provider,
                account=account,
                stream=stream,
                version=version,
                occurred_at=self.now,
                recorded_at=self._recorded_at,
                cause=self.cause,
            )
        )

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        """Query this service's own tables; what was decided so far is written first, so that it is seen."""
        await self.flush()
        rows: Sequence[Row] = await self.connection.fetch(sql, *args)
        return rows

    def arrived(self, fact: str, *, account: AccountId) -> None:
        """Say that a fact is there now."""
        self._arrived.append(fact)
        self.arrived_facts.add(fact)

    async def sealed_actor(self, account: str | None) -> str:
        """Who does this, as it may be kept outside of this database (CON-7)."""
        actor = self.cause.actor
        if account is None or not is_person(actor):
            return actor
        return sealed_actor(actor, account, await self._plant.keys.sealer(self.provider, [account]))

    async def destroy_key(self, account: AccountId, purpose: str) -> None:
        """Erase what this key sealed. Not undone by a rollback: whoever asks for it has recorded before that it is to go (CON-7).

        Where the account has left, every process of this service forgets at once what it kept, whatever the key was for.
        """
        await self._plant.keys.destroy(self.provider, account, purpose=purpose)
        await self.connection.execute(ERASURE["tell_again"], self.provider, account)
        self.forget_states()
        fault("erasure.key_destroyed")

    def forget_states(self) -> None:
        """After the commit no state that was read before is kept."""
        self._forgets_states = True

    def also(self, sql: str, *args: object) -> None:
        """Write this with the next flush, in one statement with what was decided by then. Nothing that is decided may need it."""
        self._writes.append((sql, args))

    async def flush(self) -> None:
        """Write what was decided: events, public events, timers in one statement, then synchronous read models."""
        pending, self._pending = self._pending, []
        timers, self._timers = self._timers, []
        arrived, self._arrived = self._arrived, []
        if pending:
            await self._add_events(pending)
        if arrived:
            self.also(SQL["note_arrived"], self.provider, arrived)
        cancelled = self._add_timers(timers)
        writes, self._writes = self._writes, []
        await execute_joined(self.connection, writes)
        if cancelled:
            # A statement of its own: what was set just now may be cancelled, too.
            await self.connection.execute(SQL["cancel_timers"], self.provider, self.now, cancelled)
        if pending:
            await self._write_views(pending)

    async def _add_events(self, pending: Sequence[Recorded]) -> None:
        public = [(recorded, event) for recorded in pending for event in self._plant.definition.publish(recorded)]
        accounts = {r.account for r in pending if codec.has_personal_data(r.event)}
        accounts |= {r.account for r, event in public if codec.has_personal_data(event)}
        accounts |= {r.account for r in pending if is_person(r.cause.actor)}
        sealer = await self._plant.keys.sealer(self.provider, sorted(accounts))
        data = [codec.encode(r.event, r.account, sealer).decode() for r in pending]
        self.also(
            SQL["append_events"],
            self.provider,
            self._plant.epoch,
            [r.stream for r in pending],
            [r.version for r in pending],
            [r.event_id for r in pending],
            [type(r.event).__name__ for r in pending],
            [r.event.SCHEMA_VERSION for r in pending],
            [r.account for r in pending],
            data,
            _metas(pending, sealer),
            self.now,
            self._recorded_at,
        )
        if public:
            self._add_public(public, sealer)

    def _add_public(self, public: Sequence[tuple[Recorded, Event]], sealer: codec.Sealer) -> None:
        ordinals: dict[UUID, int] = {}
        envelopes = []
        for recorded, event in public:
            ordinal = ordinals[recorded.event_id] = ordinals.get(recorded.event_id, -1) + 1
            envelopes.append(envelope_of(recorded, event, ordinal, self._plant.definition.name, sealer))
        self.also(
            SQL["add_to_outbox"],
            self.provider,
            [r.account for r, _ in public],
            [envelope.id for envelope in envelopes],
            [msgspec.json.encode(envelope) for envelope in envelopes],
            [codec.encode(e, r.account, sealer) for r, e in public],
        )

    def _add_timers(self, timers: Sequence[tuple[str, AccountId, TimerChange]]) -> list[str]:
        """Add the timers that are set; the ids of those that are cancelled.

        In order of decision: an occasion may be set and cancelled, never the other way round, within one unit of work.
        """
        if not timers:
            return []
        service = self._plant.definition.name
        new = [
            TimerRow.of(service, self.provider, stream, account, change)
            for stream, account, change in timers
            if isinstance(change, SetTimer)
        ]
        if new:
            earliest = min(row.due_at for row in new)
            self._earliest_set = earliest if self._earliest_set is None else min(self._earliest_set, earliest)
            self.also(SQL["set_timers"], self.provider, self.now, *zip(*(row.columns() for row in new), strict=True))
        return [timer_id_of(service, stream, change.occasion) for stream, _, change in timers if not isinstance(change, SetTimer)]

    async def _write_views(self, pending: Sequence[Recorded]) -> None:
        statements = [s for view in self._plant.definition.views if view.is_synchronous for r in pending for s in view.apply(r)]
        await run_statements(self.connection, statements)

    def note_unit(self) -> None:
        """Leave word for the journal of what this unit of work did; the relay takes it there."""
        if self._plant.is_journaled and (self.written or self.facts):
            noted = msgspec.msgpack.encode(NotedUnit(self.now, self.facts))
            self.also(KEEPING["note_unit"], self.provider, self._plant.epoch, noted)

    async def save_snapshots(self) -> None:
        """Keep the state of long streams, so that their next load is short. Sealed, because states hold personal data."""
        for stream, (aggregate, account) in self._snapshots_due.items():
            loaded = self._streams[stream]
            sealer = await self._plant.keys.sealer(self.provider, [account])
            try:
                sealed = sealer.seal(account, msgspec.json.encode(loaded.state))
            except KeyDestroyed:
                continue  # events without personal data go on after an erasure; their state is built from them
            fingerprint = self._plant.cache.fingerprint(aggregate)
            await self.connection.execute(SQL["save_snapshot"], self.provider, stream, loaded.version, account, fingerprint, sealed)

    def remember(self) -> None:
        """After the commit: the next unit of work needs only what comes later."""
        if self._earliest_set is not None:
            self._plant.note_set(self._earliest_set)
        if self._forgets_states:
            self._plant.cache.forget_all()
            return
        if self._forgotten_before != self._plant.cache.forgotten:
            return  # of a time before an erasure
        for stream, loaded in self._streams.items():
            if loaded.version:
                self._plant.cache.put(self.provider, stream, loaded)


async def run_statements(connection: Any, statements: Sequence[Statement]) -> None:
    """Write to read models; runs of the same SQL go over the wire together."""
    start = 0
    while start < len(statements):
        end = start
        while end < len(statements) and statements[end].sql == statements[start].sql:
            end += 1
        await connection.executemany(statements[start].sql, [s.args for s in statements[start:end]])
        start = end


def envelope_of(recorded: Recorded, event: Event, ordinal: int, publisher: str, sealer: codec.Sealer) -> Envelope:
    """The envelope of a public event; its id follows from the private event's, so that publishing again gives the same."""
    return Envelope(
        id=derived_id(recorded.event_id, ordinal),
        type=type(event).__name__,
        schema_version=event.SCHEMA_VERSION,
        publisher=publisher,
        provider=recorded.provider,
        account=recorded.account,
        number=0,
        stream=recorded.stream,
        version=recorded.version,
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        actor=sealed_actor(recorded.cause.actor, recorded.account, sealer),
        why=recorded.cause.why,
        correlation_id=recorded.cause.correlation_id,
        causation_id=recorded.cause.causation_id,
        trace=recorded.cause.trace,
    )


def _metas(pending: Sequence[Recorded], sealer: codec.Sealer) -> list[str]:
    """Of each event; what is decided for one account at one time shares its cause."""
    made: dict[tuple[int, str], str] = {}
    for recorded in pending:
        key = (id(recorded.cause), recorded.account)
        if key not in made:
            made[key] = _meta(recorded.cause, sealed_actor(recorded.cause.actor, recorded.account, sealer))
    return [made[id(recorded.cause), recorded.account] for recorded in pending]


def _meta(cause: Cause, actor: str) -> str:
    return msgspec.json.encode(
        {
            "actor": actor,
            "why": cause.why,
            "correlation_id": cause.correlation_id,
            "causation_id": cause.causation_id,
            "trace": cause.trace,
        }
    ).decode()
