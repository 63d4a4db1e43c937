"""What an account's modules are on each day, and what each closing of a month billed for them. One stream per account.

The names of the events below are stored forever. Facts of contracts-svc are kept as they were published.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import assert_never

import msgspec

from termijn.events.base import Event
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
from termijn.events.rating import ChargeLine, PeriodClosed, PeriodCorrected, PeriodRated, UsageDigest, UsageSuspended
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import ModuleId
from termijn.kernel.period import Month
from termijn.rating import timeline as timelines
from termijn.rating.charge import targets_due
from termijn.rating.errors import NotAClosing
from termijn.rating.policy import Policy
from termijn.rating.target import Billed, lines_due
from termijn.rating.timeline import OptionSpan, Timeline
from termijn.rating.use import RatedUse
from termijn.runtime.aggregate import Aggregate, Command, SetTimer, WakeUp

CLOSING_TIME = "04:00"
"""Amsterdam, on the first of the next month: after the changes of midnight, with grace for late files, before the runs."""

ContractFact = (
    ModuleOrdered | ModuleActivated | ModuleScaled | TariffChanged | OptionAdded | OptionRemoved | SubjectAssigned | SubjectReleased
    | ModuleCancelled | CancellationWithdrawn | ModuleEnded | ModuleSuspended | ModuleResumed | ModuleTerminated
)  # fmt: skip

# -- Events ----------------------------------------------------------------------------------------------------------


class ClosingAwaited(Event, frozen=True, kw_only=True):
    """The month ("2026-03") will be closed for this account on the first of the next one."""

    period: str


class CloseMonth(WakeUp, frozen=True, kw_only=True):
    """The month is over: bill it."""

    period: str


Happened = ContractFact | ClosingAwaited | PeriodRated | PeriodCorrected | PeriodClosed | UsageSuspended

# -- State -----------------------------------------------------------------------------------------------------------


class RatedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Modules by id. ``awaited`` is the month that will be closed next, None where nothing is left to close.

    ``last_closing`` is the number of the last closing: use recorded under it or later has not been looked at.
    """

    modules: dict[ModuleId, Timeline] = {}
    awaited: str | None = None
    last_closed: str | None = None
    last_closing: int = 0


# -- Commands --------------------------------------------------------------------------------------------------------


class Learn(Command, frozen=True, kw_only=True):
    """A fact of contracts-svc about a module of this account. ``happened_at``: when, where it came to be known only later."""

    fact: ContractFact
    happened_at: datetime | None = None


class AwaitClosing(Command, frozen=True, kw_only=True):
    """Use arrived after the account's last closing: close once more (USE-9)."""


class ModuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked up for one module that is to be closed.

    - ``since``: the first day in view; ``billed`` holds every line of charges that end on or after it, and the undated ones.
    - ``digests``: per month in view which records were rated; ``late_months``: those with records that arrived since.
    """

    module_id: ModuleId
    since: date
    used: RatedUse
    billed: tuple[Billed, ...]
    digests: dict[str, UsageDigest]
    late_months: tuple[str, ...] = ()
    deck_version: int | None = None


class Close(Command, frozen=True, kw_only=True):
    """Close the month under this closing number, with everything that was looked up about the modules in view."""

    period: str
    closing: int
    modules: tuple[ModuleFacts, ...]
    policy: Policy


# -- Decisions -------------------------------------------------------------------------------------------------------

NO_USE = UsageDigest(records=0, seconds=0, sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""The digest of no records: SHA-256 of nothing."""


def decide(command: Learn | AwaitClosing | Close, state: RatedAccount) -> list[Happened]:
    """What follows from a fact, or from the end of a month."""
    match command:
        case Learn(fact=fact):
            known = isinstance(fact, ModuleOrdered) or fact.module_id in state.modules
            assert known, f"{type(fact).__name__} came before its module was ordered"
            return [fact, *_awaiting(command.happened_at or command.now, command.now, state)]
        case AwaitClosing():
            return _awaiting(command.now, command.now, state)
        case Close():
            return _close(command, state)
        case _:
            assert_never(command)


def _awaiting(happened_at: datetime, now: datetime, state: RatedAccount) -> list[Happened]:
    """The next closing is that of the running month; until the closing time on the first, that of the month before (INV-2, TIM-1).

    So an idle account that orders in the small hours of the first is in the run of that morning, as it is with a module that runs
    already. What happened then and came to be known later is closed at once (INV-18). A month that was closed already is not closed
    again: its late use goes with the next.
    """
    if state.awaited is not None:
        return []
    period = Month.of(day_of(now))
    if happened_at < at(period.first, CLOSING_TIME):
        period = period.previous()
    if state.last_closed is not None:
        period = max(period, Month.parse(state.last_closed).next())
    return [ClosingAwaited(period=str(period))]


def _close(command: Close, state: RatedAccount) -> list[Happened]:
    """All lines of the account that are due when the month ends, then the last word on it (INV-2, USE-9, USE-11)."""
    if state.last_closed is not None and command.period <= state.last_closed:
        return []
    if command.period != state.awaited:
        raise NotAClosing(period=command.period, awaited=state.awaited)
    month = Month.parse(command.period)
    events: list[Happened] = []
    for facts in command.modules:
        events += _rate_module(command, state.modules[facts.module_id], facts, month)
    events += _unrated(command.modules)
    running = sum(timeline.runs_after(month.last) for timeline in state.modules.values())
    rated = tuple(facts.module_id for facts in command.modules)
    events.append(PeriodClosed(period=command.period, closing=command.closing, modules=rated, running_modules=running))
    if running:
        events.append(ClosingAwaited(period=str(month.next())))
    return events


def _rate_module(command: Close, timeline: Timeline, facts: ModuleFacts, month: Month) -> list[Happened]:
    targets = targets_due(timeline, month, facts.since, facts.used, command.policy)
    lines = lines_due(facts.module_id, command.closing, targets, facts.billed)
    assert len({line.line_id for line in lines}) == len(lines), "a line would be there twice"
    corrections, rest = _by_month(lines, facts.late_months, month)
    title = timeline.title_on(month.next().first)  # the day of the run
    events: list[Happened] = [
        PeriodCorrected(
            module_id=facts.module_id,
            module_title=title,
            period=period,
            closing=command.closing,
            lines=tuple(corrections[period]),
            digest=facts.digests.get(period, NO_USE),
        )
        for period in sorted(corrections)
    ]
    tariff = timeline.tariff_on(month.last)
    rated = PeriodRated(
        module_id=facts.module_id,
        module_title=title,
        period=command.period,
        closing=command.closing,
        lines=tuple(rest),
        digest=facts.digests.get(command.period, NO_USE),
        tariff_id=tariff.tariff_id,
        tariff_version=tariff.version,
        deck_version=facts.deck_version,
    )
    return [*events, rated]


def _by_month(lines: Sequence[ChargeLine], late: Sequence[str], month: Month) -> tuple[dict[str, list[ChargeLine]], list[ChargeLine]]:
    """Lines for use of earlier months, by month (a late record without a line has its month too), and all other lines."""
    corrections: dict[str, list[ChargeLine]] = {period: [] for period in late if period < str(month)}
    rest = []
    for line in lines:
        period = Month.of(line.period_until)
        if line.origin in ("usage", "minimum") and period < month:
            corrections.setdefault(str(period), []).append(line)
        else:
            rest.append(line)
    return corrections, rest


def _unrated(modules: Sequence[ModuleFacts]) -> list[Happened]:
    """Records that had an article and a rate when they came and have none now: shown, and rated when that is repaired (USE-2)."""
    counts: dict[tuple[str, str], int] = {}
    for facts in modules:
        for record in facts.used.unrated:
            counts[record.period, record.reason] = counts.get((record.period, record.reason), 0) + 1
    return [UsageSuspended(period=period, reason=reason, records=counts[period, reason]) for period, reason in sorted(counts)]


def modules_in_view(state: RatedAccount, month: Month, late: Sequence[ModuleId]) -> list[Timeline]:
    """The modules that a closing looks at: they ran in the month, changed since the last closing, or have late use."""
    before = month.previous().last
    return [
        timeline
        for module_id, timeline in sorted(state.modules.items())
        if timeline.starts_on is not None and (timeline.changed_from is not None or timeline.runs_after(before) or module_id in late)
    ]


def evolve(state: RatedAccount, event: Happened) -> RatedAccount:
    """What is true after the event."""
    match event:
        case ClosingAwaited(period=period):
            return msgspec.structs.replace(state, awaited=period)
        case PeriodClosed(period=period, closing=closing):
            return msgspec.structs.replace(state, awaited=None, last_closed=period, last_closing=closing)
        case PeriodRated(module_id=module_id):
            return _with(state, msgspec.structs.replace(state.modules[module_id], changed_from=None))
        case PeriodCorrected() | UsageSuspended():
            return state
        case ModuleOrdered():
            begun = timelines.begin(
                event.module_id, event.tariff, quantity=event.quantity, starts_on=event.starts_on, options=event.options
            )
            return _with(state, begun)
        case _:
            return _with(state, _evolve_module(state.modules[event.module_id], event))


def _with(state: RatedAccount, timeline: Timeline) -> RatedAccount:
    return msgspec.structs.replace(state, modules={**state.modules, timeline.module_id: timeline})


ModuleChange = (
    ModuleActivated | ModuleScaled | TariffChanged | OptionAdded | OptionRemoved | SubjectAssigned | SubjectReleased | ModuleCancelled
    | CancellationWithdrawn | ModuleEnded | ModuleSuspended | ModuleResumed | ModuleTerminated
)  # fmt: skip


def _evolve_module(timeline: Timeline, event: ModuleChange) -> Timeline:
    match event:
        case ModuleActivated(active_from=day):
            return timelines.started(timeline, day)
        case ModuleScaled(quantity=quantity, from_on=day):
            return timelines.with_quantity(timeline, quantity, day)
        case TariffChanged(tariff=tariff, from_on=day):
            return timelines.with_tariff(timeline, tariff, day)
        case OptionAdded(article_id=article_id, quantity=quantity, from_on=day):
            return timelines.with_option(timeline, OptionSpan(article_id=article_id, quantity=quantity, from_on=day))
        case OptionRemoved(article_id=article_id, ends_on=day, returns_paid_ahead=returns):
            return timelines.without_option(timeline, article_id, day, returns_paid_ahead=returns)
        case ModuleCancelled(ends_on=day, waives_disconnect_fee=waives, returns_paid_ahead=returns):
            return timelines.noticed(timeline, day, waives_disconnect_fee=waives, returns_paid_ahead=returns)
        case CancellationWithdrawn():
            return timelines.ending(timeline, None)
        case ModuleEnded(ended_on=day):
            return timelines.ending(timeline, day, has_ended=True)
        case ModuleTerminated(terminated_on=day):
            # Ended for default is no notice of the customer's: what a notice before it promised counts no more.
            over = timelines.noticed(timeline, day, waives_disconnect_fee=False, returns_paid_ahead=False)
            return timelines.ending(over, day, has_ended=True)
        case ModuleSuspended() | ModuleResumed():
            # A suspended module works with reduced functionality and is billed as before (CON-10, DUN-9).
            return timeline
        case SubjectAssigned() | SubjectReleased():
            return timeline  # whose a number is at which instant is in the read model that ingest resolves with
        case _:
            assert_never(event)


def wakes(event: Happened, state: RatedAccount) -> list[SetTimer]:
    """The first of the next month, for each month that is to be closed (TIM-1)."""
    if not isinstance(event, ClosingAwaited):
        return []
    due = at(Month.parse(event.period).next().first, CLOSING_TIME)
    return [SetTimer(occasion=f"close/{event.period}", due_at=due, wake_up=CloseMonth(period=event.period))]


EVENTS: tuple[type[Happened], ...] = (
    ModuleOrdered, ModuleActivated, ModuleScaled, TariffChanged, OptionAdded, OptionRemoved, SubjectAssigned, SubjectReleased,
    ModuleCancelled, CancellationWithdrawn, ModuleEnded, ModuleSuspended, ModuleResumed, ModuleTerminated,
    ClosingAwaited, PeriodRated, PeriodCorrected, PeriodClosed, UsageSuspended,
)  # fmt: skip

RATED_ACCOUNT = Aggregate(
    name="rated_account", initial=RatedAccount(), decide=decide, evolve=evolve, wakes=wakes, state_type=RatedAccount, events=EVENTS
)
