"""What callers may send about projects, orders of goods, warranties and leases: every field with its limits, nothing else (SEC-4)."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import Field

from termijn.contracts.api.bodies import Channel, Rate, ThingKey
from termijn.contracts.goods_command import Pieces
from termijn.events.goods import GoodsLine, LeaseCompany, Milestone
from termijn.runtime.http.fields import Body, Country, Day, Email, ExactDecimal, FilledLine, Flag, Line

Cents = Annotated[ExactDecimal, Field(ge=0, le=10_000_000, decimal_places=2)]
"""Net euros in whole cents: so parts of an order add up without rounding."""
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
MonthCount = Annotated[int, Field(strict=True, ge=1, le=240)]
Key60 = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
"""An id that is part of a longer one."""


class MilestoneBody(Body):
    """A milestone (CON-11)."""

    milestone_id: Key60
    title: FilledLine
    net: Cents
    vat_rate: Rate = Decimal(21)
    kind: Literal["goods", "service"] = "service"
    planned_on: Day | None = None


class PlanBody(Body):
    """A plan: the milestones sum up to the price, or the rest bills on delivery."""

    price: Cents
    milestones: Annotated[list[MilestoneBody], Field(max_length=100, default_factory=list)]
    remainder_on_delivery: Flag = False
    remainder_vat_rate: Rate = Decimal(21)
    channel: Channel = "api"

    def planned(self) -> tuple[Milestone, ...]:
        """As events carry them."""
        return msgspec.convert([one.model_dump() for one in self.milestones], tuple[Milestone, ...])


class ProjectBody(PlanBody):
    """A new project; ``agreed_on`` is when the quote was accepted in writing, today where not said."""

    project_id: Key60
    title: FilledLine
    agreed_on: Day | None = None
    quote: FilledLine | None = None
    remainder_kind: Literal["goods", "service"] = "service"
    revenue_group: FilledLine = "ICT"
    ledger_account: FilledLine = "8000"


class ReplanBody(PlanBody):
    """Another plan, and why."""

    reason: FilledLine


class ReachedBody(Body):
    """The day on which a milestone was reached; today where not said."""

    reached_on: Day | None = None


class DeliveredBody(Body):
    """The day of delivery; today where not said."""

    delivered_on: Day | None = None


class CompletedBody(Body):
    """The day of completion; today where not said."""

    completed_on: Day | None = None


class StopBody(Body):
    """Why it stops."""

    reason: FilledLine
    channel: Channel = "api"


class GoodsLineBody(Body):
    """A line of an order (CON-11). ``supplier_months``: the warranty that the supplier gives."""

    line_id: Key60
    article: FilledLine
    sku: FilledLine | None = None
    quantity: Count
    unit_price: Cents
    vat_rate: Rate = Decimal(21)
    kind: Literal["goods", "service"] = "goods"
    revenue_group: FilledLine = "ICT"
    ledger_account: FilledLine = "8000"
    supplier_months: Annotated[int, Field(strict=True, ge=0, le=240)] | None = None


class LeaseCompanyBody(Body):
    """A lease company that is billed instead of the account; its invoice goes to ``email``."""

    name: FilledLine
    street: Line = ""
    postcode: Line = ""
    city: Line = ""
    country: Country = "NL"
    email: Email


class GoodsOrderBody(Body):
    """An order of hardware or software."""

    order_id: Key60
    project_id: Key60 | None = None
    lines: Annotated[list[GoodsLineBody], Field(min_length=1, max_length=200)]
    ordered_on: Day | None = None
    agreed_on: Day
    bill_to: LeaseCompanyBody | None = None
    channel: Channel = "api"

    def ordered(self) -> tuple[GoodsLine, ...]:
        """As events carry them."""
        return msgspec.convert([line.model_dump() for line in self.lines], tuple[GoodsLine, ...])

    def billed_to(self) -> LeaseCompany | None:
        """As events carry it."""
        return msgspec.convert(self.bill_to.model_dump(), LeaseCompany) if self.bill_to is not None else None


class PiecesBody(Body):
    """So many pieces of a line."""

    line_id: Key60
    quantity: Count


class SomePiecesBody(Body):
    """Pieces of lines; without any, all that is outstanding."""

    lines: Annotated[list[PiecesBody], Field(max_length=200, default_factory=list)]

    def pieces(self) -> Pieces:
        """As commands take them."""
        return tuple((line.line_id, line.quantity) for line in self.lines)


class DeliveryBody(SomePiecesBody):
    """A delivery; today where no day is given."""

    delivery_id: Key60
    delivered_on: Day | None = None


class GoodsCancellationBody(SomePiecesBody):
    """What need not come any more, and why."""

    reason: FilledLine
    channel: Channel = "api"


class DeliveryDateBody(Body):
    """Another delivery day."""

    agreed_on: Day
    channel: Channel = "api"


class PlacementBody(Body):
    """Delivered pieces that were put into use; one, where it has a serial number."""

    placement_id: Key60
    line_id: Key60
    quantity: Count = 1
    serial_number: FilledLine | None = None
    placed_on: Day | None = None


class ExtensionBody(Body):
    """More months of warranty, and what they cost (CON-12)."""

    months: MonthCount
    net: Cents
    vat_rate: Rate = Decimal(21)
    channel: Channel = "api"


class LeaseBody(Body):
    """A lease: a monthly article for so many months, from a day on; today where not said."""

    lease_id: Key60
    module_id: ThingKey
    tariff_id: ThingKey
    order_id: Key60 | None = None
    quantity: Count = 1
    months: MonthCount
    starts_on: Day | None = None
    channel: Channel = "api"


class LeaseExtensionBody(Body):
    """So many months more."""

    months: MonthCount


class TaskDoneBody(Body):
    """What came of it."""

    outcome: FilledLine = "looked at"
