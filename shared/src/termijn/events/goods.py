"""What contracts-svc publishes of projects, goods, leases and warranties (CON-11, CON-12). Names are stored forever.

These events belong to the topic of contracts-svc; ``events/contracts.py`` lists them among all that it publishes.
Amounts are net euros in cents.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal, NewType

import msgspec

from termijn.events.base import Event
from termijn.kernel.ids import ModuleId

ProjectId = NewType("ProjectId", str)
"""One project; unique per provider."""
OrderId = NewType("OrderId", str)
"""One order of goods; unique per provider."""
LeaseId = NewType("LeaseId", str)
"""One lease; unique per provider."""
WarrantyId = NewType("WarrantyId", str)
"""One cover: "<order>~<placement>" for hardware, "<project>~settings" for settings."""

GoodsKind = Literal["goods", "service"]


class LeaseCompany(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys what an account uses: its name and address stand on the invoice, which goes to ``email``."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = "NL"
    email: str = ""


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """A point in a project at which ``net`` is billed."""

    milestone_id: str
    title: str
    net: Decimal
    vat_rate: Decimal
    kind: GoodsKind = "service"
    planned_on: date | None = None


class GoodsLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order: ``quantity`` pieces at ``unit_price``. ``supplier_months`` is the warranty that the supplier gives."""

    line_id: str
    article: str
    sku: str | None = None
    quantity: int
    unit_price: Decimal
    vat_rate: Decimal
    kind: GoodsKind = "goods"
    revenue_group: str = "ICT"
    ledger_account: str = "8000"
    supplier_months: int | None = None


class DeliveredLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a line, and what they cost."""

    line_id: str
    article: str
    sku: str | None = None
    quantity: int
    unit_price: Decimal
    net: Decimal
    vat_rate: Decimal
    kind: GoodsKind = "goods"
    revenue_group: str = "ICT"
    ledger_account: str = "8000"


class CancelledLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a line will not be delivered."""

    line_id: str
    quantity: int


class ProjectOpened(Event, frozen=True, kw_only=True):
    """A quote was accepted in writing. ``price`` is the sum of the milestones and of ``remainder``, which bills on delivery."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"quote"})
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"title", "milestones.*.title"})
    project_id: ProjectId
    title: str
    price: Decimal
    milestones: tuple[Milestone, ...]
    remainder: Decimal
    remainder_vat_rate: Decimal
    remainder_kind: GoodsKind = "service"
    agreed_on: date
    quote: str | None = None
    revenue_group: str = "ICT"
    ledger_account: str = "8000"
    channel: str = "api"


class ProjectReplanned(Event, frozen=True, kw_only=True):
    """The plan as it is from now on: all of it. What was reached before is in it, unchanged."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"milestones.*.title"})
    project_id: ProjectId
    price: Decimal
    milestones: tuple[Milestone, ...]
    remainder: Decimal
    remainder_vat_rate: Decimal
    reason: str | None
    channel: str = "api"


class MilestoneReached(Event, frozen=True, kw_only=True):
    """The milestone bills now: ``net``, once."""

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"project_title", "title"})
    project_id: ProjectId
    project_title: str
    milestone_id: str
    title: str
    net: Decimal
    vat_rate: Decimal
    kind: GoodsKind
    revenue_group: str
    ledger_account: str
    reached_on: date


class ProjectDelivered(Event, frozen=True, kw_only=True):
    """The project was handed over; ``net`` is what no milestone bills, perhaps nothing."""

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"project_title"})
    project_id: ProjectId
    project_title: str
    delivered_on: date
    net: Decimal
    vat_rate: Decimal
    kind: GoodsKind
    revenue_group: str
    ledger_account: str


class ProjectCompleted(Event, frozen=True, kw_only=True):
    """All of it is done; the warranty on settings runs from this day (CON-12)."""

    project_id: ProjectId
    completed_on: date


class ProjectStopped(Event, frozen=True, kw_only=True):
    """It goes no further; ``dropped`` is what will never be billed."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    project_id: ProjectId
    stopped_on: date
    dropped: Decimal
    reason: str | None
    channel: str = "api"


class GoodsOrdered(Event, frozen=True, kw_only=True):
    """Hardware or software was ordered, to be delivered on ``agreed_on``. ``bill_to``: a lease company that is billed instead."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"bill_to"})
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"lines.*.article"})
    order_id: OrderId
    project_id: ProjectId | None = None
    lines: tuple[GoodsLine, ...]
    net: Decimal
    ordered_on: date
    agreed_on: date
    bill_to: LeaseCompany | None = None
    channel: str = "api"


class DeliveryDateAgreed(Event, frozen=True, kw_only=True):
    """Another delivery day was agreed."""

    order_id: OrderId
    agreed_on: date
    channel: str = "api"


class GoodsDelivered(Event, frozen=True, kw_only=True):
    """A delivery, perhaps of a part. ``order_net`` is the order's whole sum without what was cancelled (INV-4, INV-5).

    ``project_id`` where the goods belong to a project, and ``project_is_over`` where no milestone of it is to come.
    ``goes_to_lease_company`` stays true when ``bill_to`` is erased.
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"bill_to", "project_title"})
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"lines.*.article"})
    order_id: OrderId
    delivery_id: str
    delivered_on: date
    lines: tuple[DeliveredLine, ...]
    net: Decimal
    order_net: Decimal
    is_complete: bool
    project_id: ProjectId | None = None
    project_title: str | None = None
    project_is_over: bool = False
    goes_to_lease_company: bool = False
    bill_to: LeaseCompany | None = None


class GoodsOrderCancelled(Event, frozen=True, kw_only=True):
    """These pieces will not be delivered; ``net`` is what they would have cost, ``order_net`` what the order sums up to now."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    order_id: OrderId
    cancelled_on: date
    lines: tuple[CancelledLine, ...]
    net: Decimal
    order_net: Decimal
    reason: str | None
    channel: str = "api"


class GoodsPlaced(Event, frozen=True, kw_only=True):
    """Pieces of a line, or the one with that serial number, were put into use."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"serial_number"})
    order_id: OrderId
    placement_id: str
    line_id: str
    quantity: int
    serial_number: str | None = None
    placed_on: date


class WarrantyStarted(Event, frozen=True, kw_only=True):
    """Work on this is under warranty from ``from_on`` to ``until_on``, both included (CON-12).

    What that follows from stands beside it: the months of the provider and of the supplier, or the days for settings.
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"serial_number"})
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"article"})
    warranty_id: WarrantyId
    covers: Literal["hardware", "settings"]
    order_id: OrderId | None = None
    line_id: str | None = None
    project_id: ProjectId | None = None
    article: str
    serial_number: str | None = None
    quantity: int
    from_on: date
    until_on: date
    own_months: int | None = None
    supplier_months: int | None = None
    settings_days: int | None = None


class WarrantyExtended(Event, frozen=True, kw_only=True):
    """The cover lasts to ``until_on`` now; ``net`` is the price of that, billed once. ``extension`` counts from 1."""

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"article"})
    warranty_id: WarrantyId
    order_id: OrderId
    extension: int
    months: int
    until_on: date
    extended_on: date
    article: str
    net: Decimal
    vat_rate: Decimal
    revenue_group: str
    ledger_account: str
    channel: str = "api"


class LeaseStarted(Event, frozen=True, kw_only=True):
    """A monthly article for ``months``, billed as the module ``module_id`` until ``ends_on``; from ``warn_on`` a task says so."""

    lease_id: LeaseId
    module_id: ModuleId
    order_id: OrderId | None = None
    title: str
    months: int
    starts_on: date
    ends_on: date
    warn_on: date


class LeaseExtended(Event, frozen=True, kw_only=True):
    """The lease has another last day. ``months`` is the whole term from its start."""

    lease_id: LeaseId
    module_id: ModuleId
    months: int
    ends_on: date
    warn_on: date


class LeaseEnded(Event, frozen=True, kw_only=True):
    """``ended_on`` was the last day."""

    lease_id: LeaseId
    module_id: ModuleId
    ended_on: date


GOODS: tuple[type[Event], ...] = (
    ProjectOpened,
    ProjectReplanned,
    MilestoneReached,
    ProjectDelivered,
    ProjectCompleted,
    ProjectStopped,
    GoodsOrdered,
    DeliveryDateAgreed,
    GoodsDelivered,
    GoodsOrderCancelled,
    GoodsPlaced,
    WarrantyStarted,
    WarrantyExtended,
    LeaseStarted,
    LeaseExtended,
    LeaseEnded,
)
