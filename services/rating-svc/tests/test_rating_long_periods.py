"""INV-2, CAT-3: articles that bill every half year or every few years, as closings bill them."""

from datetime import date
from typing import Any

import pytest

from termijn.events.contracts import ModuleCancelled
from termijn.events.rating import PeriodRated
from termijn.kernel.ids import ModuleId
from termijn.kernel.period import Month
from termijn.rating.rated_account import RATED_ACCOUNT, ClosingAwaited, RatedAccount
from termijn.testing.spec import sequence_of


def closed(make: Any, months: list[str], *facts: Any, later: dict[str, Any] | None = None) -> dict[str, list[tuple[str, str, str]]]:
    """What the closing of each month bills: (first day, last day, net); ``later`` happens before the month of its name closes."""
    state: RatedAccount = RATED_ACCOUNT.initial
    for fact in facts:
        state = RATED_ACCOUNT.evolve(state, fact)
    rated: list[Any] = []
    told: dict[str, list[tuple[str, str, str]]] = {}
    for number, month in enumerate(months, start=1):
        if later and month in later:
            state = RATED_ACCOUNT.evolve(state, later[month])
        state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period=month))
        events = RATED_ACCOUNT.decide(make.close(state, month, number, billed=rated), state)
        for event in events:
            state = RATED_ACCOUNT.evolve(state, event)
        new = sequence_of(events, PeriodRated)
        rated += new
        lines = [(str(line.period_from), str(line.period_until), str(line.net)) for event in new for line in event.lines]
        told |= {month: lines} if lines else {}
    return told


def months(first: str, count: int) -> list[str]:
    found = [Month.parse(first)]
    while len(found) < count:
        found.append(found[-1].next())
    return [str(month) for month in found]


@pytest.mark.rule("INV-2", "CAT-3")
def test_half_years_follow_the_calendar(make: Any) -> None:
    """From 1 April: a part price for the rest of the half year, then each half year ahead."""
    ordered = make.ordered(make.tariff(make.article("backup", "181.00", every=6)), date(2026, 4, 1))
    assert closed(make, months("2026-04", 10), ordered) == {
        "2026-04": [("2026-01-01", "2026-06-30", "91.00")],
        "2026-06": [("2026-07-01", "2026-12-31", "181.00")],
        "2026-12": [("2027-01-01", "2027-06-30", "181.00")],
    }


@pytest.mark.rule("INV-2", "CAT-3")
def test_two_years_run_from_the_start_and_unused_days_come_back(make: Any) -> None:
    """A domain for two years at once; ended half-way it is credited by day, unless the article says that it is not."""
    ends = ModuleCancelled(module_id=ModuleId("m-1"), notice_on=date(2027, 2, 1), ends_on=date(2027, 3, 14), explanation="x")
    article = make.article("domain", "73.10", every=24)
    ordered = make.ordered(make.tariff(article), date(2026, 3, 15))
    assert closed(make, months("2026-03", 26), ordered) == {
        "2026-03": [("2026-03-15", "2028-03-14", "73.10")],
        "2028-02": [("2028-03-15", "2030-03-14", "73.10")],
    }
    told = closed(make, months("2026-03", 13), ordered, later={"2027-02": ends})
    # 2026-03-15 to 2028-03-14 is 731 days, of which 365 were served.
    assert told["2027-02"] == [("2026-03-15", "2028-03-14", "-36.60")]
