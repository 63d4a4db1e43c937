"""Years pass, and a command costs what it cost in the first. A short life here; ``make ten-years`` lives ten with twenty accounts."""

import os
from pathlib import Path

import pytest

from termijn.embedded.postgres import EmbeddedPostgres
from termijn.testing.ten_years import Year, live

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(7200)]

YEARS = int(os.environ.get("TERMIJN_YEARS", "2"))
ACCOUNTS = int(os.environ.get("TERMIJN_ACCOUNTS", "5"))

DECODED_RATIO_MAX = 1.05
"""Events read per command, last year by the one that it is compared with. No machine and no neighbour changes it."""
ROWS_RATIO_MAX = 1.4 if YEARS > 2 else 2.0
"""Rows read per command. Without a vacuum in time an index has dead entries, and lists of documents grow; in the first year nobody is late
yet, so a life of two years has only that to compare with."""
CPU_RATIO_MAX = 2.0
"""Computing per command; on a machine with neighbours it varies by half."""
STATE_BYTES_MAX = 64 * 1024
"""The largest state of any stream: what a command that finds nothing in the cache has to read and build."""
TIMERS_PER_ACCOUNT_MAX = 13 * 10
"""Timers of thirteen months: closings, drafts, due days, debits, steps; of somebody late ten a month, of all others four."""


def said(years: list[Year]) -> str:
    """The figures, for whoever looks at a failure."""
    return "\n".join(
        f"{year.year}: {year.decoded_per_command:.2f} events, {year.rows_per_command:.0f} rows, {year.cpu_ms_per_command:.1f} ms, "
        f"{year.states}"
        for year in years
    )


async def test_the_cost_of_a_command_stays_flat_over_the_years(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Rows read, time computed, states, snapshots and timers; and the books hold in the end."""
    years = [year async for year in live(postgres_server, tmp_path, "years", accounts=ACCOUNTS, years=YEARS)]
    first, early, last = years[0], years[1 if YEARS > 2 else 0], years[-1]
    assert last.documents > first.documents * (YEARS - 1), "every year has its documents"
    assert last.decoded_per_command < early.decoded_per_command * DECODED_RATIO_MAX, said(years)
    assert last.rows_per_command < early.rows_per_command * ROWS_RATIO_MAX, said(years)
    assert last.cpu_ms_per_command < early.cpu_ms_per_command * CPU_RATIO_MAX, said(years)
    assert max(last.states.values()) < STATE_BYTES_MAX, said(years)
    assert last.snapshot_bytes < STATE_BYTES_MAX * 4 // 3 + 1024, "sealed, it is a third larger"
    assert last.timers < ACCOUNTS * TIMERS_PER_ACCOUNT_MAX, said(years)
    assert [year.left_over for year in years] == [0] * YEARS
