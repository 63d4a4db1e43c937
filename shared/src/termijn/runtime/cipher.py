"""Sealing of personal data: AES-256-GCM under a key whose id is part of the text. Pure but for the random nonce."""

import base64
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = "s1"  # first form of sealed text; another cipher gets another


class UnknownKey(Exception):
    """Sealed under a key that this installation never had. Not the same as destroyed: it is not taken for erased data."""


class SealBroken(Exception):
    """The sealed text was changed, or belongs to another key than it names."""


def seal(key_id: str, key: bytes, plaintext: bytes) -> str:
    """``s1.<key id>.<base64url of nonce, ciphertext and tag>``. The key id is authenticated with it."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, plaintext, key_id.encode())
    return f"{_FORM}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def key_id_of(text: str) -> str:
    """The key that the text names. Raises ``SealBroken`` where it is no sealed text."""
    form, _, rest = text.partition(".")
    key_id, _, _ = rest.partition(".")
    if form != _FORM or not key_id:
        raise SealBroken("not a sealed text")
    return key_id


def open_sealed(text: str, keys: Mapping[str, bytes | None]) -> bytes | None:
    """The plain text, or None where the key was destroyed. ``keys`` has None for destroyed keys, by key id.

    Raises ``UnknownKey`` or ``SealBroken``.
    """
    key_id = key_id_of(text)
    if key_id not in keys:
        raise UnknownKey(key_id)
    key = keys[key_id]
    if key is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(text.rpartition(".")[2])
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key_id.encode())
    except (InvalidTag, ValueError):
        raise SealBroken(key_id) from None
