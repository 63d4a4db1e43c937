"""The journal: what a service must not forget, outside its database.

A service tells nobody of a fact before the fact is in its journal. So whatever the world has heard of can be put back into a
database that was restored from an older backup (``catch_up.py``); only what nobody has heard of can be lost.
"""

import asyncio
import os
import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Protocol

import msgspec

from termijn.runtime.clock import machine_now
from termijn.runtime.journal_entry import Entry, KeptUnit

SEGMENT_BYTES_MAX = 16 * 1024 * 1024
"""Then a new file is begun: old ones are copied and removed whole."""

KEPT = timedelta(days=90)
"""How long a segment stays after it was last written: as long as topics, and longer than anybody goes back to a backup."""

_FRAME = struct.Struct(">IIQ")
"""Length of what follows, its CRC-32, and the highest position in it."""

_SUFFIX = ".journal"
_ENTRIES = msgspec.msgpack.Decoder(list[Entry])


class JournalDamaged(Exception):
    """A segment has something unreadable before its end; the message says where. Take the segment from a copy."""


class Journal(Protocol):
    """Keeps the entries of services, in order."""

    async def append(self, service: str, entries: Sequence[Entry]) -> None:
        """On the disk when this returns."""
        ...

    def read(self, service: str) -> AsyncIterator[list[Entry]]:
        """Everything of a service, oldest first, in pages. An entry may come twice."""
        ...

    async def last_position(self, service: str) -> int:
        """The highest position that was appended, 0 where there is nothing."""
        ...


class FileJournal:
    """A folder per service with numbered segments. Belongs on another disk than the database.

    One process writes a segment; each begins one of its own, so that what a process that died left half-written stays at the
    end of a file, where it is recognised.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, IO[bytes]] = {}

    async def append(self, service: str, entries: Sequence[Entry]) -> None:
        """On the disk when this returns."""
        await asyncio.to_thread(self._append, service, entries)

    async def read(self, service: str) -> AsyncIterator[list[Entry]]:
        """Everything of a service, in pages as they were written."""
        for segment in await asyncio.to_thread(self.segments, service):
            frames = await asyncio.to_thread(lambda path: list(_frames(path)), segment)
            for payload in frames:
                yield _ENTRIES.decode(zlib.decompress(payload))

    async def last_position(self, service: str) -> int:
        """By the heads of the frames; segments without a unit are passed over."""
        return await asyncio.to_thread(self._last_position, service)

    def segments(self, service: str) -> list[Path]:
        """The files of a service, oldest first."""
        return sorted((self.folder / service).glob(f"*{_SUFFIX}"))

    def services(self) -> list[str]:
        """Whoever has written here."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else []

    def close(self) -> None:
        """Let go of the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _append(self, service: str, entries: Sequence[Entry]) -> None:
        position = max((entry.position for entry in entries if isinstance(entry, KeptUnit)), default=0)
        payload = zlib.compress(msgspec.msgpack.encode(entries), level=1)
        file = self._current(service) or self._begin(service)
        try:
            file.write(_FRAME.pack(len(payload), zlib.crc32(payload), position) + payload)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            # Whatever of it is on the disk, nothing may come after it in this file.
            self._open.pop(service).close()
            raise
        if file.tell() > SEGMENT_BYTES_MAX:
            self._open.pop(service).close()

    def _current(self, service: str) -> IO[bytes] | None:
        """The file that this process writes, unless another process was the relay since: what comes now must stand after that."""
        file = self._open.get(service)
        if file is not None and self.segments(service)[-1:] != [Path(file.name)]:
            self._open.pop(service).close()
            return None
        return file

    def _begin(self, service: str) -> IO[bytes]:
        folder = self.folder / service
        folder.mkdir(parents=True, exist_ok=True)
        segments = self.segments(service)
        oldest = (machine_now() - KEPT).timestamp()
        for segment in segments[:-1]:  # the last one numbers the next
            if segment.stat().st_mtime < oldest:
                segment.unlink()
        file = _new_after(int(segments[-1].stem) if segments else 0, folder)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._open[service] = file
        return file

    def _last_position(self, service: str) -> int:
        for segment in reversed(self.segments(service)):
            if found := max(_positions(segment), default=0):
                return found
        return 0


def _new_after(number: int, folder: Path) -> IO[bytes]:
    """A file that nobody writes: two processes may begin one at once, while the relay passes from one to the other."""
    while True:
        number += 1
        with suppress(FileExistsError):
            return (folder / f"{number:08d}{_SUFFIX}").open("xb")


def _positions(path: Path) -> Iterator[int]:
    """The position of every frame that is there in full; 0 where it has numbers only."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + _FRAME.size <= size:
            file.seek(at)
            length, _, position = _FRAME.unpack(file.read(_FRAME.size))
            if at + _FRAME.size + length > size:
                return
            yield position
            at += _FRAME.size + length


def _frames(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    at = 0
    while at + _FRAME.size <= len(content):
        length, crc, _ = _FRAME.unpack_from(content, at)
        payload = content[at + _FRAME.size : at + _FRAME.size + length]
        at += _FRAME.size + length
        if len(payload) < length:
            return  # the process died while it wrote this; nobody was told of it
        if zlib.crc32(payload) != crc:
            if at >= len(content):
                return  # the same, where the file had its length before its contents
            raise JournalDamaged(f"{path}: unreadable before byte {at}")
        yield payload
