"""Background loops: what turns the steps of the services when nobody moves the clock by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from termijn.runtime.clock import SandboxClock
from termijn.runtime.service import Service
from termijn.runtime.telemetry import log
from termijn.runtime.timers import Instant

ops = log("loops")

IDLE_DELAY_S = 0.05
"""Machine time between looks when there was nothing to do."""
FAILURE_DELAY_S = 1.0
"""Machine time after a step that failed; the step itself decides what is lost: nothing, it is tried again."""


class Loops:
    """Two loops per service: one lets messages flow, one fires what is due."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin turning; twice is once."""
        if self._tasks:
            return
        for service in self._services:
            self._tasks.append(asyncio.create_task(_turn(service, service.flow)))
            self._tasks.append(asyncio.create_task(_turn(service, _due_now(service))))

    async def stop(self) -> None:
        """Stop between steps, or in the middle of one: a step that is cut off is rolled back and done again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for clock in {id(s.clock): s.clock for s in self._services}.values():
            if isinstance(clock, SandboxClock):
                await clock.unfollow()


def _due_now(service: Service) -> Callable[[], Awaitable[int]]:
    async def fire() -> int:
        return await service.fire(Instant(await _until(service)))

    return fire


async def _until(service: Service) -> datetime:
    """What is due by now. In a sandbox another process may move the clock (`termijn clock advance`)."""
    if not isinstance(service.clock, SandboxClock):
        return service.clock.now()
    await service.clock.follow()
    return service.clock.fires_until


async def _turn(service: Service, step: Callable[[], Awaitable[int]]) -> None:
    while True:
        try:
            await _until(service)  # nothing is done before others know that this process follows the clock
            break
        except Exception as error:
            ops.error("the clock cannot be read; it is tried again", error, service=service.name)
            await asyncio.sleep(FAILURE_DELAY_S)
    while True:
        try:
            moved = await step()
        except Exception as error:
            ops.error("a step failed; it is tried again", error, service=service.name)
            await asyncio.sleep(FAILURE_DELAY_S)
            continue
        if not moved:
            await asyncio.sleep(IDLE_DELAY_S)
