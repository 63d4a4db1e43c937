"""``termijn serve``: one service alone, for deployments; any number of processes of it."""

import asyncio
import os
from typing import Annotated

import typer

from termijn.deployment.settings import read_settings, table

app = typer.Typer()

SERVICES = "contracts, rating, invoice or dunning"


HELP = f"""Serve one service until SIGTERM: HTTP, messages, dates. Run as many of each as you like.

PostgreSQL, Kafka and the rest are told by environment variables; NAME_FILE may name a file with the value of NAME:

\b
{table()}

Example: termijn serve rating
"""


@app.command(help=HELP)
def serve(service: Annotated[str, typer.Argument(help=SERVICES)]) -> None:
    """Serve one service until SIGTERM."""
    # Imported here: the command line must answer --help without loading four services.
    from termijn.deployment.serving import serve as run  # noqa: PLC0415
    from termijn.runtime.handling import Transient  # noqa: PLC0415

    settings = read_settings(os.environ)
    try:
        asyncio.run(run(service, settings))
    except (Transient, OSError) as error:
        typer.echo(f"termijn: {service} cannot start: {error}", err=True)
        raise typer.Exit(1) from None
