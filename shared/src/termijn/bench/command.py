"""``termijn bench command``: from a message to its committed events and outbox rows, one by one, in pages, and on one account."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from termijn.bench.measure import Figures, Say, Stopwatch, per_second, percentile_ms
from termijn.bench.messages import Source, account_of, counted, meter_of, place_meters
from termijn.bench.meter import METER, CountUnits, PlaceMeter
from termijn.bench.meter_service import owner
from termijn.bench.rig import CAUSE, PROVIDER, Rig, count, rigged
from termijn.runtime.inbox import Incoming
from termijn.runtime.service import POLL_RECORDS_MAX, Service
from termijn.runtime.transport.base import InRecord
from termijn.runtime.unit_of_work import UnitOfWork

DATABASE = "command"
CALLERS = 16
"""On the one account at once."""
WARMING_PER_ACCOUNT = 20


async def command(*, accounts: int, messages: int, say: Say) -> Figures:
    """``messages`` in pages, a fifth of it one by one, a tenth of it on one account by callers who all want it at once."""
    async with rigged(say) as rig:
        service = await rig.service(owner(), DATABASE)
        names = [account_of(number) for number in range(accounts)]
        await place_meters(service, [PlaceMeter(now=rig.clock.now(), meter=meter_of(a), place="cellar") for a in names])
        source = Source()
        say("the first messages, which are not measured: connections open and plans are made")
        warming = WARMING_PER_ACCOUNT * accounts
        await _singly(service, list(source.records(accounts, warming)))
        say(f"{messages // 5} messages of {accounts} accounts, a transaction each")
        singly, durations = await _singly(service, list(source.records(accounts, messages // 5)))
        say(f"{messages} messages in pages")
        paged = await _paged(service, list(source.records(accounts, messages)))
        say(f"{messages // 10} commands on one account, {CALLERS} callers at once")
        hot = await _hot(service, messages // 10)
        await _check(rig, warming + messages + messages // 5 + messages // 10, placed=accounts)
    return {
        "commands_per_second": per_second(messages // 5, singly),
        "paged_per_second": per_second(messages, paged),
        "hot_per_second": per_second(messages // 10, hot),
        "p50_ms": percentile_ms(durations, 50),
        "p99_ms": percentile_ms(durations, 99),
    }


async def _singly(service: Service, records: Sequence[InRecord]) -> tuple[float, list[float]]:
    """Each account's messages in their order, the accounts beside each other; seconds in all, and per message."""
    by_account: dict[str, list[InRecord]] = {}
    for record in records:
        by_account.setdefault(record.key, []).append(record)
    durations: list[float] = []

    async def one_account(mine: Sequence[InRecord]) -> None:
        for record in mine:
            started = perf_counter()
            await service.inbox.take([Incoming.of(record)], {})
            durations.append(perf_counter() - started)

    watch = Stopwatch()
    await asyncio.gather(*(one_account(mine) for mine in by_account.values()))
    return watch.seconds, durations


async def _paged(service: Service, records: Sequence[InRecord]) -> float:
    """As ``Service.consume`` takes what a poll returned, with offsets."""
    watch = Stopwatch()
    for start in range(0, len(records), POLL_RECORDS_MAX):
        polled = records[start : start + POLL_RECORDS_MAX]
        last = polled[-1]
        await service.inbox.take([Incoming.of(record) for record in polled], {(last.topic, last.partition): last.offset + 1})
    return watch.seconds


async def _hot(service: Service, commands: int) -> float:
    """As HTTP callers who all change one account: each command is a transaction, and all want the same stream."""
    account = account_of(0)
    numbers = iter(range(commands))

    async def caller() -> None:
        for number in numbers:

            async def act(work: UnitOfWork, number: int = number) -> None:
                fact = counted(number, meter_of(account))
                wanted = CountUnits(
                    now=work.now,
                    meter=fact.meter,
                    source=fact.source,
                    counted_on=fact.counted_on,
                    units=fact.units,
                    price=fact.price,
                    remark=fact.remark,
                )
                await work.execute(METER, fact.meter, wanted, account=account)

            await service.run(provider=PROVIDER, cause=CAUSE, act=act)

    watch = Stopwatch()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return watch.seconds


async def _check(rig: Rig, commands: int, *, placed: int) -> None:
    """Every command has its event, its outbox row and its place in the read model."""
    connection = await rig.raw(DATABASE)
    assert await count(connection, "event") == commands + placed, "a command has no event"
    assert await count(connection, "outbox") == commands, "an event was not put into the outbox"
    assert await count(connection, "parked_key") == 0, "an account was parked"
    assert await connection.fetchval("select sum(version) from meter") == commands + placed, "the read model missed an event"
