"""One service at run time: its database, its desk for each kind of work, and the steps that the loops and tests turn.

A step is one page of one kind of work, run to its end: a page of messages, of timers, of the outbox. Whoever turns the steps
decides the order: background loops in production, the clock of the sandbox, a seeded choice in the simulator.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from termijn.events.upcasters import UPCASTERS, of_publisher
from termijn.kernel.ids import ProviderId
from termijn.runtime import rebuild as rebuilding
from termijn.runtime.clock import Clock
from termijn.runtime.codec import Registry, Upcaster, WakeUps
from termijn.runtime.database import EVERY_PROVIDER, Address, ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.glance import Glance
from termijn.runtime.handling import Cause, Definition
from termijn.runtime.held import Held
from termijn.runtime.hold import JOURNAL_AHEAD, Hold
from termijn.runtime.inbox import Inbox
from termijn.runtime.inflow_desk import InflowDesk
from termijn.runtime.journal import Journal
from termijn.runtime.journaler import Journaler, last_unit
from termijn.runtime.plant import Keys, Plant
from termijn.runtime.projector import Projector
from termijn.runtime.relay import Relay
from termijn.runtime.retention import Upkeep
from termijn.runtime.sealed_blobs import BlobKeys, Files, SealedBlobs
from termijn.runtime.sql import Row, load
from termijn.runtime.timers import Instant, TimerDesk
from termijn.runtime.transport.base import Consumer, OffsetsLost, Transport
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.runtime.unreadable import readable
from termijn.runtime.workers import WorkerDesk
from termijn.runtime.write_path import WritePath

SQL = load("termijn.runtime.schema", "runtime.sql")

ResultT = TypeVar("ResultT")

POLL_RECORDS_MAX = 500
"""Messages taken from the transport at once."""

OUTBOX_ROWS_BULK = 2_000
"""Above this, bulk work (workers, timers of the night) pauses, so that a payment is never minutes behind an invoice run."""

TOPICS: Mapping[str, str] = {
    "contracts": "termijn.contracts.v1",
    "rating": "termijn.rating.v1",
    "invoice": "termijn.invoice.v1",
    "dunning": "termijn.dunning.v1",
}
"""The topic of each publisher."""


class KeyRing(Keys, BlobKeys, Protocol):
    """The key store as a whole service sees it."""

    async def live(self, provider: ProviderId, accounts: Sequence[str]) -> list[tuple[str, str]]:
        """Account and purpose of each key of these accounts that is there."""
        ...

    def forget(self, accounts: Sequence[tuple[ProviderId, str]]) -> None:
        """Ask again for the keys of these accounts."""
        ...

    async def erased(self) -> list[tuple[ProviderId, str]]:
        """The accounts that are gone, of all providers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a service is given: where its data lies and what it shares with the outside."""

    address: Address
    transport: Transport
    clock: Clock
    keys: KeyRing
    blobs: Files
    journal: Journal | None = None
    has_collectors: bool = False
    """Whether collectors send to topics here, besides HTTP and files."""


class Service:
    """A running service. Made by ``Service.open``."""

    def __init__(self, definition: Definition, around: Surroundings, database: ServiceDatabase) -> None:
        self.definition = definition
        self.name = definition.name
        self.clock = around.clock
        self.database = database
        self.transport = around.transport
        private = {kind for aggregate in definition.aggregates for kind in aggregate.events}
        self.plant = Plant(
            definition=definition,
            registry=Registry(private, _upcasters(definition)),
            public=Registry(definition.public_events, of_publisher(definition.name)),
            keys=around.keys,
            blobs=SealedBlobs(around.blobs, around.keys),
            epoch=database.epoch,
            is_journaled=around.journal is not None,
        )
        self.keys = around.keys
        self.address = around.address
        self.journal = around.journal
        self.write = WritePath(database, self.plant, around.clock)
        self.inbox = Inbox(self.write, definition.reactions)
        self.held = Held(self.write, self.inbox)
        wake_ups = WakeUps((h.wake_up for h in definition.wake_ups), definition.wake_up_upcasters)
        self.timers = TimerDesk(self.write, definition.wake_ups, wake_ups)
        self.workers = WorkerDesk(self.write, definition.workers)
        self.upkeep = Upkeep(self.write)
        self.projector = Projector(database, self.plant)
        journaler = Journaler(database, around.journal, definition.name) if around.journal is not None else None
        self.relay = Relay(database, around.transport, definition.topic, journaler)
        self.listens_to = sorted({TOPICS[r.publisher] for r in definition.reactions})
        views = [view.name for view in definition.views if not view.is_synchronous]
        self.glance = Glance(around.address.app_dsn, views=views, workers=definition.workers)
        self._consumer: Consumer | None = None
        inflows = definition.inflows if around.has_collectors else ()
        self.inflows = [InflowDesk(inflow, self.name, database, self.plant.blobs, around.transport) for inflow in inflows]

    @classmethod
    async def open(cls, definition: Definition, around: Surroundings) -> "Service":
        """Migrate the database, make the topics, join the consumer group."""
        database = await ServiceDatabase.open(around.address, ["termijn.runtime.schema", definition.package])
        service = cls(definition, around, database)
        database.forgetting.tell(lambda accounts: service.plant.cache.forget_all())
        database.forgetting.tell(around.keys.forget)
        if around.journal is not None and await around.journal.last_position(definition.name) > await last_unit(database):
            await service.hold.place(JOURNAL_AHEAD)
        await service.hold.look()
        await around.transport.ensure_topics([definition.topic, *service.listens_to])
        await service.rejoin()
        return service

    async def rejoin(self) -> None:
        """Join the group, or leave it and join it again, to begin where the database says."""
        if self._consumer is not None:
            await self._consumer.close()
        if self.listens_to:
            self._consumer = self.transport.consumer(self.name, self.listens_to, self.offsets)

    async def lost_places(self) -> list[OffsetsLost]:
        """The places whose next record is not in the transport any more. Asked of all, whoever reads them; takes nothing."""
        topics = [*self.listens_to, *[topic for inflow in self.inflows for topic in await inflow.topics()]]
        stored, bounds = await self.offsets(), await self.transport.bounds(topics) if topics else {}
        wanted = {place: stored.get(place, 0) for place in bounds}
        return [
            OffsetsLost(place, wanted=wanted[place], first=first, end=end)
            for place, (first, end) in sorted(bounds.items())
            if not first <= wanted[place] <= end
        ]

    async def close(self) -> None:
        """Leave the group and give the connections back."""
        if self._consumer is not None:
            await self._consumer.close()
        for inflow in self.inflows:
            await inflow.close()
        await self.glance.close()
        await self.database.close()

    async def run(self, *, provider: ProviderId, cause: Cause, act: Callable[[UnitOfWork], Awaitable[ResultT]]) -> ResultT:
        """Carry out a command of the outside world in one transaction, with the conflict policy."""
        return await self.write.run(provider, cause, act)

    @property
    def hold(self) -> Hold:
        """Whether the service waits for a person since it was restored."""
        return self.write.hold

    async def is_held(self) -> bool:
        """Whether nothing may move. It ends when any process releases the service, which may have put back what this one knows not."""
        if self.hold.reason is None:
            return False
        if await self.hold.look():
            return True
        self.plant.cache.forget_all()
        return False

    async def offsets(self) -> dict[tuple[str, int], int]:
        """Where to go on reading, as committed with the effects of what was read."""
        rows = await self.database.short(EVERY_PROVIDER, "select topic, partition, next_offset from consumer_offset")
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def consume(self, timeout_s: float = 0.0) -> int:
        """Take what the transport has; the number of messages."""
        if self._consumer is None or await self.is_held():
            return 0
        records = await self._consumer.poll(POLL_RECORDS_MAX, timeout_s)
        if not records:
            return 0
        offsets: dict[tuple[str, int], int] = {}
        for record in records:
            offsets[record.topic, record.partition] = record.offset + 1
        await self.inbox.take(await readable(self.database, records), offsets)
        fault("consume.before_acknowledge")
        await self._consumer.commit(offsets)
        return len(records)

    async def collect(self, timeout_s: float = 0.0) -> int:
        """One page of each inflow; the number of records."""
        return 0 if await self.is_held() else sum([await inflow.step(timeout_s) for inflow in self.inflows])

    async def is_outbox_full(self) -> bool:
        """Whether bulk work should pause until the relay has caught up."""
        rows = await self.database.short(EVERY_PROVIDER, SQL["is_outbox_full"], OUTBOX_ROWS_BULK)
        return bool(rows[0]["is_full"])

    async def fire(self, until: Instant) -> int:
        """Fire one page of timers and expired waits due by then; how many."""
        if await self.is_held() or await self.is_outbox_full():
            return 0
        return await self.timers.step(until) + await self.held.expire(until.due_at)

    async def work(self) -> int:
        """One page of each worker, unless the outbox is full."""
        if not self.definition.workers or await self.is_held() or await self.is_outbox_full():
            return 0
        return await self.workers.step()

    async def flow(self) -> int:
        """Everything that is not waited for a date: relay, messages, waiting messages, workers, read models; how much moved."""
        if await self.is_held():
            return 0
        moved = await self.consume() + await self.collect()
        if await self.glance.is_busy():
            moved += await self.relay.step()
            moved += await self.held.step()
            moved += await self.work()
            moved += await self.projector.step()
        # Trimming has time: it looks only when nothing else moved.
        return moved or await self.upkeep.step()

    async def next_due(self) -> Instant | None:
        """The earliest date that this service waits for; none while it is held."""
        if await self.is_held():
            return None
        timer, deadline = await self.timers.next_due(), await self.held.next_deadline()
        candidates = [instant for instant in (timer, Instant(deadline, 0) if deadline else None) if instant is not None]
        return min(candidates, default=None)

    async def is_quiet(self) -> bool:
        """Nothing to send, to receive or to try again, and nothing that another process is about to do; or held."""
        if await self.is_held():
            return True
        if await self.glance.is_message_held() or await self._is_done_elsewhere():
            return False
        lag: int = await self.transport.lag(self.name, self.listens_to)
        return lag == 0 and all([await inflow.is_quiet() for inflow in self.inflows])

    async def _is_done_elsewhere(self) -> bool:
        """Whether there is work whose role another process has. (A worker that cannot go on is no reason to wait, there as here.)

        Without this the clock was moved on before the process beside it had numbered the invoices of the day.
        """
        roles = ("relay", "held", "projector", *(("workers",) if self.definition.workers else ()))
        if all(self.database.locks.has(role) for role in roles) or not await self.glance.is_busy():
            return False
        return not await self.database.short(EVERY_PROVIDER, "select from worker_failure limit 1")

    async def rebuild(self, *views: str, progress: Callable[[int], None] | None = None) -> int:
        """Build read models anew from the store, in one pass over it; the number of events read. Raises KeyError for an unknown one."""
        known = {view.name: view for view in self.definition.views}
        found = [known[name] for name in dict.fromkeys(views)]
        return await rebuilding.rebuild(self.database, self.plant, found, progress or (lambda events: None))

    async def laws_broken(self, laws: Sequence[tuple[str, str]]) -> list[Row]:
        """Rows that break these laws (name, query), over all providers."""
        broken: list[Row] = []
        for name, sql in laws:
            broken.extend({**row, "law": name} for row in await self.database.short(EVERY_PROVIDER, sql))
        return broken


def _upcasters(definition: Definition) -> dict[tuple[str, int], Upcaster]:
    """A service's own steps, and those of public events, which it may keep as they came."""
    return {**{key: step for steps in UPCASTERS.values() for key, step in steps.items()}, **definition.event_upcasters}
