"""What was in force on a day (SEC-3): pure, over the events of one stream.

- What counts from a day (tariffs, quantities, options, starts, ends, numbers) is by that day, with all that is known now: a change
  that was entered later for an earlier day shows.
- What has no day of its own (parties, facts, mandates, exemptions) and what was said at a moment (notice, suspension) is as it
  stood when that day ended.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_state import Account
from termijn.contracts.module import MODULE
from termijn.contracts.module_state import AwaitingDelivery, Running
from termijn.events.contracts import ModuleEnded, ModuleTerminated, SubjectAssigned, SubjectReleased
from termijn.kernel.calendar import at
from termijn.runtime.handling import Recorded
from termijn.runtime.http.streams import state_after

_DAY = timedelta(days=1)


def account_on(day: date, recorded: Sequence[Recorded]) -> tuple[Account, int]:
    """The account as it stood when the day ended, and its version then."""
    until = _said_until(day, recorded)
    return state_after(ACCOUNT, until), until[-1].version if until else 0


def module_on(day: date, recorded: Sequence[Recorded]) -> dict[str, Any] | None:
    """What the module was on that day; None where it had not been ordered."""
    live = state_after(MODULE, [one for one in recorded if not isinstance(one.event, ModuleEnded | ModuleTerminated)])
    if not isinstance(live, AwaitingDelivery | Running) or day < live.terms.ordered_on:
        return None
    then = state_after(MODULE, _said_until(day, recorded))
    ending = then.ending if isinstance(then, Running) else None
    suspension = then.suspension if isinstance(then, Running) else None
    terms, starts_on = live.terms, live.starts_on if isinstance(live, Running) else None
    over = next((one.event for one in recorded if isinstance(one.event, ModuleEnded | ModuleTerminated)), None)
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
            {"article_id": article_id, "quantity": option.quantity, "from_on": option.from_on, "ends_on": option.ends_on}
            for article_id, option in sorted(terms.options.items())
            if option.from_on <= day and (option.ends_on is None or day <= option.ends_on)
        ],
        "subjects": _subjects_at(at(day + _DAY, "00:00"), recorded),
        "suspension": {"since": suspension.since, "reason": suspension.reason} if suspension is not None else None,
    }


def _said_until(day: date, recorded: Sequence[Recorded]) -> list[Recorded]:
    """What had been recorded when the day ended, by the clock of the business."""
    end = at(day + _DAY, "00:00")
    return [one for one in recorded if one.occurred_at < end]


def _last_day(over: ModuleEnded | ModuleTerminated) -> date:
    return over.ended_on if isinstance(over, ModuleEnded) else over.terminated_on


def _subjects_at(end: datetime, recorded: Sequence[Recorded]) -> list[str]:
    """The subjects that were the module's when a day ended."""
    owned: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for event in (one.event for one in recorded):
        if not isinstance(event, SubjectAssigned | SubjectReleased) or event.subject is None:
            continue
        spans = owned.setdefault(event.subject, [])
        if isinstance(event, SubjectAssigned):
            spans.append((event.from_at, None))
        elif spans:
            since, _ = spans.pop()
            spans.append((since, event.until_at))
    return sorted(
        subject for subject, spans in owned.items() if any(since < end and (until is None or until >= end) for since, until in spans)
    )
