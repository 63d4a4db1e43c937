"""A second process beside the one that runs: the clock is moved from outside, as ``termijn clock advance`` does it."""

from datetime import date

import pytest

from termijn.embedded import loops
from termijn.embedded.installation import open_installation
from termijn.kernel.calendar import at
from termijn.runtime.timer_row import SHARDS
from termijn.testing.story import Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROLES = {"timers": tuple(range(SHARDS)), **dict.fromkeys(("relay", "held", "workers", "projector", "upkeep"), (0,))}


@pytest.mark.rule("TIM-2", "TIM-1", "INV-7", "DUN-1")
async def test_the_clock_moved_from_another_process_lets_everything_happen_on_its_day(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running process holds every role: it fires, numbers and sends; the one that moves the clock waits for it, day by day."""
    monkeypatch.setattr(loops, "IDLE_DELAY_S", 0.3)  # a slow machine: whoever did not wait would be gone long before
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
        running.loops.start()
        await story.until(date(2026, 3, 2), "23:00")
        assert running.clock.now() == at(date(2026, 3, 2), "23:00")
        assert [invoice["issued_on"] for invoice in await story.invoices("acme")] == ["2026-02-01", "2026-03-01"]
        assert await story.steps("acme") == [("reminder", date(2026, 2, 12)), ("second_reminder", date(2026, 2, 19))]
