"""Taking records back: by their source, or because their subject was another module's (USE-10)."""

from collections.abc import Sequence
from typing import Any

from termijn.kernel.ids import ProviderId
from termijn.rating.deck_library import SQL, Sql
from termijn.rating.placing import Placed, add_sums
from termijn.rating.usage import Use, Voided

VOIDED_BY_SOURCE = "voided by its source"
MOVED = "its subject was another module's"


async def void_records(sql: Sql, provider: ProviderId, closing: int, voided: Sequence[Voided], *, actor: str) -> int:
    """Void each record once; one that has not come yet is void when it comes. Returns how many were not void before.

    The caller holds the provider's shared lock. A record that was billed is corrected at the next closing.
    """
    count = 0
    for one in sorted(set(voided), key=lambda v: (v.source, v.id)):
        asked = await sql.fetch(SQL["ask_void"], provider, one.source, one.id, actor)
        if not asked:
            continue
        count += 1
        rows = await sql.fetch(SQL["whereabouts"], provider, one.source, one.id)
        await withdraw(sql, provider, closing, rows, reason=VOIDED_BY_SOURCE)
        await sql.fetch(SQL["drop_suspended"], provider, one.source, one.id)
    return count


async def withdraw(sql: Sql, provider: ProviderId, closing: int, rows: Sequence[Any], *, reason: str) -> list[Placed]:
    """These rows of use count no longer: a row each beside them, and their totals taken off again."""
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (row["month"], row["module_id"], row["source"], row["id"], row["turn"]))
    columns = ("month", "module_id", "source", "id", "turn")
    await sql.fetch(SQL["withdraw"], provider, closing, reason, *([row[name] for row in ordered] for name in columns))
    placed = [Placed(use_of_row(row), row["account"], row["module_id"]) for row in ordered]
    await add_sums(sql, provider, closing, placed, sign=-1)
    return placed


def use_of_row(row: Any) -> Use:
    """A record as it is kept, normalised already."""
    return Use(
        source=row["source"],
        id=row["id"],
        subject=row["subject"],
        key=row["usage_key"],
        started_at=row["started_at"],
        seconds=row["seconds"],
        quantity=row["quantity"],
        destination=row["destination"],
    )
