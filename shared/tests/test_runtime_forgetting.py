"""Two processes of one service: what one erased, the other neither says nor writes, whatever it had in memory (CON-7)."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from termijn.events.erasure import AccountDeleted, ErasureDone
from termijn.kernel.ids import AccountId, derived_id
from termijn.runtime import erasure, faults, rebuild
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.handling import Cause, Definition, Work
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE, MANDATE_PURPOSE
from termijn.runtime.keys import KeyDestroyed, KeyStore
from termijn.runtime.service import Service, Surroundings
from termijn.runtime.unit_of_work import UnitOfWork
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest
from termijn.testing.pair import NOW, run
from termijn.testing.sample import JAR, AddMarbles, sample

pytestmark = [pytest.mark.database, pytest.mark.rule("CON-7")]

ACME = AccountId("acme")
GONE = AccountDeleted(question="acme/1", deleted_at=NOW)
JAN = "Jan Jansen"
CAUSE = Cause(actor="test", why="test", correlation_id=derived_id("test"), causation_id=derived_id("test"))


async def nothing(work: Work, account: AccountId) -> erasure.Found:
    return erasure.Found()


def forgetful() -> Definition:
    """Jars whose owner is erased."""
    made = sample(name="rating", listens_to="contracts")
    forgetting = erasure.Forgetting(statements=("update jar set owner = null where provider = $1 and account = $2",))
    return dataclasses.replace(
        made,
        aggregates=(*made.aggregates, erasure.ERASURE),
        reactions=(*made.reactions, *erasure.REACTIONS),
        views=(*made.views, *erasure.VIEWS),
        workers=(erasure.erasing(forgetting, nothing, views=made.views),),
        publish=lambda recorded: [recorded.event] if isinstance(recorded.event, ErasureDone) else made.publish(recorded),
        public_events=(*made.public_events, ErasureDone),
    )


@pytest.fixture
async def here(services: Services) -> ServiceUnderTest:
    """The process that erases. Jan's jar has three marbles."""
    svc = await services.open(forgetful(), now=NOW)
    await run(svc.service, AddMarbles(now=NOW, count=3, by=JAN))
    return svc


@pytest.fixture
async def beside(here: ServiceUnderTest) -> AsyncIterator[Service]:
    """Another process, with keys and states of its own in memory, which knows Jan well."""
    around = Surroundings(
        address=here.service.address,
        transport=here.transport,
        clock=here.clock,
        keys=KeyStore(here.keys._pool),
        blobs=FileBlobs(here.folder / "blobs"),
    )
    other = await Service.open(forgetful(), around)
    await run(other, AddMarbles(now=NOW, count=1, by=JAN))
    assert await owner_as_known_to(other) == JAN
    yield other
    await other.close()


async def owner_as_known_to(service: Service) -> str | None:
    async def act(work: UnitOfWork) -> str | None:
        return (await work.load(JAR, ACME)).owner

    return await service.run(provider=PROVIDER, cause=CAUSE, act=act)


async def rows_of(svc: ServiceUnderTest) -> list[tuple[int, str | None]]:
    return [(row["marbles"], row["owner"]) for row in await svc.rows("select marbles, owner from jar")]


async def test_who_had_an_account_in_memory_neither_says_nor_writes_anything_of_it_once_another_process_has_erased_it(
    here: ServiceUnderTest, beside: Service
) -> None:
    """Its next transaction already knows, without anybody having told it."""
    await here.hear("contracts", GONE, account="acme")
    assert await here.published(ErasureDone), "nobody is under way, so it is done at once"
    assert await owner_as_known_to(beside) is None
    with pytest.raises(KeyDestroyed):
        await run(beside, AddMarbles(now=NOW, count=1, by=JAN))
    await run(beside, AddMarbles(now=NOW, count=1))
    assert await rows_of(here) == [(5, None)]
    key = (await beside.keys.keys_for(PROVIDER, ["acme"], purpose=ACCOUNT_PURPOSE))["acme"]
    assert key.key is None


async def test_a_key_that_goes_after_its_account_is_forgotten_by_all_at_once_too(here: ServiceUnderTest, beside: Service) -> None:
    """The proof of a mandate is kept for longer: what another process read by it in the meantime it does not keep for minutes."""
    await here.hear("contracts", GONE, account="acme")

    async def key() -> bytes | None:
        return (await beside.keys.keys_for(PROVIDER, ["acme"], purpose=MANDATE_PURPOSE))["acme"].key

    async def destroyed(work: UnitOfWork) -> None:
        await work.destroy_key(ACME, MANDATE_PURPOSE)

    assert await owner_as_known_to(beside) is None and await key()
    await here.service.run(provider=PROVIDER, cause=CAUSE, act=destroyed)
    await owner_as_known_to(beside)
    assert await key() is None
    assert beside.plant.cache.forgotten == 2


async def test_the_erasing_has_not_ended_before_whoever_began_earlier_has(here: ServiceUnderTest, beside: Service) -> None:
    """It has read the account and not written yet, so it holds no lock and no transaction id; what it writes then is erased as well."""
    has_read, may_write = asyncio.Event(), asyncio.Event()

    async def slowly(work: UnitOfWork) -> None:
        owner = (await work.load(JAR, ACME)).owner
        has_read.set()
        await may_write.wait()
        await work.execute(JAR, ACME, AddMarbles(now=NOW, count=1, by=owner), account=ACME)

    slow = asyncio.create_task(beside.run(provider=PROVIDER, cause=CAUSE, act=slowly))
    await has_read.wait()
    await here.hear("contracts", GONE, account="acme")
    assert not await here.published(ErasureDone)
    assert await rows_of(here) == [(4, JAN)]
    may_write.set()
    await slow
    assert await rows_of(here) == [(5, JAN)], "with the key that it had: that is what was waited for"
    await here.settle()
    assert await here.published(ErasureDone)
    assert await rows_of(here) == [(5, None)]
    assert await owner_as_known_to(beside) is None, "nor has it kept what it had read before"


async def test_a_read_model_that_was_being_built_meanwhile_is_built_again(
    here: ServiceUnderTest, beside: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of the store before the key went would come back with the new rows."""
    erased: list[str] = []
    swap = rebuild._swap_patiently

    async def after_an_erasure(*args: Any) -> int:
        if not erased:
            erased.append(ACME)
            await here.hear("contracts", GONE, account="acme")
            assert await here.published(ErasureDone)
        return await swap(*args)

    monkeypatch.setattr(rebuild, "_swap_patiently", after_an_erasure)
    await beside.rebuild("jar")
    assert (erased, await rows_of(here)) == ([ACME], [(4, None)])


async def test_a_process_that_dies_when_the_key_is_gone_leaves_an_account_that_the_next_one_erases(here: ServiceUnderTest) -> None:
    """Destroying is done again, which is the same; the number is given once."""
    died: list[str] = []

    def dies(point: str) -> None:
        if point == "erasure.key_destroyed" and not died:
            died.append(point)
            raise OSError("the power failed")

    faults.watch(dies)
    try:
        await here.hear("contracts", GONE, account="acme")
    finally:
        faults.watch(None)
    assert died == ["erasure.key_destroyed"]
    await here.settle()
    assert await here.published(ErasureDone)
    assert [row["number"] for row in await here.rows("select number from forgotten_account")] == [1]
    assert await rows_of(here) == [(3, None)]
