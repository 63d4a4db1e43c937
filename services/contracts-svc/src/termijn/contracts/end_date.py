"""On which day something ends after notice, who may pick another day, and how it came about (CON-4, CON-13).

What notice ends is bound by the terms of the day it is given on, and by those that were agreed to start later: a day before a new
term starts is the present rule's to allow, one from then on the new term's (CAT-25).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import msgspec

from termijn.contracts.errors import DateNotPossible
from termijn.contracts.module_state import Running, TariffFrom
from termijn.kernel.calendar import add_months, month_end
from termijn.kernel.notice import Ending, ending, first_term_ends_on
from termijn.kernel.tariff import NoticeRule
from termijn.kernel.words import long_day

_DAY = timedelta(days=1)


class ChosenEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last day, and the steps that led to it in words (CON-13)."""

    ends_on: date
    explanation: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Notice on ``given``, and what it is bound by: the rule and the term of that day, whose contract it is, and what is agreed.

    - ``fixed_until``: the last day of a lease, before which nothing ends (CON-11).
    - ``planned``: the new terms that were agreed to start after that day, in order (CAT-25).
    """

    rule: NoticeRule
    counts_from: date
    given: date
    is_telecom: bool
    is_consumer: bool = False
    fixed_until: date | None = None
    planned: Sequence[TariffFrom] = ()

    @property
    def ends_any_day(self) -> bool:
        """The law lets telecommunication and consumers go on any day (CAT-26, CAT-27)."""
        return self.is_telecom or self.is_consumer

    def earliest(self) -> Ending:
        """What it does by the rule (CAT-20 to CAT-27), but never before the last day of a lease (CON-11).

        Where a new term runs by then, to which the customer agreed, it is that term's rule that says when it ends (CAT-25).
        """
        found = self._alone()
        for later in self.planned:
            if found.ends_on < later.from_on:
                break
            own, alone, first = self._in_term(later), long_day(found.ends_on, "en"), long_day(later.from_on, "en")
            known = f"that gives {alone}, when the new term runs that was agreed from {first}"
            steps = (*found.steps[:-1], known, f"notice rule {later.tariff.notice.name}", *own.steps[1:])
            found = dataclasses.replace(own, steps=steps)
        return found

    def end_from(self, day: date) -> date:
        """The first day from ``day`` on that it can end the contract on (CON-4)."""
        found = self._end_from(day, self._alone().ends_on)
        for later in self.planned:
            if found < later.from_on:
                break
            found = self._within(later)._end_from(day, self._in_term(later).ends_on)
        return found

    def ends(self) -> Iterator[date]:
        """The days that a customer may choose to end on, from the earliest on, without end (CON-4)."""
        day = date.min
        while True:
            day = self.end_from(day)
            yield day
            day += _DAY

    def ruling(self, ends_on: date) -> "Notice":
        """The same notice by the rule and the term that an end on that day falls under (CAT-25)."""
        found = self
        for later in self.planned:
            if later.from_on <= ends_on:
                found = self._within(later)
        return found

    def _within(self, later: TariffFrom) -> "Notice":
        """The same notice as if there were that new term alone, counted from its first day."""
        tariff, rest = later.tariff, [one for one in self.planned if one.from_on > later.from_on]
        return msgspec.structs.replace(self, rule=tariff.notice, counts_from=later.from_on, is_telecom=tariff.is_telecom, planned=rest)

    def _alone(self) -> Ending:
        """By one rule, whatever is planned."""
        found = ending(self.rule, counts_from=self.counts_from, given=self.given, is_telecom=self.is_telecom, is_consumer=self.is_consumer)
        if self.fixed_until is None or found.ends_on >= self.fixed_until:
            return found
        last, alone = long_day(self.fixed_until, "en"), long_day(found.ends_on, "en")
        steps = (*found.steps[:-1], f"the rule alone gives {alone}", f"leased until {last}", f"ends {last}")
        return dataclasses.replace(found, ends_on=self.fixed_until, steps=steps)

    def _in_term(self, later: TariffFrom) -> Ending:
        """By the rule of a new term, which ends on its first day at the earliest."""
        within, first = self._within(later), later.from_on
        own = within._alone()
        if own.ends_on >= first:
            return own
        ends_on = within._end_from(first, own.ends_on)
        steps = (*own.steps[:-1], f"not before its start on {long_day(first, 'en')}", f"ends {long_day(ends_on, 'en')}")
        return dataclasses.replace(own, ends_on=ends_on, steps=steps)

    def _end_from(self, day: date, earliest: date) -> date:
        if day <= earliest:
            return earliest
        return next_end(self.rule, counts_from=self.counts_from, day=day, ends_any_day=self.ends_any_day)


def notice_given(state: Running, given: date, *, is_consumer: bool) -> Notice:
    """Notice on a module, bound by its tariff and term of that day, its lease, and the new terms that are to start after it."""
    tariff = state.terms.tariff_on(given)
    return Notice(
        rule=tariff.notice,
        counts_from=state.counts_from(given),
        given=given,
        is_telecom=tariff.is_telecom,
        is_consumer=is_consumer,
        fixed_until=state.fixed_until,
        planned=state.new_terms_after(given),
    )


def choose_end(
    notice: Notice, *, asked: date | None, is_manager: bool, field: str = "ends_on", told_after: timedelta = timedelta(0)
) -> ChosenEnd:
    """The last day after notice (CAT-20 to CAT-27, CON-4).

    Nobody who asks for no day gets another than the earliest that the rule gives. A customer may ask for a later one on which
    the rule lets a contract end; a manager for any, also in the past. Raises ``DateNotPossible`` naming ``field``; its days are
    told ``told_after`` later: a day where the caller speaks of the first day after the end.
    """
    by_rule = notice.earliest()
    named, steps = f"notice rule {notice.rule.name}", "; ".join(by_rule.steps)
    if asked is None or asked == by_rule.ends_on:
        return ChosenEnd(ends_on=by_rule.ends_on, explanation=f"{named}; {steps}")
    said = long_day(asked, "en")
    if is_manager:
        return ChosenEnd(ends_on=asked, explanation=f"{named}; {said} was chosen by a manager; the notice rule gives: {steps}")
    if asked < by_rule.ends_on:
        raise DateNotPossible(field=field, asked=asked + told_after, possible=by_rule.ends_on + told_after, why=f"{named}; {steps}")
    possible = notice.end_from(asked)
    if possible != asked:
        ruling = notice.ruling(possible)
        why = f"contracts with this notice rule end on {_ends_said(ruling.rule)}"
        if ruling.counts_from != notice.counts_from:
            why = f"a new term was agreed from {long_day(ruling.counts_from, 'en')}, with notice rule {ruling.rule.name}"
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


def is_free_of_charge(rule: NoticeRule, *, counts_from: date, ends_on: date, is_telecom: bool) -> bool:
    """Whether a telecommunication module ends without a first term or after it: then there is no disconnect fee (CAT-26)."""
    first_term = first_term_ends_on(rule, counts_from=counts_from)
    return is_telecom and (first_term is None or ends_on >= first_term)


def _term_end(rule: NoticeRule, *, counts_from: date, number: int) -> date:
    return add_months(counts_from, rule.minimum_term_months + number * rule.renewal_months) - _DAY


def _ends_said(rule: NoticeRule) -> str:
    return "the last day of a month" if rule.alignment == "month_end" else "the last day of a term"
