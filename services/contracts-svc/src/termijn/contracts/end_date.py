"""On which day something ends after notice, who may pick another day, and how it came about (CON-4, CON-13)."""

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from termijn.contracts.errors import DateNotPossible
from termijn.kernel.calendar import add_months, month_end
from termijn.kernel.notice import Ending, ending, first_term_ends_on
from termijn.kernel.tariff import NoticeRule
from termijn.kernel.words import long_day

_DAY = timedelta(days=1)


class ChosenEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last day, and the steps that led to it in words (CON-13)."""

    ends_on: date
    explanation: str


def earliest_end(
    rule: NoticeRule, *, counts_from: date, given: date, is_telecom: bool, is_consumer: bool = False, fixed_until: date | None = None
) -> Ending:
    """What notice on ``given`` does by the rule (CAT-20 to CAT-27), but never before the last day of a lease (CON-11)."""
    found = ending(rule, counts_from=counts_from, given=given, is_telecom=is_telecom, is_consumer=is_consumer)
    if fixed_until is None or found.ends_on >= fixed_until:
        return found
    last, alone = long_day(fixed_until, "en"), long_day(found.ends_on, "en")
    steps = (*found.steps[:-1], f"the rule alone gives {alone}", f"leased until {last}", f"ends {last}")
    return dataclasses.replace(found, ends_on=fixed_until, steps=steps)


def choose_end(
    rule: NoticeRule,
    *,
    counts_from: date,
    given: date,
    asked: date | None,
    is_manager: bool,
    is_telecom: bool,
    is_consumer: bool = False,
    field: str = "ends_on",
    told_after: timedelta = timedelta(0),
    fixed_until: date | None = None,
) -> ChosenEnd:
    """The last day after notice on ``given`` (CAT-20 to CAT-27, CON-4).

    Nobody who asks for no day gets another than the earliest that the rule gives. A customer may ask for a later one on which
    the rule lets a contract end; a manager for any, also in the past. Raises ``DateNotPossible`` naming ``field``; its days are
    told ``told_after`` later: a day where the caller speaks of the first day after the end.
    """
    by_rule = earliest_end(
        rule, counts_from=counts_from, given=given, is_telecom=is_telecom, is_consumer=is_consumer, fixed_until=fixed_until
    )
    named, steps = f"notice rule {rule.name}", "; ".join(by_rule.steps)
    if asked is None or asked == by_rule.ends_on:
        return ChosenEnd(ends_on=by_rule.ends_on, explanation=f"{named}; {steps}")
    said = long_day(asked, "en")
    if is_manager:
        return ChosenEnd(ends_on=asked, explanation=f"{named}; {said} was chosen by a manager; the notice rule gives: {steps}")
    if asked < by_rule.ends_on:
        raise DateNotPossible(field=field, asked=asked + told_after, possible=by_rule.ends_on + told_after, why=f"{named}; {steps}")
    possible = next_end(rule, counts_from=counts_from, day=asked, ends_any_day=is_telecom or is_consumer)
    if possible != asked:
        why = f"contracts with this notice rule end on {_ends_said(rule)}"
        raise DateNotPossible(field=field, asked=asked + told_after, possible=possible + told_after, why=why)
    return ChosenEnd(ends_on=asked, explanation=f"{named}; {said} was chosen, later than the earliest day: {steps}")


def next_end(rule: NoticeRule, *, counts_from: date, day: date, ends_any_day: bool) -> date:
    """The first day from ``day`` on that a contract under this rule can end on; ``day`` is not before the earliest end.

    ``ends_any_day``: the law lets telecommunication and consumers go on any day (CAT-26, CAT-27).
    """
    if ends_any_day or rule.alignment == "day":
        return day
    if rule.alignment == "month_end":
        return month_end(day)
    number = 0
    while (last := _term_end(rule, counts_from=counts_from, number=number)) < day:
        number += 1
    return last


def ends_from(rule: NoticeRule, *, counts_from: date, earliest: date, ends_any_day: bool) -> Iterator[date]:
    """The days that a customer may choose to end on, from the earliest on, without end (CON-4)."""
    day = earliest
    while True:
        yield day
        day = next_end(rule, counts_from=counts_from, day=day + _DAY, ends_any_day=ends_any_day)


def is_free_of_charge(rule: NoticeRule, *, counts_from: date, ends_on: date, is_telecom: bool) -> bool:
    """Whether a telecommunication module ends without a first term or after it: then there is no disconnect fee (CAT-26)."""
    first_term = first_term_ends_on(rule, counts_from=counts_from)
    return is_telecom and (first_term is None or ends_on >= first_term)


def _term_end(rule: NoticeRule, *, counts_from: date, number: int) -> date:
    return add_months(counts_from, rule.minimum_term_months + number * rule.renewal_months) - _DAY


def _ends_said(rule: NoticeRule) -> str:
    return "the last day of a month" if rule.alignment == "month_end" else "the last day of a term"
