"""The ladder's days: worked examples, and laws over any terms and any delays."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.dunning import ladder
from termijn.dunning.policy import LADDER, Policy

POLICY = Policy()
ISSUED = date(2026, 1, 1)
STEPS = [rung.step for rung in LADDER]
DAYS = st.dates(date(2024, 1, 1), date(2035, 12, 31))
TERMS = st.integers(0, 120)


def on_days(term: int) -> list[int]:
    """The ladder of an invoice with this term, as days after the invoice date."""
    return [(on - ISSUED).days for _, on in ladder.plan(ISSUED, ISSUED + timedelta(days=term), POLICY)]


@pytest.mark.rule("DUN-1")
def test_default_ladder() -> None:
    """Reminder at due + 3, second at due + 10, formal notice at 45, final demand at 52, bailiff at 60 after the invoice date."""
    assert [step for step, _ in ladder.plan(ISSUED, ISSUED, POLICY)] == STEPS
    assert on_days(30) == [33, 40, 45, 52, 60]
    assert on_days(14) == [17, 24, 45, 52, 60]


@pytest.mark.rule("DUN-2")
def test_long_terms_move_the_later_steps() -> None:
    """With 60 or 90 days the later steps move, five days apart."""
    assert on_days(60) == [63, 70, 75, 80, 85]
    assert on_days(90) == [93, 100, 105, 110, 115]


@pytest.mark.rule("DUN-2")
@given(issued=DAYS, term=TERMS, between=st.integers(1, 20), grace=st.integers(0, 20))
def test_steps_keep_their_distance(issued: date, term: int, between: int, grace: int) -> None:
    """Each step is at least so many days after the one before, and none is before the due date + 3."""
    due = issued + timedelta(days=term)
    plan = ladder.plan(issued, due, Policy(days_between_steps=between, days_after_due_min=grace))
    assert [step for step, _ in plan] == STEPS
    assert all(later - earlier >= timedelta(days=between) for (_, earlier), (_, later) in pairwise(plan))
    assert all(on >= due + timedelta(days=grace) for _, on in plan)


@pytest.mark.rule("DUN-5")
@given(issued=DAYS, term=TERMS, days=st.integers(0, 100))
def test_no_handover_before_day_sixty(issued: date, term: int, days: int) -> None:
    """Whatever the ladder of the policy says, the bailiff comes on the first possible day that is 60 after the invoice date."""
    quick = tuple(rung if rung.step != "bailiff" else type(rung)(step="bailiff", counts_from="invoice", days=days) for rung in LADDER)
    handover = ladder.plan(issued, issued + timedelta(days=term), Policy(ladder=quick))[-1][1]
    assert handover >= issued + timedelta(days=60)


@pytest.mark.rule("DUN-2")
@given(issued=DAYS, term=TERMS, sent=st.integers(0, 4), outage=st.integers(0, 200))
def test_after_an_outage_the_unsent_steps_move(issued: date, term: int, sent: int, outage: int) -> None:
    """What was sent stays; what was not keeps its distances and lies on days that are still possible."""
    due = issued + timedelta(days=term)
    plan = ladder.plan(issued, due, POLICY)
    taken = plan[:sent]
    not_before = (taken[-1][1] if taken else issued) + timedelta(days=outage)
    again = ladder.replan(issued, due, POLICY, taken=taken, not_before=not_before)
    assert [step for step, _ in again] == STEPS[sent:]
    assert all(on >= not_before for _, on in again)
    assert all(later - earlier >= timedelta(days=5) for (_, earlier), (_, later) in pairwise([*taken[-1:], *again]))
    assert all(new >= old for (_, new), (_, old) in zip(again, plan[sent:], strict=True))


@pytest.mark.rule("DUN-16")
@given(issued=DAYS, term=TERMS, sent=st.integers(0, 4), paused=st.integers(0, 200))
def test_a_pause_moves_each_unsent_step(issued: date, term: int, sent: int, paused: int) -> None:
    """Each unsent step moves by exactly the days paused, as its distances allow that already."""
    due = issued + timedelta(days=term)
    plan = ladder.plan(issued, due, POLICY)
    last = plan[sent - 1][1] if sent else None
    moved = ladder.moved(plan[sent:], paused, issued=issued, due=due, policy=POLICY, last=last, not_before=issued)
    assert [(step, on + timedelta(days=paused)) for step, on in plan[sent:]] == moved


@pytest.mark.rule("DUN-15")
def test_after_a_reversals_own_letter_the_next_comes_five_days_later() -> None:
    """Reminder and second reminder went out; the reversal's own letter goes on 1 June: the formal notice comes on the 6th."""
    taken = [("reminder", date(2026, 2, 3)), ("second_reminder", date(2026, 2, 10))]
    own = date(2026, 6, 1)
    again = ladder.replan(ISSUED, date(2026, 5, 29), POLICY, taken=taken, not_before=date(2026, 5, 29), after=own)
    assert again == [("formal_notice", date(2026, 6, 6)), ("final_demand", date(2026, 6, 11)), ("bailiff", date(2026, 6, 16))]
    once = ladder.replan(ISSUED, date(2026, 5, 29), POLICY, taken=taken[:1], not_before=date(2026, 5, 29), after=own)
    assert once[0] == ("second_reminder", date(2026, 6, 6))


@pytest.mark.rule("DUN-3")
@given(sent=DAYS, gap=st.integers(1, 60))
def test_last_payment_date(sent: date, gap: int) -> None:
    """The day before the next step, and at least five days on."""
    last = ladder.last_payment_on(sent, sent + timedelta(days=gap), POLICY)
    assert last >= sent + timedelta(days=5)
    if gap > 5:
        assert last == sent + timedelta(days=gap - 1)
    assert ladder.last_payment_on(sent, None, POLICY) == sent + timedelta(days=5)
