"""What may be asked of the account as the owner of its invoices. Facts that a decision needs come as further fields."""

from datetime import date
from decimal import Decimal
from typing import Literal

from termijn.events.contracts import AccountFacts, Party, Recipient
from termijn.events.rating import ChargeLine
from termijn.invoice.policy import Policy
from termijn.kernel.ids import AccountId, ModuleId
from termijn.runtime.aggregate import Command

LineSource = Literal["rating", "contracts"]
"""Who charged a line; part of stored events."""


class NoteAccount(Command, frozen=True, kw_only=True):
    """The account as it is from now on."""

    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    recipients: tuple[Recipient, ...] | None = None


class TakeLines(Command, frozen=True, kw_only=True):
    """``known``: the net amounts of those line ids that were taken before, on whatever document they are by now.

    ``support_run_on``: the next run of support, where lines of that stream are among them (INV-4).
    """

    module_id: ModuleId
    module_title: str
    period: str
    lines: tuple[ChargeLine, ...]
    known: dict[str, Decimal]
    source: LineSource = "rating"
    support_run_on: date | None = None


class BillLines(Command, frozen=True, kw_only=True):
    """Their occasion has come: all that waits on this stream under these ids of projects and orders."""

    account: AccountId
    stream: str
    module_ids: tuple[ModuleId, ...]
    run_on: date


class NotePeriod(Command, frozen=True, kw_only=True):
    """Rating closed the period."""

    period: str
    closing: int
    running_modules: int
    run_on: date


class DraftDocuments(Command, frozen=True, kw_only=True):
    """The run of that closing has come."""

    account: AccountId
    period: str
    closing: int
    policy: Policy


class DraftSupport(Command, frozen=True, kw_only=True):
    """A run of support has come; ``next_run_on`` is when what it carries is looked at again: the next quarter's run (INV-3)."""

    account: AccountId
    run_on: date
    is_quarter_run: bool
    next_run_on: date
    policy: Policy


AccountCommand = NoteAccount | TakeLines | BillLines | NotePeriod | DraftDocuments | DraftSupport
