"""What contracts-svc answers about projects, goods, leases and warranties, as the OpenAPI document describes it (API-3).

Amounts are euros net of VAT.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from termijn.runtime.http import Page

GoodsKind = Literal["goods", "service"]
ProjectStates = Literal["open", "delivered", "completed", "stopped"]


class ChangedProject(BaseModel):
    """A project after a change, and what it has billed so far."""

    project_id: str
    state: ProjectStates
    price: Decimal
    billed: Decimal
    version: int


class ListedProject(BaseModel):
    """A project (CON-11)."""

    project_id: str
    version: int
    title: str
    state: ProjectStates
    price: Decimal
    remainder: Decimal = Field(description="What no milestone bills; it is billed on delivery.")
    agreed_on: date
    quote: str | None
    delivered_on: date | None
    over_on: date | None = Field(description="When it was completed or stopped.")


class ProjectMilestone(BaseModel):
    """A milestone; it is billed when it is reached."""

    milestone_id: str
    title: str
    net: Decimal
    vat_rate: Decimal
    kind: GoodsKind
    planned_on: date | None
    reached_on: date | None


class WholeProject(ListedProject):
    """A project with its milestones and the ids of its orders of goods."""

    account: str
    remainder_vat_rate: Decimal
    dropped: Decimal = Field(description="What will never be billed, since it stopped.")
    billed: Decimal
    milestones: list[ProjectMilestone]
    orders: list[str]


class OrderLine(BaseModel):
    """A line of an order of goods, and how far it is."""

    line_id: str
    article: str
    sku: str | None
    quantity: int
    unit_price: Decimal
    vat_rate: Decimal
    kind: GoodsKind
    revenue_group: str
    ledger_account: str
    supplier_months: int | None = Field(description="Months of warranty that the supplier gives.")
    delivered: int
    cancelled: int
    placed: int = Field(description="Put into use: their warranty runs (CON-12).")
    outstanding: int


class ChangedOrder(BaseModel):
    """The lines of an order after a change."""

    order_id: str
    outstanding: int
    lines: list[OrderLine]
    version: int


class _GoodsOrder(BaseModel):
    """An order of goods (CON-11)."""

    order_id: str
    version: int
    project_id: str | None
    ordered_on: date
    agreed_on: date = Field(description="The delivery day that was agreed.")
    goes_to_lease_company: bool


class ListedOrder(_GoodsOrder):
    """An order of goods in a list."""

    net: Decimal
    outstanding: int


class OrderDelivery(BaseModel):
    """What of a line came in a delivery."""

    delivery_id: str
    line_id: str
    delivered_on: date
    quantity: int
    net: Decimal


class WholeOrder(_GoodsOrder):
    """An order of goods with its lines and deliveries."""

    account: str
    channel: str
    lines: list[OrderLine]
    deliveries: list[OrderDelivery]


class ListedLease(BaseModel):
    """A lease: it is billed as a module that ends with it (CON-11)."""

    lease_id: str
    version: int
    module_id: str
    order_id: str | None
    title: str
    months: int
    starts_on: date
    ends_on: date
    warn_on: date = Field(description="When a manager is told that it ends.")
    ended_on: date | None


class WholeLease(ListedLease):
    """A lease with its account."""

    account: str


class ManagerTask(BaseModel):
    """Something for a manager to look at."""

    raised_at: datetime
    task_id: str
    account: str
    kind: str = Field(description="delivery_late, lease_ends")
    subject_id: str = Field(description="The order or lease that it is about.")
    reason: str
    raised_on: date


class FinishedTask(BaseModel):
    """A task that somebody looked at."""

    task_id: str


class Cover(BaseModel):
    """What is under warranty, until when, and how that came about (CON-12, CON-13). What does not apply is absent."""

    warranty_id: str
    covers: Literal["hardware", "settings"]
    order_id: str | None = None
    line_id: str | None = None
    project_id: str | None = None
    article: str
    serial_number: str | None = None
    quantity: int
    on: date
    is_covered: bool
    from_on: date
    until_on: date
    rule: str
    inputs: dict[str, Any]
    steps: list[str]


class ExtendedCover(Cover):
    """A warranty after more of it was sold; ``version`` is the order's."""

    version: int


PROJECTS, ORDERS, LEASES = Page[ListedProject], Page[ListedOrder], Page[ListedLease]
TASKS, COVERS = Page[ManagerTask], Page[Cover]
