"""Blobs of which those with personal data are sealed, each under a key of its account: they go with the key (CON-7).

A file in a backup cannot be taken back, a key can. What is sealed is named by the hash of its ciphertext, so that whoever copies or
checks files needs no key. The same content under the same key is the same file, so that a repeated transaction leaves no second one.
"""

import hashlib
import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from termijn.events.base import Blob
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.blobs import BlobDamaged, BlobMissing
from termijn.runtime.cipher import UnknownKey
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE
from termijn.runtime.keys import KeyDestroyed, PersonalKey

_FORM = b"s1b."
_NONCE_BYTES = 12
_KEY_ID_BYTES_MAX = 100


class Files(Protocol):
    """Where the bytes lie (``FileBlobs``)."""

    async def put(self, provider: ProviderId, content: bytes) -> Blob: ...
    async def get(self, provider: ProviderId, blob: Blob) -> bytes: ...
    async def erase(self, provider: ProviderId, blob: Blob) -> None: ...


class BlobKeys(Protocol):
    """The key store, as far as blobs need it."""

    async def keys_for(self, provider: ProviderId, accounts: list[str], *, purpose: str) -> dict[str, PersonalKey]: ...
    async def key_named(self, provider: ProviderId, key_id: str) -> PersonalKey | None: ...


class SealedBlobs:
    """Implements ``blobs.Blobs``."""

    def __init__(self, files: Files, keys: BlobKeys) -> None:
        self._files = files
        self._keys = keys

    async def put(self, provider: ProviderId, content: bytes) -> Blob:
        """In the open: only for what is about nobody (rate decks)."""
        return await self._files.put(provider, content)

    async def put_personal(self, provider: ProviderId, content: bytes, *, account: AccountId, purpose: str = ACCOUNT_PURPOSE) -> Blob:
        """Sealed for the account. Raises ``KeyDestroyed``."""
        key = (await self._keys.keys_for(provider, [account], purpose=purpose))[account]
        if key.key is None:
            raise KeyDestroyed(account=account)
        return await self._files.put(provider, sealed_blob(key.key_id, key.key, content))

    async def get(self, provider: ProviderId, blob: Blob) -> bytes:
        """The content, opened. Raises ``BlobMissing`` where it was erased, by its key or itself, ``BlobDamaged`` where it was changed."""
        content = await self._files.get(provider, blob)
        key_id = key_id_of_blob(content)
        if key_id is None:
            return content
        key = await self._keys.key_named(provider, key_id)
        if key is None:
            raise UnknownKey(key_id)
        if key.key is None:
            raise BlobMissing(f"{provider}/{blob.sha256}: its key was destroyed")
        return opened_blob(content, key_id, key.key)

    async def erase(self, provider: ProviderId, blob: Blob) -> None:
        """Remove the file; removing it twice is once."""
        await self._files.erase(provider, blob)


def sealed_blob(key_id: str, key: bytes, content: bytes) -> bytes:
    """``s1b.<key id>.`` and nonce, ciphertext, tag. The nonce follows from key and content: other content has another."""
    nonce = hmac.new(hmac.digest(key, b"blob nonce", hashlib.sha256), content, hashlib.sha256).digest()[:_NONCE_BYTES]
    return _FORM + key_id.encode() + b"." + nonce + AESGCM(key).encrypt(nonce, content, key_id.encode())


def key_id_of_blob(content: bytes) -> str | None:
    """The key that sealed it; None where it lies in the open."""
    if not content.startswith(_FORM):
        return None
    key_id, dot, _ = content[len(_FORM) : len(_FORM) + _KEY_ID_BYTES_MAX].partition(b".")
    return key_id.decode() if dot else None


def opened_blob(content: bytes, key_id: str, key: bytes) -> bytes:
    """The plain content. Raises ``BlobDamaged``."""
    sealed = content[len(_FORM) + len(key_id) + 1 :]
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key_id.encode())
    except (InvalidTag, ValueError):
        raise BlobDamaged(key_id) from None
