"""What is leased: no notice, no smaller quantity and no other tariff ends before the last day that was agreed (CON-11)."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from termijn.contracts.errors import AlreadyCancelled, DateNotPossible, EndsBefore
from termijn.contracts.lease import EXTENSION_CHANNEL, TERM_CHANNEL
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import Cancel, ChangeTariff, Scale
from termijn.contracts.module_page import Asker, notice_of
from termijn.contracts.module_state import Running
from termijn.events.contracts import CancellationWithdrawn, ModuleCancelled, ModuleOrdered, ModuleScaled, TariffChanged
from termijn.kernel.ids import ArticleId, ModuleId, TariffId
from termijn.kernel.notice import NONE
from termijn.kernel.tariff import Article, Tariff
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m1")
FIRST = date(2026, 1, 1)


def tariff(name: str = "rent") -> Tariff:
    articles = (Article(article_id=ArticleId("rent"), title="Rent"),)
    return Tariff(tariff_id=TariffId(name), version=1, title="Workplace", module="hardware", notice=NONE, articles=articles)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def ordered(quantity: int = 1) -> ModuleOrdered:
    return ModuleOrdered(module_id=M, tariff=tariff(), quantity=quantity, ordered_on=FIRST, starts_on=FIRST, channel="web")


def cancel(on: date, ends_on: date | None = None, *, is_manager: bool = False) -> Cancel:
    return Cancel(now=noon(on), module_id=M, notice_on=on, ends_on=ends_on, is_manager=is_manager, channel="web")


def change(on: date, new: Tariff, from_on: date | None = None, *, is_manager: bool = False) -> ChangeTariff:
    return ChangeTariff(
        now=noon(on), module_id=M, tariff=new, from_on=from_on, new_term_confirmed=False, is_manager=is_manager, channel="web"
    )


def the_end(given_events: list[Any], command: Cancel) -> date:
    (event,) = sequence_of(spec(MODULE).given(*given_events).when(command).events, ModuleCancelled)
    ends_on: date = event.ends_on
    return ends_on


LEASED = ModuleCancelled(
    module_id=M, notice_on=date(2026, 1, 1), ends_on=date(2028, 12, 31), explanation="", channel=TERM_CHANNEL, waives_disconnect_fee=False
)


@pytest.mark.rule("CON-11", "CON-4")
def test_notice_ends_no_lease_before_its_last_day() -> None:
    """Whatever the tariff's own rule and whatever was withdrawn; a manager picks any day."""
    withdrawn = CancellationWithdrawn(module_id=M)
    spec(MODULE).given(ordered(), LEASED).when(cancel(date(2026, 6, 1))).then_refused(AlreadyCancelled)
    assert the_end([ordered(), LEASED, withdrawn], cancel(date(2026, 6, 1))) == date(2028, 12, 31)
    early = cancel(date(2026, 6, 1), date(2026, 6, 30))
    spec(MODULE).given(ordered(), LEASED, withdrawn).when(early).then_refused(DateNotPossible, "ends_on")
    assert the_end([ordered(), LEASED], cancel(date(2026, 6, 1), date(2026, 6, 30), is_manager=True)) == date(2026, 6, 30)
    longer = msgspec.structs.replace(LEASED, ends_on=date(2029, 1, 31), channel=EXTENSION_CHANNEL)
    assert the_end([ordered(), LEASED, longer, withdrawn], cancel(date(2026, 6, 1))) == date(2029, 1, 31)
    assert the_end([ordered(), LEASED, withdrawn], cancel(date(2029, 2, 3))) == date(2029, 2, 3)


@pytest.mark.rule("CON-11", "CON-3", "CON-4")
def test_a_lease_neither_shrinks_nor_changes_its_tariff_before_its_last_day() -> None:
    """Less, or another tariff, would be a way out of what was agreed for so many months."""
    leased = [ordered(quantity=3), LEASED]
    less = Scale(now=noon(date(2026, 6, 1)), module_id=M, quantity=1, at_once=False, from_on=None, is_manager=False, channel="web")
    spec(MODULE).given(*leased).when(less).then_refused(EndsBefore, "quantity")
    more = msgspec.structs.replace(less, quantity=5)
    spec(MODULE).given(*leased).when(more).then_explained(ModuleScaled(module_id=M, quantity=5, from_on=date(2026, 7, 1), channel="web"))
    cheaper = tariff("cheaper")
    spec(MODULE).given(*leased).when(change(date(2026, 6, 1), cheaper)).then_refused(EndsBefore, "from_on")
    spec(MODULE).given(*leased).when(change(date(2026, 6, 1), cheaper, date(2026, 6, 1), is_manager=True)).then_types(TariffChanged)
    running = spec(MODULE).given(*leased, CancellationWithdrawn(module_id=M)).state
    assert isinstance(running, Running)
    asker = Asker(now=noon(date(2026, 6, 1)), is_manager=False, is_consumer=False, consented_months=0)
    told = notice_of(M, running, asker, given=date(2026, 6, 1))
    assert (told["ends_on"], told["steps"][-2:]) == (date(2028, 12, 31), ("leased until 31 December 2028", "ends 31 December 2028"))
