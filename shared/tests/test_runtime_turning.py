"""A loop per kind of work: what fails is tried again, later each time, and holds up nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from termijn.embedded.loops import Loops
from termijn.runtime.clock import machine_now
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Transient
from termijn.runtime.turning import FAILURE_DELAY_MAX_S, Turn, Turning
from termijn.testing.pair import Pair

pytestmark = pytest.mark.timeout(60)


async def until(is_so: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for it; the test's own time limit ends what never comes."""
    while True:
        answer = is_so()
        if answer if isinstance(answer, bool) else await answer:
            return
        await asyncio.sleep(0.02)


@asynccontextmanager
async def turning(*turns: Turn) -> AsyncIterator[None]:
    nobody = Turning(cast(Any, SimpleNamespace(name="rating", inflows=[], clock=SimpleNamespace(now=machine_now))), idle_s=0.01)
    nobody.turns = list(turns)
    nobody.start()
    try:
        yield
    finally:
        await nobody.stop()


def failing(done: list[str], times: int) -> Callable[[], Awaitable[int]]:
    async def step() -> int:
        done.append("bad")
        if len(done) <= times:
            raise OSError
        return 0

    return step


async def test_a_loop_stops_though_what_it_waits_for_swallows_the_cancellation() -> None:
    """As a step does that ends well in the very moment in which it is cancelled."""
    begun = asyncio.Event()

    async def step() -> int:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return 1

    async with asyncio.timeout(60), turning(Turn("deaf", step)):
        await begun.wait()


async def test_a_step_that_fails_is_tried_again_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termijn.runtime.turning.FAILURE_DELAY_S", 0.01)
    done: list[str] = []
    good: list[str] = []

    async def step() -> int:
        good.append("good")
        return 1 if len(good) < 5 else 0

    bad = Turn("bad", failing(done, times=3))
    async with turning(Turn("good", step), bad):
        await until(lambda: bad.failing_with == "OSError")
        await until(lambda: len(good) >= 5)
        await until(lambda: bad.failing_with is None and len(done) > 3)
        assert bad.failures == 0
    after = (len(done), len(good))
    await asyncio.sleep(0.1)
    assert (len(done), len(good)) == after, "it has stopped"


def test_each_further_failure_waits_twice_as_long_up_to_a_bound_and_a_success_starts_anew() -> None:
    turn = Turn("relay", failing([], times=0))
    delays = [turn.failed(OSError()) for _ in range(100)]
    assert delays[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert delays[-1] == max(delays) == FAILURE_DELAY_MAX_S
    turn.succeeded()
    assert (turn.failing_with, turn.failed(OSError())) == (None, 0.5)


async def test_where_nothing_can_be_received_the_rest_of_an_installation_goes_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka away for reading: what is decided is still told, and read models still follow; then what came meanwhile is heard."""
    is_away = True

    async def away(timeout_s: float = 0.0) -> int:
        if is_away:
            raise Transient("kafka: nobody answers")
        return await hears(timeout_s)

    async def nothing_to_tell() -> bool:
        return not await pair.publisher.database.short(EVERY_PROVIDER, "select 1 from outbox union all select 1 from unjournaled_unit")

    async def views_are_there() -> bool:
        return not await pair.publisher.glance.is_busy()

    async def is_heard() -> bool:
        return await pair.marbles(pair.listener) == {"acme": 3}

    monkeypatch.setattr("termijn.runtime.turning.FAILURE_DELAY_MAX_S", 0.1)
    hears = pair.listener.consume
    for service in pair.running.values():
        monkeypatch.setattr(service, "consume", away)
    loops = Loops(list(pair.running.values()))
    loops.start()
    await pair.add(1, 2, settle=False)
    await until(nothing_to_tell)
    assert len(await pair.transport.read_all("termijn.contracts.v1")) == 2
    await until(views_are_there)
    assert await pair.marbles(pair.listener) == {}
    is_away = False
    await until(is_heard)
    await loops.stop()
