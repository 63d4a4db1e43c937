"""The simulator's transport does all that a transport may do, and nothing that it may not: nothing is ever skipped."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from termijn.runtime.handling import Transient
from termijn.runtime.transport.base import InRecord, Place, Transport
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_transport import LossyConsumer, LossyTransport, Mischief

RECORDS, PARTITIONS = 60, 2
TOPIC = [
    InRecord(topic="t", partition=partition, offset=offset, key=str(partition), value=b"", headers={})
    for partition in range(PARTITIONS)
    for offset in range(RECORDS)
]


class Reading:
    """A member that reads on from where its listener's own database says that it was."""

    def __init__(self, stored: Mapping[Place, int]) -> None:
        self.positions = {("t", partition): stored.get(("t", partition), 0) for partition in range(PARTITIONS)}

    async def poll(self, max_records: int, timeout_s: float) -> Sequence[InRecord]:
        """What comes next of each partition, four at most."""
        return [r for r in TOPIC if 0 <= r.offset - self.positions[r.topic, r.partition] < 4]

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Go on from there."""
        for place, offset in offsets.items():
            self.positions[place] = max(offset, self.positions[place])

    async def close(self) -> None:
        """Nothing to leave."""


@pytest.mark.parametrize("seed", range(40))
async def test_whoever_goes_on_for_a_member_that_died_over_what_it_got_is_given_all_of_it(seed: int) -> None:
    """A partition may come again from an earlier place, never from a later one than was acknowledged."""
    chance, stored, repeated = Chance("skips", seed), dict[Place, int](), 0
    transport = LossyTransport(cast("Transport", None), chance, Mischief())
    member = LossyConsumer(transport, "group", Reading(stored))
    while sum(stored.values()) < RECORDS * PARTITIONS:
        try:
            came = await member.poll(100, 0)
            if chance.happens(300):
                member = LossyConsumer(transport, "group", Reading(stored))
                continue
            for record in came:
                place, expected = (record.topic, record.partition), stored.get((record.topic, record.partition), 0)
                assert record.offset <= expected, f"{expected} of {place} was skipped"
                repeated += record.offset < expected
                stored[place] = max(expected, record.offset + 1)
            await member.commit({(r.topic, r.partition): stored[r.topic, r.partition] for r in came})
        except Transient:
            continue
    assert repeated
