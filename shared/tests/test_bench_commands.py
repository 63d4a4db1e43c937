"""The bench commands run, small, and print the figures of their specification. What the figures are is not tested: machines differ."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from termijn.bench.measure import percentile_ms
from termijn.cli.main import main
from termijn.testing.kafka import Broker

pytestmark = [pytest.mark.slow, pytest.mark.database]

FIGURES = {
    "append": {"events_per_second", "ceiling_per_second", "ratio", "p50_ms", "p99_ms"},
    "command": {"commands_per_second", "paged_per_second", "hot_per_second", "p50_ms", "p99_ms"},
    "timers": {"timers_per_second", "timers_per_second_at_10000", "ceiling_per_second", "ratio"},
    "rebuild": {"events_per_second", "ceiling_per_second", "ratio", "equal"},
    "transport": {"messages_per_second", "ceiling_per_second", "ratio", "p50_ms", "p99_ms"},
    "clock": {"seconds_per_month"},
    "demo": {"seconds", "events", "timers"},
}


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the benchmarks make their folders. Not in pytest's own, which another pytest that starts closes to the server's account."""
    with tempfile.TemporaryDirectory(prefix="termijn-test-bench-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["bench", *arguments])
    captured = capsys.readouterr()
    assert left.value.code == 0, captured.err
    return captured.out


@pytest.mark.parametrize("name", FIGURES)
def test_each_prints_its_figures_and_leaves_nothing_behind(name: str, temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures: dict[str, Any] = json.loads(bench(capsys, name, "--quick", "--json"))
    assert figures.keys() == FIGURES[name]
    assert figures.get("equal", True) is True
    assert all(value > 0 for value in figures.values())
    assert not list(temporary.glob("termijn-bench-*"))


def test_transport_runs_over_kafka_too(
    temporary: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kafka_broker: Broker
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_broker.bootstrap_servers)
    figures: dict[str, Any] = json.loads(bench(capsys, "transport", "--transport", "kafka", "--quick", "--json"))
    assert figures.keys() == FIGURES["transport"]
    assert all(value > 0 for value in figures.values())


OPTIONS = {
    "append": {"--writers", "--batch", "--seconds"},
    "command": {"--accounts"},
    "timers": {"--pending"},
    "rebuild": {"--events"},
    "transport": {"--transport"},
    "clock": {"--accounts"},
    "demo": set(),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_has_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = bench(capsys, name, "--help")
    assert all(option in told for option in OPTIONS[name] | {"--json", "--quick"})


def test_people_get_a_table(temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "events_per_second" in bench(capsys, "append", "--writers", "1", "--batch", "2", "--quick")


def test_a_transport_that_is_not_there_is_refused(temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", "transport", "--transport", "pigeon", "--json"])
    assert left.value.code == 2
    assert "pigeon" in capsys.readouterr().err


def test_percentiles_are_durations_that_were_measured() -> None:
    durations = [number / 1000 for number in range(1, 101)]
    assert percentile_ms(durations, 50) == 50
    assert percentile_ms(durations, 99) == 99
    assert percentile_ms([0.004], 99) == 4
