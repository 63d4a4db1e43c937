"""When support is billed (INV-4): pure, over the calendar of working days."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from termijn.events.rating import ChargeLine
from termijn.invoice.carry_over import QUARTER_MONTHS
from termijn.invoice.policy import Policy, SupportRuns
from termijn.kernel.calendar import at, day_of, is_working_day, next_working_day
from termijn.kernel.period import Month

RUN_TIME = "06:00"
MONTHS_AHEAD = 3
"""A quarter's run is never further away."""


def support_runs_of(month: Month, runs: SupportRuns) -> list[date]:
    """The runs of a month (INV-4): the 1st and the 15th, the 1st alone, or the 1st and 15th working day; never on another day."""
    if runs == "working_days":
        working = [day for day in _days(month) if is_working_day(day)]
        return [working[0], working[14]]
    nominal = (1,) if runs == "monthly" else (1, 15)
    return [next_working_day(month.first.replace(day=day)) for day in nominal]


def _days(month: Month) -> Iterator[date]:
    day = month.first
    while day <= month.last:
        yield day
        day += timedelta(days=1)


def _runs_from(day: date, runs: SupportRuns) -> Iterator[date]:
    month = Month.of(day)
    for _ in range(MONTHS_AHEAD + 1):
        yield from support_runs_of(month, runs)
        month = month.next()


def next_support_run(now: datetime, runs: SupportRuns) -> date:
    """The first run that is still to come: what was entered before it is billed with it (INV-4)."""
    return next(run_on for run_on in _runs_from(day_of(now), runs) if at(run_on, RUN_TIME) > now)


def is_quarters_run(run_on: date, runs: SupportRuns) -> bool:
    """Whether this is the first run of support in January, April, July or October, which bills what there is (INV-3)."""
    return run_on.month in QUARTER_MONTHS and run_on == support_runs_of(Month.of(run_on), runs)[0]


def next_quarters_run(run_on: date, runs: SupportRuns) -> date:
    """The quarter's run after that run: the last day that what is carried waits for (INV-3)."""
    return next(later for later in _runs_from(run_on, runs) if later > run_on and is_quarters_run(later, runs))


def run_days(stream: str, first: date, last: date, policy: Policy) -> list[date]:
    """The runs of a stream between two days, both included (INV-2, INV-4): those of subscriptions on their day, working or not."""
    month, found = Month.of(first), []
    while month.first <= last:
        of_month = [month.first.replace(day=policy.run_day)] if stream == "subscription" else support_runs_of(month, policy.support_runs)
        found += [run_on for run_on in of_month if first <= run_on <= last]
        month = month.next()
    return found


def support_run_for(lines: Iterable[ChargeLine], *, now: datetime, runs: SupportRuns) -> date | None:
    """The run that takes those of the lines that are on the stream of support; None where none is (INV-4)."""
    if not any(line.stream == "support" for line in lines):
        return None
    return next_support_run(now, runs)
