"""Where a record belongs: whose subject, which module, whether there is an article and a rate; and writing it there (USE-2).

Shared by everything that places records: ingest, the retry of what waits, the moving of what was misplaced. Whoever calls
holds the provider's shared lock and has read the closing number after it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from termijn.kernel.ids import ProviderId
from termijn.rating.deck import NO_RATE
from termijn.rating.deck_library import SQL, DeckLibrary, Sql
from termijn.rating.usage import Use
from termijn.rating.use import NO_ARTICLE, NO_MODULE, NO_RATE_FOUND, DeckVersion, deck_on


@dataclass(frozen=True, slots=True)
class Placed:
    """The record counts at this module."""

    use: Use
    account: str
    module_id: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The record finds no module, article or rate, and that is why."""

    use: Use
    reason: str


@dataclass(slots=True)
class _Facts:
    """What is known of the subjects and modules of a batch."""

    owners: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    tariffs: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    decks: dict[str, Sequence[DeckVersion]] = field(default_factory=dict)


async def resolve(sql: Sql, provider: ProviderId, uses: Sequence[Use], decks: DeckLibrary) -> list[Placed | Waits]:
    """Where each record belongs, by what this transaction knows; in the order given."""
    facts = _Facts()
    for row in await sql.fetch(SQL["owners"], provider, sorted({use.subject for use in uses})):
        facts.owners[row["subject"]].append(row)
    modules = sorted({row["module_id"] for rows in facts.owners.values() for row in rows})
    for row in await sql.fetch(SQL["tariffs"], provider, modules) if modules else ():
        facts.tariffs[row["module_id"]].append(row)
    for deck_id in sorted({row["deck_id"] for rows in facts.tariffs.values() for row in rows if row["deck_id"] is not None}):
        facts.decks[deck_id] = await decks.versions(sql, provider, deck_id)
    resolved: list[Placed | Waits] = []
    to_rate: dict[tuple[str, int], list[int]] = defaultdict(list)
    for use in uses:
        found, version = _module_and_article(use, facts)
        if version is not None:
            to_rate[version].append(len(resolved))
        resolved.append(found)
    _check_rates(resolved, to_rate, facts.decks)
    return resolved


def _module_and_article(use: Use, facts: _Facts) -> tuple[Placed | Waits, tuple[str, int] | None]:
    """The module and, where a deck prices the record, that deck's version."""
    day = use.day
    owner = next((row for row in facts.owners[use.subject] if _owns(row, use.started_at, day)), None)
    if owner is None:
        return Waits(use, NO_MODULE), None
    rows = facts.tariffs[owner["module_id"]]
    tariff = next((row for row in reversed(rows) if row["from_on"] <= day), rows[0] if rows else None)
    if tariff is None or use.key not in tariff["usage_keys"]:
        return Waits(use, NO_ARTICLE), None
    placed = Placed(use, owner["account"], owner["module_id"])
    if tariff["deck_id"] is None or not use.destination or use.key not in tariff["timed_keys"]:
        return placed, None
    version = deck_on(facts.decks[tariff["deck_id"]], day)
    return (Waits(use, NO_RATE_FOUND), None) if version is None else (placed, (tariff["deck_id"], version.version))


def _owns(row: Any, instant: datetime, day: date) -> bool:
    """Whether the subject was the module's at that instant, and the module was served on that day (USE-2)."""
    had = row["from_at"] <= instant and (row["until_at"] is None or instant < row["until_at"])
    return had and row["starts_on"] is not None and row["starts_on"] <= day and (row["ends_on"] is None or day <= row["ends_on"])


def _check_rates(
    resolved: list[Placed | Waits], to_rate: Mapping[tuple[str, int], Sequence[int]], decks: Mapping[str, Sequence[DeckVersion]]
) -> None:
    for (deck_id, number), places in to_rate.items():
        deck = next(v.deck for v in decks[deck_id] if v.version == number)
        found = deck.lookup([resolved[place].use.destination for place in places])
        for place, rate in zip(places, found, strict=True):
            if rate == NO_RATE:
                resolved[place] = Waits(resolved[place].use, NO_RATE_FOUND)


async def write_placed(
    sql: Sql, provider: ProviderId, closing: int, placed: Sequence[Placed], turns: Mapping[tuple[str, str], int]
) -> None:
    """Rows of use, sorted by key, their totals, and a note for accounts that no closing is awaited for."""
    if not placed:
        return
    rows = sorted((p.use.month, p.module_id, p.use.started_at, p.use.source, p.use.id, p) for p in placed)
    await sql.fetch(
        SQL["place"],
        provider,
        closing,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [row[4] for row in rows],
        [turns.get((row[3], row[4]), 1) for row in rows],
        [row[5].account for row in rows],
        [row[5].use.key for row in rows],
        [row[5].use.subject for row in rows],
        [row[5].use.seconds for row in rows],
        [row[5].use.quantity for row in rows],
        [row[5].use.destination for row in rows],
    )
    await add_sums(sql, provider, closing, placed, sign=1)


async def add_sums(sql: Sql, provider: ProviderId, closing: int, placed: Sequence[Placed], *, sign: int) -> None:
    """Totals per account, module, month and key: added, or taken off again with ``sign`` -1; whose months are then late."""
    totals: dict[tuple[str, str, date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in placed:
        total = totals[one.account, one.module_id, one.use.month, one.use.key]
        total[0] += sign
        total[1] += sign * one.use.seconds
        total[2] += sign * one.use.quantity
    keys = sorted(totals)
    await sql.fetch(
        SQL["add_sums"],
        provider,
        closing,
        *([key[column] for key in keys] for column in range(4)),
        *([totals[key][column] for key in keys] for column in range(3)),
    )
    await sql.fetch(SQL["note_late"], provider, sorted({key[0] for key in keys}))


async def write_waiting(sql: Sql, provider: ProviderId, waiting: Sequence[Waits]) -> None:
    """Records into suspense, sorted by key; nothing is dropped (USE-2)."""
    if not waiting:
        return
    rows = sorted(waiting, key=lambda one: one.use.identity)
    await sql.fetch(
        SQL["suspend"],
        provider,
        [row.use.source for row in rows],
        [row.use.id for row in rows],
        [row.use.month for row in rows],
        [row.use.key for row in rows],
        [row.use.subject for row in rows],
        [row.use.started_at for row in rows],
        [row.use.seconds for row in rows],
        [row.use.quantity for row in rows],
        [row.use.destination for row in rows],
        [row.reason for row in rows],
    )
