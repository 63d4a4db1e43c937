"""States of recently used streams. A committed version never changes, so a cached state is true for ever; only newer events are read."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from termijn.runtime.aggregate import Aggregate
from termijn.runtime.code_of import code_of

STREAMS_MAX = 20_000
"""States kept in memory; at a few KiB each this bounds the cache to tens of MiB."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The state of a stream at a version; version 0 is the initial state."""

    state: Any
    version: int


class StreamCache:
    """Least recently used goes first."""

    def __init__(self, streams_max: int = STREAMS_MAX) -> None:
        self._streams_max = streams_max
        self._streams: OrderedDict[tuple[str, str], Loaded] = OrderedDict()
        self._fingerprints: dict[str, str] = {}
        self.forgotten = 0
        """How often all was forgotten: what was read before that is not kept after it."""

    def get(self, provider: str, stream: str) -> Loaded | None:
        """The newest state known of a stream, or None."""
        key = _key(provider, stream)
        loaded = self._streams.get(key)
        if loaded is not None:
            self._streams.move_to_end(key)
        return loaded

    def put(self, provider: str, stream: str, loaded: Loaded) -> None:
        """Keep a committed state, unless a newer one is known."""
        key = _key(provider, stream)
        known = self._streams.get(key)
        if known is None or known.version < loaded.version:
            self._streams[key] = loaded
        self._streams.move_to_end(key)
        while len(self._streams) > self._streams_max:
            self._streams.popitem(last=False)

    def forget_all(self) -> None:
        """Personal data was erased: nothing that was read before is kept."""
        self._streams.clear()
        self.forgotten += 1

    def fingerprint(self, aggregate: Aggregate[Any, Any, Any]) -> str:
        """Changes with the shape of the state and with the code that ``evolve`` stands on: a snapshot of either kind is not read.

        A state of today's shape that yesterday's rules built would be decided on without a word.
        """
        known = self._fingerprints.get(aggregate.name)
        if known is None:
            shape = msgspec.json.encode(msgspec.json.schema(aggregate.state_type), order="sorted")
            known = self._fingerprints[aggregate.name] = hashlib.sha256(
                shape + code_of(aggregate.evolve, *aggregate.events).encode()
            ).hexdigest()[:16]
        return known


def _key(provider: str, stream: str) -> tuple[str, str]:
    """The provider, although the name begins with it: account ``b-c`` of provider ``a`` and account ``c`` of provider ``a-b`` have
    streams of one name, and neither may see the other's state (SEC-1).
    """
    return (provider, stream)
