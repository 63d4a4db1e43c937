"""What happens to a running module: scaling, options, subjects, suspension, termination."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from termijn.contracts.as_of import KnownModule, module_on
from termijn.contracts.errors import DateNotPossible, EndsBefore, ManagerOnly, ModuleIsOver, NotYetDelivered
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import AddOption, AssignSubject, End, ReleaseSubject, RemoveOption, Resume, Scale, Suspend, Terminate
from termijn.contracts.module_state import Module
from termijn.events.base import Event
from termijn.events.contracts import (
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleScaled,
    ModuleSuspended,
    ModuleTerminated,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import LICENCE_YEAR, MONTHLY, NONE, YEARLY, term
from termijn.kernel.tariff import Article, NoticeRule, Tariff
from termijn.runtime.aggregate import CancelTimer
from termijn.testing.spec import spec

M = ModuleId("m1")
DAY = date(2026, 6, 10)
NOW = datetime(2026, 6, 10, 8, tzinfo=UTC)
MACHINE = ArticleId("machine")
HOTLINE = ArticleId("hotline")


def tariff(rule: NoticeRule, **changes: Any) -> Tariff:
    articles = (
        Article(article_id=ArticleId("base"), title="Base fee"),
        Article(article_id=MACHINE, title="Answering machine", is_option=True, notice=NONE),
        Article(article_id=HOTLINE, title="Hotline", is_option=True),
    )
    sold = Tariff(tariff_id=TariffId("t"), version=1, title="Calls", module="telephony", notice=rule, articles=articles)
    return msgspec.structs.replace(sold, **changes)


def ordered(rule: NoticeRule = MONTHLY, quantity: int = 5, **changes: Any) -> ModuleOrdered:
    first = date(2026, 1, 15)
    starts_on = None if rule.starts == "delivery" else first
    event = ModuleOrdered(module_id=M, tariff=tariff(rule), quantity=quantity, ordered_on=first, starts_on=starts_on)
    return msgspec.structs.replace(event, **changes)


def scale(quantity: int, *, at_once: bool = False, from_on: date | None = None, is_manager: bool = False) -> Scale:
    return Scale(now=NOW, module_id=M, quantity=quantity, at_once=at_once, from_on=from_on, is_manager=is_manager, channel="api")


def scaled(quantity: int, from_on: date) -> ModuleScaled:
    return ModuleScaled(module_id=M, quantity=quantity, from_on=from_on)


CANCELLED = ModuleCancelled(module_id=M, notice_on=DAY, ends_on=date(2026, 7, 31), explanation="")


@pytest.mark.rule("CON-3")
@pytest.mark.parametrize("quantity", [3, 8])
def test_without_a_minimum_term_quantities_scale_per_full_month(quantity: int) -> None:
    """Up and down; what is ordered in a month counts from the first of the next."""
    spec(MODULE).given(ordered()).when(scale(quantity)).then_explained(scaled(quantity, date(2026, 7, 1)))


@pytest.mark.rule("CON-3")
def test_a_manager_lets_an_increase_start_at_once() -> None:
    """Not a decrease, and not a customer."""
    spec(MODULE).given(ordered()).when(scale(8, at_once=True, is_manager=True)).then_explained(scaled(8, DAY))
    spec(MODULE).given(ordered()).when(scale(8, at_once=True)).then_refused(ManagerOnly, "at_once")
    spec(MODULE).given(ordered()).when(scale(3, at_once=True, is_manager=True)).then_refused(InvalidInput, "at_once")
    spec(MODULE).given(ordered()).when(scale(3, from_on=date(2026, 5, 1), is_manager=True)).then_explained(scaled(3, date(2026, 5, 1)))
    spec(MODULE).given(ordered()).when(scale(3, from_on=date(2026, 9, 1))).then_refused(ManagerOnly, "from_on")


@pytest.mark.rule("CON-3")
@pytest.mark.parametrize(
    ("rule", "from_on"), [(YEARLY, date(2027, 1, 15)), (LICENCE_YEAR, date(2027, 1, 15)), (term(12), date(2027, 2, 1))]
)
def test_in_a_term_a_decrease_is_a_cancellation_of_that_part(rule: NoticeRule, from_on: date) -> None:
    """It counts from the day after the end that the notice rule gives."""
    delivered = [ModuleActivated(module_id=M, active_from=date(2026, 1, 15))] if rule.starts == "delivery" else []
    spec(MODULE).given(ordered(rule), *delivered).when(scale(3)).then_explained(scaled(3, from_on))


@pytest.mark.rule("CON-3", "CAT-24")
def test_a_licence_grows_at_any_time_and_shrinks_at_renewal() -> None:
    """Growth counts from the day of the order; the part that was given up goes at the renewal."""
    spec(MODULE).given(ordered(LICENCE_YEAR)).when(scale(8)).then_explained(scaled(8, DAY))
    spec(MODULE).given(ordered(LICENCE_YEAR)).when(scale(4)).then_explained(scaled(4, date(2027, 1, 15)))


@pytest.mark.rule("CON-3")
def test_zero_is_a_cancellation() -> None:
    """Under the notice rule, like any."""
    done = spec(MODULE).given(ordered()).when(scale(0)).then_types(ModuleCancelled)
    assert isinstance(done.events[0], ModuleCancelled) and done.events[0].ends_on == date(2026, 7, 31)
    spec(MODULE).given(ordered()).when(scale(-1)).then_refused(InvalidInput, "quantity")
    spec(MODULE).given(ordered()).when(scale(0, at_once=True, is_manager=True)).then_refused(InvalidInput, "at_once")
    spec(MODULE).given(ordered()).when(scale(0, from_on=date(2026, 7, 1))).then_refused(DateNotPossible, "from_on")
    (later,) = spec(MODULE).given(ordered()).when(scale(0, from_on=date(2026, 9, 1))).events
    assert isinstance(later, ModuleCancelled) and later.ends_on == date(2026, 8, 31)


@pytest.mark.rule("CON-3")
def test_pending_quantities_follow_and_nothing_changes_twice() -> None:
    """Taking a decrease back is scaling to what there is; nothing counts behind the module's end."""
    spec(MODULE).given(ordered()).when(scale(5)).then_nothing()
    spec(MODULE).given(ordered(YEARLY), scaled(3, date(2027, 1, 15))).when(scale(5)).then_explained(scaled(5, date(2027, 1, 15)))
    spec(MODULE).given(ordered(YEARLY), scaled(3, date(2027, 1, 15))).when(scale(6)).then_explained(
        scaled(6, DAY), scaled(6, date(2027, 1, 15))
    )
    early = msgspec.structs.replace(CANCELLED, ends_on=date(2026, 6, 30))
    spec(MODULE).given(ordered(), early).when(scale(8)).then_refused(EndsBefore, "quantity")


@pytest.mark.rule("CON-3")
def test_before_delivery_an_order_grows_and_only_a_manager_makes_it_smaller() -> None:
    """The quantity counts from the order."""
    line = ordered(term(36))
    spec(MODULE).given(line).when(scale(8)).then_explained(scaled(8, date(2026, 1, 15)))
    spec(MODULE).given(line).when(scale(3)).then_refused(NotYetDelivered)
    spec(MODULE).given(line).when(scale(3, is_manager=True)).then_explained(scaled(3, date(2026, 1, 15)))


def add(article: ArticleId = MACHINE, *, quantity: int = 1, is_manager: bool = True, from_on: date | None = None) -> AddOption:
    return AddOption(now=NOW, module_id=M, article_id=article, quantity=quantity, from_on=from_on, is_manager=is_manager, channel="api")


def remove(article: ArticleId, *, ends_on: date | None = None, is_manager: bool = True) -> RemoveOption:
    return RemoveOption(now=NOW, module_id=M, article_id=article, ends_on=ends_on, is_manager=is_manager, channel="api")


@pytest.mark.rule("CON-9")
def test_managers_add_articles_that_are_options() -> None:
    """Customers do not, and the base fee is none."""
    added = OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=DAY)
    spec(MODULE).given(ordered()).when(add(), add()).then(added)
    spec(MODULE).given(ordered()).when(add(is_manager=False)).then_refused(ManagerOnly)
    spec(MODULE).given(ordered()).when(add(ArticleId("base"))).then_refused(InvalidInput, "article_id")
    spec(MODULE).given(ordered()).when(add(quantity=0)).then_refused(InvalidInput, "quantity")
    removed = OptionRemoved(module_id=M, article_id=MACHINE, ends_on=DAY)
    spec(MODULE).given(ordered(), added, removed).when(add()).then_refused(InvalidInput, "from_on")


@pytest.mark.rule("CON-5", "CON-9")
def test_an_option_ends_by_its_own_notice_rule() -> None:
    """Apart from the tariff; by the tariff's where it has none; a manager may pick any day."""
    given = [ordered(), OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=DAY)]
    given += [OptionAdded(module_id=M, article_id=HOTLINE, quantity=1, from_on=DAY)]  # type: ignore[list-item]
    spec(MODULE).given(*given).when(remove(MACHINE)).then_explained(OptionRemoved(module_id=M, article_id=MACHINE, ends_on=DAY))
    spec(MODULE).given(*given).when(remove(HOTLINE)).then_explained(
        OptionRemoved(module_id=M, article_id=HOTLINE, ends_on=date(2026, 7, 31))
    )
    early = date(2026, 6, 20)
    spec(MODULE).given(*given).when(remove(HOTLINE, ends_on=early)).then_explained(
        OptionRemoved(module_id=M, article_id=HOTLINE, ends_on=early)
    )
    spec(MODULE).given(*given).when(remove(MACHINE, is_manager=False)).then_refused(ManagerOnly)
    spec(MODULE).given(ordered()).when(remove(MACHINE)).then_refused(NotFound)


@pytest.mark.rule("CON-9", "SEC-3")
def test_another_quantity_of_an_option_leaves_what_it_was_until_then() -> None:
    """One from June, three from August; the day before it was one still, and it can be two from July on instead."""
    one, july, august = add(), date(2026, 7, 1), date(2026, 8, 1)
    three = add(quantity=3, from_on=august)
    on = {day: option_on(day, one, three) for day in (DAY - timedelta(days=1), DAY, date(2026, 7, 31), august)}
    assert list(on.values()) == [None, 1, 1, 3]
    more = spec(MODULE).given(ordered()).when(one, three, add(quantity=3, from_on=july))
    more.then_types(OptionAdded, OptionAdded, OptionAdded)
    assert [option_on(day, one, three, add(quantity=2, from_on=july)) for day in (DAY, july, august)] == [1, 2, 2]
    gone = (one, three, remove(MACHINE, ends_on=date(2026, 7, 15)))
    assert [option_on(day, *gone) for day in (date(2026, 7, 15), date(2026, 7, 16), august)] == [1, None, None]
    back = (one, remove(MACHINE, ends_on=date(2026, 7, 15)), add(quantity=4, from_on=august))
    assert [option_on(day, *back) for day in (date(2026, 7, 15), date(2026, 7, 31), august)] == [1, None, 4]


def option_on(day: date, *commands: AddOption | RemoveOption) -> int | None:
    """How many machines there are on that day."""
    live: Module = spec(MODULE).given(ordered()).when(*commands).state
    known = KnownModule(version=1, live=live, then=live, over=None, subjects=())
    found = module_on(day, known)
    assert found is not None
    return next((one["quantity"] for one in found["options"]), None)


@pytest.mark.rule("CON-5", "CAT-25")
def test_the_term_of_an_option_counts_from_when_it_came_and_not_before_the_module() -> None:
    """Another quantity starts no term; what was ordered with a line counts from the delivery; what comes back starts anew."""
    bound = tariff(MONTHLY, articles=(Article(article_id=MACHINE, title="Answering machine", is_option=True, notice=term(12)),))
    first = ordered(tariff=bound)
    ended = spec(MODULE).given(first).when(add(from_on=date(2026, 3, 1)), add(quantity=3, from_on=date(2026, 6, 1)), remove(MACHINE))
    assert last_day_of(ended.events) == date(2027, 2, 28)
    line = msgspec.structs.replace(first, starts_on=None, options=(MACHINE,))
    ended = spec(MODULE).given(line, ModuleActivated(module_id=M, active_from=date(2026, 4, 1))).when(remove(MACHINE))
    assert last_day_of(ended.events) == date(2027, 3, 31)
    back = (add(from_on=date(2026, 2, 1)), remove(MACHINE, ends_on=date(2026, 2, 28)), add(from_on=date(2026, 6, 1)), remove(MACHINE))
    assert last_day_of(spec(MODULE).given(first).when(*back).events) == date(2027, 5, 31)


def last_day_of(events: Sequence[object]) -> date:
    """Of the option, as it was said last."""
    return [one.ends_on for one in events if isinstance(one, OptionRemoved)][-1]


@pytest.mark.rule("CON-9")
def test_an_option_that_a_later_tariff_lacks_ends_with_the_one_that_has_it() -> None:
    """Else it would be there again with the first tariff after that one that knows it."""
    bare = tariff(MONTHLY, tariff_id=TariffId("bare"), articles=(Article(article_id=ArticleId("base"), title="Base fee"),))
    planned = TariffChanged(module_id=M, tariff=bare, from_on=date(2026, 8, 1))
    added = OptionAdded(module_id=M, article_id=MACHINE, quantity=1, from_on=DAY)
    removed = OptionRemoved(
        module_id=M, article_id=MACHINE, ends_on=date(2026, 7, 31), channel="api", explanation="the new tariff does not have this option"
    )
    spec(MODULE).given(ordered(), planned).when(add()).then(added, removed)
    spec(MODULE).given(ordered(), planned).when(add(from_on=date(2026, 8, 1))).then_refused(InvalidInput, "article_id")
    spec(MODULE).given(ordered(), planned, added, removed).when(remove(MACHINE, ends_on=date(2026, 8, 1))).then_refused(
        InvalidInput, "ends_on"
    )


SINCE = at(date(2026, 6, 10), "10:00")
SUSPEND = Suspend(
    now=NOW, module_id=M, reason="late payment", since=SINCE, never_suspended=("domain",), still_works=("emergency calls", "incoming calls")
)
SUSPENDED = ModuleSuspended(module_id=M, reason="late payment", suspended_at=SINCE, still_works=("emergency calls", "incoming calls"))


@pytest.mark.rule("CON-10", "DUN-9")
def test_a_suspended_module_says_why_and_what_still_works() -> None:
    """Once; and it is resumed once."""
    resume = Resume(now=NOW, module_id=M, since=SINCE)
    spec(MODULE).given(ordered()).when(SUSPEND, SUSPEND).then(SUSPENDED)
    spec(MODULE).given(ordered(), SUSPENDED).when(resume, resume).then(ModuleResumed(module_id=M, resumed_at=SINCE))
    spec(MODULE).given(ordered()).when(resume).then_nothing()


@pytest.mark.rule("CON-10")
def test_a_suspended_module_keeps_its_term() -> None:
    """Notice in suspension ends it on the same day as without."""
    done = spec(MODULE).given(ordered(), SUSPENDED).when(scale(0))
    assert isinstance(done.events[0], ModuleCancelled) and done.events[0].ends_on == date(2026, 7, 31)


@pytest.mark.rule("CON-10", "DUN-9")
def test_some_module_kinds_are_never_suspended() -> None:
    """Domains, by policy; nor is what does not run."""
    domain = ordered(tariff=tariff(MONTHLY, module="domain"))
    spec(MODULE).given(domain).when(SUSPEND).then_nothing()
    spec(MODULE).given(ordered(term(12))).when(SUSPEND).then_nothing()
    spec(MODULE).given(ordered(), ModuleEnded(module_id=M, ended_on=DAY)).when(SUSPEND).then_nothing()


@pytest.mark.rule("CON-10")
def test_termination_ends_suspended_modules_for_default() -> None:
    """With the day as its last; its subjects are free from the next, and the timer of its end is cancelled."""
    terminate = Terminate(now=NOW, module_id=M, reason="30 days suspended", since=SINCE)
    spec(MODULE).given(ordered()).when(terminate).then_nothing()
    number = SubjectAssigned(module_id=M, subject="+31201234567", from_at=at(date(2026, 1, 15), "00:00"))
    free_at = at(date(2026, 6, 11), "00:00")
    spec(MODULE).given(ordered(), number, CANCELLED, SUSPENDED).when(terminate).then(
        SubjectReleased(module_id=M, subject="+31201234567", until_at=free_at),
        ModuleTerminated(module_id=M, terminated_on=DAY, reason="30 days suspended"),
    ).then_timers(CancelTimer(occasion="end/1"))
    over = ModuleTerminated(module_id=M, terminated_on=DAY, reason="")
    spec(MODULE).given(ordered(), over).when(scale(8)).then_refused(ModuleIsOver)


def assign(subject: str = "020 123 4567", *, is_manager: bool = True, from_at: datetime = NOW) -> AssignSubject:
    return AssignSubject(now=NOW, module_id=M, subject=subject, from_at=from_at, is_manager=is_manager)


def release(subject: str = "0201234567", *, until_at: datetime = NOW) -> ReleaseSubject:
    return ReleaseSubject(now=NOW, module_id=M, subject=subject, until_at=until_at, is_manager=True)


@pytest.mark.rule("USE-2", "SEC-2")
def test_a_subject_belongs_to_the_module_in_one_spelling() -> None:
    """Assigned and released by a manager, as E.164."""
    assigned = SubjectAssigned(module_id=M, subject="+31201234567", from_at=NOW)
    spec(MODULE).given(ordered()).when(assign(), assign("+31 20 123 45 67")).then(assigned)
    spec(MODULE).given(ordered()).when(assign(is_manager=False)).then_refused(ManagerOnly)
    spec(MODULE).given(ordered(), assigned).when(assign(from_at=NOW + timedelta(days=1))).then_refused(Conflict, "subject")
    spec(MODULE).given(ordered(), assigned).when(release()).then(SubjectReleased(module_id=M, subject="+31201234567", until_at=NOW))
    spec(MODULE).given(ordered(), assigned).when(release(until_at=NOW - timedelta(days=1))).then_refused(InvalidInput, "until_at")
    spec(MODULE).given(ordered()).when(release()).then_refused(NotFound)


@pytest.mark.rule("USE-2", "CON-6")
def test_a_release_for_later_comes_with_the_end_of_the_module_where_that_is_earlier() -> None:
    """Said for 31 August, the module ends on 31 July: free from 1 August. What went before stays as it was."""
    number, free_at = "+31201234567", at(date(2026, 8, 1), "00:00")
    first, second = at(date(2026, 1, 15), "00:00"), at(date(2026, 8, 31), "00:00")
    notice = ModuleCancelled(module_id=M, notice_on=DAY, ends_on=date(2026, 7, 31), explanation="")
    given: list[Event] = [
        ordered(),
        SubjectAssigned(module_id=M, subject="100", from_at=first),
        SubjectReleased(module_id=M, subject="100", until_at=NOW),
        SubjectAssigned(module_id=M, subject=number, from_at=first),
        SubjectReleased(module_id=M, subject=number, until_at=second),
        notice,
    ]
    end = End(now=free_at, module_id=M, ends_on=date(2026, 7, 31))
    freed, over = SubjectReleased(module_id=M, subject=number, until_at=free_at), ModuleEnded(module_id=M, ended_on=date(2026, 7, 31))
    spec(MODULE).given(*given).when(end).then(freed, over)
    again = SubjectAssigned(module_id=M, subject=number, from_at=second)
    spec(MODULE).given(*given, again).when(end).then(SubjectReleased(module_id=M, subject=number, until_at=second), freed, over)
    backdated = msgspec.structs.replace(notice, ends_on=date(2026, 6, 1))
    early = msgspec.structs.replace(end, ends_on=date(2026, 6, 1))
    released = spec(MODULE).given(*given[:3], backdated).when(early).events[0]
    assert released == SubjectReleased(module_id=M, subject="100", until_at=at(date(2026, 6, 2), "00:00"))
