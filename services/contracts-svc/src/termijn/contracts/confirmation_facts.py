"""Which events are confirmed in writing, as what, and with which facts (CON-6). Pure: read models are built from it again.

Facts are kept for good, as the proof that something was confirmed, so nothing in them is about a person; what is stands apart
(``personal_of``) and only until the letter has left.
"""

from datetime import date
from typing import Any

from termijn.contracts.account_confirmation import account_facts, account_personal
from termijn.contracts.goods_confirmation import goods_facts, goods_personal
from termijn.contracts.lease import EXTENSION_CHANNEL, TERM_CHANNEL
from termijn.contracts.price_change import SAID_AGAIN
from termijn.contracts.price_letter import price_facts
from termijn.events.base import Event
from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleOrdered,
    ModuleScaled,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.tariff import Tariff

CONFIRMED_ELSEWHERE = (EXTENSION_CHANNEL, SAID_AGAIN)
"""Channels of what another confirmation tells: that of the longer lease, and that of the tariff change when it was ordered."""


def facts_of(event: Event) -> dict[str, Any] | None:
    """What a confirmation of this event tells, as plain data; None where the event needs none (CON-6)."""
    match event:
        case ModuleCancelled() | TariffChanged() if event.channel in CONFIRMED_ELSEWHERE:
            return None
        case ModuleOrdered():
            agreed = {**_tariff(event.tariff), "quantity": event.quantity, "options": list(event.options)}
            return {**agreed, "ordered_on": _iso(event.ordered_on), "day": _iso(event.starts_on), "channel": event.channel}
        case ModuleActivated():
            return {"day": _iso(event.active_from), "channel": "api"}
        case ModuleScaled():
            return {"quantity": event.quantity, "day": _iso(event.from_on), "why": event.explanation, "channel": event.channel}
        case TariffChanged():
            told = {"day": _iso(event.from_on), "why": event.explanation, "channel": event.channel}
            return {**_tariff(event.tariff), **told, "starts_new_term": event.starts_new_term, "confirmed_on": _iso(event.confirmed_on)}
        case OptionAdded():
            return {"article": event.article_id, "quantity": event.quantity, "day": _iso(event.from_on), "channel": event.channel}
        case OptionRemoved():
            told = {"article": event.article_id, "day": _iso(event.ends_on), "why": event.explanation, "channel": event.channel}
            return {**told, "returns": event.returns_paid_ahead}
        case ModuleCancelled(channel=channel) if channel == TERM_CHANNEL:
            return {"day": _iso(event.ends_on), "channel": "api"}
        case ModuleCancelled():
            told = {"day": _iso(event.ends_on), "notice": _iso(event.notice_on), "why": event.explanation, "channel": event.channel}
            return {**told, "is_free": event.waives_disconnect_fee, "returns": event.returns_paid_ahead}
        case CancellationWithdrawn():
            return {"channel": event.channel}
        case SubjectAssigned():
            return {"day": _iso(day_of(event.from_at)), "channel": "api"}
        case SubjectReleased(is_ported_out=True):
            return {"day": _iso(day_of(event.until_at)), "channel": event.channel}
        case _:
            return goods_facts(event) or price_facts(event) or account_facts(event)


def personal_of(event: Event) -> dict[str, Any] | None:
    """What the letter says besides that is about a person: a number, where else it goes. It goes with the letter (CON-7)."""
    if isinstance(event, SubjectAssigned | SubjectReleased):
        day = event.from_at if isinstance(event, SubjectAssigned) else event.until_at
        return {"numbers": [{"number": event.subject, "day": _iso(day_of(day))}]} if event.subject is not None else None
    return goods_personal(event) or account_personal(event)


def kind_of(event: Event) -> str:
    """Which words a confirmation uses: the event's name, but the end of a lease was agreed with it and is no notice (CON-11).

    Of the subjects that a module gives up only a number that was ported out is confirmed (CON-6).
    """
    if isinstance(event, ModuleCancelled) and event.channel == TERM_CHANNEL:
        return "LeaseTermAgreed"
    if isinstance(event, SubjectReleased):
        return "NumberPortedOut"
    return type(event).__name__


def _tariff(tariff: Tariff) -> dict[str, Any]:
    """A version never changes (CAT-5), so naming it tells all of it."""
    return {"title": tariff.title, "tariff_id": tariff.tariff_id, "tariff_version": tariff.version}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
