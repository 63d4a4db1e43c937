"""The account as the owner of its invoices sees it: who it is, and charge lines that wait for a document.

A charge line waits here from the day rating made it until a run puts it on a draft; what is under the minimum stays as
carried over (INV-3). Projects and large orders of goods have invoices of their own, outside of runs (INV-5). Each line leaves
exactly once (INV-17).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar, assert_never

import msgspec
from msgspec.structs import asdict, replace

from termijn.events.base import Event
from termijn.events.contracts import PERSONAL_FACTS, AccountFacts, Party, Recipient
from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account_command import (
    AccountCommand,
    BillLines,
    DraftDocuments,
    DraftSupport,
    LineSource,
    NoteAccount,
    NotePeriod,
    TakeLines,
)
from termijn.invoice.carry_over import closes_cycle, is_cycle_run, verdict
from termijn.invoice.policy import Policy
from termijn.invoice.vat import totals
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId, ModuleId
from termijn.kernel.period import Month
from termijn.runtime.aggregate import Aggregate, SetTimer, TimerChange, WakeUp

LINES_PER_EVENT_MAX = 100
"""Charge lines in one event: each under 1 KiB or so, and an event holds 256 KiB."""
RUN_TIME = "06:00"
OWN_STREAMS = ("project", "hardware", "support")
"""Streams that the run of subscriptions leaves alone: invoices on an occasion of their own (INV-5), and runs of support (INV-4)."""

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class BillingAccountNoted(Event, frozen=True, kw_only=True):
    """The account as contracts-svc says it is from now on."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"contract_partner", "invoice_address", "recipients"}) | PERSONAL_FACTS
    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    recipients: tuple[Recipient, ...] | None = None


class LinesArrived(Event, frozen=True, kw_only=True):
    """Charge lines wait for the next run (INV-17), those of support for that of ``support_run_on`` (INV-4). ``module_id`` is the id of a
    project for a project, and of an order for goods."""

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"module_title", "lines.*.title"})
    module_id: ModuleId
    module_title: str
    period: str
    lines: tuple[ChargeLine, ...]
    source: LineSource = "rating"
    support_run_on: date | None = None

    def typed_texts(self) -> frozenset[str]:
        """Titles of projects and goods were typed for this customer; those of modules are what the provider sells."""
        return frozenset() if self.source == "rating" else self.PERSONAL_TEXTS


class PeriodReady(Event, frozen=True, kw_only=True):
    """Rating has said its last word on the period; its documents are drafted in the run of ``run_on``."""

    period: str
    closing: int
    running_modules: int
    run_on: date


class StreamBilled(Event, frozen=True, kw_only=True):
    """All lines of the stream up to ``period``, carried ones included, went to the draft ``invoice_id``. ``net`` is their sum."""

    period: str
    run_on: date
    stream: str
    invoice_id: InvoiceId
    is_credit_note: bool
    net: Decimal
    lines: int


class StreamCarried(Event, frozen=True, kw_only=True):
    """All lines of the stream up to ``period`` stay, carried over to a later run (INV-3): of support that of ``next_run_on``."""

    period: str
    run_on: date
    stream: str
    net: Decimal
    lines: int
    next_run_on: date | None = None


class LinesBilled(Event, frozen=True, kw_only=True):
    """These lines went to the draft ``invoice_id`` at once: a reached milestone, a delivery (INV-5). ``net`` is their sum."""

    run_on: date
    stream: str
    invoice_id: InvoiceId
    net: Decimal
    line_ids: tuple[str, ...]


class RunTaken(Event, frozen=True, kw_only=True):
    """The account's part in the run of that closing is done."""

    period: str
    closing: int


AccountEvent = BillingAccountNoted | LinesArrived | PeriodReady | StreamBilled | StreamCarried | LinesBilled | RunTaken

# ---- State ------------------------------------------------------------------------------------------------------------


class HeldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A charge line that waits, and where it comes from. ``carried_from`` is the first run that carried it over."""

    line: ChargeLine
    module_id: ModuleId
    module_title: str
    period: str
    carried_from: date | None = None


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """contracts-svc has not said yet that the account exists."""


class Known(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """``lines`` by line id in order of arrival; ``ready`` the closings whose run is to come; ``documents`` counts drafts made."""

    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    lines: dict[str, HeldLine] = {}
    ready: dict[str, PeriodReady] = {}
    documents: int = 0
    recipients: tuple[Recipient, ...] | None = None

    @property
    def addressee(self) -> Party | None:
        """Who documents are addressed to: the invoice address, else the contract partner (CON-8)."""
        return self.invoice_address or self.contract_partner

    def lines_for(self, *, stream: str, period: str) -> list[HeldLine]:
        """What waits for a document of that stream up to that period, by arrival."""
        return [held for held in self.lines.values() if held.line.stream == stream and held.period <= period]


AccountState = Unknown | Known

# ---- Wake-ups ---------------------------------------------------------------------------------------------------------


class DraftDue(WakeUp, frozen=True, kw_only=True):
    """The run of this closing has come: draft the account's documents."""

    period: str
    closing: int


class SupportDue(WakeUp, frozen=True, kw_only=True):
    """A run of support has come (INV-4)."""

    run_on: date


# ---- Decisions --------------------------------------------------------------------------------------------------------


class LineChanged(Exception):
    """A line id arrived a second time with another amount: rating broke its promise, and a person must look."""


def decide(command: AccountCommand, state: AccountState) -> Sequence[AccountEvent]:
    """Notes facts and drafts documents; an account must be known before anything else of it is."""
    if isinstance(command, NoteAccount):
        return _note_account(command, state)
    assert isinstance(state, Known), "reactions wait for the account before they say anything else of it"
    match command:
        case TakeLines():
            return _take_lines(command, state)
        case BillLines():
            return _bill_lines(command, state)
        case DraftSupport():
            return _draft_support(command, state)
        case NotePeriod():
            return [_period_ready(command)]
        case DraftDocuments():
            return _draft(command, state)
        case _:
            assert_never(command)


def _note_account(command: NoteAccount, state: AccountState) -> Sequence[AccountEvent]:
    noted = BillingAccountNoted(
        contract_partner=command.contract_partner,
        invoice_address=command.invoice_address,
        facts=command.facts,
        recipients=command.recipients,
    )
    return [] if evolve(state, noted) == state else [noted]


def _take_lines(command: TakeLines, state: Known) -> Sequence[AccountEvent]:
    """Each line is taken once (INV-17): the same id with the same amount is the same line, told again."""
    taken = {**command.known, **{line_id: held.line.net for line_id, held in state.lines.items()}}
    fresh: list[ChargeLine] = []
    for line in command.lines:
        before = taken.get(line.line_id)
        if before is None:
            taken[line.line_id] = line.net
            fresh.append(line)
        elif before != line.net:
            raise LineChanged(f"line {line.line_id} was {before} and is now {line.net}")
    return [
        LinesArrived(
            module_id=command.module_id,
            module_title=command.module_title,
            period=command.period,
            lines=part,
            source=command.source,
            support_run_on=command.support_run_on,
        )
        for part in chunks(fresh)
    ]


def _bill_lines(command: BillLines, state: Known) -> Sequence[AccountEvent]:
    """An invoice of its own for a project or a large order, with all that waits of it (INV-5); nothing for no money (INV-3)."""
    held = [one for one in state.lines.values() if one.line.stream == command.stream and one.module_id in command.module_ids]
    figures = totals(one.line for one in held)
    assert figures.gross >= 0, "what is delivered or reached is never negative"
    if figures.gross == 0:
        return []
    return [
        LinesBilled(
            run_on=command.run_on,
            stream=command.stream,
            invoice_id=InvoiceId(f"{command.account}.{state.documents + 1}"),
            net=figures.net,
            line_ids=tuple(one.line.line_id for one in held),
        )
    ]


def chunks(lines: Sequence[ChargeLine]) -> Iterable[tuple[ChargeLine, ...]]:
    """Parts that fit into one event each."""
    return (tuple(lines[i : i + LINES_PER_EVENT_MAX]) for i in range(0, len(lines), LINES_PER_EVENT_MAX))


def _period_ready(command: NotePeriod) -> PeriodReady:
    return PeriodReady(period=command.period, closing=command.closing, running_modules=command.running_modules, run_on=command.run_on)


def _draft(command: DraftDocuments, state: Known) -> Sequence[AccountEvent]:
    """One document per stream that bills (INV-1, INV-3); what does not bill stays, and nothing else happens to it (INV-17)."""
    ready = state.ready.get(occasion(command.period, command.closing))
    if ready is None:
        return []
    events: list[AccountEvent] = []
    documents = state.documents
    waiting = {held.line.stream for held in state.lines.values() if held.period <= command.period}
    for stream in sorted(waiting.difference(OWN_STREAMS)):
        next_id = InvoiceId(f"{command.account}.{documents + 1}")
        event = _bill_or_carry(stream, ready=ready, state=state, policy=command.policy, next_id=next_id)
        documents += isinstance(event, StreamBilled)
        events.append(event)
    return [*events, RunTaken(period=command.period, closing=command.closing)]


def _draft_support(command: DraftSupport, state: Known) -> Sequence[AccountEvent]:
    """What waits on the stream of support: billed, or carried to the quarter's run (INV-3, INV-4)."""
    period = str(Month.of(command.run_on))
    if not state.lines_for(stream="support", period=period):
        return []
    ready = PeriodReady(period=period, closing=0, running_modules=1, run_on=command.run_on)
    next_id = InvoiceId(f"{command.account}.{state.documents + 1}")
    does = _bill_or_carry(
        "support", ready=ready, state=state, policy=command.policy, next_id=next_id, is_quarter_run=command.is_quarter_run
    )
    return [replace(does, next_run_on=command.next_run_on) if isinstance(does, StreamCarried) else does]


def _bill_or_carry(
    stream: str, *, ready: PeriodReady, state: Known, policy: Policy, next_id: InvoiceId, is_quarter_run: bool | None = None
) -> StreamBilled | StreamCarried:
    """One document for what waits of the stream, or none yet (INV-3). A cycle is of subscriptions alone, and tells the quarter's run."""
    lines = state.lines_for(stream=stream, period=ready.period)
    new = sum((held.line.net for held in lines if held.carried_from is None), Decimal(0))
    carried = sum((held.line.net for held in lines if held.carried_from is not None), Decimal(0))
    gross = totals(held.line for held in lines).gross
    cycle = state.facts.cycle if stream == "subscription" else "month"
    does = verdict(
        new=new,
        carried=carried,
        gross=gross,
        minimum=policy.minimum(stream),
        is_cycle_run=is_cycle_run(ready.run_on, cycle),
        bills_what_there_is=ready.running_modules == 0 or closes_cycle(ready.run_on, cycle, is_first_of_month=is_quarter_run is not False),
    )
    if does == "carry" or gross == 0:
        return StreamCarried(period=ready.period, run_on=ready.run_on, stream=stream, net=new + carried, lines=len(lines))
    return StreamBilled(
        period=ready.period,
        run_on=ready.run_on,
        stream=stream,
        invoice_id=next_id,
        is_credit_note=gross < 0,
        net=new + carried,
        lines=len(lines),
    )


def occasion(period: str, closing: int) -> str:
    """Names one closing of a period."""
    return f"{period}/{closing}"


def evolve(state: AccountState, event: AccountEvent) -> AccountState:
    if isinstance(event, BillingAccountNoted):
        base = state if isinstance(state, Known) else Known(contract_partner=None, invoice_address=None, facts=event.facts)
        return replace(base, **asdict(event))
    return state if isinstance(state, Unknown) else _evolve(state, event)


def _evolve(state: Known, event: AccountEvent) -> AccountState:
    match event:
        case BillingAccountNoted():
            return state
        case LinesArrived():
            held = {line.line_id: _held(line, event) for line in event.lines}
            return replace(state, lines={**state.lines, **held})
        case PeriodReady():
            return replace(state, ready={**state.ready, occasion(event.period, event.closing): event})
        case StreamBilled():
            gone = {held.line.line_id for held in state.lines_for(stream=event.stream, period=event.period)}
            left = {line_id: held for line_id, held in state.lines.items() if line_id not in gone}
            return replace(state, lines=left, documents=state.documents + 1)
        case LinesBilled():
            left = {line_id: held for line_id, held in state.lines.items() if line_id not in event.line_ids}
            return replace(state, lines=left, documents=state.documents + 1)
        case StreamCarried():
            stays = state.lines_for(stream=event.stream, period=event.period)
            carried = {held.line.line_id: replace(held, carried_from=held.carried_from or event.run_on) for held in stays}
            return replace(state, lines={**state.lines, **carried})
        case RunTaken():
            done = occasion(event.period, event.closing)
            return replace(state, ready={key: ready for key, ready in state.ready.items() if key != done})
        case _:
            assert_never(event)


def _held(line: ChargeLine, event: LinesArrived) -> HeldLine:
    return HeldLine(line=line, module_id=event.module_id, module_title=event.module_title, period=event.period)


def wakes(event: AccountEvent, state: AccountState) -> Sequence[TimerChange]:
    """A closed period waits for its run; where the run's time has passed, its timer is due at once (INV-18)."""
    match event:
        case PeriodReady():
            draft_due = DraftDue(period=event.period, closing=event.closing)
            name = f"draft/{occasion(event.period, event.closing)}"
            return [SetTimer(occasion=name, due_at=at(event.run_on, RUN_TIME), wake_up=draft_due, rank=1)]
        case LinesArrived(support_run_on=date() as run_on) | StreamCarried(next_run_on=date() as run_on):
            # The same run asked for twice is one timer; it bills all that is there by then.
            return [SetTimer(occasion=f"support/{run_on}", due_at=at(run_on, RUN_TIME), wake_up=SupportDue(run_on=run_on), rank=2)]
        case _:
            return []


BILLING_ACCOUNT: Aggregate[AccountState, AccountCommand, AccountEvent] = Aggregate(
    name="billing_account",
    initial=Unknown(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Unknown | Known,
    events=(
        BillingAccountNoted,
        LinesArrived,
        PeriodReady,
        StreamBilled,
        StreamCarried,
        LinesBilled,
        RunTaken,
    ),
)
