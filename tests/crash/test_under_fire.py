"""Two replicas of every service, random processes of them killed at random moments: what comes of it is what comes of it anyway."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from termijn.testing import fire
from termijn.testing.fire import Different, folder_for_fire, play_undisturbed, under_fire
from termijn.testing.fire_field import Fell, Field, Outcome, Target
from termijn.testing.kafka import Broker
from termijn.testing.simulation_chance import Chance

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

KILLS = 10
"""On each transport; ``make fire`` has more (docs/nightly.md)."""
SEED = 3
"""Its first plays kill everything that can be killed."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with folder_for_fire() as folder:
        yield folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Outcome:
    """What comes of it where nobody is killed."""
    return play_undisturbed(folder)


@pytest.mark.rule("TIM-1", "TIM-2", "INV-7", "INV-17", "INV-11", "USE-1")
def test_kills_at_random_moments_change_nothing_over_the_log(folder: Path, undisturbed: Outcome) -> None:
    """Amounts, dates, states and letters by day, per account; series without holes; no law broken."""
    done = under_fire(folder, undisturbed, kills=KILLS, seed=SEED, transport="log", broker=None, tell=print)
    assert done.kills == KILLS
    assert done.hits[Target.PLAYER] and done.hits[Target.REPLICA]
    assert done.hits[Target.SERVER] + done.hits[Target.POWER] >= 1


@pytest.mark.rule("TIM-1", "TIM-2", "INV-7", "INV-17", "INV-11", "USE-1")
def test_nor_over_kafka_where_the_broker_is_killed_too(folder: Path, undisturbed: Outcome, kafka_broker: Broker) -> None:
    """The figures are those of the log, undisturbed."""
    done = under_fire(folder, undisturbed, kills=KILLS, seed=SEED, transport="kafka", broker=kafka_broker.ours, tell=print)
    assert done.kills == KILLS
    assert done.hits[Target.PLAYER] and done.hits[Target.REPLICA] and done.hits[Target.BROKER]


def test_what_comes_out_otherwise_says_how_to_run_it_again_and_what_is_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The play with its own seed, not the whole night."""
    expected: Outcome = {"numbers": 9, "letters": [["2026-02-18", "acme", "reminder"], ["2026-02-25", "acme", "formal_notice"]]}
    found: Outcome = {"numbers": 8, "letters": [["2026-02-18", "acme", "reminder"], ["2026-02-19", "acme", "reminder"]]}
    outcomes = iter([expected, found])

    def fight(place: Field, chance: Chance, most: int, hits: Counter[Target]) -> Outcome:
        hits[Target.REPLICA] += 2
        return next(outcomes)

    monkeypatch.setattr(fire, "_fight", fight)
    with pytest.raises(Different) as told:
        under_fire(tmp_path, expected, kills=5, seed=30, transport="log", broker=None, tell=print)
    assert str(told.value).splitlines() == [
        "python -m termijn.testing.fire --transport log --seed 31 --kills 3: after replica 2:",
        "numbers: 8 instead of 9",
        "letters: too much [['2026-02-19', 'acme', 'reminder']], missing [['2026-02-25', 'acme', 'formal_notice']], 2 instead of 2",
    ]


def test_a_process_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Only after something was taken away from it may a process end."""
    with pytest.raises(Fell, match="there are log and kafka"), Field(tmp_path / "wrong", transport="pigeon", broker=None) as place:
        place.finish()
