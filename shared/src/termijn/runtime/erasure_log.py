"""The erasure log: which keys were destroyed, in a file outside of every database (CON-7).

A database that comes back from a backup brings back keys and read models of before. The log does not come back: it is only added
to, and whatever is restored is brought up to it. It names ids and no person, and is kept for good.
"""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import msgspec

ERASURE_LOG = "erasures.log"
"""Its name in the folder of the journal: apart from every database, and never trimmed."""


class Erased(msgspec.Struct, frozen=True):
    """A key that was destroyed, and when (machine time)."""

    provider: str
    account: str
    purpose: str
    key_id: str
    at: datetime


class FileErasureLog:
    """A line of JSON per destroyed key. Belongs on another disk than the databases, as the journal does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, erased: Erased) -> None:
        """On the disk when this returns. The same key may be named twice."""
        await asyncio.to_thread(self._append, erased)

    async def read(self) -> list[Erased]:
        """All of it, oldest first. A last line without an end was never acknowledged: its key was not destroyed for it."""
        return await asyncio.to_thread(lambda: read_log(self._path.read_bytes()) if self._path.exists() else [])

    def _append(self, erased: Erased) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A line that a dying process left half-written must not take this one with it.
        torn = self._path.exists() and not self._path.read_bytes().endswith(b"\n") and self._path.stat().st_size > 0
        with self._path.open("ab") as file:
            file.write((b"\n" if torn else b"") + msgspec.json.encode(erased) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read_log(content: bytes) -> list[Erased]:
    """The entries of a log; lines that are not whole are left out."""
    entries = []
    for line in content.splitlines():
        try:
            entries.append(msgspec.json.decode(line, type=Erased))
        except msgspec.DecodeError:
            continue
    return entries
