"""The mutants runner, on a small repository of its own: it must see a test that cannot fail."""

import subprocess
import sys
from pathlib import Path

import pytest

from termijn.testing.mutants import WrongTable, read_tables

PRODUCT = "def double(n: int) -> int:\n    return n * 2\n"
TESTS = """
import pytest
from product import double

@pytest.mark.rule("ABC-1")
def test_it_doubles() -> None:
    assert double(3) == 6

@pytest.mark.rule("ABC-2", "ABC-3")
def test_it_proves_nothing() -> None:
    assert double(0) == 0
"""
SETTINGS = "[pytest]\nmarkers =\n    rule(*ids): ids\naddopts = -p termijn.testing.rules\n"
ROOT = Path(__file__).resolve().parents[2]


def row(rule: str, before: str = "n * 2", after: str = "n * 3", test: str = "test_product.py") -> str:
    return f'[[mutant]]\nrule = "{rule}"\nfile = "product.py"\nbefore = "{before}"\nafter = "{after}"\ntest = "{test}"\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "tests/mutants").mkdir(parents=True)
    (tmp_path / "product.py").write_text(PRODUCT)
    (tmp_path / "test_product.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    return tmp_path


def judge(repository: Path, *rows: str) -> subprocess.CompletedProcess[str]:
    (repository / "tests/mutants/product.toml").write_text("\n".join(rows))
    command = [sys.executable, "-m", "termijn.testing.mutants", "--jobs", "1"]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_a_mistake_that_is_noticed_is_fine(repository: Path) -> None:
    done = judge(repository, row("ABC-1"))
    assert done.returncode == 0, done.stderr
    assert "1 of 1 mutants noticed" in done.stdout
    assert (repository / "product.py").read_text() == PRODUCT, "mutants are applied to a copy"


@pytest.mark.slow
def test_a_mistake_that_nobody_notices_is_named(repository: Path) -> None:
    done = judge(repository, row("ABC-1"), row("ABC-2"))
    assert done.returncode == 1
    assert "ABC-2 in product.py (product.toml, number 2): SURVIVED" in done.stderr


@pytest.mark.slow
def test_a_rule_without_a_test_and_a_mistake_that_breaks_the_file_prove_nothing(repository: Path) -> None:
    done = judge(repository, row("ABC-9"), row("ABC-1", after="n *"))
    assert done.returncode == 1
    assert "no test in test_product.py is marked with the rule" in done.stderr
    assert "breaks the file" in done.stderr


@pytest.mark.slow
def test_tests_that_fail_anyway_prove_nothing(repository: Path) -> None:
    (repository / "product.py").write_text(PRODUCT.replace("n * 2", "n * 2 + 1"))
    done = judge(repository, row("ABC-1"))
    assert done.returncode == 1
    assert "fails without any mutant" in done.stderr


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (row("ABC-1", before="n * 4"), "it is there 0 times"),
        (row("ABC-1", before="n"), "it is there"),
        (row("ABC-1", after="n * 2"), "differ from"),
        (row("ABC-1", test="test_other.py"), "no file test_other.py"),
        ('[[mutant]]\nrule = "ABC-1"\n', "must have exactly"),
        ("[[mutant]", "product.toml"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(repository: Path, table: str, said: str) -> None:
    (repository / "tests/mutants/product.toml").write_text(table)
    with pytest.raises(WrongTable, match=said):
        read_tables(repository)


def test_the_tables_of_this_repository_can_be_used() -> None:
    assert read_tables(ROOT)
