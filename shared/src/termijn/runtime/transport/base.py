"""What a transport promises, whichever it is.

- Records of one key arrive in the order in which they were published: a key always lies in the same partition.
- At least once: what was polled and not committed comes again. Listeners make it once (their inbox knows the ids).
- Nothing is skipped: reading goes on where the *listener's own database* says it was; where that place is gone, it is an error.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

RECORD_BYTES_MAX = 1024 * 1024
"""Key, value and headers together, what Kafka takes by default. Events are far below (256 KiB); this guards the transport."""

Place = tuple[str, int]
"""A topic and a partition in it."""

Offsets = Callable[[], Awaitable[Mapping[Place, int]]]
"""Reads from the listener's own database where to go on, per place; a place it does not name begins at 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutRecord:
    """Something to be published. Records of one key keep their order."""

    key: str
    value: bytes
    headers: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What counts towards ``RECORD_BYTES_MAX``."""
        return len(self.key.encode()) + len(self.value) + sum(len(name) + len(value) for name, value in self.headers.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class InRecord:
    """Something that arrived. Going on after it means offset + 1."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, bytes]


class RecordRefused(Exception):
    """The record at ``index`` of the call can never be published; none of the call was."""

    def __init__(self, index: int, reason: str) -> None:
        self.index = index
        self.reason = reason
        super().__init__(f"record {index}: {reason}")


class UnknownTopic(Exception):
    """The topic was never made: ``ensure_topics`` comes first."""


class OffsetsLost(Exception):
    """The listener's next record is not in the transport (any more). Have it published again; nothing is skipped by itself."""

    def __init__(self, place: Place, *, wanted: int, first: int, end: int) -> None:
        self.place, self.wanted, self.first, self.end = place, wanted, first, end
        super().__init__(f"{place[0]}/{place[1]}: offset {wanted} is wanted, there are {first} up to {end}")


class Consumer(Protocol):
    """One member of a group. Used by one task at a time."""

    async def poll(self, max_records: int, timeout_s: float) -> Sequence[InRecord]:
        """Records of the partitions that are this member's, in order per partition; waits at most ``timeout_s`` for the first.

        What an earlier poll returned and was not committed comes again. Partitions change hands only in here, so between a poll
        and its commit they stay. Raises ``OffsetsLost`` until the listener's database names a place that is there, or ``Transient``
        where the transport does not answer.
        """
        ...

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Say where to go on (offset + 1), after the transaction that had the effect. Raises ``Transient``."""
        ...

    async def close(self) -> None:
        """Leave the group; the others take over at once."""
        ...


class Transport(Protocol):
    """What services publish to and listen on."""

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what does not exist. A topic never changes afterwards."""
        ...

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        """All of them are kept when this returns. Raises ``RecordRefused``, or ``Transient``: then they may or may not be kept."""
        ...

    def consumer(self, group: str, topics: Sequence[str], offsets: Offsets) -> Consumer:
        """A member of the group, which joins at its first poll. ``offsets`` is asked whenever partitions become this member's."""
        ...

    async def bounds(self, topics: Sequence[str]) -> Mapping[Place, tuple[int, int]]:
        """Per place the first offset that is there, and the one that the next record gets. Raises ``Transient``."""
        ...

    async def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records behind the end, counted from what the group committed; 0 means quiet."""
        ...

    async def close(self) -> None:
        """Give connections back. Consumers are closed by who made them."""
        ...


def check_sizes(records: Sequence[OutRecord]) -> None:
    """Raise ``RecordRefused`` for the first record that is too large."""
    for index, record in enumerate(records):
        if record.size_bytes > RECORD_BYTES_MAX:
            raise RecordRefused(index, f"{record.size_bytes} bytes, at most {RECORD_BYTES_MAX} are allowed")
