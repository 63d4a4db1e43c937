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
from termijn.events.goods import GOODS, WarrantyExtended, WarrantyStarted
from termijn.rating.deck_shelf import DECK_SHELF, Shelve
from termijn.rating.rated_account import RATED_ACCOUNT, ContractFact, Learn
from termijn.rating.warranty_cover import WARRANTY_COVER, KeepCover
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Handled, Message, NoEffect, Outcome, Reaction, Work

CONTRACTS = "contracts"


async def learn(work: Work, message: Message[ContractFact]) -> Outcome:
    """A fact about a module of the account."""
    account = message.envelope.account
    learnt = Learn(now=work.now, fact=message.event, happened_at=message.envelope.occurred_at)
    await work.execute(RATED_ACCOUNT, account, learnt, account=account)
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


async def keep_cover(work: Work, message: Message[WarrantyStarted] | Message[WarrantyExtended]) -> Outcome:
    """Kept for the log of work: work under warranty is not billed (CON-12)."""
    cover = message.event
    kept = await work.execute(WARRANTY_COVER, cover.warranty_id, KeepCover(now=work.now, fact=cover), account=message.envelope.account)
    return Handled() if kept else NoEffect("the cover is known already")


async def nothing_to_rate(work: Work, message: Message[Any]) -> Outcome:
    """Projects and goods bill by themselves, on invoices of their own (INV-5); a lease is rated as the module that it orders."""
    return NoEffect("projects and goods are billed as they are delivered, leases as modules")


def _account(message: Message[Any]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    return [(RATED_ACCOUNT, message.envelope.account)]


def _cover(message: Message[Any]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    return [(WARRANTY_COVER, message.event.warranty_id)]


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
    Reaction(publisher=CONTRACTS, event=WarrantyStarted, handle=keep_cover, streams=_cover),
    Reaction(publisher=CONTRACTS, event=WarrantyExtended, handle=keep_cover, streams=_cover),
    *(
        Reaction(publisher=CONTRACTS, event=event, handle=nothing_to_rate)
        for event in GOODS
        if event not in (WarrantyStarted, WarrantyExtended)
    ),
)
