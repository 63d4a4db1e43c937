"""Who the provider is in its own words: the name that confirmations come from, and where answers to them go (CON-6).

Invoice-svc owns it (``PUT /profile``) and tells everybody, so that a customer knows the sender of a confirmation by the invoice.
"""

import msgspec

from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command
from termijn.runtime.handling import Work
from termijn.runtime.mail import Origin
from termijn.runtime.setting import CURRENT


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """The provider as its letters show it; empty until invoice-svc has told."""

    name: str = ""
    email: str = ""
    phone: str = ""

    @property
    def origin(self) -> Origin | None:
        """Whom mail is from; None where nobody knows."""
        return Origin(name=self.name, reply_to=self.email) if self.name else None


# -- Events: their names are stored forever --------------------------------------------------------------------------


class LetterheadLearnt(Event, frozen=True, kw_only=True):
    """Confirmations come from this name from now on."""

    letterhead: Letterhead


# -- Commands --------------------------------------------------------------------------------------------------------


class LearnLetterhead(Command, frozen=True, kw_only=True):
    """Invoice-svc told who the provider is."""

    letterhead: Letterhead


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: LearnLetterhead, state: Letterhead) -> list[LetterheadLearnt]:
    """Nothing where it is known already: the profile has more than letters show."""
    return [] if command.letterhead == state else [LetterheadLearnt(letterhead=command.letterhead)]


def evolve(state: Letterhead, event: LetterheadLearnt) -> Letterhead:
    """The last one counts."""
    return event.letterhead


LETTERHEAD: Aggregate[Letterhead, LearnLetterhead, LetterheadLearnt] = Aggregate(
    name="contracts_letterhead", initial=Letterhead(), decide=decide, evolve=evolve, state_type=Letterhead, events=(LetterheadLearnt,)
)


async def letterhead_of(work: Work) -> Letterhead:
    """The one in force."""
    return await work.load(LETTERHEAD, CURRENT)
