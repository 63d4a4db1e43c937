"""The processes of one play under fire, and killing them: the one that plays, its replica, the database server, the broker.

``python -m termijn.testing.fire_field FOLDER TRANSPORT [BROKERS]`` is the one that plays.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from termijn.demo.run import play
from termijn.embedded.kafka_broker import LocalBroker
from termijn.embedded.postgres import start_now
from termijn.testing import replica
from termijn.testing.forked import forked
from termijn.testing.simulation_chance import Chance
from termijn.testing.small_world import summary, world

START_MILLISECONDS_MAX = 1_000
"""A kill that is meant for a process that starts comes within this."""
PLAY_MILLISECONDS_MAX = 2_000
"""Any other comes within this after the play went on."""
START_PER_MILLE = 150
PLAY_SECONDS_MAX = 900
LOOK_DELAY_S = 0.005
CHARACTERS_SHOWN = 3_000

Outcome = dict[str, Any]


class Target(StrEnum):
    """What is killed."""

    PLAYER = "player"
    """Who moves the clock and calls; it has all four services too."""
    REPLICA = "replica"
    SERVER = "server"
    """The database server, under both of them."""
    POWER = "power"
    """Both processes and the database server."""
    BROKER = "broker"


WEIGHTS: dict[Target, int] = {Target.PLAYER: 5, Target.REPLICA: 5, Target.SERVER: 2, Target.POWER: 2, Target.BROKER: 2}


class Fell(AssertionError):
    """A process ended by itself where nothing it needs had been taken away from it; the message has its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What is killed, and when: so long after it was started, or after the play went on."""

    target: Target
    is_at_start: bool
    seconds: float

    @staticmethod
    def draw(chance: Chance, targets: Sequence[Target]) -> "Kill":
        """Any target, any moment."""
        target = chance.weighted([(WEIGHTS[target], target) for target in targets])
        is_at_start = chance.happens(START_PER_MILLE)
        most = START_MILLISECONDS_MAX if is_at_start else PLAY_MILLISECONDS_MAX
        return Kill(target=target, is_at_start=is_at_start, seconds=chance.number(0, most) / 1000)


class Field:
    """One play in its folder: two processes, each with all four services. To be used as a context; nothing runs after it."""

    def __init__(self, folder: Path, *, transport: str, broker: LocalBroker | None, has_replica: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._transport = transport
        self._broker = broker
        self._has_replica = has_replica
        self._player: BaseProcess | None = None
        self._replica: BaseProcess | None = None
        self._is_made = False
        self._may_fall: set[BaseProcess] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end_replica()
        self._end_player()
        if (self.folder / "postgres").exists():
            start_now(self.folder / "postgres").stop_now()

    @property
    def targets(self) -> Sequence[Target]:
        """What can be killed here."""
        return [target for target in Target if target is not Target.BROKER or self._broker is not None]

    def suffer(self, kill: Kill) -> bool:
        """Go on until the moment, and carry out the kill; False where the play was over before."""
        if not self._goes_on() or not self._reaches(kill):
            return False
        match kill.target:
            case Target.PLAYER:
                self._end_player()
            case Target.REPLICA:
                self._end_replica()
            case Target.SERVER:
                self._all_may_fall()
                kill_server(self.folder)
            case Target.POWER:
                self._end_player()
                self._end_replica()
                kill_server(self.folder)
            case Target.BROKER:
                assert self._broker is not None
                self._all_may_fall()
                self._broker.kill_now()
                self._broker.start_now()
        return True

    def finish(self) -> Outcome:
        """Go on to the end; what came of it."""
        deadline = monotonic() + PLAY_SECONDS_MAX
        while self._goes_on():
            if monotonic() > deadline:
                raise Fell(f"the play does not come to its end; {self._last_words()}")
            sleep(LOOK_DELAY_S)
        outcome: Outcome = json.loads(self._beside("json").read_text())
        return outcome

    def _goes_on(self) -> bool:
        """Start again what is not running; False where the play is over."""
        if self._player is None:
            self._beside("begun").unlink(missing_ok=True)
            brokers = [self._broker.bootstrap_servers] if self._broker is not None else []
            self._player = self._start(main, self._transport, *brokers, out=self._beside("json"), err="err")
        elif (status := self._player.exitcode) is not None:
            if status == 0:
                return False
            self._check_may_fall(self._player, "player", status)
            self._player = None
        if self._has_begun() and self._has_replica:
            if self._replica is None:
                self._replica = self._start(replica.main, out=Path(os.devnull), err="replica.err")
            elif (status := self._replica.exitcode) is not None:
                self._check_may_fall(self._replica, "replica", status)
                self._replica = None
        return True

    def _has_begun(self) -> bool:
        """Whether the folder is an installation: the replica joins one, it makes none."""
        self._is_made = self._is_made or self._beside("begun").exists()
        return self._is_made

    def _reaches(self, kill: Kill) -> bool:
        """Whether the moment of the kill comes before the end of the play."""
        if not kill.is_at_start:
            while not self._beside("begun").exists():
                if not self._goes_on():
                    return False
                sleep(LOOK_DELAY_S)
        moment = monotonic() + kill.seconds
        while monotonic() < moment:
            if not self._goes_on():
                return False
            sleep(LOOK_DELAY_S)
        return self._goes_on()

    def _start(self, act: Callable[..., None], *arguments: str, out: Path, err: str) -> BaseProcess:
        return forked(act, self.folder, *arguments, out=out, err=self._beside(err))

    def _end_player(self) -> None:
        process, self._player = self._player, None
        _end(process)

    def _end_replica(self) -> None:
        process, self._replica = self._replica, None
        _end(process)

    def _all_may_fall(self) -> None:
        """What a process needs is taken away: it may end, once, and is started again, as whoever watches processes does."""
        self._may_fall |= {process for process in (self._player, self._replica) if process is not None}

    def _check_may_fall(self, process: BaseProcess, name: str, status: int) -> None:
        if process not in self._may_fall:
            raise Fell(f"the {name} ended with {status}; {self._last_words()}")
        self._may_fall.discard(process)

    def _last_words(self) -> str:
        said = {name: self._beside(name).read_text(errors="replace") for name in ("err", "replica.err") if self._beside(name).exists()}
        return "\n".join(f"{name}: {text[-CHARACTERS_SHOWN:]}" for name, text in said.items())

    def _beside(self, suffix: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{suffix}")


def kill_server(place: Path) -> None:
    """The database server of an installation's folder dies, where there is one."""
    with suppress(FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        pid = int((place / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])
        if str(place).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def _end(process: BaseProcess | None) -> None:
    if process is not None:
        process.kill()
        process.join()


def main(folder: Path, transport: str, brokers: str | None = None) -> None:
    """Play on from where the folder is, to the end, and print what came of it."""

    def seen(what: str, done: int, of: int) -> None:
        if what != "Starting the database":
            folder.with_name(f"{folder.name}.begun").touch()

    replica.be_quick()
    played = asyncio.run(play(folder, seed=1, transport=transport, kafka_bootstrap=brokers, progress=seen, world=world()))
    sys.stdout.write(json.dumps(summary(played.outcome)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
