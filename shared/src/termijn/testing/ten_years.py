"""Years of a provider in a sandbox, to see whether anything grows that should not: ``python -m termijn.testing.ten_years``.

Accounts that pay in time, by debit and by transfer, that pay late month after month, and one that never pays; calls every month,
more and fewer workplaces every year. Measured per year: what the process computed, how many rows PostgreSQL read, how large states,
snapshots and tables are. Machine time is left out: it says more of the neighbours than of us.
"""

import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import asyncpg
import msgspec

from termijn.embedded import postgres
from termijn.embedded.databases import SUPERUSER
from termijn.embedded.installation import open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.kernel.period import Month
from termijn.runtime.service import Service
from termijn.testing.story import CALLS, FIRST_DAY, MONTHLY_FEE, OPENS_AT, MadeCall, Story

SERVICES = ("contracts", "rating", "invoice", "dunning")
LATE_DAY, PAY_DAY = 27, 12
"""Days of the month on which customers pay: after the second reminder of the month before, and in time."""

PASSING = ("outbox", "unjournaled_unit", "arrived_fact", "waiting_message", "parked_message", "worker_failure")
"""Tables whose rows stay for seconds."""

_keys = itertools.count()

_UNITS = "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('unjournaled_unit', 'position')::regclass), 0)"
_ROWS_READ = "select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint from pg_stat_user_tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What one year cost.

    ``commands``: transactions, which are calls, pages of messages and pages of timers. ``states``: the largest of each kind, in bytes.
    ``left_over``: rows in tables that are empty when nothing moves. ``database_mib``: all four services.
    """

    year: int
    commands: int
    cpu_seconds: float
    rows_read: int
    events_decoded: int
    documents: int
    letters: int
    states: dict[str, int]
    snapshot_bytes: int
    timers: int
    waiting_timers: int
    left_over: int
    database_mib: int

    @property
    def decoded_per_command(self) -> float:
        """Events that were read to build states, read models and public events. The same on every machine."""
        return self.events_decoded / self.commands

    @property
    def rows_per_command(self) -> float:
        """Rows that PostgreSQL read."""
        return self.rows_read / self.commands

    @property
    def cpu_ms_per_command(self) -> float:
        """What this process computed."""
        return 1000 * self.cpu_seconds / self.commands


@dataclass(slots=True)
class Meter:
    """Counts what is read and decided in all services of one installation."""

    story: Story
    decoded: int = 0
    before: tuple[int, float, int, int] = (0, 0.0, 0, 0)

    def __post_init__(self) -> None:
        for service in self.story.installation.services:
            self._count(service)

    def _count(self, service: Service) -> None:
        decode = service.plant.registry.decode

        def counted(*args: object) -> object:
            self.decoded += 1
            return decode(*args)  # type: ignore[arg-type]

        service.plant.registry.decode = counted  # type: ignore[method-assign, assignment]

    async def start(self) -> None:
        """A new year."""
        self.before = await self._now()

    async def stop(self, year: int) -> Year:
        """What the year came to."""
        commands, cpu, rows, decoded = (now - then for now, then in zip(await self._now(), self.before, strict=True))
        services = {service.name: service for service in self.story.installation.services}
        return Year(
            year=year,
            commands=int(commands),
            cpu_seconds=round(float(cpu), 2),
            rows_read=int(rows),
            events_decoded=int(decoded),
            documents=await self._asked("invoice", "select count(*) from document"),
            letters=await self._asked("dunning", "select count(*) from letter"),
            states={name: size for service in services.values() for name, size in _states(service).items()},
            snapshot_bytes=max(
                [await self._asked(name, "select coalesce(max(length(sealed_state)), 0) from snapshot") for name in SERVICES]
            ),
            timers=sum([await self._asked(name, "select count(*) from timer") for name in SERVICES]),
            waiting_timers=sum(
                [await self._asked(name, "select count(*) from timer where fired_at is null and cancelled_at is null") for name in SERVICES]
            ),
            left_over=sum([await self._asked(name, f"select count(*) from {table}") for name in SERVICES for table in PASSING]),
            database_mib=sum([await self._asked(name, "select pg_database_size(current_database())") for name in SERVICES]) // 2**20,
        )

    async def _now(self) -> tuple[int, float, int, int]:
        cpu = time.process_time()
        commands = sum([await self._asked(name, _UNITS) for name in SERVICES])
        rows = sum([await self._asked(name, _ROWS_READ) for name in SERVICES])
        return commands, cpu, rows, self.decoded

    async def _asked(self, service: str, sql: str) -> int:
        connection = await asyncpg.connect(self.story.server.dsn(f"{self.story.prefix}_{service}", SUPERUSER))
        try:
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()


def _states(service: Service) -> dict[str, int]:
    """The largest state of each kind, in bytes of JSON, of the streams that were used lately."""
    found: dict[str, int] = {}
    for (_, stream), loaded in service.plant.cache._streams.items():
        kind = f"{service.name}/{stream[: stream.index('-')]}"
        found[kind] = max(found.get(kind, 0), len(msgspec.json.encode(loaded.state)))
    return found


@dataclass(slots=True)
class Customers:
    """Who there is, by how they pay. Each is a fifth of all; the last one never pays."""

    story: Story
    accounts: Sequence[str]
    debit: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    async def open(self) -> None:
        """The shop and everybody in it."""
        await self.story.open_shop(MONTHLY_FEE, CALLS)
        for number, account in enumerate(self.accounts):
            is_debit = number % 5 == 1
            await self.story.customer(account, debit=is_debit, term_days=14)
            await self.story.order(account, "workplace")
            if number % 5 in (0, 3):
                await self.story.order(account, "calls", subject=str(100 + number))
            if is_debit:
                self.debit.add(account)
            if number % 5 == 2:
                self.late.add(account)

    @property
    def never(self) -> str:
        """Whoever goes to the bailiff every time."""
        return self.accounts[-1]

    async def month(self, month: Month) -> None:
        """Calls, invoices, payments."""
        callers = [number for number in range(len(self.accounts)) if number % 5 in (0, 3)]
        first = month.first
        made = [
            MadeCall(call_id=f"{month}-{number}-{day}", on=first + timedelta(days=day), seconds=60 + number, subject=str(100 + number))
            for number in callers
            for day in (3, 17)
        ]
        await self.story.until(first.replace(day=PAY_DAY), "12:00")
        await self._pay([a for a in self.accounts if a not in self.late and a != self.never])
        if first.month == 6:
            for account in self.accounts[:: len(self.accounts) // 2]:
                body = {"quantity": 1 + first.year % 3}
                await self.story.call("POST", f"/contracts/accounts/{account}/modules/{account}-workplace/scaling", body)
        await self.story.until(first.replace(day=LATE_DAY), "12:00")
        await self.story.calls(*made)
        await self._pay(sorted(self.late))

    async def _pay(self, accounts: Sequence[str]) -> None:
        for account in accounts:
            for invoice in await self.story.items("/invoice/invoices", account=account, state="open"):
                due = date.fromisoformat(invoice["due_on"])
                if Decimal(invoice["open"]) and (account not in self.debit or due <= self.story.today):
                    await self.story.pay(invoice, method="direct_debit" if account in self.debit else "transfer")


async def live(server: EmbeddedPostgres, folder: Path, prefix: str, *, accounts: int, years: int) -> AsyncIterator[Year]:
    """Year by year; the books must hold at the end of each."""
    async with open_installation(folder, sandbox_start=OPENS_AT, server=server, prefix=prefix) as installation:
        story = Story(installation=installation, server=server, prefix=prefix, _keys=_keys)
        customers = Customers(story, [f"customer-{number:02d}" for number in range(1, accounts + 1)])
        await customers.open()
        meter = Meter(story)
        month = Month.of(FIRST_DAY)
        for year in range(1, years + 1):
            await meter.start()
            for _ in range(12):
                await customers.month(month)
                month = month.next()
            yield await meter.stop(year)
        await story.verify()


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[EmbeddedPostgres, Path]]:
    with tempfile.TemporaryDirectory(prefix="termijn-ten-years-", ignore_cleanup_errors=True) as name:
        server = await postgres.start(Path(name) / "postgres")
        try:
            yield server, Path(name)
        finally:
            await server.stop()


async def _main(years: int, accounts: int) -> None:
    async with _server() as (server, folder):
        async for year in live(server, folder / "there", "years", accounts=accounts, years=years):
            figures = asdict(year) | {
                "decoded_per_command": round(year.decoded_per_command, 2),
                "rows_per_command": round(year.rows_per_command, 1),
                "cpu_ms_per_command": round(year.cpu_ms_per_command, 2),
            }
            sys.stdout.write(json.dumps(figures) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, int(sys.argv[2]) if len(sys.argv) > 2 else 20))
