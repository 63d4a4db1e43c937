"""Taking in batches of usage: each record once, each at its module or in a named waiting place, none lost to a closing (USE-1, USE-2).

Works on an asyncpg connection at READ COMMITTED, a transaction per batch, every multi-row write sorted by key.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from termijn.kernel.ids import ProviderId
from termijn.rating.deck_library import SQL, DeckLibrary, Sql
from termijn.rating.placing import Placed, Waits, resolve, write_placed, write_waiting
from termijn.rating.usage import Use, Voided
from termijn.rating.void import void_records

Also = Callable[[Any], Awaitable[None]]
"""Given the connection, inside the transaction of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a batch. ``accepted`` count at a module; each other record is in the place its number names."""

    accepted: int = 0
    duplicates: int = 0
    suspended: int = 0
    conflicts: int = 0
    voided: int = 0

    def __add__(self, other: "Report") -> "Report":
        return Report(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


class Intake:
    """Takes in usage. One per process and database: it remembers which partitions and decks there are."""

    def __init__(self, decks: DeckLibrary) -> None:
        self.decks = decks
        self._months: set[str] = set()

    async def ingest(
        self, connection: Any, provider: ProviderId, batch: Sequence[Use | Voided], *, actor: str, also: Also | None = None
    ) -> Report:
        """Take in a batch. The same id twice counts once; with other content it is a conflict, parked and shown (USE-1).

        ``also`` is what else happens in the same transaction. Raises what PostgreSQL raises; then nothing of the batch happened.
        """
        uses = [record for record in batch if isinstance(record, Use)]
        await self._ensure_months(connection, {use.month for use in uses})
        async with connection.transaction():
            await connection.execute(SQL["set_provider"], provider)
            closing = await lock_and_read_closing(connection, provider)
            report = await take_in(connection, provider, closing, uses, self.decks) if uses else Report()
            voided = [record for record in batch if isinstance(record, Voided)]
            taken_back = await void_records(connection, provider, closing, voided, actor=actor)
            if also is not None:
                await also(connection)
        return report + Report(voided=taken_back)

    async def _ensure_months(self, connection: Any, months: set[date]) -> None:
        """Make the partitions of these months where they are missing, outside the batch: making one locks the table."""
        missing = sorted(month for month in months if f"{month:%Y_%m}" not in self._months)
        for month in missing:
            await connection.fetch(SQL["ensure_month"], month)
        if missing:
            self._months.update(row["month"] for row in await connection.fetch(SQL["known_months"]))


async def lock_and_read_closing(connection: Any, provider: ProviderId) -> int:
    """Take the provider's shared lock, then read how many closings there were: the number to store on each record.

    Two statements, never one: at READ COMMITTED a statement sees what was committed when it began, and the lock may have
    made it wait for a closing since. Read together, the number was the one from before the wait, and the records were in no bill.
    """
    await connection.fetch(SQL["share_lock"], provider)
    rows = await connection.fetch(SQL["closing_number"], provider)
    return int(rows[0]["number"])


async def take_in(connection: Sql, provider: ProviderId, closing: int, uses: Sequence[Use], decks: DeckLibrary) -> Report:
    """Take in uses inside a transaction that has the shared lock and knows the closing number; their months have a partition."""
    first: dict[tuple[str, str], Use] = {}
    again: list[Use] = []
    for use in uses:
        if first.setdefault(use.identity, use) is not use:
            again.append(use)
    resolved = {one.use.identity: one for one in await resolve(connection, provider, list(first.values()), decks)}
    new = await _identify(connection, provider, resolved)
    again += [use for identity, use in first.items() if identity not in new]
    conflicts = await _park_conflicts(connection, provider, again)
    fresh = [resolved[identity] for identity in sorted(new)]
    dead = await _voided_before(connection, provider, fresh)
    placed = [one for one in fresh if isinstance(one, Placed) and one.use.identity not in dead]
    waiting = [one for one in fresh if isinstance(one, Waits) and one.use.identity not in dead]
    await write_placed(connection, provider, closing, placed, {})
    await write_waiting(connection, provider, waiting)
    return Report(accepted=len(placed), duplicates=len(again) - conflicts, suspended=len(waiting), conflicts=conflicts, voided=len(dead))


async def _identify(connection: Any, provider: ProviderId, resolved: Mapping[tuple[str, str], Placed | Waits]) -> set[tuple[str, str]]:
    """Write the ids down, sorted by key; returns those that were not known."""
    ordered = [resolved[identity] for identity in sorted(resolved)]
    rows = await connection.fetch(
        SQL["identify"],
        provider,
        [one.use.source for one in ordered],
        [one.use.id for one in ordered],
        [one.use.content for one in ordered],
        [one.use.month for one in ordered],
        [one.module_id if isinstance(one, Placed) else None for one in ordered],
    )
    return {(row["source"], row["id"]) for row in rows}


async def _park_conflicts(connection: Any, provider: ProviderId, again: Sequence[Use]) -> int:
    """Of ids seen before, those with other content; they neither count nor vanish."""
    if not again:
        return 0
    ids = sorted({use.identity for use in again})
    # A statement of its own: whoever wrote the id first has committed by now, so what it stands for is visible.
    rows = await connection.fetch(SQL["known_content"], provider, [i[0] for i in ids], [i[1] for i in ids])
    known: dict[tuple[str, str], UUID | None] = {(row["source"], row["id"]): row["content"] for row in rows}
    # What it was about is forgotten where its account was deleted (CON-7): then it is the same record, or one that nobody can judge.
    differing = [use for use in again if known[use.identity] not in (None, use.content)]
    other = {(use.source, use.id, use.content): use for use in differing}
    ordered = [other[key] for key in sorted(other)]
    if ordered:
        await connection.fetch(
            SQL["park_conflicts"],
            provider,
            [use.source for use in ordered],
            [use.id for use in ordered],
            [use.content for use in ordered],
            [use.subject for use in ordered],
            [use.key for use in ordered],
            [use.started_at for use in ordered],
            [use.seconds for use in ordered],
            [use.quantity for use in ordered],
            [use.destination for use in ordered],
        )
    return len(differing)


async def _voided_before(connection: Any, provider: ProviderId, fresh: Sequence[Placed | Waits]) -> set[tuple[str, str]]:
    """Records whose void came before them: known by their id and by the void, and counted nowhere (USE-10)."""
    if not fresh:
        return set()
    sources, ids = [one.use.source for one in fresh], [one.use.id for one in fresh]
    return {(row["source"], row["id"]) for row in await connection.fetch(SQL["voided_before"], provider, sources, ids)}
