"""``termijn restore``: a whole installation into a new folder, or one service of an installation that is there.

What is restored starts held: ``termijn recover`` puts back what the journal knows, says what it found, and lets it go on.
"""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from termijn.embedded.databases import APPLICATION, OWNER, drop_database, ensure_database, ensure_roles
from termijn.keeping import programs
from termijn.keeping.backup import copy_blobs
from termijn.keeping.manifest import Manifest, NoBackup, check, read_manifest
from termijn.keeping.place import SERVICES, Place
from termijn.kernel.errors import Conflict, InvalidInput
from termijn.runtime.erasure_log import ERASURE_LOG

_RESTORING = "restoring"


class StillRunning(Conflict):
    """{database} is in use; stop what runs on it (`termijn up`) first."""


class AlreadyThere(Conflict):
    """There is an installation in {folder}; a whole one is restored into a new folder, a single service with --service."""


async def restore_all(place: Place, backup: Path, *, keys: Path | None = None, erased: Sequence[Path] = ()) -> Manifest:
    """Into a place that has nothing yet. ``keys``: a dump of the keys from where they are kept, if not in the backup.

    ``erased``: lists of destroyed keys of later backups, which are destroyed again. Raises ``NoBackup``, ``AlreadyThere``.
    """
    manifest = read_manifest(backup)
    if (place.folder / "installation.json").exists():
        raise AlreadyThere(folder=str(place.folder))
    dumps = {short: check(backup, file) for short, file in manifest.databases.items() if short != "keys" or keys is None}
    if keys is not None:
        dumps["keys"] = keys
    segments = [check(backup, file) for file in manifest.journal]
    await ensure_roles(place.server)
    for short, file in dumps.items():
        await ensure_database(place.server, place.name(short))
        await programs.load(place.dsn(short), file)
    for service in SERVICES:
        await _hold(place, place.name(service), manifest)
    await _erase_again(place, erased)
    copy_blobs(backup / "blobs", place.blobs)
    for segment in segments:
        copy = place.folder / segment.relative_to(backup)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(segment, copy)
    shutil.copy2(backup / "installation.json", place.folder)
    return manifest


async def restore_service(place: Place, backup: Path, service: str) -> Manifest:
    """One service of an installation whose others stay as they are. What it had is dropped once the backup is in its place.

    Raises ``StillRunning``, ``NoBackup``, ``InvalidInput``; then nothing was changed.
    """
    if service not in SERVICES:
        raise InvalidInput(field="--service", reason=f"{service!r} is none; there are {', '.join(SERVICES)}")
    manifest = read_manifest(backup)
    file = check(backup, manifest.databases[service])
    await _nobody_on(place, service)
    name = place.name(service)
    fresh, old = f"{name}_{_RESTORING}", f"{name}_old"
    await drop_database(place.server, fresh)
    await drop_database(place.server, old)
    await ensure_database(place.server, fresh)
    await programs.load(place.server.dsn(fresh, "postgres"), file)
    await _hold(place, fresh, manifest)
    copy_blobs(backup / "blobs", place.blobs)
    await _nobody_on(place, service)
    async with place.superuser() as connection, connection.transaction():
        if await connection.fetchval("select exists (select from pg_database where datname = $1)", name):
            await connection.execute(f'alter database "{name}" rename to "{old}"')
        await connection.execute(f'alter database "{fresh}" rename to "{name}"')
    await drop_database(place.server, old)
    return manifest


async def _nobody_on(place: Place, service: str) -> None:
    async with place.superuser() as connection:
        sql = "select count(*) from pg_stat_activity where datname = $1 and usename = any($2::text[])"
        if await connection.fetchval(sql, place.name(service), [APPLICATION, OWNER]):
            raise StillRunning(database=place.name(service))


async def _hold(place: Place, database: str, manifest: Manifest) -> None:
    async with place.superuser(database) as connection:
        reason = f"restored from the backup of {manifest.began_at:%Y-%m-%d %H:%M} UTC"
        await connection.execute("insert into service_hold (reason) values ($1) on conflict do nothing", reason)


async def _erase_again(place: Place, lists: Sequence[Path]) -> None:
    """A key that was destroyed after the backup was made is destroyed again (CON-7)."""
    for file in lists:
        if file.name == ERASURE_LOG:
            # The log of an installation: the key store reads it when it is opened, and keeps it up.
            place.journal.mkdir(parents=True, exist_ok=True)
            with (place.journal / ERASURE_LOG).open("ab") as log:
                log.write(file.read_bytes())
            continue
        try:
            destroyed = msgspec.json.decode(file.read_bytes(), type=dict[str, datetime])
        except (OSError, msgspec.DecodeError) as wrong:
            raise NoBackup(folder=str(file), reason=f"it is no list of destroyed keys: {wrong}") from None
        async with place.superuser(place.name("keys")) as connection:
            await connection.executemany(
                "update personal_key set key = null, destroyed_at = $2 where key_id = $1 and destroyed_at is null",
                list(destroyed.items()),
            )


def made_as(folder: Path) -> str:
    """The transport of the installation in a backup's or installation's folder."""
    return str(json.loads((folder / "installation.json").read_text()).get("transport", "log"))
