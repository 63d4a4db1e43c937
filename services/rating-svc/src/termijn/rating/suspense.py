"""Rating what waits, once the cause is repaired, and moving what was placed at a module that its subject had left (USE-2).

A subject, tariff or deck that changes appends a row to ``reference_change``. The worker takes the exclusive lock only to mark
those rows as raised: every batch that could not know them is committed by then. The work comes after, under the shared lock.
"""

from collections.abc import Sequence
from typing import Any

from termijn.kernel.ids import ProviderId
from termijn.rating.deck_library import SQL, DeckLibrary, Sql
from termijn.rating.placing import Placed, Waits, resolve, write_placed, write_waiting
from termijn.rating.void import MOVED, use_of_row, withdraw
from termijn.runtime.handling import Work, Worker

PAGE = 2_000
"""Records tried again in one transaction."""


async def _try_again(sql: Sql, provider: ProviderId, closing: int, rows: Sequence[Any], decks: DeckLibrary) -> int:
    resolved = await resolve(sql, provider, [use_of_row(row) for row in rows], decks) if rows else []
    found = [one for one in resolved if isinstance(one, Placed)]
    left = [one for one in resolved if isinstance(one, Waits)]
    if found:
        await sql.fetch(SQL["settle_suspended"], provider, *_columns(found))
        turns = {(row["source"], row["id"]): row["turn"] for row in await sql.fetch(SQL["last_turns"], provider, *_columns(found)[:2])}
        await write_placed(sql, provider, closing, found, {identity: turn + 1 for identity, turn in turns.items()})
    if left:
        ordered = sorted(left, key=lambda one: one.use.identity)
        columns = ([o.use.source for o in ordered], [o.use.id for o in ordered], [o.reason for o in ordered])
        await sql.fetch(SQL["mark_tried"], provider, *columns)
    return len(found)


def _columns(found: Sequence[Placed]) -> tuple[list[str], list[str], list[str]]:
    ordered = sorted(found, key=lambda one: one.use.identity)
    return [o.use.source for o in ordered], [o.use.id for o in ordered], [o.module_id for o in ordered]


async def _work_off(work: Work) -> int:
    """One page: mark what is new as raised, or move misplaced records and then try what waits."""
    raised = await work.fetch(SQL["raised_changes"], work.provider)
    if not raised:
        await work.fetch(SQL["exclusive_lock"], work.provider)
        return len(await work.fetch(SQL["raise_changes"], work.provider))
    closing = await shared_lock_and_closing(work)
    decks = DeckLibrary(work.blobs)
    done = await _move(work, closing, raised, decks)
    if done < PAGE:
        rows = await work.fetch(SQL["suspended_for_changes"], work.provider, PAGE)
        await _try_again(work, work.provider, closing, rows, decks)
        done += len(rows)
    if done < PAGE:
        await work.fetch(SQL["forget_changes"], work.provider, [row["position"] for row in raised])
    return max(done, 1)


SUSPENSE = Worker(name="suspense", waiting_providers="select distinct provider from reference_change", step=_work_off)


async def retry_all(work: Work) -> int:
    """Have everything that waits tried again by the worker; returns how many records that is."""
    await work.fetch(SQL["retry_all"], work.provider, f"retry/{work.cause.causation_id}")
    return int((await work.fetch(SQL["count_suspended"], work.provider))[0]["waiting"])


async def shared_lock_and_closing(work: Work) -> int:
    """As ``lock_and_read_closing``, in a transaction whose snapshot may be older than the lock: fails if the number was raised since."""
    await work.fetch(SQL["share_lock"], work.provider)
    await work.fetch(SQL["begin_count"], work.provider)
    rows = await work.fetch(SQL["closing_number_or_conflict"], work.provider)
    return int(rows[0]["number"])


async def _move(work: Work, closing: int, raised: Sequence[Any], decks: DeckLibrary) -> int:
    """Records that count at a module which their subject had left by then go where they belong (USE-2)."""
    moved = 0
    for change in raised:
        if change["released_at"] is None or moved >= PAGE:
            continue
        wanted = (work.provider, change["module_id"], change["subject"], change["released_at"], PAGE - moved)
        rows = await work.fetch(SQL["misplaced"], *wanted)
        moved += len(rows)
        placed_before = await withdraw(work, work.provider, closing, rows, reason=MOVED)
        turns = {(row["source"], row["id"]): row["turn"] + 1 for row in rows}
        resolved = await resolve(work, work.provider, [one.use for one in placed_before], decks) if rows else []
        placed = [one for one in resolved if isinstance(one, Placed)]
        waiting = [one for one in resolved if isinstance(one, Waits)]
        await write_placed(work, work.provider, closing, placed, turns)
        await write_waiting(work, work.provider, waiting)
        where = sorted([(*p.use.identity, p.module_id) for p in placed] + [(*w.use.identity, None) for w in waiting], key=lambda x: x[:2])
        if where:
            await work.fetch(SQL["reidentify"], work.provider, *([row[n] for row in where] for n in range(3)))
    return moved
