"""pytest plugin: which tests run.

``--rule CAT-21`` runs the tests that prove that rule: ``-m`` cannot look at the arguments of a mark. Tests that need a
database get the mark ``database``, so that the quick check can leave them out with ``-m``.
"""

import os
import sysconfig
from pathlib import Path

import pytest

MUST_TEST_THE_WHEEL = "TERMIJN_TEST_WHEEL"
"""Environment variable: when it is "1", tests refuse to run against anything but an installed wheel."""

DATABASE_FIXTURE = "postgres_server"
"""Whatever a test does with PostgreSQL, it has this fixture, directly or by another."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rule``."""
    group = parser.getgroup("termijn")
    group.addoption("--rule", action="append", default=[], metavar="ID", help="only the tests that prove this rule (may be repeated)")


def pytest_configure(config: pytest.Config) -> None:
    """Stop before the first test where the wheel is to be tested and something else would be."""
    if os.environ.get(MUST_TEST_THE_WHEEL) == "1" and (stray := outside_the_wheel()):
        raise pytest.UsageError(f"the wheel is to be tested, but termijn also comes from {', '.join(stray)}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a database; keep the tests whose ``rule`` marks name one of the wanted rules."""
    for item in items:
        if DATABASE_FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker("database")
    wanted = set(config.getoption("--rule"))
    if not wanted:
        return
    kept = [item for item in items if wanted & {rule for mark in item.iter_markers("rule") for rule in mark.args}]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def outside_the_wheel() -> list[str]:
    """The folders that ``import termijn`` looks in and that are not where packages are installed."""
    import termijn  # noqa: PLC0415 - a namespace: its folders are known only when it is asked for

    installed = Path(sysconfig.get_path("purelib")).resolve()
    return [folder for folder in termijn.__path__ if not Path(folder).resolve().is_relative_to(installed)]
