"""What a backup says of itself, and checking that it is what it says."""

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from termijn.kernel.errors import Refusal

MANIFEST = "manifest.json"
KEYS_FOLDER = "keys"
"""Apart from the rest, because it is kept for a shorter time: a key in an old backup brings erased data back."""


class NoBackup(Refusal):
    """There is no complete backup in {folder}: {reason}"""

    status = 422


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the backup, by its path in the backup's folder."""

    path: str
    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Written last, so that a folder without one is no backup.

    ``databases``: the dump of each database by its short name, keys included; ``journal``: the segments that were written while
    the dumps were made, so that together they are one moment: ``ended_at``.
    """

    form: int = 1
    termijn: str
    postgres: str
    system_identifier: str
    began_at: datetime
    ended_at: datetime
    prefix: str
    databases: dict[str, Stored]
    journal: tuple[Stored, ...]
    blobs: int
    blob_bytes: int


def stored(folder: Path, path: Path) -> Stored:
    """A file as the manifest names it."""
    return Stored(path=str(path.relative_to(folder)), sha256=sha256_of(path), size_bytes=path.stat().st_size)


def sha256_of(path: Path) -> str:
    """Of the contents, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """As the last file of a backup."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    beside = folder / f"{MANIFEST}.new"
    beside.write_bytes(text + b"\n")
    beside.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises ``NoBackup``."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NoBackup(folder=str(folder), reason=f"it has no {MANIFEST}") from None
    except msgspec.DecodeError as wrong:
        raise NoBackup(folder=str(folder), reason=f"its {MANIFEST} cannot be read: {wrong}") from None


def check(folder: Path, file: Stored) -> Path:
    """The file, if it is there and is what was written. Raises ``NoBackup``."""
    path = folder / file.path
    if not path.exists():
        where = " (keys are kept for a shorter time; give them from where they are kept)" if file.path.startswith(KEYS_FOLDER) else ""
        raise NoBackup(folder=str(folder), reason=f"{file.path} is missing{where}")
    if sha256_of(path) != file.sha256:
        raise NoBackup(folder=str(folder), reason=f"{file.path} is not what was written")
    return path
