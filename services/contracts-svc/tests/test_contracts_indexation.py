"""Indexation and migration: by how much, what becomes of a price, which versions, and how the long work goes on."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.indexation import (
    INDEXATION,
    DiscardIndexation,
    IndexationDiscarded,
    IndexationPlanned,
    IndexationStarted,
    IndexedVersion,
    PlanIndexation,
    StartIndexation,
)
from termijn.contracts.indexation_policy import INDEXING, Indexing, IndexingSet
from termijn.contracts.indexing import (
    IndexationPolicy,
    IndexFigure,
    PriceIndex,
    by_index,
    indexed,
    indexed_price,
    next_day_of,
    preview,
)
from termijn.contracts.migration import (
    MIGRATION,
    ONLY_MAX,
    MigrationAdvanced,
    MigrationFinished,
    MigrationStarted,
    NotePage,
    Skipped,
    StartMigration,
    VersionMove,
)
from termijn.kernel.calendar import add_months
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import MONTHLY
from termijn.kernel.tariff import Article, Tariff
from termijn.runtime.setting import Replace
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
CALLS = TariffId("calls")
percentages = st.decimals("-25", "25", places=2).filter(bool)
prices = st.integers(0, 6).flatmap(lambda places: st.decimals(0, 10_000, places=places))


@pytest.mark.rule("CAT-10")
@pytest.mark.parametrize(
    ("price", "percentage", "expected"),
    [
        ("9.90", "3.25", "10.22"),  # 10.22175
        ("10.00", "2.45", "10.25"),  # 10.245
        ("0.30", "-5", "0.29"),  # 0.285, half away from zero
        ("0.0125", "4", "0.0130"),
        ("0.005", "10", "0.006"),  # 0.0055
        ("7", "3", "7.21"),
        ("0", "3", "0"),
    ],
)
def test_a_price_is_rounded_to_cents_and_a_finer_one_keeps_its_decimals(price: str, percentage: str, expected: str) -> None:
    """Half away from zero, once."""
    assert indexed_price(Decimal(price), Decimal(percentage)) == Decimal(expected)


@pytest.mark.rule("CAT-10")
@given(price=prices, percentage=percentages)
def test_an_indexed_price_is_within_half_a_unit_of_the_exact_one(price: Decimal, percentage: Decimal) -> None:
    """Whatever the price; never negative, and it goes the way of the percentage."""
    made = indexed_price(price, percentage)
    exponent = price.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    unit = Fraction(1, 10 ** max(2, -exponent))
    exact = Fraction(price) * (100 + Fraction(percentage)) / 100
    assert abs(Fraction(made) - exact) <= unit / 2
    assert made >= 0 and (made - price) * percentage >= 0


@pytest.mark.rule("CAT-10")
def test_only_the_prices_of_articles_change() -> None:
    """Fees at start and end, minimum and limit stay as they were agreed; the preview tells old and new."""
    tariff = Tariff(
        tariff_id=CALLS,
        version=4,
        title="Calls",
        module="telephony",
        notice=MONTHLY,
        connect_fee=Decimal(25),
        disconnect_fee=Decimal(15),
        minimum_turnover=Decimal(10),
        cost_limit=Decimal(50),
        articles=(Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal("9.90"), counts_to_minimum=True),),
    )
    made = indexed(tariff, Decimal(10))
    assert made == msgspec.structs.replace(tariff, articles=(msgspec.structs.replace(tariff.articles[0], net_price=Decimal("10.89")),))
    assert [(one.article, one.old, one.new) for one in preview(tariff, Decimal(10))] == [("base", Decimal("9.90"), Decimal("10.89"))]


def index(*figures: tuple[str, str, date]) -> PriceIndex:
    made = (IndexFigure(period=period, value=Decimal(value), published_on=on) for period, value, on in figures)
    return PriceIndex(name="CPI", figures=tuple(made))


@pytest.mark.rule("CAT-10")
def test_an_index_counts_by_its_latest_published_figure_against_a_year_earlier() -> None:
    """A figure that is not published yet does not count; months go with the same month of the year before."""
    cpi = index(
        ("2024-10", "120.00", date(2024, 11, 15)),
        ("2025-10", "123.90", date(2025, 11, 15)),
        ("2025-11", "200.00", date(2025, 12, 15)),
        ("2026-10", "130.00", date(2026, 11, 15)),
    )
    found = by_index(cpi, today=date(2026, 3, 10))
    assert found.percentage == Decimal("3.25")
    assert "123.90 in 2025-10" in found.said
    assert by_index(cpi, today=date(2026, 11, 15)).percentage == Decimal("4.92")
    with pytest.raises(InvalidInput, match="no two figures"):
        by_index(cpi, today=date(2025, 1, 1))


@pytest.mark.rule("CAT-10")
@given(month=st.integers(1, 12), day=st.integers(1, 28), today=st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_the_next_day_of_the_policy_leaves_a_month_to_announce(month: int, day: int, today: date) -> None:
    """And is the first such day."""
    policy = IndexationPolicy(percentage=Decimal(3), month=month, day=day)
    found = next_day_of(policy, today=today)
    assert found >= add_months(today, 1)
    assert (found.month, found.day) == (month, day)
    assert found.replace(year=found.year - 1) < add_months(today, 1)


@pytest.mark.rule("CAT-10", "SEC-4")
@pytest.mark.parametrize(
    ("indexing", "field"),
    [
        (Indexing(policy=IndexationPolicy()), "policy.percentage"),
        (Indexing(policy=IndexationPolicy(percentage=Decimal(3), index="CPI"), indices=(index(),)), "policy.percentage"),
        (Indexing(policy=IndexationPolicy(percentage=Decimal(26))), "policy.percentage"),
        (Indexing(policy=IndexationPolicy(percentage=Decimal(0))), "policy.percentage"),
        (Indexing(policy=IndexationPolicy(index="CPI")), "policy.index"),
        (Indexing(policy=IndexationPolicy(percentage=Decimal(3), month=2, day=30)), "policy.day"),
        (Indexing(indices=(index(("2026", "0", date(2026, 1, 1))),)), "indices.0.figures.0.value"),
        (Indexing(indices=(index(("2026-13", "1", date(2026, 1, 1))),)), "indices.0.figures.0.period"),
        (Indexing(indices=(index(*[("2026", "1", date(2026, 1, 1))] * 2),)), "indices.0.figures.1.period"),
    ],
)
def test_a_policy_that_no_plan_could_follow_is_refused(indexing: Indexing, field: str) -> None:
    """With the field named."""
    spec(INDEXING).when(Replace(now=NOW, value=indexing)).then_refused(InvalidInput, field)


@pytest.mark.rule("CAT-10")
def test_a_sound_policy_is_set() -> None:
    """29 February is a day of a policy; in other years it is the 28th."""
    leap = Indexing(policy=IndexationPolicy(percentage=Decimal(3), month=2, day=29))
    spec(INDEXING).when(Replace(now=NOW, value=leap)).then(IndexingSet(version=1, indexing=leap))
    assert leap.policy is not None and next_day_of(leap.policy, today=date(2026, 1, 1)) == date(2026, 2, 28)


VERSIONS = (
    IndexedVersion(tariff_id=CALLS, version=1, takes_orders=False),
    IndexedVersion(tariff_id=CALLS, version=2, takes_orders=True),
)


def plan(**more: Any) -> PlanIndexation:
    fields: dict[str, Any] = {"effective_on": date(2026, 7, 1), "percentage": Decimal(3), "versions": VERSIONS, **more}
    return PlanIndexation(now=NOW, indexation_id="2026", basis="policy", **fields)


@pytest.mark.rule("CAT-10")
def test_an_indexation_is_planned_then_started_or_discarded_once() -> None:
    """Whoever starts it must see what is done: other versions in use by now ask for another plan."""
    planned = IndexationPlanned(
        indexation_id="2026", effective_on=date(2026, 7, 1), percentage=Decimal(3), basis="policy", versions=VERSIONS
    )
    spec(INDEXATION).when(plan()).then(planned)
    start = StartIndexation(now=NOW, indexation_id="2026", versions=VERSIONS)
    spec(INDEXATION).given(planned).when(start).then(IndexationStarted(indexation_id="2026"))
    spec(INDEXATION).given(planned).when(msgspec.structs.replace(start, versions=VERSIONS[:1])).then_refused(Conflict)
    late = msgspec.structs.replace(start, now=datetime(2026, 6, 2, 9, tzinfo=UTC))
    spec(INDEXATION).given(planned).when(late).then_refused(InvalidInput, "effective_on")
    discard = DiscardIndexation(now=NOW, indexation_id="2026")
    spec(INDEXATION).given(planned).when(discard).then(IndexationDiscarded(indexation_id="2026"))
    for after in (IndexationStarted(indexation_id="2026"), IndexationDiscarded(indexation_id="2026")):
        for command in (start, discard):
            spec(INDEXATION).given(planned, after).when(command).then_refused(Conflict)
        spec(INDEXATION).given(planned, after).when(plan()).then_refused(AlreadyThere)
    spec(INDEXATION).when(start).then_refused(NotFound)


@pytest.mark.rule("CAT-10")
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"effective_on": date(2026, 4, 9)}, "effective_on"),
        ({"percentage": Decimal(0)}, "percentage"),
        ({"percentage": Decimal("25.01")}, "percentage"),
        ({"versions": ()}, "tariffs"),
    ],
)
def test_a_plan_that_nobody_could_follow_is_refused(more: dict[str, Any], field: str) -> None:
    """Too soon to announce it, by nothing or far too much, over nothing."""
    spec(INDEXATION).when(plan(**more)).then_refused(InvalidInput, field)


MOVE = VersionMove(tariff_id=CALLS, from_version=1, to_version=2)
STARTED = MigrationStarted(migration_id="m", moves=(MOVE,), effective_on=date(2026, 7, 1), modules=3)


def start(**more: Any) -> StartMigration:
    fields: dict[str, Any] = {"moves": (MOVE,), "only": (), **more}
    return StartMigration(now=NOW, migration_id="m", effective_on=date(2026, 7, 1), is_indexation=False, modules=3, **fields)


def page(up_to: str | None, announced: int, *skipped: str, is_last: bool = False) -> NotePage:
    reasons = tuple(Skipped(module_id=ModuleId(one), reason="it ended") for one in skipped)
    at = ModuleId(up_to) if up_to is not None else None
    return NotePage(now=NOW, migration_id="m", up_to=at, announced=announced, skipped=reasons, is_last=is_last)


@pytest.mark.rule("CAT-5", "API-2")
def test_a_migration_goes_on_page_by_page_to_its_end() -> None:
    """Its events say how far it is, so a crash between two pages loses and repeats nothing."""
    spec(MIGRATION).when(start()).then(STARTED)
    first = spec(MIGRATION).given(STARTED).when(page("m2", 1, "m2")).then_types(MigrationAdvanced)
    assert (first.state.up_to, first.state.announced, first.state.skipped, first.state.status) == ("m2", 1, 1, "running")
    last = spec(MIGRATION).given(STARTED, *first.events).when(page("m3", 1, is_last=True))
    last.then_types(MigrationAdvanced, MigrationFinished)
    assert (last.state.announced, last.state.skipped, last.state.status) == (2, 1, "finished")
    assert last.events[-1] == MigrationFinished(migration_id="m", announced=2, skipped=1)
    spec(MIGRATION).given(STARTED, *first.events, *last.events).when(page("m4", 1)).then_nothing()
    spec(MIGRATION).given(STARTED).when(page(None, 0, is_last=True)).then_types(MigrationFinished)


@pytest.mark.rule("CAT-5")
def test_a_migration_happens_once_and_goes_somewhere() -> None:
    """The same id again is another migration's; nowhere to go is refused."""
    spec(MIGRATION).given(STARTED).when(start()).then_refused(AlreadyThere, "migration_id")
    spec(MIGRATION).when(start(moves=())).then_refused(InvalidInput, "to_version")
    spec(MIGRATION).when(start(only=tuple(ModuleId(f"m{n}") for n in range(ONLY_MAX + 1)))).then_refused(InvalidInput, "modules")
