"""Conventions that matter, checked over the syntax trees of the sources. A failure names each place, a line per breach."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("contracts", "rating", "invoice", "dunning")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 40

# Domain time is an argument and ids follow from names, so that the same facts give the same decisions on every machine and
# in every second run. What must not hold to that stands here, with the reason; nothing in a service ever does.
MAY_ASK_THE_MACHINE = {
    "shared/src/termijn/kernel/ids.py": "makes the ids of recorded events, called by the runtime only",
    "shared/src/termijn/runtime/clock.py": "is the one place that reads the system clock",
    "shared/src/termijn/runtime/cipher.py": "a nonce must never come twice",
    "shared/src/termijn/runtime/keys.py": "keys must not be guessed",
    "shared/src/termijn/runtime/http/problems.py": "an unexpected error gets an id that a caller can quote",
    "shared/src/termijn/runtime/http/tokens.py": "tokens live in machine time, and their key must not be guessed",
    "shared/src/termijn/runtime/transport/log_consumer.py": "names a member of a consumer group, which must differ between processes",
    "shared/src/termijn/testing/simulation_chance.py": "is what simulations draw from, by a seed",
    "shared/src/termijn/demo/calls.py": "draws calls from a seeded source: the same seed gives the same calls",
}
MACHINE_CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
CHANCE = {"os.urandom", "uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "urandom"}
MODULES_OF_CHANCE = {"random", "secrets"}
STOPWATCH = {"time.monotonic", "monotonic", "time.perf_counter", "perf_counter"}

FLOATS = {"float", "float16", "float32", "float64", "float_"}

FILES_OF_A_SERVICE = ("published.py", "reactions.py", "views.py", "errors.py", "app.py", "laws.py", "policy.py", "sql")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "models", "common", "misc", "service"}
MAY_BE_CALLED_SO = {"shared/src/termijn/runtime/service.py": "is what runs a service"}

# Their methods and properties are the words of the protocol itself; the class says what they are.
NO_DOCSTRING_NEEDED = {"Protocol"}
# "Total and dull" (runtime/aggregate.py): what one event makes true is all that its branch says.
SAID_BY_THE_AGGREGATE = {"evolve"}


@lru_cache(maxsize=1)
def sources() -> dict[str, ast.Module]:
    """Every source file of the product by its path from the root."""
    found = [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(found)}


def every_python_file() -> list[Path]:
    """Sources and tests."""
    return sorted(path for folder in ("shared", "services", "tests") for path in ROOT.glob(f"{folder}/**/*.py"))


def dotted(node: ast.expr) -> str:
    """ "time.monotonic" for what is written so; empty for anything that is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def is_pure(path: str) -> bool:
    """Where the domain lives: kernel, events and services."""
    return path.startswith(("shared/src/termijn/kernel/", "shared/src/termijn/events/", "services/"))


def asks_the_machine(path: str, tree: ast.Module) -> Iterator[str]:
    forbidden = MACHINE_CLOCK | CHANCE | (STOPWATCH if is_pure(path) else set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node)
            if name in forbidden or name.removeprefix("datetime.") in MACHINE_CLOCK:
                yield f"{path}:{node.lineno} {name}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"{path}:{node.lineno} import {name}" for name in names if name.split(".")[0] in MODULES_OF_CHANCE)


def nothing(breaches: Iterator[str] | list[str]) -> None:
    """Fail with all of them."""
    found = list(breaches)
    assert not found, "\n" + "\n".join(found)


def test_the_sources_are_found() -> None:
    assert len(sources()) > 20


def test_nothing_asks_the_machine_for_time_or_chance() -> None:
    nothing(line for path, tree in sources().items() if path not in MAY_ASK_THE_MACHINE for line in asks_the_machine(path, tree))


def test_no_exception_outlives_its_reason() -> None:
    nothing(path for path in MAY_ASK_THE_MACHINE if path in sources() and not list(asks_the_machine(path, sources()[path])))
    assert not [path for path in MAY_ASK_THE_MACHINE if path.startswith("services/")]


@pytest.mark.parametrize(
    "text",
    [
        "datetime.now(UTC)",
        "import random",
        "from secrets import token_hex",
        "uuid.uuid4()",
        "time.time()",
        "date.today()",
        "datetime.datetime.now()",
    ],
)
def test_the_check_sees_what_it_is_for(text: str) -> None:
    assert list(asks_the_machine("services/x.py", ast.parse(text)))


def test_no_float_comes_near_money() -> None:
    def floats(path: str, tree: ast.Module) -> Iterator[str]:
        refusing = {
            inner for node in ast.walk(tree) if isinstance(node, ast.Call) and dotted(node.func) == "isinstance" for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            name = dotted(node) if isinstance(node, ast.Attribute | ast.Name) else ""
            if name.split(".")[-1] in FLOATS and node not in refusing:
                yield f"{path}:{node.lineno} {name}"
            elif isinstance(node, ast.Constant) and isinstance(node.value, float):
                yield f"{path}:{node.lineno} {node.value}"

    nothing(line for path, tree in sources().items() if is_pure(path) for line in floats(path, tree))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files_in_the_same_roles(service: str) -> None:
    package = ROOT / f"services/{service}-svc/src/termijn/{service}"
    missing = [str(package.relative_to(ROOT) / name) for name in FILES_OF_A_SERVICE if not (package / name).exists()]
    if not (package / "api.py").is_file() and not (package / "api").is_dir():
        missing.append(f"{package.relative_to(ROOT)}/api.py")
    missing += [
        f"services/{service}-svc/{name}" for name in ("README.md", "tests") if not (ROOT / f"services/{service}-svc/{name}").exists()
    ]
    nothing(f"missing: {path}" for path in missing)


def test_files_are_named_after_what_is_in_them() -> None:
    nothing(path for path in sources() if Path(path).stem in EMPTY_NAMES and path not in MAY_BE_CALLED_SO)


def without_docstring(path: str, tree: ast.Module) -> Iterator[str]:
    if tree.body and not ast.get_docstring(tree):
        yield f"{path}: the module"
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and node.name.split("_", maxsplit=1)[0] not in SAID_BY_THE_AGGREGATE:
            yield f"{path}:{node.lineno} {node.name}"
        if isinstance(node, ast.ClassDef) and not {dotted(base).split(".")[-1] for base in node.bases} & NO_DOCSTRING_NEEDED:
            yield from _methods_without(path, node)


def _methods_without(path: str, owner: ast.ClassDef) -> Iterator[str]:
    """Methods that override say it where they are first declared; a property is named so that it needs no sentence."""
    for node in owner.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_") or ast.get_docstring(node):
            continue
        is_described = any(dotted(mark).split(".")[-1] in {"property", "cached_property", "override"} for mark in node.decorator_list)
        if not is_described and not owner.bases:
            yield f"{path}:{node.lineno} {owner.name}.{node.name}"


def test_everything_public_says_what_it_is() -> None:
    nothing(line for path, tree in sources().items() for line in without_docstring(path, tree))


def test_files_and_functions_stay_small() -> None:
    def too_long() -> Iterator[str]:
        for path in every_python_file():
            text = path.read_text(encoding="utf-8")
            if (lines := text.count("\n")) > FILE_LINES_MAX:
                yield f"{path.relative_to(ROOT)}: {lines} lines"
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    size = (node.end_lineno or node.lineno) - node.lineno + 1
                    if size > FUNCTION_LINES_MAX:
                        yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {size} lines"

    nothing(too_long())


def test_no_two_test_files_have_one_name() -> None:
    names = Counter(path.name for path in every_python_file() if path.name.startswith("test_"))
    nothing(name for name, count in names.items() if count > 1)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Nor for types alone: a reader who follows the imports downwards comes to an end."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    graph = grimp.build_graph(*settings["tool"]["importlinter"]["root_packages"], cache_dir=None)
    try:
        TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()
    except CycleError as error:
        nothing([" imports ".join(reversed(error.args[1]))])
