"""What is known of the provider itself: the name and IBAN that letters show, as invoice-svc told them."""

import msgspec

from termijn.dunning.policy import Letterhead, Policy
from termijn.events.base import Event
from termijn.runtime.aggregate import Aggregate, Command
from termijn.runtime.handling import Work
from termijn.runtime.mail import Origin
from termijn.runtime.setting import CURRENT

# -- Events: their names are stored forever --------------------------------------------------------------------------


class LetterheadLearnt(Event, frozen=True, kw_only=True):
    """The provider's own name and account from now on."""

    letterhead: Letterhead


# -- State -----------------------------------------------------------------------------------------------------------


class KnownProvider(msgspec.Struct, frozen=True, kw_only=True):
    """Empty until invoice-svc has told."""

    letterhead: Letterhead = Letterhead()


# -- Commands --------------------------------------------------------------------------------------------------------


class LearnLetterhead(Command, frozen=True, kw_only=True):
    """Invoice-svc told who the provider is."""

    letterhead: Letterhead


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: LearnLetterhead, state: KnownProvider) -> list[LetterheadLearnt]:
    """Nothing where it is known already."""
    return [] if command.letterhead == state.letterhead else [LetterheadLearnt(letterhead=command.letterhead)]


def evolve(state: KnownProvider, event: LetterheadLearnt) -> KnownProvider:
    """The last one counts."""
    return KnownProvider(letterhead=event.letterhead)


PROVIDER = Aggregate(
    name="dunning_provider", initial=KnownProvider(), decide=decide, evolve=evolve, state_type=KnownProvider, events=(LetterheadLearnt,)
)


async def letterhead(work: Work, policy: Policy) -> Letterhead:
    """What a letter shows: what the provider set for its letters, else what its invoices show."""
    if policy.letterhead != Letterhead():
        return policy.letterhead
    return (await work.load(PROVIDER, CURRENT)).letterhead


def origin(head: Letterhead) -> Origin | None:
    """Whom the mail is from; None where nobody has said."""
    return Origin(name=head.name, reply_to=head.email) if head.name else None
