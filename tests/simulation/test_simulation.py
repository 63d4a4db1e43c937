"""Random histories of all four services with everything going wrong that may: what comes of them is what would have come anyway."""

from pathlib import Path

import pytest

from termijn.embedded.postgres import EmbeddedPostgres
from termijn.testing.simulation import History, play
from termijn.testing.simulation_run import Mode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS = 2_000


async def history(server: EmbeddedPostgres, folder: Path, *, seed: int, mode: Mode, steps: int = STEPS) -> History:
    """One history; it fails with its seed, its steps and how to play it again."""
    played = await play(server, folder, seed=seed, steps=steps, mode=mode)
    assert played.tally.steps == steps
    assert played.tally.faults and played.tally.deaths and played.mischief, "nothing went wrong, so nothing was proved"
    return played


@pytest.mark.rule("TIM-1", "INV-7", "INV-17", "USE-1", "DUN-1", "SEC-1")
async def test_faults_change_nothing_to_the_day(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Amounts, dates, states, letters by day, timers and events: all equal to the same deeds without faults."""
    played = await history(postgres_server, tmp_path, seed=20_260_101, mode=Mode.STRICT)
    assert played.days > 20


@pytest.mark.rule("USE-9", "INV-18", "INV-17", "DUN-2", "DUN-5")
async def test_working_late_changes_no_charge(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Days may differ; what is charged may not, nothing is lost, nothing happens twice, no letter comes too early."""
    await history(postgres_server, tmp_path, seed=20_260_102, mode=Mode.LAGGING)


async def test_a_seed_plays_the_same_history_again(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Step by step: without that, a failure could not be looked at."""
    first = await history(postgres_server, tmp_path, seed=20_260_103, mode=Mode.STRICT, steps=600)
    second = await history(postgres_server, tmp_path, seed=20_260_103, mode=Mode.STRICT, steps=600)
    assert first.trace == second.trace
