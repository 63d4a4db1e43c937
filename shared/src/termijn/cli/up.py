"""``termijn up``: all services and their OpenAPI pages on one port, data kept between runs."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from termijn.cli.folder import DEFAULT_FOLDER, Folder

app = typer.Typer()

DEFAULT_PORT = 8080


@app.command()
def up(
    folder: Folder = DEFAULT_FOLDER,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = DEFAULT_PORT,
    production: Annotated[bool, typer.Option("--production", help="A new installation runs on the real clock.")] = False,
    provider: Annotated[str, typer.Option(help="The provider that the printed token is for.")] = "demo",
    transport: Annotated[str | None, typer.Option(help="A new installation runs over log (the default) or kafka.")] = None,
) -> None:
    """Start all services and their OpenAPI pages on one port. Ctrl-C stops; the data stays.

    Example: termijn up --port 8080
    """
    asyncio.run(_serve(folder, port, provider, sandbox=not production, transport=transport))


async def _serve(folder: Path, port: int, provider: str, *, sandbox: bool, transport: str | None) -> None:
    import uvicorn  # noqa: PLC0415 - half a second that `--help` does not pay

    from termijn.embedded.installation import open_installation  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("starting PostgreSQL and four services"):
        stack = open_installation(folder, sandbox=sandbox, transport=transport)
        installation = await stack.__aenter__()
    try:
        installation.loops.start()
        address = f"http://127.0.0.1:{port}"
        console.print(f"Termijn runs at [bold]{address}[/] on the data of {folder}; Ctrl-C stops it.")
        for service in installation.services:
            console.print(f"  {address}/{service.name}/docs")
        console.print(f"The clock stands at {installation.clock.now():%Y-%m-%d %H:%M} UTC.")
        console.print(f"A manager's token for provider {provider}, good for eight hours:")
        console.print(installation.token("manager", provider), soft_wrap=True)
        server = uvicorn.Server(uvicorn.Config(installation.app, host="127.0.0.1", port=port, log_level="warning"))
        await server.serve()
    finally:
        await stack.__aexit__(None, None, None)
