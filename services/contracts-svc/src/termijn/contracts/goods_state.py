"""What is true of an order of goods after its events, and the timer that its agreed delivery day waits for (CON-11)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias, assert_never

import msgspec

from termijn.events.goods import (
    DeliveryDateAgreed,
    GoodsDelivered,
    GoodsLine,
    GoodsOrderCancelled,
    GoodsOrdered,
    GoodsPlaced,
    LeaseCompany,
    ProjectId,
    WarrantyExtended,
    WarrantyStarted,
)
from termijn.kernel.calendar import at
from termijn.kernel.money import ZERO
from termijn.runtime.aggregate import CancelTimer, SetTimer, TimerChange, WakeUp

LATE_AT = "17:00"
"""When the day that was agreed for a delivery counts as missed: at the end of office hours, so that the task is there that day."""

GoodsEvent: TypeAlias = (
    GoodsOrdered | DeliveryDateAgreed | GoodsDelivered | GoodsOrderCancelled | GoodsPlaced | WarrantyStarted | WarrantyExtended
)

# -- State -----------------------------------------------------------------------------------------------------------


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line and what became of its pieces: delivered, cancelled, and of the delivered ones placed."""

    line: GoodsLine
    delivered: int = 0
    cancelled: int = 0
    placed: int = 0
    first_delivered_on: date | None = None

    @property
    def outstanding(self) -> int:
        """Pieces that are still to be delivered."""
        return self.line.quantity - self.delivered - self.cancelled

    @property
    def net(self) -> Decimal:
        """What the line comes to, without what was cancelled."""
        return self.line.unit_price * (self.line.quantity - self.cancelled)


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where the warranty of placed pieces counts from, and what was bought on top of it."""

    line_id: str
    quantity: int
    placed_on: date
    serial_number: str | None = None
    own_months: int = 0
    extensions: tuple[int, ...] = ()


class NoOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing was ordered under this id."""


class GoodsOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order. ``dates`` counts the delivery days that were agreed: each has its own timer. ``bill_to`` is personal."""

    ordered_on: date
    agreed_on: date
    lines: dict[str, OrderedLine]
    project_id: ProjectId | None = None
    goes_to_lease_company: bool = False
    bill_to: LeaseCompany | None = None
    dates: int = 1
    deliveries: tuple[str, ...] = ()
    placements: dict[str, Placement] = {}

    @property
    def is_outstanding(self) -> bool:
        """Whether anything is still to be delivered."""
        return any(line.outstanding for line in self.lines.values())

    @property
    def net(self) -> Decimal:
        """The order's sum, without what was cancelled (INV-4)."""
        return sum((line.net for line in self.lines.values()), ZERO)


GoodsState: TypeAlias = NoOrder | GoodsOrder


def evolve(state: GoodsState, event: GoodsEvent) -> GoodsState:
    """The order after the event."""
    if isinstance(event, GoodsOrdered):
        return GoodsOrder(
            ordered_on=event.ordered_on,
            agreed_on=event.agreed_on,
            lines={line.line_id: OrderedLine(line=line) for line in event.lines},
            project_id=event.project_id,
            goes_to_lease_company=event.bill_to is not None,
            bill_to=event.bill_to,
        )
    if isinstance(state, NoOrder):
        return state
    change = msgspec.structs.replace
    match event:
        case DeliveryDateAgreed():
            return change(state, agreed_on=event.agreed_on, dates=state.dates + 1)
        case GoodsDelivered():
            return _delivered(state, event)
        case GoodsOrderCancelled():
            lines = dict(state.lines)
            for gone in event.lines:
                lines[gone.line_id] = change(lines[gone.line_id], cancelled=lines[gone.line_id].cancelled + gone.quantity)
            return change(state, lines=lines)
        case GoodsPlaced():
            line = state.lines[event.line_id]
            placement = Placement(
                line_id=event.line_id, quantity=event.quantity, placed_on=event.placed_on, serial_number=event.serial_number
            )
            lines = {**state.lines, event.line_id: change(line, placed=line.placed + event.quantity)}
            return change(state, lines=lines, placements={**state.placements, event.placement_id: placement})
        case WarrantyStarted():
            return _with_placement(state, event.warranty_id, own_months=event.own_months or 0)
        case WarrantyExtended():
            extensions = state.placements[placement_of(event.warranty_id)].extensions
            return _with_placement(state, event.warranty_id, extensions=(*extensions, event.months))
        case _:
            assert_never(event)


def placement_of(warranty_id: str) -> str:
    """Which placement a warranty on hardware is about."""
    return warranty_id.partition("~")[2]


def _with_placement(state: GoodsOrder, warranty_id: str, **changes: object) -> GoodsOrder:
    placement_id = placement_of(warranty_id)
    changed = msgspec.structs.replace(state.placements[placement_id], **changes)
    return msgspec.structs.replace(state, placements={**state.placements, placement_id: changed})


def _delivered(state: GoodsOrder, event: GoodsDelivered) -> GoodsOrder:
    lines = dict(state.lines)
    for part in event.lines:
        before = lines[part.line_id]
        first = before.first_delivered_on
        earliest = event.delivered_on if first is None else min(first, event.delivered_on)
        lines[part.line_id] = msgspec.structs.replace(before, delivered=before.delivered + part.quantity, first_delivered_on=earliest)
    return msgspec.structs.replace(state, lines=lines, deliveries=(*state.deliveries, event.delivery_id))


# -- Timers ----------------------------------------------------------------------------------------------------------


class DeliveryAwaited(WakeUp, frozen=True, kw_only=True):
    """The day that was agreed for the delivery is ending."""

    agreed_on: date


def wakes(event: GoodsEvent, state: GoodsState) -> Sequence[TimerChange]:
    """The agreed day sets a timer; another day moves it, and nothing left to deliver cancels it (CON-11, TIM-1)."""
    if not isinstance(state, GoodsOrder):
        return []
    match event:
        case GoodsOrdered():
            return [_awaiting(state)]
        case DeliveryDateAgreed():
            return [CancelTimer(occasion=_occasion(state.dates - 1)), _awaiting(state)]
        case GoodsDelivered() | GoodsOrderCancelled() if not state.is_outstanding:
            return [CancelTimer(occasion=_occasion(state.dates))]
        case _:
            return []


def _awaiting(state: GoodsOrder) -> SetTimer:
    due_at = at(state.agreed_on, LATE_AT)
    return SetTimer(occasion=_occasion(state.dates), due_at=due_at, wake_up=DeliveryAwaited(agreed_on=state.agreed_on))


def _occasion(number: int) -> str:
    return f"delivery/{number}"
