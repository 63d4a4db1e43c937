"""Moves what was committed into the journal. The relay turns it before it tells anybody of anything."""

from collections.abc import Sequence
from typing import Any

import msgspec

from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.journal import Journal
from termijn.runtime.journal_entry import KeptEvent, KeptNumber, KeptNumbers, KeptUnit, NotedUnit
from termijn.runtime.sql import Row, load

SQL = load("termijn.runtime.schema", "keeping.sql")

PAGE_UNITS = 500
"""Units in one write of the journal: a bulk page of a hundred messages is one unit, so this is some megabytes at most."""

_NOTED = msgspec.msgpack.Decoder(NotedUnit)


async def last_unit(database: ServiceDatabase) -> int:
    """The highest position that this database ever gave. Behind the journal's last one, it is not what it was."""
    rows = await database.short(EVERY_PROVIDER, SQL["last_unit"])
    return int(rows[0]["position"])


class Journaler:
    """Keeps the journal of one service. Only who is the relay turns it."""

    def __init__(self, database: ServiceDatabase, journal: Journal, service: str) -> None:
        self._database = database
        self._journal = journal
        self._service = service

    async def keep(self, numbered: Sequence[Row]) -> list[int]:
        """Put all units that are committed by now into the journal, then the numbers of these outbox rows.

        Returns the positions of units that are still to be deleted, which the caller does with what it told: one commit less.
        """
        while True:
            units = await self._page()
            if len(units) < PAGE_UNITS:
                break
            await self._journal.append(self._service, units)
            await self._database.short(EVERY_PROVIDER, SQL["delete_units"], [unit.position for unit in units])
        numbers = KeptNumbers(
            numbers=tuple(KeptNumber(row["provider"], row["account"], row["number"], row["event_id"]) for row in numbered)
        )
        if units or numbered:
            await self._journal.append(self._service, [*units, numbers] if numbered else units)
            fault("journal.after_append")
        return [unit.position for unit in units]

    async def _page(self) -> list[KeptUnit]:
        async with self._database.transaction(EVERY_PROVIDER, isolation="repeatable read") as connection:
            rows = await connection.fetch(SQL["unjournaled_units"], PAGE_UNITS)
            if not rows:
                return []
            events = await connection.fetch(SQL["events_of_units"], [row["position"] for row in rows])
        of_unit: dict[int, list[KeptEvent]] = {row["position"]: [] for row in rows}
        for event in events:
            of_unit[event["unit"]].append(_kept(event))
        return [_unit(row, of_unit[row["position"]]) for row in rows]


def _unit(row: Row, events: Sequence[KeptEvent]) -> KeptUnit:
    noted = _NOTED.decode(row["facts"])
    return KeptUnit(position=row["position"], provider=row["provider"], now=noted.now, events=tuple(events), facts=noted.facts)


def _kept(row: Any) -> KeptEvent:
    return KeptEvent(*(row[name] for name in KeptEvent.__struct_fields__))
