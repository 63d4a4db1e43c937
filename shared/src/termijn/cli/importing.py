"""``termijn import``: what is kept elsewhere, into a running service."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from termijn.keeping.catalogue_exchange import Refused, client_of, import_from, shown

app = typer.Typer(help="Bring in what is kept elsewhere.", no_args_is_help=True)

Url = Annotated[str, typer.Option(envvar="TERMIJN_URL", help="Where the services answer.")]
Token = Annotated[str | None, typer.Option(envvar="TERMIJN_TOKEN", help="A manager's bearer token.", show_envvar=True)]
HERE = "http://127.0.0.1:8080"


@app.callback()
def group() -> None:
    """Bring in what is kept elsewhere."""


@app.command()
def catalogue(
    file: Annotated[Path, typer.Argument(help="The YAML that `termijn export catalogue` writes; rate decks lie beside it.")],
    url: Url = HERE,
    token: Token = None,
    apply: Annotated[bool, typer.Option("--apply", "--yes", help="Do it; without this the plan is only shown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The plan as JSON.")] = False,
) -> None:
    """Put a whole catalogue in place: policy, indexing, notice rules, rate decks, tariffs. First shows what would change.

    Nothing is applied if anything is wrong. What changed becomes a new version; running modules stay on theirs.

    Example: termijn import catalogue catalogue.yaml --apply
    """

    async def act() -> dict[str, Any]:
        async with client_of(url, token) as client:
            return await import_from(client, file, is_applied=apply)

    plan = answered(act, url)
    if as_json:
        typer.echo(json.dumps(plan, indent=2, ensure_ascii=False))
        return
    for line in shown(plan):
        typer.echo(line)
    if plan["is_applied"]:
        typer.echo("Applied.")
    elif any(change["change"] in ("new", "changed") for change in plan["changes"]):
        typer.echo("Nothing was changed; add --apply to do it.")


def answered(act: Any, url: str) -> Any:
    """Run it; what the server refuses is told line by line (2), and a server that does not answer is told as such (1)."""
    try:
        return asyncio.run(act())
    except Refused as refused:
        for line in refused.told:
            typer.echo(f"termijn: {line}", err=True)
        raise typer.Exit(2) from None
    except httpx.TransportError as failure:
        typer.echo(f"termijn: {url} does not answer ({type(failure).__name__})", err=True)
        raise typer.Exit(1) from None
