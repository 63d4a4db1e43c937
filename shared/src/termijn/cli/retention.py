"""``termijn retention``: trim what is beyond its time now, instead of when it is a day beyond it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer()


@app.command()
def retention(folder: Folder = DEFAULT_FOLDER, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Trim messages that were seen (180 days), answers to calls (7 days) and timers that are over (13 months), in batches.

    Running services do this by themselves once a day; docs/retention.md says what every table keeps.

    Example: termijn retention
    """

    async def act(installation: "Installation") -> dict[str, dict[str, int]]:
        from termijn.runtime.retention import trim_now  # noqa: PLC0415 - `--help` loads no service

        return {service.name: await trim_now(service.write) for service in installation.services}

    gone = with_installation(folder, act)
    if as_json:
        typer.echo(json.dumps(gone))
        return
    for service, tables in gone.items():
        typer.echo(f"{service}: " + ", ".join(f"{rows} rows of {table}" for table, rows in tables.items()) + " removed.")
