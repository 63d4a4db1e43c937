"""The envelope: everything about a public event but its contents."""

from datetime import datetime
from uuid import UUID

import msgspec

from termijn.kernel.ids import AccountId, ProviderId


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Travels with each public event.

    - ``number``: dense per publisher and account, from 1: listeners find gaps, swaps and repeats by it. 0 until the relay numbers it.
    - ``stream``, ``version``: where it was recorded.
    - ``occurred_at``: domain time of the fact; ``recorded_at``: machine time of the commit. Both UTC.
    - ``actor``: who did it ("manager:jan", "timer:...", "contracts"); ``why``: what allowed it (SEC-3).
    """

    id: UUID
    type: str
    schema_version: int
    publisher: str
    provider: ProviderId
    account: AccountId
    number: int
    stream: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    why: str
    correlation_id: UUID
    causation_id: UUID
    trace: str | None = None
