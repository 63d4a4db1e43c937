"""``termijn backup``: everything of an installation in one folder, while it runs.

Databases are dumped one after the other, so they are not of one moment. The journal is copied after them: it has all that any
service told while the dumps were made, and a restored service is brought up to it. Files come after the journal, so that every one that
is named in it is there; keys come last for the same reason. What waits in Kafka is Kafka's to keep.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from termijn.embedded.databases import DATABASES
from termijn.keeping import programs
from termijn.keeping.manifest import KEYS_FOLDER, Manifest, NoBackup, Stored, stored, write_manifest
from termijn.keeping.place import Place
from termijn.runtime.blobs import BlobDamaged
from termijn.runtime.clock import machine_now
from termijn.runtime.journal import FileJournal

ERASED = "erased.json"
"""Beside the keys: which of them were destroyed. It outlives the keys, and is applied when an older backup of them is restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobCount:
    """How much was copied."""

    files: int
    size_bytes: int


async def backup(place: Place, target: Path) -> Manifest:
    """Into an empty or new folder. Raises ``NoBackup`` where it has something in it, ``PostgresFailed``, ``BlobDamaged``."""
    _begin(target)
    began_at = machine_now()
    journal = FileJournal(place.journal)
    first = {service: written[-1].name for service in journal.services() if (written := journal.segments(service))}
    databases = {short: await _dump(place, short, target) for short in DATABASES if short != "keys"}
    shutil.copy2(place.folder / "installation.json", target)
    segments = await asyncio.to_thread(_copy_journal, journal, target, first)
    blobs = await asyncio.to_thread(copy_blobs, place.blobs, target / "blobs")
    databases["keys"] = await _dump(place, "keys", target)
    await _write_erased(place, target / KEYS_FOLDER / ERASED)
    manifest = Manifest(
        termijn=version("termijn"),
        postgres=await _asked(place, "show server_version"),
        system_identifier=await _asked(place, "select system_identifier::text from pg_control_system()"),
        began_at=began_at,
        ended_at=machine_now(),
        prefix=place.prefix,
        databases=databases,
        journal=segments,
        blobs=blobs.files,
        blob_bytes=blobs.size_bytes,
    )
    write_manifest(target, manifest)
    return manifest


def _begin(target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        raise NoBackup(folder=str(target), reason="it is not empty; each backup has a folder of its own")
    (target / "databases").mkdir(parents=True)
    (target / KEYS_FOLDER).mkdir(mode=0o700)


async def _dump(place: Place, short: str, target: Path) -> Stored:
    file = target / (KEYS_FOLDER if short == "keys" else "databases") / f"{short}.dump"
    await programs.dump(place.dsn(short), file)
    return await asyncio.to_thread(stored, target, file)


async def _asked(place: Place, sql: str) -> str:
    async with place.superuser() as connection:
        return str(await connection.fetchval(sql))


def copy_blobs(source: Path, target: Path) -> BlobCount:
    """Each blob whose content is what its name says; what is there already is not copied again. Raises ``BlobDamaged``."""
    files = size = 0
    for path in sorted(source.glob("*/*")) if source.is_dir() else ():
        if path.name.startswith("."):
            continue  # half-written
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # erased since it was listed (CON-7)
        if hashlib.sha256(content).hexdigest() != path.name:
            raise BlobDamaged(f"{path.parent.name}/{path.name}")
        copy = target / path.parent.name / path.name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            beside = copy.with_name(f".new-{copy.name}")
            beside.write_bytes(content)
            beside.replace(copy)
        files, size = files + 1, size + len(content)
    return BlobCount(files=files, size_bytes=size)


def _copy_journal(journal: FileJournal, target: Path, first: Mapping[str, str]) -> tuple[Stored, ...]:
    """What was written since the backup began. A segment may grow while it is copied; what is cut off was told after this moment."""
    copied = []
    for service in journal.services():
        for segment in journal.segments(service):
            if segment.name >= first.get(service, ""):
                copy = target / "journal" / service / segment.name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(segment, copy)
                copied.append(stored(target, copy))
    return tuple(copied)


async def _write_erased(place: Place, file: Path) -> None:
    async with place.superuser(place.name("keys")) as connection:
        rows = await connection.fetch("select key_id, destroyed_at from personal_key where destroyed_at is not null order by key_id")
    erased = msgspec.json.encode({row["key_id"]: row["destroyed_at"] for row in rows})
    await asyncio.to_thread(file.write_bytes, erased)
