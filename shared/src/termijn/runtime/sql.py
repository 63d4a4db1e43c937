"""Named SQL: statements live in ``sql/*.sql``, each under ``-- name:`` with a line of description, and are fetched by name."""

from collections.abc import Mapping
from importlib.resources import files

import aiosql


def load(package: str, file: str) -> Mapping[str, str]:
    """All statements of ``<package>/sql/<file>``, by name. Parameters are PostgreSQL's own ($1, $2)."""
    text = (files(package) / "sql" / file).read_text()
    queries = aiosql.from_str(text, "asyncpg")
    return {name: getattr(queries, name).sql for name in queries.available_queries if not name.endswith("_cursor")}
