"""A decision under way: the events so far, and what they make true."""

from datetime import date, datetime, timedelta

from termijn.dunning.account_event import AccountEvent
from termijn.dunning.account_evolve import evolve
from termijn.dunning.account_state import DunningAccount
from termijn.kernel.calendar import at, day_of

PROPOSED_AT = "08:00"
"""When a step is proposed to the owner of the money (TIM-3)."""
LETTERS_AT = "10:00"
"""When letters and suspensions leave, after the day's bank files (TIM-3)."""
HANDOVER_AT = "17:00"
"""When claims go to the bailiff (TIM-3)."""
DAY = timedelta(days=1)


class Decided:
    """Collects events; ``state`` is always the one after them."""

    def __init__(self, state: DunningAccount) -> None:
        self.state = state
        self.events: list[AccountEvent] = []

    def add(self, *events: AccountEvent) -> None:
        """These happen next."""
        for event in events:
            self.state = evolve(self.state, event)
            self.events.append(event)


def earliest_day(now: datetime) -> date:
    """The first day whose proposals are still ahead."""
    today = day_of(now)
    return today if now < at(today, PROPOSED_AT) else today + DAY
