"""Timers as they are stored."""

import zlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from termijn.runtime.aggregate import SetTimer

SHARDS = 8
"""Workers that can fire timers of one service at the same time; an account's timers are all in one shard."""


def timer_id_of(service: str, stream: str, occasion: str) -> str:
    """The id of a timer: it follows from what it is for, so that setting it twice is one timer (TIM-1)."""
    return f"{service}/{stream}/{occasion}"


def shard_of(provider: str, account: str) -> int:
    """The shard of an account; stable over processes and releases."""
    return zlib.crc32(f"{provider}/{account}".encode()) % SHARDS


@dataclass(frozen=True, slots=True)
class TimerRow:
    """The columns of ``set_timers``, in its order."""

    timer_id: str
    shard: int
    account: str
    stream: str
    due_at: datetime
    rank: int
    wake_up: str
    wake_up_version: int
    data: str

    @classmethod
    def of(cls, service: str, provider: str, stream: str, account: str, change: SetTimer) -> "TimerRow":
        """A timer of one stream."""
        return cls(
            timer_id=timer_id_of(service, stream, change.occasion),
            shard=shard_of(provider, account),
            account=account,
            stream=stream,
            due_at=change.due_at,
            rank=change.rank,
            wake_up=type(change.wake_up).__name__,
            wake_up_version=change.wake_up.SCHEMA_VERSION,
            data=msgspec.json.encode(change.wake_up).decode(),
        )

    def columns(self) -> tuple[object, ...]:
        """In the order of the statement's arrays."""
        return (
            self.timer_id,
            self.shard,
            self.account,
            self.stream,
            self.due_at,
            self.rank,
            self.wake_up,
            self.wake_up_version,
            self.data,
        )
