"""Leases: a monthly article for so many months, a task before the end, and the end."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_errors import LeaseIsOver
from termijn.contracts.lease import LEASE, EndLease, EndLeaseEarly, ExtendLease, LeaseEndDue, LeaseEndNears, StartLease, last_day
from termijn.events.goods import LeaseEnded, LeaseExtended, LeaseId, LeaseStarted
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import NONE
from termijn.kernel.tariff import Article, Billing, Tariff
from termijn.runtime.aggregate import CancelTimer, SetTimer
from termijn.testing.spec import spec

L, M = LeaseId("l-1"), ModuleId("l-1-module")
NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)


def tariff(every_months: int = 1) -> Tariff:
    article = Article(article_id=ArticleId("rent"), title="Rent", net_price=Decimal("25.00"), billing=Billing(every_months=every_months))
    return Tariff(tariff_id=TariffId("rent"), version=1, title="Workplace", module="hardware", notice=NONE, articles=(article,))


def start(**other: Any) -> StartLease:
    facts: dict[str, Any] = {"months": 36, "starts_on": date(2026, 6, 10), "warning_days": 30, "tariff": tariff(), "order_id": None}
    return StartLease(now=NOW, lease_id=L, module_id=M, **{**facts, **other})


def timers(term: int, ends_on: date, warn_on: date, after: date) -> tuple[SetTimer, SetTimer]:
    return (
        SetTimer(occasion=f"near/{term}", due_at=at(warn_on, "08:00"), wake_up=LeaseEndNears(ends_on=ends_on)),
        SetTimer(occasion=f"end/{term}", due_at=at(after, "00:00"), wake_up=LeaseEndDue(ends_on=ends_on), rank=1),
    )


@pytest.mark.rule("CON-11", "TIM-1")
def test_a_lease_of_36_months_ends_the_day_before_the_same_numbered_one_and_warns_before() -> None:
    """From 10 June 2026 to 9 June 2029; the task is there 30 days before."""
    ends_on, warn_on = date(2029, 6, 9), date(2029, 5, 10)
    leased = spec(LEASE).when(start())
    leased.then(
        LeaseStarted(lease_id=L, module_id=M, title="Workplace", months=36, starts_on=date(2026, 6, 10), ends_on=ends_on, warn_on=warn_on)
    ).then_timers(*timers(1, ends_on, warn_on, date(2029, 6, 10)))
    over = EndLease(now=at(date(2029, 6, 10), "00:00"), lease_id=L, ends_on=ends_on)
    leased.when(over, over).then(LeaseEnded(lease_id=L, module_id=M, ended_on=ends_on))
    leased.when(ExtendLease(now=NOW, lease_id=L, months=1, warning_days=30)).then_refused(LeaseIsOver)
    leased.when(start()).then_refused(AlreadyThere, "lease_id")


@pytest.mark.rule("CON-11")
def test_a_prolonged_lease_counts_from_its_start_and_has_new_timers() -> None:
    """A lease of the 31st of January: one month ends 27 February, two end 30 March, not 27 or 28 March."""
    assert (last_day(date(2026, 1, 31), 1), last_day(date(2026, 1, 31), 2)) == (date(2026, 2, 27), date(2026, 3, 30))
    leased = spec(LEASE).when(start(starts_on=date(2026, 1, 31), months=1))
    ends_on, warn_on = date(2026, 3, 30), date(2026, 2, 28)
    longer = ExtendLease(now=NOW, lease_id=L, months=1, warning_days=30)
    leased.when(longer).then(LeaseExtended(lease_id=L, module_id=M, months=2, ends_on=ends_on, warn_on=warn_on))
    gone = (CancelTimer(occasion="near/1"), CancelTimer(occasion="end/1"))
    leased.then_timers(*gone, *timers(2, ends_on, warn_on, date(2026, 3, 31)))
    leased.when(EndLease(now=at(date(2026, 2, 28), "00:00"), lease_id=L, ends_on=date(2026, 2, 27))).then_nothing()


@pytest.mark.rule("CON-11")
def test_a_lease_needs_a_monthly_article_and_a_term_that_can_be() -> None:
    """Also when it is prolonged."""
    spec(LEASE).when(start(tariff=tariff(3))).then_refused(InvalidInput, "tariff_id")
    spec(LEASE).when(start(months=121)).then_refused(InvalidInput, "months")
    spec(LEASE).when(start(months=0)).then_refused(InvalidInput, "months")
    longer = ExtendLease(now=NOW, lease_id=L, months=85, warning_days=30)
    spec(LEASE).when(start()).when(longer).then_refused(InvalidInput, "months")
    spec(LEASE).when(msgspec.structs.replace(longer, months=1)).then_refused(NotFound)


@pytest.mark.rule("CON-11", "TIM-1")
def test_a_lease_is_over_with_its_module_where_that_ends_before() -> None:
    """Once, without its timers; on the lease's last day its own timer ends it."""
    longer = (start(months=1), ExtendLease(now=NOW, lease_id=L, months=1, warning_days=30))
    over = EndLeaseEarly(now=NOW, lease_id=L, ended_on=date(2026, 7, 3))
    early = spec(LEASE).when(*longer).when(over, over, EndLease(now=NOW, lease_id=L, ends_on=date(2026, 8, 9)))
    early.then(LeaseEnded(lease_id=L, module_id=M, ended_on=date(2026, 7, 3)))
    early.then_timers(CancelTimer(occasion="near/2"), CancelTimer(occasion="end/2"))
    whole = spec(LEASE).when(*longer).when(msgspec.structs.replace(over, ended_on=date(2026, 8, 9))).then_nothing()
    whole.when(EndLease(now=at(date(2026, 8, 10), "00:00"), lease_id=L, ends_on=date(2026, 8, 9))).then_types(LeaseEnded).then_timers()
    spec(LEASE).when(over).then_refused(NotFound)
