"""Another tariff on a module: from which day, whether a new term starts with it, and what becomes of options (CON-4, CAT-25)."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from termijn.contracts.end_date import choose_end, notice_given
from termijn.contracts.errors import EndsBefore, ManagerOnly, MustBeAnnounced, NotYetDelivered
from termijn.contracts.first_term import check_first_term
from termijn.contracts.module_commands import ChangeTariff
from termijn.contracts.module_state import Live, Running
from termijn.contracts.price_move import moves_between
from termijn.events.contracts import OptionRemoved, TariffChanged
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput
from termijn.kernel.tariff import Tariff
from termijn.kernel.words import long_day

_DAY = timedelta(days=1)


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """That the customer agreed to a new term: when, and where that is on file."""

    confirmed_on: date
    on_file: str


def change_tariff(command: ChangeTariff, state: Live) -> Sequence[TariffChanged | OptionRemoved]:
    """The notice rule of the present tariff decides the earliest day (CON-4); a manager picks any.

    The first start stays what terms count from, unless the order states a new term and the customer confirmed it (CAT-25). What
    was pending for later days is replaced.
    """
    if not isinstance(state, Running):
        raise NotYetDelivered
    today, new = day_of(command.now), command.tariff
    _check_may_have(command, state, today)
    confirmation = _confirmation(command, today)
    from_on, explanation = _from_on(command, state, today)
    _check_announced(command, state.terms.tariff_on(from_on), is_agreed=confirmation is not None)
    if state.ending is not None and from_on > state.ending.ends_on:
        raise EndsBefore(field="from_on", ends_on=state.ending.ends_on, from_on=from_on)
    terms = state.terms
    is_other = terms.tariff_on(from_on) != new or confirmation is not None or _would_start_a_term(state, from_on, today)
    days = [from_on] if is_other else []
    days += [later.from_on for later in terms.tariffs if later.from_on > from_on and (later.tariff != new or later.counts_from is not None)]
    if not days:
        return []
    if confirmation is not None:
        explanation += f"; a new term starts, as the customer confirmed on {long_day(confirmation.confirmed_on, 'en')}"
    changed = TariffChanged(
        module_id=command.module_id, tariff=new, from_on=from_on, channel=command.channel, explanation=explanation, request=command.request
    )
    changes = [msgspec.structs.replace(changed, from_on=day) for day in days]
    if confirmation is not None:
        changes[0] = msgspec.structs.replace(
            changes[0], starts_new_term=True, confirmed_on=confirmation.confirmed_on, confirmation=confirmation.on_file
        )
    return [*changes, *_options_lost(command, state, days[0])]


def _would_start_a_term(state: Running, day: date, today: date) -> bool:
    """Whether what is planned for that day starts a new term, which this order does not state (CAT-25)."""
    return day > today and any(one.from_on == day and one.counts_from is not None for one in state.terms.tariffs)


def _check_may_have(command: ChangeTariff, state: Running, today: date) -> None:
    """Of the same module kind; customers take public tariffs only, and no newer version of their own (CAT-1, CAT-5, CAT-6).

    What they have they may order again, in place of another that is to come (CON-4).
    """
    new, present = command.tariff, state.terms.tariff_on(today)
    if new.module != state.terms.kind:
        raise InvalidInput(field="tariff_id", reason=f"is a tariff of {new.module}, the module is {state.terms.kind}")
    if not command.is_manager and not new.is_public:
        raise ManagerOnly(field="tariff_id", reason="choose a tariff that is not public")
    if not command.is_manager and new.tariff_id == present.tariff_id and not (new == present and _can_stay(state, today)):
        raise ManagerOnly(field="tariff_id", reason="move a module to a newer version of its tariff")
    if new != present:
        check_first_term(new, is_consumer=command.is_consumer, consented_months=command.consented_months)


def _can_stay(state: Running, today: date) -> bool:
    """Whether another tariff is to come, and no option ended for its sake: to add one again is a manager's (CON-9)."""
    days = {one.from_on for one in state.terms.tariffs if one.from_on > today}
    lost = {option.ends_on + _DAY for option in state.terms.options.values() if option.ends_on is not None}
    return bool(days) and not days & lost


def _check_announced(command: ChangeTariff, present: Tariff, *, is_agreed: bool) -> None:
    """Another tariff is an order of the customer's, on any day that a manager picks (CON-4). Other prices under the same tariff are
    the provider's initiative: they are announced a month before, by a migration (CAT-5, CAT-10), unless the customer asked for them.
    """
    if command.request and not command.is_manager:
        raise ManagerOnly(field="request", reason="record a request that was made elsewhere")
    is_own_tariff = command.tariff.tariff_id == present.tariff_id
    if is_own_tariff and not command.request.strip() and not is_agreed and moves_between(present, command.tariff):
        raise MustBeAnnounced(field="request")


def _confirmation(command: ChangeTariff, today: date) -> Confirmation | None:
    """A customer who states a new term confirms it by that; a manager says where the customer's confirmation is (CAT-25)."""
    if not command.new_term_confirmed:
        if command.confirmed_on is not None or command.confirmation:
            raise InvalidInput(field="new_term_confirmed", reason="a confirmation without a new term confirms nothing")
        return None
    if not command.is_manager:
        if command.confirmed_on not in (None, today) or command.confirmation:
            raise ManagerOnly(field="confirmed_on", reason="record a confirmation that was given elsewhere")
        return Confirmation(confirmed_on=today, on_file=f"given with the order, through {command.channel}")
    if not command.confirmation.strip():
        raise InvalidInput(field="confirmation", reason="where the customer's confirmation of the new term is on file")
    confirmed_on = command.confirmed_on or today
    if confirmed_on > today:
        raise InvalidInput(field="confirmed_on", reason="lies in the future")
    return Confirmation(confirmed_on=confirmed_on, on_file=command.confirmation)


def _from_on(command: ChangeTariff, state: Running, today: date) -> tuple[date, str]:
    """The first day with the new tariff, and the steps in words (CON-13)."""
    notice = notice_given(state, today, is_consumer=command.is_consumer)
    asked = command.from_on - _DAY if command.from_on is not None else None
    end = choose_end(notice, asked=asked, is_manager=command.is_manager, field="from_on", told_after=_DAY)
    from_on = max(end.ends_on + _DAY, state.starts_on)
    steps = [end.explanation]
    if from_on == state.starts_on:
        steps.append(f"not before its start on {long_day(from_on, 'en')}")
    return from_on, "; ".join([*steps, f"counts from {long_day(from_on, 'en')}"])


def _options_lost(command: ChangeTariff, state: Running, from_on: date) -> list[OptionRemoved]:
    """Options that the new tariff does not have end with the old one (CON-9)."""
    lost = [
        article_id
        for article_id, option in state.terms.options.items()
        if (option.ends_on is None or option.ends_on >= from_on)
        and ((article := command.tariff.article(article_id)) is None or not article.is_option)
    ]
    return [
        OptionRemoved(
            module_id=command.module_id,
            article_id=article_id,
            ends_on=from_on - _DAY,
            channel=command.channel,
            explanation="the new tariff does not have this option",
            returns_paid_ahead=command.is_consumer,
        )
        for article_id in lost
    ]
