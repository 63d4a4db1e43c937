"""One simulated history: steps in an order that chance chooses, with faults; and the same deeds in good order, without.

A step is one page of one kind of work of one service, run to its end, or one deed of somebody, or a move of the clock, or a death.

- **strict**: the clock moves only when nothing moves any more, so faults cannot change on which day anything happens: the
  outcome must be the same to the day.
- **lagging**: the clock moves whenever chance says so, and work is done late. Days differ then; what is charged must not.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg
import httpx

from termijn.runtime.handling import Transient
from termijn.runtime.timers import Instant
from termijn.testing import simulation_faults as faulty
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_deed import Deed
from termijn.testing.simulation_faults import Died, Fault
from termijn.testing.simulation_people import People
from termijn.testing.simulation_plan import Plan
from termijn.testing.simulation_world import SERVICES, World

KINDS_GLANCED = ("relay", "held", "work", "project")
"""One look tells of all of these whether there is something to do."""
KINDS = ("consume", "fire", *KINDS_GLANCED)
Turn = tuple[str, str]
"""A service and a kind of its work."""

FAULT_PER_MILLE = 90
DEATH_PER_MILLE = 6
DEED_PER_MILLE = 250
IDLE_PER_MILLE = 60
"""How often a step is tried although nothing is expected of it."""
AHEAD_PER_MILLE = 25
"""Lagging: how often the clock moves while there is work."""
RESTLESS_STEPS_MAX = 2_000
"""More steps than this at one instant, and it will never come to rest."""
EVENINGS_MAX = 10_000


class Mode(StrEnum):
    """When the clock moves."""

    STRICT = "strict"
    LAGGING = "lagging"


class Restless(AssertionError):
    """The system does not come to rest."""


@dataclass(slots=True)
class Tally:
    """What a run consisted of."""

    steps: int = 0
    moved: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    deaths: int = 0
    deeds: int = 0

    def struck(self, fault: Fault) -> None:
        """A fault struck."""
        self.faults[str(fault)] = self.faults.get(str(fault), 0) + 1


class Run:
    """One history over a world. ``trace`` names every step."""

    def __init__(self, world: World, plan: Plan, chance: Chance, mode: Mode) -> None:
        self.world = world
        self.mode = mode
        self.chance = chance
        self.people = People(world, self._answered, spares_mandates=mode is Mode.LAGGING)
        self.trace: list[str] = []
        self.tally = Tally()
        self._instants = plan.instants()
        self._ahead = next(self._instants)
        self._deeds: deque[Deed] = deque()
        self._idle: set[Turn] = set()
        self._here = 0
        self._fault: Fault | None = None

    # -- Disturbed ---------------------------------------------------------------------------------------------------

    async def play(self, steps: int) -> None:
        """So many steps."""
        for _ in range(steps):
            await self._step()

    async def calm_down(self) -> None:
        """No faults any more, until nothing moves; all deeds of this instant are done, and its timers have fired."""
        self.world.mischief.is_calm = True
        while self._deeds:
            await self._do_deed()
        await self.settle()
        # The last step may have been the clock's: what came due with it has not had its turn.
        while (due := await self.world.next_due()) is not None and due.due_at <= self.world.clock.now():
            for service in self.world.services:
                while await service.fire(due):
                    pass
            await self.settle()

    async def _step(self) -> None:
        self.tally.steps += 1
        self._here += 1
        if self._here > RESTLESS_STEPS_MAX:
            raise Restless(f"more than {RESTLESS_STEPS_MAX} steps at {self.world.clock.now().isoformat()}")
        if self.chance.happens(DEATH_PER_MILLE):
            await self._die(SERVICES if self.chance.happens(300) else (self.chance.one_of(SERVICES),), "between steps")
            return
        if self.mode is Mode.LAGGING and not self._deeds and self.chance.happens(AHEAD_PER_MILLE):
            await self._go_on()
            return
        if self.chance.happens(IDLE_PER_MILLE):
            await self._turn_under_fault((self.chance.one_of(SERVICES), self.chance.one_of(KINDS)))
        elif self._deeds and self.chance.happens(DEED_PER_MILLE):
            await self._under_fault(None, "deed", self._do_deed)
        elif (turn := await self._busy_turn()) is not None:
            await self._turn_under_fault(turn)
        elif self._deeds:
            await self._under_fault(None, "deed", self._do_deed)
        elif await self._is_quiet():
            await self._go_on()

    async def _busy_turn(self) -> Turn | None:
        """Any of those that have something to do; None where there is none."""
        while True:
            turns = [(name, kind) for name in SERVICES for kind in KINDS if (name, kind) not in self._idle]
            if not turns:
                return None
            turn = self.chance.one_of(turns)
            if await self._expects(turn):
                return turn
            self._idle |= {turn} if turn[1] in ("consume", "fire") else {(turn[0], kind) for kind in KINDS_GLANCED}

    async def _expects(self, turn: Turn) -> bool:
        service = self.world.service(turn[0])
        match turn[1]:
            case "consume":
                return await service.transport.lag(service.name, service.listens_to) > 0
            case "fire":
                due = await service.next_due()
                return due is not None and due.due_at <= self.world.clock.now()
            case _:
                return await service.glance.is_busy()

    async def _turn_under_fault(self, turn: Turn) -> None:
        async def act() -> None:
            moved = await self._turn(turn)
            self._note(f"{turn[0]} {turn[1]} {moved}")

        await self._under_fault(turn[0], turn[1], act)

    async def _under_fault(self, name: str | None, kind: str, act: Callable[[], Awaitable[None]]) -> None:
        """Carry out, perhaps with a fault on the way. ``name`` None: whoever is called makes again what fails."""
        self._fault = faulty.draw(self.chance, kind) if self.chance.happens(FAULT_PER_MILLE) else None
        try:
            with faulty.armed(self._fault):
                await act()
        except Died as died:
            assert name is not None
            await self._die((name,), f"at {died}")
        except (Transient, asyncpg.SerializationError) as failure:
            if "simulated" not in str(failure):
                raise
            self._note(f"{name} failed: {failure}")
            self._idle.clear()
        finally:
            if self._fault is not None and self._fault.has_struck:
                self.tally.struck(self._fault)
                self._note(f"  fault: {self._fault}")
                self._idle.clear()

    async def _answered(self, ask: Callable[[], Awaitable[httpx.Response]], name: str) -> httpx.Response:
        """Ask until there is an answer: who got none cannot know whether it happened, and asks again with the same key."""
        while True:
            try:
                answer = await ask()
            except Died as died:
                await self._die((name,), f"at {died}, called")
            except (Transient, asyncpg.SerializationError) as failure:
                if "simulated" not in str(failure):
                    raise
            else:
                if answer.status_code < 500 or self._fault is None or not self._fault.has_struck:
                    self._touch(name)
                    return answer

    async def _die(self, names: tuple[str, ...], where: str) -> None:
        self.tally.deaths += 1
        self._note(f"{', '.join(names)} died {where}")
        for name in names:
            await self.world.die(name)
            await self.world.start(name)
            self._touch(name)

    # -- Steps -------------------------------------------------------------------------------------------------------

    async def _turn(self, turn: Turn) -> int:
        name, kind = turn
        moved = await self._act(name, kind)
        if moved:
            self.tally.moved += 1
            if kind not in ("relay", "project"):  # those make no work for others of the service
                self._touch(name)
        elif kind != "consume":  # nothing came, but it may be on its way
            self._idle.add(turn)
        return moved

    async def _act(self, name: str, kind: str) -> int:
        service = self.world.service(name)
        match kind:
            case "relay":
                moved = await service.relay.step()
                if moved:
                    self._idle -= {(other, "consume") for other in SERVICES}
                return moved
            case "consume":
                return await service.consume()
            case "held":
                return await service.held.step()
            case "work":
                return await service.work()
            case "project":
                return await service.projector.step()
            case "fire":
                return await service.fire(Instant(self.world.clock.now()))
        raise KeyError(kind)

    def _touch(self, name: str) -> None:
        """Something happened there: any of its work may have something to do."""
        self._idle -= {(name, kind) for kind in KINDS}

    async def _is_quiet(self) -> bool:
        """Whether it is true that nothing has anything to do. Where it is not, all is looked at again."""
        for service in self.world.services:
            if await service.glance.is_busy() or await service.transport.lag(service.name, service.listens_to):
                self._idle.clear()
                return False
        return True

    async def _do_deed(self) -> None:
        deed = self._deeds.popleft()
        self.tally.deeds += 1
        self._note(f"{deed.provider} {deed.key}: {type(deed.what).__name__}")
        await self.people.do(deed)
        for name in SERVICES:
            self._touch(name)

    # -- Time --------------------------------------------------------------------------------------------------------

    async def _go_on(self) -> None:
        """Move the clock: to what comes next, or (lagging) some hours, never past somebody's deed."""
        now, deed_at = self.world.clock.now(), self._ahead[0]
        if self.mode is Mode.LAGGING and not self.world.mischief.is_calm:
            target = min(deed_at, now + timedelta(minutes=self.chance.number(10, 30 * 60)))
        else:
            due = await self.world.next_due()
            target = deed_at if due is None or due.due_at > deed_at else max(due.due_at, now)
        await self._move_to(target)

    async def _move_to(self, target: datetime) -> None:
        if target > self.world.clock.now():
            self._here = 0
        await self.world.clock.advance_to(target)
        self._idle -= {(name, "fire") for name in SERVICES}
        self._note(f"clock {target.isoformat()}")
        if target == self._ahead[0]:
            self._deeds.extend(self._ahead[1])
            self._ahead = next(self._instants)

    # -- In good order -----------------------------------------------------------------------------------------------

    async def play_in_order(self, until: datetime) -> None:
        """The same deeds without faults, as an installation moves its clock: quiet, the earliest date, what is due then, again."""
        self.world.mischief.is_calm = True
        while True:
            await self.settle()
            due = await self.world.next_due()
            if due is not None and due.due_at < self._ahead[0] and due.due_at <= until:
                if due.due_at > self.world.clock.now():
                    await self._move_to(due.due_at)
                for service in self.world.services:
                    while await service.fire(due):
                        pass
            elif self._ahead[0] <= until:
                await self._move_to(self._ahead[0])
                while self._deeds:
                    answered = len(self.people.answers)
                    await self._do_deed()
                    if len(self.people.answers) > answered:
                        await self.settle()
            else:
                break
        if until > self.world.clock.now():
            await self._move_to(until)

    async def settle(self) -> None:
        """Turn every step until nothing moves."""
        for _ in range(EVENINGS_MAX):
            moved = 0
            for service in self.world.services:
                moved += await service.flow()
            if not moved and all([await service.is_quiet() for service in self.world.services]):
                self._idle.clear()
                return
        raise Restless(f"it does not settle at {self.world.clock.now().isoformat()}")

    def _note(self, what: str) -> None:
        self.trace.append(f"{self.tally.steps}: {what}")
