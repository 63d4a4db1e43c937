"""Specs as sentences: ``spec(MODULE).given(ModuleOrdered(...)).when(Cancel(...)).then(ModuleCancelled(...))``."""

from collections.abc import Callable, Sequence
from typing import Any, Generic

import msgspec

from termijn.kernel.errors import Refusal
from termijn.runtime.aggregate import Aggregate, CommandT, EventT, StateT, TimerChange


class Spec(Generic[StateT, CommandT, EventT]):
    """One given/when/then over one aggregate. ``then...`` methods assert and return self, so that they chain."""

    def __init__(self, aggregate: Aggregate[StateT, CommandT, EventT]) -> None:
        self._aggregate = aggregate
        self.state = aggregate.initial
        self.events: list[EventT] = []
        self.refusal: Refusal | None = None
        self.timers: list[TimerChange] = []

    def given(self, *events: EventT) -> "Spec[StateT, CommandT, EventT]":
        """These events happened before."""
        for event in events:
            self.state = self._aggregate.evolve(self.state, event)
        return self

    def when(self, *commands: CommandT) -> "Spec[StateT, CommandT, EventT]":
        """Carry the commands out, one after the other; what they decided and woke is kept for ``then``."""
        self.events, self.timers, self.refusal = [], [], None
        for command in commands:
            try:
                decided = self._aggregate.decide(command, self.state)
            except Refusal as refusal:
                self.refusal = refusal
                return self
            for event in decided:
                self.state = self._aggregate.evolve(self.state, event)
                self.timers.extend(self._aggregate.wakes(event, self.state))
                self.events.append(event)
        return self

    def then(self, *expected: EventT) -> "Spec[StateT, CommandT, EventT]":
        """Exactly these events were decided."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert list(self.events) == list(expected), f"decided {self.events!r}"
        return self

    def then_explained(self, *expected: EventT) -> "Spec[StateT, CommandT, EventT]":
        """These events were decided, and each that can be explained says how it came about, in words that are not compared."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert all(getattr(event, "explanation", "-") for event in self.events), f"not explained: {self.events!r}"
        bare = [msgspec.structs.replace(e, explanation="") if hasattr(e, "explanation") else e for e in self.events]
        assert bare == list(expected), f"decided {self.events!r}"
        return self

    def then_nothing(self) -> "Spec[StateT, CommandT, EventT]":
        """Nothing happened, and it was not refused."""
        return self.then()

    def then_types(self, *expected: type[EventT]) -> "Spec[StateT, CommandT, EventT]":
        """Events of exactly these types were decided, in this order."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert [type(event) for event in self.events] == list(expected), f"decided {self.events!r}"
        return self

    def then_refused(self, refusal: type[Refusal], field: str | None = None) -> "Spec[StateT, CommandT, EventT]":
        """Refused with this refusal (naming this field, where one is given); no event."""
        assert isinstance(self.refusal, refusal), f"got {self.refusal!r}, decided {self.events!r}"
        assert not self.events
        if field is not None:
            assert self.refusal.field == field, f"names {self.refusal.field!r}"
        return self

    def then_timers(self, *expected: TimerChange) -> "Spec[StateT, CommandT, EventT]":
        """Exactly these timers were set and cancelled."""
        assert list(self.timers) == list(expected), f"woke {self.timers!r}"
        return self

    def then_state(self, check: Callable[[StateT], bool]) -> "Spec[StateT, CommandT, EventT]":
        """The state afterwards satisfies the check."""
        assert check(self.state), f"state is {self.state!r}"
        return self


def spec(aggregate: Aggregate[StateT, CommandT, EventT]) -> Spec[StateT, CommandT, EventT]:
    """Begin a spec over this aggregate."""
    return Spec(aggregate)


def sequence_of(events: Sequence[Any], kind: type[Any]) -> list[Any]:
    """The events of one type, in order."""
    return [event for event in events if isinstance(event, kind)]
