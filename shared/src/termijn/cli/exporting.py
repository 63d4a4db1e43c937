"""``termijn export``: what a running service has, into files."""

from pathlib import Path
from typing import Annotated

import typer

from termijn.cli.importing import HERE, Token, Url, answered
from termijn.keeping.catalogue_exchange import client_of, export_to

app = typer.Typer(help="Write what there is to files.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Write what there is to files."""


@app.command()
def catalogue(
    file: Annotated[Path, typer.Argument(help="The YAML to write; `-` prints it, without the rows of rate decks.")] = Path(
        "catalogue.yaml"
    ),
    url: Url = HERE,
    token: Token = None,
) -> None:
    """Write the whole catalogue as YAML for version control, with rate decks as CSV beside it, in decks/.

    Importing what was exported changes nothing.

    Example: termijn export catalogue catalogue.yaml
    """

    async def act() -> str:
        async with client_of(url, token) as client:
            return await export_to(client, None if str(file) == "-" else file)

    text = answered(act, url)
    typer.echo(text if str(file) == "-" else f"Wrote {file}.", nl=str(file) != "-")
