"""When a mandate was last collected with (PAY-1). One stream per mandate, apart from the account's, whose version people see.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from termijn.events.base import Event
from termijn.kernel.ids import AccountId, MandateId
from termijn.runtime.aggregate import Aggregate, Command

# -- Events ----------------------------------------------------------------------------------------------------------


class MandateUsed(Event, frozen=True, kw_only=True):
    """A debit under it was handed to the bank for that day, whatever became of it."""

    mandate_id: MandateId
    used_on: date


# -- State -----------------------------------------------------------------------------------------------------------


class MandateUse(msgspec.Struct, frozen=True, kw_only=True):
    """The last day of use, None where there was none."""

    last_used_on: date | None = None


# -- Commands --------------------------------------------------------------------------------------------------------


class NoteUse(Command, frozen=True, kw_only=True):
    """invoice-svc submitted a debit."""

    mandate_id: MandateId
    used_on: date


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: NoteUse, state: MandateUse) -> Sequence[MandateUsed]:
    """The latest day counts (PAY-1); several debits of one day are one use."""
    if state.last_used_on is not None and command.used_on <= state.last_used_on:
        return []
    return [MandateUsed(mandate_id=command.mandate_id, used_on=command.used_on)]


def evolve(state: MandateUse, event: MandateUsed) -> MandateUse:
    """The use is the last one."""
    return MandateUse(last_used_on=event.used_on)


def key_of(account: AccountId, mandate_id: MandateId) -> str:
    """Mandate ids are unique per account only."""
    return f"{account}/{mandate_id}"


MANDATE_USE: Aggregate[MandateUse, NoteUse, MandateUsed] = Aggregate(
    name="mandate_use", initial=MandateUse(), decide=decide, evolve=evolve, state_type=MandateUse, events=(MandateUsed,)
)
