"""``termijn demo``: six months of a made-up provider on an embedded installation, as a story or as figures."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from termijn.cli.folder import DEFAULT_FOLDER, Folder
from termijn.demo.desk import Refused
from termijn.demo.journal import OtherSeed

if TYPE_CHECKING:
    from termijn.demo.run import Played

app = typer.Typer()

STORY_COLUMNS = 110
"""How wide the story is where the output is not a terminal."""


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
    transport: Annotated[str, typer.Option(help="How the services reach each other: log or kafka.")] = "log",
    kafka_bootstrap: Annotated[
        str | None,
        typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="Brokers as host:port. Without: a broker of its own, with Java and Maven."),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    seed: Annotated[int, typer.Option(help="Another seed makes other calls.")] = 1,
) -> None:
    """Six months of a provider: orders, call records, invoices, direct debits, letters, a suspension and a bailiff."""
    # Imported here, as below: the command line must answer --help without loading four services.
    from termijn.demo.run import OccupiedFolder  # noqa: PLC0415
    from termijn.demo.story import tell  # noqa: PLC0415

    try:
        played = asyncio.run(_play_with_progress(folder, seed=seed, transport=transport, kafka_bootstrap=kafka_bootstrap))
    except (OtherSeed, OccupiedFolder) as occupied:
        raise typer.BadParameter(str(occupied)) from None
    except Refused as refused:
        typer.echo(f"termijn: {refused}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(played.outcome.as_json(seconds=played.seconds, transport=played.transport)))
    else:
        # A file or a pipe has no width; the tables of the story need this much.
        console = Console(width=None if sys.stdout.isatty() else STORY_COLUMNS)
        tell(console, played.outcome, played.customers, seed=seed)
        console.print(f"\nPlayed in {played.seconds:.0f} s; the installation is in {folder}.", soft_wrap=True)
        console.print(how_to_go_on(folder), soft_wrap=True, highlight=False)
    if played.outcome.broken_laws:
        raise typer.Exit(1)


async def _play_with_progress(folder: Path, *, seed: int, transport: str, kafka_bootstrap: str | None) -> "Played":
    from termijn.demo.run import play  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Starting", total=1)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of)

        return await play(folder, seed=seed, transport=transport, kafka_bootstrap=kafka_bootstrap, progress=progress)


def how_to_go_on(folder: Path) -> str:
    """What to type next, as this was started: by make, as the command that the shell finds, or as the file that was called."""
    if "MAKELEVEL" in os.environ and folder == DEFAULT_FOLDER:
        up, verify = "make up", "make verify"
    else:
        found, called = shutil.which("termijn"), Path(sys.argv[0])
        is_found = found is not None and called.exists() and Path(found).samefile(called)
        program, where = "termijn" if is_found else sys.argv[0], "" if folder == DEFAULT_FOLDER else f" --dir {folder}"
        up, verify = f"{program} up{where}", f"{program} verify{where}"
    return f"Open it with: {up}\nCheck its books again with: {verify}"
