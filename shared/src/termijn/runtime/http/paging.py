"""Lists in pages: a limit, and an opaque cursor that stays right while rows come and go (API-2)."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Query

from termijn.kernel.errors import InvalidInput
from termijn.runtime.sql import Row

LIMIT_MAX = 200
"""Rows of a page: what a person scrolls through, and small enough for any client."""
LIMIT_DEFAULT = 50
CURSOR_CHARACTERS_MAX = 500


class CursorInvalid(InvalidInput):
    """cursor: take it from "next" of the page before, unchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page is wanted. The list is ordered by a unique key; the cursor is the key of the last row that was shown.

    ``where ($2::text is null or (a.due_on, a.id) > ($2::text::date, $3)) order by a.due_on, a.id limit $4`` with
    ``*paging.after(2), paging.rows_to_fetch``.
    """

    limit: int
    cursor: str | None

    @property
    def rows_to_fetch(self) -> int:
        """One more than is shown: it says whether there is a next page."""
        return self.limit + 1

    def after(self, parts: int) -> Sequence[str | None]:
        """The key to go on after, as text; as many Nones at the first page. Raises ``CursorInvalid`` where it is another list's."""
        if self.cursor is None:
            return (None,) * parts
        # Read here and not with the request: who may not call is told that, whatever the cursor is worth.
        position = _decode(self.cursor)
        if len(position) != parts:
            raise CursorInvalid(field="cursor")
        return position

    def page(self, rows: Sequence[Row], *, key: Sequence[str], item: Callable[[Row], Any] = dict) -> dict[str, Any]:
        """``{"items": [...], "next": cursor or None}`` of rows fetched with ``rows_to_fetch``; ``key`` names the ordering columns."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return {"items": [item(row) for row in shown], "next": _encode([str(shown[-1][name]) for name in key]) if more else None}


def paging(
    limit: int = Query(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX, description="Rows at most."),
    cursor: str | None = Query(None, max_length=CURSOR_CHARACTERS_MAX, description='"next" of the page before.'),
) -> Paging:
    """The FastAPI dependency."""
    return Paging(limit=limit, cursor=cursor)


def _encode(position: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, ...]:
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise CursorInvalid(field="cursor") from None
    if not isinstance(position, list) or not all(isinstance(part, str) and _is_storable(part) for part in position):
        raise CursorInvalid(field="cursor")
    return tuple(position)


def _is_storable(text: str) -> bool:
    """Neither a NUL nor half of a pair, which no database holds."""
    return "\0" not in text and not any(0xD800 <= ord(character) <= 0xDFFF for character in text)
