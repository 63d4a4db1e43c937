"""A module moves to another version of its tariff: announced a month before, with a way out, and then in force (CAT-5, CAT-10).

Pure rules over the module's state; ``module.py`` asks them.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from termijn.contracts.end_date import ChosenEnd
from termijn.contracts.errors import EndsBefore, NotYetDelivered
from termijn.contracts.module_state import AwaitingDelivery, Live, ModuleEvent, Running
from termijn.contracts.price_command import AnnouncePriceChange, DropPriceChange, PriceCommand, PutPriceChange
from termijn.contracts.price_event import AnnouncedChange, PriceChangeAnnounced, PriceChangeDropped
from termijn.contracts.price_move import PriceMove, is_dearer, moves_between
from termijn.events.contracts import OptionRemoved, TariffChanged
from termijn.kernel.calendar import add_months, day_of
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.tariff import Tariff
from termijn.kernel.words import long_day

ANNOUNCED_MONTHS = 1
"""A price change is told at least this many months before its day (CAT-10; Telecommunicatiewet 7.2, BW 6:236 under i)."""
SAID_AGAIN = "said-again"
"""The channel of what was agreed, and confirmed, before, and is told again because of a change that comes earlier."""
_DAY = timedelta(days=1)


def price_change(command: PriceCommand, state: Live) -> Sequence[ModuleEvent]:
    """What a price change asks of a module that is not over."""
    match command:
        case AnnouncePriceChange():
            return _announce(command, state)
        case PutPriceChange():
            return _put(command, state)
        case DropPriceChange():
            present = state.price_change if isinstance(state, Running) else None
            if present is None or present.change_id != command.change_id:
                raise NotFound(what="announced price change", id=command.change_id)
            return [PriceChangeDropped(module_id=command.module_id, change_id=command.change_id, reason=command.reason)]


def _announce(command: AnnouncePriceChange, state: Live) -> Sequence[ModuleEvent]:
    """The module stays on its version until that day (CAT-5); other prices are told at least a month before (CAT-10)."""
    if isinstance(state, AwaitingDelivery):
        raise NotYetDelivered
    pending = state.price_change
    if pending is not None and pending.change_id == command.change_id:
        return []
    if pending is not None:
        raise Conflict(field="module_id", reason=f"Another price change was announced already, for {pending.from_on}.")
    if state.ending is not None and state.ending.ends_on < command.from_on:
        raise EndsBefore(field="effective_on", ends_on=state.ending.ends_on, from_on=command.from_on)
    present = state.terms.tariff_on(command.from_on)
    if (present.tariff_id, present.version) != (command.tariff.tariff_id, command.replaces):
        raise Conflict(field="module_id", reason=f"The module runs on {present.tariff_id}, version {present.version}, on that day.")
    moves = moves_between(present, command.tariff)
    check_announced_in_time(moves, from_on=command.from_on, today=day_of(command.now))
    from_on = max(command.from_on, state.starts_on)
    return [
        PriceChangeAnnounced(
            module_id=command.module_id,
            change_id=command.change_id,
            tariff=command.tariff,
            replaces=command.replaces,
            from_on=from_on,
            is_indexation=command.is_indexation,
            may_end_free_until=_may_end_free_until(command, present, moves, from_on=from_on),
            moves=moves,
        )
    ]


def check_announced_in_time(moves: Sequence[PriceMove], *, from_on: date, today: date) -> None:
    """Raise ``InvalidInput`` naming ``effective_on`` where other prices would come within a month (CAT-10), or anything in the past."""
    earliest = add_months(today, ANNOUNCED_MONTHS) if moves else today
    if from_on < earliest:
        why = "a price change is announced at least one month before" if moves else "running modules do not change in the past"
        raise InvalidInput(field="effective_on", reason=f"{from_on} is too soon: {why}, so from {earliest} on")


def was_in_time(moves: Sequence[PriceMove], *, sent_on: date | None, from_on: date) -> bool:
    """Whether the announcement left a month before the day (CAT-10); where no price differs, nothing had to be announced in time."""
    return not moves or (sent_on is not None and add_months(sent_on, ANNOUNCED_MONTHS) <= from_on)


def _may_end_free_until(command: AnnouncePriceChange, present: Tariff, moves: Sequence[PriceMove], *, from_on: date) -> date | None:
    """The day before dearer prices, for telecommunication and consumers, unless it is indexation that the contract agreed to (CAT-10)."""
    is_agreed = command.is_indexation and present.is_indexation_agreed
    is_protected = present.is_telecom or command.is_consumer
    return from_on - _DAY if is_protected and not is_agreed and is_dearer(moves) else None


def _put(command: PutPriceChange, state: Live) -> Sequence[ModuleEvent]:
    """The day has come: the announced version, unless something else became of the module or the account was never told (CAT-10)."""
    change = state.price_change if isinstance(state, Running) else None
    if not isinstance(state, Running) or change is None or change.change_id != command.change_id:
        return []
    present = state.terms.tariff_on(change.from_on)
    if state.ending is not None and state.ending.ends_on < change.from_on:
        reason = f"the module ends on {state.ending.ends_on}"
    elif (present.tariff_id, present.version) != (change.tariff.tariff_id, change.replaces):
        reason = f"the module runs on {present.tariff_id}, version {present.version}, by now"
    elif not command.was_announced:
        reason = "the announcement did not reach the account a month before"
    else:
        return [_changed(command, change), *_planned_later(command, state, change), *_options_lost(command, state, change)]
    return [PriceChangeDropped(module_id=command.module_id, change_id=change.change_id, reason=reason)]


def _changed(command: PutPriceChange, change: AnnouncedChange) -> TariffChanged:
    return TariffChanged(module_id=command.module_id, tariff=change.tariff, from_on=change.from_on, channel=_channel(change))


def _planned_later(command: PutPriceChange, state: Running, change: AnnouncedChange) -> list[ModuleEvent]:
    """Tariffs that were agreed for later days stay; said again, for listeners take a change to replace what was planned after it."""
    return [
        TariffChanged(
            module_id=command.module_id,
            tariff=later.tariff,
            from_on=later.from_on,
            starts_new_term=later.counts_from is not None,
            channel=SAID_AGAIN,
        )
        for later in state.terms.tariffs
        if later.from_on > change.from_on
    ]


def _options_lost(command: PutPriceChange, state: Running, change: AnnouncedChange) -> list[ModuleEvent]:
    """Options that the new version does not have end with the old one (CON-9)."""
    kept = {article.article_id for article in change.tariff.articles if article.is_option}
    last = change.from_on - _DAY
    return [
        OptionRemoved(module_id=command.module_id, article_id=article_id, ends_on=last, channel=_channel(change))
        for article_id, option in state.terms.options.items()
        if article_id not in kept and (option.ends_on is None or option.ends_on > last)
    ]


def _channel(change: AnnouncedChange) -> str:
    return "indexation" if change.is_indexation else "migration"


def free_end(change: AnnouncedChange | None, *, given: date, asked: date | None) -> ChosenEnd | None:
    """The last day where the customer leaves because of an announced price change, free of charge; None where that is no case (CAT-10).

    Without a day asked for it is the last before the change; any day from the notice to that one may be asked for.
    """
    until = change.may_end_free_until if change is not None else None
    if change is None or until is None or given > until:
        return None
    ends_on = until if asked is None else asked
    if not given <= ends_on <= until:
        return None
    why = f"prices change on {long_day(change.from_on, 'en')}; until the day before the contract may end free of charge"
    return ChosenEnd(ends_on=ends_on, explanation=f"notice on {long_day(given, 'en')}; {why}; ends {long_day(ends_on, 'en')}")
