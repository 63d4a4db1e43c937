"""Dates of a module: when it starts, when notice ends it, who may pick another day, and how that is explained."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.end_date import Notice, choose_end
from termijn.contracts.errors import (
    AlreadyCancelled,
    AlreadyThere,
    DateNotPossible,
    ManagerOnly,
    ModuleIsOver,
    NotCancelled,
    NotYetDelivered,
)
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Activate, Cancel, ChangeTariff, End, Order, Withdraw
from termijn.contracts.module_state import EndModule
from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    OptionRemoved,
    TariffChanged,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, term
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.runtime.aggregate import CancelTimer, SetTimer
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")


def tariff(rule: NoticeRule = MONTHLY, **changes: Any) -> Tariff:
    articles = (
        Article(article_id=ArticleId("base"), title="Base fee"),
        Article(article_id=ArticleId("machine"), title="Answering machine", is_option=True),
    )
    sold = Tariff(tariff_id=TariffId("t"), version=1, title="Calls", module="telephony", notice=rule, articles=articles)
    return msgspec.structs.replace(sold, **changes)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def order(rule: NoticeRule = MONTHLY, on: date = date(2026, 1, 1), **changes: Any) -> Order:
    command = Order(
        now=noon(on),
        module_id=M,
        tariff=tariff(rule),
        quantity=1,
        ordered_on=on,
        starts_on=None,
        options=(),
        is_manager=False,
        channel="web",
    )
    return msgspec.structs.replace(command, **changes)


def ordered(rule: NoticeRule = MONTHLY, on: date = date(2026, 1, 1), **changes: Any) -> ModuleOrdered:
    starts_on = None if rule.starts == "delivery" else on
    event = ModuleOrdered(module_id=M, tariff=tariff(rule), quantity=1, ordered_on=on, starts_on=starts_on, channel="web")
    return msgspec.structs.replace(event, **changes)


def cancel(on: date, ends_on: date | None = None, *, is_manager: bool = False, notice_on: date | None = None) -> Cancel:
    return Cancel(now=noon(on), module_id=M, notice_on=notice_on or on, ends_on=ends_on, is_manager=is_manager, channel="web")


def change(on: date, new: Tariff, from_on: date | None = None, *, is_manager: bool = False, new_term: bool = False) -> ChangeTariff:
    return ChangeTariff(
        now=noon(on),
        module_id=M,
        tariff=new,
        from_on=from_on,
        new_term_confirmed=new_term,
        is_manager=is_manager,
        channel="web",
        confirmation="mail 17" if new_term and is_manager else "",
    )


def the_end(given_events: list[Any], command: Cancel) -> date:
    (event,) = sequence_of(spec(MODULE).given(*given_events).when(command).events, ModuleCancelled)
    ends_on: date = event.ends_on
    return ends_on


@pytest.mark.rule("CAT-1", "CON-6")
def test_an_order_names_its_tariff_quantity_and_channel() -> None:
    """One tariff, a quantity; the channel is kept."""
    spec(MODULE).when(order(quantity=3)).then(ordered(quantity=3))
    spec(MODULE).given(ordered()).when(order()).then_refused(AlreadyThere, "module_id")
    spec(MODULE).when(order(quantity=0)).then_refused(InvalidInput, "quantity")


@pytest.mark.rule("CAT-6")
def test_customers_order_public_tariffs_only() -> None:
    """A manager orders any."""
    hidden = tariff(is_public=False)
    spec(MODULE).when(order(tariff=hidden)).then_refused(ManagerOnly, "tariff_id")
    spec(MODULE).when(order(tariff=hidden, is_manager=True)).then(ordered(tariff=hidden))


@pytest.mark.rule("CAT-25")
def test_a_line_starts_with_its_delivery() -> None:
    """No start day at the order; terms count from the delivery, which only a manager reports."""
    line = term(12)
    spec(MODULE).when(order(line)).then(ordered(line, starts_on=None))
    spec(MODULE).when(order(line, starts_on=date(2026, 2, 1))).then_refused(InvalidInput, "starts_on")
    delivered = ModuleActivated(module_id=M, active_from=date(2026, 1, 20))
    activate = Activate(now=noon(date(2026, 1, 20)), module_id=M, active_from=date(2026, 1, 20), is_manager=True)
    spec(MODULE).given(ordered(line)).when(msgspec.structs.replace(activate, is_manager=False)).then_refused(ManagerOnly)
    spec(MODULE).given(ordered(line)).when(activate, activate).then(delivered)
    assert the_end([ordered(line), delivered], cancel(date(2026, 2, 1))) == date(2027, 1, 31)


@pytest.mark.rule("CAT-25")
def test_yearly_rules_start_with_the_order_and_others_on_the_ordered_day() -> None:
    """A manager may let a module start before its order; nobody orders for a day to come."""
    day, later = date(2026, 8, 8), date(2026, 9, 1)
    spec(MODULE).when(order(YEARLY, day)).then(ordered(YEARLY, day))
    spec(MODULE).when(order(YEARLY, day, starts_on=later)).then_refused(InvalidInput, "starts_on")
    spec(MODULE).when(order(MONTHLY, day, starts_on=later)).then(ordered(MONTHLY, day, starts_on=later))
    spec(MODULE).when(order(MONTHLY, day, starts_on=date(2026, 8, 1))).then_refused(ManagerOnly, "starts_on")
    spec(MODULE).when(order(MONTHLY, day, starts_on=date(2026, 8, 1), is_manager=True)).then_types(ModuleOrdered)
    spec(MODULE).when(order(MONTHLY, day, ordered_on=date(2026, 8, 1))).then_refused(ManagerOnly, "ordered_on")
    spec(MODULE).when(order(MONTHLY, day, ordered_on=later, is_manager=True)).then_refused(InvalidInput, "ordered_on")


@pytest.mark.rule("CAT-20")
def test_without_a_notice_rule_it_ends_at_once() -> None:
    """On the day of the notice."""
    assert the_end([ordered(NONE)], cancel(date(2026, 6, 10))) == date(2026, 6, 10)


@pytest.mark.rule("CAT-21")
@pytest.mark.parametrize("day", [date(2026, 6, 1), date(2026, 6, 30)])
def test_monthly_notice_ends_after_a_full_month_at_a_month_end(day: date) -> None:
    """Notice on 1 June or on 30 June ends on 31 July."""
    assert the_end([ordered(MONTHLY)], cancel(day)) == date(2026, 7, 31)


@pytest.mark.rule("CAT-22")
@pytest.mark.parametrize(
    ("given_on", "ends_on"),
    [(date(2026, 5, 6), date(2026, 8, 7)), (date(2026, 5, 7), date(2027, 8, 7)), (date(2027, 5, 6), date(2027, 8, 7))],
)
def test_yearly_notice_is_given_three_months_before_the_end(given_on: date, ends_on: date) -> None:
    """From 8 August: ends 7 August, last day for notice is 6 May, else it renews."""
    assert the_end([ordered(YEARLY, date(2025, 8, 8))], cancel(given_on)) == ends_on


@pytest.mark.rule("CAT-23")
def test_a_line_ends_on_a_month_end_after_its_term() -> None:
    """Not before the minimum term, and not before the end of the month after the notice."""
    events = [ordered(term(12)), ModuleActivated(module_id=M, active_from=date(2026, 1, 20))]
    assert the_end(events, cancel(date(2026, 1, 25))) == date(2027, 1, 31)
    assert the_end(events, cancel(date(2027, 1, 31))) == date(2027, 2, 28)


@pytest.mark.rule("CAT-24")
def test_a_licence_year_is_cancelled_until_its_last_day() -> None:
    """One day later it has renewed."""
    events = [ordered(LICENCE_YEAR, date(2026, 3, 1))]
    assert the_end(events, cancel(date(2027, 2, 28))) == date(2027, 2, 28)
    assert the_end(events, cancel(date(2027, 3, 1))) == date(2028, 2, 29)


@pytest.mark.rule("CON-4", "CON-13")
def test_a_customer_gets_the_earliest_day_or_a_later_one_that_the_rule_knows() -> None:
    """Earlier is refused, so is a day on which such a contract cannot end; the refusal says what is possible, and why."""
    day = date(2026, 6, 1)
    (event,) = spec(MODULE).given(ordered()).when(cancel(day)).events
    assert isinstance(event, ModuleCancelled)
    assert (event.ends_on, event.notice_on) == (date(2026, 7, 31), day)
    assert "1 June 2026" in event.explanation and "one full month" in event.explanation and "month end" in event.explanation
    assert the_end([ordered()], cancel(day, date(2026, 9, 30))) == date(2026, 9, 30)
    refused = spec(MODULE).given(ordered()).when(cancel(day, date(2026, 6, 30))).then_refused(DateNotPossible, "ends_on").refusal
    assert refused is not None and "2026-07-31" in refused.message
    refused = spec(MODULE).given(ordered()).when(cancel(day, date(2026, 9, 15))).then_refused(DateNotPossible, "ends_on").refusal
    assert refused is not None and "2026-09-30" in refused.message


@pytest.mark.rule("CON-4", "CON-13")
def test_a_manager_picks_any_day_also_a_past_one() -> None:
    """A past day ends the module at once; the explanation says that it was chosen, and what the rule gives."""
    day = date(2026, 6, 10)
    assert the_end([ordered()], cancel(day, date(2026, 6, 15), is_manager=True)) == date(2026, 6, 15)
    done = spec(MODULE).given(ordered()).when(cancel(day, date(2026, 5, 31), is_manager=True)).then_types(ModuleCancelled, ModuleEnded)
    assert done.events[1] == ModuleEnded(module_id=M, ended_on=date(2026, 5, 31))
    assert isinstance(done.events[0], ModuleCancelled) and "chosen by a manager" in done.events[0].explanation
    assert "31 July 2026" in done.events[0].explanation


@pytest.mark.rule("CON-6")
def test_a_manager_enters_a_notice_that_came_in_earlier() -> None:
    """What counts is the day of the notice."""
    assert the_end([ordered()], cancel(date(2026, 7, 1), notice_on=date(2026, 6, 30), is_manager=True)) == date(2026, 7, 31)
    spec(MODULE).given(ordered()).when(cancel(date(2026, 7, 1), notice_on=date(2026, 6, 30))).then_refused(ManagerOnly, "notice_on")


@pytest.mark.rule("CON-6", "TIM-1")
def test_the_end_is_a_timer_that_a_withdrawal_cancels() -> None:
    """At 00:00 after the last day; a second notice is another timer, for a cancelled one is never armed again."""
    day, last = date(2026, 6, 1), date(2026, 7, 31)
    set_first = SetTimer(occasion="end/1", due_at=at(date(2026, 8, 1), "00:00"), wake_up=EndModule(ends_on=last))
    spec(MODULE).given(ordered()).when(cancel(day)).then_timers(set_first)
    notice = spec(MODULE).given(ordered()).when(cancel(day)).events[0]
    withdraw = Withdraw(now=noon(date(2026, 7, 31)), module_id=M, channel="web")
    withdrawn = CancellationWithdrawn(module_id=M, channel="web")
    spec(MODULE).given(ordered(), notice).when(withdraw).then(withdrawn).then_timers(CancelTimer(occasion="end/1"))
    again = spec(MODULE).given(ordered(), notice, withdrawn).when(cancel(day))
    assert again.timers[-1] == replace(set_first, occasion="end/2")


@pytest.mark.rule("CON-6")
def test_a_cancellation_is_withdrawn_until_the_module_has_ended() -> None:
    """Not after, and not without one."""
    notice = spec(MODULE).given(ordered()).when(cancel(date(2026, 6, 1))).events[0]
    withdraw = Withdraw(now=noon(date(2026, 8, 1)), module_id=M, channel="web")
    spec(MODULE).given(ordered()).when(withdraw).then_refused(NotCancelled)
    spec(MODULE).given(ordered(), notice, ModuleEnded(module_id=M, ended_on=date(2026, 7, 31))).when(withdraw).then_refused(ModuleIsOver)
    spec(MODULE).given(ordered(), notice).when(cancel(date(2026, 6, 2))).then_refused(AlreadyCancelled)
    spec(MODULE).when(withdraw).then_refused(NotFound)


@pytest.mark.rule("CON-6")
def test_the_end_takes_effect_once_and_only_if_notice_still_stands() -> None:
    """A wake-up for a day that was moved or withdrawn does nothing."""
    notice = spec(MODULE).given(ordered()).when(cancel(date(2026, 6, 1))).events[0]
    end = End(now=at(date(2026, 8, 1), "00:00"), module_id=M, ends_on=date(2026, 7, 31))
    spec(MODULE).given(ordered(), notice).when(end, end).then(ModuleEnded(module_id=M, ended_on=date(2026, 7, 31)))
    spec(MODULE).given(ordered(), notice, CancellationWithdrawn(module_id=M)).when(end).then_nothing()
    moved = cancel(date(2026, 6, 2), date(2026, 9, 30), is_manager=True)
    spec(MODULE).given(ordered(), notice).when(moved, end).then_types(ModuleCancelled)


@pytest.mark.rule("CON-6")
def test_an_order_is_called_off_before_delivery_by_a_manager_only() -> None:
    """Its term does not run yet, so a customer has no notice to give."""
    line = ordered(term(36))
    spec(MODULE).given(line).when(cancel(date(2026, 1, 5))).then_refused(NotYetDelivered)
    spec(MODULE).given(line).when(cancel(date(2026, 1, 5), is_manager=True)).then_types(ModuleCancelled, ModuleEnded)


@pytest.mark.rule("CON-4")
def test_a_tariff_change_respects_the_notice_rule() -> None:
    """The new tariff counts from the day after the old one could have ended; a customer may pick later, a manager any day."""
    new = tariff(tariff_id=TariffId("other"))
    on = date(2026, 6, 10)
    changed = TariffChanged(module_id=M, tariff=new, from_on=date(2026, 8, 1), channel="web")
    spec(MODULE).given(ordered()).when(change(on, new)).then_explained(changed)
    refused = spec(MODULE).given(ordered()).when(change(on, new, date(2026, 7, 1))).then_refused(DateNotPossible, "from_on").refusal
    assert refused is not None and "2026-07-01 is not possible; 2026-08-01 is" in refused.message
    spec(MODULE).given(ordered()).when(change(on, new, date(2026, 9, 1))).then_explained(
        msgspec.structs.replace(changed, from_on=date(2026, 9, 1))
    )
    past = msgspec.structs.replace(changed, from_on=date(2026, 3, 15))
    spec(MODULE).given(ordered()).when(change(on, new, date(2026, 3, 15), is_manager=True)).then_explained(past)
    spec(MODULE).given(ordered()).when(change(on, tariff(module="fibre"))).then_refused(InvalidInput, "tariff_id")
    spec(MODULE).given(ordered()).when(change(on, msgspec.structs.replace(new, is_public=False))).then_refused(ManagerOnly, "tariff_id")
    spec(MODULE).given(ordered(term(12))).when(change(on, new)).then_refused(NotYetDelivered)


@pytest.mark.rule("CAT-5")
def test_a_running_module_stays_on_its_version_until_a_manager_migrates_it() -> None:
    """A newer version of the same tariff is not the customer's to take."""
    newer = tariff(version=2)
    on = date(2026, 6, 10)
    spec(MODULE).given(ordered()).when(change(on, newer)).then_refused(ManagerOnly, "tariff_id")
    spec(MODULE).given(ordered()).when(change(on, newer, is_manager=True)).then_types(TariffChanged)
    spec(MODULE).given(ordered()).when(change(on, tariff(), is_manager=True)).then_nothing()


@pytest.mark.rule("CAT-25")
def test_a_tariff_change_keeps_the_first_start_unless_a_new_term_was_confirmed() -> None:
    """Notice counts from the first start, or from the day of the change where the customer agreed to a new term."""
    start = ordered(YEARLY, date(2026, 1, 1))
    new = tariff(YEARLY, tariff_id=TariffId("other"))
    for confirmed, ends_on in ((False, date(2027, 12, 31)), (True, date(2028, 2, 29))):
        change_it = change(date(2026, 11, 1), new, date(2027, 3, 1), is_manager=True, new_term=confirmed)
        event = spec(MODULE).given(start).when(change_it).events[0]
        assert the_end([start, event], cancel(date(2027, 4, 1))) == ends_on


@pytest.mark.rule("CON-4")
def test_a_change_replaces_what_was_pending_for_later() -> None:
    """From its day on there is one tariff."""
    first, second = tariff(tariff_id=TariffId("a")), tariff(tariff_id=TariffId("b"))
    on = date(2026, 6, 10)
    pending = TariffChanged(module_id=M, tariff=first, from_on=date(2026, 12, 1), channel="web")
    done = spec(MODULE).given(ordered(), pending).when(change(on, second))
    assert [(e.tariff, e.from_on) for e in sequence_of(done.events, TariffChanged)] == [
        (second, date(2026, 8, 1)),
        (second, date(2026, 12, 1)),
    ]


@pytest.mark.rule("CON-9")
def test_options_that_the_new_tariff_lacks_end_with_the_old_one() -> None:
    """The day before the change."""
    bare = tariff(tariff_id=TariffId("bare"), articles=(Article(article_id=ArticleId("base"), title="Base fee"),))
    with_option = ordered(options=(ArticleId("machine"),))
    done = spec(MODULE).given(with_option).when(change(date(2026, 6, 10), bare))
    (removed,) = sequence_of(done.events, OptionRemoved)
    assert (removed.article_id, removed.ends_on) == ("machine", date(2026, 7, 31))


RULES = st.sampled_from([NONE, MONTHLY, YEARLY, LICENCE_YEAR, term(1), term(12), term(36)])
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.rule("CON-4")
@given(rule=RULES, start=DAYS, wait=st.integers(0, 3000), later=st.integers(0, 3000), is_telecom=st.booleans())
def test_what_a_refusal_names_as_possible_is_accepted(rule: NoticeRule, start: date, wait: int, later: int, is_telecom: bool) -> None:
    """Whatever day a customer asks for: it is taken, or the day named instead is, and that is the nearest one later."""
    given_on = start + timedelta(days=wait)

    def choose(asked: date | None) -> date:
        notice = Notice(rule=rule, counts_from=start, given=given_on, is_telecom=is_telecom)
        return choose_end(notice, asked=asked, is_manager=False).ends_on

    earliest = choose(None)
    asked = earliest + timedelta(days=later)
    try:
        assert choose(asked) == asked
    except DateNotPossible as refused:
        possible = refused.facts["possible"]
        assert isinstance(possible, date) and possible > asked
        assert choose(possible) == possible


@pytest.mark.rule("CAT-20", "CAT-21", "CAT-22", "CAT-23", "CAT-24")
@given(rule=RULES, start=DAYS, wait=st.integers(0, 3000))
def test_giving_notice_a_day_later_never_ends_earlier(rule: NoticeRule, start: date, wait: int) -> None:
    """Waiting never helps."""
    first = start + timedelta(days=wait)

    def ends(day: date) -> date:
        return Notice(rule=rule, counts_from=start, given=day, is_telecom=False).earliest().ends_on

    assert first <= ends(first) <= ends(first + timedelta(days=1))


@pytest.mark.rule("CON-4", "CON-6")
def test_a_notice_that_is_entered_later_is_judged_by_the_tariff_of_its_day() -> None:
    """Given on 1 June under a monthly tariff and entered on the 20th, when a yearly one was there already."""
    yearly = tariff(YEARLY, tariff_id=TariffId("year"))
    changed = TariffChanged(module_id=M, tariff=yearly, from_on=date(2026, 6, 10))
    late = cancel(date(2026, 6, 20), is_manager=True, notice_on=date(2026, 6, 1))
    assert the_end([ordered(), changed], late) == date(2026, 7, 31)
    assert the_end([ordered(), changed], cancel(date(2026, 6, 20))) == date(2026, 12, 31)
