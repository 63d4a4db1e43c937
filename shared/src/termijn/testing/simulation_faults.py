"""Faults of a simulation: at a named place the process dies, or something outside does not answer, or somebody else was first."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import asyncpg

from termijn.runtime import faults
from termijn.runtime.handling import Transient
from termijn.testing.simulation_chance import Chance


class Died(BaseException):
    """The process ends here: no handler catches it; what was not committed is gone, and so is all that was only in memory."""


class Kind(StrEnum):
    """What happens at the place."""

    DIES = "dies"
    FAILS = "fails"
    CONFLICTS = "conflicts"


@dataclass(slots=True)
class Fault:
    """Strikes once, at the nth passing of the place."""

    point: str
    kind: Kind
    nth: int
    has_struck: bool = False

    def __call__(self, point: str) -> None:
        if point != self.point or self.has_struck:
            return
        self.nth -= 1
        if self.nth > 0:
            return
        self.has_struck = True
        if self.kind is Kind.DIES:
            raise Died(point)
        if self.kind is Kind.CONFLICTS:
            raise asyncpg.SerializationError(f"simulated at {point}")
        raise Transient(f"simulated at {point}")

    def __str__(self) -> str:
        return f"{self.kind} at {self.point}"


_WRITES = ("write.before_commit", "write.after_commit")
PLACES: Mapping[str, tuple[str, ...]] = {
    "relay": ("relay.after_number", "relay.after_publish", "relay.after_delete", "log.before_append", "log.after_append"),
    "consume": ("consume.before_acknowledge", *_WRITES),
    "fire": ("timers.after_claim", *_WRITES),
    "held": _WRITES,
    "work": ("mail.before_send", "mail.after_send", *_WRITES),
    "project": ("projector.before_commit",),
    "deed": _WRITES,
}
"""Where each kind of step passes."""


def draw(chance: Chance, kind: str) -> Fault:
    """Some fault at some place of that kind of step."""
    point = chance.one_of(PLACES[kind])
    kinds = [(5, Kind.DIES), (4, Kind.FAILS)]
    if point == "write.before_commit":
        kinds.append((6, Kind.CONFLICTS))
    return Fault(point, chance.weighted(kinds), chance.weighted([(6, 1), (2, 2), (1, 3)]))


@contextmanager
def armed(fault: Fault | None) -> Iterator[None]:
    """While the block runs, the fault may strike."""
    faults.watch(fault)
    try:
        yield
    finally:
        faults.watch(None)
