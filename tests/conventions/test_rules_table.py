"""docs/rules.md, the tests and the mutants name the same rules."""

from pathlib import Path

import pytest

from termijn.testing.mutants import read_tables
from termijn.testing.rule_table import TABLE, decided, listed, proved, render, rules_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table() -> str:
    return (ROOT / TABLE).read_text(encoding="utf-8")


def test_the_links_are_those_of_the_code_and_the_tests(table: str) -> None:
    anew = render(table, decided_in=decided(ROOT), proved_by=proved(ROOT))
    stale = [line.split(" | ")[0] for line, new in zip(table.splitlines(), anew.splitlines(), strict=True) if line != new]
    assert not stale, "run python -m termijn.testing.rule_table"


def test_every_rule_that_a_test_proves_has_a_row_and_the_other_way_round(table: str) -> None:
    rules = listed(table)
    assert len(rules) == len(set(rules))
    without_row, without_test = sorted(set(proved(ROOT)) - set(rules)), sorted(set(rules) - set(proved(ROOT)))
    assert (without_row, without_test) == ([], [])


def test_every_rule_that_a_test_proves_is_decided_by_something_that_says_so() -> None:
    undecided = sorted(set(proved(ROOT)) - set(decided(ROOT)))
    assert undecided == []


def test_every_rule_that_a_test_proves_has_a_mutant() -> None:
    unproved = sorted(set(proved(ROOT)) - {mutant.rule for mutant in read_tables(ROOT)})
    assert unproved == []


def test_a_range_names_every_rule_in_it() -> None:
    assert rules_in("CAT-20 to CAT-22, and DUN-9.") == {"CAT-20", "CAT-21", "CAT-22", "DUN-9"}
