"""INV-7: gapless, ascending, and dates that never go down."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.invoice.errors import NumberingOutOfStep
from termijn.invoice.numbering import NUMBERING, GiveNumbers, NumbersGiven, Series
from termijn.invoice.policy import Policy, check
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import InvoiceId
from termijn.testing.spec import spec

NOW = datetime(2026, 4, 1, 5, tzinfo=UTC)
DAY = date(2026, 4, 1)


def give(first: int, *ids: str, on: date = DAY) -> GiveNumbers:
    return GiveNumbers(now=NOW, series="F", year=2026, first=first, issued_on=on, invoice_ids=tuple(InvoiceId(i) for i in ids))


def given_numbers(first: int, *ids: str, on: date = DAY) -> NumbersGiven:
    return NumbersGiven(series="F", year=2026, first=first, issued_on=on, invoice_ids=tuple(InvoiceId(i) for i in ids))


@pytest.mark.rule("INV-7")
def test_numbers_follow_on() -> None:
    """The first page takes 1 and 2, the next one starts at 3."""
    spec(NUMBERING).when(give(1, "a.1", "b.1")).then(given_numbers(1, "a.1", "b.1")).when(give(3, "c.1")).then(given_numbers(3, "c.1"))


@pytest.mark.rule("INV-7")
@pytest.mark.parametrize("first", [1, 2, 4])
def test_a_page_that_read_another_state_is_refused(first: int) -> None:
    """Neither a gap nor a number twice."""
    spec(NUMBERING).given(given_numbers(1, "a.1", "b.1")).when(give(first, "c.1")).then_refused(NumberingOutOfStep)


@pytest.mark.rule("INV-7")
def test_a_clock_that_steps_back_does_not_take_dates_down() -> None:
    """The page is issued on the series' last day instead; with an earlier date it is refused."""
    state = Series(last=1, last_on=DAY)
    assert state.next_issue_day(DAY - timedelta(days=1)) == DAY
    assert state.next_issue_day(DAY + timedelta(days=1)) == DAY + timedelta(days=1)
    spec(NUMBERING).given(given_numbers(1, "a.1")).when(give(2, "b.1", on=DAY - timedelta(days=1))).then_refused(NumberingOutOfStep)


@pytest.mark.rule("INV-7")
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 2)), max_size=30))
def test_any_sequence_of_pages_is_gapless_and_never_goes_back(pages: list[tuple[int, int]]) -> None:
    """Numbers 1 to n once each, days in order."""
    state, today, taken = Series(), DAY, []
    for size, step in pages:
        today += timedelta(days=step)
        ids = tuple(InvoiceId(f"a.{len(taken) + i}") for i in range(size))
        on = state.next_issue_day(today)
        command = GiveNumbers(now=NOW, series="F", year=2026, first=state.last + 1, issued_on=on, invoice_ids=ids)
        for event in NUMBERING.decide(command, state):
            state = NUMBERING.evolve(state, event)
            taken += [(event.first + i, event.issued_on) for i in range(len(event.invoice_ids))]
    assert [number for number, _ in taken] == list(range(1, len(taken) + 1))
    assert [on for _, on in taken] == sorted(on for _, on in taken)


@pytest.mark.rule("INV-7", "INV-12")
def test_each_kind_of_document_has_its_series_and_test_accounts_their_own() -> None:
    """The series is printed before the number."""
    policy = Policy()
    assert policy.number(series=policy.series(is_credit_note=False, is_test=False), year=2026, number=12) == "F2026000012"
    assert policy.series(is_credit_note=True, is_test=False) == "C"
    assert {policy.series(is_credit_note=kind, is_test=True) for kind in (True, False)} == {"T"}


@pytest.mark.rule("INV-7")
@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(number_format="{number}"), "number_format"),
        (Policy(number_format="{year}{number}{number}"), "number_format"),
        (Policy(number_format="{year.__class__}{number}"), "number_format"),
        (Policy(number_format="{year}{number:>{year}}"), "number_format"),
        (Policy(number_format="{year}{number:99999999d}"), "number_format"),
        (Policy(number_format="{year}{number!r}"), "number_format"),
        (Policy(number_format="{year"), "number_format"),
        (Policy(invoice_series="F1"), "invoice_series"),
        (Policy(test_series="F"), "test_series"),
        (Policy(subscription_minimum=Decimal(-1)), "subscription_minimum"),
    ],
)
def test_a_policy_that_cannot_tell_documents_apart_is_refused(policy: Policy, field: str) -> None:
    """The field is named."""
    with pytest.raises(InvalidInput) as refused:
        check(policy)
    assert refused.value.field == field
