"""Idempotency-Key: a request that is repeated gets the answer of the first one, and happens once (API-1).

The key's row is written first, in the transaction of the change. A second request with the key waits at that row: when the
first commits, PostgreSQL ends the second with a serialisation error, and its retry finds the answer.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from termijn.kernel.errors import Refusal
from termijn.runtime.http.principal import Principal

KEY_PATTERN = r"[\x21-\x7e]{1,255}"
"""Visible ASCII: what a header can carry everywhere."""
_KEY = re.compile(KEY_PATTERN)
_PENDING = 0
"""The status of a row whose change is under way; no other transaction ever sees it."""

_ENTER = """
insert into idempotency (provider, actor, key, request_hash, status) values ($1, $2, $3, $4, $5)
on conflict (provider, actor, key) do nothing returning key
"""
_FIND = "select request_hash, status, body #>> '{}' as body, etag from idempotency where provider = $1 and actor = $2 and key = $3"
# As a JSON string, not as JSON: jsonb would reorder the members, and the same key gives the same answer to the byte.
_KEEP = """
update idempotency set status = $4, body = to_jsonb($5::text), etag = $6, accounts = $7 where provider = $1 and actor = $2 and key = $3
"""


class IdempotencyKeyMissing(Refusal):
    """A changing call needs the header Idempotency-Key: 1 to 255 visible characters, new for each thing to be done."""

    status = 400


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used for another request; take a new one."""

    status = 422


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is stored: ``body`` is JSON text, ``etag`` the quoted header value."""

    status: int
    body: str | None
    etag: str | None
    is_replayed: bool = False


def check_key(key: str | None) -> str:
    """The header's value. Refuses with ``IdempotencyKeyMissing``."""
    if key is None or not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing(field="Idempotency-Key")
    return key


async def enter(connection: Any, principal: Principal, key: str | None, request_hash: str) -> Kept | None:
    """Claim the key; the kept answer where it was claimed before. Refuses with ``IdempotencyKeyReused``."""
    if key is None:
        return None
    if await connection.fetchval(_ENTER, principal.provider, principal.actor, key, request_hash, _PENDING) is not None:
        return None
    row = await connection.fetchrow(_FIND, principal.provider, principal.actor, key)
    if row["request_hash"] != request_hash:
        raise IdempotencyKeyReused(field="Idempotency-Key")
    return replace(Kept(row["status"], row["body"], row["etag"]), is_replayed=True)


async def keep(connection: Any, principal: Principal, key: str | None, kept: Kept, accounts: set[str]) -> None:
    """Store the answer with what it answers for, and the accounts that it is about: it goes with them (CON-7)."""
    if key is not None:
        row = (principal.provider, principal.actor, key, kept.status, kept.body, kept.etag, sorted(accounts))
        await connection.execute(_KEEP, *row)
