"""What a portal asks about a module: what notice would give now, and which changes are allowed, or why not (CON-4, CON-13).

Pure. What is allowed is asked of the module itself: the same decisions that carry a change out say whether they would.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from termijn.contracts.end_date import is_free_of_charge, notice_given
from termijn.contracts.module import decide
from termijn.contracts.module_commands import AddOption, Cancel, ChangeTariff, ModuleCommand, RemoveOption, Scale, Withdraw
from termijn.contracts.module_extras import option_end
from termijn.contracts.module_state import AwaitingDelivery, Module, Running, Terms
from termijn.contracts.price_change import free_end
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import Refusal
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.tariff import Tariff

ENDS_SHOWN = 12
"""Days to choose an end from: a year of month ends."""
_DAY = timedelta(days=1)


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what counts of the account."""

    now: datetime
    is_manager: bool
    is_consumer: bool
    consented_months: int


def notice_of(module_id: ModuleId, state: Running, asker: Asker, *, given: date) -> dict[str, Any]:
    """What notice on that day gives, with rule, inputs and steps (CON-13), the days to choose from (CON-4), and each option's own.

    ``leaving_free`` is the last day on which an announced price change lets the customer go, None where there is none (CAT-10).
    """
    notice = notice_given(state, given, is_consumer=asker.is_consumer)
    told = notice.earliest()
    ruling = notice.ruling(told.ends_on)
    rule, counts_from, is_telecom = ruling.rule, ruling.counts_from, ruling.is_telecom
    return {
        "rule": rule,
        "inputs": {
            "counts_from": counts_from,
            "given": given,
            "is_telecom": is_telecom,
            "is_consumer": asker.is_consumer,
        },
        "steps": told.steps,
        "ends_on": told.ends_on,
        "last_notice_day": told.last_notice_day,
        "renews_on": told.renews_on,
        "possible_ends": list(islice(notice.ends(), ENDS_SHOWN)),
        "ends_any_later_day": (ruling.ends_any_day or rule.alignment == "day") and not ruling.planned,
        "is_free_of_charge": is_free_of_charge(rule, counts_from=counts_from, ends_on=told.ends_on, is_telecom=is_telecom),
        "returns_paid_ahead": asker.is_consumer,
        "leaving_free": free_end(state.price_change, given=given, asked=None),
        "options": list(_option_ends(module_id, state, asker)),
    }


def _option_ends(module_id: ModuleId, state: Running, asker: Asker) -> Iterator[dict[str, Any]]:
    """Each option ends by its own notice rule (CON-5)."""
    for article_id, option in sorted(state.terms.options.items()):
        if option.ends_on is not None:
            yield {"article_id": article_id, "ends_on": option.ends_on, "explanation": "it was taken off"}
            continue
        end = option_end(_removing(module_id, article_id, asker), state, option)
        yield {"article_id": article_id, "ends_on": end.ends_on, "explanation": end.explanation}


def changes_of(module_id: ModuleId, state: Module, asker: Asker, *, tariffs: Sequence[Tariff]) -> list[dict[str, Any]]:
    """Every change that can be asked for: from which day it would count and why, or why it is not allowed (SEC-2).

    ``tariffs`` are those of the module's kind that take orders today.
    """
    return [_tried(name, command, state) for name, command in _possible(module_id, state, asker, tariffs)]


def _tried(name: dict[str, Any], command: ModuleCommand, state: Module) -> dict[str, Any]:
    try:
        decided = decide(command, state)
    except Refusal as refusal:
        return {**name, "is_allowed": False, "code": refusal.code, "why_not": refusal.message, "field": refusal.field}
    if not decided:
        return {**name, "is_allowed": False, "code": "NoChange", "why_not": "It is so already.", "field": None}
    first = msgspec.to_builtins(decided[0])
    days = {day: first[day] for day in ("from_on", "ends_on") if first.get(day) is not None}
    return {**name, "is_allowed": True, **days, "explanation": first.get("explanation") or None}


def _possible(
    module_id: ModuleId, state: Module, asker: Asker, tariffs: Sequence[Tariff]
) -> Iterator[tuple[dict[str, Any], ModuleCommand]]:
    today = day_of(asker.now)
    common: dict[str, Any] = {"now": asker.now, "module_id": module_id, "is_manager": asker.is_manager, "channel": "api"}
    of_account: dict[str, Any] = {"is_consumer": asker.is_consumer, "consented_months": asker.consented_months}
    yield {"change": "cancel"}, Cancel(notice_on=today, ends_on=None, **common, **of_account)
    yield {"change": "withdraw_cancellation"}, Withdraw(now=asker.now, module_id=module_id, channel="api")
    if not isinstance(state, AwaitingDelivery | Running):
        return
    terms = state.terms
    present = terms.quantity_on(date.max - _DAY)
    yield {"change": "scale", "quantity": present + 1}, Scale(quantity=present + 1, at_once=False, from_on=None, **common, **of_account)
    if present > 1:
        less = Scale(quantity=present - 1, at_once=False, from_on=None, **common, **of_account)
        yield {"change": "scale", "quantity": present - 1}, less
    for tariff in tariffs:
        named = {"change": "tariff", "tariff_id": tariff.tariff_id, "version": tariff.version, "title": tariff.title}
        yield named, ChangeTariff(tariff=tariff, from_on=None, new_term_confirmed=False, **common, **of_account)
    yield from _options(module_id, terms, asker, today)


def _options(module_id: ModuleId, terms: Terms, asker: Asker, today: date) -> Iterator[tuple[dict[str, Any], ModuleCommand]]:
    """Options are a manager's to add and remove (CON-9); a customer reads that here."""
    for article_id in (article.article_id for article in terms.tariff_on(today).articles if article.is_option):
        option = terms.options.get(article_id)
        if option is None or option.ends_on is not None:
            add = AddOption(
                now=asker.now,
                module_id=module_id,
                article_id=article_id,
                quantity=1,
                from_on=None,
                is_manager=asker.is_manager,
                channel="api",
            )
            yield {"change": "add_option", "article_id": article_id}, add
        else:
            yield {"change": "remove_option", "article_id": article_id}, _removing(module_id, article_id, asker)


def _removing(module_id: ModuleId, article_id: ArticleId, asker: Asker) -> RemoveOption:
    return RemoveOption(
        now=asker.now,
        module_id=module_id,
        article_id=article_id,
        ends_on=None,
        is_manager=asker.is_manager,
        channel="api",
        is_consumer=asker.is_consumer,
    )
