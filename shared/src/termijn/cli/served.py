"""What commands share that may work on a service of a deployment instead of an installation's folder."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from termijn.runtime.service import Service

ResultT = TypeVar("ResultT")

Served = Annotated[
    str | None,
    typer.Option("--served", metavar="SERVICE", help="A service of a deployment, told by the variables of `termijn serve`; no folder."),
]


def with_served(name: str, act: "Callable[[Service], Awaitable[ResultT]]") -> ResultT:
    """Open the service beside the processes that serve it, act, close it."""

    async def run() -> ResultT:
        # Imported here, so that `--help` does not load four services.
        from termijn.deployment.serving import open_service  # noqa: PLC0415
        from termijn.deployment.settings import read_settings  # noqa: PLC0415

        async with open_service(name, read_settings(os.environ)) as serving:
            return await act(serving.service)

    return asyncio.run(run())
