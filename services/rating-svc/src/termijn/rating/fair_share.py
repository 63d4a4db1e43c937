"""Ingest is shared: whoever sends most takes at most half, so that another provider's calls are never hours behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from termijn.kernel.ids import ProviderId

BATCHES_AT_ONCE = 4
"""Batches that one process takes in at a time, of all providers; more only wait for each other inside PostgreSQL."""


class FairShare:
    """Turns at ingest. A provider has at most half of them, also where nobody else wants one: the next may come at any moment."""

    def __init__(self, at_once: int = BATCHES_AT_ONCE) -> None:
        self._share = at_once // 2
        self._turns = asyncio.Semaphore(at_once)
        self._own: dict[ProviderId, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, provider: ProviderId) -> AsyncIterator[None]:
        """Wait for a turn of the provider's own half first, so that whoever waits there holds nobody else up."""
        async with self._own.setdefault(provider, asyncio.Semaphore(self._share)), self._turns:
            yield
