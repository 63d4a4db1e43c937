"""Under fire: the small world is played by two replicas of every service while random ones of its processes are killed.

``python -m termijn.testing.fire --kills N [--seed S] [--transport log|kafka|both]``. What dies is the process that plays, its
replica, the database server, the Kafka broker, or all of them at once, as when the power fails; whoever is left goes on, and what
died is started again. Each play goes on until its end and must come out as the undisturbed one; then the next begins.

Play k has the seed S + k and is judged by itself. The seed draws what is killed and when; what that moment hits is up to the
machine, so a play that came out otherwise is run again with its own seed a few times.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from termijn.embedded.kafka_broker import BrokerUnavailable, LocalBroker
from termijn.embedded.postgres import start_now
from termijn.testing.fire_field import Fell, Field, Kill, Outcome, Target
from termijn.testing.postgres import fast_folder
from termijn.testing.simulation import stop_when_asked
from termijn.testing.simulation_chance import Chance

KILLS_PER_PLAY_MAX = 50
"""So many kills in one play, and it does not get anywhere."""
REQUIRED = "TERMIJN_REQUIRE_KAFKA"
TRANSPORTS = ("log", "kafka")


class Different(AssertionError):
    """A play came out otherwise than undisturbed; the message says how, and how to run it again."""


@dataclass(slots=True)
class Barrage:
    """How far it got."""

    plays: int = 0
    hits: Counter[Target] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """In all."""
        return self.hits.total()


def main() -> None:
    """Kill, and end with 1 where a play came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transport", choices=[*TRANSPORTS, "both"], default="both")
    asked = parser.parse_args()
    stop_when_asked()
    wanted = TRANSPORTS if asked.transport == "both" else (asked.transport,)
    try:
        with folder_for_fire() as folder:
            _under_fire_over(wanted, folder, kills=asked.kills, seed=asked.seed)
    except Different as different:
        sys.exit("\n".join([str(different), *getattr(different, "__notes__", [])]))


def _under_fire_over(wanted: Sequence[str], folder: Path, *, kills: int, seed: int) -> None:
    """The kills shared out over the transports that there are here."""
    with ExitStack() as stack:
        brokers = {transport: _broker(stack, folder) if transport == "kafka" else None for transport in wanted}
        there = [transport for transport in wanted if transport == "log" or brokers[transport] is not None]
        undisturbed = play_undisturbed(folder)
        for number, transport in enumerate(there):
            share = kills // len(there) + (number < kills % len(there))
            done = under_fire(folder, undisturbed, kills=share, seed=seed, transport=transport, broker=brokers[transport], tell=_print)
            _print(f"{transport}: {done.kills} kills ({told(done.hits)}) in {done.plays} plays: all as undisturbed")


def play_undisturbed(folder: Path) -> Outcome:
    """What comes of it where nobody is killed, in one process over the log. Raises ``Different`` where that breaks a law."""
    with Field(folder / "undisturbed", transport="log", broker=None, has_replica=False) as place:
        outcome = place.finish()
    if outcome["broken_laws"]:
        raise Different(f"undisturbed: {outcome['broken_laws']}")
    return outcome


def under_fire(
    folder: Path,
    undisturbed: Outcome,
    *,
    kills: int,
    seed: int,
    transport: str,
    broker: LocalBroker | None,
    tell: Callable[[str], None],
) -> Barrage:
    """So many kills, over as many plays as they last for. Raises ``Different``."""
    done = Barrage()
    while done.kills < kills:
        started, its_seed = monotonic(), seed + done.plays
        most = min(kills - done.kills, KILLS_PER_PLAY_MAX)
        place = folder / f"{transport}-{its_seed}"
        hits: Counter[Target] = Counter()
        again = f"python -m termijn.testing.fire --transport {transport} --seed {its_seed} --kills {most}"
        try:
            with Field(place, transport=transport, broker=broker) as fought:
                outcome = _fight(fought, Chance("fire", transport, its_seed), most, hits)
        except Fell as fell:
            raise Different(f"{again}: after {told(hits)}: {fell}") from fell
        if outcome != undisturbed:
            raise Different(f"{again}: after {told(hits)}:\n{difference(outcome, undisturbed)}")
        done.plays += 1
        done.hits += hits
        tell(f"{transport} seed {its_seed}: {told(hits)}; {done.kills} kills in all, {monotonic() - started:.0f} s: as undisturbed")
        shutil.rmtree(place, ignore_errors=True)
    return done


def _fight(place: Field, chance: Chance, most: int, hits: Counter[Target]) -> Outcome:
    """One play, killed until it is over or the kills are used up."""
    while hits.total() < most:
        kill = Kill.draw(chance, place.targets)
        if not place.suffer(kill):
            break
        hits[kill.target] += 1
    return place.finish()


def told(hits: Counter[Target]) -> str:
    """What was hit, and how often."""
    return ", ".join(f"{target} {times}" for target, times in sorted(hits.items())) or "no kill"


def difference(outcome: Outcome, undisturbed: Outcome) -> str:
    """A line for each part of the outcome that is otherwise: what only the one has and what only the other."""
    lines = []
    for name, expected in undisturbed.items():
        found = outcome.get(name)
        if found == expected:
            continue
        if isinstance(found, Sequence) and isinstance(expected, Sequence):
            more, less = [each for each in found if each not in expected], [each for each in expected if each not in found]
            lines.append(f"{name}: too much {more}, missing {less}, {len(found)} instead of {len(expected)}")
        else:
            lines.append(f"{name}: {found} instead of {expected}")
    return "\n".join(lines)


def _broker(stack: ExitStack, folder: Path) -> LocalBroker | None:
    """A broker of our own, which may be killed; None where there is none here and none is insisted on."""
    broker = LocalBroker(folder / "broker")
    try:
        broker.start_now()
    except BrokerUnavailable as missing:
        if os.environ.get(REQUIRED) == "1":
            sys.exit(f"{REQUIRED}=1, but there is no Kafka broker: {missing}")
        _print(f"no Kafka broker, so only the log is under fire: {missing}")
        return None
    stack.callback(broker.stop_now)
    return broker


@contextmanager
def folder_for_fire() -> Iterator[Path]:
    """A folder whose servers are stopped at the end: they outlive whoever was killed. What came out otherwise is kept there."""
    folder = Path(tempfile.mkdtemp(prefix="termijn-fire-", dir=fast_folder()))
    is_kept = False
    try:
        yield folder
    except Different as different:
        is_kept = True
        different.add_note(f"what it left is in {folder}")
        raise
    finally:
        for data in folder.glob("*/postgres"):
            start_now(data).stop_now()
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a night's work wants to be watched


if __name__ == "__main__":
    main()
