"""The process dies at every named fault point, several times over; what comes of it is what would have come of it anyway."""

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.postgres import start_now
from termijn.runtime.faults import POINTS
from termijn.testing import small_world
from termijn.testing.forked import forked
from termijn.testing.postgres import fast_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LATE = "erasure.key_destroyed"
"""Passed when the play is nearly over, so it kills last."""
NTH = {
    "consume.before_acknowledge": 3,
    "journal.after_append": 4,
    "log.after_append": 2,
    "log.before_append": 2,
    "mail.after_send": 2,
    "mail.before_send": 2,
    "projector.before_commit": 9,
    "relay.after_delete": 4,
    "relay.after_number": 4,
    "relay.after_publish": 4,
    "timers.after_claim": 1,
    "write.after_commit": 8,
    "write.before_commit": 8,
}
"""A twentieth, or as near as can be, of the times that an undisturbed play passes each point: so the second kills are spread over it."""
FAULTS = [*((point, 1) for point in sorted(NTH)), *NTH.items(), (LATE, 1)]
"""Each kills one process of a single play."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of our own: pytest closes its own to the account that PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="termijn-crash-", dir=fast_folder()))
    try:
        yield made
    finally:
        for data in made.glob("killed/postgres"):
            start_now(data).stop_now()  # the server outlives whoever was killed; the last user stops it
        shutil.rmtree(made, ignore_errors=True)


def play(folder: Path, fault: str | None = None) -> dict[str, Any] | None:
    """Play the small world on to its end; None where it was killed on the way."""
    out, err = (folder.with_name(f"{folder.name}.{suffix}") for suffix in ("json", "err"))
    process = forked(small_world.main, folder, fault, out=out, err=err)
    process.join(600)
    ended = process.exitcode
    process.kill()
    if ended == -signal.SIGKILL:
        return None
    assert ended == 0, err.read_text()[-3000:]
    return dict(json.loads(out.read_text()))


@pytest.mark.rule("TIM-1", "INV-7", "INV-17", "USE-1", "INV-11", "CON-7")
def test_sigkill_at_every_fault_point_changes_nothing(folder: Path) -> None:
    """Amounts, dates, states and letters by day, per account; series without holes; no law broken."""
    assert {*NTH, LATE} == POINTS
    undisturbed = play(folder / "undisturbed")
    assert undisturbed is not None
    assert undisturbed["broken_laws"] == []
    assert undisturbed["deletion"] == {"state": "deleted", "erased": ["dunning", "invoice", "rating"], "broken_laws": []}
    for point, nth in FAULTS:
        assert play(folder / "killed", f"{point}:{nth}") is None, f"{point} was not passed {nth} times before the end"
    assert play(folder / "killed") == undisturbed
