"""Notice between the order of a new term and its first day: the present rule ends the module before that day, or the new term binds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.contracts.agreed_term import term_paragraph
from termijn.contracts.end_date import Notice
from termijn.contracts.errors import DateNotPossible
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Cancel, ChangeTariff, ModuleCommand, RemoveOption, Scale
from termijn.contracts.module_page import Asker, changes_of, notice_of
from termijn.contracts.module_state import Module, Running, TariffFrom
from termijn.contracts.price_event import PriceChangeAnnounced
from termijn.events.base import Event
from termijn.events.contracts import ModuleCancelled, ModuleOrdered, ModuleScaled, OptionAdded, OptionRemoved, TariffChanged
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, term
from termijn.kernel.notice_words import in_dutch
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")
START = date(2025, 3, 15)
FIRST = date(2026, 3, 1)
"""The first day of the new term of 24 months, ordered on 20 January; its last one is 29 February 2028."""
LAST = date(2028, 2, 29)


def tariff(name: str, rule: NoticeRule = MONTHLY, **changes: Any) -> Tariff:
    articles = (Article(article_id=ArticleId("base"), title="Base", net_price=Decimal(5)), MACHINE)
    sold = Tariff(tariff_id=TariffId(name), version=1, title=name.title(), module="line", notice=rule, articles=articles)
    return msgspec.structs.replace(sold, **changes)


MACHINE = Article(article_id=ArticleId("machine"), title="Machine", is_option=True)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def planned(rule: NoticeRule = MONTHLY, new: NoticeRule | None = None, *, first: date = FIRST, **changes: Any) -> list[Event]:
    """A module of two under that rule, with a new term that was agreed from the first of March 2026."""
    later = tariff("faster", new or term(24), **changes)
    return [
        ModuleOrdered(module_id=M, tariff=tariff("basic", rule, **changes), quantity=2, ordered_on=START, starts_on=START),
        TariffChanged(module_id=M, tariff=later, from_on=first, starts_new_term=True),
    ]


def cancel(on: date, ends_on: date | None = None, **changes: Any) -> Cancel:
    command = Cancel(now=noon(on), module_id=M, notice_on=on, ends_on=ends_on, is_manager=False, channel="web")
    return msgspec.structs.replace(command, **changes)


def decided(events: list[Event], command: ModuleCommand, kind: type[Event]) -> Any:
    (event,) = sequence_of(spec(MODULE).given(*events).when(command).events, kind)
    return event


def running(events: list[Event]) -> Running:
    state: Module = spec(MODULE).given(*events).state
    assert isinstance(state, Running)
    return state


@pytest.mark.rule("CAT-25", "CON-4", "CON-13")
def test_notice_in_time_ends_before_the_new_term_and_later_notice_with_it() -> None:
    """A month's notice reaches the end of February until January is over; in February the customer is bound by what it agreed to."""
    assert decided(planned(), cancel(date(2026, 1, 31)), ModuleCancelled).ends_on == date(2026, 2, 28)
    late = decided(planned(), cancel(date(2026, 2, 5)), ModuleCancelled)
    assert late.ends_on == LAST
    assert late.explanation == (
        "notice rule monthly; notice on 5 February 2026; one full month; to month end; that gives 31 March 2026, when the new term runs "
        "that was agreed from 1 March 2026; notice rule term:24; one full month; to month end; minimum term of 24 months from "
        "1 March 2026 to 29 February 2028; ends 29 February 2028"
    )
    assert "en dan loopt de nieuwe termijn die vanaf 1 maart 2026 is afgesproken" in in_dutch(late.explanation)
    assert all(in_dutch(step) != step for step in late.explanation.split("; "))


@pytest.mark.rule("CON-4", "CAT-25")
def test_a_customer_picks_no_day_within_the_new_term_and_a_manager_any() -> None:
    """Nor one that the present rule alone would allow."""
    on, within = date(2026, 1, 20), date(2026, 6, 30)
    refused = spec(MODULE).given(*planned()).when(cancel(on, within)).then_refused(DateNotPossible, "ends_on").refusal
    assert f"{LAST} is (a new term was agreed from 1 March 2026, with notice rule term:24)" in refused.message
    early = spec(MODULE).given(*planned()).when(cancel(on, date(2026, 2, 10))).then_refused(DateNotPossible, "ends_on").refusal
    assert "2026-02-28 is (notice rule monthly; notice on 20 January 2026; one full month; " in early.message
    for possible in (date(2026, 2, 28), LAST, date(2028, 3, 31)):
        assert decided(planned(), cancel(on, possible), ModuleCancelled).ends_on == possible
    assert decided(planned(), cancel(on, within, is_manager=True), ModuleCancelled).ends_on == within


@pytest.mark.rule("CAT-25", "CON-13")
def test_a_portal_reads_the_days_that_notice_gives() -> None:
    """The same as the decisions: before the new term, then from its last day on."""
    asker = Asker(now=noon(date(2026, 1, 20)), is_manager=False, is_consumer=False, consented_months=0)
    early = notice_of(M, running(planned()), asker, given=date(2026, 1, 20))
    assert early["possible_ends"][:3] == [date(2026, 2, 28), LAST, date(2028, 3, 31)]
    assert (early["ends_on"], early["rule"], early["inputs"]["counts_from"]) == (date(2026, 2, 28), MONTHLY, START)
    late = notice_of(M, running(planned()), asker, given=date(2026, 2, 5))
    assert (late["ends_on"], late["rule"], late["inputs"]["counts_from"]) == (LAST, term(24), FIRST)
    assert (late["last_notice_day"], late["renews_on"], late["possible_ends"][0]) == (date(2028, 1, 31), date(2028, 3, 1), LAST)
    in_february = msgspec.structs.replace(asker, now=noon(date(2026, 2, 5)))
    told = {(one["change"], one.get("quantity")): one for one in changes_of(M, running(planned()), in_february, tariffs=[])}
    assert told["cancel", None]["ends_on"] == "2028-02-29"
    free = notice_of(M, running(planned(NONE)), asker, given=date(2026, 1, 20))
    assert not free["ends_any_later_day"] and free["possible_ends"][-1] == date(2026, 1, 31)


@pytest.mark.rule("CAT-26", "CAT-27")
@pytest.mark.parametrize(("is_telecom", "is_consumer"), [(True, False), (False, True), (True, True)])
def test_the_law_lets_go_within_a_month_but_not_from_a_first_term_that_was_agreed_anew(is_telecom: bool, is_consumer: bool) -> None:
    """Until a month before its first day, and again after its last."""
    after_the_first = START.replace(year=2026) + timedelta(days=1)
    events = planned(YEARLY, first=date(2026, 5, 1), is_telecom=is_telecom)
    early = decided(events, cancel(after_the_first, is_consumer=is_consumer), ModuleCancelled)
    assert (early.ends_on, early.returns_paid_ahead) == (date(2026, 4, 16), is_consumer)
    late = decided(events, cancel(date(2026, 4, 10), is_consumer=is_consumer), ModuleCancelled)
    assert (late.ends_on, late.waives_disconnect_fee) == (date(2028, 4, 30), is_telecom)
    assert decided(events, cancel(date(2028, 5, 3), is_consumer=is_consumer), ModuleCancelled).ends_on == date(2028, 6, 3)
    by_manager = cancel(date(2026, 4, 10), date(2026, 6, 1), is_manager=True, is_consumer=is_consumer)
    assert not decided(events, by_manager, ModuleCancelled).waives_disconnect_fee, "within the new first term"


@pytest.mark.rule("CAT-10")
def test_a_price_change_lets_the_customer_go_from_a_new_term_too() -> None:
    """Free of charge, by the day before."""
    dearer = tariff("faster", term(24), version=2, is_telecom=True)
    announced = PriceChangeAnnounced(
        module_id=M,
        change_id="c1",
        tariff=dearer,
        replaces=1,
        from_on=date(2026, 4, 1),
        is_indexation=False,
        may_end_free_until=date(2026, 3, 31),
        moves=(),
    )
    left = decided([*planned(is_telecom=True), announced], cancel(date(2026, 2, 15)), ModuleCancelled)
    assert (left.ends_on, left.waives_disconnect_fee) == (date(2026, 3, 31), True)


@pytest.mark.rule("CON-3", "CON-4", "CON-5", "CAT-25")
def test_nothing_else_gets_out_of_a_new_term_either() -> None:
    """Another tariff comes after it, less is a cancellation of that part, and an option ends with it; what counts by then does not."""
    on, events = date(2026, 2, 5), planned()
    change = ChangeTariff(
        now=noon(on), module_id=M, tariff=tariff("third"), from_on=None, new_term_confirmed=False, is_manager=False, channel="web"
    )
    assert decided(events, change, TariffChanged).from_on == date(2028, 3, 1)
    less = Scale(now=noon(on), module_id=M, quantity=1, at_once=False, from_on=None, is_manager=False, channel="web")
    assert decided(events, less, ModuleScaled).from_on == FIRST, "the first of the next month comes before the new term"
    scaled = decided(planned(first=date(2026, 2, 20)), less, ModuleScaled)
    assert scaled.from_on == date(2028, 3, 1) and "agreed from 20 February 2026; less is a cancellation of that part" in scaled.explanation
    assert all(in_dutch(step) != step for step in scaled.explanation.split("; "))
    assert decided(planned(term(1)), less, ModuleScaled).from_on == date(2028, 3, 1)
    option = OptionAdded(module_id=M, article_id=MACHINE.article_id, quantity=1, from_on=date(2025, 6, 1))
    remove = RemoveOption(now=noon(on), module_id=M, article_id=MACHINE.article_id, ends_on=None, is_manager=True, channel="web")
    assert decided([*events, option], remove, OptionRemoved).ends_on == LAST


@pytest.mark.rule("CON-13", "CAT-25")
def test_a_letter_tells_the_day_that_notice_would_give() -> None:
    """Who takes notice back is told to which day it could be given again."""
    later = (TariffFrom(from_on=FIRST, tariff=tariff("faster", term(24)), counts_from=FIRST),)
    common: dict[str, Any] = {"counts_from": START, "holds_from": date(2026, 2, 5), "is_consumer": False}
    told = term_paragraph(tariff("basic"), **common, language="en", planned=later)
    assert "With notice on 5 February 2026 the last day would be 29 February 2028" in told
    assert "31 March 2026" in term_paragraph(tariff("basic"), **common, language="en")


RULES = st.sampled_from([NONE, MONTHLY, YEARLY, LICENCE_YEAR, term(1), term(12), term(24)])


@pytest.mark.rule("CAT-25", "CON-4")
@settings(max_examples=100)
@given(
    old=RULES,
    new=RULES,
    other=RULES,
    wait=st.integers(0, 700),
    gap=st.integers(1, 300),
    more=st.integers(1, 300),
    is_telecom=st.booleans(),
    is_consumer=st.booleans(),
)
def test_no_end_lies_before_the_new_term_would_allow_it(
    *, old: NoticeRule, new: NoticeRule, other: NoticeRule, wait: int, gap: int, more: int, is_telecom: bool, is_consumer: bool
) -> None:
    """Whatever the rules: before a new term as if there were none, within one no earlier than if notice were given on its first day
    under a rule with a term; and who waits a day never leaves earlier.
    """
    on = START + timedelta(days=wait)
    firsts = [on + timedelta(days=gap), on + timedelta(days=gap + more)]
    later = [
        TariffFrom(from_on=day, tariff=tariff("n", rule, is_telecom=is_telecom), counts_from=day)
        for day, rule in zip(firsts, (new, other), strict=True)
    ]
    law = {"is_telecom": is_telecom, "is_consumer": is_consumer}

    def end(given_on: date, terms: list[TariffFrom]) -> date:
        return Notice(rule=old, counts_from=START, given=given_on, planned=terms, **law).earliest().ends_on

    found, alone = end(on, later), end(on, [])
    if alone < firsts[0]:
        assert found == alone
    elif found < firsts[1]:
        assert found >= firsts[0]
        bound = Notice(rule=new, counts_from=firsts[0], given=on, **law).earliest().ends_on
        assert found >= bound
    else:
        assert found >= firsts[1]
    assert found <= end(on + timedelta(days=1), [one for one in later if one.from_on > on + timedelta(days=1)]) or gap == 1
