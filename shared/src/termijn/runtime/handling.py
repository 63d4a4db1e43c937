"""What a service gives the runtime (handlers, views, workers), and what a handler gets to work with.

A handler runs inside one database transaction that it neither opens nor commits. Everything it decides goes through
``Work.execute``; it has no other way to change anything.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.aggregate import Aggregate, CommandT, EventT, StateT, WakeUp
from termijn.runtime.blobs import Blobs
from termijn.runtime.inflow import Inflow
from termijn.runtime.sql import Row

PublicT = TypeVar("PublicT", bound=Event)
WakeUpT = TypeVar("WakeUpT", bound=WakeUp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who makes this happen, and why it is allowed (SEC-3). ``causation_id`` is the message, timer or call before it."""

    actor: str
    why: str
    correlation_id: UUID
    causation_id: UUID
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the store has it: what ``published.py`` and views are given. ``version`` counts from 1 in its stream."""

    event: Event
    event_id: UUID
    provider: ProviderId
    account: AccountId
    stream: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Generic[PublicT]):
    """A public event that arrived from another service."""

    envelope: Envelope
    event: PublicT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired(Generic[WakeUpT]):
    """A timer that came due. ``key`` is the part of its stream's name behind the provider; ``due_at`` when it was meant to."""

    timer_id: str
    provider: ProviderId
    account: AccountId
    stream: str
    key: str
    due_at: datetime
    wake_up: WakeUpT


@dataclass(frozen=True, slots=True)
class Handled:
    """The fact had its effect."""


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Nothing follows from the fact here, and ``reason`` says why; it is recorded with the message."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact named ``awaits`` must come first ("module/m-7"). The message is kept and handled again when ``Work.arrived`` names it."""

    awaits: str
    reason: str


Outcome = Handled | NoEffect | Waiting


class Transient(Exception):
    """Something outside did not answer; the same message may succeed soon (5 tries, 30 s at most, then it is parked)."""


class Work(Protocol):
    """One unit of work: a transaction for one provider, at one domain time."""

    @property
    def provider(self) -> ProviderId: ...

    @property
    def now(self) -> datetime:
        """Domain time (UTC, aware)."""
        ...

    @property
    def cause(self) -> Cause: ...

    @property
    def blobs(self) -> Blobs: ...

    @property
    def memo(self) -> dict[Any, Any]:
        """Facts that ``prepare`` looked up for the whole page, for ``handle`` to find."""
        ...

    async def prefetch(self, wanted: Sequence[tuple[Aggregate[Any, Any, Any], str]]) -> None:
        """Load many streams with one query, where a page knows beforehand which ones it will need."""
        ...

    async def load(self, aggregate: Aggregate[StateT, Any, Any], key: str) -> StateT:
        """The state of one stream, including what this unit of work already decided."""
        ...

    async def version(self, aggregate: Aggregate[Any, Any, Any], key: str) -> int:
        """The version of one stream (0: it does not exist), including what this unit of work already decided."""
        ...

    async def execute(
        self, aggregate: Aggregate[StateT, CommandT, EventT], key: str, command: CommandT, *, account: AccountId
    ) -> Sequence[EventT]:
        """Decide and record. Returns what was decided; a ``Refusal`` passes through."""
        ...

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        """Query this service's own tables; sees what this unit of work decided so far."""
        ...

    def arrived(self, fact: str, *, account: AccountId) -> None:
        """Say that a fact is there now; messages that wait for it are handled after this transaction."""
        ...

    async def destroy_key(self, account: AccountId, purpose: str) -> None:
        """Erase what this key of the account sealed, everywhere and for ever, now and not at commit (CON-7). Twice is once."""
        ...

    def forget_states(self) -> None:
        """After the commit no state that was read before is kept in this process: something of them was erased."""
        ...


async def _no_prepare(work: Any, items: Any) -> None:
    return None


def _no_streams(item: Any) -> Sequence[tuple[Aggregate[Any, Any, Any], str]]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(Generic[PublicT]):
    """A row of ``reactions.py``: on this event of this publisher, do that.

    - ``streams``: which streams it will load, so that a page loads them with one query.
    - ``prepare``: look up facts for all messages of the page at once, into ``work.memo``.
    - It never refuses: a refusal raised in it, or any other error, parks the account.
    """

    publisher: str
    event: type[PublicT]
    handle: Callable[[Work, Message[PublicT]], Awaitable[Outcome]]
    streams: Callable[[Message[PublicT]], Sequence[tuple[Aggregate[Any, Any, Any], str]]] = _no_streams
    prepare: Callable[[Work, Sequence[Message[PublicT]]], Awaitable[None]] = _no_prepare


class Database(Protocol):
    """A short transaction of its own, for what must be committed before a page's snapshot is taken."""

    async def short(self, provider: ProviderId, sql: str, *args: object) -> Sequence[Row]:
        """Run one statement for the provider in a READ COMMITTED transaction of its own."""
        ...


async def _no_before(database: Any, items: Any) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeUpHandler(Generic[WakeUpT]):
    """What happens when a timer with this wake-up fires. ``before`` runs before the page's transaction is opened."""

    wake_up: type[WakeUpT]
    handle: Callable[[Work, Fired[WakeUpT]], Awaitable[Outcome]]
    streams: Callable[[Fired[WakeUpT]], Sequence[tuple[Aggregate[Any, Any, Any], str]]] = _no_streams
    prepare: Callable[[Work, Sequence[Fired[WakeUpT]]], Awaitable[None]] = _no_prepare
    before: Callable[[Database, Sequence[Fired[WakeUpT]]], Awaitable[None]] = _no_before


@dataclass(frozen=True, slots=True)
class Statement:
    """A write to a read model. Where it must hit a row, its SQL says so with ``expect_rows(count)``."""

    sql: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A read model. ``tables`` are its own; ``apply`` is pure.

    A synchronous view is written in the transaction of the event (a row per aggregate, no totals); an asynchronous one
    follows the store with a checkpoint. Both can be rebuilt from the store.
    """

    name: str
    tables: tuple[str, ...]
    apply: Callable[[Recorded], Iterable[Statement]]
    is_synchronous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """Things that go one by one, each in a transaction of its own: one that fails is shown and stands in nobody's way.

    ``waiting`` is a query with the provider, the last ``item`` that was looked at and a limit, in order of ``item``. ``step`` deals
    with one of them, which may be over by then, and returns how much it did.
    """

    waiting: str
    step: Callable[[Work, str], Awaitable[int]]


async def _no_page(work: Work) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Work that no message or date starts: numbering drafts, sending what is due.

    One at a time per service (a session lock). ``step`` does one page for one provider in one transaction and returns how
    much it did, or ``each`` does things one by one; ``waiting_providers`` is a query for the providers that have something to do.
    """

    name: str
    waiting_providers: str
    step: Callable[[Work], Awaitable[int]] = _no_page
    each: Each | None = None


TRIM_ROWS_PER_BATCH = 2_000
"""Some tens of milliseconds; whoever wants the worker desk meanwhile waits no longer than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """One table that is trimmed by age. ``queries`` has ``<table>_due``, for the providers that have something to trim, and
    ``trim_<table>``, with the provider and how many rows at most; by domain time both have what time it is besides.
    """

    table: str
    queries: Mapping[str, str]
    is_domain_time: bool = False

    @property
    def due(self) -> str:
        """A query for the providers that have something to trim."""
        return self.queries[f"{self.table}_due"]

    def as_of(self, now: datetime) -> tuple[datetime, ...]:
        """The argument of its queries; those by machine time ask the server."""
        return (now,) if self.is_domain_time else ()

    async def step(self, work: Work) -> int:
        """Remove one batch of one provider; how many rows went."""
        rows = await work.fetch(self.queries[f"trim_{self.table}"], work.provider, TRIM_ROWS_PER_BATCH, *self.as_of(work.now))
        return int(rows[0]["rows"])

    def worker(self) -> Worker:
        """As a worker, whose failures are noted and shown like those of others."""
        return Worker(name=f"trim {self.table}", waiting_providers=self.due, step=self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """All of one service: what ``app.py`` hands to the runtime. ``package`` is where its ``sql/`` lies."""

    name: str
    package: str
    topic: str
    aggregates: tuple[Aggregate[Any, Any, Any], ...]
    publish: Callable[[Recorded], Sequence[Event]]
    public_events: tuple[type[Event], ...]
    reactions: tuple[Reaction[Any], ...]
    wake_ups: tuple[WakeUpHandler[Any], ...]
    views: tuple[View, ...]
    workers: tuple[Worker, ...] = ()
    inflows: tuple[Inflow, ...] = ()
    trims: tuple[Trim, ...] = ()
    forget: "Callable[[Work, AccountId], Awaitable[None]] | None" = None
    """Erases what the service has of a deleted account; done again after a restore (CON-7)."""
    wake_up_upcasters: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    event_upcasters: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
