"""``termijn backup``: everything of an installation in one folder, while it runs."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, must_be_there

if TYPE_CHECKING:
    from termijn.keeping.manifest import Manifest

app = typer.Typer()


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="An empty or new folder for this backup.")],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Dump every database, copy blobs and journal, and write down what is there, with hashes.

    Keys of personal data lie apart, in DIR/keys: keep them for a shorter time, and elsewhere. Running services need not stop.

    Example: termijn backup /backups/2026-03-01
    """
    must_be_there(folder)

    async def run() -> "Manifest":
        from termijn.embedded.postgres import PostgresFailed  # noqa: PLC0415 - `--help` loads no service
        from termijn.keeping.backup import backup as make  # noqa: PLC0415
        from termijn.keeping.place import at_place  # noqa: PLC0415

        try:
            async with at_place(folder) as place:
                return await make(place, target)
        except PostgresFailed as failed:
            typer.echo(f"termijn: {failed}", err=True)
            raise typer.Exit(1) from None

    manifest = asyncio.run(run())
    mib = sum(file.size_bytes for file in manifest.databases.values()) / 2**20
    typer.echo(f"{len(manifest.databases)} databases ({mib:.1f} MiB), {manifest.blobs} blobs, {len(manifest.journal)} journal segments.")
    typer.echo(f"The backup of {manifest.began_at:%Y-%m-%d %H:%M} UTC is in {target}; its keys are in {target / 'keys'}.")
