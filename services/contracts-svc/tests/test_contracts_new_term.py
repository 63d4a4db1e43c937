"""A tariff change and its term: the first start stays, unless a new term is stated and the customer confirmed it (CAT-25)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from termijn.contracts.errors import EndsBefore, ManagerOnly, MustBeAnnounced
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Cancel, ChangeTariff
from termijn.contracts.module_page import Asker, changes_of, notice_of
from termijn.contracts.module_state import Module, Running
from termijn.events.contracts import ModuleActivated, ModuleCancelled, ModuleOrdered, OptionAdded, TariffChanged
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, term
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")
MACHINE = ArticleId("machine")


def tariff(name: str, rule: NoticeRule = MONTHLY, **changes: Any) -> Tariff:
    articles = (
        Article(article_id=ArticleId("base"), title="Base fee"),
        Article(article_id=MACHINE, title="Answering machine", is_option=True, notice=NONE),
    )
    sold = Tariff(tariff_id=TariffId(name), version=1, title=name.title(), module="line", notice=rule, articles=articles)
    return msgspec.structs.replace(sold, **changes)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


START = date(2025, 3, 15)
LINE = (
    ModuleOrdered(module_id=M, tariff=tariff("basic", term(12)), quantity=2, ordered_on=START, starts_on=None),
    ModuleActivated(module_id=M, active_from=START),
)


def change(on: date, new: Tariff, **changes: Any) -> ChangeTariff:
    command = ChangeTariff(
        now=noon(on), module_id=M, tariff=new, from_on=None, new_term_confirmed=False, is_manager=False, channel="portal"
    )
    return msgspec.structs.replace(command, **changes)


def the_change(command: ChangeTariff) -> TariffChanged:
    (event,) = sequence_of(spec(MODULE).given(*LINE).when(command).events, TariffChanged)
    assert isinstance(event, TariffChanged)
    return event


def end_of(event: TariffChanged, *, notice: date) -> date:
    cancel = Cancel(now=noon(notice), module_id=M, notice_on=notice, ends_on=None, is_manager=False, channel="web")
    (cancelled,) = sequence_of(spec(MODULE).given(*LINE, event).when(cancel).events, ModuleCancelled)
    ends_on: date = cancelled.ends_on
    return ends_on


@pytest.mark.rule("CAT-25", "CON-4", "CON-13")
def test_the_first_start_stays_and_the_day_is_explained() -> None:
    """In March 2026 the minimum term is over at the end of the month; the new tariff counts from the day after."""
    faster = tariff("faster", term(24))
    event = the_change(change(date(2026, 1, 10), faster))
    assert (event.from_on, event.starts_new_term, event.confirmed_on) == (date(2026, 4, 1), False, None)
    assert event.explanation == (
        "notice rule term:12; notice on 10 January 2026; one full month; to month end; minimum term of 12 months from 15 March 2025 to "
        "14 March 2026; to month end; ends 31 March 2026; counts from 1 April 2026"
    )
    assert end_of(event, notice=date(2026, 5, 1)) == date(2027, 3, 31), "24 months from the first start"


@pytest.mark.rule("CAT-25")
def test_a_customer_who_states_a_new_term_confirms_it_by_that() -> None:
    """Today, through the channel of the order; the new term counts from the change."""
    event = the_change(change(date(2026, 1, 10), tariff("faster", term(24)), new_term_confirmed=True))
    assert (event.starts_new_term, event.confirmed_on) == (True, date(2026, 1, 10))
    assert event.confirmation == "given with the order, through portal"
    assert "a new term starts, as the customer confirmed on 10 January 2026" in event.explanation
    assert end_of(event, notice=date(2026, 5, 1)) == date(2028, 3, 31)


@pytest.mark.rule("CAT-25", "SEC-2")
def test_a_manager_says_where_the_confirmation_is() -> None:
    """Without one there is no new term; a customer records nobody else's."""
    new, on = tariff("faster", term(24)), date(2026, 1, 10)
    by_manager = change(on, new, is_manager=True, new_term_confirmed=True)
    spec(MODULE).given(*LINE).when(by_manager).then_refused(InvalidInput, "confirmation")
    told = msgspec.structs.replace(by_manager, confirmation="mail of 8 January", confirmed_on=date(2026, 1, 8))
    event = the_change(told)
    assert (event.confirmed_on, event.confirmation) == (date(2026, 1, 8), "mail of 8 January")
    later = msgspec.structs.replace(told, confirmed_on=date(2026, 2, 1))
    spec(MODULE).given(*LINE).when(later).then_refused(InvalidInput, "confirmed_on")
    spec(MODULE).given(*LINE).when(change(on, new, confirmation="mail")).then_refused(InvalidInput, "new_term_confirmed")
    elsewhere = change(on, new, new_term_confirmed=True, confirmed_on=date(2026, 1, 8))
    spec(MODULE).given(*LINE).when(elsewhere).then_refused(ManagerOnly, "confirmed_on")


@pytest.mark.rule("CON-4")
def test_a_manager_changes_from_any_day_but_not_after_the_end() -> None:
    """Also from a past one; what was billed too much is credited by who bills."""
    past = change(date(2026, 1, 10), tariff("faster"), from_on=date(2025, 11, 1), is_manager=True)
    event = the_change(past)
    assert event.from_on == date(2025, 11, 1) and "was chosen by a manager" in event.explanation
    notice = ModuleCancelled(module_id=M, notice_on=date(2026, 1, 5), ends_on=date(2026, 3, 31), explanation="")
    spec(MODULE).given(*LINE, notice).when(change(date(2026, 1, 10), tariff("faster"))).then_refused(EndsBefore, "from_on")


ASKER = Asker(now=noon(date(2026, 1, 10)), is_manager=False, is_consumer=False, consented_months=0)


def state(*events: Any) -> Module:
    found: Module = spec(MODULE).given(*events).state
    return found


@pytest.mark.rule("CON-13", "CON-4", "CON-5")
def test_a_portal_reads_what_notice_gives_with_rule_inputs_and_steps() -> None:
    """The earliest end, the ones after it, the last day for notice; and what each option would do by its own rule."""
    option = OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=date(2025, 6, 1))
    running = state(*LINE, option)
    assert isinstance(running, Running)
    told = notice_of(M, running, ASKER, given=date(2026, 1, 10))
    assert (told["ends_on"], told["last_notice_day"], told["renews_on"]) == (date(2026, 3, 31), date(2026, 2, 28), date(2026, 3, 15))
    assert told["possible_ends"][:3] == [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    assert told["rule"] == term(12) and told["steps"][0] == "notice on 10 January 2026"
    assert told["inputs"] == {
        "counts_from": START,
        "given": date(2026, 1, 10),
        "is_telecom": False,
        "is_consumer": False,
    }
    assert [one["ends_on"] for one in told["options"]] == [date(2026, 1, 10)]
    licence = ModuleOrdered(module_id=M, tariff=tariff("pbx", LICENCE_YEAR), quantity=4, ordered_on=START, starts_on=START)
    running = state(licence)
    assert isinstance(running, Running)
    assert notice_of(M, running, ASKER, given=date(2026, 1, 10))["possible_ends"][:2] == [date(2026, 3, 14), date(2027, 3, 14)]


@pytest.mark.rule("CON-3", "CON-9", "SEC-2")
def test_a_portal_reads_which_changes_are_allowed_and_why_not() -> None:
    """By the same decisions that carry them out: a customer adds no option, and nobody withdraws what was not said."""
    faster, own = tariff("faster"), tariff("basic", term(12))
    told = changes_of(M, state(*LINE), ASKER, tariffs=[own, faster])
    by_name = {(one["change"], one.get("tariff_id") or one.get("quantity")): one for one in told}
    assert by_name["cancel", None]["ends_on"] == "2026-03-31"
    assert by_name["withdraw_cancellation", None]["code"] == "NotCancelled"
    assert by_name["scale", 3]["from_on"] == "2026-02-01"
    assert by_name["scale", 1]["from_on"] == "2026-04-01", "less is a cancellation of that part"
    assert by_name["tariff", "faster"]["from_on"] == "2026-04-01"
    assert (by_name["tariff", "basic"]["is_allowed"], by_name["tariff", "basic"]["field"]) == (False, "tariff_id")
    assert by_name["add_option", None]["code"] == "ManagerOnly"
    manager = msgspec.structs.replace(ASKER, is_manager=True)
    assert {one["change"]: one["is_allowed"] for one in changes_of(M, state(*LINE), manager, tariffs=[])}["add_option"]
    over = changes_of(M, state(*LINE, ModuleCancelled(module_id=M, notice_on=START, ends_on=START, explanation="")), ASKER, tariffs=[])
    assert over[0]["code"] == "AlreadyCancelled" and over[1]["is_allowed"]


@pytest.mark.rule("CAT-25", "CON-4")
def test_a_new_term_that_was_planned_goes_with_the_order_that_planned_it() -> None:
    """Ordered anew with or without a term, from an earlier day or the same: what was pending is replaced."""
    faster, on = tariff("faster", term(24)), date(2026, 6, 10)
    first = change(on, faster, new_term_confirmed=True, from_on=date(2026, 9, 1))

    def counts_from(*more: ChangeTariff) -> date:
        found: Module = spec(MODULE).given(*LINE).when(first, *more).state
        assert isinstance(found, Running)
        return found.counts_from(date(2026, 12, 1))

    assert counts_from() == date(2026, 9, 1)
    assert counts_from(change(on, faster, new_term_confirmed=True)) == date(2026, 8, 1)
    assert counts_from(change(on, faster)) == START
    assert counts_from(change(on, faster, from_on=date(2026, 9, 1))) == START


@pytest.mark.rule("CON-4", "CAT-5")
def test_a_customer_orders_the_present_tariff_again_in_place_of_one_that_is_to_come() -> None:
    """As long as its notice rule gives a day by then; with nothing to come, in another version, or with an option lost it is no order."""
    own, faster, on = tariff("basic", term(12)), tariff("faster", term(24)), date(2026, 6, 10)
    stay = change(on, own)
    spec(MODULE).given(*LINE).when(stay).then_refused(ManagerOnly, "tariff_id")
    for first in (change(on, faster), change(on, faster, new_term_confirmed=True), change(on, faster, from_on=date(2026, 10, 1))):
        changed = spec(MODULE).given(*LINE).when(first).when(stay)
        (event,) = sequence_of(changed.events, TariffChanged)
        assert (event.tariff, event.from_on, event.starts_new_term) == (own, first.from_on or date(2026, 8, 1), False)
        assert isinstance(changed.state, Running) and changed.state.counts_from(date(2026, 12, 1)) == START
        assert {changed.state.terms.tariff_on(date(2026, month, 1)) for month in (6, 8, 10, 12)} == {own}
    newer = msgspec.structs.replace(own, version=2)
    spec(MODULE).given(*LINE).when(change(on, faster)).when(change(on, newer)).then_refused(ManagerOnly, "tariff_id")
    option = OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=date(2025, 6, 1))
    bare = msgspec.structs.replace(faster, articles=faster.articles[:1])
    spec(MODULE).given(*LINE, option).when(change(on, bare)).when(stay).then_refused(ManagerOnly, "tariff_id")
    late = change(date(2026, 7, 3), own)
    (event,) = spec(MODULE).given(*LINE).when(change(on, faster, new_term_confirmed=True)).when(late).events
    assert event.from_on == date(2028, 8, 1), "by then it is bound by the new term"


@pytest.mark.rule("CAT-5", "CAT-10")
def test_other_prices_under_the_same_tariff_are_announced_unless_the_customer_asked_for_them() -> None:
    """A migration tells of them a month before; what only changes words needs none, and another tariff is the customer's order."""
    on = date(2026, 6, 10)
    dearer = tariff("basic", term(12), version=2, articles=(Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal(5)),))
    migrate = change(on, dearer, is_manager=True)
    spec(MODULE).given(*LINE).when(migrate).then_refused(MustBeAnnounced, "request")
    in_the_past = msgspec.structs.replace(migrate, from_on=date(2026, 3, 1))
    spec(MODULE).given(*LINE).when(in_the_past).then_refused(MustBeAnnounced, "request")
    spec(MODULE).given(*LINE).when(msgspec.structs.replace(migrate, request=" ")).then_refused(MustBeAnnounced, "request")
    asked = the_change(msgspec.structs.replace(in_the_past, request="mail of 9 June"))
    assert (asked.from_on, asked.request) == (date(2026, 3, 1), "mail of 9 June")
    agreed = msgspec.structs.replace(migrate, new_term_confirmed=True, confirmation="mail of 9 June")
    assert the_change(agreed).starts_new_term
    renamed = tariff("basic", term(12), version=2, title="Basic, as ever")
    assert the_change(change(on, renamed, is_manager=True)).tariff == renamed
    other = msgspec.structs.replace(dearer, tariff_id=TariffId("other"))
    assert the_change(change(on, other, is_manager=True)).tariff == other
    spec(MODULE).given(*LINE).when(change(on, other, request="mail of 9 June")).then_refused(ManagerOnly, "request")
