"""What may be asked of an order of goods; all of it by managers. Facts that a decision needs come as further fields."""

from datetime import date
from decimal import Decimal
from typing import TypeAlias

from termijn.events.goods import GoodsLine, LeaseCompany, OrderId, ProjectId
from termijn.runtime.aggregate import Command

Pieces = tuple[tuple[str, int], ...]
"""Line id and number of pieces."""


class OrderGoods(Command, frozen=True, kw_only=True):
    """Order these lines. ``bill_to``: a lease company that is billed instead of the account."""

    order_id: OrderId
    project_id: ProjectId | None
    lines: tuple[GoodsLine, ...]
    ordered_on: date
    agreed_on: date
    bill_to: LeaseCompany | None
    vat_rates: tuple[Decimal, ...]
    channel: str


class AgreeDelivery(Command, frozen=True, kw_only=True):
    """Another day was agreed."""

    order_id: OrderId
    agreed_on: date
    channel: str


class Deliver(Command, frozen=True, kw_only=True):
    """These pieces were delivered; without any, all that is outstanding. The project's title and end were looked up."""

    order_id: OrderId
    delivery_id: str
    delivered_on: date
    pieces: Pieces
    project_title: str | None = None
    project_is_over: bool = False


class CancelGoods(Command, frozen=True, kw_only=True):
    """These pieces need not come any more; without any, all that is outstanding."""

    order_id: OrderId
    pieces: Pieces
    reason: str
    channel: str


class Place(Command, frozen=True, kw_only=True):
    """Delivered pieces were put into use. ``own_months`` of warranty is policy (CON-12)."""

    order_id: OrderId
    placement_id: str
    line_id: str
    quantity: int
    serial_number: str | None
    placed_on: date
    own_months: int


class ExtendWarranty(Command, frozen=True, kw_only=True):
    """So many months more, for a price (CON-12)."""

    order_id: OrderId
    placement_id: str
    months: int
    net: Decimal
    vat_rate: Decimal
    vat_rates: tuple[Decimal, ...]
    channel: str


GoodsCommand: TypeAlias = OrderGoods | AgreeDelivery | Deliver | CancelGoods | Place | ExtendWarranty
