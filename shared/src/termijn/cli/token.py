"""``termijn token``: a bearer token for a sandbox."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer()


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="customer, manager, ops, collector or auditor")],
    provider: Annotated[str, typer.Argument(help="The provider's id.")],
    account: Annotated[str | None, typer.Option(help="The account, for a customer.")] = None,
    folder: Folder = DEFAULT_FOLDER,
    key_file: Annotated[
        Path | None, typer.Option(envvar="TERMIJN_SANDBOX_KEY_FILE", help="The secret itself, where services are served one by one.")
    ] = None,
) -> None:
    """Print a bearer token for the HTTP APIs of this installation, good for eight hours.

    Example: curl -H "Authorization: Bearer $(termijn token manager demo)" http://127.0.0.1:8080/invoice/invoices
    """
    if key_file is not None:
        typer.echo(_minted(key_file, role, provider, account))
        return

    async def act(installation: "Installation") -> str:
        return installation.token(role, provider, account)

    typer.echo(with_installation(folder, act))


def _minted(key_file: Path, role: str, provider: str, account: str | None) -> str:
    from termijn.kernel.ids import ProviderId  # noqa: PLC0415
    from termijn.runtime.http import Authority, Role, mint_token  # noqa: PLC0415

    if not key_file.exists():
        raise InvalidInput(field="--key-file", reason=f"there is no {key_file}; the first service that is served makes it")
    return mint_token(Authority.sandbox(key_file), provider=ProviderId(provider), role=Role(role), actor=role, account=account)
