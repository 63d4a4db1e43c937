"""Every step that a notice can have is said in Dutch."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, ending, term
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.tariff import NoticeRule

BY_DAY = NoticeRule(name="own", minimum_term_months=6, notice_months=2)
ENGLISH = re.compile(r"\b(notice|month|months|term of|to|ends|last day|rule|of \d+ months|first|too late|renewed)\b")


@given(
    rule=st.sampled_from([NONE, MONTHLY, YEARLY, LICENCE_YEAR, term(1), term(36), BY_DAY]),
    after=st.integers(-400, 2000),
    is_telecom=st.booleans(),
    is_consumer=st.booleans(),
    head=st.sampled_from(
        ["", "3 May 2027 was chosen by a manager; the notice rule gives: ", "3 May 2027 was chosen, later than the earliest day: "]
    ),
)
@pytest.mark.rule("CON-13")
def test_no_step_stays_english(rule: NoticeRule, after: int, is_telecom: bool, is_consumer: bool, head: str) -> None:
    """A new sentence in ``notice`` needs its Dutch."""
    first = date(2026, 1, 15)
    given_on = first + timedelta(days=after)
    steps = ending(rule, counts_from=first, given=given_on, is_telecom=is_telecom, is_consumer=is_consumer).steps
    assert not ENGLISH.search(in_dutch(head + "; ".join(steps)))


def test_the_dates_stay_what_they_are() -> None:
    """Only the words change."""
    steps = "too late for 31 May 2027: last day for notice was 28 February 2027; as agreed"
    assert in_dutch(steps) == ("te laat voor 31 mei 2027: de laatste dag om op te zeggen was 28 februari 2027; as agreed")
