"""Records that come from outside on topics of their own, one per provider, in thousands: usage of collectors.

They are no messages between services: no envelope, no numbers, no account to park. Who takes them in stores where it was in the
same transaction, knows repeats by the ids in the records, and keeps what it cannot read.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import Blobs
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase, check_provider
from termijn.runtime.transport.base import InRecord, Place

Offsets = Mapping[Place, int]
Take = Callable[[ProviderId, Sequence[InRecord], Offsets], Awaitable[None]]
"""Has the effect of records of one provider and keeps the offsets (``keep_offsets``), in one transaction; it never drops a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflow:
    """What a service takes in of others. ``providers``: a query for those that there are. ``begin`` gives the service's ``Take``."""

    name: str
    providers: str
    begin: Callable[[ServiceDatabase, Blobs], Take]

    def topic(self, provider: ProviderId) -> str:
        """Where this provider's records come: ``termijn.usage.belco.v1``."""
        return f"termijn.{self.name}.{provider}.v1"

    def provider(self, topic: str) -> ProviderId:
        """Whose they are: the topic says so, which only that provider's collectors may write to; the contents are not asked."""
        provider = check_provider(topic.removeprefix(f"termijn.{self.name}.").removesuffix(".v1"))
        if provider == EVERY_PROVIDER:
            raise ValueError(f"not a provider id: {provider!r}")
        return provider
