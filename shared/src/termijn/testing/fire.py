"""Under fire: a process that plays the small world is killed again and again at random moments, and what comes of it is compared.

``python -m termijn.testing.fire --kills N [--seed S]``. The seed draws the moments; what a moment hits is up to the machine. Now
and then the database server is killed as well, as when the power fails. Each play goes on until its end and must come out as the
undisturbed one; then the next begins in a new folder.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from termijn.demo.run import play
from termijn.embedded.postgres import start_now
from termijn.testing.simulation_chance import Chance
from termijn.testing.small_world import summary, world

START_MILLISECONDS_MAX = 2_500
"""A kill that is meant for the start comes within this."""
PLAY_MILLISECONDS_MAX = 2_500
"""Any other comes within this after the play went on."""
START_PER_MILLE = 150
SERVER_PER_MILLE = 150
PLAY_SECONDS_MAX = 900
LOOK_DELAY_S = 0.005
PLAYS_WITHOUT_KILLS_MAX = 50
"""So many kills in one play, and it does not get anywhere."""

Outcome = dict[str, Any]


class Different(AssertionError):
    """A play came out otherwise than undisturbed; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """When the process is killed: so long after its start, or after it went on playing."""

    is_at_start: bool
    seconds: float
    hits_server: bool

    @staticmethod
    def draw(chance: Chance) -> "Kill":
        """Any moment."""
        is_at_start = chance.happens(START_PER_MILLE)
        most = START_MILLISECONDS_MAX if is_at_start else PLAY_MILLISECONDS_MAX
        return Kill(is_at_start=is_at_start, seconds=chance.number(0, most) / 1000, hits_server=chance.happens(SERVER_PER_MILLE))


@dataclass(slots=True)
class Barrage:
    """How far it got."""

    kills: int = 0
    servers_killed: int = 0
    plays: int = 0


def main() -> None:
    """Kill, and end with 1 where a play came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--play", type=Path, help="play in this folder (what is started in order to be killed)")
    asked = parser.parse_args()
    if asked.play is not None:
        _play(asked.play)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with folder_for_fire() as folder:
        try:
            under_fire(folder, kills=asked.kills, seed=asked.seed, tell=_print)
        except Different as different:
            sys.exit(f"--seed {asked.seed} --kills {asked.kills}: {different}")


def under_fire(folder: Path, *, kills: int, seed: int, tell: Callable[[str], None]) -> Barrage:
    """So many kills, over as many plays as they last for. Raises ``Different``."""
    chance, done = Chance("fire", seed), Barrage()
    undisturbed = _until_killed(folder / "undisturbed", None)
    assert undisturbed is not None, "nobody killed it"
    if undisturbed["broken_laws"]:
        raise Different(f"undisturbed: {undisturbed['broken_laws']}")
    while done.kills < kills:
        started, place = monotonic(), folder / f"play-{done.plays}"
        before = done.kills
        outcome = None
        while outcome is None and done.kills < kills and done.kills - before < PLAYS_WITHOUT_KILLS_MAX:
            kill = Kill.draw(chance)
            outcome = _until_killed(place, kill)
            done.kills += outcome is None
            done.servers_killed += outcome is None and kill.hits_server
        outcome = outcome or _until_killed(place, None)
        done.plays += 1
        if outcome != undisturbed:
            raise Different(_difference(outcome or {}, undisturbed))
        tell(f"play {done.plays}: killed {done.kills - before} times, {done.kills} in all, {monotonic() - started:.0f} s: as undisturbed")
        shutil.rmtree(place, ignore_errors=True)
    return done


def _until_killed(place: Path, kill: Kill | None) -> Outcome | None:
    """Play on in this folder; what came of it, or None where the kill came first."""
    place.mkdir(parents=True, exist_ok=True)
    begun, output = place.with_suffix(".begun"), place.with_suffix(".json")
    begun.unlink(missing_ok=True)
    with output.open("wb") as out, place.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen([sys.executable, "-m", "termijn.testing.fire", "--play", str(place)], stdout=out, stderr=err)
        try:
            if kill is not None and _wait_for_moment(process, kill, begun):
                process.kill()
                if kill.hits_server:
                    kill_server(place)
            status = process.wait(PLAY_SECONDS_MAX)
        finally:
            process.kill()
    if status == -signal.SIGKILL:
        return None
    if status != 0:
        raise Different(f"the play ended with {status}: {place.with_suffix('.err').read_text()[-3000:]}")
    found: Outcome = json.loads(output.read_text())
    return found


def _wait_for_moment(process: "subprocess.Popen[bytes]", kill: Kill, begun: Path) -> bool:
    """Whether the process is still alive at the moment of the kill."""
    if not kill.is_at_start:
        while not begun.exists():
            if process.poll() is not None:
                return False
            sleep(LOOK_DELAY_S)
    moment = monotonic() + kill.seconds
    while monotonic() < moment:
        if process.poll() is not None:
            return False
        sleep(LOOK_DELAY_S)
    return True


def kill_server(place: Path) -> None:
    """The database server of an installation's folder dies, where there is one."""
    with suppress(FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        pid = int((place / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])
        if str(place).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def _difference(outcome: Outcome, undisturbed: Outcome) -> str:
    lines = []
    for name in undisturbed:
        if outcome.get(name) != undisturbed[name]:
            lines.append(f"{name}: {outcome.get(name)} instead of {undisturbed[name]}")
    return "\n".join(lines)


def _play(folder: Path) -> None:
    def seen(what: str, done: int, of: int) -> None:
        if what != "Starting the database":
            folder.with_suffix(".begun").touch()

    played = asyncio.run(play(folder, seed=1, transport="log", progress=seen, world=world()))
    sys.stdout.write(json.dumps(summary(played.outcome)) + "\n")


@contextmanager
def folder_for_fire() -> Iterator[Path]:
    """A folder whose servers are stopped at the end: they outlive whoever was killed."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-fire-"))
    try:
        yield folder
    finally:
        for data in folder.glob("*/postgres"):
            start_now(data).stop_now()
        shutil.rmtree(folder, ignore_errors=True)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a night's work wants to be watched


if __name__ == "__main__":
    main()
