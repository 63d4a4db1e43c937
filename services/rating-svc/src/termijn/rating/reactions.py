"""What rating listens to: the only place that does, as a table."""

from typing import Any

from termijn.events.contracts import (
    AccountOpened,
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleScaled,
    ModuleSuspended,
    ModuleTerminated,
    OptionAdded,
    OptionRemoved,
    RateDeckPublished,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
    TariffPublished,
)
from termijn.rating.deck_shelf import DECK_SHELF, Shelve
from termijn.rating.rated_account import RATED_ACCOUNT, ContractFact, Learn
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Handled, Message, NoEffect, Outcome, Reaction, Work

CONTRACTS = "contracts"


async def learn(work: Work, message: Message[ContractFact]) -> Outcome:
    """A fact about a module of the account."""
    account = message.envelope.account
    await work.execute(RATED_ACCOUNT, account, Learn(now=work.now, fact=message.event), account=account)
    return Handled()


async def shelve(work: Work, message: Message[RateDeckPublished]) -> Outcome:
    """A version of a rate deck."""
    deck = message.event
    await work.execute(DECK_SHELF, deck.deck_id, Shelve(now=work.now, published=deck), account=message.envelope.account)
    return Handled()


async def account_opened(work: Work, message: Message[AccountOpened]) -> Outcome:
    """Nothing is rated before a module is ordered."""
    return NoEffect("an account without modules has nothing to rate")


async def tariff_published(work: Work, message: Message[TariffPublished]) -> Outcome:
    """Orders and tariff changes carry the whole version that counts for them."""
    return NoEffect("orders carry their tariff version")


def _account(message: Message[Any]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    return [(RATED_ACCOUNT, message.envelope.account)]


def _deck(message: Message[RateDeckPublished]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    return [(DECK_SHELF, message.event.deck_id)]


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction(publisher=CONTRACTS, event=AccountOpened, handle=account_opened),
    Reaction(publisher=CONTRACTS, event=TariffPublished, handle=tariff_published),
    Reaction(publisher=CONTRACTS, event=RateDeckPublished, handle=shelve, streams=_deck),
    Reaction(publisher=CONTRACTS, event=ModuleOrdered, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleActivated, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleScaled, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=TariffChanged, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=OptionAdded, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=OptionRemoved, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=SubjectAssigned, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=SubjectReleased, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleCancelled, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=CancellationWithdrawn, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleEnded, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleTerminated, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleSuspended, handle=learn, streams=_account),
    Reaction(publisher=CONTRACTS, event=ModuleResumed, handle=learn, streams=_account),
)
