"""The module: ordered, delivered, scaled, changed, cancelled, suspended, ended. One stream per module.

Its events are those of the published language, kept as they are; the names are stored forever. State and timers are in
``module_state.py``, commands in ``module_commands.py``.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from termijn.contracts.cancelling import cancel, ended, port_out
from termijn.contracts.end_date import notice_given
from termijn.contracts.errors import (
    AlreadyThere,
    EndsBefore,
    ManagerOnly,
    ModuleIsOver,
    NotCancelled,
    NotYetDelivered,
)
from termijn.contracts.first_term import check_first_term
from termijn.contracts.module_commands import (
    Activate,
    AddOption,
    AssignSubject,
    Cancel,
    ChangeTariff,
    End,
    ModuleCommand,
    Order,
    PortOut,
    ReleaseSubject,
    RemoveOption,
    Resume,
    Scale,
    Suspend,
    Terminate,
    Withdraw,
)
from termijn.contracts.module_extras import add_option, assign_subject, release_all, release_subject, remove_option
from termijn.contracts.module_state import AwaitingDelivery, Live, Module, ModuleEvent, NotOrdered, Over, Running, evolve, wakes
from termijn.contracts.price_change import price_change
from termijn.contracts.price_command import AnnouncePriceChange, DropPriceChange, PutPriceChange
from termijn.contracts.price_event import PriceChangeAnnounced, PriceChangeDropped
from termijn.contracts.scaling import scaling_starts_on
from termijn.contracts.tariff_change import change_tariff
from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleScaled,
    ModuleSuspended,
    ModuleTerminated,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.runtime.aggregate import Aggregate

QUANTITY_MAX = 100_000
"""Workplaces, servers, lines: more in one module is a typing error."""
_DAY = timedelta(days=1)

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: ModuleCommand, state: Module) -> Sequence[ModuleEvent]:
    """What follows. What reactions and timers ask of a module that is over changes nothing; what people ask is refused."""
    if isinstance(command, Order):
        if not isinstance(state, NotOrdered):
            raise AlreadyThere(field="module_id", what="module", id=command.module_id)
        return _order(command)
    if isinstance(state, NotOrdered):
        raise NotFound(what="module", id=command.module_id)
    if isinstance(command, End | Suspend | Resume | Terminate):
        return _by_date_or_default(command, state)
    if isinstance(state, Over) and isinstance(command, PutPriceChange):
        return []
    if isinstance(state, Over):
        raise ModuleIsOver(ended_on=state.ended_on)
    match command:
        case Activate():
            return _activate(command, state)
        case Scale():
            return _scale(command, state)
        case ChangeTariff():
            return change_tariff(command, state)
        case Cancel():
            return cancel(command, state)
        case Withdraw():
            if not isinstance(state, Running) or state.ending is None:
                raise NotCancelled
            return [CancellationWithdrawn(module_id=command.module_id, channel=command.channel)]
        case AddOption():
            return add_option(command, state)
        case RemoveOption():
            return remove_option(command, state)
        case AssignSubject():
            return assign_subject(command, state)
        case ReleaseSubject():
            return release_subject(command, state)
        case PortOut():
            return port_out(command, state)
        case AnnouncePriceChange() | PutPriceChange() | DropPriceChange():
            return price_change(command, state)


def _order(command: Order) -> Sequence[ModuleEvent]:
    """One tariff, a quantity, any number of options (CAT-1); customers take public tariffs only (CAT-6), managers add options (CON-9)."""
    tariff = command.tariff
    if not tariff.is_public and not command.is_manager:
        raise ManagerOnly(field="tariff_id", reason="order a tariff that is not public")
    check_first_term(tariff, is_consumer=command.is_consumer, consented_months=command.consented_months)
    _check_quantity(command.quantity)
    if command.options and not command.is_manager:
        raise ManagerOnly(field="options", reason="add options")
    for index, article_id in enumerate(command.options):
        article = tariff.article(article_id)
        if article is None or not article.is_option or article_id in command.options[:index]:
            raise InvalidInput(field=f"options.{index}", reason=f"{article_id} is not an option of this tariff, or is there twice")
    return [
        ModuleOrdered(
            module_id=command.module_id,
            tariff=tariff,
            quantity=command.quantity,
            ordered_on=command.ordered_on,
            starts_on=_start(command),
            options=command.options,
            channel=command.channel,
        )
    ]


def _start(command: Order) -> date | None:
    """Terms and billing run from the delivery for lines, from the order for yearly rules, else from the ordered start (CAT-25)."""
    today = day_of(command.now)
    if command.ordered_on != today and not command.is_manager:
        raise ManagerOnly(field="ordered_on", reason="enter an order of another day")
    if command.ordered_on > today:
        raise InvalidInput(field="ordered_on", reason="lies in the future")
    match command.tariff.notice.starts:
        case "delivery":
            if command.starts_on is not None:
                raise InvalidInput(field="starts_on", reason="this module starts with its delivery")
            return None
        case "order":
            if command.starts_on not in (None, command.ordered_on):
                raise InvalidInput(field="starts_on", reason=f"this module starts with its order, on {command.ordered_on}")
            return command.ordered_on
        case "start":
            if command.starts_on is not None and command.starts_on < command.ordered_on and not command.is_manager:
                raise ManagerOnly(field="starts_on", reason="let a module start before its order")
            return command.starts_on or command.ordered_on


def _activate(command: Activate, state: Live) -> Sequence[ModuleEvent]:
    """The delivery starts terms and billing of lines (CAT-25); telling it twice changes nothing."""
    if not command.is_manager:
        raise ManagerOnly(reason="report a delivery")
    if isinstance(state, Running):
        if state.starts_on == command.active_from:
            return []
        raise Conflict(field="active_from", reason=f"The module started on {state.starts_on}.")
    if command.active_from < state.terms.ordered_on:
        raise InvalidInput(field="active_from", reason=f"is before the order of {state.terms.ordered_on}")
    return [ModuleActivated(module_id=command.module_id, active_from=command.active_from)]


def _scale(command: Scale, state: Live) -> Sequence[ModuleEvent]:
    """Another quantity (CON-3); zero is a cancellation. What was pending for later days follows the new quantity."""
    if command.quantity == 0:
        if command.at_once:
            raise InvalidInput(field="at_once", reason="only an increase can start at once; a manager may name the day")
        return _scale_to_nothing(command, state)
    today = day_of(command.now)
    _check_quantity(command.quantity)
    terms = state.terms
    if isinstance(state, AwaitingDelivery):
        from_on, explanation = terms.ordered_on, "no term runs before the delivery"
        if command.quantity < terms.quantity_on(from_on) and not command.is_manager:
            raise NotYetDelivered(field="quantity")
    else:
        start = scaling_starts_on(
            notice_given(state, today, is_consumer=command.is_consumer),
            command.quantity,
            quantity_on=terms.quantity_on,
            starts_on=state.starts_on,
            at_once=command.at_once,
            asked=command.from_on,
            is_manager=command.is_manager,
        )
        from_on, explanation = start.from_on, start.explanation
        _check_before_end(state, from_on, field="quantity")
    days = [from_on] if terms.quantity_on(from_on) != command.quantity else []
    days += [later.from_on for later in terms.quantities if later.from_on > from_on and later.quantity != command.quantity]
    scaled = ModuleScaled(
        module_id=command.module_id, quantity=command.quantity, from_on=from_on, channel=command.channel, explanation=explanation
    )
    return [msgspec.structs.replace(scaled, from_on=day) for day in days]


def _scale_to_nothing(command: Scale, state: Live) -> Sequence[ModuleEvent]:
    """Notice to the day before the one on which nothing is to be left (CON-3)."""
    notice = Cancel(
        now=command.now,
        module_id=command.module_id,
        notice_on=day_of(command.now),
        ends_on=command.from_on - _DAY if command.from_on is not None else None,
        is_manager=command.is_manager,
        channel=command.channel,
        is_consumer=command.is_consumer,
        is_scaling=True,
    )
    return cancel(notice, state)


def _by_date_or_default(command: End | Suspend | Resume | Terminate, state: Live | Over) -> Sequence[ModuleEvent]:
    """What dates and late payment do to a module; nothing, where it does not apply (any more)."""
    if not isinstance(state, Running):
        return []
    match command:
        case End():
            in_force = state.ending is not None and state.ending.ends_on == command.ends_on
            return ended(command.module_id, state, command.ends_on) if in_force else []
        case Suspend():
            return _suspend(command, state)
        case Resume():
            return [ModuleResumed(module_id=command.module_id, resumed_at=command.since)] if state.suspension is not None else []
        case Terminate():
            return _terminate(command, state)


def _suspend(command: Suspend, state: Running) -> Sequence[ModuleEvent]:
    """Reduced functionality, with its reason; it keeps its term (CON-10). Some kinds are never reached (DUN-9)."""
    if state.suspension is not None or state.terms.kind in command.never_suspended:
        return []
    return [
        ModuleSuspended(module_id=command.module_id, reason=command.reason, suspended_at=command.since, still_works=command.still_works)
    ]


def _terminate(command: Terminate, state: Running) -> Sequence[ModuleEvent]:
    """Only a suspended module ends for default (CON-10): what was never suspended goes on."""
    if state.suspension is None:
        return []
    last_day = day_of(command.since)
    terminated = ModuleTerminated(module_id=command.module_id, terminated_on=last_day, reason=command.reason)
    return [*release_all(command.module_id, state, last_day), terminated]


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= QUANTITY_MAX:
        raise InvalidInput(field="quantity", reason=f"is between 1 and {QUANTITY_MAX}")


def _check_before_end(state: Running, from_on: date, *, field: str) -> None:
    if state.ending is not None and from_on > state.ending.ends_on:
        raise EndsBefore(field=field, ends_on=state.ending.ends_on, from_on=from_on)


MODULE: Aggregate[Module, ModuleCommand, ModuleEvent] = Aggregate(
    name="module",
    initial=NotOrdered(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Module,
    events=(
        ModuleOrdered,
        ModuleActivated,
        ModuleScaled,
        TariffChanged,
        OptionAdded,
        OptionRemoved,
        SubjectAssigned,
        SubjectReleased,
        ModuleCancelled,
        CancellationWithdrawn,
        ModuleEnded,
        ModuleSuspended,
        ModuleResumed,
        ModuleTerminated,
        PriceChangeAnnounced,
        PriceChangeDropped,
    ),
)
