"""USE-6, USE-7: the examples of the rules to the cent, and laws about any amounts."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.period import Month
from termijn.rating.charge import targets_due
from termijn.rating.policy import Policy
from termijn.rating.timeline import begin
from termijn.rating.turnover import limited, top_up
from termijn.rating.use import rate_use

MARCH = Month(2026, 3)


def bill(make: Any, tariff: Any, *, uses: dict[str, int], starts_on: date = date(2026, 1, 1), quantity: int = 1) -> dict[str, Decimal]:
    """Net per article of March, for so many pieces per key."""
    timeline = begin("m-1", tariff, quantity=quantity, starts_on=starts_on, options=())  # type: ignore[arg-type]
    calls = [(key, make.noon(date(2026, 3, 20), n), 0, "1", "") for key, count in uses.items() for n in range(count)]
    used = rate_use(timeline, make.records(*calls), {}, month=MARCH, since=MARCH.first)
    targets = [t for t in targets_due(timeline, MARCH, MARCH.first, used, Policy()) if t.period.first == MARCH.first]
    return {t.article: t.net for t in targets}


def dictation_and_search(make: Any, **more: Any) -> Any:
    """Dictation at 5 is not flagged, Search at 1 is."""
    flags = {"counts_to_minimum": "minimum_turnover" in more, "counts_to_limit": "cost_limit" in more}
    return make.tariff(make.article("dictation", "5", key="dictation"), make.article("search", "1", key="search", **flags), **more)


@pytest.mark.rule("USE-6")
def test_minimum_turnover_as_in_the_rule(make: Any) -> None:
    """Minimum 10; one Dictation at 5 and five Search at 1: 5 + 10 = 15; the top-up is a line of its own."""
    billed = bill(make, dictation_and_search(make, minimum_turnover="10"), uses={"dictation": 1, "search": 5})
    assert billed == {"dictation": Decimal("5.00"), "search": Decimal("5.00"), "minimum": Decimal("5.00")}


@pytest.mark.rule("USE-6")
def test_the_minimum_is_billed_without_any_use_and_by_day_in_a_part_period(make: Any) -> None:
    """No use at all: 10.00; from 17 March: 15 of 31 days of 31.00."""
    assert bill(make, dictation_and_search(make, minimum_turnover="10"), uses={}) == {"minimum": Decimal("10.00")}
    billed = bill(make, dictation_and_search(make, minimum_turnover="31"), uses={}, starts_on=date(2026, 3, 17))
    assert billed == {"minimum": Decimal("15.00")}


@pytest.mark.rule("USE-7")
def test_cost_limit_as_in_the_rule(make: Any) -> None:
    """Limit 10; one Dictation at 5 and twenty Search at 1: 5 + 10 = 15."""
    billed = bill(make, dictation_and_search(make, cost_limit="10"), uses={"dictation": 1, "search": 20})
    assert billed == {"dictation": Decimal("5.00"), "search": Decimal("10.00")}


@pytest.mark.rule("USE-7")
def test_minimum_and_limit_are_not_multiplied_by_the_quantity(make: Any) -> None:
    """Five extensions have one limit and one minimum."""
    assert bill(make, dictation_and_search(make, cost_limit="10"), uses={"search": 20}, quantity=5) == {"search": Decimal("10.00")}
    assert bill(make, dictation_and_search(make, minimum_turnover="10"), uses={}, quantity=5) == {"minimum": Decimal("10.00")}


@pytest.mark.rule("USE-7")
def test_the_odd_cent_of_a_reduction_is_on_the_largest() -> None:
    """10.00 too much over 7, 7 and 6: 3.50, 3.50 and 3.00; over 10, 10 and 10 the odd cent is on one."""
    assert limited([Decimal("7"), Decimal("7"), Decimal("6")], Decimal("10")) == [Decimal("3.50"), Decimal("3.50"), Decimal("3.00")]
    assert sorted(limited([Decimal("10")] * 3, Decimal("20"))) == [Decimal("6.66"), Decimal("6.67"), Decimal("6.67")]


AMOUNTS = st.lists(st.decimals(min_value=0, max_value=10_000, places=2), max_size=6)
LIMITS = st.decimals(min_value=0, max_value=10_000, places=2)


@pytest.mark.rule("USE-7")
@given(amounts=AMOUNTS, limit=LIMITS)
def test_limited_amounts_are_at_most_the_limit_and_never_more_or_negative(amounts: list[Decimal], limit: Decimal) -> None:
    """Together exactly the smaller of sum and limit; each between nothing and what it was."""
    result = limited(amounts, limit)
    assert sum(result) == min(sum(amounts, start=Decimal(0)), limit)
    assert all(0 <= after <= before for after, before in zip(result, amounts, strict=True))


@pytest.mark.rule("USE-6")
@given(flagged=LIMITS, minimum=LIMITS)
def test_a_top_up_reaches_the_minimum_exactly(flagged: Decimal, minimum: Decimal) -> None:
    """Together the larger of use and minimum."""
    assert flagged + top_up(flagged, minimum) == max(flagged, minimum)
