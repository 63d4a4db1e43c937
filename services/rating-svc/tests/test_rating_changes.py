"""USE-9, INV-2, USE-6, CON-5: what changes in the middle of a period, learnt early or late, is billed once and to the day."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.events.contracts import CancellationWithdrawn, ModuleCancelled, ModuleScaled, OptionAdded, OptionRemoved, TariffChanged
from termijn.events.rating import ChargeLine, PeriodCorrected, PeriodRated
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.period import Month
from termijn.rating.rated_account import RATED_ACCOUNT, ClosingAwaited, RatedAccount

M = ModuleId("m-1")
START, FIRST, LAST = date(2026, 1, 10), Month(2026, 1), Month(2026, 9)
MACHINE = ArticleId("machine")


def months() -> list[str]:
    found = [FIRST]
    while found[-1] < LAST:
        found.append(found[-1].next())
    return [str(month) for month in found]


def lived(make: Any, order: Any, facts: Sequence[tuple[int, Any]], closed: Sequence[str]) -> list[ChargeLine]:
    """All lines of an account; a fact is learnt before the closing of its number, the last closing has learnt them all."""
    state: RatedAccount = RATED_ACCOUNT.evolve(RATED_ACCOUNT.initial, order)
    billed: list[Any] = []
    for number, period in enumerate(closed):
        is_last = number == len(closed) - 1
        for at, fact in facts:
            if at == number or (is_last and at > number):
                state = RATED_ACCOUNT.evolve(state, fact)
        state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period=period))
        events = RATED_ACCOUNT.decide(make.close(state, period, number + 1, billed=billed), state)
        for event in events:
            state = RATED_ACCOUNT.evolve(state, event)
        billed += [event for event in events if isinstance(event, PeriodRated | PeriodCorrected)]
    return [line for event in billed for line in event.lines]


def sums(lines: Sequence[ChargeLine]) -> dict[tuple[str, str, Decimal], Decimal]:
    """Net per origin, article and VAT rate."""
    totals: dict[tuple[str, str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.origin, line.article, line.vat_rate)
        totals[key] = totals.get(key, Decimal(0)) + line.net
    return {key: net for key, net in totals.items() if net}


def changed(tariff: Any, from_on: date) -> TariffChanged:
    return TariffChanged(module_id=M, tariff=tariff, from_on=from_on)


@pytest.mark.rule("INV-2")
def test_an_article_in_advance_that_becomes_one_in_arrears_loses_no_day(make: Any) -> None:
    """31.00 a month, in arrears from 15 January: January costs 31.00 all the same, and February comes with its end."""
    ahead, after = make.article("line", "31.00"), make.article("line", "31.00", paid="arrears")
    order = make.ordered(make.tariff(ahead), date(2026, 1, 1))
    lines = lived(make, order, [(1, changed(make.tariff(after, version=2), date(2026, 1, 15)))], ["2025-12", "2026-01", "2026-02"])
    assert [(str(line.period_from), str(line.net)) for line in lines] == [("2026-01-01", "31.00"), ("2026-02-01", "31.00")]


@pytest.mark.rule("CON-4")
def test_a_module_bears_the_title_of_its_tariff_of_the_day_and_not_of_one_to_come(make: Any) -> None:
    """A change planned for June: the bills of March and April are of the old tariff, the one of June is of the new."""
    old, new = (msgspec.structs.replace(make.tariff(make.article("base", "30.00")), title=title) for title in ("Basis", "Plus"))
    state = RATED_ACCOUNT.evolve(RATED_ACCOUNT.initial, make.ordered(old, date(2026, 3, 1)))
    state = RATED_ACCOUNT.evolve(state, changed(new, date(2026, 6, 1)))
    titles = []
    for number, period in enumerate(("2026-03", "2026-04", "2026-05"), start=1):
        state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period=period))
        events = RATED_ACCOUNT.decide(make.close(state, period, number), state)
        titles += [event.module_title for event in events if isinstance(event, PeriodRated)]
    assert titles == ["Basis", "Basis", "Plus"]


@pytest.mark.rule("INV-2")
@pytest.mark.parametrize(("paid", "net"), [("arrears", "10.00"), ("advance", "31.00")])
def test_days_that_are_neither_served_nor_paid_are_not_billed_though_the_article_credits_none(make: Any, paid: str, net: str) -> None:
    """A licence at 31.00 ends on 10 March: paid ahead, March stays paid; in arrears it costs its ten days."""
    order = make.ordered(make.tariff(make.article("licence", "31.00", paid=paid, credits_unused_days=False)), date(2026, 3, 1))
    notice = ModuleCancelled(module_id=M, notice_on=date(2026, 3, 2), ends_on=date(2026, 3, 10), explanation="")
    assert [str(line.net) for line in lived(make, order, [(0, notice)], ["2026-03"])] == [net]


@pytest.mark.rule("INV-2")
def test_a_fee_for_a_part_of_its_period_names_the_days_that_it_is_for(make: Any) -> None:
    """Delivered on 14 January, ended on 10 May: the first line and the last name their days; what credits or is whole names none."""
    order = make.ordered(make.tariff(make.article("line", "90.00", every=3), make.article("base", "31.00")), date(2026, 1, 14))
    notice = ModuleCancelled(module_id=M, notice_on=date(2026, 4, 10), ends_on=date(2026, 5, 10), explanation="")
    lines = lived(make, order, [(3, notice)], ["2026-01", "2026-02", "2026-03", "2026-04"])
    days = {(line.article, str(line.period_from), str(line.net)): (str(line.served_from), str(line.served_until)) for line in lines}
    assert {key: served for key, served in days.items() if served != ("None", "None")} == {
        ("base", "2026-01-01", "18.00"): ("2026-01-14", "2026-01-31"),
        ("line", "2026-01-01", "77.00"): ("2026-01-14", "2026-03-31"),
        ("base", "2026-05-01", "10.00"): ("2026-05-01", "2026-05-10"),
    }
    assert ("line", "2026-04-01", "-50.44") in days


@pytest.mark.rule("USE-11")
def test_a_line_of_several_prices_shows_the_price_that_explains_its_amount(make: Any) -> None:
    """30.00 until 15 April, 60.00 from the 16th: 1 piece at 45.00, in April's first bill; and calls at two prices likewise."""
    call = {"key": "call", "unit": "minute"}
    old = make.tariff(make.article("base", "30.00"), make.article("calls", "0.10", **call))
    new = make.tariff(make.article("base", "60.00"), make.article("calls", "0.40", **call), version=2)
    state = RATED_ACCOUNT.evolve(RATED_ACCOUNT.initial, make.ordered(old, date(2026, 4, 1)))
    state = RATED_ACCOUNT.evolve(state, changed(new, date(2026, 4, 16)))
    state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period="2026-04"))
    calls = {M: make.records(*(("call", make.noon(date(2026, 4, day)), 120, "1", "") for day in (3, 20, 21)))}
    (rated,) = [e for e in RATED_ACCOUNT.decide(make.close(state, "2026-04", 1, records=calls), state) if isinstance(e, PeriodRated)]
    april = {line.article: (line.quantity, line.unit_price, line.net) for line in rated.lines if line.period_from == date(2026, 4, 1)}
    assert april == {
        "base": (Decimal(1), Decimal("45"), Decimal("45.00")),
        "calls": (Decimal(6), Decimal("0.3"), Decimal("1.80")),
    }


@pytest.mark.rule("INV-2", "USE-9")
def test_a_quarter_that_becomes_months_is_credited_and_billed_by_day(make: Any) -> None:
    """90.00 a quarter, 31.00 a month from 15 January: 14 of 90 days stay, 17 of 31 are added; no two lines have one id."""
    order = make.ordered(make.tariff(make.article("line", "90.00", every=3)), date(2026, 1, 1))
    monthly = make.tariff(make.article("line", "31.00"), version=2)
    lines = lived(make, order, [(1, changed(monthly, date(2026, 1, 15)))], ["2025-12", "2026-01"])
    assert [(str(line.period_until), str(line.net)) for line in lines] == [
        ("2026-03-31", "90.00"),
        ("2026-01-31", "17.00"),
        ("2026-03-31", "-76.00"),
        ("2026-02-28", "31.00"),
    ]


@pytest.mark.rule("USE-6")
@pytest.mark.parametrize(("before", "after", "april", "quarter"), [(1, 3, ["91.00"], ["61.00"]), (3, 1, [], ["30.00"])])
def test_a_minimum_whose_period_changes_is_billed_for_each_day_once(
    make: Any, before: int, after: int, april: list[str], quarter: list[str]
) -> None:
    """91.00 per period; months become quarters on 1 May, or the other way: 61 or 30 of the quarter's 91 days, and the months whole."""

    def tariff(every: int) -> Any:
        calls = make.article("calls", "0.10", key="call", unit="minute", counts_to_minimum=True, every=every)
        return make.tariff(calls, version=every, minimum_turnover="91.00")

    order = make.ordered(tariff(before), date(2026, 4, 1))
    lines = lived(make, order, [(1, changed(tariff(after), date(2026, 5, 1)))], ["2026-04", "2026-05", "2026-06"])
    billed = [(str(line.period_from), str(line.period_until), str(line.net)) for line in lines]
    assert [net for first, last, net in billed if (first, last) == ("2026-04-01", "2026-04-30")] == april
    assert [net for first, last, net in billed if (first, last) == ("2026-04-01", "2026-06-30")] == quarter


@pytest.mark.rule("CON-5")
def test_an_option_whose_end_is_moved_to_a_later_day_is_billed_until_then(make: Any) -> None:
    """It was to end on 30 April; then on 31 May: May is billed, and not June."""
    tariff = make.tariff(make.article("machine", "3.00", is_option=True))
    order = make.ordered(tariff, date(2026, 3, 1), options=("machine",))
    ends = [OptionRemoved(module_id=M, article_id=MACHINE, ends_on=day) for day in (date(2026, 4, 30), date(2026, 5, 31))]
    lines = lived(make, order, [(0, ends[0]), (2, ends[1])], ["2026-03", "2026-04", "2026-05", "2026-06"])
    assert [(str(line.period_from), str(line.net)) for line in lines] == [(f"2026-0{month}-01", "3.00") for month in (3, 4, 5)]


# -- The law ---------------------------------------------------------------------------------------------------------

DAYS = st.dates(START, date(2026, 11, 30))


@st.composite
def facts(draw: st.DrawFn, make: Any) -> list[tuple[int, Any]]:
    """Changes of one module, each with the closing before which it is learnt."""

    def tariff(version: int) -> Any:
        every, paid = draw(st.sampled_from([1, 3, 12])), draw(st.sampled_from(["advance", "arrears"]))
        line = make.article("line", "91.00", every=every, paid=paid, counts_to_minimum=True, counts_to_limit=True)
        licence = make.article("licence", "365.00", every=12, credits_unused_days=False, vat_rate=draw(st.sampled_from(["21", "9"])))
        machine = make.article("machine", "3.10", is_option=True)
        more = {"minimum_turnover": "95.00"} if draw(st.booleans()) else {"cost_limit": "80.00"} if draw(st.booleans()) else {}
        return make.tariff(line, licence, machine, make.article("setup", "50", every=0), version=version, disconnect_fee="15", **more)

    one = st.one_of(
        DAYS.map(lambda day: lambda n: changed(tariff(n), day)),
        st.tuples(DAYS, st.integers(1, 4)).map(lambda d: lambda n: ModuleScaled(module_id=M, quantity=d[1], from_on=d[0])),
        st.tuples(DAYS, st.integers(1, 4)).map(
            lambda d: lambda n: OptionAdded(module_id=M, article_id=MACHINE, quantity=d[1], from_on=d[0])
        ),
        DAYS.map(lambda day: lambda n: OptionRemoved(module_id=M, article_id=MACHINE, ends_on=day)),
        DAYS.map(lambda day: lambda n: ModuleCancelled(module_id=M, notice_on=day, ends_on=day, explanation="")),
        st.just(lambda n: CancellationWithdrawn(module_id=M)),
    )
    learnt = draw(st.lists(st.tuples(st.integers(0, len(months()) - 1), one), max_size=5))
    order = make.ordered(tariff(1), START, draw(st.integers(1, 3)))
    return [(-1, order), *sorted(((at, said(n + 2)) for n, (at, said) in enumerate(learnt)), key=lambda fact: fact[0])]


@pytest.mark.rule("USE-9", "INV-2")
@settings(max_examples=40)
@given(data=st.data())
def test_whenever_changes_are_learnt_all_bills_together_are_what_one_bill_would_be(make: Any, data: st.DataObject) -> None:
    """Closed month by month as changes come to be known, against closed once with all of them known."""
    (_, order), *learnt = data.draw(facts(make))
    in_parts = lived(make, order, learnt, months())
    at_once = lived(make, order, [(0, fact) for _, fact in learnt], [str(LAST)])
    assert sums(in_parts) == sums(at_once)
    assert len({line.line_id for line in in_parts}) == len(in_parts)
