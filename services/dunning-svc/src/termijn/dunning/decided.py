"""A decision under way: the events so far, and what they make true."""

from datetime import date, datetime, timedelta

from termijn.dunning.account_event import AccountEvent
from termijn.dunning.account_evolve import evolve
from termijn.dunning.account_state import DunningAccount
from termijn.dunning.policy import Policy
from termijn.kernel.calendar import at, day_of

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


def earliest_day(now: datetime, policy: Policy) -> date:
    """The first day whose proposals are still ahead (TIM-3)."""
    today = day_of(now)
    return today if now < at(today, policy.proposals_at) else today + DAY
