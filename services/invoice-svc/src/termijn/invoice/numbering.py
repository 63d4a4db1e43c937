"""The numbers of one series in one year: gapless and ascending, and dates never go down as numbers go up (INV-7)."""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

import msgspec

from termijn.events.base import Event
from termijn.invoice.errors import NumberingOutOfStep
from termijn.kernel.ids import InvoiceId
from termijn.runtime.aggregate import Aggregate, Command

# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class NumbersGiven(Event, frozen=True, kw_only=True):
    """These documents got the numbers ``first``, ``first + 1`` and so on, all issued on ``issued_on``."""

    series: str
    year: int
    first: int
    issued_on: date
    invoice_ids: tuple[InvoiceId, ...]


# ---- State ------------------------------------------------------------------------------------------------------------


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The last number given, 0 before the first, and the day it was given for."""

    last: int = 0
    last_on: date | None = None

    def next_issue_day(self, today: date) -> date:
        """Today; or the series' last day where a clock stepped back, so that dates never go down (INV-7)."""
        return today if self.last_on is None else max(today, self.last_on)


# ---- Decisions --------------------------------------------------------------------------------------------------------


class GiveNumbers(Command, frozen=True, kw_only=True):
    """Give these documents the next numbers; ``first`` is the number that the caller already printed on the first of them."""

    series: str
    year: int
    first: int
    issued_on: date
    invoice_ids: tuple[InvoiceId, ...]


def decide(command: GiveNumbers, state: Series) -> Sequence[NumbersGiven]:
    """Numbers follow on without a gap, and no date before the last one (INV-7)."""
    if not command.invoice_ids:
        return []
    if command.first != state.last + 1 or command.issued_on != state.next_issue_day(command.issued_on):
        raise NumberingOutOfStep(series=command.series, year=command.year)
    assert command.issued_on.year == command.year, "a series is numbered per year of issue"
    return [
        NumbersGiven(
            series=command.series,
            year=command.year,
            first=command.first,
            issued_on=command.issued_on,
            invoice_ids=command.invoice_ids,
        )
    ]


def evolve(state: Series, event: NumbersGiven) -> Series:
    match event:
        case NumbersGiven():
            return Series(last=event.first + len(event.invoice_ids) - 1, last_on=event.issued_on)
        case _:
            assert_never(event)


NUMBERING = Aggregate(name="numbering", initial=Series(), decide=decide, evolve=evolve, state_type=Series, events=(NumbersGiven,))


def numbering_key(series: str, year: int) -> str:
    """One stream per series and year."""
    return f"{series}-{year}"
