"""What the commands that work on an installation share: where it is, and how to open it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from termijn.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from termijn.embedded.installation import Installation

ResultT = TypeVar("ResultT")

Folder = Annotated[Path, typer.Option("--dir", envvar="TERMIJN_DIR", help="The folder of the installation; made where it does not exist.")]
DEFAULT_FOLDER = Path(".data")


def with_installation(folder: Path, act: "Callable[[Installation], Awaitable[ResultT]]", *, must_exist: bool = True) -> ResultT:
    """Open the installation of the folder, act, close it. Raises ``InvalidInput`` where there is none."""
    if must_exist:
        must_be_there(folder)

    async def run() -> ResultT:
        # Imported here, so that `--help` does not load four services.
        from termijn.embedded.installation import open_installation  # noqa: PLC0415

        async with open_installation(folder) as installation:
            return await act(installation)

    return asyncio.run(run())


def must_be_there(folder: Path) -> None:
    """Raises ``InvalidInput`` where the folder has no installation."""
    if not (folder / "installation.json").exists():
        raise InvalidInput(field="--dir", reason=f"there is no installation in {folder}; make one with `termijn demo` or `termijn up`")
