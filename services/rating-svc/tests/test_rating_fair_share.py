"""One provider takes at most half of the ingest."""

import asyncio

from termijn.kernel.ids import ProviderId
from termijn.rating.fair_share import FairShare

LOUD, QUIET = ProviderId("loud"), ProviderId("quiet")


async def test_a_provider_that_sends_much_leaves_half_of_the_turns_to_others() -> None:
    """Twenty batches of one provider want in; never more than two are, and another provider gets in at once."""
    share = FairShare(4)
    running, most = 0, 0
    release = asyncio.Event()

    async def batch() -> None:
        nonlocal running, most
        async with share.turn(LOUD):
            running += 1
            most = max(most, running)
            await release.wait()
            running -= 1

    loud = [asyncio.create_task(batch()) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(60), share.turn(QUIET), share.turn(QUIET):
        assert running == 2
    release.set()
    await asyncio.gather(*loud)
    assert most == 2
