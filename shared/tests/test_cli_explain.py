"""The explain commands, run as a user runs them: the installed command, its output and its exit status."""

import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from termijn.cli.main import COMMANDS, main

README = Path(__file__).resolve().parents[2] / "README.md"
COMMAND = Path(sys.executable).parent / "termijn"


def termijn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command; never raises."""
    return subprocess.run([str(COMMAND), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def answer(*arguments: str | Path) -> Any:
    """The one JSON object on standard output."""
    done = termijn(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def refused(*arguments: str | Path) -> str:
    """The one line on standard error; nothing on standard output. In this process: starting one for each would take the time."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(word) for word in arguments])
    return one_line(left.value.code, out.getvalue(), err.getvalue())


def one_line(status: object, out: str, err: str) -> str:
    """What wrong input must look like."""
    assert (status, out) == (2, "")
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    return err


def about_notice(rule: str | Path, ordered: str, given: str, *more: str) -> Any:
    return answer("explain", "notice", "--rule", rule, "--ordered", ordered, "--given", given, *more)


@pytest.mark.rule("CAT-27", "CON-13")
def test_a_consumer_leaves_a_renewed_year_after_a_month() -> None:
    told = about_notice("yearly", "2025-08-08", "2026-10-01", "--consumer", "--steps")
    assert (told["ends_on"], told["steps"][-2]) == ("2026-11-01", "consumer: a month after notice is 1 November 2026")


@pytest.mark.rule("CON-13", "CAT-20", "CAT-21", "CAT-22", "CAT-23", "CAT-24")
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("none", ("2026-06-01", None, None)),
        ("monthly", ("2026-07-31", None, None)),
        ("yearly", ("2027-08-07", "2026-05-06", "2026-08-08")),
        ("licence-year", ("2026-08-07", "2026-08-07", "2026-08-08")),
        ("term:12", ("2026-08-31", "2026-07-31", "2026-08-08")),
    ],
)
def test_notice_is_answered_with_three_dates(rule: str, expected: tuple[str | None, ...]) -> None:
    found = about_notice(rule, "2025-08-08", "2026-06-01")
    assert list(found) == ["ends_on", "last_notice_day", "renews_on"]
    assert tuple(found.values()) == expected


@pytest.mark.rule("CAT-26")
def test_telecom_applies_the_cap() -> None:
    assert about_notice("monthly", "2026-01-01", "2026-03-10", "--telecom")["ends_on"] == "2026-04-10"


@pytest.mark.rule("CON-13")
def test_the_steps_are_told_on_request() -> None:
    found = about_notice("monthly", "2026-01-01", "2026-06-01", "--steps")
    assert found["rule"]["name"] == "monthly"
    assert found["steps"] == ["notice on 1 June 2026", "one full month", "to month end", "ends 31 July 2026"]


@pytest.mark.rule("CAT-25")
def test_a_rule_can_be_a_file(tmp_path: Path) -> None:
    rule = tmp_path / "ours.json"
    rule.write_text('{"minimum_term_months": 6, "notice_months": 2, "alignment": "term", "renewal_months": 3}')
    assert about_notice(rule, "2026-01-10", "2026-05-09") == {
        "ends_on": "2026-10-09",
        "last_notice_day": "2026-05-08",
        "renews_on": "2026-07-10",
    }


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "one JSON object"),
        ('{"notice": 1}', "unknown field 'notice'"),
        ('{"notice_months": "soon"}', "notice_months"),
        ('{"notice_months": 1.5}', "notice_months"),
        ('{"notice_months": -1}', "notice_months"),
        ('{"notice_months": 1e99}', "notice_months"),
        ('{"notice_months": ' + "9" * 400 + "}", "notice_months"),
        ('{"alignment": "term"}', "minimum_term_months"),
        ('{"alignment": "week"}', "alignment"),
        ("\x00", "no JSON"),
    ],
    ids=range(12),
)
def test_a_bad_rule_file_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    rule = tmp_path / "rule.json"
    rule.write_text(content)
    assert said in refused("explain", "notice", "--rule", rule, "--ordered", "2026-01-01", "--given", "2026-02-01")


@pytest.mark.rule("SEC-4")
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"name": "\xe9"}')
    (tmp_path / "large").write_bytes(b" " * ((1 << 20) + 1))
    for rule in (tmp_path, tmp_path / "latin", tmp_path / "large", tmp_path / ("x" * 300)):
        refused("explain", "notice", "--rule", rule, "--ordered", "2026-01-01", "--given", "2026-02-01")


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "--rule monthly",
        "--rule weekly --ordered 2026-01-01 --given 2026-02-01",
        "--rule term:0 --ordered 2026-01-01 --given 2026-02-01",
        "--rule monthly --ordered 2026-02-30 --given 2026-03-01",
        "--rule monthly --ordered 01-02-2026 --given 2026-03-01",
        "--rule monthly --ordered 20260101 --given 2026-03-01",
        "--rule monthly --ordered 2026-01-01 --given 9999-12-31",
        "--rule monthly --ordered 2026-01-01 --given tomorrow",
        "--rule monthly --ordered 2026-01-01 --given 2026-03-01 --nope",
        "--rule monthly --ordered 2026-01-01 --given 2026-03-01 more",
    ],
)
def test_bad_arguments_are_one_line(arguments: str) -> None:
    refused("explain", "notice", *arguments.split())


@pytest.mark.rule("DUN-1", "DUN-2", "CON-13")
@pytest.mark.parametrize(
    ("due", "days"),
    [
        ("2026-03-09", ["2026-03-12", "2026-03-19", "2026-04-15", "2026-04-22", "2026-04-30"]),
        ("2026-03-31", ["2026-04-03", "2026-04-10", "2026-04-15", "2026-04-22", "2026-04-30"]),
        ("2026-04-30", ["2026-05-03", "2026-05-10", "2026-05-15", "2026-05-20", "2026-05-25"]),
        ("2026-05-30", ["2026-06-02", "2026-06-09", "2026-06-14", "2026-06-19", "2026-06-24"]),
    ],
    ids=["8 days", "30 days", "60 days", "90 days"],
)
def test_the_ladder_of_an_invoice(due: str, days: list[str]) -> None:
    steps = answer("explain", "dunning", "--issued", "2026-03-01", "--due", due)["steps"]
    assert [step["step"] for step in steps] == ["reminder", "second_reminder", "formal_notice", "final_demand", "bailiff"]
    assert [step["on"] for step in steps] == days


@pytest.mark.rule("DUN-1")
def test_the_ladder_is_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(
        json.dumps(
            {
                "ladder": [
                    {"step": "reminder", "counts_from": "due", "days": 5},
                    {"step": "bailiff", "counts_from": "invoice", "days": 70},
                ]
            }
        )
    )
    assert answer("explain", "dunning", "--issued", "2026-03-01", "--due", "2026-03-09", "--policy", policy) == {
        "steps": [{"step": "reminder", "on": "2026-03-14"}, {"step": "bailiff", "on": "2026-05-10"}]
    }


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    "content", ["", "{", "null", '{"ladder": []}', '{"days": 1}', '{"ladder": [{"step": "call"}]}', '{"warning_days": -1}']
)
def test_a_bad_policy_is_one_line(tmp_path: Path, content: str) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(content)
    refused("explain", "dunning", "--issued", "2026-03-01", "--due", "2026-03-09", "--policy", policy)


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("arguments", ["--issued 2026-03-09 --due 2026-03-01", "--issued 2026-03-09", "--issued x --due 2026-03-01"])
def test_bad_dunning_arguments_are_one_line(arguments: str) -> None:
    refused("explain", "dunning", *arguments.split())


def test_help_teaches_with_examples_that_work() -> None:
    shown = termijn("--help")
    assert shown.returncode == 0
    examples = [line.split() for line in shown.stdout.splitlines() if line.strip().startswith("termijn explain")]
    assert examples
    for words in examples:
        answer(*words[1:])


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    "arguments", ["nope", "explain", "explain nope", "--nope", "explain notice --rule x --ordered 2026-01-01 --given 2026-01-01"]
)
def test_wrong_input_is_one_line_and_status_2(arguments: str) -> None:
    done = termijn(*arguments.split())
    one_line(done.returncode, done.stdout, done.stderr)


def test_the_readme_shows_commands_that_exist_and_explanations_that_work() -> None:
    shown = re.findall(r"`(termijn [^`]+)`", README.read_text(encoding="utf-8"))
    assert {words.split()[1] for words in shown} <= {entry.name for entry in COMMANDS}
    explained = [words.split()[1:] for words in shown if words.startswith("termijn explain")]
    assert explained
    for words in explained:
        answer(*words)


def test_every_command_of_the_table_has_help() -> None:
    shown = termijn("--help").stdout
    for entry in COMMANDS:
        assert entry.name in shown
        assert termijn(entry.name, "--help").returncode == 0


@pytest.mark.rule("INV-2", "INV-4")
def test_runs_of_subscriptions_are_on_the_1st_and_those_of_support_move_to_working_days() -> None:
    """March 2026 begins on a Sunday."""
    assert answer("explain", "runs", "--from", "2026-03-01", "--to", "2026-04-15") == {
        "subscription": ["2026-03-01", "2026-04-01"],
        "support": ["2026-03-02", "2026-03-16", "2026-04-01", "2026-04-15"],
    }
    assert answer("explain", "runs", "--from", "2026-03-02", "--to", "2026-03-15") == {"subscription": [], "support": ["2026-03-02"]}
    assert "is before" in refused("explain", "runs", "--from", "2026-03-02", "--to", "2026-03-01")
    assert "over 50 years" in refused("explain", "runs", "--from", "1900-01-01", "--to", "2199-12-31")


@pytest.mark.rule("INV-3")
def test_small_amounts_are_carried_to_the_quarters_run_or_to_one_that_reaches_the_minimum() -> None:
    """15.00 for subscriptions, 50.00 for support; a run on the 15th of January is not the quarter's."""
    assert answer("explain", "carry", "--stream", "subscription", "--amounts", "2026-02-01=10.00,2026-03-01=14.99,2026-04-01=1.00") == {
        "invoices": [{"on": "2026-04-01", "runs": ["2026-02-01", "2026-03-01", "2026-04-01"], "net": "25.99"}],
        "carried": "0.00",
    }
    assert answer("explain", "carry", "--stream", "support", "--amounts", "2026-01-15=20.00,2026-02-02=50.00,2026-02-16=5") == {
        "invoices": [{"on": "2026-02-02", "runs": ["2026-01-15", "2026-02-02"], "net": "70.00"}],
        "carried": "5.00",
    }
    assert "neither" in refused("explain", "carry", "--stream", "project", "--amounts", "2026-01-15=20.00")
    for wrong in ("2026-01-15", "2026-01-15=x", "2026-13-15=1.00", "2026-01-15=1.005", "2026-01-15=NaN"):
        refused("explain", "carry", "--stream", "support", "--amounts", wrong)
