"""The ladder: which step on which day. Pure; also the answer of ``termijn explain dunning``."""

from collections.abc import Sequence
from datetime import date, timedelta

from termijn.dunning.policy import HANDOVER_DAYS_MIN, Policy, Rung

Planned = tuple[str, date]
"""A step and the day it is planned for."""


def plan(issued: date, due: date, policy: Policy) -> list[Planned]:
    """All steps of an invoice that stays unpaid, in order (DUN-1, DUN-2, DUN-5).

    ``due`` is the date that the ladder counts from: the due date, after a reversal the reversal day.
    """
    return space([(rung.step, _nominal(rung, issued, due)) for rung in policy.ladder], issued=issued, due=due, policy=policy)


def replan(
    issued: date, due: date, policy: Policy, *, taken: Sequence[Planned], not_before: date, after: date | None = None
) -> list[Planned]:
    """The steps that were not taken yet, none before ``not_before``: after an outage, a reversal or a wait (DUN-2).

    ``after`` is a reversal's own letter: the next reminder comes five days after it, a later step not before that (DUN-15).
    """
    done = {step for step, _ in taken}
    left = [rung for rung in policy.ladder if rung.step not in done]
    unsent = [(rung.step, _nominal(rung, issued, due)) for rung in left]
    if after is not None and left and left[0].counts_from == "due":
        unsent[0] = (left[0].step, after + timedelta(days=policy.days_between_steps))
    last = max([on for _, on in taken] + ([after] if after else []), default=None)
    return space(unsent, issued=issued, due=due, policy=policy, last=last, not_before=not_before)


def moved(
    unsent: Sequence[Planned], days: int, *, issued: date, due: date, policy: Policy, last: date | None, not_before: date
) -> list[Planned]:
    """Each unsent step later by the days that the ladder was paused, never nearer than DUN-2 (DUN-16)."""
    shifted = [(step, on + timedelta(days=days)) for step, on in unsent]
    return space(shifted, issued=issued, due=due, policy=policy, last=last, not_before=not_before)


def space(
    steps: Sequence[Planned],
    *,
    issued: date,
    due: date,
    policy: Policy,
    last: date | None = None,
    not_before: date | None = None,
) -> list[Planned]:
    """The steps in their order, moved to later days where the distances ask for it (DUN-2).

    - Each at least ``days_between_steps`` after the one before (``last``: the one that was taken last), so never two on a day.
    - None before the due date + ``days_after_due_min``, none before ``not_before``.
    - The handover never before the invoice date + 60 (DUN-5).
    """
    spaced: list[Planned] = []
    earliest = due + timedelta(days=policy.days_after_due_min)
    if not_before is not None:
        earliest = max(earliest, not_before)
    for step, on in steps:
        if last is not None:
            earliest = max(earliest, last + timedelta(days=policy.days_between_steps))
        floor = issued + timedelta(days=HANDOVER_DAYS_MIN) if step == "bailiff" else earliest
        last = max(on, earliest, floor)
        spaced.append((step, last))
    return spaced


def last_payment_on(sent_on: date, next_step_on: date | None, policy: Policy) -> date:
    """The last payment date that a letter names: the day before the next step, at least 5 days on (DUN-3).

    Where no step follows, the shortest time is given.
    """
    shortest = sent_on + timedelta(days=policy.days_to_pay_min)
    return shortest if next_step_on is None else max(shortest, next_step_on - timedelta(days=1))


def _nominal(rung: Rung, issued: date, due: date) -> date:
    return (due if rung.counts_from == "due" else issued) + timedelta(days=rung.days)
