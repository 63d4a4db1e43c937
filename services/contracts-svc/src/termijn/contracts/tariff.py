"""Tariffs: published versions that never change (CAT-5). One stream per tariff.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from termijn.contracts.tariff_check import check
from termijn.events.contracts import TariffPublished
from termijn.kernel.tariff import Tariff as TariffVersion
from termijn.runtime.aggregate import Aggregate, Command

# -- State -----------------------------------------------------------------------------------------------------------


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One version, and the day from which new orders get it."""

    orders_from: date
    tariff: TariffVersion
    takes_orders: bool = True


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """All versions of one tariff, oldest first."""

    versions: tuple[Published, ...] = ()

    def for_orders_on(self, day: date) -> TariffVersion | None:
        """The version that an order of that day gets (CAT-5): of those whose date has come the one with the latest date, and of
        these the newest. So a later change that is published already stays in force when today's is repaired. None before the first.
        """
        found = max((v for v in self.versions if v.takes_orders and v.orders_from <= day), key=_for_orders, default=None)
        return found.tariff if found is not None else None

    def version(self, number: int) -> TariffVersion | None:
        """A version by its number, as it was published."""
        return self.versions[number - 1].tariff if 1 <= number <= len(self.versions) else None

    @property
    def kind(self) -> str | None:
        """The module that it is a tariff of (CAT-1); None before the first version."""
        return self.versions[-1].tariff.module if self.versions else None


def _for_orders(one: Published) -> tuple[date, int]:
    return one.orders_from, one.tariff.version


# -- Commands --------------------------------------------------------------------------------------------------------


class PublishTariff(Command, frozen=True, kw_only=True):
    """Publish a version. ``tariff.version`` is not looked at: it is the next one.

    ``vat_rates`` are those in use by policy; ``deck_exists`` whether the deck that the tariff names was published.
    """

    tariff: TariffVersion
    orders_from: date
    vat_rates: tuple[Decimal, ...]
    deck_exists: bool
    takes_orders: bool = True


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: PublishTariff, state: Tariff) -> Sequence[TariffPublished]:
    """A further version that never changes (CAT-5), if it is sound (CAT-7) and of the same module (CAT-1)."""
    tariff = msgspec.structs.replace(command.tariff, version=len(state.versions) + 1, orders_from=command.orders_from)
    check(tariff, vat_rates=command.vat_rates, deck_exists=command.deck_exists, kind=state.kind)
    return [TariffPublished(tariff=tariff, orders_from=command.orders_from, takes_orders=command.takes_orders)]


def evolve(state: Tariff, event: TariffPublished) -> Tariff:
    """A version is added; none is replaced."""
    added = Published(orders_from=event.orders_from, tariff=event.tariff, takes_orders=event.takes_orders)
    return Tariff(versions=(*state.versions, added))


TARIFF = Aggregate(name="tariff", initial=Tariff(), decide=decide, evolve=evolve, state_type=Tariff, events=(TariffPublished,))
