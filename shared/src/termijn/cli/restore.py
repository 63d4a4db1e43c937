"""``termijn restore``: a whole installation into a new folder, or one service of one that is there."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, must_be_there

if TYPE_CHECKING:
    from termijn.keeping.manifest import Manifest

app = typer.Typer()


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")],
    service: Annotated[str | None, typer.Option(help="This one alone, in the installation of --dir; the others stay as they are.")] = None,
    keys: Annotated[Path | None, typer.Option(metavar="FILE", help="The dump of the keys, if not in the backup.")] = None,
    erased: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="keys/erased.json of a later backup; may be repeated.")] = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Restore a backup. What is restored starts held: `termijn recover` says what it finds and lets it go on.

    \b
    termijn restore /backups/2026-03-01 --dir new-folder
    termijn restore /backups/2026-03-01 --service dunning
    """
    if service is not None:
        must_be_there(folder)

    async def run() -> "Manifest":
        from termijn.embedded.postgres import PostgresFailed  # noqa: PLC0415 - `--help` loads no service
        from termijn.keeping.manifest import read_manifest  # noqa: PLC0415
        from termijn.keeping.place import at_place  # noqa: PLC0415
        from termijn.keeping.restore import restore_all, restore_service  # noqa: PLC0415

        read_manifest(backup)  # before a server is started for nothing
        try:
            async with at_place(folder) as place:
                if service is not None:
                    return await restore_service(place, backup, service)
                return await restore_all(place, backup, keys=keys, erased=erased or ())
        except PostgresFailed as failed:
            typer.echo(f"termijn: {failed}", err=True)
            raise typer.Exit(1) from None

    manifest = asyncio.run(run())
    typer.echo(f"{service or 'All'} restored as of {manifest.began_at:%Y-%m-%d %H:%M} UTC, and held.")
    typer.echo(f"Now: termijn recover --dir {folder}")
