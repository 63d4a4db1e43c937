"""docs/rules.md, the tests and the mutants name the same rules."""

from pathlib import Path

import pytest

from termijn.testing.mutants import read_tables
from termijn.testing.rule_table import TABLE, decided, linked, listed, proved, render, rules_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table() -> str:
    return (ROOT / TABLE).read_text(encoding="utf-8")


def test_every_link_leads_to_code_that_names_the_rule_and_to_tests_that_prove_it(table: str) -> None:
    by_decision, by_proof = decided(ROOT), proved(ROOT)
    for rule, deciding, proving in linked(table):
        assert deciding, rule
        assert proving, rule
        assert deciding <= set(by_decision[rule]), f"{rule}: run python -m termijn.testing.rule_table"
        assert proving <= set(by_proof[rule]), f"{rule}: run python -m termijn.testing.rule_table"


def test_writing_the_links_anew_keeps_the_sentences(table: str) -> None:
    anew = render(table, decided_in=decided(ROOT), proved_by=proved(ROOT))
    assert [line.split("|")[1:3] for line in anew.splitlines()] == [line.split("|")[1:3] for line in table.splitlines()]


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
