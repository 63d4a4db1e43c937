"""Killed at random machine times, its database too now and then: what comes of it is what would have come of it anyway."""

import pytest

from termijn.testing.fire import folder_for_fire, under_fire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

KILLS = 20


@pytest.mark.rule("TIM-1", "INV-7", "INV-17", "INV-11", "USE-1")
def test_twenty_kills_at_random_moments_change_nothing() -> None:
    """Amounts, dates, states and letters by day, per account; series without holes; no law broken. ``make fire`` has more."""
    with folder_for_fire() as folder:
        done = under_fire(folder, kills=KILLS, seed=7, tell=lambda line: None)
    assert done.kills == KILLS
    assert done.servers_killed >= 1
