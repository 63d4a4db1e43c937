"""On which day something ends after notice, who may pick another day, and how it came about (CON-4, CON-13)."""

from datetime import date, timedelta

import msgspec

from termijn.contracts.errors import DateNotPossible
from termijn.kernel.calendar import add_months, month_end
from termijn.kernel.notice import ending
from termijn.kernel.tariff import NoticeRule
from termijn.kernel.words import long_day

_DAY = timedelta(days=1)


class ChosenEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last day, and the steps that led to it in words (CON-13)."""

    ends_on: date
    explanation: str


def choose_end(
    rule: NoticeRule,
    *,
    counts_from: date,
    given: date,
    asked: date | None,
    is_manager: bool,
    is_telecom: bool,
    field: str = "ends_on",
    told_after: timedelta = timedelta(0),
) -> ChosenEnd:
    """The last day after notice on ``given`` (CAT-20 to CAT-25, CON-4).

    Nobody who asks for no day gets another than the earliest that the rule gives. A customer may ask for a later one on which
    the rule lets a contract end; a manager for any, also in the past. Raises ``DateNotPossible`` naming ``field``; its days are
    told ``told_after`` later: a day where the caller speaks of the first day after the end.
    """
    by_rule = ending(rule, counts_from=counts_from, given=given, is_telecom=is_telecom)
    explanation = "; ".join(by_rule.steps)
    if asked is None or asked == by_rule.ends_on:
        return ChosenEnd(ends_on=by_rule.ends_on, explanation=explanation)
    if is_manager:
        return ChosenEnd(
            ends_on=asked, explanation=f"{long_day(asked, 'en')} was chosen by a manager; the notice rule gives: {explanation}"
        )
    if asked < by_rule.ends_on:
        raise DateNotPossible(field=field, asked=asked + told_after, possible=by_rule.ends_on + told_after, why=explanation)
    possible = next_end(rule, counts_from=counts_from, day=asked, is_telecom=is_telecom)
    if possible != asked:
        why = f"contracts with this notice rule end on {_ends_said(rule)}"
        raise DateNotPossible(field=field, asked=asked + told_after, possible=possible + told_after, why=why)
    return ChosenEnd(ends_on=asked, explanation=f"{long_day(asked, 'en')} was chosen, later than the earliest day: {explanation}")


def next_end(rule: NoticeRule, *, counts_from: date, day: date, is_telecom: bool) -> date:
    """The first day from ``day`` on that a contract under this rule can end on; ``day`` is not before the earliest end."""
    if is_telecom or rule.alignment == "day":
        return day
    if rule.alignment == "month_end":
        return month_end(day)
    number = 0
    while (last := _term_end(rule, counts_from=counts_from, number=number)) < day:
        number += 1
    return last


def _term_end(rule: NoticeRule, *, counts_from: date, number: int) -> date:
    return add_months(counts_from, rule.minimum_term_months + number * rule.renewal_months) - _DAY


def _ends_said(rule: NoticeRule) -> str:
    return "the last day of a month" if rule.alignment == "month_end" else "the last day of a term"
