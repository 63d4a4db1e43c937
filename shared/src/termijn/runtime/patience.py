"""Failures that pass by themselves: which they are, how often something is tried again, and what is said when it stays."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from termijn.kernel.errors import Busy
from termijn.runtime.handling import Transient

ResultT = TypeVar("ResultT")

DELAYS_S = (0.2, 0.8, 3.0, 10.0)
"""Machine time between five tries: 14 s in all, so that one account never holds up the others for long."""

REASON_CHARACTERS_MAX = 500
"""A reason is read by a person; some errors quote whole documents."""

_PASSING = (
    Transient,
    Busy,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,  # while another server takes over
)


class StillFailing(Exception):
    """Tried again and again without success."""


def passes(error: BaseException) -> bool:
    """Whether the same may succeed in a moment. A database that restarts is no reason to park an account."""
    # asyncpg's complaints about wrong arguments are InterfaceErrors too, and ValueErrors besides.
    return isinstance(error, _PASSING) and not isinstance(error, ValueError | TypeError)


async def patiently(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """The result of the first attempt that succeeds. Raises ``StillFailing``, or at once what does not pass."""
    for delay in (*DELAYS_S, None):
        try:
            return await attempt()
        except Exception as error:
            if not passes(error):
                raise
            if delay is None:
                raise StillFailing(f"still failing after {len(DELAYS_S) + 1} tries: {reason_of(error)}") from error
            await asyncio.sleep(delay)
    raise AssertionError("the last attempt returns or raises")


def reason_of(error: BaseException) -> str:
    """An error in words that can be stored: what it was, and what was behind it."""
    text = str(error) if isinstance(error, StillFailing) else f"{type(error).__name__}: {error}"
    if error.__cause__ is not None and not isinstance(error, StillFailing):
        text += f" ({type(error.__cause__).__name__}: {error.__cause__})"
    return text.replace("\x00", "")[:REASON_CHARACTERS_MAX]
