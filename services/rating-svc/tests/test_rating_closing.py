"""Months close on a real database: PeriodRated, PeriodCorrected, PeriodClosed, and the laws that must hold after it all."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from termijn.events.contracts import ModuleEnded, SubjectAssigned
from termijn.events.rating import PeriodClosed, PeriodCorrected, PeriodRated
from termijn.kernel.calendar import at
from termijn.kernel.ids import ModuleId, ProviderId
from termijn.rating.app import definition, routes
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.ingest import Intake
from termijn.rating.laws import LAWS, SUMS
from termijn.rating.rated_account import NO_USE
from termijn.rating.usage import Use, Voided
from termijn.rating.verify import verify

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def call(number: int, day: int, *, seconds: int = 60, month: int = 1) -> Use:
    start = datetime(2026, month, day, 12, tzinfo=UTC) + timedelta(seconds=number)
    return Use("pbx", f"c-{number}", "101", "call", start, seconds, 1_000_000, "")


class Rating:
    """rating-svc; account acc with module m-1 from 1 January: calls at 0.10, three minutes free, a base fee of 31.00."""

    def __init__(self, make: Any, it: Any) -> None:
        self.make, self.it = make, it
        self.intake = Intake(DeckLibrary(it.service.plant.blobs))

    async def order(self, provider: str = "belco", **more: Any) -> None:
        calls = self.make.article("calls", "0.10", key="call", unit="minute", included_quantity="3", counts_to_minimum=True)
        tariff = self.make.tariff(calls, self.make.article("base", "31.00"), **more)
        subject = SubjectAssigned(module_id=ModuleId("m-1"), subject="101", from_at=FIRST)
        await self.it.hear("contracts", self.make.ordered(tariff, FIRST.date()), subject, account="acc", provider=provider)

    async def take(self, *records: Use | Voided, provider: str = "belco") -> None:
        async with self.it.service.database.pool.acquire() as connection:
            await self.intake.ingest(connection, ProviderId(provider), records, actor="test")
        await self.it.settle()

    async def close(self, month: int) -> None:
        await self.it.advance_to(at(date(2026, month + 1, 1), "05:00"))

    async def published(self, kind: Any, provider: str = "belco") -> list[Any]:
        found: list[Any] = await self.it.published(kind, provider=provider)
        return found

    async def check(self, provider: str = "belco") -> None:
        assert await self.it.broken(LAWS) == []
        async with self.it.service.database.transaction(ProviderId(provider)) as connection:
            assert await verify(connection, ProviderId(provider)) == []


@pytest.fixture
async def rating(services: Any, make: Any) -> Rating:
    """The service before anything was ordered."""
    return Rating(make, await services.open(definition(), routes, now=at(FIRST.date(), "08:00")))


def nets(event: Any) -> list[tuple[str, str, str, int]]:
    return [(line.article, str(line.period_from), str(line.net), line.records) for line in event.lines]


@pytest.mark.rule("USE-9", "USE-11", "INV-2", "TIM-1")
async def test_a_month_closes_with_use_and_fees_and_late_use_is_corrected_at_the_next(rating: Rating) -> None:
    """Ten minutes in January, five more that come in February, one that is voided in March."""
    await rating.order()
    await rating.take(*(call(n, 5) for n in range(10)))
    await rating.close(1)
    january = (await rating.published(PeriodRated))[0]
    assert nets(january) == [("base", "2026-01-01", "31.00", 0), ("base", "2026-02-01", "31.00", 0), ("calls", "2026-01-01", "0.70", 10)]
    assert (january.digest.records, january.digest.seconds, january.closing) == (10, 600, 1)
    assert await rating.published(PeriodClosed) == [PeriodClosed(period="2026-01", closing=1, modules=("m-1",), running_modules=1)]

    await rating.take(*(call(n, 5) for n in range(10, 15)), call(20, 3, month=2))
    await rating.close(2)
    (correction,) = await rating.published(PeriodCorrected)
    assert (correction.period, correction.digest.records, nets(correction)) == ("2026-01", 15, [("calls", "2026-01-01", "0.50", 5)])
    february = (await rating.published(PeriodRated))[1]
    assert nets(february) == [("base", "2026-03-01", "31.00", 0), ("calls", "2026-02-01", "0.00", 1)]

    await rating.take(Voided("pbx", "c-3"))
    await rating.close(3)
    assert nets((await rating.published(PeriodCorrected))[1]) == [("calls", "2026-01-01", "-0.10", -1)]
    assert (await rating.published(PeriodRated))[2].digest == NO_USE
    await rating.check()
    assert (await rating.it.rows(SUMS["rated"]))[0]["amount"] == Decimal("125.10")


@pytest.mark.rule("USE-9")
async def test_use_that_comes_after_the_last_module_ended_gets_one_more_closing(rating: Rating) -> None:
    """Ended on 31 January, closed; a record of January comes on 10 March: billed by the closing of March."""
    await rating.order()
    await rating.it.hear("contracts", ModuleEnded(module_id=ModuleId("m-1"), ended_on=date(2026, 1, 31)), account="acc")
    await rating.close(1)
    assert (await rating.published(PeriodClosed))[0].running_modules == 0
    await rating.it.advance_to(at(date(2026, 3, 10), "12:00"))
    await rating.take(call(1, 5, seconds=600))
    await rating.close(3)
    assert [nets(event) for event in await rating.published(PeriodCorrected)] == [[("calls", "2026-01-01", "0.70", 1)]]
    assert len(await rating.published(PeriodClosed)) == 2
    await rating.check()


@pytest.mark.rule("INV-2", "TIM-1")
async def test_an_idle_account_that_orders_before_the_closing_of_the_first_is_billed_as_one_that_runs_already(rating: Rating) -> None:
    """At 02:00 both pay February that morning, under one closing number; who orders at 05:00 pays it in March, whether idle or not."""
    tariff = rating.make.tariff(rating.make.article("base", "28.00"), connect_fee="5")
    first = date(2026, 2, 1)
    await rating.order()
    for time_of_day in ("02:00", "05:00"):
        await rating.it.advance_to(at(first, time_of_day))
        for account in ("acc", f"idle-{time_of_day[:2]}"):
            order = rating.make.ordered(tariff, first, module=f"{account}-{time_of_day[:2]}")
            await rating.it.hear("contracts", order, account=account)
    await rating.it.settle()

    async def billed() -> dict[str, list[tuple[str, str, str, int]]]:
        return {event.module_id: nets(event) for event in await rating.published(PeriodRated) if event.module_id != "m-1"}

    morning = [("connect", "2026-02-01", "5.00", 0), ("base", "2026-02-01", "28.00", 0)]
    assert await billed() == {"acc-02": morning, "idle-02-02": morning}
    assert {(one.period, one.closing) for one in await rating.published(PeriodClosed)} == {("2026-01", 1)}
    await rating.close(2)
    march = ("base", "2026-03-01", "28.00", 0)
    assert await billed() == {"acc-02": [march], "idle-02-02": [march], "acc-05": [*morning, march], "idle-05-05": [*morning, march]}
    assert {(one.period, one.closing) for one in await rating.published(PeriodClosed)} == {("2026-01", 1), ("2026-02", 2)}
    await rating.check()


@pytest.mark.rule("USE-9")
@pytest.mark.parametrize("seed", [1, 2])
async def test_two_providers_with_the_same_records_in_another_order_are_billed_the_same(rating: Rating, seed: int) -> None:
    """One gets every record in time and in order; the other shuffled, some months late, some twice, in other batches."""
    random = Random(seed)
    records = [call(n, random.randint(1, 28), seconds=random.randint(0, 400), month=random.randint(1, 3)) for n in range(60)]
    late = {record: record.started_at.month + random.choice([0, 0, 1, 2]) for record in records}
    for provider in ("prompt", "tardy"):
        await rating.order(provider, minimum_turnover="4.00")
    for month in range(1, 6):
        await rating.take(*(r for r in records if r.started_at.month == month), provider="prompt")
        due = [r for r in records if late[r] == month] * 2
        random.shuffle(due)
        for start in range(0, len(due), 7):
            await rating.take(*due[start : start + 7], provider="tardy")
        await rating.close(month)
    totals = await rating.it.rows(
        "select provider, origin, period_from, sum(net) as net, sum(records) as records from billed_line group by 1, 2, 3 order by 2, 3"
    )
    by_provider = {name: [tuple(row)[1:] for row in totals if row["provider"] == name] for name in ("prompt", "tardy")}
    assert by_provider["prompt"] == [row for row in by_provider["tardy"] if any(row[2:])]
    assert any(row[0] == "minimum" for row in by_provider["prompt"])
    await rating.check("prompt")
    await rating.check("tardy")


@pytest.mark.rule("USE-9")
async def test_verify_names_a_closing_that_does_not_recompute(rating: Rating) -> None:
    """A record that slips in under a number that was closed already."""
    await rating.order()
    await rating.take(call(1, 5))
    await rating.close(1)
    await rating.it.rows(
        "insert into usage (provider, month, module_id, started_at, source, id, turn, account, usage_key, subject, seconds, quantity, "
        "destination, closing) values ('belco', '2026-01-01', 'm-1', $1, 'pbx', 'x', 1, 'acc', 'call', '101', 1, 1, '', 0)",
        FIRST,
    )
    async with rating.it.service.database.transaction(ProviderId("belco")) as connection:
        (mismatch,) = await verify(connection, ProviderId("belco"))
    assert (mismatch.period, mismatch.said_records, mismatch.found_records) == ("2026-01", 1, 2)
    assert {row["law"] for row in await rating.it.broken(LAWS)} == {"sums_are_the_records"}


async def test_read_models_rebuilt_are_the_same(rating: Rating) -> None:
    """Synchronous and asynchronous ones, from the store alone."""
    await rating.order()
    await rating.take(call(1, 5, seconds=600))
    await rating.close(1)
    tables = ("module", "module_tariff", "subject", "billed_line", "account_closing", "rated_period", "closed_period")
    before = {table: await rating.it.rows(f"select * from {table} order by 1, 2") for table in tables}
    for view in ("reference", "billed", "awaited", "closed"):
        await rating.it.service.rebuild(view)
    assert {table: await rating.it.rows(f"select * from {table} order by 1, 2") for table in tables} == before


async def test_use_that_bills_per_quarter_is_shown_in_each_of_its_months_with_all_of_the_quarter(rating: Rating) -> None:
    """A call of ten minutes in January and one of five in February: asked for in February it is the quarter so far, and so it is billed."""
    calls = rating.make.article("calls", "0.10", key="call", unit="minute", included_quantity="3", every=3)
    subject = SubjectAssigned(module_id=ModuleId("m-1"), subject="101", from_at=FIRST)
    await rating.it.hear("contracts", rating.make.ordered(rating.make.tariff(calls), FIRST.date()), subject, account="acc")
    await rating.take(call(1, 5, seconds=600), call(2, 5, seconds=300, month=2))

    async def shown(period: str) -> list[tuple[str, str, str, str]]:
        async with rating.it.client("manager") as http:
            use = (await http.get(f"/accounts/acc/use?period={period}")).json()
        billed = [one["net"] for one in use["billed"]]
        return [(one["net"], one["period_from"], one["period_until"], *billed) for one in use["costs"]]

    for month in (1, 2, 3):
        await rating.close(month)
        assert await shown("2026-02") == [("1.20", "2026-01-01", "2026-03-31", *(["1.20"] if month == 3 else []))]
    assert nets((await rating.published(PeriodRated))[2]) == [("calls", "2026-01-01", "1.20", 2)]
    assert await shown("2026-04") == []
