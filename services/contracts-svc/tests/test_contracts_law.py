"""What the law gives customers: long telecom terms by consent only, no disconnect fee, consumers' own notice; and number porting."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from termijn.contracts.errors import LongTermForConsumer, ManagerOnly, NoLongTermConsent
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Cancel, ChangeTariff, Order, PortOut, RemoveOption
from termijn.events.contracts import (
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, term
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")
NUMBER, OTHER = "+31201234567", "+31207654321"
MACHINE = ArticleId("machine")


def tariff(rule: NoticeRule, **changes: Any) -> Tariff:
    articles = (
        Article(article_id=ArticleId("base"), title="Base fee"),
        Article(article_id=MACHINE, title="Answering machine", is_option=True, notice=YEARLY),
    )
    sold = Tariff(tariff_id=TariffId("t"), version=1, title="Line", module="line", notice=rule, is_telecom=True, articles=articles)
    return msgspec.structs.replace(sold, **changes)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def ordered(rule: NoticeRule = MONTHLY, on: date = date(2026, 1, 1), **changes: Any) -> ModuleOrdered:
    return ModuleOrdered(module_id=M, tariff=tariff(rule, **changes), quantity=1, ordered_on=on, starts_on=on, channel="web")


def order(rule: NoticeRule, **changes: Any) -> Order:
    on = date(2026, 1, 1)
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


def cancelled(given: ModuleOrdered, on: date, ends_on: date | None = None, **changes: Any) -> ModuleCancelled:
    command = Cancel(now=noon(on), module_id=M, notice_on=on, ends_on=ends_on, is_manager=ends_on is not None, channel="web")
    (event,) = sequence_of(spec(MODULE).given(given).when(msgspec.structs.replace(command, **changes)).events, ModuleCancelled)
    assert isinstance(event, ModuleCancelled)
    return event


@pytest.mark.rule("CAT-26")
@pytest.mark.parametrize(("months", "consented"), [(24, 0), (25, 25), (36, 36), (36, 60)])
def test_a_first_term_of_telecommunication_over_24_months_is_ordered_with_consent(months: int, consented: int) -> None:
    """24 needs none; 25 and more need one that is as long; what is no telecommunication needs none."""
    spec(MODULE).when(order(term(months), consented_months=consented)).then_types(ModuleOrdered)
    if months > 24:
        spec(MODULE).when(order(term(months), consented_months=months - 1)).then_refused(NoLongTermConsent, "tariff_id")
        spec(MODULE).when(order(term(months), consented_months=120, is_consumer=True)).then_refused(LongTermForConsumer, "tariff_id")
        spec(MODULE).when(order(term(months), tariff=tariff(term(months), is_telecom=False))).then_types(ModuleOrdered)


@pytest.mark.rule("CAT-26")
def test_a_module_is_not_moved_to_a_long_term_without_consent() -> None:
    """A change of tariff binds as an order does, also one that a manager makes."""
    long = tariff(term(36), tariff_id=TariffId("long"))
    command = ChangeTariff(
        now=noon(date(2026, 6, 1)),
        module_id=M,
        tariff=long,
        from_on=None,
        new_term_confirmed=False,
        is_manager=True,
        channel="web",
    )
    spec(MODULE).given(ordered()).when(command).then_refused(NoLongTermConsent, "tariff_id")
    agreed = msgspec.structs.replace(command, consented_months=36)
    spec(MODULE).given(ordered()).when(agreed).then_types(TariffChanged)
    spec(MODULE).given(ordered()).when(msgspec.structs.replace(agreed, is_consumer=True)).then_refused(LongTermForConsumer, "tariff_id")


@pytest.mark.rule("CAT-26")
def test_who_ends_telecommunication_after_its_first_term_pays_no_disconnect_fee() -> None:
    """Within the first term a manager may let it end, at a fee; what is no telecommunication has its fee."""
    year = ordered(YEARLY)
    assert cancelled(year, date(2026, 9, 1)).waives_disconnect_fee, "to the end of the first term"
    assert cancelled(year, date(2027, 3, 10)).waives_disconnect_fee
    assert cancelled(year, date(2027, 3, 10)).ends_on == date(2027, 4, 10)
    assert not cancelled(year, date(2026, 9, 1), date(2026, 9, 30)).waives_disconnect_fee
    assert cancelled(ordered(MONTHLY), date(2026, 3, 10)).waives_disconnect_fee
    assert not cancelled(ordered(YEARLY, is_telecom=False), date(2027, 3, 10)).waives_disconnect_fee


@pytest.mark.rule("CAT-27")
@pytest.mark.parametrize(
    ("rule", "given_on", "ends_on"),
    [
        (YEARLY, date(2026, 2, 1), date(2026, 12, 31)),
        (YEARLY, date(2027, 1, 31), date(2027, 2, 28)),
        (LICENCE_YEAR, date(2027, 3, 10), date(2027, 4, 10)),
        (MONTHLY, date(2026, 6, 1), date(2026, 7, 1)),
        (NONE, date(2026, 6, 1), date(2026, 6, 1)),
    ],
)
def test_a_consumer_leaves_after_the_first_term_within_a_month(rule: NoticeRule, given_on: date, ends_on: date) -> None:
    """Whatever its rule, telecommunication or not; and gets back what was paid ahead."""
    event = cancelled(ordered(rule, is_telecom=False), given_on, is_consumer=True)
    assert (event.ends_on, event.returns_paid_ahead) == (ends_on, True)
    assert not cancelled(ordered(rule, is_telecom=False), given_on).returns_paid_ahead
    assert "notice rule" in event.explanation


@pytest.mark.rule("CAT-27", "CON-5")
def test_a_consumers_option_ends_within_a_month_after_its_own_first_term() -> None:
    """Its rule counts from when it was added, not from the module."""
    option = OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=date(2026, 3, 1))
    command = RemoveOption(
        now=noon(date(2027, 3, 10)), module_id=M, article_id=MACHINE, ends_on=None, is_manager=True, channel="web", is_consumer=True
    )
    plain = ordered(is_telecom=False)
    (removed,) = sequence_of(spec(MODULE).given(plain, option).when(command).events, OptionRemoved)
    assert (removed.ends_on, removed.returns_paid_ahead) == (date(2027, 4, 10), True)
    assert removed.explanation.startswith("the option has a notice rule of its own; notice rule yearly")
    firm = msgspec.structs.replace(command, is_consumer=False)
    (removed,) = sequence_of(spec(MODULE).given(plain, option).when(firm).events, OptionRemoved)
    assert (removed.ends_on, removed.returns_paid_ahead) == (date(2028, 2, 29), False)


def ported(subject: str = NUMBER, *, on: date = date(2026, 6, 3), now: date = date(2026, 6, 5), **changes: Any) -> PortOut:
    command = PortOut(now=noon(now), module_id=M, subject=subject, ported_at=noon(on), ends_module=None, is_manager=True, channel="porting")
    return msgspec.structs.replace(command, **changes)


def assigned(subject: str) -> SubjectAssigned:
    return SubjectAssigned(module_id=M, subject=subject, from_at=at(date(2026, 1, 1), "00:00"))


@pytest.mark.rule("CON-6")
def test_porting_the_last_number_out_is_notice_on_the_porting_day() -> None:
    """Not on the day that it was entered; the number is gone at once."""
    done = spec(MODULE).given(ordered(), assigned(NUMBER)).when(ported()).then_types(SubjectReleased, ModuleCancelled)
    released, notice = done.events
    assert released == SubjectReleased(module_id=M, subject=NUMBER, until_at=noon(date(2026, 6, 3)), is_ported_out=True, channel="porting")
    assert isinstance(notice, ModuleCancelled)
    assert (notice.notice_on, notice.ends_on, notice.channel) == (date(2026, 6, 3), date(2026, 7, 3), "porting")
    assert notice.explanation.startswith("a number was ported out on 3 June 2026, which counts as notice; notice rule monthly")


@pytest.mark.rule("CON-6")
def test_a_module_that_keeps_other_numbers_goes_on_unless_the_manager_says_otherwise() -> None:
    """And one that was cancelled before keeps its end."""
    two = (ordered(), assigned(NUMBER), assigned(OTHER))
    spec(MODULE).given(*two).when(ported()).then_types(SubjectReleased)
    spec(MODULE).given(*two).when(ported(ends_module=True)).then_types(SubjectReleased, ModuleCancelled)
    spec(MODULE).given(ordered(), assigned(NUMBER)).when(ported(ends_module=False)).then_types(SubjectReleased)
    notice = ModuleCancelled(module_id=M, notice_on=date(2026, 6, 1), ends_on=date(2026, 7, 31), explanation="")
    spec(MODULE).given(ordered(), assigned(NUMBER), notice).when(ported()).then_types(SubjectReleased)


@pytest.mark.rule("CON-6", "SEC-2")
def test_porting_is_reported_by_managers_of_numbers_that_are_there_and_not_beforehand() -> None:
    """A module without notice ends at once, and frees the other numbers; the ported one goes only once."""
    spec(MODULE).given(ordered(), assigned(NUMBER)).when(ported(is_manager=False)).then_refused(ManagerOnly)
    spec(MODULE).given(ordered()).when(ported()).then_refused(NotFound)
    spec(MODULE).given(ordered(), assigned(NUMBER)).when(ported(on=date(2026, 6, 9))).then_refused(InvalidInput, "ported_at")
    at_once = (ordered(NONE), assigned(NUMBER), assigned(OTHER))
    done = spec(MODULE).given(*at_once).when(ported(ends_module=True))
    done.then_types(SubjectReleased, ModuleCancelled, SubjectReleased, ModuleEnded)
    assert [event.subject for event in sequence_of(done.events, SubjectReleased)] == [NUMBER, OTHER]
