"""The shape of an aggregate or process manager, and of what it may ask of time.

``decide`` says what happens, ``evolve`` what is then true, ``wakes`` which dates are then waited for. All three are pure: no
clock, no ids, no I/O. The runtime loads the stream, calls them, and commits events, public events, timers and read models
in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from termijn.events.base import Event

StateT = TypeVar("StateT")
CommandT = TypeVar("CommandT")
EventT = TypeVar("EventT", bound=Event)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """An imperative. ``now`` is the domain time of the decision (aware, UTC); facts that it needs come as further fields."""

    now: datetime


class WakeUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a timer says when its date comes. Stored as data, so it has a version and upcasters like an event."""

    SCHEMA_VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Wake ``wake_up`` at ``due_at``.

    ``occasion`` makes the id unique within the stream and must name what it is for ("case-7/2/bailiff"); setting the same
    occasion twice is one timer, and one that fired or was cancelled is never armed again. ``rank`` orders timers of one
    instant: lower first.
    """

    occasion: str
    due_at: datetime
    wake_up: WakeUp
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer:
    """The occasion is not waited for any more; no effect where it already fired."""

    occasion: str


TimerChange = SetTimer | CancelTimer


def _no_wakes(event: Any, state: Any) -> Sequence[TimerChange]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Generic[StateT, CommandT, EventT]):
    """One kind of stream. ``name`` is the first part of its stream names and is stored forever.

    - ``initial``: the state of an empty stream.
    - ``decide(command, state)``: events that follow, or a ``Refusal`` raised; an empty list where nothing changes.
    - ``evolve(state, event)``: total, never raises.
    - ``wakes(event, state)``: timers that this event sets or cancels; ``state`` is the one after the event.
    - ``state_type``: for snapshots; must be encodable by msgspec (a tagged union of structs where it is a union).
    """

    name: str
    initial: StateT
    decide: Callable[[CommandT, StateT], Sequence[EventT]]
    evolve: Callable[[StateT, EventT], StateT]
    state_type: Any
    events: tuple[type[EventT], ...]
    wakes: Callable[[EventT, StateT], Sequence[TimerChange]] = field(default=_no_wakes)

    def stream(self, provider: str, key: str) -> str:
        """The name of one stream of this kind: ``<name>-<provider>-<key>``."""
        return f"{self.name}-{provider}-{key}"
