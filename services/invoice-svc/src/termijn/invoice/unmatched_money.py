"""Money that came in and matches nothing: a named place of its own, until somebody says whose it is (PAY-3, TIM-3).

One stream per amount. Who paid is personal data, and nobody knows yet of which account, so each has a key of its own.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Literal, assert_never

import msgspec

from termijn.events.base import Event
from termijn.invoice.credit_balance import is_document_id
from termijn.invoice.errors import MoneyDealtWith, MoneyIdTaken, NoSuchMoney
from termijn.invoice.invoice import VALUE_DAYS_AHEAD_MAX
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import AccountId, InvoiceId
from termijn.kernel.money import cents
from termijn.runtime.aggregate import Aggregate, Command

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class MoneyUnmatched(Event, frozen=True, kw_only=True):
    """Money came in that matches nothing. ``iban`` and ``name`` are the payer's, ``reference`` is what the payer wrote."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"iban", "name", "reference"})
    money_id: str
    statement_id: str
    amount: Decimal
    value_on: date
    booked_on: date
    iban: str | None
    name: str | None
    reference: str | None


class MoneyAssigned(Event, frozen=True, kw_only=True):
    """Somebody said that it pays this invoice; it is booked there as the payment of the same id."""

    money_id: str
    invoice_id: InvoiceId


class MoneySetAside(Event, frozen=True, kw_only=True):
    """Somebody said that no invoice is paid by it, and why."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    money_id: str
    reason: str | None


MoneyEvent = MoneyUnmatched | MoneyAssigned | MoneySetAside

# ---- State ------------------------------------------------------------------------------------------------------------


class Unheard(msgspec.Struct, frozen=True, tag=True):
    """No money of that id came in unmatched."""


class Unmatched(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It came in; ``dealt_with`` says what became of it, None while it waits for a person."""

    money: MoneyUnmatched
    dealt_with: Literal["assigned", "set_aside"] | None = None
    invoice_id: InvoiceId | None = None


Money = Unheard | Unmatched

# ---- Decisions --------------------------------------------------------------------------------------------------------


class NoteUnmatched(Command, frozen=True, kw_only=True):
    """A statement holds money that matches nothing."""

    money: MoneyUnmatched


class AssignMoney(Command, frozen=True, kw_only=True):
    """It pays this invoice."""

    money_id: str
    invoice_id: InvoiceId


class SetMoneyAside(Command, frozen=True, kw_only=True):
    """It pays no invoice."""

    money_id: str
    reason: str


MoneyCommand = NoteUnmatched | AssignMoney | SetMoneyAside


def account_of_money(money_id: str) -> AccountId:
    """Stands in the place of the account, which nobody knows yet: a key of its own, so that it can be erased alone."""
    return AccountId(f"~money.{money_id}")


def decide(command: MoneyCommand, state: Money) -> Sequence[MoneyEvent]:
    """Money is noted once and dealt with once; told again, nothing changes (PAY-3)."""
    if isinstance(command, NoteUnmatched):
        return _note(command, state)
    if isinstance(state, Unheard):
        raise NoSuchMoney(money_id=command.money_id)
    match command:
        case AssignMoney():
            if state.dealt_with is None:
                return [MoneyAssigned(money_id=command.money_id, invoice_id=command.invoice_id)]
            is_told_again = state.invoice_id == command.invoice_id
        case SetMoneyAside():
            if state.dealt_with is None:
                return [MoneySetAside(money_id=command.money_id, reason=command.reason)]
            is_told_again = state.dealt_with == "set_aside"
        case _:
            assert_never(command)
    if not is_told_again:
        raise MoneyDealtWith(money_id=command.money_id, dealt_with=state.dealt_with.replace("_", " "))
    return []


def _note(command: NoteUnmatched, state: Money) -> Sequence[MoneyUnmatched]:
    money = command.money
    if isinstance(state, Unmatched):
        if state.money != money:
            raise MoneyIdTaken(field="unmatched", money_id=money.money_id)
        return []
    if is_document_id(money.money_id):
        reason = f"{money.money_id} has the form of the ids of our own documents; put something before it"
        raise InvalidInput(field="unmatched", reason=reason)
    if money.amount <= 0 or money.amount != cents(money.amount):
        raise InvalidInput(field="unmatched", reason=f"{money.money_id}: an amount above zero in whole cents")
    today = day_of(command.now)
    if money.booked_on > today or money.value_on > today + timedelta(days=VALUE_DAYS_AHEAD_MAX):
        raise InvalidInput(field="unmatched", reason=f"{money.money_id}: no bank has booked what is still to come")
    return [money]


def evolve(state: Money, event: MoneyEvent) -> Money:
    match event:
        case MoneyUnmatched():
            return Unmatched(money=event)
        case MoneyAssigned():
            return (
                Unmatched(money=state.money, dealt_with="assigned", invoice_id=event.invoice_id) if isinstance(state, Unmatched) else state
            )
        case MoneySetAside():
            return Unmatched(money=state.money, dealt_with="set_aside") if isinstance(state, Unmatched) else state
        case _:
            assert_never(event)


UNMATCHED_MONEY: Aggregate[Money, MoneyCommand, MoneyEvent] = Aggregate(
    name="unmatched_money",
    initial=Unheard(),
    decide=decide,
    evolve=evolve,
    state_type=Unheard | Unmatched,
    events=(MoneyUnmatched, MoneyAssigned, MoneySetAside),
)
