"""States along a stream: what a thing was before any of its versions, without reading all that came before (SEC-3).

Every ``POINT_EVERY`` versions the state is kept, by whoever passes there first, sealed under the account's key as snapshots are. So
a page of a history costs what is on it, and a past day at most so many events, however long the history is. A point that was
computed by other code (its fingerprint says so) is not read and is computed again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from termijn.runtime.aggregate import Aggregate, StateT
from termijn.runtime.handling import Recorded
from termijn.runtime.http import Reader
from termijn.runtime.http.streams import events_of
from termijn.runtime.keys import KeyDestroyed
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "points.sql")
POINT_EVERY = 100
"""Versions between two points: the most events that are read beside those that are shown."""
CHUNK = 500
"""Events that are held at a time where no point is there yet."""


async def state_at(reader: Reader, aggregate: Aggregate[StateT, Any, Any], key: str, version: int) -> StateT:
    """What the thing was after that version; of a version that is not there yet, after the last one."""
    stream = aggregate.stream(reader.principal.provider, key)
    start, state = await _point(reader, aggregate, stream, version)
    position, account = start, ""
    passed: dict[int, StateT] = {}
    while position < version:
        chunk = await events_of(reader, aggregate, key, after=position, limit=min(CHUNK, version - position))
        if not chunk:
            break
        for one in chunk:
            state = aggregate.evolve(state, one.event)
            if one.version % POINT_EVERY == 0:
                passed[one.version] = state
        position, account = chunk[-1].version, chunk[-1].account
    if passed:
        await _keep(reader, aggregate, stream, account, passed)
    return state


async def state_now(reader: Reader, aggregate: Aggregate[StateT, Any, Any], key: str) -> tuple[StateT, int]:
    """What it is, and its version: 0 where it does not exist."""
    version = await version_before(reader, aggregate, key, None)
    return await state_at(reader, aggregate, key, version), version


async def version_before(reader: Reader, aggregate: Aggregate[Any, Any, Any], key: str, instant: datetime | None) -> int:
    """The last version that had been recorded before the instant, of all where there is none; 0 before the first."""
    provider = reader.principal.provider
    rows = await reader.fetch(SQL["version_before"], provider, aggregate.stream(provider, key), instant)
    return int(rows[0]["version"]) if rows else 0


async def last_of(
    reader: Reader, aggregate: Aggregate[Any, Any, Any], key: str, types: Sequence[str], *, until: int | None = None
) -> Recorded | None:
    """The last event of these types, up to a version where one is given; looked for from the end."""
    provider = reader.principal.provider
    rows = await reader.fetch(SQL["last_of"], provider, aggregate.stream(provider, key), list(types), until)
    return (await events_of(reader, aggregate, key, after=rows[0]["version"] - 1, limit=1))[0] if rows else None


async def _point(reader: Reader, aggregate: Aggregate[StateT, Any, Any], stream: str, version: int) -> tuple[int, StateT]:
    """The nearest point before; the beginning where there is none, or where its key was destroyed (CON-7)."""
    provider, plant = reader.principal.provider, reader.host.plant
    if version < POINT_EVERY:
        return 0, aggregate.initial
    rows = await reader.fetch(SQL["point"], provider, stream, version, plant.cache.fingerprint(aggregate))
    if not rows:
        return 0, aggregate.initial
    sealer = await plant.keys.sealer(provider, [rows[0]["account"]])
    plain = sealer.open(rows[0]["account"], rows[0]["sealed_state"])
    if plain is None:
        return 0, aggregate.initial
    state: StateT = msgspec.json.decode(plain, type=aggregate.state_type)
    return rows[0]["version"], state


async def _keep(reader: Reader, aggregate: Aggregate[Any, Any, Any], stream: str, account: str, passed: Mapping[int, object]) -> None:
    provider, plant = reader.principal.provider, reader.host.plant
    sealer = await plant.keys.sealer(provider, [account])
    try:
        sealed = [sealer.seal(account, msgspec.json.encode(state)) for state in passed.values()]
    except KeyDestroyed:
        return  # of an erased account nothing is kept beside what its events still say
    fingerprint = plant.cache.fingerprint(aggregate)
    await reader.host.database.short(provider, SQL["keep"], provider, stream, list(passed), account, fingerprint, sealed)
