"""What every unit of work of one service shares, whatever it is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from termijn.kernel.ids import ProviderId
from termijn.runtime import codec
from termijn.runtime.blobs import Blobs
from termijn.runtime.handling import Definition
from termijn.runtime.stream_cache import StreamCache


class Keys(Protocol):
    """The key store as the write path sees it."""

    async def sealer(self, provider: ProviderId, accounts: Sequence[str]) -> codec.Sealer:
        """Something that seals and opens for these accounts without further I/O."""
        ...

    async def destroy(self, provider: ProviderId, account: str, *, purpose: str) -> bool:
        """Erase what the key sealed, for ever."""
        ...


@dataclass(slots=True)
class Plant:
    """What every unit of work of one service shares: its definition, types, keys, blobs and cache; and whether a journal is kept."""

    definition: Definition
    registry: codec.Registry
    public: codec.Registry
    keys: Keys
    blobs: Blobs
    epoch: int
    is_journaled: bool = False
    cache: StreamCache = field(default_factory=StreamCache)
    earliest_set: datetime | None = None
    """The earliest date of the timers that this process set since whoever fires them last looked through all that is due."""

    def note_set(self, due_at: datetime) -> None:
        """A timer was set, and that is committed."""
        self.earliest_set = due_at if self.earliest_set is None else min(self.earliest_set, due_at)
