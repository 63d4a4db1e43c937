"""Background loops: what turns the steps of the services when nobody moves the clock by hand."""

import asyncio
from collections.abc import Sequence

from termijn.runtime.clock import SandboxClock
from termijn.runtime.service import Service
from termijn.runtime.turning import Turning

IDLE_DELAY_S = 0.05
"""Machine time between looks when there was nothing to do."""


class Loops:
    """The loops of all services of one process."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._turnings: list[Turning] = []

    def start(self) -> None:
        """Begin turning; twice is once."""
        if not self._turnings:
            self._turnings = [Turning(service, idle_s=IDLE_DELAY_S) for service in self._services]
            for turning in self._turnings:
                turning.start()

    async def stop(self) -> None:
        """Stop, and let whoever moves the clock no longer wait for this process."""
        await asyncio.gather(*(turning.stop() for turning in self._turnings))
        self._turnings = []
        for clock in {id(s.clock): s.clock for s in self._services}.values():
            if isinstance(clock, SandboxClock):
                await clock.unfollow()
