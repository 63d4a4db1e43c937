"""What was in force on a day (SEC-3): pure, over what was read of one stream.

- What counts from a day (tariffs, quantities, options, starts, ends, numbers) is by that day, with all that is known now: a change
  that was entered later for an earlier day shows.
- What has no day of its own (parties, facts, mandates, exemptions) and what was said at a moment (notice, suspension) is as it
  stood when that day ended.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from termijn.contracts.module_state import AwaitingDelivery, Module, Running
from termijn.events.contracts import ModuleEnded, ModuleTerminated
from termijn.kernel.calendar import at

_DAY = timedelta(days=1)


class KnownModule(msgspec.Struct, frozen=True, kw_only=True):
    """A module and its past: ``live`` before it was over (its present where it is not), ``then`` as it stood when the day ended,
    ``over`` how it ended, ``subjects`` those that were its own when the day ended. ``version``: of its present, and nothing here is
    older, so that whoever changes it on the condition of that version (If-Match) has seen no less.
    """

    version: int
    live: Module
    then: Module
    over: ModuleEnded | ModuleTerminated | None
    subjects: Sequence[str]


def end_of(day: date) -> datetime:
    """The instant at which the day was over, by the clock of the business."""
    return at(day + _DAY, "00:00")


def module_on(day: date, known: KnownModule) -> dict[str, Any] | None:
    """What the module was on that day; None where it had not been ordered."""
    live, then, over = known.live, known.then, known.over
    if not isinstance(live, AwaitingDelivery | Running) or day < live.terms.ordered_on:
        return None
    ending = then.ending if isinstance(then, Running) else None
    suspension = then.suspension if isinstance(then, Running) else None
    terms, starts_on = live.terms, live.starts_on if isinstance(live, Running) else None
    tariff, ends_on = terms.tariff_on(day), ending.ends_on if ending is not None else None
    state = "running" if ends_on is None else "cancelled"
    if starts_on is None or day < starts_on:
        state = "awaiting_delivery" if tariff.notice.starts == "delivery" else "awaiting_start"
    if over is not None and (ended_on := _last_day(over)) < day:
        state, ends_on = "terminated" if isinstance(over, ModuleTerminated) else "ended", ended_on
    return {
        "state": state,
        "kind": terms.kind,
        "ordered_on": terms.ordered_on,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "tariff": {"tariff_id": tariff.tariff_id, "version": tariff.version, "title": tariff.title, "notice": tariff.notice.name},
        "quantity": terms.quantity_on(day),
        "options": [
            {"article_id": article_id, "quantity": span.quantity, "from_on": span.from_on, "ends_on": span.ends_on}
            for article_id, option in sorted(terms.options.items())
            if (span := option.on(day)) is not None
        ],
        "subjects": list(known.subjects),
        "suspension": {"since": suspension.since, "reason": suspension.reason} if suspension is not None else None,
    }


def _last_day(over: ModuleEnded | ModuleTerminated) -> date:
    return over.ended_on if isinstance(over, ModuleEnded) else over.terminated_on
