"""When support is billed, and what its runs carry (INV-3, INV-4)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account import (
    BILLING_ACCOUNT,
    BillingAccountNoted,
    LinesArrived,
    StreamBilled,
    StreamCarried,
    SupportDue,
)
from termijn.invoice.billing_account_command import DraftSupport, TakeLines
from termijn.invoice.policy import Policy, SupportRuns
from termijn.invoice.support_run import is_quarters_run, next_quarters_run, next_support_run, support_run_for, support_runs_of
from termijn.kernel.calendar import at, is_working_day
from termijn.kernel.ids import AccountId, ModuleId
from termijn.kernel.period import Month
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)
RUNS: list[SupportRuns] = ["twice_a_month", "monthly", "working_days"]
Line = Callable[..., ChargeLine]
Noted = Callable[..., BillingAccountNoted]


@pytest.mark.rule("INV-4")
def test_runs_are_on_the_1st_and_15th_or_the_next_working_day() -> None:
    """March 2026: Sunday the 1st and Sunday the 15th, so the 2nd and the 16th. New Year's Day is none."""
    march = Month.parse("2026-03")
    assert support_runs_of(march, "twice_a_month") == [date(2026, 3, 2), date(2026, 3, 16)]
    assert support_runs_of(march, "monthly") == [date(2026, 3, 2)]
    assert support_runs_of(march, "working_days") == [date(2026, 3, 2), date(2026, 3, 20)]
    assert support_runs_of(Month.parse("2026-01"), "twice_a_month") == [date(2026, 1, 2), date(2026, 1, 15)]
    assert support_runs_of(Month.parse("2026-01"), "working_days") == [date(2026, 1, 2), date(2026, 1, 22)]


@pytest.mark.rule("INV-4")
def test_what_is_entered_before_a_run_is_billed_with_it() -> None:
    """Until 06:00 of its day; the run itself is past then."""
    assert next_support_run(at(date(2026, 3, 16), "05:59"), "twice_a_month") == date(2026, 3, 16)
    assert next_support_run(at(date(2026, 3, 16), "06:00"), "twice_a_month") == date(2026, 4, 1)
    assert next_support_run(NOW, "monthly") == date(2026, 4, 1)


@pytest.mark.rule("INV-3", "INV-4")
def test_the_quarters_run_is_the_first_of_january_april_july_and_october() -> None:
    """Moved as the others are."""
    assert is_quarters_run(date(2026, 1, 2), "twice_a_month") and not is_quarters_run(date(2026, 1, 15), "twice_a_month")
    assert not is_quarters_run(date(2026, 3, 2), "twice_a_month")
    assert next_quarters_run(date(2026, 1, 15), "twice_a_month") == date(2026, 4, 1)
    assert next_quarters_run(date(2026, 4, 1), "monthly") == date(2026, 7, 1)
    assert next_quarters_run(date(2026, 8, 3), "working_days") == date(2026, 10, 1)


@pytest.mark.rule("INV-4")
@given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31)), runs=st.sampled_from(RUNS))
def test_a_run_always_comes_and_never_on_a_day_off(moment: datetime, runs: SupportRuns) -> None:
    """Within 35 days; the quarter's within 100."""
    now = moment.replace(tzinfo=UTC)
    run_on = next_support_run(now, runs)
    assert is_working_day(run_on) and at(run_on, "06:00") > now
    assert (run_on - now.date()).days <= 35
    quarter = next_quarters_run(run_on, runs)
    assert is_quarters_run(quarter, runs) and run_on < quarter and (quarter - run_on).days <= 100


def draft(run_on: date, *, is_quarter: bool = False) -> DraftSupport:
    return DraftSupport(
        now=NOW,
        account=AccountId("jansen"),
        run_on=run_on,
        is_quarter_run=is_quarter,
        next_run_on=next_quarters_run(run_on, "twice_a_month"),
        policy=Policy(),
    )


def take(*lines: ChargeLine, run_on: date) -> TakeLines:
    facts = {"module_id": ModuleId("o-1"), "module_title": "Delivery", "period": "2026-03", "source": "contracts"}
    return TakeLines(now=NOW, lines=lines, known={}, support_run_on=run_on, **facts)  # type: ignore[arg-type]


@pytest.mark.rule("INV-4", "TIM-1")
def test_lines_of_support_wait_for_their_run_at_six(line: Line, noted: Noted) -> None:
    """A timer per run, however many lines it takes; other streams wait for none."""
    run_on = date(2026, 3, 16)
    timer = SetTimer(occasion="support/2026-03-16", due_at=at(run_on, "06:00"), wake_up=SupportDue(run_on=run_on), rank=2)
    small = line("a", "60.00", stream="support")
    assert support_run_for([small], now=NOW, runs="twice_a_month") == run_on
    assert support_run_for([line("b", "60.00")], now=NOW, runs="twice_a_month") is None
    account = spec(BILLING_ACCOUNT).given(noted()).when(take(small, run_on=run_on)).then_types(LinesArrived).then_timers(timer)
    account.when(draft(run_on)).then_types(StreamBilled)
    account.when(draft(run_on)).then_nothing()


@pytest.mark.rule("INV-3", "INV-4")
def test_less_than_50_is_carried_to_the_quarters_run_or_to_one_that_reaches_it(line: Line, noted: Noted) -> None:
    """12.00 in March waits for 1 April; with 50.00 more in the same month it goes along."""
    first, second, april = date(2026, 3, 2), date(2026, 3, 16), date(2026, 4, 1)
    timer = SetTimer(occasion="support/2026-04-01", due_at=at(april, "06:00"), wake_up=SupportDue(run_on=april), rank=2)
    carried = spec(BILLING_ACCOUNT).given(noted()).when(take(line("a", "12.00", stream="support"), run_on=first))
    carried.when(draft(first)).then_types(StreamCarried).then_timers(timer)
    carried.when(draft(second)).then_types(StreamCarried)
    carried.when(draft(april, is_quarter=True)).then_types(StreamBilled)
    sooner = spec(BILLING_ACCOUNT).given(noted()).when(take(line("a", "12.00", stream="support"), run_on=first), draft(first))
    sooner.when(take(line("b", "50.00", stream="support"), run_on=second), draft(second)).then_types(LinesArrived, StreamBilled)
    (_, billed) = sooner.events
    assert isinstance(billed, StreamBilled) and billed.net == Decimal("62.00")
