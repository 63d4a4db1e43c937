"""Streams as they were recorded, for reading: the history of a thing (SEC-3)."""

from collections.abc import Sequence
from typing import Any

from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Recorded
from termijn.runtime.http.calls import Reader
from termijn.runtime.projector import decode_rows

EVENTS_MAX = 100_000
"""Events of one stream that a call reads at most: a module that changes every day for a century has fewer."""

_EVENTS = """
select provider, account, stream, version, event_id, type, schema_version, data, meta, occurred_at, recorded_at
from event where provider = $1 and stream = $2 and version > $3 order by version limit $4
"""


async def events_of(
    reader: Reader, aggregate: Aggregate[Any, Any, Any], key: str, *, after: int = 0, limit: int = EVENTS_MAX
) -> Sequence[Recorded]:
    """What was recorded of one thing, in order, after a version. Personal fields of erased accounts are None."""
    provider = reader.principal.provider
    rows = await reader.fetch(_EVENTS, provider, aggregate.stream(provider, key), after, limit)
    return await decode_rows(reader.host.plant, rows)
