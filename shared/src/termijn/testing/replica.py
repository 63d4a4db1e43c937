"""A replica: ``python -m termijn.testing.replica FOLDER`` turns the loops of all services of an installation until it is killed."""

import asyncio
import sys
from pathlib import Path

from termijn.embedded import loops, transports
from termijn.embedded.installation import open_installation

IDLE_DELAY_S = 0.01
"""Whoever moves the clock waits until the replica has seen it; it looks as often as this."""
SESSION_S = 2.0
"""On Kafka a process that was killed keeps its partitions for so long; nobody wants to wait for that after each of a thousand kills."""


def be_quick() -> None:
    """This process is one of several that are killed again and again: shorter delays than in an installation."""
    loops.IDLE_DELAY_S = IDLE_DELAY_S
    transports.SESSION_S = SESSION_S


async def run(folder: Path) -> None:
    """All four services, with background loops, beside whoever else has the folder open."""
    async with open_installation(folder, sandbox=True) as installation:
        installation.loops.start()
        await asyncio.Event().wait()


def main(folder: Path) -> None:
    """Until it is killed."""
    be_quick()
    asyncio.run(run(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
