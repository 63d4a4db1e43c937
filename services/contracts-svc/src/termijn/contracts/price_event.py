"""What happens to a module when its prices change: announced, then in force or dropped (CAT-5, CAT-10).

Private events of the module's stream, kept here because its state and its decisions both know them. The names are stored forever.
"""

from datetime import date

import msgspec

from termijn.contracts.price_move import PriceMove
from termijn.events.base import Event
from termijn.kernel.ids import ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import WakeUp


class PriceChangeAnnounced(Event, frozen=True, kw_only=True):
    """The module moves to ``tariff`` on ``from_on``; the account is told, with old and new prices.

    - ``replaces``: the version of the same tariff that it runs on until then.
    - ``may_end_free_until``: the last day that the customer may end it on free of charge; None where there is no such right.
    """

    module_id: ModuleId
    change_id: str
    tariff: Tariff
    replaces: int
    from_on: date
    is_indexation: bool = False
    may_end_free_until: date | None = None
    moves: tuple[PriceMove, ...] = ()


class PriceChangeDropped(Event, frozen=True, kw_only=True):
    """What was announced does not happen; ``reason`` says why."""

    module_id: ModuleId
    change_id: str
    reason: str
    channel: str = "api"


class AnnouncedChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a module remembers of an announcement until its day."""

    change_id: str
    tariff: Tariff
    replaces: int
    from_on: date
    is_indexation: bool
    may_end_free_until: date | None


class ApplyPriceChange(WakeUp, frozen=True, kw_only=True):
    """The day of an announced price change has come."""

    change_id: str
