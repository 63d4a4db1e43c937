"""Recomputing what closings said they rated: usage only grows, so the same records must give the same digest (INV-17)."""

from collections.abc import Sequence
from dataclasses import dataclass

from termijn.kernel.ids import AccountId, ModuleId, ProviderId
from termijn.kernel.period import Month
from termijn.rating.deck_library import Sql
from termijn.rating.rated_account import NO_USE
from termijn.rating.record_page import SQL, read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A closing whose records are not what it said. Names no record: ids may come from outside."""

    account: AccountId
    module_id: ModuleId
    period: str
    closing: int
    said_records: int
    found_records: int


async def verify(sql: Sql, provider: ProviderId) -> Sequence[Mismatch]:
    """Read all use of the provider again as of each closing; returns the closings that do not recompute, none when all do."""
    wrong = []
    for row in await sql.fetch(SQL["rated_periods"], provider):
        month = Month.parse(row["period"])
        read = await read_records(sql, provider, row["module_id"], first=month, last=month, closing=row["closing"])
        found = read.digests.get(row["period"], NO_USE)
        if (found.records, found.seconds, found.sha256) != (row["records"], row["seconds"], row["sha256"]):
            mismatch = Mismatch(
                account=row["account"],
                module_id=row["module_id"],
                period=row["period"],
                closing=row["closing"],
                said_records=row["records"],
                found_records=found.records,
            )
            wrong.append(mismatch)
    return wrong
