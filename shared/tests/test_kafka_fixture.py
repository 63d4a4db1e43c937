"""The fixture that gives tests a broker: it skips and says so, unless a broker is insisted on."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TEST = """
pytest_plugins = ["termijn.testing.kafka"]
def test_it(kafka_broker):
    assert kafka_broker.bootstrap_servers == "b1:9092"
    assert kafka_broker.local is None
def test_not_ours(kafka_broker):
    kafka_broker.stop()
"""


@pytest.fixture
def without_tools(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.Pytester:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "TERMIJN_REQUIRE_KAFKA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TERMIJN_CACHE", str(tmp_path / "cache"))
    pytester.makepyfile(TEST)
    return pytester


def test_without_a_broker_tests_skip_and_say_what_is_missing(without_tools: pytest.Pytester) -> None:
    result = without_tools.runpytest_inprocess("-rs", "-p", "no:cacheprovider")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*no Kafka broker: a Kafka broker needs java and mvn on the path, or KAFKA_BOOTSTRAP_SERVERS*"])


def test_where_a_broker_is_insisted_on_its_absence_is_a_failure(without_tools: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMIJN_REQUIRE_KAFKA", "1")
    without_tools.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(errors=2)


def test_nor_may_a_test_be_skipped_there_because_the_broker_is_not_its_own(
    without_tools: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERMIJN_REQUIRE_KAFKA", "1")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "b1:9092")
    without_tools.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


def test_a_broker_that_is_named_is_taken_and_never_stopped(without_tools: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "b1:9092")
    without_tools.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, skipped=1)


def test_before_a_change_lands_a_broker_is_insisted_on() -> None:
    lines = (Path(__file__).resolve().parents[2] / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines.index("export TERMIJN_REQUIRE_KAFKA=1") < min(number for number, line in enumerate(lines) if line.startswith("step make"))
