"""Orders of hardware and software: delivered in parts, placed, under warranty, cancelled (CON-11, CON-12). One stream per order.

Its events are those of the published language; the names are stored forever. State and timer are in ``goods_state.py``,
commands in ``goods_command.py``.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import assert_never

from termijn.contracts.errors import AlreadyThere
from termijn.contracts.goods_command import (
    AgreeDelivery,
    CancelGoods,
    Deliver,
    ExtendWarranty,
    GoodsCommand,
    OrderGoods,
    Pieces,
    Place,
)
from termijn.contracts.goods_errors import NothingOutstanding, TooMany, WarrantyIsOver
from termijn.contracts.goods_state import GoodsEvent, GoodsOrder, GoodsState, NoOrder, OrderedLine, Placement, evolve, wakes
from termijn.contracts.warranty import Warranty, hardware
from termijn.events.goods import (
    CancelledLine,
    DeliveredLine,
    DeliveryDateAgreed,
    GoodsDelivered,
    GoodsLine,
    GoodsOrderCancelled,
    GoodsOrdered,
    GoodsPlaced,
    OrderId,
    WarrantyExtended,
    WarrantyId,
    WarrantyStarted,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.money import ZERO
from termijn.runtime.aggregate import Aggregate

LINES_MAX = 200
"""Lines of one order: all of them are in one event of at most 256 KiB."""
WARRANTY_MONTHS_MAX = 240
"""Twenty years of warranty: more is a typing error."""

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: GoodsCommand, state: GoodsState) -> Sequence[GoodsEvent]:
    """What follows; an order exists once (CON-11)."""
    if isinstance(command, OrderGoods):
        if isinstance(state, GoodsOrder):
            raise AlreadyThere(field="order_id", what="order", id=command.order_id)
        return _order(command)
    if isinstance(state, NoOrder):
        raise NotFound(what="order", id=command.order_id)
    match command:
        case AgreeDelivery():
            return _agree(command, state)
        case Deliver():
            return _deliver(command, state)
        case CancelGoods():
            return _cancel(command, state)
        case Place():
            return _place(command, state)
        case ExtendWarranty():
            return _extend(command, state)
        case _:
            assert_never(command)


def _order(command: OrderGoods) -> Sequence[GoodsEvent]:
    """Lines with their prices, and an agreed delivery day (CON-11). Goods for a lease company are in no project."""
    if command.ordered_on > day_of(command.now):
        raise InvalidInput(field="ordered_on", reason="lies in the future")
    if command.agreed_on < command.ordered_on:
        raise InvalidInput(field="agreed_on", reason="lies before the order")
    if not 1 <= len(command.lines) <= LINES_MAX:
        raise InvalidInput(field="lines", reason=f"an order has 1 to {LINES_MAX} lines")
    if command.bill_to is not None and command.project_id is not None:
        raise InvalidInput(field="bill_to", reason="what is billed with a project is billed to the account")
    for index, line in enumerate(command.lines):
        _check_line(f"lines.{index}", line, command.vat_rates)
        if any(other.line_id == line.line_id for other in command.lines[:index]):
            raise InvalidInput(field=f"lines.{index}.line_id", reason=f"{line.line_id} is there twice")
    return [
        GoodsOrdered(
            order_id=command.order_id,
            project_id=command.project_id,
            lines=command.lines,
            net=sum((line.unit_price * line.quantity for line in command.lines), ZERO),
            ordered_on=command.ordered_on,
            agreed_on=command.agreed_on,
            bill_to=command.bill_to,
            channel=command.channel,
        )
    ]


def _check_line(field: str, line: GoodsLine, vat_rates: tuple[Decimal, ...]) -> None:
    if line.quantity < 1:
        raise InvalidInput(field=f"{field}.quantity", reason="it must be 1 or more")
    if line.unit_price < 0:
        raise InvalidInput(field=f"{field}.unit_price", reason="it cannot be negative")
    if line.vat_rate not in vat_rates:
        raise InvalidInput(field=f"{field}.vat_rate", reason=f"{line.vat_rate} is no VAT rate")
    if line.supplier_months is not None and not 0 <= line.supplier_months <= WARRANTY_MONTHS_MAX:
        raise InvalidInput(field=f"{field}.supplier_months", reason=f"it must be 0 to {WARRANTY_MONTHS_MAX}")


def _agree(command: AgreeDelivery, state: GoodsOrder) -> Sequence[GoodsEvent]:
    if not state.is_outstanding:
        raise NothingOutstanding
    if command.agreed_on < day_of(command.now):
        raise InvalidInput(field="agreed_on", reason="lies in the past")
    if command.agreed_on == state.agreed_on:
        return []
    return [DeliveryDateAgreed(order_id=command.order_id, agreed_on=command.agreed_on, channel=command.channel)]


def _outstanding(pieces: Pieces, state: GoodsOrder) -> Pieces:
    """The pieces that were asked for, all that is outstanding where none were; never more than that (CON-11)."""
    if not state.is_outstanding:
        raise NothingOutstanding
    if not pieces:
        return tuple((line_id, line.outstanding) for line_id, line in state.lines.items() if line.outstanding)
    for index, (line_id, quantity) in enumerate(pieces):
        line = state.lines.get(line_id)
        if line is None or any(line_id == other for other, _ in pieces[:index]):
            raise InvalidInput(field=f"lines.{index}.line_id", reason=f"{line_id} is no line of this order, or is there twice")
        if quantity < 1:
            raise InvalidInput(field=f"lines.{index}.quantity", reason="it must be 1 or more")
        if quantity > line.outstanding:
            raise TooMany(field=f"lines.{index}.quantity", what="outstanding", line_id=line_id, asked=quantity, there=line.outstanding)
    return pieces


def _deliver(command: Deliver, state: GoodsOrder) -> Sequence[GoodsEvent]:
    """Deliveries in parts never come to more than was ordered, in pieces and in money (CON-11)."""
    if command.delivery_id in state.deliveries:
        raise AlreadyThere(field="delivery_id", what="delivery", id=command.delivery_id)
    _within(command.delivered_on, state.ordered_on, day_of(command.now), "delivered_on")
    pieces = _outstanding(command.pieces, state)
    lines = tuple(_part(state.lines[line_id].line, quantity) for line_id, quantity in pieces)
    left = sum(line.outstanding for line in state.lines.values()) - sum(quantity for _, quantity in pieces)
    return [
        GoodsDelivered(
            order_id=command.order_id,
            delivery_id=command.delivery_id,
            delivered_on=command.delivered_on,
            lines=lines,
            net=sum((line.net for line in lines), ZERO),
            order_net=state.net,
            is_complete=left == 0,
            project_id=state.project_id,
            project_title=command.project_title,
            project_is_over=command.project_is_over,
            goes_to_lease_company=state.goes_to_lease_company,
            bill_to=state.bill_to,
        )
    ]


def _part(line: GoodsLine, quantity: int) -> DeliveredLine:
    return DeliveredLine(
        line_id=line.line_id,
        article=line.article,
        sku=line.sku,
        quantity=quantity,
        unit_price=line.unit_price,
        net=line.unit_price * quantity,
        vat_rate=line.vat_rate,
        kind=line.kind,
        revenue_group=line.revenue_group,
        ledger_account=line.ledger_account,
    )


def _cancel(command: CancelGoods, state: GoodsOrder) -> Sequence[GoodsEvent]:
    """Only what is not delivered yet can be cancelled (CON-11)."""
    pieces = _outstanding(command.pieces, state)
    net = sum((state.lines[line_id].line.unit_price * quantity for line_id, quantity in pieces), ZERO)
    return [
        GoodsOrderCancelled(
            order_id=command.order_id,
            cancelled_on=day_of(command.now),
            lines=tuple(CancelledLine(line_id=line_id, quantity=quantity) for line_id, quantity in pieces),
            net=net,
            order_net=state.net - net,
            reason=command.reason,
            channel=command.channel,
        )
    ]


def _place(command: Place, state: GoodsOrder) -> Sequence[GoodsEvent]:
    """Delivered pieces are placed, by number or one by its serial number; their warranty runs from that day (CON-11, CON-12)."""
    if command.placement_id in state.placements:
        raise AlreadyThere(field="placement_id", what="placement", id=command.placement_id)
    ordered = state.lines.get(command.line_id)
    if ordered is None:
        raise NotFound(what="line", id=command.line_id)
    if ordered.line.kind != "goods":
        raise InvalidInput(field="line_id", reason="services are not placed")
    _check_pieces(command, ordered, state)
    assert ordered.first_delivered_on is not None, "what can be placed was delivered"
    _within(command.placed_on, ordered.first_delivered_on, day_of(command.now), "placed_on")
    cover = hardware(placed_on=command.placed_on, own_months=command.own_months, supplier_months=ordered.line.supplier_months)
    placed = GoodsPlaced(
        order_id=command.order_id,
        placement_id=command.placement_id,
        line_id=command.line_id,
        quantity=command.quantity,
        serial_number=command.serial_number,
        placed_on=command.placed_on,
    )
    started = WarrantyStarted(
        warranty_id=warranty_of(command.order_id, command.placement_id),
        covers="hardware",
        order_id=command.order_id,
        line_id=command.line_id,
        article=ordered.line.article,
        serial_number=command.serial_number,
        quantity=command.quantity,
        from_on=cover.from_on,
        until_on=cover.until_on,
        own_months=command.own_months,
        supplier_months=ordered.line.supplier_months,
    )
    return [placed, started]


def _check_pieces(command: Place, ordered: OrderedLine, state: GoodsOrder) -> None:
    """No more than is there to be placed, and a serial number is that of one piece (CON-11)."""
    if command.quantity > ordered.delivered - ordered.placed:
        there = ordered.delivered - ordered.placed
        raise TooMany(field="quantity", what="delivered and not placed", line_id=command.line_id, asked=command.quantity, there=there)
    if command.serial_number is None:
        return
    if command.quantity != 1:
        raise InvalidInput(field="quantity", reason="a serial number is one piece's")
    if any(other.serial_number == command.serial_number for other in state.placements.values()):
        raise AlreadyThere(field="serial_number", what="piece with serial number", id=command.serial_number)


def warranty_of(order_id: OrderId, placement_id: str) -> WarrantyId:
    """The id of the warranty on what was placed."""
    return WarrantyId(f"{order_id}~{placement_id}")


def cover_of(placement: Placement, line: GoodsLine, *, further: tuple[int, ...] = ()) -> Warranty:
    """The cover of what was placed, with ``further`` months on top of those that were bought before (CON-12)."""
    return hardware(
        placed_on=placement.placed_on,
        own_months=placement.own_months,
        supplier_months=line.supplier_months,
        extension_months=(*placement.extensions, *further),
    )


def _extend(command: ExtendWarranty, state: GoodsOrder) -> Sequence[GoodsEvent]:
    """While it lasts, a warranty can be extended for a price, which is billed once (CON-12)."""
    placement = state.placements.get(command.placement_id)
    if placement is None:
        raise NotFound(what="placement", id=command.placement_id)
    if command.vat_rate not in command.vat_rates:
        raise InvalidInput(field="vat_rate", reason=f"{command.vat_rate} is no VAT rate")
    line = state.lines[placement.line_id].line
    today = day_of(command.now)
    present = cover_of(placement, line)
    if today > present.until_on:
        raise WarrantyIsOver(until_on=present.until_on)
    if max(placement.own_months, line.supplier_months or 0) + sum(placement.extensions) + command.months > WARRANTY_MONTHS_MAX:
        raise InvalidInput(field="months", reason=f"a warranty lasts at most {WARRANTY_MONTHS_MAX} months")
    return [
        WarrantyExtended(
            warranty_id=warranty_of(command.order_id, command.placement_id),
            order_id=command.order_id,
            extension=len(placement.extensions) + 1,
            months=command.months,
            until_on=cover_of(placement, line, further=(command.months,)).until_on,
            extended_on=today,
            article=line.article,
            net=command.net,
            vat_rate=command.vat_rate,
            revenue_group=line.revenue_group,
            ledger_account=line.ledger_account,
            channel=command.channel,
        )
    ]


def _within(day: date, first: date, last: date, field: str) -> None:
    if day < first:
        raise InvalidInput(field=field, reason=f"lies before {first}")
    if day > last:
        raise InvalidInput(field=field, reason="lies in the future")


GOODS_ORDER: Aggregate[GoodsState, GoodsCommand, GoodsEvent] = Aggregate(
    name="goods_order",
    initial=NoOrder(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=GoodsState,
    events=(
        GoodsOrdered,
        DeliveryDateAgreed,
        GoodsDelivered,
        GoodsOrderCancelled,
        GoodsPlaced,
        WarrantyStarted,
        WarrantyExtended,
    ),
)
