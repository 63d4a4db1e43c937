"""Proof that tests can fail: each mutant is one deliberate mistake, and the tests of its rule must notice it.

``python -m termijn.testing.mutants [--changed [BASE]] [--rule ID] [--quick] [--jobs N]``, in the root of the repository.

Mutants are rows of ``tests/mutants/*.toml``: ``rule``, ``file``, ``before`` (exactly once in the file), ``after``, ``test``; a
mutant whose test needs a database says ``slow = true`` and is left out by ``--quick``. Each is applied to a copy of the
tree, and only its test file runs, only for its rule. Exit status 1 where one survives, 2 where the tables are wrong.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

TABLES = "tests/mutants"
SECONDS_MAX = 120
"""A test that a mutant sends into an endless loop has noticed it; two minutes are far over any honest test file."""

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "dist", "build", "*.egg-info", "node_modules")
KEYS = {"rule", "file", "before", "after", "test"}
FAILED, NOTHING_SELECTED = 1, 5  # exit statuses of pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One mistake. ``file`` and ``test`` are paths from the root; ``table`` and ``number`` say where it stands."""

    rule: str
    file: str
    before: str
    after: str
    test: str
    table: str
    number: int
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.rule} in {self.file} ({self.table}, number {self.number})"

    @property
    def complaint(self) -> str:
        """How the table is wrong where the mistake cannot be told apart; for the message."""
        return f"{self}: `before` must be in the file exactly once, and differ from `after`"


class WrongTable(Exception):
    """A row of a table cannot be used; the message names it."""


class Tree:
    """A copy of the repository that mutants are applied to, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        sources = sorted(str(folder) for pattern in ("shared/src", "services/*/src") for folder in root.glob(pattern))
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
        # The sources of the copy come first on the path; that is the point, so nothing may insist on an installed wheel.
        self._environment.pop("TERMIJN_TEST_WHEEL", None)

    def pytest(self, test: str, *options: str) -> int:
        """Run a test file; the exit status of pytest, ``FAILED`` where it takes too long."""
        command = [sys.executable, "-m", "pytest", test, "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *options]
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=self._environment,
                capture_output=True,
                timeout=SECONDS_MAX,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return FAILED
        return done.returncode

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """The tree with the mistake in it, and restored afterwards."""
        path = self.root / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")


def read_tables(root: Path) -> list[Mutant]:
    """All mutants, in the order of the tables. Raises ``WrongTable`` naming the first row that cannot be used."""
    mutants = []
    for path in sorted((root / TABLES).glob("*.toml")):
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
        except tomllib.TOMLDecodeError as wrong:
            raise WrongTable(f"{path.name}: {wrong}") from None
        for number, row in enumerate(rows, start=1):
            if not KEYS <= set(row) <= KEYS | {"slow"}:
                raise WrongTable(f"{path.name}, number {number}: must have exactly {', '.join(sorted(KEYS))} (and slow)")
            mutant = Mutant(table=path.name, number=number, **row)
            _check(root, mutant)
            mutants.append(mutant)
    return mutants


def _check(root: Path, mutant: Mutant) -> None:
    for path in (mutant.file, mutant.test):
        if not (root / path).is_file():
            raise WrongTable(f"{mutant}: there is no file {path}")
    found = (root / mutant.file).read_text(encoding="utf-8").count(mutant.before)
    if found != 1 or mutant.before == mutant.after:
        raise WrongTable(f"{mutant.complaint}; it is there {found} times")


def changed_files(root: Path, base: str) -> set[str]:
    """Paths that differ from a commit, new files included; none where the tree is no checkout, as out of an archive."""
    listing: list[str] = []
    if not (root / ".git").exists():
        return set()
    for command in (["diff", "--name-only", base], ["ls-files", "--others", "--exclude-standard"]):
        done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise WrongTable(f"cannot compare with {base}: {done.stderr.strip()}")
        listing += done.stdout.splitlines()
    return set(listing)


def verdict(tree: Tree, mutant: Mutant) -> str:
    """Empty where the tests of the rule noticed the mistake, else what is wrong."""
    with tree.mutated(mutant):
        status = tree.pytest(mutant.test, "--rule", mutant.rule)
    if status == FAILED:
        return ""
    if status == NOTHING_SELECTED:
        return f"no test in {mutant.test} is marked with the rule"
    return "SURVIVED" if status == 0 else f"the tests could not run (pytest exit status {status}): the mutant breaks the file, not the rule"


def run(root: Path, mutants: Sequence[Mutant], *, jobs: int) -> list[str]:
    """Judge all mutants; what is wrong, a line each. First each test file must pass on the untouched tree."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(jobs):
            trees.put(Tree(Path(shutil.copytree(root, Path(folder) / str(number), ignore=NOT_COPIED))))
        started, done = monotonic(), 0
        problems: list[str] = []

        def in_a_tree(item: str | Mutant) -> tuple[str, str]:
            tree = trees.get()
            try:
                if isinstance(item, Mutant):
                    return str(item), verdict(tree, item)
                rules = sorted({mutant.rule for mutant in mutants if mutant.test == item})
                status = tree.pytest(item, *(word for rule in rules for word in ("--rule", rule)))
                return f"untouched {item}", "" if status == 0 else f"fails without any mutant (pytest exit status {status})"
            finally:
                trees.put(tree)

        work: list[str | Mutant] = [*sorted({mutant.test for mutant in mutants}), *mutants]
        with ThreadPoolExecutor(jobs) as pool:
            for name, problem in pool.map(in_a_tree, work):
                done += 1
                print(f"[{done}/{len(work)} {monotonic() - started:4.0f} s] {name}: {problem or 'ok'}", flush=True)  # noqa: T201
                problems += [f"{name}: {problem}"] if problem else []
        return problems


def main() -> int:
    """The command; see the module."""
    parser = argparse.ArgumentParser(prog="python -m termijn.testing.mutants", description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--changed", nargs="?", const="HEAD", metavar="BASE", help="only where the file, test or table differs from BASE")
    parser.add_argument("--rule", action="append", default=[], metavar="ID")
    parser.add_argument("--quick", action="store_true", help="leave out those whose tests need a database")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    root = Path.cwd()
    try:
        every = read_tables(root)
        touched = changed_files(root, wanted.changed) if wanted.changed else None
    except WrongTable as wrong:
        print(f"mutants: {wrong}", file=sys.stderr)  # noqa: T201
        return 2
    chosen = [
        mutant
        for mutant in every
        if (not wanted.rule or mutant.rule in wanted.rule)
        and not (wanted.quick and mutant.slow)
        and (touched is None or touched & {mutant.file, mutant.test, f"{TABLES}/{mutant.table}"})
    ]
    problems = run(root, chosen, jobs=max(1, wanted.jobs)) if chosen else []
    print(f"{len(chosen) - len(problems)} of {len(chosen)} mutants noticed ({len(every) - len(chosen)} of {len(every)} not asked for)")  # noqa: T201
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)  # noqa: T201
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
