"""The draft of a tariff: a version that nobody has yet. One stream per tariff, beside that of its published versions.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias

import msgspec

from termijn.contracts.tariff_check import check
from termijn.events.base import Event
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import Aggregate, Command

# -- Events ----------------------------------------------------------------------------------------------------------


class TariffDrafted(Event, frozen=True, kw_only=True):
    """The draft as it is from now on: the whole of it. ``orders_from`` is when new orders are to get it, where that is known."""

    tariff: Tariff
    orders_from: date | None = None


class TariffDraftClosed(Event, frozen=True, kw_only=True):
    """There is no draft any more: it was published as that version, or discarded (None)."""

    tariff_id: TariffId
    version: int | None = None


TariffDraftEvent: TypeAlias = TariffDrafted | TariffDraftClosed

# -- State -----------------------------------------------------------------------------------------------------------


class TariffDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is being prepared; None where nothing is."""

    tariff: Tariff | None = None
    orders_from: date | None = None


# -- Commands --------------------------------------------------------------------------------------------------------


class SaveDraft(Command, frozen=True, kw_only=True):
    """The whole draft as it is to be. ``vat_rates``, ``deck_exists`` and ``kind`` as ``tariff_check.check`` has them."""

    tariff: Tariff
    orders_from: date | None
    vat_rates: tuple[Decimal, ...]
    deck_exists: bool
    kind: str | None


class CloseDraft(Command, frozen=True, kw_only=True):
    """It was published as ``version``, or is discarded (None)."""

    tariff_id: TariffId
    version: int | None = None


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: SaveDraft | CloseDraft, state: TariffDraft) -> Sequence[TariffDraftEvent]:
    """A draft is checked as a version is (CAT-7), so that whoever publishes it meets no surprise; it binds nobody (CAT-5)."""
    if isinstance(command, CloseDraft):
        if state.tariff is None:
            raise NotFound(what="draft of tariff", id=command.tariff_id)
        return [TariffDraftClosed(tariff_id=command.tariff_id, version=command.version)]
    draft = msgspec.structs.replace(command.tariff, version=0, orders_from=None)
    check(draft, vat_rates=command.vat_rates, deck_exists=command.deck_exists, kind=command.kind)
    if draft == state.tariff and command.orders_from == state.orders_from:
        return []
    return [TariffDrafted(tariff=draft, orders_from=command.orders_from)]


def evolve(state: TariffDraft, event: TariffDraftEvent) -> TariffDraft:
    """The latest draft, or none."""
    match event:
        case TariffDrafted():
            return TariffDraft(tariff=event.tariff, orders_from=event.orders_from)
        case TariffDraftClosed():
            return TariffDraft()


TARIFF_DRAFT: Aggregate[TariffDraft, SaveDraft | CloseDraft, TariffDraftEvent] = Aggregate(
    name="tariff_draft",
    initial=TariffDraft(),
    decide=decide,
    evolve=evolve,
    state_type=TariffDraft,
    events=(TariffDrafted, TariffDraftClosed),
)
