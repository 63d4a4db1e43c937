"""Large things in files, by the hash of their content: rate decks, call specifications, documents, dossiers."""

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

from termijn.events.base import Blob
from termijn.kernel.errors import Refusal
from termijn.kernel.ids import AccountId, ProviderId

_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Blobs(Protocol):
    """Where large things lie, by content hash and provider. ``put`` is idempotent."""

    async def put(self, provider: ProviderId, content: bytes) -> Blob:
        """Store and return the address; the same content twice is one blob."""
        ...

    async def put_personal(self, provider: ProviderId, content: bytes, *, account: AccountId, purpose: str = "account") -> Blob:
        """The same, sealed under a key of the account: whatever names or addresses a person. It goes with the key (CON-7)."""
        ...

    async def get(self, provider: ProviderId, blob: Blob) -> bytes:
        """The content; raises ``BlobMissing`` where it was erased."""
        ...

    async def erase(self, provider: ProviderId, blob: Blob) -> None:
        """Remove the file; removing it twice is once."""
        ...


class BlobMissing(Refusal):
    """What this names is not kept any more: it was erased, or it never was there."""

    status = 410

    def __init__(self, what: str) -> None:
        """``what`` names the blob, for whoever looks into it."""
        super().__init__(what=what)


class BlobDamaged(Exception):
    """The file does not have the content that its name promises; restore it from a backup."""


class FileBlobs:
    """Implements ``Blobs`` over ``<folder>/<provider>/<sha256>``. A file is whole or not there, also after a power cut."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, provider: ProviderId, content: bytes) -> Blob:
        """Store and return the address; the same content twice is one blob."""
        return await asyncio.to_thread(self._put, provider, content)

    async def get(self, provider: ProviderId, blob: Blob) -> bytes:
        """The content. Raises ``BlobMissing``, or ``BlobDamaged`` where the bytes are not those that were put."""
        return await asyncio.to_thread(self._get, provider, blob)

    async def erase(self, provider: ProviderId, blob: Blob) -> None:
        """Remove the content for good (CON-7); removing it twice is once."""
        await asyncio.to_thread(self._path(provider, blob.sha256).unlink, missing_ok=True)

    def _path(self, provider: ProviderId, sha256: str) -> Path:
        # Addresses travel in events: one that names a path outside the provider's folder must never be followed.
        if not _PROVIDER.fullmatch(provider) or not _SHA256.fullmatch(sha256):
            raise BlobMissing(f"{provider}/{sha256}")
        return self._folder / provider / sha256

    def _put(self, provider: ProviderId, content: bytes) -> Blob:
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(provider, sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_durably(path, content)
        return Blob(sha256=sha256, size_bytes=len(content), address=f"{provider}/{sha256}")

    def _get(self, provider: ProviderId, blob: Blob) -> bytes:
        try:
            content = self._path(provider, blob.sha256).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"{provider}/{blob.sha256}") from None
        if hashlib.sha256(content).hexdigest() != blob.sha256:
            raise BlobDamaged(f"{provider}/{blob.sha256}")
        return content


def _write_durably(path: Path, content: bytes) -> None:
    """Write beside, flush, rename, flush the folder: the event that names the blob commits only after this."""
    descriptor, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
