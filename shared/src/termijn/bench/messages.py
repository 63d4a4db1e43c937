"""Messages for the benchmarks, as a transport delivers them: numbered densely per account, sealed in their envelopes."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from termijn.bench.meter import METER, CountUnits, PlaceMeter, UnitsCounted
from termijn.bench.meter_service import SOURCE
from termijn.bench.rig import CAUSE, PROVIDER, STARTS_AT
from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, derived_id
from termijn.runtime.service import TOPICS, Service
from termijn.runtime.transport.base import InRecord
from termijn.runtime.unit_of_work import UnitOfWork

PLACED_AT_ONCE = 250
"""Commands per transaction where something is only prepared."""
DAYS = 28


def counted(number: int, meter: str) -> UnitsCounted:
    """The fact number so-and-so: some 150 bytes."""
    day = date(2026, 1, 1) + timedelta(days=number % DAYS)
    return UnitsCounted(meter=meter, source=f"r-{number}", counted_on=day, units=number % 600, price=Decimal("0.0215"), remark="peak")


def account_of(number: int) -> AccountId:
    """The account number so-and-so."""
    return AccountId(f"a-{number:06d}")


def meter_of(account: str) -> str:
    """The meter of an account: each has one."""
    return f"meter-of-{account}"


class Source:
    """Makes messages of a publisher that does not run."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._made = 0

    def records(self, accounts: int, messages: int) -> Iterator[InRecord]:
        """So many messages, the accounts in turn."""
        for _ in range(messages):
            yield self._record(account_of(self._made % accounts))

    def _record(self, account: AccountId) -> InRecord:
        self._made += 1
        self._numbers[account] += 1
        event_id = derived_id("bench", self._made)
        envelope = Envelope(
            id=event_id,
            type=UnitsCounted.__name__,
            schema_version=UnitsCounted.SCHEMA_VERSION,
            publisher=SOURCE,
            provider=PROVIDER,
            account=account,
            number=self._numbers[account],
            stream=f"source-{PROVIDER}-{account}",
            version=self._numbers[account],
            occurred_at=STARTS_AT,
            recorded_at=STARTS_AT,
            actor=CAUSE.actor,
            why=CAUSE.why,
            correlation_id=event_id,
            causation_id=event_id,
        )
        value = msgspec.json.encode(counted(self._made, meter_of(account)))
        headers = {"envelope": msgspec.json.encode(envelope)}
        return InRecord(topic=TOPICS[SOURCE], partition=0, offset=self._made, key=f"{PROVIDER}/{account}", value=value, headers=headers)


async def place_meters(service: Service, commands: list[PlaceMeter]) -> None:
    """Give accounts their meters through the write path; command number n is for account n."""
    for start in range(0, len(commands), PLACED_AT_ONCE):

        async def act(work: UnitOfWork, start: int = start) -> None:
            page = commands[start : start + PLACED_AT_ONCE]
            await work.prefetch([(METER, command.meter) for command in page])
            for number, command in enumerate(page, start=start):
                await work.execute(METER, command.meter, command, account=account_of(number))

        await service.run(provider=PROVIDER, cause=CAUSE, act=act)


async def count_units(service: Service, first: int, last: int, accounts: int) -> None:
    """Facts number ``first`` up to ``last`` through the write path, in large pages: for stores that are only prepared."""
    for start in range(first, last, PLACED_AT_ONCE):

        async def act(work: UnitOfWork, start: int = start) -> None:
            numbers = range(start, min(start + PLACED_AT_ONCE, last))
            await work.prefetch([(METER, meter_of(account_of(number % accounts))) for number in numbers])
            for number in numbers:
                account = account_of(number % accounts)
                fact = counted(number, meter_of(account))
                command = CountUnits(
                    now=work.now,
                    meter=fact.meter,
                    source=fact.source,
                    counted_on=fact.counted_on,
                    units=fact.units,
                    price=fact.price,
                    remark=fact.remark,
                )
                await work.execute(METER, fact.meter, command, account=account)

        await service.run(provider=PROVIDER, cause=CAUSE, act=act)
