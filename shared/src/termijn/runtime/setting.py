"""What a provider sets for one service (its policy, its profile), as versioned data: one aggregate for all of them.

A service brings the struct, a check of it, and its stored event class, whose name stays its own for ever.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command, EventT

ValueT = TypeVar("ValueT")

CURRENT = "current"
"""The key of the one stream that a setting has per provider."""


class InForce(msgspec.Struct, Generic[ValueT], frozen=True, kw_only=True):
    """What counts for decisions now. Version 0 is the value before anything was set."""

    version: int = 0
    value: ValueT


class Replace(Command, Generic[ValueT], frozen=True, kw_only=True):
    """Replace the whole of it."""

    value: ValueT


def _usable(value: object) -> None:
    """What the type of a setting lets through is good enough."""


def setting(
    name: str, *, event: type[EventT], field: str, kind: Any, initial: ValueT, check: Callable[[ValueT], None] = _usable
) -> Aggregate[InForce[ValueT], Replace[ValueT], EventT]:
    """The aggregate of one setting.

    - ``name``: the first part of its stream names, stored forever.
    - ``event``: has a ``version`` and, as ``field``, the value. Setting what is in force already makes none.
    - ``kind``: the type of the value, for snapshots.
    - ``check``: raises a ``Refusal`` that names the field where decisions could not follow the value (SEC-4).
    """
    fields = (*Event.__struct_fields__, "version", field)
    assert set(event.__struct_fields__) == set(fields), f"{event.__name__} has {fields}"

    def decide(command: Replace[ValueT], state: InForce[ValueT]) -> list[EventT]:
        check(command.value)
        if command.value == state.value and state.version:
            return []
        return [event(**{"version": state.version + 1, field: command.value})]

    def evolve(state: InForce[ValueT], event: EventT) -> InForce[ValueT]:
        facts: Any = event
        return InForce(version=facts.version, value=getattr(facts, field))

    return Aggregate(name=name, initial=InForce(value=initial), decide=decide, evolve=evolve, state_type=InForce[kind], events=(event,))
