"""What is true of a module after its events: the state that its decisions are taken on, and the timer that its end waits for."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias, assert_never

import msgspec

from termijn.contracts.lease import EXTENSION_CHANNEL, TERM_CHANNEL
from termijn.contracts.price_event import AnnouncedChange, ApplyPriceChange, PriceChangeAnnounced, PriceChangeDropped
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
from termijn.kernel.calendar import at
from termijn.kernel.ids import ArticleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import CancelTimer, SetTimer, TimerChange, WakeUp

ModuleEvent: TypeAlias = (
    ModuleOrdered
    | ModuleActivated
    | ModuleScaled
    | TariffChanged
    | OptionAdded
    | OptionRemoved
    | SubjectAssigned
    | SubjectReleased
    | ModuleCancelled
    | CancellationWithdrawn
    | ModuleEnded
    | ModuleSuspended
    | ModuleResumed
    | ModuleTerminated
    | PriceChangeAnnounced
    | PriceChangeDropped
)

RELEASED_MAX = 2_000
"""Subjects that a module gave up, of which it keeps when: as many as it may have."""

# -- State -----------------------------------------------------------------------------------------------------------


class TariffFrom(msgspec.Struct, frozen=True, kw_only=True):
    """This tariff from that day on; ``counts_from`` where a new term started with it (CAT-25)."""

    from_on: date
    tariff: Tariff
    counts_from: date | None = None


class QuantityFrom(msgspec.Struct, frozen=True, kw_only=True):
    """This many from that day on."""

    from_on: date
    quantity: int


class OptionSpan(msgspec.Struct, frozen=True, kw_only=True):
    """So many of an extra article on these days, both included; ``ends_on`` None while nobody took it off."""

    quantity: int
    from_on: date
    ends_on: date | None = None


class Option(OptionSpan, frozen=True, kw_only=True):
    """An extra article as it was said last; ``earlier`` is what it was until then, by day. ``since``: the day from which it is there
    without a break, whatever its quantity; None where that is ``from_on``.
    """

    since: date | None = None
    earlier: tuple[OptionSpan, ...] = ()

    @property
    def counts_from(self) -> date:
        """The day that its own term counts from (CAT-25): another quantity starts none (CON-3)."""
        return self.since or self.from_on

    @property
    def spans(self) -> tuple[OptionSpan, ...]:
        """All its days, in order."""
        return (*self.earlier, OptionSpan(quantity=self.quantity, from_on=self.from_on, ends_on=self.ends_on))

    def on(self, day: date) -> OptionSpan | None:
        """What it is on that day; None where it is not there."""
        return next((one for one in self.spans if one.from_on <= day and (one.ends_on is None or day <= one.ends_on)), None)


class ReleasedSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A subject that was the module's in that time, or will have been: a release may be for a later day."""

    subject: str
    from_at: datetime
    until_at: datetime


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed, over time: both lines of segments ascend by day and are never empty.

    ``released``: what was given up, the last ones, by when that was to be: an end that comes before it frees the subject then.
    """

    ordered_on: date
    tariffs: tuple[TariffFrom, ...]
    quantities: tuple[QuantityFrom, ...]
    options: dict[ArticleId, Option] = {}
    subjects: dict[str, datetime] = {}
    released: tuple[ReleasedSubject, ...] = ()

    def tariff_on(self, day: date) -> Tariff:
        """The tariff of that day; before the first day, the first one."""
        return next((s.tariff for s in reversed(self.tariffs) if s.from_on <= day), self.tariffs[0].tariff)

    def quantity_on(self, day: date) -> int:
        """The quantity of that day; before the first day, the first one."""
        return next((s.quantity for s in reversed(self.quantities) if s.from_on <= day), self.quantities[0].quantity)

    @property
    def kind(self) -> str:
        """What module it is: telephony, domain ... A tariff change never changes it (CAT-1)."""
        return self.tariffs[0].tariff.module


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Notice was given."""

    ends_on: date
    notice_on: date


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """Reduced functionality, and why."""

    reason: str
    since: datetime


class NotOrdered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nobody ordered it."""


class AwaitingDelivery(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ordered; its start is the delivery, which has not been reported."""

    terms: Terms


class Running(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It has a start, maybe one in the future. ``notices`` counts how often notice was given: each has its own timer.

    ``fixed_until``: the last day of its lease, before which notice ends nothing (CON-11).
    """

    terms: Terms
    starts_on: date
    ending: Ending | None = None
    suspension: Suspension | None = None
    notices: int = 0
    price_change: AnnouncedChange | None = None
    fixed_until: date | None = None

    def counts_from(self, day: date) -> date:
        """The day that terms count from on that day: the start, or that of a new term agreed with a tariff change (CAT-25)."""
        return next((s.counts_from for s in reversed(self.terms.tariffs) if s.from_on <= day and s.counts_from), self.starts_on)

    def new_terms_after(self, day: date) -> tuple[TariffFrom, ...]:
        """The new terms that were agreed to start later than that day, in order (CAT-25)."""
        return tuple(s for s in self.terms.tariffs if s.from_on > day and s.counts_from is not None)


class Over(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ended or terminated; ``ended_on`` was its last day."""

    ended_on: date
    notices: int = 0


Live: TypeAlias = AwaitingDelivery | Running
Module: TypeAlias = NotOrdered | AwaitingDelivery | Running | Over


def evolve(state: Module, event: ModuleEvent) -> Module:
    """The module after the event; an event that does not fit the state leaves it as it is."""
    if isinstance(event, ModuleOrdered):
        return _ordered(event)
    if isinstance(state, NotOrdered | Over):
        return state
    match event:
        case ModuleActivated():
            return Running(terms=state.terms, starts_on=event.active_from) if isinstance(state, AwaitingDelivery) else state
        case ModuleScaled():
            later = QuantityFrom(from_on=event.from_on, quantity=event.quantity)
            return _with_terms(state, quantities=_placed(state.terms.quantities, later))
        case TariffChanged():
            counts_from = event.from_on if event.starts_new_term else None
            changed = TariffFrom(from_on=event.from_on, tariff=event.tariff, counts_from=counts_from)
            return _without_price_change(_with_terms(state, tariffs=_placed(state.terms.tariffs, changed)), event)
        case OptionAdded():
            present = state.terms.options.get(event.article_id)
            return _with_terms(state, options={**state.terms.options, event.article_id: _option(present, event)})
        case OptionRemoved():
            options = dict(state.terms.options)
            if event.article_id in options:
                options[event.article_id] = _ending_on(options[event.article_id], event.ends_on)
            return _with_terms(state, options=options)
        case SubjectAssigned():
            # Erased, it is not known any more which number it was (CON-7).
            return state if event.subject is None else _with_terms(state, subjects={**state.terms.subjects, event.subject: event.from_at})
        case SubjectReleased():
            return _without_subject(state, event)
        case ModuleEnded():
            return Over(ended_on=event.ended_on, notices=_notices(state))
        case ModuleTerminated():
            return Over(ended_on=event.terminated_on, notices=_notices(state))
        case ModuleCancelled() | CancellationWithdrawn() | ModuleSuspended() | ModuleResumed():
            return _running(state, event) if isinstance(state, Running) else state
        case PriceChangeAnnounced() | PriceChangeDropped():
            return _with_price_change(state, event) if isinstance(state, Running) else state
        case _:
            assert_never(event)


def _without_subject(state: Live, event: SubjectReleased) -> Live:
    """It is the module's no longer from that instant on, which may be still to come."""
    terms = state.terms
    from_at = terms.subjects.get(event.subject) if event.subject is not None else None
    if event.subject is None or from_at is None:
        return state
    subjects = {subject: since for subject, since in terms.subjects.items() if subject != event.subject}
    gone = ReleasedSubject(subject=event.subject, from_at=from_at, until_at=event.until_at)
    released = sorted((*terms.released, gone), key=lambda one: one.until_at)[-RELEASED_MAX:]
    return _with_terms(state, subjects=subjects, released=tuple(released))


def _option(present: Option | None, event: OptionAdded) -> Option:
    """New, there again, or in another quantity from that day on, in place of what was planned for later (CON-9)."""
    if present is None:
        return Option(quantity=event.quantity, from_on=event.from_on)
    last = event.from_on - timedelta(days=1)
    earlier = tuple(_cut(one, last) for one in present.spans if one.from_on < event.from_on)
    since = min(present.counts_from, event.from_on) if present.ends_on is None else event.from_on
    return Option(quantity=event.quantity, from_on=event.from_on, since=since, earlier=earlier)


def _ending_on(option: Option, last: date) -> Option:
    """Its last day is known, maybe one before it had its present quantity (CON-5)."""
    return msgspec.structs.replace(option, ends_on=last, earlier=tuple(_cut(one, last) for one in option.earlier))


def _cut(span: OptionSpan, last: date) -> OptionSpan:
    return span if span.ends_on is not None and span.ends_on <= last else msgspec.structs.replace(span, ends_on=last)


def _ordered(event: ModuleOrdered) -> Module:
    first = event.starts_on or event.ordered_on
    terms = Terms(
        ordered_on=event.ordered_on,
        tariffs=(TariffFrom(from_on=first, tariff=event.tariff),),
        quantities=(QuantityFrom(from_on=first, quantity=event.quantity),),
        options={article_id: Option(quantity=1, from_on=first) for article_id in event.options},
    )
    return AwaitingDelivery(terms=terms) if event.starts_on is None else Running(terms=terms, starts_on=event.starts_on)


def _running(state: Running, event: ModuleCancelled | CancellationWithdrawn | ModuleSuspended | ModuleResumed) -> Running:
    change = msgspec.structs.replace
    match event:
        case ModuleCancelled():
            fixed_until = event.ends_on if event.channel in (TERM_CHANNEL, EXTENSION_CHANNEL) else state.fixed_until
            ending = Ending(ends_on=event.ends_on, notice_on=event.notice_on)
            return change(state, ending=ending, notices=state.notices + 1, fixed_until=fixed_until)
        case CancellationWithdrawn():
            return change(state, ending=None)
        case ModuleSuspended():
            return change(state, suspension=Suspension(reason=event.reason, since=event.suspended_at))
        case ModuleResumed():
            return change(state, suspension=None)
        case _:
            assert_never(event)


def _with_price_change(state: Running, event: PriceChangeAnnounced | PriceChangeDropped) -> Running:
    if isinstance(event, PriceChangeDropped):
        is_pending = state.price_change is not None and state.price_change.change_id == event.change_id
        return msgspec.structs.replace(state, price_change=None) if is_pending else state
    announced = AnnouncedChange(
        change_id=event.change_id,
        tariff=event.tariff,
        replaces=event.replaces,
        from_on=event.from_on,
        is_indexation=event.is_indexation,
        may_end_free_until=event.may_end_free_until,
    )
    return msgspec.structs.replace(state, price_change=announced)


def _without_price_change(state: Live, event: TariffChanged) -> Live:
    """The version that was announced is there: nothing is pending any more."""
    pending = state.price_change if isinstance(state, Running) else None
    is_in_force = pending is not None and (pending.tariff, pending.from_on) == (event.tariff, event.from_on)
    return msgspec.structs.replace(state, price_change=None) if is_in_force else state


def _with_terms(state: Live, **changes: object) -> Live:
    return msgspec.structs.replace(state, terms=msgspec.structs.replace(state.terms, **changes))


def _placed(segments: tuple[TariffFrom, ...] | tuple[QuantityFrom, ...], new: TariffFrom | QuantityFrom) -> tuple[object, ...]:
    """In its place by day; it replaces one of the same day."""
    return tuple(sorted((*(s for s in segments if s.from_on != new.from_on), new), key=lambda s: s.from_on))


def _notices(state: Live) -> int:
    return state.notices if isinstance(state, Running) else 0


# -- Timers ----------------------------------------------------------------------------------------------------------


class EndModule(WakeUp, frozen=True, kw_only=True):
    """The module's last day is over."""

    ends_on: date


def wakes(event: ModuleEvent, state: Module) -> Sequence[TimerChange]:
    """Notice sets the timer of the end, at 00:00 after the last day; withdrawal and termination cancel it (TIM-1).

    The occasion carries the number of the notice: a cancelled timer is never armed again.
    """
    if isinstance(state, Running) and isinstance(event, ModuleCancelled):
        due_at = at(event.ends_on + timedelta(days=1), "00:00")
        earlier = [CancelTimer(occasion=_occasion(state.notices - 1))] if state.notices > 1 else []
        return [*earlier, SetTimer(occasion=_occasion(state.notices), due_at=due_at, wake_up=EndModule(ends_on=event.ends_on))]
    if isinstance(state, Running | Over) and isinstance(event, CancellationWithdrawn | ModuleTerminated) and state.notices:
        return [CancelTimer(occasion=_occasion(state.notices))]
    if isinstance(state, Running) and isinstance(event, PriceChangeAnnounced):
        # After the end of a module at the same instant: whoever left because of the change never gets it.
        due_at = at(event.from_on, "00:00")
        return [SetTimer(occasion=f"price/{event.change_id}", due_at=due_at, wake_up=ApplyPriceChange(change_id=event.change_id), rank=1)]
    if isinstance(event, PriceChangeDropped):
        return [CancelTimer(occasion=f"price/{event.change_id}")]
    return []


def _occasion(notice: int) -> str:
    return f"end/{notice}"
