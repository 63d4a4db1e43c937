"""What the provider owes an account: over-payments and credit notes, until they are set off or paid out (PAY-6).

The named place of money that no open invoice takes. It is a stream of its own, so that setting off never waits for a run.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

import msgspec

from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command

CreditSource = Literal["overpayment", "credit_note"]
_DOCUMENT_ID = re.compile(r"[a-z0-9][a-z0-9-]*\.[0-9]+")


def is_document_id(text: str) -> bool:
    """Whether it has the form of the ids of our own documents ("jansen.12").

    A credit bears the id of its payment or of its credit note, once per provider. So no payment from outside may have such an id
    (SEC-4): under the id of a credit note to come, of whichever account, it would take that one's place.
    """
    return _DOCUMENT_ID.fullmatch(text) is not None


# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class CreditArisen(Event, frozen=True, kw_only=True):
    """The provider owes the account this much (gross). ``credit_id`` is the payment's or the credit note's id."""

    credit_id: str
    source: CreditSource
    amount: Decimal
    arisen_on: date


class CreditWithdrawn(Event, frozen=True, kw_only=True):
    """The bank took back the money behind the credit."""

    credit_id: str
    amount: Decimal


CreditEvent = CreditArisen | CreditWithdrawn

# ---- State ------------------------------------------------------------------------------------------------------------


class CreditBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of each credit, by its id; 0 where it is gone, so that no source counts twice."""

    credits: dict[str, Decimal] = {}

    @property
    def balance(self) -> Decimal:
        """What the provider owes in all."""
        return sum(self.credits.values(), Decimal(0))


# ---- Decisions --------------------------------------------------------------------------------------------------------


class RecordCredit(Command, frozen=True, kw_only=True):
    """Money or a credit note that no open invoice takes."""

    credit_id: str
    source: CreditSource
    amount: Decimal
    arisen_on: date


class WithdrawCredit(Command, frozen=True, kw_only=True):
    """The payment behind the credit was reversed."""

    credit_id: str


CreditCommand = RecordCredit | WithdrawCredit


def decide(command: CreditCommand, state: CreditBalance) -> Sequence[CreditEvent]:
    """Each source counts once, and what is withdrawn is what was left of it (PAY-6)."""
    before = state.credits.get(command.credit_id)
    match command:
        case RecordCredit():
            assert command.amount > 0, "a credit is what the provider owes"
            if before is not None:
                return []
            return [CreditArisen(credit_id=command.credit_id, source=command.source, amount=command.amount, arisen_on=command.arisen_on)]
        case WithdrawCredit():
            return [CreditWithdrawn(credit_id=command.credit_id, amount=before)] if before else []
        case _:
            assert_never(command)


def evolve(state: CreditBalance, event: CreditEvent) -> CreditBalance:
    match event:
        case CreditArisen():
            return CreditBalance(credits={**state.credits, event.credit_id: event.amount})
        case CreditWithdrawn():
            return CreditBalance(credits={**state.credits, event.credit_id: state.credits[event.credit_id] - event.amount})
        case _:
            assert_never(event)


CREDIT_BALANCE: Aggregate[CreditBalance, CreditCommand, CreditEvent] = Aggregate(
    name="credit_balance",
    initial=CreditBalance(),
    decide=decide,
    evolve=evolve,
    state_type=CreditBalance,
    events=(CreditArisen, CreditWithdrawn),
)
