"""Several writes as one statement, each a part of one WITH: a round trip costs more than most of what is written in it.

The parts see the database as it was before all of them, so none may need what another writes.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_PARAMETER = re.compile(r"\$(\d+)")

Write = tuple[str, tuple[object, ...]]
"""A statement that changes rows and returns none, and its arguments."""


async def execute_joined(connection: Any, writes: Sequence[Write]) -> None:
    """Carry all of them out, in one round trip."""
    if len(writes) == 1:
        sql, args = writes[0]
        await connection.execute(sql, *args)
    elif writes:
        sql = _joined(tuple((sql, len(args)) for sql, args in writes))
        await connection.execute(sql, *(arg for _, args in writes for arg in args))


@lru_cache(maxsize=256)  # there are as many as there are combinations of what a unit of work writes
def _joined(writes: tuple[tuple[str, int], ...]) -> str:
    parts = []
    before = 0
    for number, (sql, arguments) in enumerate(writes):
        parts.append(f"write_{number} as (\n{_renumbered(sql, before)}\n)")
        before += arguments
    return f"with {', '.join(parts)} select"


def _renumbered(sql: str, before: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + before}", sql)
