"""The simulator: ``python -m termijn.testing.simulation --seed N --steps M``.

Plays M random steps over the four real services on real PostgreSQL, in histories of at most ``HISTORY_STEPS``: history k has the
seed N + k and is judged by itself. Each is played again in good order with the same deeds; the outcomes must be equal. A history
that fails is told with its seed and its last steps, and the same command line plays it again, step by step the same.
"""

import argparse
import asyncio
import contextlib
import io
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from termijn.embedded.postgres import EmbeddedPostgres, Settings, start_now
from termijn.kernel.calendar import at, day_of
from termijn.runtime.database import EVERY_PROVIDER
from termijn.testing.postgres import fast_folder
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_checks import broken
from termijn.testing.simulation_outcome import Rows, differences, outcome
from termijn.testing.simulation_plan import FIRST_DAY, Plan
from termijn.testing.simulation_run import Mode, Run, Tally
from termijn.testing.simulation_transport import Mischief
from termijn.testing.simulation_world import World, open_world

HISTORY_STEPS = 5_000
"""Enough for some months; short enough to be read when it fails."""
STEPS_SHOWN = 150
REASONS_SHOWN = 40
LOG_CHARACTERS_SHOWN = 4_000


class Wrong(AssertionError):
    """A history whose outcome is wrong; the message says what, with the seed and the steps that led there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a history that came out right consisted of."""

    seed: int
    mode: Mode
    tally: Tally
    mischief: Counter[str]
    taken: Counter[str]
    days: int
    seconds: float
    trace: tuple[str, ...]


async def play(server: EmbeddedPostgres, folder: Path, *, seed: int, steps: int, mode: Mode) -> History:
    """One history and its judgement. Raises ``Wrong``."""
    started = monotonic()
    mischief = Mischief()
    chance = Chance("history", seed)
    plan_seed = f"plan/{seed}"
    is_lagging = mode is Mode.LAGGING
    said = io.StringIO()
    run: Run | None = None
    again = f"python -m termijn.testing.simulation --seed {seed} --steps {steps} --mode {mode}"
    try:
        with contextlib.redirect_stderr(said):
            async with _world(server, folder, f"sim{seed}a", chance, mischief) as world:
                run = Run(world, Plan(plan_seed, exempts_all=is_lagging), chance, mode)
                await run.play(steps)
                await run.calm_down()
                if is_lagging:
                    await _catch_up(run)
                ends_at = world.clock.now()
                disturbed, wrong = await _judged(run)
            async with _world(server, folder, f"sim{seed}b", Chance("calm"), Mischief(is_calm=True)) as world:
                orderly_run = Run(world, Plan(plan_seed, exempts_all=is_lagging), Chance("calm"), mode)
                await orderly_run.play_in_order(ends_at)
                orderly, wrong_too = await _judged(orderly_run)
    except Exception as error:
        raise Wrong(_told(again, run, [f"{type(error).__name__}: {error}"], said.getvalue())) from error
    reasons = wrong + [f"without faults: {each}" for each in wrong_too] + differences(disturbed, orderly)
    if reasons:
        raise Wrong(_told(again, run, reasons, said.getvalue()))
    return History(
        seed=seed,
        mode=mode,
        tally=run.tally,
        mischief=Counter(mischief.done),
        taken=run.people.taken,
        days=(day_of(ends_at) - FIRST_DAY).days,
        seconds=monotonic() - started,
        trace=tuple(run.trace),
    )


def _world(
    server: EmbeddedPostgres, folder: Path, prefix: str, chance: Chance, mischief: Mischief
) -> contextlib.AbstractAsyncContextManager[World]:
    made = folder / prefix
    made.mkdir(parents=True, exist_ok=True)
    return open_world(server, prefix=prefix, folder=made, starts_at=at(FIRST_DAY, "09:00"), chance=chance, mischief=mischief)


async def _judged(run: Run) -> tuple[dict[str, Rows], list[str]]:
    wrong = await broken(run.world, may_have_waited_too_long=False)
    return await outcome(run.world, run.people, is_dated=run.mode is Mode.STRICT), wrong


async def _catch_up(run: Run) -> None:
    """Ops let go what waited too long; two closings later everything that was late has been charged."""
    for _ in range(3):
        for service in run.world.services:
            for row in await service.held.parked(EVERY_PROVIDER):
                await service.held.replay(row["provider"], row["account"])
        await run.settle()
    today = day_of(run.world.clock.now())
    await run.play_in_order(at((today.replace(day=1) + timedelta(days=64)).replace(day=2), "09:00"))


def _told(again: str, run: Run | None, reasons: Sequence[str], said: str) -> str:
    lines = [again, *reasons[:REASONS_SHOWN]]
    if len(reasons) > REASONS_SHOWN:
        lines.append(f"... and {len(reasons) - REASONS_SHOWN} more")
    if run is not None:
        lines += ["the last steps:", *run.trace[-STEPS_SHOWN:]]
    return "\n".join([*lines, "the log:", said[-LOG_CHARACTERS_SHOWN:]])


@contextlib.contextmanager
def server_for_simulation() -> Iterator[tuple[EmbeddedPostgres, Path]]:
    """A server of our own, in memory where there is room, and a folder for files."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-simulation-", dir=fast_folder()))
    server = start_now(folder / "postgres", Settings.for_tests())
    try:
        yield server, folder
    finally:
        server.stop_now()
        shutil.rmtree(folder, ignore_errors=True)


async def play_many(
    server: EmbeddedPostgres, folder: Path, *, seed: int, steps: int, modes: Sequence[Mode], goes_on: bool = False
) -> list[History]:
    """Histories until the steps are used up, modes in turn; those that came out right.

    Raises ``Wrong`` at the first that comes out wrong, or (``goes_on``) tells it, plays the others and raises at the end.
    """
    played: list[History] = []
    wrong: list[int] = []
    for number, start in enumerate(range(0, steps, HISTORY_STEPS)):
        its_seed, its_steps = seed + number, min(steps - start, HISTORY_STEPS)
        try:
            history = await play(server, folder, seed=its_seed, steps=its_steps, mode=modes[number % len(modes)])
        except Wrong as failure:
            if not goes_on:
                raise
            wrong.append(its_seed)
            print(failure, file=sys.stderr, flush=True)  # noqa: T201 - a night's work wants to be read
        else:
            played.append(history)
            print(told(history), flush=True)  # noqa: T201 - and watched
    if wrong:
        raise Wrong(f"{len(wrong)} of {len(wrong) + len(played)} histories came out wrong, those of the seeds {wrong}")
    return played


def told(history: History) -> str:
    """A history in a line."""
    tally = history.tally
    return (
        f"seed {history.seed} {history.mode}: {tally.steps} steps ({tally.moved} pages, {tally.deeds} deeds), {history.days} days, "
        f"{sum(tally.faults.values())} faults, {tally.deaths} deaths, {history.mischief.total()} mishaps outside, {history.seconds:.1f} s"
    )


def stop_when_asked() -> None:
    """SIGTERM ends this process as Ctrl-C does: servers are ours to stop. Asking twice does not cut that off."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit("stopped")

    signal.signal(signal.SIGTERM, stop)


def main() -> None:
    """Play, and end with 1 and the story of the first history that comes out wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=HISTORY_STEPS)
    parser.add_argument("--mode", choices=[*Mode, "both"], default="both")
    parser.add_argument("--go-on", action="store_true", help="play the others too after one came out wrong")
    asked = parser.parse_args()
    stop_when_asked()
    modes = list(Mode) if asked.mode == "both" else [Mode(asked.mode)]
    with server_for_simulation() as (server, folder):
        try:
            played = asyncio.run(play_many(server, folder, seed=asked.seed, steps=asked.steps, modes=modes, goes_on=asked.go_on))
        except Wrong as wrong:
            sys.exit(str(wrong))
    print("what people did and was not refused:")  # noqa: T201 - a night's work wants to be read
    for kind, times in sorted(sum((history.taken for history in played), Counter[str]()).items()):
        print(f"{times:6d} {kind}")  # noqa: T201


if __name__ == "__main__":
    main()
