"""When a contract ends after notice: one calculation over one rule as data (CAT-20 to CAT-27).

The answer explains itself (CON-13): ``Ending.steps`` names the inputs and each thing that moved the date. Source of the cap
on telecommunication contracts: Telecommunicatiewet 7.2a; on those of consumers: BW 6:236 j and 6:237 k.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from termijn.kernel.calendar import add_months, first_of_month, month_end
from termijn.kernel.errors import InvalidInput
from termijn.kernel.tariff import NoticeRule
from termijn.kernel.words import long_day

TERM_MONTHS_MAX = 120
"""The longest minimum term, notice or renewal of a rule: ten years binds longer than any court upholds."""

NONE = NoticeRule(name="none")
"""Ends at once (CAT-20)."""

MONTHLY = NoticeRule(name="monthly", notice_months=1, alignment="month_end")
"""One full month to a month end (CAT-21)."""

YEARLY = NoticeRule(name="yearly", minimum_term_months=12, notice_months=3, alignment="term", renewal_months=12, starts="order")
"""A year at least, three months' notice, renewed by a year (CAT-22)."""

LICENCE_YEAR = NoticeRule(name="licence-year", minimum_term_months=12, alignment="term", renewal_months=12, starts="order")
"""A year, renewed by a year unless cancelled on or before its last day (CAT-24)."""

_DAY = timedelta(days=1)
_TERM = re.compile(r"term:(\d{1,4})", re.ASCII)
_NAMED = {rule.name: rule for rule in (NONE, MONTHLY, YEARLY, LICENCE_YEAR)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What notice on a day does.

    - ``ends_on``: the last day of the contract. Before the first day where notice came before the start: it never starts.
    - ``last_notice_day``: the last day on which notice still ends the term that runs on the day of notice.
    - ``renews_on``: the first day after that term, if no notice is given.
    - ``steps``: how the date came about, in order (CON-13).

    Both middle ones are None where no term runs: the rule has none, or it is over and does not renew.
    """

    ends_on: date
    last_notice_day: date | None
    renews_on: date | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """A term that binds. ``ends_on`` is the first day on which the contract can end with it, ``next_on`` the day after the term."""

    ends_on: date
    next_on: date
    is_first: bool


def term(months: int) -> NoticeRule:
    """A minimum term from the delivery on, then monthly (CAT-23): 12 for xDSL, 36 for fibre."""
    if not 1 <= months <= TERM_MONTHS_MAX:
        raise InvalidInput(field="rule", reason=f"a term has from 1 to {TERM_MONTHS_MAX} months")
    return NoticeRule(name=f"term:{months}", minimum_term_months=months, notice_months=1, alignment="month_end", starts="delivery")


def named(text: str) -> NoticeRule:
    """The rule of that name: none, monthly, yearly, licence-year or term:N (N months). Raises ``InvalidInput`` for another."""
    if text in _NAMED:
        return _NAMED[text]
    found = _TERM.fullmatch(text)
    if found is None:
        raise InvalidInput(field="rule", reason=f"{text!r} is none of {', '.join(_NAMED)}, term:N")
    return term(int(found[1]))


def check(rule: NoticeRule, *, field: str = "rule") -> None:
    """Refuse a rule of a provider's own making that contradicts itself, with the field named (CAT-25). Raises ``InvalidInput``."""
    for name in ("minimum_term_months", "notice_months", "renewal_months"):
        if not 0 <= getattr(rule, name) <= TERM_MONTHS_MAX:
            raise InvalidInput(field=f"{field}.{name}", reason=f"must be from 0 to {TERM_MONTHS_MAX} months")
    if rule.alignment == "term" and not rule.minimum_term_months:
        raise InvalidInput(field=f"{field}.minimum_term_months", reason="a contract that ends with its term needs a minimum term")
    if rule.alignment == "term" and not rule.renewal_months:
        raise InvalidInput(field=f"{field}.renewal_months", reason="a contract that only ends with a term needs a next term")
    if rule.alignment != "term" and rule.renewal_months:
        raise InvalidInput(field=f"{field}.alignment", reason="a contract that renews ends with a term")


def first_term_ends_on(rule: NoticeRule, *, counts_from: date) -> date | None:
    """The last day of the first term as agreed, whatever day such a contract can end on; None where the rule has none."""
    return add_months(counts_from, rule.minimum_term_months) - _DAY if rule.minimum_term_months else None


def ending(rule: NoticeRule, *, counts_from: date, given: date, is_telecom: bool = False, is_consumer: bool = False) -> Ending:
    """When the contract ends if notice is given on a day, and what the running term would do without (CAT-20 to CAT-27).

    - ``counts_from``: the day terms count from (CAT-25): the order, the delivery or the ordered start, as ``rule.starts`` says.
    - ``given``: the day notice is received, today or later or earlier; before ``counts_from`` it is notice in the first term.
    - ``is_telecom``: the law caps the notice of telecommunication modules at a month once they are beyond their first term (CAT-26).
    - ``is_consumer``: a consumer leaves on any day after the first term, with a month at most (CAT-27).

    Raises ``InvalidInput`` for a rule that contradicts itself.
    """
    check(rule)
    running = _running_term(rule, counts_from=counts_from, day=given)
    ends_on, steps = _by_rule(rule, counts_from=counts_from, given=given)
    if is_telecom or is_consumer:
        ends_on, steps = _capped(rule, counts_from=counts_from, given=given, ends_on=ends_on, steps=steps, is_consumer=is_consumer)
    return Ending(
        ends_on=ends_on,
        last_notice_day=_last_notice_day(rule, running, is_capped=is_telecom or is_consumer) if running else None,
        renews_on=running.next_on if running else None,
        steps=steps,
    )


def _term_number(rule: NoticeRule, number: int, *, counts_from: date) -> _Term:
    """The ``number``-th term, from 0. Counted from the first day, never chained: 29 February comes back every fourth year."""
    next_on = add_months(counts_from, rule.minimum_term_months + number * rule.renewal_months)
    last = next_on - _DAY
    return _Term(month_end(last) if rule.alignment == "month_end" else last, next_on, number == 0)


def _running_term(rule: NoticeRule, *, counts_from: date, day: date) -> _Term | None:
    """The term that binds on the day; None where the rule has none or it is over for good."""
    if not rule.minimum_term_months:
        return None
    first = _term_number(rule, 0, counts_from=counts_from)
    if day < first.next_on:
        return first
    if not rule.renewal_months:
        return None
    # Whole months between the two days say which renewal it is, at most one too low.
    months = (day.year - first.next_on.year) * 12 + day.month - first.next_on.month
    number = max(0, months // rule.renewal_months)
    while (running := _term_number(rule, number, counts_from=counts_from)).next_on <= day:
        number += 1
    return running


def _latest_notice(rule: NoticeRule, end: date) -> date:
    """The last day on which notice, by the rule alone, still ends the contract on ``end``."""
    if not rule.notice_months:
        return end
    if rule.alignment == "term":
        return add_months(end, -rule.notice_months) - _DAY
    if rule.alignment == "month_end":
        return month_end(add_months(first_of_month(end), -rule.notice_months))
    return _latest_start(end, rule.notice_months)


def _latest_start(end: date, months: int) -> date:
    """The last day from which ``months`` months reach no further than ``end``: 31 January for a month to 28 February."""
    start = add_months(end, -months)
    return month_end(start) if end == month_end(end) else start


def _last_notice_day(rule: NoticeRule, running: _Term, *, is_capped: bool) -> date:
    by_rule = _latest_notice(rule, running.ends_on)
    return max(by_rule, _latest_start(running.ends_on, 1)) if is_capped else by_rule


def _by_rule(rule: NoticeRule, *, counts_from: date, given: date) -> tuple[date, tuple[str, ...]]:
    if rule.alignment == "term":
        return _with_a_term(rule, counts_from=counts_from, given=given)
    steps = [f"notice on {_said(given)}"]
    if rule.alignment == "month_end":
        ends_on = month_end(add_months(first_of_month(given), rule.notice_months))
        if rule.notice_months:
            steps.append(_months(rule.notice_months, full=True))
        steps.append("to month end")
    else:
        ends_on = add_months(given, rule.notice_months)
        steps.append(f"{_months(rule.notice_months)} later" if rule.notice_months else "ends at once")
    if rule.minimum_term_months:
        first = _term_number(rule, 0, counts_from=counts_from)
        if first.ends_on > ends_on:
            ends_on = first.ends_on
            steps.append(_term_said(rule, first, counts_from=counts_from))
            if first.ends_on != first.next_on - _DAY:
                steps.append("to month end")
    return ends_on, (*steps, f"ends {_said(ends_on)}")


def _with_a_term(rule: NoticeRule, *, counts_from: date, given: date) -> tuple[date, tuple[str, ...]]:
    """The first term that notice on this day is still in time for."""
    running = _running_term(rule, counts_from=counts_from, day=given)
    assert running is not None, "a rule that ends with a term has one"
    steps = [f"notice on {_said(given)}", _term_said(rule, running, counts_from=counts_from)]
    chosen, renewals = running, 0
    while (latest := _latest_notice(rule, chosen.ends_on)) < given:
        steps.append(f"too late for {_said(chosen.ends_on)}: last day for notice was {_said(latest)}")
        chosen = _running_term(rule, counts_from=counts_from, day=chosen.next_on) or chosen
        steps.append(f"renewed by {_months(rule.renewal_months)} to {_said(chosen.ends_on)}")
        renewals += 1
        assert renewals <= TERM_MONTHS_MAX + 1, "every renewal is a month at least, and no notice is longer than the limit"
    steps.append(f"in time: last day for notice is {_said(latest)}")
    return chosen.ends_on, (*steps, f"ends {_said(chosen.ends_on)}")


def _capped(
    rule: NoticeRule, *, counts_from: date, given: date, ends_on: date, steps: tuple[str, ...], is_consumer: bool
) -> tuple[date, tuple[str, ...]]:
    """CAT-26, CAT-27: beyond the first term a month is enough, to the same day number.

    Notice in the first term that the rule would push beyond it is capped as well, but never to before that term's own end:
    else whoever waits for the term to be over would leave earlier than who gave notice in time. A consumer, who may leave on any
    day, is let go with the last day of the term itself; others on the first day after it that their rule knows.
    """
    month_later = cap = add_months(given, 1)
    if rule.minimum_term_months:
        first = _term_number(rule, 0, counts_from=counts_from)
        own_end = first.next_on - _DAY if is_consumer else first.ends_on
        cap = max(cap, own_end) if given < first.next_on else cap
    if cap >= ends_on:
        return ends_on, steps
    reason = f"a month after notice is {_said(month_later)}" if cap == month_later else f"first term to {_said(cap)}"
    whose = "consumer" if is_consumer else "telecommunication"
    return cap, (*steps[:-1], f"the rule alone gives {_said(ends_on)}", f"{whose}: {reason}", f"ends {_said(cap)}")


def _term_said(rule: NoticeRule, running: _Term, *, counts_from: date) -> str:
    last = _said(running.next_on - _DAY)
    if running.is_first:
        return f"minimum term of {_months(rule.minimum_term_months)} from {_said(counts_from)} to {last}"
    return f"term of {_months(rule.renewal_months)} to {last}"


def _months(count: int, *, full: bool = False) -> str:
    middle = "full " if full else ""
    return f"one {middle}month" if count == 1 else f"{count} {middle}months"


def _said(day: date) -> str:
    return long_day(day, "en")
