"""Records of a module read in pages into columns, and the digest over them (INV-17)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from termijn.events.rating import UsageDigest
from termijn.kernel.ids import ModuleId, ProviderId
from termijn.kernel.period import Month
from termijn.rating.deck_library import Sql
from termijn.rating.use import Records
from termijn.runtime.sql import load

SQL = load("termijn.rating", "closing.sql")
PAGE = 50_000
"""Records read at once: about 30 MB as rows, a tenth of that as columns."""
_BEFORE_ALL = datetime(1, 1, 2, tzinfo=UTC)

NO_RECORDS = Records(
    key=np.array([], dtype=np.str_),
    day=np.array([], dtype=np.int64),
    seconds=np.array([], dtype=np.int64),
    quantity=np.array([], dtype=np.int64),
    destination=np.array([], dtype=np.str_),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Use of one module as of a closing: its columns, and per month ("2026-03") the digest of its records."""

    records: Records
    digests: dict[str, UsageDigest]


async def read_records(sql: Sql, provider: ProviderId, module_id: ModuleId, *, first: Month, last: Month, closing: int) -> Read:
    """All records of the module in these months that count and carry a lower closing number, in order of start, source and id."""
    pages: list[Records] = []
    digests: dict[str, _Digest] = {}
    after: tuple[Any, ...] = (_BEFORE_ALL, "", "")
    while True:
        rows = await sql.fetch(SQL["records"], provider, module_id, first.first, last.first, closing, *after, PAGE)
        if rows:
            pages.append(_columns(rows))
            _add_to_digests(digests, rows)
            after = (rows[-1]["started_at"], rows[-1]["source"], rows[-1]["id"])
        if len(rows) < PAGE:
            return Read(records=_joined(pages), digests={period: digest.done() for period, digest in digests.items()})


class _Digest:
    """Grows with each record, in order."""

    def __init__(self) -> None:
        self.records = 0
        self.seconds = 0
        self.hash = hashlib.sha256()

    def done(self) -> UsageDigest:
        return UsageDigest(records=self.records, seconds=self.seconds, sha256=self.hash.hexdigest())


def _add_to_digests(digests: dict[str, _Digest], rows: Sequence[Any]) -> None:
    """Rows are in order of start, so each month is one run of them."""
    start = 0
    while start < len(rows):
        month = Month.of(date.fromordinal(rows[start]["day"]))
        last = month.last.toordinal()
        end = start
        while end < len(rows) and rows[end]["day"] <= last:
            end += 1
        digest = digests.setdefault(str(month), _Digest())
        digest.records += end - start
        digest.seconds += sum(row["seconds"] for row in rows[start:end])
        digest.hash.update("".join(f"{row['source']}\0{row['id']}\n" for row in rows[start:end]).encode())
        start = end


def _columns(rows: Sequence[Any]) -> Records:
    keys, days, seconds, quantities, destinations, *_ = zip(*rows, strict=True)
    return Records(
        key=np.array(keys, dtype=np.str_),
        day=np.array(days, dtype=np.int64),
        seconds=np.array(seconds, dtype=np.int64),
        quantity=np.array(quantities, dtype=np.int64),
        destination=np.array(destinations, dtype=np.str_),
    )


def _joined(pages: Sequence[Records]) -> Records:
    if not pages:
        return NO_RECORDS
    return Records(
        key=np.concatenate([page.key for page in pages]),
        day=np.concatenate([page.day for page in pages]),
        seconds=np.concatenate([page.seconds for page in pages]),
        quantity=np.concatenate([page.quantity for page in pages]),
        destination=np.concatenate([page.destination for page in pages]),
    )
