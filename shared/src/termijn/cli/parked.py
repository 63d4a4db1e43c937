"""``termijn parked``: accounts whose messages and timers wait for a person, with the reason."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.database import EVERY_PROVIDER

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer(help="Accounts that are parked: list them, and replay them when the cause is repaired.", no_args_is_help=True)


@app.command("list")
def list_parked(folder: Folder = DEFAULT_FOLDER, as_json: Annotated[bool, typer.Option("--json", help="A JSON array.")] = False) -> None:
    """Show every parked account, per service, with the reason and what waits behind it."""

    async def act(installation: "Installation") -> list[dict[str, Any]]:
        return [
            {"service": service.name, **{name: str(value) for name, value in row.items()}}
            for service in installation.services
            for row in await service.held.parked(EVERY_PROVIDER)
        ]

    rows = with_installation(folder, act)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['service']}: {row['provider']}/{row['account']}, {row['messages']} messages wait. {row['reason']}")
    if not rows:
        typer.echo("Nothing is parked.")


@app.command()
def replay(
    service: Annotated[str, typer.Argument(help="contracts, rating, invoice or dunning")],
    provider: Annotated[str, typer.Argument(help="The provider's id.")],
    account: Annotated[str, typer.Argument(help="The account's id.")],
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Handle what is parked for an account, in order, and let it flow again. Exit status 1 where it fails again.

    Example: termijn parked replay invoice demo bakker
    """

    async def act(installation: "Installation") -> str | None:
        replayed = await installation.service(service).held.replay(ProviderId(provider), AccountId(account))
        typer.echo(f"{replayed.handled} messages handled.")
        return replayed.stopped_by

    stopped_by = with_installation(folder, act)
    if stopped_by is not None:
        typer.echo(f"It failed again: {stopped_by}")
        raise typer.Exit(1)
    typer.echo("The account flows again.")
