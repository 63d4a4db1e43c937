"""What the routes share: rows and blobs as answers, changes of an account."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import AccountCommand
from termijn.contracts.goods_ordering import SQL, must_own
from termijn.events.base import Blob
from termijn.kernel.errors import NotFound, Refusal
from termijn.kernel.ids import AccountId
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.blobs import BlobMissing
from termijn.runtime.handling import Work
from termijn.runtime.http import Answer, Call, Paging, Reader
from termijn.runtime.http.paging import CursorInvalid

VERSION_DIGITS_MAX = 9
"""Below the largest integer of a column; no stream ever has so many events."""
EXTENSIONS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "text/plain": "txt"}
"""Files that are taken. None of them runs anything in a browser that shows it."""


class ContentErased(Refusal):
    """The content was erased."""

    status = 410


def opened(row: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """A row with these JSON columns as data."""
    return {name: msgspec.json.decode(value) if name in columns and value is not None else value for name, value in row.items()}


async def done(work: Work, account: AccountId, command: AccountCommand, *, status: int = 200, **told: Any) -> Answer:
    """Carry out on the account, and answer with its version."""
    await work.execute(ACCOUNT, account, command, account=account)
    version = await work.version(ACCOUNT, account)
    return Answer(status=status, body={"account_id": account, **told, "version": version}, etag=version)


async def must_own_as_seen(work: Work, call: Call, aggregate: Aggregate[Any, Any, Any], what: str, *, account: AccountId, key: str) -> None:
    """Raise ``NotFound`` unless the project, order or lease is this account's (SEC-1), and refuse a version that the caller has not
    seen (API-1).
    """
    await must_own(work, what, account, key, what=what)
    call.check_version(await work.version(aggregate, key))


async def must_see(reader: Reader, what: str, account: str, key: str) -> None:
    """Raise ``NotFound`` unless the project, order or lease that is read is this account's (SEC-1)."""
    if not await reader.fetch(SQL[what], reader.principal.provider, account, key):
        raise NotFound(what=what, id=key)


async def content_of(reader: Reader, blob: Blob, *, media_type: str, name: str) -> Response:
    """A blob as a file to save. Raises ``ContentErased``."""
    try:
        content = await reader.blobs.get(reader.principal.provider, blob)
    except BlobMissing:
        raise ContentErased from None
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{EXTENSIONS.get(media_type, "bin")}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, headers=headers, media_type=media_type)


def version_after(page: Paging) -> int:
    """The version to go on after, where a list is ordered by versions; 0 at the first page. Raises ``CursorInvalid``."""
    (after,) = page.after(1)
    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= VERSION_DIGITS_MAX):
        raise CursorInvalid(field="cursor")
    return int(after)
