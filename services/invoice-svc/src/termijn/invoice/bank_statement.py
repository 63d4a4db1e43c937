"""A bank statement that was loaded: up to which day the provider's money is booked (TIM-3). One stream per statement.

Today somebody says so over HTTP; a reader of bank files (PAY-3) says it with the same command.
"""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

import msgspec

from termijn.events.base import Event
from termijn.invoice.errors import StatementIdTaken
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput
from termijn.runtime.aggregate import Aggregate, Command

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class StatementLoaded(Event, frozen=True, kw_only=True):
    """All that the bank booked up to and including ``booked_through`` is known; ``unmatched`` are the ids of what matched nothing."""

    statement_id: str
    booked_through: date
    unmatched: tuple[str, ...]


# ---- State ------------------------------------------------------------------------------------------------------------


class Unheard(msgspec.Struct, frozen=True, tag=True):
    """No statement of that id was loaded."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """It was loaded with these contents."""

    contents: StatementLoaded


BankStatement = Unheard | Loaded

# ---- Decisions --------------------------------------------------------------------------------------------------------


class LoadStatement(Command, frozen=True, kw_only=True):
    """A statement is in."""

    statement_id: str
    booked_through: date
    unmatched: tuple[str, ...]


def decide(command: LoadStatement, state: BankStatement) -> Sequence[StatementLoaded]:
    """Loading one twice changes nothing (PAY-3); no bank has booked what is still to come (TIM-3)."""
    loaded = StatementLoaded(statement_id=command.statement_id, booked_through=command.booked_through, unmatched=command.unmatched)
    if isinstance(state, Loaded):
        if state.contents != loaded:
            raise StatementIdTaken(field="statement_id", statement_id=command.statement_id)
        return []
    if command.booked_through > day_of(command.now):
        raise InvalidInput(field="booked_through", reason="no bank has booked what is still to come")
    if len(set(command.unmatched)) != len(command.unmatched):
        raise InvalidInput(field="unmatched", reason="each money_id once")
    return [loaded]


def evolve(state: BankStatement, event: StatementLoaded) -> BankStatement:
    match event:
        case StatementLoaded():
            return Loaded(contents=event)
        case _:
            assert_never(event)


BANK_STATEMENT: Aggregate[BankStatement, LoadStatement, StatementLoaded] = Aggregate(
    name="bank_statement",
    initial=Unheard(),
    decide=decide,
    evolve=evolve,
    state_type=BankStatement,
    events=(StatementLoaded,),
)
