"""Snapshots save reading and never change what is read: one that other code built is passed over, and replaced."""

import dataclasses
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from termijn.events.base import Event
from termijn.kernel.ids import AccountId, ProviderId, derived_id
from termijn.runtime import code_of as module
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.code_of import code_of
from termijn.runtime.handling import Cause, Work
from termijn.runtime.setting import setting
from termijn.runtime.stream_cache import StreamCache
from termijn.runtime.stream_loading import SNAPSHOT_EVERY
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.sample import JAR, AddMarbles, Jar, sample


class ColourSet(Event, frozen=True, kw_only=True):
    """A setting of this test."""

    version: int
    colour: str


OTHER_RULES = dataclasses.replace(JAR, evolve=lambda state, event: msgspec.structs.replace(JAR.evolve(state, event), owner="nobody"))


@pytest.fixture
async def svc(services: Services) -> ServiceUnderTest:
    return await services.open(sample())


async def loaded(svc: ServiceUnderTest, aggregate: Aggregate[Jar, Any, Any] = JAR) -> tuple[Jar, int]:
    """The state as another process reads it, and how many events it reads for it."""
    moment = derived_id("load")
    registry = svc.service.plant.registry
    decode, count = registry.decode, 0

    def counted(*args: object) -> object:
        nonlocal count
        count += 1
        return decode(*args)  # type: ignore[arg-type]

    async def act(work: Work) -> Jar:
        return await work.load(aggregate, "acme")

    svc.service.plant.cache = StreamCache()
    cause = Cause(actor="test", why="test", correlation_id=moment, causation_id=moment)
    registry.decode = counted  # type: ignore[method-assign, assignment]
    try:
        return await svc.service.write.run(ProviderId(PROVIDER), cause, act), count
    finally:
        registry.decode = decode  # type: ignore[method-assign]


async def test_a_snapshot_that_other_rules_built_is_not_read_and_the_state_is_built_once(
    svc: ServiceUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = SNAPSHOT_EVERY + 10
    await svc.run(JAR, "acme", *[AddMarbles(now=svc.clock.now(), count=1, by="Jan") for _ in range(events)], account=AccountId("acme"))
    assert await loaded(svc) == (Jar(marbles=events, owner="Jan"), 0), "the snapshot is of the end of the transaction"
    monkeypatch.setattr("termijn.runtime.stream_cache.code_of", lambda *roots: "the next release")
    assert await loaded(svc, OTHER_RULES) == (Jar(marbles=events, owner="nobody"), events), "not half by the old rules"
    assert await loaded(svc, OTHER_RULES) == (Jar(marbles=events, owner="nobody"), 0), "it was kept when it was built"
    monkeypatch.undo()
    assert await loaded(svc) == (Jar(marbles=events, owner="Jan"), events), "and back again"


PARTS = {
    "rules": "DAYS = 400\n",
    "shapes": "class Small:\n    pass\n\n\nclass Large:\n    pass\n",
    "states": "from termijn.made.shapes import Large, Small\n\nEither = Small | Large\n",
    "thing": "from termijn.made.rules import DAYS\nfrom termijn.made.states import Either\n\n\n"
    "def evolve(state, event):\n    return DAYS\n",
    "aside": "from termijn.made.thing import evolve\n",
}


def forget() -> None:
    """What this process knows of sources."""
    module._source.cache_clear()
    module._imported.cache_clear()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of modules that name each other."""
    package = ModuleType("termijn.made")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "termijn.made", package)
    for name, text in PARTS.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    yield tmp_path
    for name in PARTS:
        sys.modules.pop(f"termijn.made.{name}", None)
    forget()


def hashed() -> str:
    """As a new process finds it."""
    for name in PARTS:
        sys.modules.pop(f"termijn.made.{name}", None)
    importlib.invalidate_caches()
    forget()
    importlib.import_module("termijn.made.aside")
    return code_of(sys.modules["termijn.made.thing"].evolve)


@pytest.mark.parametrize(("name", "is_reached"), [("thing", True), ("rules", True), ("states", True), ("shapes", True), ("aside", False)])
def test_the_code_of_a_function_is_all_that_it_stands_on_and_nothing_else(made: Path, name: str, is_reached: bool) -> None:
    before = hashed()
    assert hashed() == before
    with (made / f"{name}.py").open("a", encoding="utf-8") as file:
        file.write("\nMORE = 1\n")
    assert (hashed() != before) is is_reached


def test_what_is_made_by_a_function_stands_on_its_events_too() -> None:
    """The rules of a setting are the same for all; what differs is its event."""
    mine = setting("colour", event=ColourSet, field="colour", kind=str, initial="blue")
    assert mine.evolve.__module__ == "termijn.runtime.setting"
    assert code_of(mine.evolve, JAR.events[0]) != code_of(mine.evolve)
    assert StreamCache().fingerprint(JAR) != StreamCache().fingerprint(mine)
