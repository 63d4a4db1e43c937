"""The simulator can fail: with each of these mistakes in the machinery, histories come out wrong and say how to see it again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.postgres import EmbeddedPostgres
from termijn.runtime.inbox import Inbox, Incoming
from termijn.runtime.relay import Relay
from termijn.runtime.service import POLL_RECORDS_MAX, Service
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing import simulation
from termijn.testing.simulation import Wrong, play, play_many
from termijn.testing.simulation_run import Mode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS = 1_000


def forget_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The inbox takes every message for a new one."""

    async def arrive(self: Inbox, work: Any, page: Sequence[Incoming], *streams: Any) -> Any:
        return replace(await original(self, work, page, *streams), fresh=list(page))

    original = Inbox._arrive
    monkeypatch.setattr(Inbox, "_arrive", arrive)


def acknowledge_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets are committed before the effect is: what dies between loses messages."""

    async def consume(self: Service, timeout_s: float = 0.0) -> int:
        assert self._consumer is not None
        records = await self._consumer.poll(POLL_RECORDS_MAX, timeout_s)
        offsets = {(record.topic, record.partition): record.offset + 1 for record in records}
        await self._consumer.commit(offsets)
        if records:
            await self.inbox.take([Incoming.of(record) for record in records], {})
        return len(records)

    monkeypatch.setattr(Service, "consume", consume)


def throw_away_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay takes what it tried to publish for published."""

    async def publish(self: Relay, rows: list[Any]) -> list[Any]:
        try:
            return list(await original(self, rows))
        except Exception:
            return rows

    original = Relay._publish
    monkeypatch.setattr(Relay, "_publish", publish)


def remember_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided is remembered before it is committed."""

    async def flush(self: UnitOfWork) -> None:
        await original(self)
        self.remember()

    original = UnitOfWork.flush
    monkeypatch.setattr(UnitOfWork, "flush", flush)


@pytest.mark.parametrize("mistake", [forget_what_was_seen, acknowledge_first, throw_away_unheard, remember_too_early])
async def test_a_mistake_in_the_machinery_is_noticed(
    mistake: Callable[[pytest.MonkeyPatch], None], postgres_server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the message says how to play the same history again."""
    mistake(monkeypatch)
    with pytest.raises(Wrong, match=r"python -m termijn\.testing\.simulation --seed 5 --steps 1000 --mode strict"):
        await play(postgres_server, tmp_path, seed=5, steps=STEPS, mode=Mode.STRICT)


async def test_a_night_goes_on_after_a_wrong_history_and_names_its_seed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came out wrong is told when it happens; without being asked to, it stops there."""
    seeds: list[int] = []

    async def played(server: Any, folder: Path, *, seed: int, steps: int, mode: Mode) -> str:
        seeds.append(seed)
        if seed == 11:
            raise Wrong("a cent is missing")
        return f"{seed} {steps} {mode}"

    monkeypatch.setattr(simulation, "play", played)
    monkeypatch.setattr(simulation, "told", lambda history: history)
    asked: Any = {"seed": 10, "steps": 12_000, "modes": list(Mode)}
    server: Any = None
    with pytest.raises(Wrong, match=r"1 of 3 histories came out wrong, those of the seeds \[11\]"):
        await play_many(server, tmp_path, goes_on=True, **asked)
    said = capsys.readouterr()
    assert (said.out.split("\n"), said.err) == (["10 5000 strict", "12 2000 strict", ""], "a cent is missing\n")
    seeds.clear()
    with pytest.raises(Wrong, match="a cent"):
        await play_many(server, tmp_path, **asked)
    assert seeds == [10, 11]
