"""The table of rules in ``docs/rules.md``: sentences are written by hand, the links follow from the code and the tests.

``python -m termijn.testing.rule_table`` writes the links anew. A rule is *decided* by the functions whose docstrings name it
(where no function does: by the classes and modules that do) and *proved* by the tests whose mark names it.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

TABLE = Path("docs/rules.md")
LINKS_MAX = 4
"""More files than this tell a reader nothing; those that name the rule most often stay."""

DECIDING = ("services/*/src", "shared/src/termijn/kernel", "shared/src/termijn/runtime", "shared/src/termijn/embedded")
"""What decides lies here; commands, demo and test tools only show it."""

_RULE = re.compile(r"\b(?:CAT|CON|USE|INV|PAY|DUN|TIM|API|SEC)-\d+\b")
_RANGE = re.compile(r"\b([A-Z]{3})-(\d+) to \1-(\d+)\b")
_LINK = re.compile(r"\]\(\.\./([^)]+)\)")
_ROW = re.compile(r"^\| (?P<rule>[A-Z]{3}-\d+) \| (?P<sentence>[^|]*) \|.*\|$")

Places = Mapping[str, Mapping[Path, int]]
"""How often each rule is named, by file."""


def rules_in(text: str) -> set[str]:
    """The rule ids in a text; "CAT-20 to CAT-26" names all seven."""
    spread = {f"{found[1]}-{n}" for found in _RANGE.finditer(text) for n in range(int(found[2]), int(found[3]) + 1)}
    return spread | set(_RULE.findall(text))


def decided(root: Path) -> Places:
    """Where each rule is decided."""
    by_functions: dict[str, dict[Path, int]] = defaultdict(lambda: defaultdict(int))
    by_others: dict[str, dict[Path, int]] = defaultdict(lambda: defaultdict(int))
    for path in _python(root, *DECIDING):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                places = by_functions if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else by_others
                for rule in rules_in(ast.get_docstring(node) or ""):
                    places[rule][path.relative_to(root)] += 1
    return {rule: by_functions.get(rule) or by_others[rule] for rule in {*by_functions, *by_others}}


def proved(root: Path) -> Places:
    """Which tests prove each rule."""
    places: dict[str, dict[Path, int]] = defaultdict(lambda: defaultdict(int))
    for path in _python(root, "shared/tests", "services/*/tests", "tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                for word in node.args:
                    if isinstance(word, ast.Constant) and isinstance(word.value, str):
                        places[word.value][path.relative_to(root)] += 1
    return places


def render(text: str, *, decided_in: Places, proved_by: Places) -> str:
    """The table with its links written anew; all other lines stay."""
    lines = []
    for line in text.splitlines():
        row = _ROW.match(line)
        if row:
            rule = row["rule"]
            links = f"{_links(decided_in.get(rule, {}))} | {_links(proved_by.get(rule, {}))}"
            lines.append(f"| {rule} | {row['sentence'].strip()} | {links} |")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def listed(text: str) -> list[str]:
    """The rules that have a row, in order."""
    return [row["rule"] for line in text.splitlines() if (row := _ROW.match(line))]


def linked(text: str) -> list[tuple[str, set[Path], set[Path]]]:
    """Each row's rule, the files that it says decide it, and those that it says prove it."""
    rows = [line.split("|") for line in text.splitlines() if _ROW.match(line)]
    return [(row[1].strip(), _files(row[3]), _files(row[4])) for row in rows]


def _files(cell: str) -> set[Path]:
    return {Path(path) for path in _LINK.findall(cell)}


def _links(files: Mapping[Path, int]) -> str:
    often = sorted(files, key=lambda path: (-files[path], str(path)))[:LINKS_MAX]
    return ", ".join(f"[{path.stem}](../{path})" for path in sorted(often)) or "-"


def _python(root: Path, *folders: str) -> Iterable[Path]:
    return sorted(path for folder in folders for path in root.glob(f"{folder}/**/*.py"))


def main() -> int:
    """Write the table of the repository that is the working directory."""
    root = Path.cwd()
    text = (root / TABLE).read_text(encoding="utf-8")
    (root / TABLE).write_text(render(text, decided_in=decided(root), proved_by=proved(root)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
