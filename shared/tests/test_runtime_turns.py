"""Turns: what waited for a fact is handled before what came later of its publisher and account (decision 0012)."""

import pytest

from termijn.runtime.inbox import Incoming
from termijn.testing.harness import Services, ServiceUnderTest
from termijn.testing.interleaving import incoming, marbles
from termijn.testing.sample import MarblesAdded, sample


@pytest.fixture
async def svc(services: Services) -> ServiceUnderTest:
    """Jars that get as many marbles as those of another service; seven wait for a jar that holds a hundred."""
    return await services.open(sample(listens_to="rating"))


async def batch(svc: ServiceUnderTest, *counts: int, account: str = "acme", start: int = 1) -> list[Incoming]:
    return [await incoming(svc, MarblesAdded(count=count), number=start + n, account=account) for n, count in enumerate(counts)]


async def take(svc: ServiceUnderTest, *messages: Incoming) -> None:
    await svc.service.inbox.take(messages, {})


async def added(svc: ServiceUnderTest) -> list[int]:
    """The counts that went into the jar, in order."""
    rows = await svc.rows("select data ->> 'count' as count from event where account = 'acme' and type = 'MarblesAdded' order by version")
    return [int(row["count"]) for row in rows]


@pytest.mark.parametrize("pages", [[(7, 100, 5, 6)], [(7,), (100,), (5,), (6,)], [(7,), (100, 5, 6)]])
async def test_what_comes_later_does_not_overtake_what_waited(svc: ServiceUnderTest, pages: list[tuple[int, ...]]) -> None:
    """The fact is there, and the message that waited for it is still to be tried: the next ones of its account line up behind it."""
    number = 1
    for page in pages:
        await take(svc, *await batch(svc, *page, start=number))
        await take(svc, *await batch(svc, 2, account=f"other-{number}"))
        number += len(page)
    assert set(await added(svc)) <= {100}, "whoever brings the fact may be behind it himself, as long as it was not tried"
    assert not await svc.service.is_quiet()
    await svc.settle()
    assert await added(svc) == [100, 7, 5, 6]
    assert {row["outcome"] for row in await svc.rows("select outcome from inbox")} == {"handled"}
    assert set((await marbles(svc)).values()) == {118, 2}


async def test_what_still_waits_holds_up_nobody(svc: ServiceUnderTest) -> None:
    """Tried once more and put back to wait: later ones of the account go on."""
    await take(svc, *await batch(svc, 7))
    await take(svc, *await batch(svc, 1, start=2))
    await svc.settle()
    await take(svc, *await batch(svc, 2, start=3))
    assert await added(svc) == [1, 2]
