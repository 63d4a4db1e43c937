"""The embedded installation over Kafka: the same figures as over the log, a broker of its own that ends with it, one choice for ever."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from termijn.demo.payer import AfterLetter, NeverFirst
from termijn.demo.population import World, customers
from termijn.demo.run import Played, play
from termijn.embedded.kafka_broker import VERSION, BrokerUnavailable, LocalBroker, cluster_id, ensure_jars
from termijn.embedded.transports import made_as
from termijn.kernel.errors import InvalidInput
from termijn.testing.kafka import Broker

SMALL = World(
    customers=tuple(each for each in customers() if each.behaviour in (AfterLetter(step="reminder"), NeverFirst())),
    last_day=date(2026, 2, 12),
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: each new pytest closes the folder above all of those to other users, and the database server is one."""
    with tempfile.TemporaryDirectory(prefix="termijn-test-") as path:
        yield Path(path)


class CutOffError(Exception):
    """Stands for the power going out."""


async def played(folder: Path, *, transport: str, bootstrap: str | None = None, cut_off_at: int | None = None) -> Played:
    def progress(what: str, done: int, of: int) -> None:
        if cut_off_at is not None and done == cut_off_at:
            raise CutOffError

    return await play(folder, seed=3, transport=transport, kafka_bootstrap=bootstrap, progress=progress, world=SMALL)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_demo_over_kafka_gives_the_figures_of_the_log_also_after_a_cut(folder: Path, kafka_broker: Broker) -> None:
    over_log = await played(folder / "log", transport="log")
    bootstrap = kafka_broker.bootstrap_servers
    with pytest.raises(CutOffError):
        await played(folder / "kafka", transport="kafka", bootstrap=bootstrap, cut_off_at=7)
    over_kafka = await played(folder / "kafka", transport="kafka", bootstrap=bootstrap)
    assert over_kafka.outcome == over_log.outcome
    assert over_kafka.outcome.as_json(seconds=0, transport="")["verified"] is True
    assert len(over_kafka.outcome.invoices) >= 2


def test_what_an_installation_runs_on_is_decided_when_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    log, own, elsewhere = tmp_path / "log", tmp_path / "own", tmp_path / "elsewhere"
    assert made_as(log, sandbox=True, transport=None, kafka_bootstrap=None).transport == "log"
    assert made_as(own, sandbox=True, transport="kafka", kafka_bootstrap=None).kafka_bootstrap is None
    assert made_as(elsewhere, sandbox=False, transport="kafka", kafka_bootstrap="b1:9092").kafka_bootstrap == "b1:9092"
    # Later, also with other words around it:
    for folder, kind in ((log, "log"), (own, "kafka"), (elsewhere, "kafka")):
        assert made_as(folder, sandbox=True, transport=None, kafka_bootstrap=None).transport == kind
        with pytest.raises(InvalidInput, match=r"transport") as refused:
            made_as(folder, sandbox=True, transport="kafka" if kind == "log" else "log", kafka_bootstrap=None)
        assert kind in refused.value.message
    assert made_as(elsewhere, sandbox=True, transport=None, kafka_bootstrap=None).kafka_bootstrap == "b1:9092"
    assert not made_as(elsewhere, sandbox=True, transport=None, kafka_bootstrap=None).is_sandbox
    assert made_as(elsewhere, sandbox=True, transport=None, kafka_bootstrap="b2:9092").kafka_bootstrap == "b2:9092"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "b3:9092")
    assert made_as(own, sandbox=True, transport=None, kafka_bootstrap=None).kafka_bootstrap is None, "its messages are in its own broker"
    assert made_as(tmp_path / "new", sandbox=True, transport="kafka", kafka_bootstrap=None).kafka_bootstrap == "b3:9092"


def test_an_installation_of_before_there_was_a_choice_runs_on_the_log(tmp_path: Path) -> None:
    (tmp_path / "installation.json").write_text('{"clock": "sandbox"}')
    assert made_as(tmp_path, sandbox=False, transport=None, kafka_bootstrap=None).transport == "log"


def test_another_transport_than_there_is_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"log and kafka"):
        made_as(tmp_path, sandbox=True, transport="pigeon", kafka_bootstrap=None)


def test_the_jars_are_those_of_the_version_that_is_named() -> None:
    pom = (files("termijn.embedded") / "kafka_broker.pom.xml").read_text(encoding="utf-8")
    assert re.search(rf"<artifactId>kafka_2\.13</artifactId>\s*<version>{re.escape(VERSION)}</version>", pom)


def test_without_java_or_maven_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TERMIJN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BrokerUnavailable, match=r"needs java and mvn on the path, or KAFKA_BOOTSTRAP_SERVERS"):
        ensure_jars()
    with pytest.raises(BrokerUnavailable):
        LocalBroker(tmp_path / "broker").start_now()


def test_no_folder_has_an_id_that_would_be_read_as_an_option(tmp_path: Path) -> None:
    ids = {cluster_id(tmp_path / str(number)) for number in range(1_000)}
    assert len(ids) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", each) for each in ids)
    assert cluster_id(tmp_path) == cluster_id(tmp_path / "." / "x" / "..")


OWNER = """
import sys, time
from pathlib import Path
from termijn.embedded.kafka_broker import LocalBroker
broker = LocalBroker(Path(sys.argv[1]))
broker.start_now()
print(broker.bootstrap_servers, broker._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_broker_is_joined_by_who_comes_second_and_ends_with_who_came_first_also_when_killed(tmp_path: Path, kafka_broker: Broker) -> None:
    kafka_broker.stop()  # one at a time: they are large
    try:
        owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert owner.stdout is not None
        address, pid = owner.stdout.readline().split()
        second = LocalBroker(tmp_path)
        second.start_now()
        assert (second.bootstrap_servers, second.is_ours) == (address, False)
        second.stop_now()
        os.kill(int(pid), 0)  # still there
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        third = LocalBroker(tmp_path)
        third.start_now()
        assert (third.bootstrap_servers, third.is_ours) == (address, True)
        third.stop_now()
    finally:
        kafka_broker.start()
