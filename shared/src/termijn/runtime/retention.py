"""Trimming what is kept for a time only: the inbox, answers to calls, timers that are over. The whole table: docs/retention.md.

No clock starts this. A table is due when its oldest row is a day beyond its time, which an index answers; then batches go until
none is. So it happens once a day where there is something every day, and a process that was away makes up for it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from termijn.kernel.ids import ProviderId, derived_id
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause, Work, Worker
from termijn.runtime.sql import load
from termijn.runtime.write_path import WritePath

SQL = load("termijn.runtime.schema", "retention.sql")

ROWS_PER_BATCH = 2_000
"""Some tens of milliseconds; whoever wants the worker desk meanwhile waits no longer than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """One table that is trimmed by age."""

    table: str
    is_domain_time: bool = False

    @property
    def due(self) -> str:
        """The providers that have something to trim."""
        return SQL[f"{self.table}_due"]

    async def step(self, work: Work) -> int:
        """Remove one batch of one provider; how many rows went."""
        now = (work.now,) if self.is_domain_time else ()
        rows = await work.fetch(SQL[f"trim_{self.table}"], work.provider, ROWS_PER_BATCH, *now)
        return int(rows[0]["rows"])

    def worker(self) -> Worker:
        """The worker that does it when it is due."""
        step: Callable[[Work], Awaitable[int]] = self.step
        return Worker(name=f"trim {self.table}", waiting_providers=self.due, step=step)


TRIMS: tuple[Trim, ...] = (Trim(table="inbox"), Trim(table="idempotency"), Trim(table="timer", is_domain_time=True))
WORKERS: tuple[Worker, ...] = tuple(trim.worker() for trim in TRIMS)
"""Every service has these besides its own."""


async def trim_now(write: WritePath) -> dict[str, int]:
    """Everything that is beyond its time, without the day of grace; rows removed by table."""
    gone: dict[str, int] = {}
    for trim in TRIMS:
        gone[trim.table] = 0
        for row in await write.database.short(EVERY_PROVIDER, f"select distinct provider from {trim.table} order by provider"):
            provider = ProviderId(row["provider"])
            moment = derived_id("trim", trim.table, provider)
            cause = Cause(actor="retention", why="it is beyond its time", correlation_id=moment, causation_id=moment)
            while rows := await write.run(provider, cause, trim.step):
                gone[trim.table] += rows
    return gone
