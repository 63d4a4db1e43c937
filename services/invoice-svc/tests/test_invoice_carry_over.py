"""INV-3: no small invoices."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.invoice.carry_over import is_cycle_run, plan
from termijn.kernel.calendar import add_months

MINIMUM = Decimal("15.00")


def firsts(first: date, last: date) -> Sequence[date]:
    """The subscription's runs: the 1st of every month."""
    days = [add_months(first.replace(day=1), months) for months in range((last.year - first.year) * 12 + last.month - first.month + 1)]
    return [day for day in days if first <= day <= last]


def run(*amounts: tuple[str, str]) -> tuple[list[tuple[str, list[str], str]], str]:
    """The plan in short: (on, runs, net) per document, and what is carried."""
    given_amounts = [(date.fromisoformat(day), Decimal(amount)) for day, amount in amounts]
    invoices, carried = plan(given_amounts, minimum=MINIMUM, run_days=firsts)
    return [(str(i.on), [str(day) for day in i.runs], str(i.net)) for i in invoices], str(carried)


@pytest.mark.rule("INV-3")
def test_a_run_under_the_minimum_is_carried_to_the_quarters_run() -> None:
    """10.00 in February and in March go out in April."""
    assert run(("2026-02-01", "10.00"), ("2026-03-01", "10.00"), ("2026-04-01", "2.00")) == (
        [("2026-04-01", ["2026-02-01", "2026-03-01", "2026-04-01"], "22.00")],
        "0",
    )


@pytest.mark.rule("INV-3")
def test_what_is_carried_does_not_help_to_reach_the_minimum() -> None:
    """The run's own new amount counts: 10.00 carried and 10.00 new is not 20.00."""
    assert run(("2026-02-01", "10.00"), ("2026-03-01", "10.00")) == ([], "20.00")


@pytest.mark.rule("INV-3")
def test_a_run_that_reaches_the_minimum_takes_along_all_that_was_carried() -> None:
    """10.00 of February goes with the 15.00 of March."""
    assert run(("2026-02-01", "10.00"), ("2026-03-01", "15.00")) == (
        [("2026-03-01", ["2026-02-01", "2026-03-01"], "25.00")],
        "0",
    )


@pytest.mark.rule("INV-3")
def test_the_quarters_run_bills_what_there_is_also_without_an_amount_of_its_own() -> None:
    """The run of April is there, though it is not in the list."""
    assert run(("2026-03-01", "1.00"), ("2026-05-01", "20.00"))[0] == [
        ("2026-04-01", ["2026-03-01"], "1.00"),
        ("2026-05-01", ["2026-05-01"], "20.00"),
    ]


@pytest.mark.rule("INV-3")
def test_a_sum_below_zero_is_a_credit_note_at_once_and_zero_is_no_document() -> None:
    """-5.00 in February is credited in February; 8.00 against it carries nothing out."""
    assert run(("2026-02-01", "-5.00"))[0] == [("2026-02-01", ["2026-02-01"], "-5.00")]
    assert run(("2026-02-01", "8.00"), ("2026-03-01", "-8.00"), ("2026-04-01", "0.00")) == ([], "0.00")


@pytest.mark.rule("INV-3")
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-3000, 5000)), max_size=20))
def test_nothing_carried_is_lost_or_billed_twice(amounts: list[tuple[int, int]]) -> None:
    """Every run's amount is on one document or carried."""
    given_amounts = [(add_months(date(2026, 1, 1), months), Decimal(cents).scaleb(-2)) for months, cents in amounts]
    invoices, carried = plan(given_amounts, minimum=MINIMUM, run_days=firsts)
    assert sum((i.net for i in invoices), carried) == sum((amount for _, amount in given_amounts), Decimal(0))
    runs = [day for invoice in invoices for day in invoice.runs]
    assert len(runs) == len(set(runs))
    assert all(invoice.net != 0 for invoice in invoices)


@pytest.mark.rule("INV-2")
def test_a_cycle_groups_documents_to_quarters_and_years() -> None:
    """Quarters begin in January, April, July and October; a year's document is January's."""
    months = range(1, 13)
    assert [m for m in months if is_cycle_run(date(2026, m, 1), "quarter")] == [1, 4, 7, 10]
    assert [m for m in months if is_cycle_run(date(2026, m, 1), "year")] == [1]
    assert all(is_cycle_run(date(2026, m, 1), "month") for m in months)
