"""From which day another quantity counts, and how that day came about (CON-3, CON-13)."""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from termijn.contracts.end_date import Notice, choose_end
from termijn.contracts.errors import ManagerOnly
from termijn.kernel.calendar import add_months, first_of_month
from termijn.kernel.errors import InvalidInput
from termijn.kernel.words import long_day

_DAY = timedelta(days=1)


class ScalingStart(msgspec.Struct, frozen=True, kw_only=True):
    """The first day with the new quantity, and the steps that led to it in words."""

    from_on: date
    explanation: str


def scaling_starts_on(
    notice: Notice,
    quantity: int,
    *,
    quantity_on: Callable[[date], int],
    starts_on: date,
    at_once: bool,
    asked: date | None,
    is_manager: bool,
) -> ScalingStart:
    """The first day with the new quantity (CON-3), as notice today is bound; ``quantity_on`` tells the present one, with what is pending.

    - Without a minimum term: the first of the next month, up or down.
    - An increase: the same; today where a manager lets it start at once, or where the contract runs by terms, which may
      grow at any time (CAT-24).
    - A decrease under a rule with a minimum term is a cancellation of that part: the day after the end by the notice rule. So is one
      that would count within a new term that was agreed (CAT-25).
    - A manager may name any day (CON-4).
    """
    if (at_once or asked is not None) and not is_manager:
        raise ManagerOnly(field="at_once" if at_once else "from_on", reason="choose the day on which another quantity starts")
    if asked is not None:
        return _start(asked, f"{_said(asked)} was chosen by a manager", starts_on=starts_on)
    grows_on, why = _growth(notice, at_once=at_once)
    if quantity >= quantity_on(max(grows_on, starts_on)):
        return _start(grows_on, why, starts_on=starts_on)
    if at_once:
        raise InvalidInput(field="at_once", reason="only an increase can start at once")
    return _start(*_shrinking(notice), starts_on=starts_on)


def _shrinking(notice: Notice) -> tuple[date, str]:
    """From which day less counts, and why: per full month, but in a minimum term or a lease as notice (CON-3, CON-11)."""
    if notice.rule.minimum_term_months or notice.fixed_until is not None:
        return _part_cancelled(notice)
    less_on, why = _next_month(notice)
    ruling = notice.ruling(less_on - _DAY)
    if not ruling.rule.minimum_term_months:
        return less_on, why
    part_on, steps = _part_cancelled(ruling)
    known = f"that gives {_said(less_on)}, when the new term runs that was agreed from {_said(ruling.counts_from)}"
    return part_on, f"{why}; {known}; {steps}"


def _growth(notice: Notice, *, at_once: bool) -> tuple[date, str]:
    """From which day more counts, and why: it need not wait for a contract that runs by terms (CAT-24)."""
    today = notice.given
    if at_once:
        return today, f"ordered on {_said(today)}; a manager let it start at once"
    if notice.rule.alignment == "term":
        return today, f"notice rule {notice.rule.name}; ordered on {_said(today)}; more counts from the order and ends with the term"
    return _next_month(notice)


def _next_month(notice: Notice) -> tuple[date, str]:
    """Up and down per full month (CON-3)."""
    ordered = f"notice rule {notice.rule.name}; ordered on {_said(notice.given)}"
    return add_months(first_of_month(notice.given), 1), f"{ordered}; another quantity counts from the first of the next month"


def _part_cancelled(notice: Notice) -> tuple[date, str]:
    """In a minimum term, or in a lease (CON-11), less is notice for that part (CON-3)."""
    end = choose_end(notice, asked=None, is_manager=False)
    return end.ends_on + _DAY, f"less is a cancellation of that part; {end.explanation}"


def _start(day: date, why: str, *, starts_on: date) -> ScalingStart:
    """Never before the module itself."""
    steps = [why, f"not before its start on {_said(starts_on)}"] if day < starts_on else [why]
    from_on = max(day, starts_on)
    return ScalingStart(from_on=from_on, explanation="; ".join([*steps, f"counts from {_said(from_on)}"]))


def _said(day: date) -> str:
    return long_day(day, "en")
