"""A transport that does all that a transport may do: keeps a part and fails, repeats, delays, mixes partitions, loses acknowledgements.

What it never does is what ``transport.base`` rules out: within a partition, what is delivered for the first time comes in the
order in which it was published, and nothing is skipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from termijn.runtime.handling import Transient
from termijn.runtime.transport.base import Consumer, InRecord, Offsets, OutRecord, Place, Transport
from termijn.testing.simulation_chance import Chance

REMEMBERED = 40
"""Records per partition that may come again later."""


@dataclass(slots=True)
class Mischief:
    """How often it does what, in a thousand cases; and how often it did. None of it once ``is_calm``."""

    publish_fails: int = 40
    poll_fails: int = 10
    poll_comes_empty: int = 100
    partition_is_late: int = 250
    rewinds: int = 150
    commit_is_lost: int = 80
    is_calm: bool = False
    done: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        """It happened once more."""
        self.done[what] = self.done.get(what, 0) + 1


class LossyTransport:
    """Implements ``base.Transport`` around another one."""

    def __init__(self, inner: Transport, chance: Chance, mischief: Mischief) -> None:
        self.inner = inner
        self.chance = chance
        self.mischief = mischief
        self.delivered: dict[tuple[str, Place], list[InRecord]] = {}
        self.acknowledged: dict[tuple[str, Place], int] = {}
        """Where a group wanted to go on last, by partition: whether or not that was heard, it has everything before."""

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what does not exist."""
        await self.inner.ensure_topics(topics)

    async def publish(self, topic: str, records: Sequence[OutRecord]) -> None:
        """All of them are kept when this returns. Where it raises ``Transient``, of each key a beginning may have been kept."""
        if self.mischief.is_calm or not self.chance.happens(self.mischief.publish_fails):
            await self.inner.publish(topic, records)
            return
        kept = self._beginnings(records)
        self.mischief.note("published in part" if 0 < len(kept) < len(records) else "published unheard" if kept else "not published")
        if kept:
            await self.inner.publish(topic, kept)
        raise Transient("simulated: the broker did not answer")

    def _beginnings(self, records: Sequence[OutRecord]) -> list[OutRecord]:
        left: dict[str, int] = {}
        for record in records:
            left[record.key] = left.get(record.key, 0) + 1
        how = self.chance.number(0, 2)
        left = {key: (0, count, self.chance.number(0, count))[how] for key, count in left.items()}
        kept = []
        for record in records:
            if left[record.key] > 0:
                left[record.key] -= 1
                kept.append(record)
        return kept

    def consumer(self, group: str, topics: Sequence[str], offsets: Offsets) -> Consumer:
        """A member of the group."""
        return LossyConsumer(self, group, self.inner.consumer(group, topics, offsets))

    async def bounds(self, topics: Sequence[str]) -> Mapping[Place, tuple[int, int]]:
        """As the transport beneath says."""
        return await self.inner.bounds(topics)

    async def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records behind the end, counted from what the group committed."""
        return await self.inner.lag(group, topics)

    async def close(self) -> None:
        """The inner one is closed by who made it."""


class LossyConsumer:
    """Implements ``base.Consumer`` around another one."""

    def __init__(self, transport: LossyTransport, group: str, inner: Consumer) -> None:
        self._transport = transport
        self._group = group
        self._inner = inner

    async def poll(self, max_records: int, timeout_s: float) -> Sequence[InRecord]:
        """Records in order per partition; some partitions late, some from an earlier place, all mixed."""
        mischief, chance = self._transport.mischief, self._transport.chance
        if mischief.is_calm:
            return await self._inner.poll(max_records, timeout_s)
        if chance.happens(mischief.poll_fails):
            mischief.note("poll failed")
            raise Transient("simulated: the broker did not answer")
        if chance.happens(mischief.poll_comes_empty):
            mischief.note("poll came empty")
            return []
        found = await self._inner.poll(max_records, timeout_s)
        most = chance.one_of((1, 3, 10, max_records))
        return self._mixed(self._by_place(found), most)

    def _by_place(self, found: Sequence[InRecord]) -> dict[Place, list[InRecord]]:
        mischief, chance = self._transport.mischief, self._transport.chance
        by_place: dict[Place, list[InRecord]] = {}
        for record in found:
            by_place.setdefault((record.topic, record.partition), []).append(record)
        for records in by_place.values():
            if chance.happens(mischief.partition_is_late):
                mischief.note("partition late")
                del records[chance.number(0, len(records)) :]
        if chance.happens(mischief.rewinds):
            self._rewind(by_place)
        return by_place

    def _rewind(self, by_place: dict[Place, list[InRecord]]) -> None:
        """A partition is read from an earlier place once more: on to where it is now, or only some way.

        From no later place than the group has acknowledged: what was delivered to a member that died over it was not had by anybody.
        """
        chance, acknowledged = self._transport.chance, self._transport.acknowledged
        seen = sorted(place for group, place in self._transport.delivered if group == self._group and (group, place) in acknowledged)
        if not seen:
            return
        place = chance.one_of(seen)
        old = self._transport.delivered[self._group, place]
        had = sum(record.offset < acknowledged[self._group, place] for record in old)
        if had == 0:
            return
        start = chance.number(0, had - 1)
        again = old[start:]
        if chance.happens(500):
            again = again[: chance.number(1, len(again))]
            by_place[place] = again
        else:
            newer = [record for record in by_place.get(place, []) if record.offset > again[-1].offset]
            by_place[place] = [*again, *newer]
        self._transport.mischief.note("rewound")

    def _mixed(self, by_place: dict[Place, list[InRecord]], most: int) -> list[InRecord]:
        chance = self._transport.chance
        left = {place: records for place, records in sorted(by_place.items()) if records}
        mixed: list[InRecord] = []
        while left and len(mixed) < most:
            place = chance.one_of(list(left))
            mixed.append(left[place].pop(0))
            if not left[place]:
                del left[place]
        for record in mixed:
            self._remember(record)
        return mixed

    def _remember(self, record: InRecord) -> None:
        old = self._transport.delivered.setdefault((self._group, (record.topic, record.partition)), [])
        if not old or record.offset > old[-1].offset:
            old.append(record)
            del old[:-REMEMBERED]

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Say where to go on; where it raises ``Transient``, it was heard or not."""
        mischief, chance, acknowledged = self._transport.mischief, self._transport.chance, self._transport.acknowledged
        for place, offset in offsets.items():
            acknowledged[self._group, place] = max(offset, acknowledged.get((self._group, place), 0))
        if mischief.is_calm or not chance.happens(mischief.commit_is_lost):
            await self._inner.commit(offsets)
            return
        mischief.note("acknowledgement lost")
        if chance.happens(500):
            await self._inner.commit(offsets)
        raise Transient("simulated: the acknowledgement was lost")

    async def close(self) -> None:
        """Leave the group."""
        await self._inner.close()
