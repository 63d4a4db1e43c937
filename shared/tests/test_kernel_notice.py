"""Notice: the worked examples of the rules, the edges of the calendar, and a slow model that is obviously right."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from termijn.kernel.calendar import add_months
from termijn.kernel.errors import InvalidInput
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, Ending, check, ending, named, term
from termijn.kernel.tariff import NoticeRule


def after(rule: NoticeRule | str, ordered: str, notice: str, *, telecom: bool = False, consumer: bool = False) -> Ending:
    """The ending of a contract that counts from ``ordered``."""
    found = named(rule) if isinstance(rule, str) else rule
    days = {"counts_from": date.fromisoformat(ordered), "given": date.fromisoformat(notice)}
    return ending(found, **days, is_telecom=telecom, is_consumer=consumer)


def dates(answer: Ending) -> tuple[str, str | None, str | None]:
    """End, last day for notice and renewal as texts."""
    last, renews = answer.last_notice_day, answer.renews_on
    return answer.ends_on.isoformat(), last and last.isoformat(), renews and renews.isoformat()


@pytest.mark.rule("CAT-20")
@pytest.mark.parametrize("day", ["2026-01-01", "2026-06-15", "2028-02-29"])
def test_without_a_rule_it_ends_at_once(day: str) -> None:
    assert dates(after("none", "2026-01-01", day)) == (day, None, None)


@pytest.mark.rule("CAT-21")
@pytest.mark.parametrize(
    ("notice", "ends"),
    [
        ("2026-06-01", "2026-07-31"),
        ("2026-06-30", "2026-07-31"),
        ("2026-05-31", "2026-06-30"),
        ("2026-01-31", "2026-02-28"),
        ("2027-12-05", "2028-01-31"),
    ],
)
def test_monthly_is_one_full_month_to_a_month_end(notice: str, ends: str) -> None:
    assert dates(after("monthly", "2026-01-15", notice)) == (ends, None, None)


@pytest.mark.rule("CAT-22")
@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        ("2025-08-08", ("2026-08-07", "2026-05-06", "2026-08-08")),
        ("2026-05-06", ("2026-08-07", "2026-05-06", "2026-08-08")),
        ("2026-05-07", ("2027-08-07", "2026-05-06", "2026-08-08")),
        ("2026-08-07", ("2027-08-07", "2026-05-06", "2026-08-08")),
        ("2026-08-08", ("2027-08-07", "2027-05-06", "2027-08-08")),
        ("2031-01-01", ("2031-08-07", "2031-05-06", "2031-08-08")),
    ],
)
def test_yearly_ends_before_the_anniversary_after_three_months_notice(notice: str, expected: tuple[str, str, str]) -> None:
    assert dates(after("yearly", "2025-08-08", notice)) == expected


@pytest.mark.rule("CAT-22")
@pytest.mark.parametrize(
    ("ordered", "notice", "expected"),
    [
        ("2024-02-29", "2024-10-01", ("2025-02-27", "2024-11-26", "2025-02-28")),
        ("2024-02-29", "2027-10-01", ("2028-02-28", "2027-11-27", "2028-02-29")),
        ("2025-06-01", "2026-01-01", ("2026-05-31", "2026-02-27", "2026-06-01")),
        ("2027-06-01", "2028-01-01", ("2028-05-31", "2028-02-28", "2028-06-01")),
        ("2025-01-01", "2025-09-29", ("2025-12-31", "2025-09-29", "2026-01-01")),
        ("2025-01-01", "2025-09-30", ("2026-12-31", "2025-09-29", "2026-01-01")),
    ],
)
def test_yearly_at_the_edges_of_the_calendar(ordered: str, notice: str, expected: tuple[str, str, str]) -> None:
    assert dates(after("yearly", ordered, notice)) == expected


@pytest.mark.rule("CAT-23")
@pytest.mark.parametrize(
    ("rule", "ordered", "notice", "expected"),
    [
        ("term:12", "2025-03-15", "2025-06-01", ("2026-03-31", "2026-02-28", "2026-03-15")),
        ("term:12", "2025-03-15", "2026-02-28", ("2026-03-31", "2026-02-28", "2026-03-15")),
        ("term:12", "2025-03-15", "2026-03-01", ("2026-04-30", "2026-02-28", "2026-03-15")),
        ("term:12", "2025-03-15", "2026-03-14", ("2026-04-30", "2026-02-28", "2026-03-15")),
        ("term:12", "2025-03-15", "2026-03-15", ("2026-04-30", None, None)),
        ("term:12", "2025-03-01", "2025-04-01", ("2026-02-28", "2026-01-31", "2026-03-01")),
        ("term:36", "2026-01-01", "2026-07-01", ("2028-12-31", "2028-11-30", "2029-01-01")),
        ("term:36", "2026-01-01", "2029-01-31", ("2029-02-28", None, None)),
        ("term:1", "2026-01-31", "2026-01-31", ("2026-02-28", "2026-01-31", "2026-02-28")),
        ("term:12", "2024-02-29", "2024-12-01", ("2025-02-28", "2025-01-31", "2025-02-28")),
    ],
)
def test_a_term_and_then_monthly(rule: str, ordered: str, notice: str, expected: tuple[str, str | None, str | None]) -> None:
    assert dates(after(rule, ordered, notice)) == expected


@pytest.mark.rule("CAT-24")
@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        ("2025-08-08", ("2026-08-07", "2026-08-07", "2026-08-08")),
        ("2026-08-07", ("2026-08-07", "2026-08-07", "2026-08-08")),
        ("2026-08-08", ("2027-08-07", "2027-08-07", "2027-08-08")),
    ],
)
def test_a_licence_year_is_cancelled_on_its_last_day_at_the_latest(notice: str, expected: tuple[str, str, str]) -> None:
    assert dates(after("licence-year", "2025-08-08", notice)) == expected


@pytest.mark.rule("CAT-25")
def test_every_named_rule_is_data_and_a_provider_can_make_its_own() -> None:
    half_year = NoticeRule(name="ours", minimum_term_months=6, notice_months=2, alignment="term", renewal_months=3)
    assert dates(after(half_year, "2026-01-10", "2026-05-08")) == ("2026-07-09", "2026-05-08", "2026-07-10")
    assert dates(after(half_year, "2026-01-10", "2026-05-09")) == ("2026-10-09", "2026-05-08", "2026-07-10")
    any_day = NoticeRule(name="any day", minimum_term_months=3, notice_months=2, alignment="day")
    assert dates(after(any_day, "2026-01-10", "2026-01-15")) == ("2026-04-09", "2026-02-09", "2026-04-10")
    assert dates(after(any_day, "2026-01-10", "2026-02-10")) == ("2026-04-10", "2026-02-09", "2026-04-10")
    same_month = NoticeRule(name="month end", alignment="month_end")
    assert dates(after(same_month, "2026-01-10", "2026-02-10")) == ("2026-02-28", None, None)


@pytest.mark.rule("CAT-25")
def test_terms_count_from_the_order_the_delivery_or_the_start() -> None:
    assert (YEARLY.starts, LICENCE_YEAR.starts, term(12).starts, MONTHLY.starts, NONE.starts) == (
        "order",
        "order",
        "delivery",
        "start",
        "start",
    )


@pytest.mark.rule("CAT-25")
@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (NoticeRule(name="x", alignment="term", renewal_months=12), "rule.minimum_term_months"),
        (NoticeRule(name="x", alignment="term", minimum_term_months=12), "rule.renewal_months"),
        (NoticeRule(name="x", alignment="month_end", minimum_term_months=12, renewal_months=12), "rule.alignment"),
        (NoticeRule(name="x", notice_months=-1), "rule.notice_months"),
        (NoticeRule(name="x", minimum_term_months=121), "rule.minimum_term_months"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused_with_the_field(rule: NoticeRule, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(rule)
    assert refused.value.field == field


@pytest.mark.rule("CAT-25")
@pytest.mark.parametrize("text", ["", "weekly", "term:", "term:0", "term:121", "term:-1", "term:1.5", "term:99999", "term:1٢", "Monthly"])
def test_there_is_no_rule_of_another_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        named(text)
    assert refused.value.field == "rule"


@pytest.mark.rule("CAT-26")
@pytest.mark.parametrize(
    ("rule", "ordered", "notice", "ends"),
    [
        ("monthly", "2026-01-01", "2026-03-10", "2026-04-10"),
        ("monthly", "2026-01-01", "2026-01-31", "2026-02-28"),
        ("yearly", "2024-08-08", "2026-03-10", "2026-04-10"),
        ("licence-year", "2024-08-08", "2026-01-31", "2026-02-28"),
        ("term:12", "2024-03-15", "2026-03-10", "2026-04-10"),
        ("none", "2026-01-01", "2026-03-10", "2026-03-10"),
        ("term:12", "2024-03-15", "2026-03-31", "2026-04-30"),
    ],
)
def test_telecommunication_beyond_its_first_term_ends_a_month_after_notice(rule: str, ordered: str, notice: str, ends: str) -> None:
    assert dates(after(rule, ordered, notice, telecom=True))[0] == ends


@pytest.mark.rule("CAT-26")
@pytest.mark.parametrize(
    ("rule", "notice", "ends"),
    [
        ("term:12", "2025-06-10", "2026-08-31"),
        ("yearly", "2025-08-08", "2026-08-07"),
        ("yearly", "2026-05-10", "2026-08-07"),
        ("yearly", "2026-07-20", "2026-08-20"),
        ("licence-year", "2026-08-07", "2026-08-07"),
    ],
)
def test_the_first_term_of_telecommunication_stands_but_nobody_is_held_for_a_second(rule: str, notice: str, ends: str) -> None:
    assert dates(after(rule, "2025-08-08", notice, telecom=True))[0] == ends


@pytest.mark.rule("CAT-27")
@pytest.mark.parametrize(
    ("rule", "notice", "ends"),
    [
        ("none", "2026-06-10", "2026-06-10"),
        ("monthly", "2026-06-10", "2026-07-10"),
        ("monthly", "2026-06-30", "2026-07-30"),
        ("yearly", "2025-08-08", "2026-08-07"),
        ("yearly", "2026-07-20", "2026-08-20"),
        ("yearly", "2027-01-31", "2027-02-28"),
        ("licence-year", "2026-08-08", "2026-09-08"),
        ("term:12", "2025-09-01", "2026-08-07"),
        ("term:12", "2026-07-31", "2026-08-31"),
        ("term:12", "2026-08-10", "2026-09-10"),
    ],
)
def test_a_consumer_leaves_after_the_first_term_on_any_day_with_a_month_at_most(rule: str, notice: str, ends: str) -> None:
    assert dates(after(rule, "2025-08-08", notice, consumer=True))[0] == ends


@pytest.mark.rule("CON-13")
def test_the_steps_tell_rule_inputs_and_what_moved_the_date() -> None:
    assert after("monthly", "2026-01-01", "2026-06-01").steps == (
        "notice on 1 June 2026",
        "one full month",
        "to month end",
        "ends 31 July 2026",
    )
    assert after("yearly", "2025-08-08", "2026-05-07").steps == (
        "notice on 7 May 2026",
        "minimum term of 12 months from 8 August 2025 to 7 August 2026",
        "too late for 7 August 2026: last day for notice was 6 May 2026",
        "renewed by 12 months to 7 August 2027",
        "in time: last day for notice is 6 May 2027",
        "ends 7 August 2027",
    )
    assert after("monthly", "2026-01-01", "2026-03-10", telecom=True).steps[-3:] == (
        "the rule alone gives 30 April 2026",
        "telecommunication: a month after notice is 10 April 2026",
        "ends 10 April 2026",
    )
    assert after("yearly", "2025-08-08", "2026-07-20", consumer=True).steps[-2:] == (
        "consumer: a month after notice is 20 August 2026",
        "ends 20 August 2026",
    )


# The model: walk forward day by day from the notice and stop at the first day on which the contract may end. Nothing in it
# computes an end; it only asks of one day at a time whether it will do.

DAY = timedelta(days=1)
ordered_days = st.dates(date(2019, 1, 1), date(2029, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2023, 8, 31), date(2025, 1, 31), date(2024, 3, 1)]
)


@st.composite
def rules(draw: st.DrawFn) -> NoticeRule:
    if draw(st.booleans()):
        return draw(st.sampled_from([NONE, MONTHLY, YEARLY, LICENCE_YEAR, term(1), term(12), term(36)]))
    alignment = draw(st.sampled_from(["day", "month_end", "term"]))
    binds = alignment == "term"
    return NoticeRule(
        name="drawn",
        minimum_term_months=draw(st.integers(1 if binds else 0, 14)),
        notice_months=draw(st.integers(0, 4)),
        alignment=alignment,
        renewal_months=draw(st.integers(1, 13)) if binds else 0,
    )


def term_lasts(rule: NoticeRule, ordered: date) -> list[date]:
    """The last day of every term for 25 years."""
    step = rule.renewal_months or 1000
    return [add_months(ordered, months) - DAY for months in range(rule.minimum_term_months, 300 + rule.minimum_term_months, step)]


def is_month_end(day: date) -> bool:
    return (day + DAY).day == 1


def full_months(notice: date, end: date) -> int:
    """Whole calendar months that begin after the notice and are over by the end."""
    lasts = [day for n in range(1, (end - notice).days + 1) if is_month_end(day := notice + n * DAY)]
    return sum(1 for last in lasts if last.replace(day=1) > notice)


def has_notice(rule: NoticeRule, notice: date, end: date) -> bool:
    if not rule.notice_months:
        return True
    if rule.alignment == "month_end":
        return full_months(notice, end) >= rule.notice_months
    if rule.alignment == "term":
        return notice < add_months(end, -rule.notice_months)
    return end >= add_months(notice, rule.notice_months)


def model(rule: NoticeRule, ordered: date, notice: date, *, telecom: bool, consumer: bool) -> date:
    lasts = set(term_lasts(rule, ordered)) if rule.minimum_term_months else set()
    first_last = min(lasts, default=None)
    day = notice
    while True:
        on_a_day = {"day": True, "month_end": is_month_end(day), "term": day in lasts}[rule.alignment]
        past_first = first_last is None or day >= first_last
        if on_a_day and past_first and has_notice(rule, notice, day):
            return day
        month_passed = telecom and day >= add_months(notice, 1)
        if month_passed and (first_last is None or notice > first_last or has_been_free(rule, first_last, day)):
            return day
        if consumer and day >= add_months(notice, 1) and past_first:
            return day
        day += DAY


def has_been_free(rule: NoticeRule, first_last: date, day: date) -> bool:
    """The first term is over on that day, and with it the day on which the rule lets it end."""
    ends = first_last
    while rule.alignment == "month_end" and not is_month_end(ends):
        ends += DAY
    return day >= ends


@pytest.mark.rule("CAT-20", "CAT-21", "CAT-22", "CAT-23", "CAT-24", "CAT-25", "CAT-26", "CAT-27")
@given(rule=rules(), ordered=ordered_days, late=st.integers(0, 1500), telecom=st.booleans(), consumer=st.booleans())
@example(rule=YEARLY, ordered=date(2024, 2, 29), late=1000, telecom=False, consumer=False)
@example(rule=term(12), ordered=date(2024, 3, 15), late=364, telecom=True, consumer=False)
@example(rule=term(12), ordered=date(2024, 3, 15), late=340, telecom=True, consumer=True)
def test_the_day_by_day_model_gives_the_same_end(rule: NoticeRule, ordered: date, late: int, telecom: bool, consumer: bool) -> None:
    notice = ordered + late * DAY
    told = ending(rule, counts_from=ordered, given=notice, is_telecom=telecom, is_consumer=consumer).ends_on
    assert told == model(rule, ordered, notice, telecom=telecom, consumer=consumer)


@pytest.mark.rule("CAT-22", "CAT-23", "CAT-24")
@given(rule=rules(), ordered=ordered_days, late=st.integers(0, 1500), telecom=st.booleans())
def test_the_last_notice_day_is_the_last_that_still_ends_the_running_term(
    rule: NoticeRule, ordered: date, late: int, telecom: bool
) -> None:
    notice = ordered + late * DAY
    answer = ending(rule, counts_from=ordered, given=notice, is_telecom=telecom)
    assume(answer.last_notice_day is not None)
    assert answer.last_notice_day is not None
    assert answer.renews_on is not None
    assert answer.renews_on > notice
    assume(answer.last_notice_day >= ordered)
    in_time = ending(rule, counts_from=ordered, given=answer.last_notice_day, is_telecom=telecom).ends_on
    too_late = ending(rule, counts_from=ordered, given=answer.last_notice_day + DAY, is_telecom=telecom).ends_on
    term_ends = answer.renews_on - DAY
    while rule.alignment == "month_end" and not is_month_end(term_ends):
        term_ends += DAY
    assert in_time <= term_ends < too_late


@pytest.mark.rule("CAT-26", "CAT-27")
@given(
    rule=rules(), ordered=ordered_days, late=st.integers(-60, 1500), wait=st.integers(0, 400), telecom=st.booleans(), consumer=st.booleans()
)
def test_who_gives_notice_sooner_never_leaves_later(
    *, rule: NoticeRule, ordered: date, late: int, wait: int, telecom: bool, consumer: bool
) -> None:
    soon, later = ordered + late * DAY, ordered + (late + wait) * DAY
    ends = [ending(rule, counts_from=ordered, given=day, is_telecom=telecom, is_consumer=consumer).ends_on for day in (soon, later)]
    assert ends[0] <= ends[1]
    assert soon <= ends[0]
    assert ends[0] <= ending(rule, counts_from=ordered, given=soon).ends_on, "the law never holds anybody longer"
