"""What a module answers to notice and scaling, against a model that walks day by day and computes no end at all.

The model asks of one day at a time whether the contract may end on it, by the sentences of the rules. It shares no code with the
decisions: months are counted by looking for a day number, month ends by looking at tomorrow.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Activate, Cancel, ModuleCommand, Order, Scale
from termijn.events.contracts import ModuleCancelled, ModuleScaled
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, term
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")
DAY = timedelta(days=1)
YEARS_MAX = 9
"""The model gives up after so long: no rule that is drawn binds longer."""


# -- The model -------------------------------------------------------------------------------------------------------


def is_month_end(day: date) -> bool:
    return (day + DAY).month != day.month


def is_months_after(anchor: date, day: date, months: int) -> bool:
    """The same day number so many months on, or the last day of that month where it has no such day."""
    apart = (day.year - anchor.year) * 12 + day.month - anchor.month
    return apart == months and (day.day == anchor.day or (is_month_end(day) and day.day < anchor.day))


def first_such(anchor: date, months: int) -> date:
    day = anchor
    while not is_months_after(anchor, day, months):
        day += DAY
    return day


def has_passed_months(anchor: date, day: date, months: int) -> bool:
    return day >= first_such(anchor, months)


def full_months_between(notice: date, end: date) -> int:
    """Calendar months that begin after the notice and are over by the end."""
    count, day = 0, notice + DAY
    begins = day.day == 1
    while day <= end:
        if day.day == 1:
            begins = True
        if begins and is_month_end(day):
            count += 1
        day += DAY
    return count


class Terms:
    """The last days of the terms, found by walking from the start."""

    def __init__(self, rule: NoticeRule, start: date) -> None:
        self.lasts: set[date] = set()
        self.first: date | None = None
        if rule.minimum_term_months:
            months = rule.minimum_term_months
            while months <= YEARS_MAX * 12:
                self.lasts.add(first_such(start, months) - DAY)
                if not rule.renewal_months:
                    break
                months += rule.renewal_months
            self.first = min(self.lasts)


def notice_is_long_enough(rule: NoticeRule, notice: date, end: date) -> bool:
    if not rule.notice_months:
        return True
    if rule.alignment == "month_end":
        return full_months_between(notice, end) >= rule.notice_months
    if rule.alignment == "day":
        return has_passed_months(notice, end, rule.notice_months)
    # CAT-22: on the day before the day so many months earlier, at the latest.
    earlier = end
    while not is_so_many_months_before(earlier, end, rule.notice_months):
        earlier -= DAY
    return notice < earlier


def is_so_many_months_before(day: date, end: date, months: int) -> bool:
    apart = (end.year - day.year) * 12 + end.month - day.month
    return apart == months and (day.day == end.day or (is_month_end(day) and day.day < end.day))


def may_end(rule: NoticeRule, terms: Terms, notice: date, day: date, *, is_telecom: bool, is_consumer: bool) -> bool:
    is_past_first_term = terms.first is None or day >= terms.first
    fits = {"day": True, "month_end": is_month_end(day), "term": day in terms.lasts}[rule.alignment]
    if fits and is_past_first_term and notice_is_long_enough(rule, notice, day):
        return True
    if not has_passed_months(notice, day, 1):
        return False
    if is_consumer and is_past_first_term:  # CAT-27: any day after the first term, with a month at most
        return True
    if not is_telecom:
        return False
    # CAT-26: a month is enough where there is no first term, or notice came after it; within it, to the first day that the rule
    # itself knows after the term.
    if terms.first is None or notice > terms.first:
        return True
    if rule.alignment != "month_end":
        return is_past_first_term
    end_of_month = terms.first
    while not is_month_end(end_of_month):
        end_of_month += DAY
    return day >= end_of_month


def model_end(rule: NoticeRule, start: date, notice: date, *, is_telecom: bool, is_consumer: bool) -> date:
    """The first day from the notice on that will do."""
    terms, day = Terms(rule, start), notice
    while not may_end(rule, terms, notice, day, is_telecom=is_telecom, is_consumer=is_consumer):
        day += DAY
        assert day < start + timedelta(days=366 * YEARS_MAX), "the model found no end"
    return day


def model_scaling(rule: NoticeRule, start: date, today: date, old: int, new: int, **law: bool) -> date:
    """CON-3: per full month; inside terms more at once, less as a cancellation of that part."""
    next_month = today + DAY
    while next_month.day != 1:
        next_month += DAY
    if new > old:
        return today if rule.alignment == "term" else next_month
    if rule.minimum_term_months:
        return model_end(rule, start, today, is_telecom=law["is_telecom"], is_consumer=law["is_consumer"]) + DAY
    return next_month


# -- The module ------------------------------------------------------------------------------------------------------


@st.composite
def rules(draw: st.DrawFn) -> NoticeRule:
    """The named ones, and a provider's own (CAT-25)."""
    if draw(st.booleans()):
        return draw(st.sampled_from([NONE, MONTHLY, YEARLY, LICENCE_YEAR, term(1), term(12), term(24)]))
    alignment = draw(st.sampled_from(["day", "month_end", "term"]))
    binds = alignment == "term"
    return NoticeRule(
        name="our own",
        minimum_term_months=draw(st.integers(1 if binds else 0, 14)),
        notice_months=draw(st.integers(0, 4)),
        alignment=alignment,
        renewal_months=draw(st.integers(1, 13)) if binds else 0,
        starts=draw(st.sampled_from(["order", "delivery", "start"])),
    )


STARTS = st.dates(date(2019, 1, 1), date(2029, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2023, 8, 31), date(2025, 1, 31), date(2024, 3, 1)]
)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def running(rule: NoticeRule, start: date, *, quantity: int, is_telecom: bool) -> Any:
    """A module that terms count for from the start: ordered then, or delivered then."""
    tariff = Tariff(
        tariff_id=TariffId("t"),
        version=1,
        title="Line",
        module="line",
        notice=rule,
        is_telecom=is_telecom,
        articles=(Article(article_id=ArticleId("base"), title="Base"),),
    )
    order = Order(
        now=noon(start),
        module_id=M,
        tariff=tariff,
        quantity=quantity,
        ordered_on=start,
        starts_on=None,
        options=(),
        is_manager=True,
        channel="web",
        consented_months=120,
    )
    commands: list[ModuleCommand] = [order]
    if rule.starts == "delivery":
        commands.append(Activate(now=noon(start), module_id=M, active_from=start, is_manager=True))
    return spec(MODULE).when(*commands)


@pytest.mark.rule("CAT-20", "CAT-21", "CAT-22", "CAT-23", "CAT-24", "CAT-25", "CAT-26", "CAT-27", "CON-4")
@settings(max_examples=100)
@given(rule=rules(), start=STARTS, wait=st.integers(0, 1200), is_telecom=st.booleans(), is_consumer=st.booleans())
@example(rule=YEARLY, start=date(2024, 2, 29), wait=1000, is_telecom=False, is_consumer=False)
@example(rule=term(12), start=date(2024, 3, 15), wait=364, is_telecom=True, is_consumer=False)
@example(rule=term(12), start=date(2024, 3, 15), wait=340, is_telecom=False, is_consumer=True)
def test_notice_ends_a_module_on_the_first_day_that_will_do(
    *, rule: NoticeRule, start: date, wait: int, is_telecom: bool, is_consumer: bool
) -> None:
    """Whatever the rule, the start, the day of the notice, and whose module it is."""
    day = start + timedelta(days=wait)
    notice = Cancel(now=noon(day), module_id=M, notice_on=day, ends_on=None, is_manager=False, channel="web", is_consumer=is_consumer)
    (event,) = sequence_of(running(rule, start, quantity=2, is_telecom=is_telecom).when(notice).events, ModuleCancelled)
    assert event.ends_on == model_end(rule, start, day, is_telecom=is_telecom, is_consumer=is_consumer)
    assert event.returns_paid_ahead == is_consumer
    terms = Terms(rule, start)
    assert event.waives_disconnect_fee == (is_telecom and (terms.first is None or event.ends_on >= terms.first))


@pytest.mark.rule("CON-3", "CAT-24", "CON-13")
@settings(max_examples=100)
@given(
    rule=rules(),
    start=STARTS,
    wait=st.integers(0, 1200),
    old=st.integers(1, 9),
    new=st.integers(1, 9),
    is_telecom=st.booleans(),
    is_consumer=st.booleans(),
)
def test_another_quantity_counts_from_the_day_that_the_model_finds(
    *, rule: NoticeRule, start: date, wait: int, old: int, new: int, is_telecom: bool, is_consumer: bool
) -> None:
    """Up and down; and the explanation is one that is said in Dutch as well."""
    day = start + timedelta(days=wait)
    scale = Scale(
        now=noon(day),
        module_id=M,
        quantity=new,
        at_once=False,
        from_on=None,
        is_manager=False,
        channel="web",
        is_consumer=is_consumer,
    )
    scaled = sequence_of(running(rule, start, quantity=old, is_telecom=is_telecom).when(scale).events, ModuleScaled)
    if new == old:
        assert scaled == []
        return
    (event,) = scaled
    assert event.from_on == model_scaling(rule, start, day, old, new, is_telecom=is_telecom, is_consumer=is_consumer)
    for step in event.explanation.split("; "):
        assert in_dutch(step) != step, f"{step!r} has no Dutch"
