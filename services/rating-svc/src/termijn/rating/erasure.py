"""What stands in the way of forgetting an account here, and what of it is erased (CON-7, USE-13)."""

from termijn.events.erasure import Obstacle
from termijn.kernel.ids import AccountId
from termijn.kernel.period import Month
from termijn.runtime.erasure import Forgetting, Found
from termijn.runtime.handling import Trim, Work
from termijn.runtime.sql import load

SQL = load("termijn.rating", "erasure.sql")
RETENTION = load("termijn.rating", "retention.sql")

FORGETTING = Forgetting(
    statements=(
        SQL["forget_conflicts"],
        SQL["forget_suspended"],
        SQL["forget_unreadable"],
        SQL["forget_contents"],
        SQL["forget_calls_made"],
        SQL["forget_changes_of_subjects"],
        SQL["forget_subjects"],
        SQL["forget_serial_numbers"],
    ),
    waits_for=(SQL["wait_for_ingest"],),
)
"""Sums, digests and charge lines name nobody; they stay, so that every bill still recomputes (INV-17)."""


TRIMS = (
    Trim(table="usage_unreadable", queries=RETENTION),
    Trim(table="suspense", queries=RETENTION, is_domain_time=True),
    Trim(table="usage_conflict", queries=RETENTION, is_domain_time=True),
)
"""What belongs to nobody, and so goes with nobody: it waits for a person, but not for ever."""


async def look(work: Work, account: AccountId) -> Found:
    """What is not billed yet, or waits in suspense (CON-7)."""
    found = []
    for row in await work.fetch(SQL["unbilled"], work.provider, account):
        found.append(Obstacle(kind="unbilled", subject=row["month"], until=Month.parse(row["month"]).next().first))
    waiting = int((await work.fetch(SQL["in_suspense"], work.provider, account))[0]["records"])
    if waiting:
        found.append(Obstacle(kind="in_suspense", subject=f"{waiting} records"))
    return Found(obstacles=tuple(found))
