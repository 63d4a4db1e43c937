"""Workers: what no message and no date starts, one page at a time, one process at a time."""

from collections.abc import Sequence
from functools import partial

from termijn.kernel.ids import ProviderId, derived_id
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Cause, Each, Work, Worker
from termijn.runtime.patience import reason_of
from termijn.runtime.telemetry import log
from termijn.runtime.write_path import WritePath

ops = log("workers")

ITEMS_PER_PAGE = 20
"""Of what goes one by one: asked for at once, and done for one provider before it is another's turn."""


class WorkerDesk:
    """Runs the workers of one service. One that fails for a provider goes on for the others and shows the reason."""

    def __init__(self, write: WritePath, workers: Sequence[Worker]) -> None:
        self._write = write
        self._workers = workers
        self._sound: set[tuple[str, str]] = set()

    async def step(self) -> int:
        """One page of each worker for each provider that has something to do; how much was done."""
        async with self._write.database.locks.sole("workers") as ours:
            if not ours:
                return 0
            done = 0
            for worker in self._workers:
                rows = await self._write.database.short(EVERY_PROVIDER, worker.waiting_providers)
                for row in rows:
                    done += await self.step_one(worker, ProviderId(row["provider"]))
            return done

    async def step_one(self, worker: Worker, provider: ProviderId) -> int:
        """One page of one worker; a failure is noted where ops see it, and counts as nothing done."""
        done, reason = await (self._page(worker, provider) if worker.each is None else self._one_by_one(worker, worker.each, provider))
        if reason:
            await self._note_failure(worker, provider, reason)
        elif (worker.name, provider) not in self._sound:
            # Also the first time: the failure may have been noted before this process was started.
            self._sound.add((worker.name, provider))
            await self._write.database.short(
                provider, "delete from worker_failure where provider = $1 and worker = $2", provider, worker.name
            )
        return done

    async def _page(self, worker: Worker, provider: ProviderId) -> tuple[int, str]:
        """How much was done, and why it failed."""
        try:
            return await self._write.run(provider, _cause(worker, provider), worker.step), ""
        except Exception as error:
            ops.error("a worker failed", error, worker=worker.name, provider=provider)
            return 0, reason_of(error)

    async def _one_by_one(self, worker: Worker, each: Each, provider: ProviderId) -> tuple[int, str]:
        """All that waits, until a page is done: those that fail, or cannot go on yet, are passed by. The reason is the first one's."""
        done, reason, last = 0, "", ""
        while done < ITEMS_PER_PAGE:
            rows = await self._write.database.short(provider, each.waiting, provider, last, ITEMS_PER_PAGE)
            for row in rows:
                last = str(row["item"])
                try:
                    done += await self._write.run(provider, _cause(worker, provider), partial(_deal_with, each, last))
                except Exception as error:
                    ops.error("a worker failed", error, worker=worker.name, provider=provider, account=last)
                    reason = reason or f"{last}: {reason_of(error)}"
            if len(rows) < ITEMS_PER_PAGE:
                break
        return done, reason

    async def _note_failure(self, worker: Worker, provider: ProviderId, reason: str) -> None:
        self._sound.discard((worker.name, provider))
        await self._write.database.short(
            provider,
            "insert into worker_failure (provider, worker, reason) values ($1, $2, $3) "
            "on conflict (provider, worker) do update set reason = excluded.reason",
            provider,
            worker.name,
            reason,
        )


async def _deal_with(each: Each, item: str, work: Work) -> int:
    return await each.step(work, item)


def _cause(worker: Worker, provider: ProviderId) -> Cause:
    moment = derived_id("worker", worker.name, provider)
    return Cause(actor=f"worker:{worker.name}", why="it was due", correlation_id=moment, causation_id=moment)
