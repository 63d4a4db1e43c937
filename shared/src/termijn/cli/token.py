"""``termijn token``: a bearer token for a sandbox."""

from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer()


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="customer, manager, ops, collector or auditor")],
    provider: Annotated[str, typer.Argument(help="The provider's id.")],
    account: Annotated[str | None, typer.Option(help="The account, for a customer.")] = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Print a bearer token for the HTTP APIs of this installation, good for eight hours.

    Example: curl -H "Authorization: Bearer $(termijn token manager demo)" http://127.0.0.1:8080/invoice/invoices
    """

    async def act(installation: "Installation") -> str:
        return installation.token(role, provider, account)

    typer.echo(with_installation(folder, act))
