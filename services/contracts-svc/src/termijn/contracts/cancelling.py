"""Notice on a module: to which day, what it costs and gives back, and what else counts as notice (CON-4, CON-6, CAT-26, CAT-27)."""

from collections.abc import Sequence
from datetime import date, timedelta

from termijn.contracts.end_date import choose_end, is_free_of_charge, notice_given
from termijn.contracts.errors import AlreadyCancelled, ManagerOnly, NotYetDelivered
from termijn.contracts.module_commands import Cancel, PortOut, ReleaseSubject
from termijn.contracts.module_extras import release_all, release_subject
from termijn.contracts.module_state import AwaitingDelivery, Live, ModuleEvent, Running
from termijn.contracts.price_change import free_end
from termijn.events.contracts import ModuleCancelled, ModuleEnded, SubjectReleased
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ModuleId
from termijn.kernel.words import long_day


def cancel(command: Cancel, state: Live) -> Sequence[ModuleEvent]:
    """Notice in writing (CON-6), to the day that the rule gives or, for a manager, to any (CON-4).

    A manager who names a day may move an earlier cancellation, and so may whoever leaves because of a price change that comes before
    that end (CAT-10); a last day that is past ends the module at once.
    """
    today = day_of(command.now)
    if command.notice_on != today and not command.is_manager:
        raise ManagerOnly(field="notice_on", reason="enter a notice of another day")
    if command.notice_on > today:
        raise InvalidInput(field="notice_on", reason="lies in the future")
    if isinstance(state, AwaitingDelivery):
        if not command.is_manager:
            raise NotYetDelivered
        called_off = _cancelled(command, ends_on=today, explanation="called off by a manager before delivery", is_free=True)
        return [called_off, *ended(command.module_id, state, today)]
    is_named = command.is_manager and command.ends_on is not None
    if state.ending is not None and not is_named and not _leaves_earlier(command, state, state.ending.ends_on):
        raise AlreadyCancelled(ends_on=state.ending.ends_on)
    if state.ending is not None and state.ending.ends_on == command.ends_on:
        return []
    cancelled = _noticed(command, state)
    return [cancelled, *ended(command.module_id, state, cancelled.ends_on)] if cancelled.ends_on < today else [cancelled]


def _leaves_earlier(command: Cancel, state: Running, ends_on: date) -> bool:
    """Whether an announced price change lets the customer go before the end that was noticed already (CAT-10)."""
    leaving = free_end(state.price_change, given=command.notice_on, asked=command.ends_on)
    return leaving is not None and leaving.ends_on < ends_on


def _noticed(command: Cancel, state: Running) -> ModuleCancelled:
    # The contract as it was when the notice was received, whenever it is entered.
    notice = notice_given(state, command.notice_on, is_consumer=command.is_consumer)
    # A price change that was announced lets the customer go on days that the notice rule does not (CAT-10).
    leaving = free_end(state.price_change, given=command.notice_on, asked=command.ends_on)
    end = choose_end(
        notice,
        asked=command.ends_on if leaving is None else None,
        is_manager=command.is_manager,
        field="from_on" if command.is_scaling else "ends_on",
        told_after=timedelta(days=1 if command.is_scaling else 0),
    )
    if leaving is not None and (command.ends_on is not None or leaving.ends_on < end.ends_on):
        end = leaving
    explanation = f"{command.because}; {end.explanation}" if command.because else end.explanation
    ruling = notice.ruling(end.ends_on)
    is_free = is_free_of_charge(ruling.rule, counts_from=ruling.counts_from, ends_on=end.ends_on, is_telecom=ruling.is_telecom)
    return _cancelled(
        command, ends_on=end.ends_on, explanation=explanation, is_free=is_free or leaving is not None, leaves=leaving is not None
    )


def _cancelled(command: Cancel, *, ends_on: date, explanation: str, is_free: bool, leaves: bool = False) -> ModuleCancelled:
    """Without disconnect fee where the law lets the customer go (CAT-26); a consumer gets back what was paid ahead (CAT-27).

    Who leaves because of a price change pays no fee and gets back what was paid ahead (CAT-10).
    """
    return ModuleCancelled(
        module_id=command.module_id,
        notice_on=command.notice_on,
        ends_on=ends_on,
        explanation=explanation,
        channel=command.channel,
        waives_disconnect_fee=is_free,
        returns_paid_ahead=command.is_consumer or leaves,
    )


def ended(module_id: ModuleId, state: Live, ended_on: date) -> list[ModuleEvent]:
    """Its subjects are free again with the day after, then it is over."""
    return [*release_all(module_id, state, ended_on), ModuleEnded(module_id=module_id, ended_on=ended_on)]


def port_out(command: PortOut, state: Live) -> Sequence[ModuleEvent]:
    """A number that went to another provider is the module's no longer, and counts as written notice on that day (CON-6).

    The notice is for the module where it was its last number, or where the manager who reports it says so; a module that keeps
    other numbers goes on. One that was cancelled before keeps its end.
    """
    if not command.is_manager:
        raise ManagerOnly(reason="report that a number was ported out")
    if command.ported_at > command.now:
        raise InvalidInput(field="ported_at", reason="lies in the future")
    release = ReleaseSubject(
        now=command.now, module_id=command.module_id, subject=command.subject, until_at=command.ported_at, is_manager=True
    )
    released = [
        SubjectReleased(module_id=one.module_id, subject=one.subject, until_at=one.until_at, is_ported_out=True, channel=command.channel)
        for one in release_subject(release, state)
    ]
    is_last = len(state.terms.subjects) == 1
    ends_module = is_last if command.ends_module is None else command.ends_module
    if not ends_module or not isinstance(state, Running) or state.ending is not None:
        return released
    ported_on = day_of(command.ported_at)
    notice = Cancel(
        now=command.now,
        module_id=command.module_id,
        notice_on=ported_on,
        ends_on=None,
        is_manager=True,
        channel=command.channel,
        because=f"a number was ported out on {long_day(ported_on, 'en')}, which counts as notice",
        is_consumer=command.is_consumer,
    )
    return [*released, *(event for event in cancel(notice, state) if not _frees_again(event, released))]


def _frees_again(event: ModuleEvent, released: Sequence[SubjectReleased]) -> bool:
    """A module that ended at once frees its numbers; the one that was ported out is gone already."""
    return isinstance(event, SubjectReleased) and event.subject in {one.subject for one in released}
