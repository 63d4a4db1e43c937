"""Trimming what is kept for a time only: the inbox, answers to calls, timers that are over. The whole table: docs/retention.md.

No clock starts this, and it needs nothing else to happen. A table is due when its oldest row is a day beyond its time, which an index
answers; then batches go until none is. So it happens once a day where there is something every day, and a process that was away
makes up for it.
"""

from datetime import datetime, timedelta
from time import monotonic

from termijn.kernel.ids import ProviderId, derived_id
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause, Trim
from termijn.runtime.sql import load
from termijn.runtime.workers import WorkerDesk
from termijn.runtime.write_path import WritePath

SQL = load("termijn.runtime.schema", "retention.sql")

TRIMS: tuple[Trim, ...] = (
    Trim(table="inbox", queries=SQL),
    Trim(table="idempotency", queries=SQL),
    Trim(table="timer", queries=SQL, is_domain_time=True),
)
"""Of every service; a service names its own in its definition."""

LOOK_EVERY_S = 3600.0
"""Machine time between looks whether something is due."""
LOOK_EVERY = timedelta(days=7)
"""The same in domain time: the clock of a sandbox moves by years within minutes; a look at every day of them would be a tenth of that."""


def trims_of(write: WritePath) -> tuple[Trim, ...]:
    """What every service trims, and what this one does."""
    return (*TRIMS, *write.plant.definition.trims)


class Upkeep:
    """Looks whether something is due, also where nothing else ever happens, and trims it batch by batch."""

    def __init__(self, write: WritePath) -> None:
        self._write = write
        self._trims = trims_of(write)
        self._desk = WorkerDesk(write, ())
        self._looked_at = float("-inf")
        self._looked_on: datetime | None = None

    async def step(self) -> int:
        """One batch of each table of each provider; 0 where nothing is due, somebody else does it, or it was looked at just now."""
        now, began = self._write.clock.now(), monotonic()
        if began - self._looked_at < LOOK_EVERY_S and self._looked_on is not None and now - self._looked_on < LOOK_EVERY:
            return 0
        async with self._write.database.locks.sole("upkeep") as ours:
            trimmed = sum([await self._trim(trim, now) for trim in self._trims]) if ours else 0
        if not trimmed:
            self._looked_at, self._looked_on = began, now
        return trimmed

    async def _trim(self, trim: Trim, now: datetime) -> int:
        rows = await self._write.database.short(EVERY_PROVIDER, trim.due, *trim.as_of(now))
        return sum([await self._desk.step_one(trim.worker(), ProviderId(row["provider"])) for row in rows])


async def trim_now(write: WritePath) -> dict[str, int]:
    """Everything that is beyond its time, without the day of grace; rows removed by table."""
    gone: dict[str, int] = {}
    for trim in trims_of(write):
        gone[trim.table] = 0
        for row in await write.database.short(EVERY_PROVIDER, f"select distinct provider from {trim.table} order by provider"):
            provider = ProviderId(row["provider"])
            moment = derived_id("trim", trim.table, provider)
            cause = Cause(actor="retention", why="it is beyond its time", correlation_id=moment, causation_id=moment)
            while rows := await write.run(provider, cause, trim.step):
                gone[trim.table] += rows
    return gone
