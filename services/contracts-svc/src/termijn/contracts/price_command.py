"""What may be asked of a module about a price change: announce it, put it in force, drop it (CAT-5, CAT-10)."""

from datetime import date
from typing import TypeAlias

from termijn.kernel.ids import ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import Command


class AnnouncePriceChange(Command, frozen=True, kw_only=True):
    """Move the module from version ``replaces`` of its tariff to this one on ``from_on``. ``is_consumer``: of the account."""

    module_id: ModuleId
    change_id: str
    tariff: Tariff
    replaces: int
    from_on: date
    is_indexation: bool
    is_consumer: bool


class PutPriceChange(Command, frozen=True, kw_only=True):
    """Its day has come. ``was_announced``: whether the announcement left for the account a month before."""

    module_id: ModuleId
    change_id: str
    was_announced: bool


class DropPriceChange(Command, frozen=True, kw_only=True):
    """A manager takes the announcement back."""

    module_id: ModuleId
    change_id: str
    reason: str


PriceCommand: TypeAlias = AnnouncePriceChange | PutPriceChange | DropPriceChange
