"""A second process beside the one that runs: the clock is moved from outside, as ``termijn clock advance`` does it."""

import asyncio
from contextlib import suppress
from datetime import date

import pytest

from termijn.embedded.installation import open_installation
from termijn.kernel.calendar import at
from termijn.runtime.service import Service
from termijn.runtime.timer_row import SHARDS
from termijn.testing.story import Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROLES = {"timers": tuple(range(SHARDS)), "workers": (0,)}
"""What the running process does alone; the rest is done by whoever comes first."""


LOOKS = 3
"""Whoever moves the clock looks around twice before each date; at the third look it would be days further."""
PATIENCE_S = 1.0
"""While nobody moves the clock nobody looks."""


def _slow_down(service: Service, mover: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers begin only when the mover has looked around often enough to be days further, if it did not wait for them."""
    step, is_quiet, look = service.workers.step, mover.is_quiet, asyncio.Event()

    async def looking() -> bool:
        look.set()
        return await is_quiet()

    async def slowly() -> int:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(LOOKS):
                    look.clear()
                    await look.wait()
        return await step()

    monkeypatch.setattr(mover, "is_quiet", looking)
    monkeypatch.setattr(service.workers, "step", slowly)


@pytest.mark.rule("TIM-2", "TIM-1", "INV-7", "DUN-1")
async def test_the_clock_moved_from_another_process_lets_everything_happen_on_its_day(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running process fires, numbers and sends; the one that moves the clock waits for it, day by day."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "workplace")
    await story.installation.settle()
    async with open_installation(story.installation.folder, server=story.server, prefix=story.prefix) as running:
        for service in story.installation.services:
            await service.database.locks.close()  # what opened the shop is gone; from here on it only moves the clock
        for service in running.services:
            for role, parts in ROLES.items():
                async with service.database.locks.sole(role, parts) as ours:
                    assert tuple(ours) == parts
        _slow_down(running.service("invoice"), story.installation.service("invoice"), monkeypatch)
        running.loops.start()
        await story.until(date(2026, 3, 2), "23:00")
        assert running.clock.now() == at(date(2026, 3, 2), "23:00")
        assert [invoice["issued_on"] for invoice in await story.invoices("acme")] == ["2026-02-01", "2026-03-01"]
        assert await story.steps("acme") == [("reminder", date(2026, 2, 12)), ("second_reminder", date(2026, 2, 19))]
