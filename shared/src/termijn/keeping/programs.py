"""pg_dump and pg_restore of the PostgreSQL that runs here."""

import asyncio
import os
import subprocess
from pathlib import Path

from termijn.embedded.postgres import PostgresFailed, program


async def dump(dsn: str, file: Path) -> None:
    """The whole database as of one moment, compressed. Raises ``PostgresFailed``."""
    await _run("pg_dump", "--format=custom", "--no-password", f"--file={file}", f"--dbname={dsn}")


async def load(dsn: str, file: Path) -> None:
    """Into an empty database, all or nothing. Raises ``PostgresFailed``."""
    await _run("pg_restore", "--exit-on-error", "--single-transaction", "--no-password", f"--dbname={dsn}", str(file))


async def _run(name: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(program(name)),
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise PostgresFailed(f"{name} failed with {process.returncode}: {said.decode(errors='replace').strip()}")
