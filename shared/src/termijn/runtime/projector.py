"""Asynchronous read models: they follow the store with a checkpoint, and any read model can be built anew beside the old one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.actor import SEALED_IN_META, opened_actor
from termijn.runtime.codec import Sealer
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.faults import fault
from termijn.runtime.handling import Cause, Recorded, Statement, View
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE
from termijn.runtime.plant import Plant
from termijn.runtime.sql import Row, load
from termijn.runtime.unit_of_work import run_statements

SQL = load("termijn.runtime.schema", "runtime.sql")

PAGE_EVENTS = 1_000
"""Events per transaction of a projection."""

START = (0, 0, 0)
"""The checkpoint before the first event: epoch, transaction id, position."""


class Projector:
    """Keeps the asynchronous views of one service up to date."""

    def __init__(self, database: ServiceDatabase, plant: Plant) -> None:
        self._database = database
        self._plant = plant
        self._views = [view for view in plant.definition.views if not view.is_synchronous]

    async def step(self) -> int:
        """Bring each view one page further; the number of events applied."""
        async with self._database.locks.sole("projector") as ours:
            return sum([await self._follow(view) for view in self._views]) if ours else 0

    async def _follow(self, view: View) -> int:
        # READ COMMITTED: after waiting for a rebuild that holds the checkpoint, what it left must be seen. One statement reads events.
        async with self._database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
            checkpoint = await read_checkpoint(connection, view.name)
            rows = await connection.fetch(SQL["read_store"], *checkpoint, self._plant.epoch, PAGE_EVENTS)
            if rows:
                await apply_rows(connection, self._plant, view, rows)
                await write_checkpoint(connection, view.name, rows[-1])
                fault("projector.before_commit")
        return len(rows)


async def apply_rows(connection: Any, plant: Plant, view: View, rows: Sequence[Row]) -> None:
    """Write what these events mean to a view."""
    await run_statements(connection, await statements_of(plant, [view], rows))


async def statements_of(plant: Plant, views: Sequence[View], rows: Sequence[Row]) -> list[Statement]:
    """What stored events mean to each of these views, one view after another; the events are decoded once."""
    recorded = await decode_rows(plant, rows)
    return [statement for view in views for one in recorded for statement in view.apply(one)]


async def decode_rows(plant: Plant, rows: Sequence[Row]) -> list[Recorded]:
    """Stored events as their types; personal fields of erased accounts are None."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        if plant.registry.needs_key(row["type"], row["data"]) or SEALED_IN_META in row["meta"]:
            wanted.setdefault(row["provider"], set()).add(row["account"])
    sealers = {provider: await plant.keys.sealer(ProviderId(provider), sorted(accounts)) for provider, accounts in wanted.items()}
    return [_recorded(plant, row, sealers.get(row["provider"])) for row in rows]


class _NoKeys:
    """For events without personal fields."""

    def seal(self, account: str, plain: bytes, purpose: str = ACCOUNT_PURPOSE) -> str:
        raise AssertionError("nothing is sealed when reading")

    def open(self, account: str, sealed: str) -> bytes | None:
        raise AssertionError("an event type without personal fields has none")


def _recorded(plant: Plant, row: Row, sealer: Sealer | None) -> Recorded:
    meta = msgspec.json.decode(row["meta"])
    return Recorded(
        event=plant.registry.decode(row["type"], row["schema_version"], row["data"], row["account"], sealer or _NoKeys()),
        event_id=row["event_id"],
        provider=ProviderId(row["provider"]),
        account=AccountId(row["account"]),
        stream=row["stream"],
        version=row["version"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        cause=Cause(
            actor=opened_actor(meta["actor"], row["account"], sealer or _NoKeys()),
            why=meta["why"],
            correlation_id=UUID(meta["correlation_id"]),
            causation_id=UUID(meta["causation_id"]),
            trace=meta["trace"],
        ),
    )


async def read_checkpoint(connection: Any, view: str) -> tuple[int, int, int]:
    """How far a view is; locks it, so that two projectors cannot apply the same page."""
    sql = "select epoch, txid, position from view_checkpoint where view = $1 for update"
    row = await connection.fetchrow(sql, view)
    if row is None:
        # There must be a row to lock.
        insert = "insert into view_checkpoint (view, epoch, txid, position) values ($1, $2, $3, $4) on conflict do nothing"
        await connection.execute(insert, view, *START)
        row = await connection.fetchrow(sql, view)
    return (row["epoch"], row["txid"], row["position"])


async def write_checkpoint(connection: Any, view: str, last: Row) -> None:
    """The view has applied everything up to and including this event."""
    await connection.execute(
        "update view_checkpoint set epoch = $2, txid = $3, position = $4 where view = $1",
        view,
        last["epoch"],
        last["txid"],
        last["position"],
    )
