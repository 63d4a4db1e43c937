"""The process dies at every named fault point, several times over; what comes of it is what would have come of it anyway."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.postgres import start_now
from termijn.runtime.faults import POINTS, VARIABLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LATE = "erasure.key_destroyed"
"""Passed once, when the play is nearly over: whatever was to be killed after it would not come any more. So it has a play of its own."""
FAULTS = [(point, nth) for nth in (1, 23) for point in sorted(POINTS - {LATE})]
"""Each other point kills at its first passing, and in the thick of it."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of our own: pytest closes its own to the account that PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="termijn-crash-"))
    try:
        yield made
    finally:
        for killed in made.glob("killed*"):
            start_now(killed / "postgres").stop_now()  # the server outlives whoever was killed; the last user stops it
        shutil.rmtree(made, ignore_errors=True)


def play(folder: Path, *, fault: str | None = None) -> dict[str, Any] | None:
    """Play the small world on to its end; None where it was killed on the way."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if fault is not None:
        environment[VARIABLE] = fault
    done = subprocess.run(
        [sys.executable, "-m", "termijn.testing.small_world", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.mark.rule("TIM-1", "INV-7", "INV-17", "USE-1", "INV-11", "CON-7")
def test_sigkill_at_every_fault_point_changes_nothing(folder: Path) -> None:
    """Amounts, dates, states and letters by day, per account; series without holes; no law broken."""
    undisturbed = play(folder / "undisturbed")
    assert undisturbed is not None
    assert undisturbed["broken_laws"] == []
    assert undisturbed["deletion"] == {"state": "deleted", "erased": ["dunning", "invoice", "rating"], "broken_laws": []}
    killed: dict[str, int] = dict.fromkeys(POINTS, 0)
    outcome = None
    for point, nth in FAULTS:
        outcome = play(folder / "killed", fault=f"{point}:{nth}")
        killed[point] += outcome is None
    outcome = outcome or play(folder / "killed")
    assert outcome == undisturbed
    killed[LATE] += play(folder / "killed late", fault=f"{LATE}:1") is None
    assert play(folder / "killed late") == undisturbed
    assert min(killed.values()) >= 1, f"never killed at: {[point for point, times in killed.items() if not times]}"
