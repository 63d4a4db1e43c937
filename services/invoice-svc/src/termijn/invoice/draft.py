"""A document before it has a number: its lines, until the numberer issues it. A draft never changes its lines."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, assert_never

import msgspec
from msgspec.structs import replace

from termijn.events.base import Event
from termijn.events.contracts import Party
from termijn.events.rating import ChargeLine
from termijn.invoice.errors import NotHeld
from termijn.kernel.ids import InvoiceId, ModuleId
from termijn.runtime.aggregate import Aggregate, Command

LINES_PER_EVENT_MAX = 100
"""Document lines in one event: each about 1 KiB at most, and an event holds 256 KiB."""

OWN_LINE = "~"
"""What the id of a line of a project or of goods begins with; that of a module's never does."""

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class DocumentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A charge line on a document, under the title of its module."""

    line: ChargeLine
    module_id: ModuleId
    module_title: str
    period: str


class DraftOpened(Event, frozen=True, kw_only=True):
    """A document is to be issued; ``line_count`` lines follow. ``addressee``: who it is for, where that is not the account (CON-11)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"addressee"})
    invoice_id: InvoiceId
    stream: str
    run_on: date
    is_credit_note: bool
    line_count: int
    has_own_addressee: bool = False
    addressee: Party | None = None


class LinesDrafted(Event, frozen=True, kw_only=True):
    """These lines are on the draft (INV-17)."""

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"lines.*.module_title", "lines.*.line.title"})
    invoice_id: InvoiceId
    lines: tuple[DocumentLine, ...]

    def typed_texts(self) -> frozenset[str]:
        """Titles of projects and goods were typed for this customer; those of modules are what the provider sells."""
        return self.PERSONAL_TEXTS if any(one.line.line_id.startswith(OWN_LINE) for one in self.lines) else frozenset()


class DraftHeld(Event, frozen=True, kw_only=True):
    """The document could not be made; it takes no number until a person releases it (INV-15)."""

    invoice_id: InvoiceId
    reason: str


class DraftReleased(Event, frozen=True, kw_only=True):
    """A person says that the reason is gone."""

    invoice_id: InvoiceId


class DraftNumbered(Event, frozen=True, kw_only=True):
    """The draft became the document of this number."""

    invoice_id: InvoiceId
    number: str


DraftEvent = DraftOpened | LinesDrafted | DraftHeld | DraftReleased | DraftNumbered

# ---- State ------------------------------------------------------------------------------------------------------------


class NoDraft(msgspec.Struct, frozen=True, tag=True):
    """Nothing was drafted under this id."""


class Draft(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A document to be; ``held`` says why it cannot be issued."""

    opened: DraftOpened
    lines: tuple[DocumentLine, ...] = ()
    held: str | None = None


class Done(msgspec.Struct, frozen=True, tag=True):
    """Issued. ``mail_to``: where it is sent, where that is not the account's address."""

    number: str
    mail_to: str | None = None


DraftState = NoDraft | Draft | Done

# ---- Decisions --------------------------------------------------------------------------------------------------------


class OpenDraft(Command, frozen=True, kw_only=True):
    """Draft a document of these lines."""

    invoice_id: InvoiceId
    stream: str
    run_on: date
    is_credit_note: bool
    lines: tuple[DocumentLine, ...]
    has_own_addressee: bool = False
    addressee: Party | None = None


class HoldDraft(Command, frozen=True, kw_only=True):
    """The document could not be made."""

    reason: str


class ReleaseDraft(Command, frozen=True, kw_only=True):
    """Try again."""

    invoice_id: InvoiceId


class NumberDraft(Command, frozen=True, kw_only=True):
    """The draft gets its number."""

    number: str


DraftCommand = OpenDraft | HoldDraft | ReleaseDraft | NumberDraft


def decide(command: DraftCommand, state: DraftState) -> Sequence[DraftEvent]:
    """A draft is opened once and numbered once (INV-7, INV-17)."""
    match command, state:
        case OpenDraft(), NoDraft():
            return _open(command)
        case HoldDraft(), Draft(held=None):
            return [DraftHeld(invoice_id=state.opened.invoice_id, reason=command.reason)]
        case ReleaseDraft(), Draft(held=str()):
            return [DraftReleased(invoice_id=state.opened.invoice_id)]
        case ReleaseDraft(), _:
            raise NotHeld(invoice_id=command.invoice_id)
        case NumberDraft(), Draft(held=None):
            return [DraftNumbered(invoice_id=state.opened.invoice_id, number=command.number)]
        case _:
            raise AssertionError(f"{command!r} does not fit a draft that is {type(state).__name__}")


def _open(command: OpenDraft) -> Sequence[DraftEvent]:
    assert command.lines, "a document has lines"
    opened = DraftOpened(
        invoice_id=command.invoice_id,
        stream=command.stream,
        run_on=command.run_on,
        is_credit_note=command.is_credit_note,
        line_count=len(command.lines),
        has_own_addressee=command.has_own_addressee,
        addressee=command.addressee,
    )
    parts = [command.lines[i : i + LINES_PER_EVENT_MAX] for i in range(0, len(command.lines), LINES_PER_EVENT_MAX)]
    return [opened, *(LinesDrafted(invoice_id=command.invoice_id, lines=part) for part in parts)]


def evolve(state: DraftState, event: DraftEvent) -> DraftState:
    match event:
        case DraftOpened():
            return Draft(opened=event)
        case LinesDrafted():
            return replace(state, lines=state.lines + event.lines) if isinstance(state, Draft) else state
        case DraftHeld():
            return replace(state, held=event.reason) if isinstance(state, Draft) else state
        case DraftReleased():
            return replace(state, held=None) if isinstance(state, Draft) else state
        case DraftNumbered():
            addressee = state.opened.addressee if isinstance(state, Draft) else None
            return Done(event.number, addressee.email if addressee is not None else None)
        case _:
            assert_never(event)


DRAFT: Aggregate[DraftState, DraftCommand, DraftEvent] = Aggregate(
    name="draft",
    initial=NoDraft(),
    decide=decide,
    evolve=evolve,
    state_type=DraftState,
    events=(DraftOpened, LinesDrafted, DraftHeld, DraftReleased, DraftNumbered),
)
