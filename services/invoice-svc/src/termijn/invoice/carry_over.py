"""No small invoices: which run bills, and which carries to a later one (INV-3, and the cycle of INV-2).

Pure; used by the account that decides and by ``termijn explain carry``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Verdict = Literal["bill", "credit", "carry"]
Cycle = Literal["month", "quarter", "year"]

QUARTER_MONTHS = frozenset({1, 4, 7, 10})
YEAR_MONTHS = frozenset({1})


def verdict(
    *, new: Decimal, carried: Decimal, minimum: Decimal, is_cycle_run: bool, bills_what_there_is: bool, gross: Decimal = Decimal(0)
) -> Verdict:
    """What a run does with a stream (INV-3).

    ``new`` is the run's own amount and ``carried`` that of earlier runs (net euros). ``is_cycle_run`` is false where the
    account's cycle lets this run pass; ``bills_what_there_is`` is true in the quarter's run and after the last module ended.
    A sum below zero is credited at once, a sum of zero is no document; but what is nothing without VAT may be something with it
    (``gross``: credited at one rate, billed at another), and then is among what there is.
    """
    whole = new + carried
    if whole < 0:
        return "credit"
    if whole == 0 and not (bills_what_there_is and gross):
        return "carry"
    if bills_what_there_is:
        return "bill"
    return "bill" if is_cycle_run and new >= minimum else "carry"


def is_quarter_run(run_on: date, *, is_first_of_month: bool = True) -> bool:
    """Whether this is the quarter's run: the stream's first one in January, April, July or October (INV-3)."""
    return run_on.month in QUARTER_MONTHS and is_first_of_month


def is_cycle_run(run_on: date, cycle: Cycle) -> bool:
    """Whether the account's cycle has documents in this run (INV-2): every month, each quarter's first, or January."""
    if cycle == "quarter":
        return run_on.month in QUARTER_MONTHS
    if cycle == "year":
        return run_on.month in YEAR_MONTHS
    return True


def closes_cycle(run_on: date, cycle: Cycle, *, is_first_of_month: bool = True) -> bool:
    """Whether the run bills what there is: the quarter's run, for a yearly cycle only that of January."""
    if cycle == "year":
        return run_on.month in YEAR_MONTHS and is_first_of_month
    return is_quarter_run(run_on, is_first_of_month=is_first_of_month)


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """One document of a plan: the run it goes out with, the runs whose amounts are on it, and its net sum."""

    on: date
    runs: tuple[date, ...]
    net: Decimal


def plan(
    amounts: Sequence[tuple[date, Decimal]], *, minimum: Decimal, run_days: Callable[[date, date], Sequence[date]]
) -> tuple[list[PlannedInvoice], Decimal]:
    """Which invoice the new amount of each run lands on, and what is still carried after the last one (INV-3).

    ``run_days(first, last)`` gives the stream's runs between two days: a run in between without an amount of its own is still
    the quarter's run. Runs with a zero amount are not listed.
    """
    if not amounts:
        return [], Decimal(0)
    given: dict[date, Decimal] = {}
    for day, amount in amounts:
        given[day] = given.get(day, Decimal(0)) + amount
    days = sorted(set(given) | set(run_days(min(given), max(given))))
    months_seen: set[tuple[int, int]] = set()
    waiting: list[date] = []
    carried = Decimal(0)
    invoices: list[PlannedInvoice] = []
    for day in days:
        is_first = (day.year, day.month) not in months_seen
        months_seen.add((day.year, day.month))
        new = given.get(day, Decimal(0))
        if new:
            waiting.append(day)
        quarter = is_quarter_run(day, is_first_of_month=is_first)
        if verdict(new=new, carried=carried, minimum=minimum, is_cycle_run=True, bills_what_there_is=quarter) == "carry":
            carried += new
            continue
        invoices.append(PlannedInvoice(day, tuple(waiting), carried + new))
        waiting, carried = [], Decimal(0)
    assert sum((i.net for i in invoices), carried) == sum(given.values(), Decimal(0)), "a carried amount was lost or billed twice"
    return invoices, carried
