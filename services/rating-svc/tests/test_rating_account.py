"""USE-9, USE-11, INV-19: what an account is billed does not depend on order, lateness or batching; and what a closing decides."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.events.contracts import ModuleEnded
from termijn.events.rating import PeriodClosed, PeriodCorrected, PeriodRated, UsageSuspended
from termijn.kernel.calendar import at
from termijn.kernel.ids import ModuleId
from termijn.kernel.money import exact_cents
from termijn.kernel.period import Month
from termijn.rating.errors import NotAClosing
from termijn.rating.rated_account import (
    RATED_ACCOUNT,
    AwaitClosing,
    CloseMonth,
    ClosingAwaited,
    Learn,
    RatedAccount,
)
from termijn.rating.target import lines_due
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m-1")
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


def calls_tariff(make: Any, **more: Any) -> Any:
    calls = make.article("calls", "0.10", key="call", unit="minute", included_quantity="3", counts_to_minimum=True, counts_to_limit=True)
    return make.tariff(calls, make.article("pages", "0.333", key="page", counts_to_limit=True), **more)


@pytest.mark.rule("TIM-1")
def test_the_first_module_sets_the_timer_of_the_running_month(make: Any) -> None:
    """Ordered on 10 January: closed on 1 February at 04:00; a second module sets no second timer."""
    now = make.noon(date(2026, 1, 10))
    order, second = (make.ordered(calls_tariff(make), date(2026, 1, 10), module=m) for m in ("m-1", "m-2"))
    awaited = ClosingAwaited(period="2026-01")
    timer = SetTimer(occasion="close/2026-01", due_at=at(date(2026, 2, 1), "04:00"), wake_up=CloseMonth(period="2026-01"))
    sentence = spec(RATED_ACCOUNT).when(Learn(now=now, fact=order), Learn(now=now, fact=second))
    sentence.then(order, awaited, second).then_timers(timer)


NIGHT = date(2026, 2, 1)
AN_INSTANT = st.datetimes(datetime(2025, 12, 30), datetime(2027, 1, 3)) | st.builds(
    lambda month, minutes: at(date(2026, month, 1), "04:00").replace(tzinfo=None) + timedelta(minutes=minutes),
    st.integers(1, 12),
    st.integers(-300, 300),
)
"""Some year or other, and often the night of a first of the month."""


def closing_set(events: Sequence[Any], state: RatedAccount) -> tuple[str, datetime]:
    """The month that these events make the next one to be closed, and when its timer is due."""
    (awaited,) = [event for event in events if isinstance(event, ClosingAwaited)]
    (timer,) = RATED_ACCOUNT.wakes(awaited, state)
    return awaited.period, timer.due_at


@pytest.mark.rule("INV-2", "TIM-1")
@settings(max_examples=60)
@given(instant=AN_INSTANT.map(lambda naive: naive.replace(tzinfo=UTC)), ended=st.booleans())
def test_an_idle_account_is_closed_when_one_with_a_running_module_is(make: Any, instant: datetime, ended: bool) -> None:
    """Whatever the instant of its order: by the first closing time after it; new accounts as those whose last module has ended."""
    firsts = (Month(2025, 11), *(Month(2026, number) for number in range(1, 13)), Month(2027, 1), Month(2027, 2))
    running = next((m.previous(), at(m.first, "04:00")) for m in firsts if at(m.first, "04:00") > instant)
    state = RatedAccount(last_closed=str(running[0].previous())) if ended else RatedAccount()
    order = make.ordered(calls_tariff(make), instant.date())
    assert closing_set(RATED_ACCOUNT.decide(Learn(now=instant, fact=order, happened_at=instant), state), state) == (
        str(running[0]),
        running[1],
    )
    if ended:
        assert closing_set(RATED_ACCOUNT.decide(AwaitClosing(now=instant), state), state)[0] == str(running[0])


@pytest.mark.rule("INV-18")
@pytest.mark.parametrize(
    ("happened", "heard", "last_closed", "awaited"),
    [
        ("03:59", "05:00", None, "2026-01"),
        ("03:59", "05:00", "2026-01", "2026-02"),
        ("04:00", "05:00", None, "2026-02"),
        ("02:00", "03:00", None, "2026-01"),
    ],
)
def test_an_order_of_before_the_closing_that_is_heard_after_it_is_closed_at_once_and_never_twice(
    make: Any, happened: str, heard: str, last_closed: str | None, awaited: str
) -> None:
    """Its timer is overdue then; a month that the account closed already is left alone."""
    state = RatedAccount(last_closed=last_closed)
    learn = Learn(now=at(NIGHT, heard), fact=make.ordered(calls_tariff(make), NIGHT), happened_at=at(NIGHT, happened))
    due = at(Month.parse(awaited).next().first, "04:00")
    assert closing_set(RATED_ACCOUNT.decide(learn, state), state) == (awaited, due)


@pytest.mark.rule("INV-18")
def test_an_order_that_is_heard_months_late_is_closed_with_the_last_month_that_is_over(make: Any) -> None:
    """One closing bills all of it: from 10 January, heard on 20 May, closed for April at once."""
    learn = Learn(
        now=make.noon(date(2026, 5, 20)),
        fact=make.ordered(calls_tariff(make), date(2026, 1, 10)),
        happened_at=make.noon(date(2026, 1, 10)),
    )
    assert closing_set(RATED_ACCOUNT.decide(learn, RatedAccount()), RatedAccount()) == ("2026-04", at(date(2026, 5, 1), "04:00"))


@pytest.mark.rule("INV-2")
def test_a_closing_rates_every_module_says_the_last_word_and_awaits_the_next_month(make: Any) -> None:
    """PeriodRated, then PeriodClosed, then the next closing, as long as a module runs."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 10)), ClosingAwaited(period="2026-01"))
    sentence.when(make.close(sentence.state, "2026-01", 1)).then_types(PeriodRated, PeriodClosed, ClosingAwaited)
    assert sentence.events[1] == PeriodClosed(period="2026-01", closing=1, modules=(M,), running_modules=1)


@pytest.mark.rule("INV-2")
def test_the_last_closing_awaits_nothing_and_late_use_awaits_one_more(make: Any) -> None:
    """Ended on 31 January: no module runs; a record that comes in March makes March the next closing."""
    sentence = spec(RATED_ACCOUNT).given(
        make.ordered(calls_tariff(make), date(2026, 1, 10)),
        ModuleEnded(module_id=M, ended_on=date(2026, 1, 31)),
        ClosingAwaited(period="2026-01"),
    )
    sentence.when(make.close(sentence.state, "2026-01", 1)).then_types(PeriodRated, PeriodClosed)
    assert sentence.events[1].running_modules == 0
    sentence.when(AwaitClosing(now=make.noon(date(2026, 3, 3)))).then(ClosingAwaited(period="2026-03"))
    sentence.when(AwaitClosing(now=make.noon(date(2026, 3, 3)))).then_nothing()


def test_a_month_is_closed_once_and_in_its_turn(make: Any) -> None:
    """A timer that comes again changes nothing; a month that nobody waits for is refused."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 10)), ClosingAwaited(period="2026-01"))
    sentence.when(make.close(sentence.state, "2026-02", 1)).then_refused(NotAClosing)
    sentence.when(make.close(sentence.state, "2026-01", 1))
    sentence.when(make.close(sentence.state, "2026-01", 1)).then_nothing()


@pytest.mark.rule("USE-9", "INV-19")
def test_late_use_is_a_correction_of_its_month(make: Any) -> None:
    """Ten minutes in January were billed as seven; five more come in February: 0.50 on the next bill, for January."""
    tariff = calls_tariff(make)
    first = ("call", make.noon(date(2026, 1, 5)), 600, "1", "")
    late = ("call", make.noon(date(2026, 1, 6)), 300, "1", "")
    sentence = spec(RATED_ACCOUNT).given(make.ordered(tariff, date(2026, 1, 1)), ClosingAwaited(period="2026-01"))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: make.records(first)}))
    billed = sequence_of(sentence.events, PeriodRated)
    assert [line.net for line in billed[0].lines] == [Decimal("0.70")]
    both = {M: make.records(first, late)}
    sentence.when(make.close(sentence.state, "2026-02", 2, records=both, billed=billed, late={M: ("2026-01",)}))
    corrected = sequence_of(sentence.events, PeriodCorrected)
    assert [(c.period, [(line.net, line.corrects, line.records) for line in c.lines]) for c in corrected] == [
        ("2026-01", [(Decimal("0.50"), "2026-01", 1)])
    ]


@pytest.mark.rule("USE-2")
def test_use_that_lost_its_article_is_shown_and_not_billed(make: Any) -> None:
    """A record with a key that the tariff has no article for."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 1)), ClosingAwaited(period="2026-01"))
    fax = make.records(("fax", make.noon(date(2026, 1, 5)), 60, "1", ""))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: fax}))
    assert sequence_of(sentence.events, UsageSuspended) == [UsageSuspended(period="2026-01", reason="no article", records=1)]


def test_a_record_in_the_included_quantity_is_on_a_line_of_nothing(make: Any) -> None:
    """INV-17: it is on a document line, at 0.00."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 1)), ClosingAwaited(period="2026-01"))
    call = make.records(("call", make.noon(date(2026, 1, 5)), 60, "1", ""))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: call}))
    assert [(line.net, line.records) for line in sequence_of(sentence.events, PeriodRated)[0].lines] == [(Decimal("0.00"), 1)]


@pytest.mark.rule("USE-4")
def test_included_quantity_is_times_the_modules_quantity(make: Any) -> None:
    """Three included minutes for each of two extensions: of ten minutes four are charged."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 1), 2), ClosingAwaited(period="2026-01"))
    call = make.records(("call", make.noon(date(2026, 1, 5)), 600, "1", ""))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: call}))
    assert [line.net for line in sequence_of(sentence.events, PeriodRated)[0].lines] == [Decimal("0.40")]


@pytest.mark.rule("USE-3")
def test_a_call_belongs_wholly_to_the_period_of_its_start(make: Any) -> None:
    """From five minutes before midnight of the last day, an hour long: January, all of it."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(make.tariff(make.article("calls", "0.10", key="call", unit="minute")),
                                                      date(2026, 1, 1)), ClosingAwaited(period="2026-01"))  # fmt: skip
    call = make.records(("call", datetime(2026, 1, 31, 22, 55, tzinfo=UTC), 3_600, "1", ""))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: call}))
    line = sequence_of(sentence.events, PeriodRated)[0].lines[0]
    assert (line.net, line.period_from) == (Decimal("6.00"), date(2026, 1, 1))


@pytest.mark.rule("USE-11")
@given(amount=st.fractions(min_value=-100, max_value=100, max_denominator=5_000))
def test_an_exact_amount_is_rounded_half_away_from_zero(amount: Fraction) -> None:
    """Whatever the fraction: never more than half a cent away, and a half goes away from zero."""
    rounded = Fraction(exact_cents(amount))
    assert abs(rounded - amount) <= Fraction(1, 200)
    if abs(amount * 100) % 1 == Fraction(1, 2):
        assert abs(rounded) > abs(amount)


@pytest.mark.rule("USE-11")
def test_a_line_rounds_once(make: Any) -> None:
    """Three pages at 0.333 are 0.999, so 1.00; rounded one by one they would be 0.99."""
    sentence = spec(RATED_ACCOUNT).given(make.ordered(calls_tariff(make), date(2026, 1, 1)), ClosingAwaited(period="2026-01"))
    pages = make.records(*(("page", make.noon(date(2026, 1, 5), n), 0, "1", "") for n in range(3)))
    sentence.when(make.close(sentence.state, "2026-01", 1, records={M: pages}))
    assert [line.net for line in sequence_of(sentence.events, PeriodRated)[0].lines] == [Decimal("1.00")]


# -- The law: order never matters ------------------------------------------------------------------------------------

CALLS = st.tuples(
    st.sampled_from(["call", "page"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 29), timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)),
    st.integers(0, 4_000),
    st.decimals("0.1", 9, places=1).map(str),
    st.just(""),
)
ARRIVALS = st.lists(st.tuples(CALLS, st.integers(0, 3)), max_size=12)


def total_billed(make: Any, tariff: Any, arrivals: Any) -> tuple[dict[str, Decimal], list[str]]:
    """Net per month of use over all bills, and every line id; a record arrives before the closing of its ``lateness``-th month on."""
    state: RatedAccount = RATED_ACCOUNT.evolve(RATED_ACCOUNT.initial, make.ordered(tariff, date(2026, 1, 10)))
    state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period=MONTHS[0]))
    billed: list[Any] = []
    for number, period in enumerate(MONTHS):
        here = [call for call, seen in arrivals if seen <= number and call[1].strftime("%Y-%m") <= period]
        new = {c[1].strftime("%Y-%m") for c, seen in arrivals if c in here and (seen > number - 1 or c[1].strftime("%Y-%m") == period)}
        command = make.close(state, period, number + 1, records={M: make.records(*here)}, billed=billed, late={M: tuple(sorted(new))})
        events = RATED_ACCOUNT.decide(command, state)
        for event in events:
            state = RATED_ACCOUNT.evolve(state, event)
        billed += [e for e in events if isinstance(e, PeriodRated | PeriodCorrected)]
    totals: dict[str, Decimal] = {}
    for line in (line for event in billed for line in event.lines):
        month = str(line.period_from)[:7]
        totals[month] = totals.get(month, Decimal(0)) + line.net
    return {m: net for m, net in totals.items() if net}, [line.line_id for event in billed for line in event.lines]


@pytest.mark.rule("USE-9", "USE-6", "USE-7")
@settings(max_examples=60)
@given(arrivals=ARRIVALS, shuffled=st.randoms(use_true_random=False))
def test_whatever_the_order_lateness_or_batching_the_sum_over_all_bills_is_the_same(make: Any, arrivals: Any, shuffled: Any) -> None:
    """Every record in time, against every record as late as it likes: the same per month, minimum and limit included."""
    distinct = list({call[1]: (call, seen) for call, seen in arrivals}.values())
    tariff = calls_tariff(make, minimum_turnover="2.00", cost_limit="12.00")
    in_time, _ = total_billed(make, tariff, [(call, 0) for call, _ in distinct])
    shuffled.shuffle(distinct)
    late, ids = total_billed(make, tariff, distinct)
    assert late == in_time
    assert len(set(ids)) == len(ids)


@pytest.mark.rule("USE-9")
def test_the_same_closing_twice_bills_nothing_more(make: Any) -> None:
    """Target minus billed of what was just billed is no line."""
    state = RATED_ACCOUNT.evolve(RATED_ACCOUNT.initial, make.ordered(calls_tariff(make, minimum_turnover="9"), date(2026, 1, 10)))
    state = RATED_ACCOUNT.evolve(state, ClosingAwaited(period="2026-01"))
    records = {M: make.records(("call", make.noon(date(2026, 1, 20)) + timedelta(0), 600, "1", ""))}
    first = sequence_of(RATED_ACCOUNT.decide(make.close(state, "2026-01", 1, records=records), state), PeriodRated)
    again = make.close(state, "2026-01", 2, records=records, billed=first)
    assert [event.lines for event in sequence_of(RATED_ACCOUNT.decide(again, state), PeriodRated)] == [()]
    assert lines_due(M, 3, [], []) == []
