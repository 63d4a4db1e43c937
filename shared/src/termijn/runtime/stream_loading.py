"""Bringing the states of many streams up to date with one query: cached ones, snapshots of what is far behind, and the events since."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from termijn.kernel.ids import ProviderId
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.codec import Sealer
from termijn.runtime.plant import Plant
from termijn.runtime.sql import Row
from termijn.runtime.stream_cache import Loaded

SNAPSHOT_EVERY = 100
"""Versions between snapshots: loading a stream reads at most about this many events."""


class StreamLoading:
    """Some streams of one provider while they are loaded. ``snapshot_due`` are those that took as many events as a snapshot saves."""

    def __init__(
        self, plant: Plant, provider: ProviderId, wanted: Mapping[str, Aggregate[Any, Any, Any]], *, with_snapshots: bool = True
    ) -> None:
        self._plant = plant
        self._provider = provider
        self._wanted = wanted
        self._with_snapshots = with_snapshots
        known = {stream: plant.cache.get(provider, stream) if with_snapshots else None for stream in wanted}
        self.loaded = {stream: known[stream] or Loaded(aggregate.initial, 0) for stream, aggregate in wanted.items()}
        self.snapshot_due: dict[str, str] = {}

    def columns(self) -> tuple[list[str], list[int], list[str]]:
        """Which streams, from which version on, and with which shape of a snapshot: parameters of ``load_streams``."""
        cache = self._plant.cache
        fingerprints = [cache.fingerprint(aggregate) if self._with_snapshots else "" for aggregate in self._wanted.values()]
        return list(self.loaded), [loaded.version for loaded in self.loaded.values()], fingerprints

    async def take_in(self, rows: Sequence[Row]) -> set[str]:
        """Bring states up to what was read; those whose snapshot cannot be opened are left out and returned."""
        sealer = await self._sealer_for(rows)
        erased: set[str] = set()
        read: Counter[str] = Counter()
        for row in rows:
            stream = row["stream"]
            if stream in erased:
                continue
            if row["sealed_state"] is None:
                self.loaded[stream] = self._after(self.loaded[stream], self._wanted[stream], row, sealer)
                read[stream] += 1
                if read[stream] == SNAPSHOT_EVERY:
                    # There is no snapshot that can be read, as after a release that computes states anew: so it is computed once.
                    self.snapshot_due[stream] = row["account"]
            elif (plain := sealer.open(row["account"], row["sealed_state"])) is None:
                erased.add(stream)
                del self.loaded[stream]
            else:
                self.loaded[stream] = Loaded(msgspec.json.decode(plain, type=self._wanted[stream].state_type), row["version"])
        return erased

    def _after(self, loaded: Loaded, aggregate: Aggregate[Any, Any, Any], row: Row, sealer: Sealer) -> Loaded:
        assert row["version"] == loaded.version + 1, f"{row['stream']} has a hole before version {row['version']}"
        event = self._plant.registry.decode(row["type"], row["schema_version"], row["data"], row["account"], sealer)
        return Loaded(aggregate.evolve(loaded.state, event), row["version"])

    async def _sealer_for(self, rows: Sequence[Row]) -> Sealer:
        needs_key = self._plant.registry.needs_key
        accounts = {row["account"] for row in rows if row["sealed_state"] is not None or needs_key(row["type"], row["data"])}
        return await self._plant.keys.sealer(self._provider, sorted(accounts))
