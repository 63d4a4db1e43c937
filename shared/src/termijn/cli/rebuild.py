"""``termijn rebuild``: build a read model anew from the events, while the service runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from termijn.cli.folder import DEFAULT_FOLDER, Folder, with_installation
from termijn.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

app = typer.Typer()


@app.command()
def rebuild(
    view: Annotated[str, typer.Argument(help="SERVICE/VIEW, a SERVICE for all of its views, or 'all'.")], folder: Folder = DEFAULT_FOLDER
) -> None:
    """Build read models anew from the events, beside the old ones, and swap.

    Example: termijn rebuild invoice/invoice_list
    """

    async def act(installation: "Installation") -> int:
        wanted = {
            service.name: [v.name for v in service.definition.views if view in ("all", service.name, f"{service.name}/{v.name}")]
            for service in installation.services
        }
        if not any(wanted.values()):
            known = ", ".join(f"{s.name}/{v.name}" for s in installation.services for v in s.definition.views)
            raise InvalidInput(field="view", reason=f"there is no view {view}; there are {known}")
        for service in installation.services:
            if names := wanted[service.name]:
                events = await service.rebuild(*names)
                typer.echo(f"{service.name}: {events} events into {', '.join(names)}")
        return sum(map(len, wanted.values()))

    with_installation(folder, act)
