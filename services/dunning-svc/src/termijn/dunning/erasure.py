"""What stands in the way of forgetting an account here, and what of it is erased (CON-7)."""

from termijn.events.erasure import Obstacle
from termijn.kernel.ids import AccountId
from termijn.runtime.erasure import Forgetting, Found
from termijn.runtime.handling import Work
from termijn.runtime.sql import load

SQL = load("termijn.dunning", "erasure.sql")

FORGETTING = Forgetting(
    statements=(SQL["forget_holds"], SQL["forget_actors"]), blobs=(SQL["letters"], SQL["dossiers"]), mails=(SQL["mails"],)
)
"""Cases, steps and amounts name nobody; letters and case files do, and go."""


async def look(work: Work, account: AccountId) -> Found:
    """Claims in dunning or with the bailiff, and letters that are about to leave (CON-7)."""
    found = [
        Obstacle(kind=row["kind"], subject=row["number"], amount=row["open_amount"])
        for row in await work.fetch(SQL["cases"], work.provider, account)
    ]
    found += [
        Obstacle(kind="letter_due", subject=row["letter_id"], until=row["on_day"])
        for row in await work.fetch(SQL["letters_due"], work.provider, account)
    ]
    return Found(obstacles=tuple(found))
