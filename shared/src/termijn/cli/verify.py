"""``termijn verify``: do the books hold?"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation
    from termijn.embedded.verify import Books

app = typer.Typer()


@app.command()
def verify(
    folder: Folder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: verified is true, or the list of broken laws.")] = False,
) -> None:
    """Check every law of the books: nothing lost, nothing twice, every number once. Exit status 1 where one is broken.

    Example: termijn verify --dir .data
    """

    async def act(installation: "Installation") -> "Books":
        return await installation.books()

    books = with_installation(folder, act)
    if as_json:
        typer.echo(json.dumps({"verified": list(books.broken) or True, "in_transit": list(books.in_transit)}))
    else:
        for sentence in books.in_transit:
            typer.echo(f"In transit: {sentence}")
        for sentence in books.broken:
            typer.echo(f"Broken: {sentence}")
        if not books.broken:
            typer.echo("All laws hold: nothing lost, nothing twice, every number once.")
    raise typer.Exit(1 if books.broken else 0)
