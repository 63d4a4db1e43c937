"""A part of a unit of work that may fail without the rest: for batches of which one item must not spoil the others."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from termijn.runtime.handling import Work
from termijn.runtime.patience import passes, reason_of
from termijn.runtime.write_path import CONFLICTS

ResultT = TypeVar("ResultT")


class Undone(Exception):
    """What was tried failed and left no trace in the database; the message is the reason, in words that can be stored."""


async def apart(work: Work, act: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Carry ``act`` out behind a savepoint. It may only use ``fetch``: what is decided is kept in memory and would stay.

    Raises ``Undone``; conflicts and failures that pass by themselves go through, since they are those of the whole unit of work.
    """
    await work.fetch("savepoint apart")
    try:
        result = await act()
    except CONFLICTS:
        raise
    except Exception as error:
        if passes(error):
            raise
        await work.fetch("rollback to savepoint apart")
        raise Undone(reason_of(error)) from error
    await work.fetch("release savepoint apart")
    return result
