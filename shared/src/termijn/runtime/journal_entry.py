"""What the journal holds: units of work as they were committed, and the numbers under which public events were told."""

from datetime import datetime
from uuid import UUID

import msgspec


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """What became of a message of another service. ``outcome``: handled, no effect, waiting or parked."""

    publisher: str
    message_id: UUID
    account: str
    number: int
    outcome: str
    reason: str | None = None


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """A call with an Idempotency-Key was answered. Without the body: answers may hold personal data, and the journal is kept.

    A customer's name in ``actor`` is sealed for ``account`` (``actor.py``).
    """

    actor: str
    key: str
    request_hash: str
    status: int
    etag: str | None
    account: str | None = None


class Facts(msgspec.Struct, kw_only=True):
    """What a unit of work did besides recording events. Filled by whoever does it, in the order in which it happens."""

    taken: list[Taken] = []
    fired: list[str] = []
    answered: list[Answered] = []

    def __bool__(self) -> bool:
        return bool(self.taken or self.fired or self.answered)


class NotedUnit(msgspec.Struct, frozen=True, array_like=True):
    """As it waits in the database for the journal: domain time and facts; its events are in the store."""

    now: datetime
    facts: Facts


class KeptEvent(msgspec.Struct, frozen=True, array_like=True):
    """A stored event. ``data`` and ``meta`` are JSON text; personal fields are as sealed as they are in the store."""

    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    account: str
    data: str
    meta: str
    occurred_at: datetime
    recorded_at: datetime


class KeptUnit(msgspec.Struct, frozen=True, kw_only=True, tag="unit"):
    """One committed transaction. ``position`` only goes up within a service; ``now`` is its domain time."""

    position: int
    provider: str
    now: datetime
    events: tuple[KeptEvent, ...]
    facts: Facts


class KeptNumber(msgspec.Struct, frozen=True, array_like=True):
    """The public event of that id was told as that number of its account."""

    provider: str
    account: str
    number: int
    event_id: UUID


class KeptNumbers(msgspec.Struct, frozen=True, kw_only=True, tag="numbers"):
    """Numbers that are about to be told."""

    numbers: tuple[KeptNumber, ...]


Entry = KeptUnit | KeptNumbers
