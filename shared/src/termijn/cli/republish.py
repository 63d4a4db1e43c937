"""``termijn republish``: tell again what was told, under the same ids and numbers."""

from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.cli.served import Served, with_served
from termijn.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation
    from termijn.runtime.service import Service

app = typer.Typer()


@app.command()
def republish(  # noqa: PLR0917 - typer passes by name
    since: Annotated[str, typer.Option(help="A day (2026-03-01), or a number: from that message of each account on.")],
    service: Annotated[str | None, typer.Option(help="Only what this one told: contracts, rating, invoice or dunning.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only of this provider.")] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    served: Served = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Make public events anew from the stored ones and tell them again.

    Listeners recognise what they have; what they lack fills the gaps in their numbers. An account that a gap has parked flows
    again with `termijn parked replay`.

    Example: termijn republish --since 2026-03-01 --service invoice --account bakker
    """

    async def tell(each: "Service") -> None:
        from termijn.keeping.republish import Since  # noqa: PLC0415 - `--help` loads no service
        from termijn.keeping.republish import republish as tell_again  # noqa: PLC0415

        done = await tell_again(each, Since.parse(since), provider=provider, account=account)
        typer.echo(f"{each.name}: {done.messages} messages of {done.accounts} accounts told again.")

    async def in_folder(installation: "Installation") -> None:
        chosen = [each for each in installation.services if service in (None, each.name)]
        if not chosen:
            raise InvalidInput(field="--service", reason=f"there is no service {service}")
        for each in chosen:
            await tell(each)
        await installation.settle()

    if served is None:
        with_installation(folder, in_folder)
    elif service not in (None, served):
        raise InvalidInput(field="--service", reason=f"of {served}, which --served names, only what it told itself can be told again")
    else:
        with_served(served, tell)
