"""What turns the steps of a deployed service: a loop per kind of work, so that what waits for one server holds up nothing else.

With Kafka away, dates are still kept and read models still follow; with nobody calling, nothing is asked more often than needed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from termijn.runtime.service import Service
from termijn.runtime.telemetry import log
from termijn.runtime.timers import Instant

ops = log("turning")

POLL_S = 0.5
"""How long a poll waits at the transport for something to come."""
IDLE_DELAY_S = 0.1
"""Machine time between looks when there was nothing to do."""
UPKEEP_EVERY_S = 60.0
"""Between looks for what need not be kept any longer."""
FAILURE_DELAY_S = 1.0
"""Machine time after a step that failed. Nothing is lost by it: it is done again."""


@dataclass(slots=True)
class Turn:
    """One loop: its step, and how it goes. ``failing_with`` is the kind of the last failure, None since a success."""

    name: str
    step: Callable[[], Awaitable[int]]
    done_at: float = field(default_factory=time.monotonic)
    failing_with: str | None = None

    @property
    def silent_s(self) -> int:
        """Whole seconds since a step last succeeded."""
        return int(time.monotonic() - self.done_at)


class Turning:
    """The loops of one service. Any number of processes may turn the same: session locks say who does what only one may do."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.turns = [
            Turn("consume", lambda: service.consume(POLL_S)),
            Turn("relay", self._relay),
            Turn("fire", lambda: service.fire(Instant(service.clock.now()))),
            Turn("follow", self._follow),
        ]
        if service.inflows:
            self.turns.append(Turn("collect", lambda: service.collect(POLL_S)))
        self._tasks: list[asyncio.Task[None]] = []
        self._kept_up_at = time.monotonic()

    def start(self) -> None:
        """Begin turning."""
        assert not self._tasks, "they turn"
        self._tasks = [asyncio.create_task(self._keep(turn), name=turn.name) for turn in self.turns]

    async def stop(self) -> None:
        """Stop between steps, or in the middle of one: a step that is cut off is rolled back and done again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _keep(self, turn: Turn) -> None:
        while True:
            try:
                moved = await turn.step()
            except Exception as error:
                turn.failing_with = type(error).__name__
                ops.error("a step failed; it is tried again", error, service=self._service.name, name=turn.name)
                await asyncio.sleep(FAILURE_DELAY_S)
                continue
            turn.done_at, turn.failing_with = time.monotonic(), None
            if not moved:
                await asyncio.sleep(IDLE_DELAY_S)

    async def _relay(self) -> int:
        service = self._service
        return await service.relay.step() if not await service.is_held() and await service.glance.is_message_held() else 0

    async def _follow(self) -> int:
        """Waiting messages, workers, read models; and, where nothing is left to do, what need not be kept any longer."""
        service = self._service
        if await service.is_held():
            return 0
        moved = 0
        if await service.glance.is_busy():
            moved = await service.held.step() + await service.work() + await service.projector.step()
        if moved or time.monotonic() - self._kept_up_at < UPKEEP_EVERY_S:
            return moved
        trimmed = await service.upkeep.step()
        if not trimmed:
            self._kept_up_at = time.monotonic()
        return trimmed
