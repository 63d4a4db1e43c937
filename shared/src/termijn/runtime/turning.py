"""What turns the steps of a service: a loop per kind of work, so that what waits for one server holds up nothing else.

With Kafka away, dates are still kept, workers work and read models follow; with nobody calling, nothing is asked more often than needed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from termijn.runtime.clock import SandboxClock
from termijn.runtime.service import Service
from termijn.runtime.telemetry import log
from termijn.runtime.timers import Instant

ops = log("turning")

POLL_S = 0.5
"""How long a poll waits at the transport for something to come."""
IDLE_DELAY_S = 0.1
"""Machine time between looks when there was nothing to do."""
FAILURE_DELAY_S = 0.5
"""Machine time after a step that failed, twice as long after each further one. Nothing is lost by it: it is done again."""
FAILURE_DELAY_MAX_S = 10.0
"""So long after an outage a loop goes on at the latest."""


@dataclass(slots=True)
class Turn:
    """One loop: its step, and how it goes. ``failing_with`` is the kind of the last failure, None since a success."""

    name: str
    step: Callable[[], Awaitable[int]]
    done_at: float = field(default_factory=time.monotonic)
    failing_with: str | None = None
    failures: int = 0

    @property
    def silent_s(self) -> int:
        """Whole seconds since a step last succeeded."""
        return int(time.monotonic() - self.done_at)

    def succeeded(self) -> None:
        """A step is done."""
        self.done_at, self.failing_with, self.failures = time.monotonic(), None, 0

    def failed(self, error: Exception) -> float:
        """A step failed: the seconds to wait before it is tried again."""
        self.failing_with, self.failures = type(error).__name__, self.failures + 1
        return min(FAILURE_DELAY_MAX_S, FAILURE_DELAY_S * 2.0 ** min(self.failures - 1, 30))


class Turning:
    """The loops of one service. Any number of processes may turn the same: session locks say who does what only one may do."""

    def __init__(self, service: Service, *, idle_s: float = IDLE_DELAY_S) -> None:
        self._service = service
        self._idle_s = idle_s
        self.turns = [
            Turn("consume", lambda: service.consume(POLL_S)),
            Turn("relay", self._relay),
            Turn("fire", self._fire),
            Turn("follow", self._follow),
        ]
        if service.inflows:
            self.turns.append(Turn("collect", lambda: service.collect(POLL_S)))
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    def start(self) -> None:
        """Begin turning."""
        assert not self._tasks, "they turn"
        self._is_stopping = False
        self._tasks = [asyncio.create_task(self._keep(turn), name=turn.name) for turn in self.turns]

    async def stop(self) -> None:
        """Stop between steps, or in the middle of one: a step that is cut off is rolled back and done again.

        A step may end well just as it is cancelled, and then the cancellation is lost (``asyncio.wait_for`` before Python 3.12, and
        clients built on it). So each loop also looks whether it should go on: without that, whoever stopped it waited for ever.
        """
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _keep(self, turn: Turn) -> None:
        knows_the_time = False
        while not self._is_stopping:
            try:
                if not knows_the_time:
                    await self._until()  # nothing is done before others know that this process follows the clock
                    knows_the_time = True
                moved = await turn.step()
            except Exception as error:
                delay = turn.failed(error)
                ops.error("a step failed; it is tried again", error, service=self._service.name, name=turn.name)
                await asyncio.sleep(delay)
                continue
            turn.succeeded()
            if not moved:
                await asyncio.sleep(self._idle_s)

    async def _until(self) -> datetime:
        """What is due by now. In a sandbox another process may move the clock (`termijn clock advance`)."""
        clock = self._service.clock
        if not isinstance(clock, SandboxClock):
            return clock.now()
        await clock.follow()
        return clock.fires_until

    async def _relay(self) -> int:
        service = self._service
        return await service.relay.step() if not await service.is_held() and await service.glance.is_message_held() else 0

    async def _fire(self) -> int:
        return await self._service.fire(Instant(await self._until()))

    async def _follow(self) -> int:
        """Waiting messages, workers, read models; and, where nothing is left to do, what need not be kept any longer."""
        service = self._service
        if await service.is_held():
            return 0
        moved = 0
        if await service.glance.is_busy():
            moved = await service.held.step() + await service.work() + await service.projector.step()
        return moved or await service.upkeep.step()
