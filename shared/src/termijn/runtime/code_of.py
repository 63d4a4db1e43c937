"""Which code a function stands on, as a hash: for what is kept because it was computed, and is wrong once the computation changes."""

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

OURS = "termijn."


def code_of(*roots: Any) -> str:
    """The hash of the modules of these functions and classes, and of all of ours that those import, and so on; in hex.

    Without a change in any of them nothing that they compute can change. A change of a comment changes it too, which costs a
    computation; a number that a person must remember to raise would one day cost the truth.
    """
    found: set[str] = set()
    waiting = [root.__module__ for root in roots]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imported(name)
    return hashlib.sha256("".join(f"{name}:{hashlib.sha256(_source(name)).hexdigest()};" for name in sorted(found)).encode()).hexdigest()


@cache
def _source(name: str) -> bytes:
    file = sys.modules[name].__file__
    return b"" if file is None else Path(file).read_bytes()


@cache
def _imported(name: str) -> frozenset[str]:
    """By its text and not by what is in it: a constant does not say where it comes from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(_source(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(other for other in found if other.startswith(OURS) and other in sys.modules)
