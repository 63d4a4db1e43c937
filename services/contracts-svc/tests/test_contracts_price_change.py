"""Price changes of a module: announced a month before, with a way out for telecommunication and consumers, then in force."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.confirmation_facts import facts_of
from termijn.contracts.errors import AlreadyCancelled
from termijn.contracts.letterhead import Letterhead
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Cancel
from termijn.contracts.module_state import Running
from termijn.contracts.price_change import was_in_time
from termijn.contracts.price_command import AnnouncePriceChange, DropPriceChange, PutPriceChange
from termijn.contracts.price_event import ApplyPriceChange, PriceChangeAnnounced, PriceChangeDropped
from termijn.contracts.price_letter import price_facts, price_letter
from termijn.contracts.price_move import is_dearer, moves_between
from termijn.events.base import Event
from termijn.events.contracts import ModuleCancelled, ModuleOrdered, OptionAdded, OptionRemoved, TariffChanged
from termijn.kernel.calendar import add_months, at
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, DeckId, ModuleId, TariffId
from termijn.kernel.notice import MONTHLY, YEARLY
from termijn.kernel.tariff import Article, Billing, NoticeRule, Tariff
from termijn.kernel.words import Language
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import spec

MODULE_ID = ModuleId("t1")
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
MAY = date(2026, 5, 1)
LANGUAGES: tuple[Language, ...] = ("nl", "en")


def tariff(version: int = 1, price: str = "10.00", **more: Any) -> Tariff:
    articles = (
        Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal(price)),
        Article(article_id=ArticleId("machine"), title="Answering machine", net_price=Decimal("2.50"), is_option=True),
    )
    fields: dict[str, Any] = {"title": "Call handling", "notice": YEARLY, "articles": articles, **more}
    return Tariff(tariff_id=TariffId("calls"), version=version, module="telephony", **fields)


def ordered(of: Tariff) -> ModuleOrdered:
    return ModuleOrdered(module_id=MODULE_ID, tariff=of, quantity=1, ordered_on=date(2026, 1, 1), starts_on=date(2026, 1, 1))


def announce(to: Tariff, from_on: date = MAY, **more: Any) -> AnnouncePriceChange:
    fields: dict[str, Any] = {"replaces": 1, "is_indexation": False, "is_consumer": False, **more}
    return AnnouncePriceChange(now=NOW, module_id=MODULE_ID, change_id="2026", tariff=to, from_on=from_on, **fields)


def put(*, was_announced: bool = True) -> PutPriceChange:
    return PutPriceChange(now=at(MAY, "00:00"), module_id=MODULE_ID, change_id="2026", was_announced=was_announced)


def cancel(ends_on: date | None = None, on: date = date(2026, 3, 20)) -> Cancel:
    return Cancel(now=at(on, "12:00"), module_id=MODULE_ID, notice_on=on, ends_on=ends_on, is_manager=False, channel="web")


def announced(of: Tariff, to: Tariff, **more: Any) -> list[Event]:
    return list(spec(MODULE).given(ordered(of)).when(announce(to, **more)).events)


@pytest.mark.rule("CAT-10", "CAT-5", "TIM-1")
def test_a_price_change_is_announced_with_old_and_new_prices_and_comes_by_timer() -> None:
    """The module stays on its version until 00:00 of the day."""
    dearer = tariff(2, "10.25")
    done = spec(MODULE).given(ordered(tariff())).when(announce(dearer)).then_types(PriceChangeAnnounced)
    done.then_timers(SetTimer(occasion="price/2026", due_at=at(MAY, "00:00"), wake_up=ApplyPriceChange(change_id="2026"), rank=1))
    (event,) = done.events
    assert isinstance(event, PriceChangeAnnounced)
    assert [(m.title, m.old, m.new) for m in event.moves] == [("Base fee", Decimal("10.00"), Decimal("10.25"))]
    assert isinstance(done.state, Running) and done.state.terms.tariff_on(date(2027, 1, 1)).version == 1
    then = spec(MODULE).given(ordered(tariff()), event).when(put())
    then.then(TariffChanged(module_id=MODULE_ID, tariff=dearer, from_on=MAY, channel="migration"))
    assert isinstance(then.state, Running) and then.state.price_change is None
    assert then.state.terms.tariff_on(date(2026, 4, 30)).version == 1
    assert then.state.terms.tariff_on(MAY).version == 2
    then.when(put()).then_nothing()


@pytest.mark.rule("CAT-10")
@given(today=st.dates(date(2026, 1, 2), date(2026, 12, 31)), days=st.integers(-5, 70))
def test_other_prices_need_a_month(today: date, days: int) -> None:
    """Whatever the month's length; the refusal names the field."""
    from_on = date.fromordinal(today.toordinal() + days)
    command = msgspec.structs.replace(announce(tariff(2, "9.99"), from_on), now=at(today, "09:00"))
    done = spec(MODULE).given(ordered(tariff())).when(command)
    if from_on >= add_months(today, 1):
        done.then_types(PriceChangeAnnounced)
    else:
        done.then_refused(InvalidInput, "effective_on")


@pytest.mark.rule("CAT-10", "CAT-5")
def test_where_no_price_differs_nothing_has_to_be_announced_before() -> None:
    """Another title is no price; the past is out of reach all the same."""
    same = tariff(2, title="Call handling, renewed")
    spec(MODULE).given(ordered(tariff())).when(announce(same, date(2026, 3, 10))).then_types(PriceChangeAnnounced)
    spec(MODULE).given(ordered(tariff())).when(announce(same, date(2026, 3, 9))).then_refused(InvalidInput, "effective_on")


@pytest.mark.rule("CAT-10")
@pytest.mark.parametrize(
    ("is_telecom", "is_consumer", "is_indexation", "is_agreed", "price", "may_leave"),
    [
        (True, False, False, False, "10.25", True),
        (False, True, False, False, "10.25", True),
        (False, False, False, False, "10.25", False),
        (True, True, True, False, "10.25", True),
        (True, True, True, True, "10.25", False),
        (True, True, False, True, "10.25", True),
        (True, True, False, False, "9.75", False),
    ],
)
def test_who_may_leave_free_of_charge(
    *, is_telecom: bool, is_consumer: bool, is_indexation: bool, is_agreed: bool, price: str, may_leave: bool
) -> None:
    """Telecommunication and consumers, where it gets dearer and is not indexation that the contract agreed to."""
    of = tariff(is_telecom=is_telecom, is_indexation_agreed=is_agreed)
    (event,) = announced(of, tariff(2, price, is_telecom=is_telecom), is_consumer=is_consumer, is_indexation=is_indexation)
    assert isinstance(event, PriceChangeAnnounced)
    assert event.may_end_free_until == (date(2026, 4, 30) if may_leave else None)


@pytest.mark.rule("CAT-10")
def test_a_module_that_starts_after_the_change_may_end_until_its_own_day_of_it() -> None:
    """Its prices change with its start: so long it may be left."""
    later = msgspec.structs.replace(ordered(tariff(is_telecom=True)), starts_on=date(2026, 6, 1))
    (event,) = spec(MODULE).given(later).when(announce(tariff(2, "12.00", is_telecom=True))).events
    assert isinstance(event, PriceChangeAnnounced)
    assert (event.from_on, event.may_end_free_until) == (date(2026, 6, 1), date(2026, 5, 31))


@pytest.mark.rule("CAT-10")
def test_who_gave_notice_before_may_still_leave_because_of_it() -> None:
    """Noticed to the end of the year's term, and told afterwards that prices change in May; but not to a later day."""
    noticed = ModuleCancelled(module_id=MODULE_ID, notice_on=date(2026, 3, 1), ends_on=date(2026, 12, 31), explanation="")
    first = (ordered(tariff(is_telecom=True)), noticed)
    told = spec(MODULE).given(*first).when(announce(tariff(2, "12.00", is_telecom=True))).events
    (cancelled,) = spec(MODULE).given(*first, *told).when(cancel()).events
    assert isinstance(cancelled, ModuleCancelled)
    assert (cancelled.ends_on, cancelled.waives_disconnect_fee) == (date(2026, 4, 30), True)
    spec(MODULE).given(*first, *told, cancelled).when(cancel()).then_refused(AlreadyCancelled)
    spec(MODULE).given(*first, *told).when(cancel(date(2027, 1, 31))).then_refused(AlreadyCancelled)
    spec(MODULE).given(*first).when(cancel()).then_refused(AlreadyCancelled)


BASE = Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal("30.00"), billing=Billing(every_months=3))
CALLS = Article(article_id=ArticleId("calls"), title="Calls", net_price=Decimal("0.10"), usage_key="call", unit="minute")
EXTRA = Article(article_id=ArticleId("extra"), title="Hotline", net_price=Decimal("5.00"), is_option=True)
WHOLE = tariff(articles=(BASE, CALLS, EXTRA), cost_limit=Decimal(50), is_telecom=True)


def with_article(before: Article, **changes: Any) -> Tariff:
    changed = msgspec.structs.replace(before, **changes)
    return msgspec.structs.replace(WHOLE, version=2, articles=tuple(changed if one is before else one for one in WHOLE.articles))


@pytest.mark.rule("CAT-10", "CAT-5")
@pytest.mark.parametrize(
    ("to", "dearer"),
    [
        (with_article(BASE, net_price=Decimal("20.00"), billing=Billing(every_months=1)), True),
        (with_article(BASE, net_price=Decimal("10.00"), billing=Billing(every_months=1)), False),
        (with_article(BASE, net_price=Decimal("100.00"), billing=Billing(every_months=12)), False),
        (with_article(BASE, billing=Billing(every_months=3, paid_in="arrears")), False),
        (with_article(EXTRA, is_option=False), True),
        (with_article(BASE, is_option=True), False),
        (with_article(CALLS, is_fixed_price=True), True),
        (with_article(CALLS, unit="second"), True),
        (with_article(CALLS, counts_to_limit=True), True),
        (msgspec.structs.replace(WHOLE, version=2, cost_limit=Decimal(60)), True),
        (msgspec.structs.replace(WHOLE, version=2, cost_limit=None), True),
        (msgspec.structs.replace(WHOLE, version=2, cost_limit=Decimal(40)), False),
    ],
)
def test_whatever_may_come_to_more_is_announced_and_lets_customers_go(to: Tariff, dearer: bool) -> None:
    """How often it bills, what it counts for, what everybody has to have, the limit: not the figure alone."""
    spec(MODULE).given(ordered(WHOLE)).when(announce(to, date(2026, 3, 11))).then_refused(InvalidInput, "effective_on")
    (event,) = announced(WHOLE, to)
    assert isinstance(event, PriceChangeAnnounced)
    assert event.may_end_free_until == (date(2026, 4, 30) if dearer else None)


@pytest.mark.rule("CAT-10")
def test_the_announcement_says_how_often_a_price_bills_and_that_the_limit_is_another() -> None:
    """30.00 by the quarter and 20.00 by the month would look like a cheaper price."""
    to = with_article(BASE, net_price=Decimal("20.00"), billing=Billing(every_months=1))
    (event,) = announced(WHOLE, msgspec.structs.replace(to, cost_limit=None))
    facts = price_facts(event)
    assert facts is not None
    dutch, english = (
        " ".join(price_letter("PriceChangeAnnounced", facts, language=one, about="", name="Calls", letterhead=Letterhead())[1].split())
        for one in LANGUAGES
    )
    assert "- Base fee: nu € 30,00, vanaf 1 mei 2026 € 20,00 (nu per kwartaal, vooraf, straks per maand, vooraf)" in dutch
    assert "- Kostenlimiet: nu € 50,00, vanaf 1 mei 2026 geen" in dutch
    assert "(now per quarter, in advance, then per month, in advance)" in english and "- Cost limit: now EUR 50.00" in english


@pytest.mark.rule("CAT-10")
def test_leaving_because_of_it_ends_by_its_date_without_fee() -> None:
    """In the middle of a year's term; by default on the last day before the change, or earlier as asked for."""
    first = ordered(tariff(is_telecom=True))
    events = announced(tariff(is_telecom=True), tariff(2, "12.00", is_telecom=True))
    for asked, ends_on in ((None, date(2026, 4, 30)), (date(2026, 4, 1), date(2026, 4, 1))):
        done = spec(MODULE).given(first, *events).when(cancel(asked)).then_types(ModuleCancelled)
        (cancelled,) = done.events
        assert isinstance(cancelled, ModuleCancelled)
        assert (cancelled.ends_on, cancelled.waives_disconnect_fee, cancelled.returns_paid_ahead) == (ends_on, True, True)
        assert "prices change on 1 May 2026" in cancelled.explanation
    done = spec(MODULE).given(first).when(cancel())
    (by_rule,) = done.events
    assert isinstance(by_rule, ModuleCancelled) and by_rule.ends_on == date(2026, 12, 31)


@pytest.mark.rule("CAT-10")
def test_the_notice_rule_still_gives_what_is_earlier_and_the_way_out_closes() -> None:
    """Monthly notice ends before a change in June; from the day of the change on the rule alone counts."""
    to = tariff(2, "12.00", is_telecom=True, notice=NoticeRule(name="none"))
    of = tariff(is_telecom=True, notice=NoticeRule(name="none"))
    done = spec(MODULE).given(ordered(of), *announced(of, to)).when(cancel())
    (cancelled,) = done.events
    assert isinstance(cancelled, ModuleCancelled) and (cancelled.ends_on, cancelled.waives_disconnect_fee) == (date(2026, 3, 20), True)
    of = tariff(is_telecom=False)
    done = spec(MODULE).given(ordered(of), *announced(of, tariff(2, "12.00"), is_consumer=True)).when(cancel(on=MAY))
    (late,) = done.events
    assert isinstance(late, ModuleCancelled) and (late.ends_on, late.returns_paid_ahead) == (date(2026, 12, 31), False)


@pytest.mark.rule("CAT-10")
def test_what_was_not_announced_in_time_does_not_happen() -> None:
    """A mail that never left, or left too late, changes no price."""
    events = announced(tariff(), tariff(2, "12.00"))
    done = spec(MODULE).given(ordered(tariff()), *events).when(put(was_announced=False)).then_types(PriceChangeDropped)
    assert isinstance(done.state, Running) and done.state.price_change is None
    moves = moves_between(tariff(), tariff(2, "12.00"))
    assert was_in_time(moves, sent_on=date(2026, 4, 1), from_on=MAY)
    assert not was_in_time(moves, sent_on=date(2026, 4, 2), from_on=MAY)
    assert not was_in_time(moves, sent_on=None, from_on=MAY)
    assert was_in_time((), sent_on=None, from_on=MAY)
    # Announced on the last of January for the last of February: a month, however short.
    assert was_in_time(moves, sent_on=date(2026, 1, 31), from_on=date(2026, 2, 28))


@pytest.mark.rule("CAT-5")
def test_a_module_that_left_or_changed_meanwhile_is_not_moved() -> None:
    """The announcement is dropped, with the reason."""
    monthly = tariff(notice=MONTHLY)
    events = announced(monthly, tariff(2, "12.00", notice=MONTHLY))
    gone = ModuleCancelled(module_id=MODULE_ID, notice_on=date(2026, 3, 20), ends_on=date(2026, 4, 30), explanation="x")
    other = TariffChanged(module_id=MODULE_ID, tariff=tariff(3, "5.00"), from_on=date(2026, 4, 1))
    for between in (gone, other):
        spec(MODULE).given(ordered(monthly), *events, between).when(put()).then_types(PriceChangeDropped)
    spec(MODULE).given(ordered(monthly), gone).when(announce(tariff(2, "12.00"))).then_refused(Conflict, "effective_on")


@pytest.mark.rule("CAT-5", "CON-6")
def test_a_tariff_that_was_agreed_for_a_later_day_stays() -> None:
    """It is said again behind the new version: listeners take a change to replace what was planned after it."""
    later = TariffChanged(module_id=MODULE_ID, tariff=tariff(7, "5.00"), from_on=date(2026, 9, 1), starts_new_term=True)
    done = spec(MODULE).given(ordered(tariff()), *announced(tariff(), tariff(2, "12.00")), later).when(put())
    assert [(e.from_on, e.tariff.version, e.starts_new_term) for e in done.events if isinstance(e, TariffChanged)] == [
        (MAY, 2, False),
        (date(2026, 9, 1), 7, True),
    ]
    assert isinstance(done.state, Running) and done.state.counts_from(date(2026, 10, 1)) == date(2026, 9, 1)
    assert [facts_of(event) is not None for event in done.events] == [True, False], "what was ordered was confirmed then"


@pytest.mark.rule("CAT-5")
def test_one_price_change_at_a_time_of_the_version_that_runs() -> None:
    """The same announcement again changes nothing; a second one waits until the first is in force or taken back."""
    events = announced(tariff(), tariff(2, "12.00"))
    spec(MODULE).given(ordered(tariff()), *events).when(announce(tariff(2, "12.00"))).then_nothing()
    second = msgspec.structs.replace(announce(tariff(3, "13.00")), change_id="2027")
    spec(MODULE).given(ordered(tariff()), *events).when(second).then_refused(Conflict, "module_id")
    drop = DropPriceChange(now=NOW, module_id=MODULE_ID, change_id="2026", reason="a mistake")
    dropped = PriceChangeDropped(module_id=MODULE_ID, change_id="2026", reason="a mistake")
    spec(MODULE).given(ordered(tariff()), *events).when(drop).then(dropped)
    spec(MODULE).given(ordered(tariff()), *events, dropped).when(put()).then_nothing()
    spec(MODULE).given(ordered(tariff()), *events, dropped).when(drop).then_refused(NotFound)
    spec(MODULE).given(ordered(tariff(4))).when(announce(tariff(5, "12.00"))).then_refused(Conflict, "module_id")


@pytest.mark.rule("CAT-5", "CON-9")
def test_options_that_the_new_version_lacks_end_with_the_old_one() -> None:
    """Their last day is the one before."""
    without = msgspec.structs.replace(tariff(2, "12.00"), articles=tariff(2, "12.00").articles[:1])
    option = OptionAdded(module_id=MODULE_ID, article_id=ArticleId("machine"), quantity=1, from_on=date(2026, 1, 1))
    done = spec(MODULE).given(ordered(tariff()), option, *announced(tariff(), without)).when(put())
    assert done.events[1:] == [
        OptionRemoved(module_id=MODULE_ID, article_id=ArticleId("machine"), ends_on=date(2026, 4, 30), channel="migration")
    ]


@pytest.mark.rule("CAT-10")
@pytest.mark.parametrize(
    ("changes", "dearer"),
    [
        ({"disconnect_fee": Decimal(5)}, True),
        ({"minimum_turnover": Decimal(5)}, True),
        ({"deck_id": DeckId("nl")}, True),
        ({"articles": (msgspec.structs.replace(tariff().articles[0], quantity=Decimal(2)), tariff().articles[1])}, False),
        ({"articles": (msgspec.structs.replace(tariff().articles[0], included_quantity=Decimal(2)), tariff().articles[1])}, False),
        ({"articles": tariff().articles[:1]}, False),
    ],
)
def test_what_counts_as_another_price(changes: dict[str, Any], *, dearer: bool) -> None:
    """Also what bills less often, includes less, or is paid at the end."""
    moves = moves_between(tariff(), tariff(2, **changes))
    assert len(moves) == 1
    assert is_dearer(moves) is dearer
    back = moves_between(tariff(2, **changes), tariff())
    assert is_dearer(back) is (not dearer or "deck_id" in changes)


@pytest.mark.rule("CAT-10")
def test_renaming_changes_no_price() -> None:
    """Titles, keys and displays are no prices."""
    renamed = msgspec.structs.replace(tariff().articles[0], title="Basic fee", alternative_name="Basis", display="highlighted")
    assert moves_between(tariff(), tariff(2, articles=(renamed, tariff().articles[1]), is_public=False)) == ()
