"""Named SQL: statements live in ``sql/*.sql``, each under ``-- name:`` with a line of description, and are fetched by name."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

Row = Mapping[str, Any]
"""A row of an answer, by the names of its columns."""

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def load(package: str, file: str) -> Mapping[str, str]:
    """All statements of ``<package>/sql/<file>``, by name. Parameters are PostgreSQL's own ($1, $2)."""
    text = (files(package) / "sql" / file).read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
