"""Turns: what waited for a fact goes before what came later of its publisher and account.

Once the fact is there, ``held.py`` tries the message that waits for it; until then nothing later may be handled. (A payment that
overtook the miss that it was for found no case, and the case was opened over money that had come.) What still waits holds up nobody.
"""

from collections.abc import Iterable, Set

from termijn.events.envelope import Envelope
from termijn.runtime.handling import Waiting
from termijn.runtime.sql import Row

TURN = "its turn"
"""What such a message waits for: it is ready at once, and comes behind the others."""
BEHIND_WAITING = Waiting(TURN, "what waited before it is about to be handled")


class Turns:
    """Which messages wait of some publishers and accounts, as far as what comes later must know."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """``rows`` of ``waiting_before``: of each fact that is awaited the first number, and the first that is about to be tried."""
        self._waiting: dict[tuple[str, str], list[tuple[str, int]]] = {}
        self._due: dict[tuple[str, str], int] = {}
        for row in rows:
            key = (row["publisher"], row["account"])
            self._waiting.setdefault(key, []).append((row["awaits"], row["first"]))
            self._is_due(key, row["first_due"])

    def add(self, envelope: Envelope, awaits: str) -> None:
        """This one begins to wait, too."""
        key = (envelope.publisher, str(envelope.account))
        self._waiting.setdefault(key, []).append((awaits, envelope.number))
        if awaits == TURN:
            self._is_due(key, envelope.number)

    def is_behind(self, envelope: Envelope, arrived: Set[str]) -> bool:
        """Whether an earlier one is about to be tried, also because its fact arrived just now."""
        key = (envelope.publisher, str(envelope.account))
        if self._due.get(key, envelope.number) < envelope.number:
            return True
        return any(awaits in arrived and number < envelope.number for awaits, number in self._waiting.get(key, ()))

    def _is_due(self, key: tuple[str, str], number: int | None) -> None:
        if number is not None:
            self._due[key] = min(number, self._due.get(key, number))
