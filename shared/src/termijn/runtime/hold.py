"""The hold: a service that came back from a backup decides nothing and tells nothing until a person lets it go on.

What it had told after the backup the others know, and it does not. Until that is put right (``catch_up.py``) it would give
numbers twice, send letters twice and decide on what is no longer true.
"""

from datetime import datetime

from termijn.kernel.errors import Refusal
from termijn.runtime.database import EVERY_PROVIDER, ServiceDatabase
from termijn.runtime.sql import load

SQL = load("termijn.runtime.schema", "keeping.sql")

JOURNAL_AHEAD = "the journal knows of later changes than the database"


class ServiceHeld(Refusal):
    """This service was restored from a backup and is held until it is released ({reason}). Reading works; try again later."""

    status = 503
    retry_helps = True


class Hold:
    """Whether one service is held. Only a restore puts it on, so it is looked for when the service is opened and while it lasts."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database
        self.reason: str | None = None
        self.since: datetime | None = None

    async def look(self) -> bool:
        """Read it from the database: another process may have released the service."""
        rows = await self._database.short(EVERY_PROVIDER, SQL["read_hold"])
        self.reason, self.since = (rows[0]["reason"], rows[0]["since"]) if rows else (None, None)
        return self.reason is not None

    async def place(self, reason: str) -> None:
        """Hold it from now on; where it is held already, the first reason stays."""
        await self._database.short(EVERY_PROVIDER, SQL["place_hold"], reason)
        await self.look()

    async def lift(self) -> None:
        """Let it go on."""
        await self._database.short(EVERY_PROVIDER, SQL["lift_hold"])
        await self.look()
