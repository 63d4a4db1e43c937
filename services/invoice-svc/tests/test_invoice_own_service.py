"""Invoices outside of runs on a real database: milestones, deliveries, small orders, a lease company (INV-4, INV-5, INV-17)."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.dunning import StepProposed
from termijn.events.goods import (
    DeliveredLine,
    GoodsDelivered,
    GoodsOrdered,
    LeaseCompany,
    MilestoneReached,
    OrderId,
    ProjectCompleted,
    ProjectDelivered,
    ProjectId,
    ProjectStopped,
    WarrantyExtended,
    WarrantyId,
)
from termijn.events.invoice import InvoiceIssued, PaymentMissed, StepCleared
from termijn.invoice.laws import SUMS
from termijn.kernel.ids import CaseId

Open = Callable[..., Awaitable[Any]]
MARCH_9 = date(2026, 3, 9)
pytestmark = pytest.mark.slow


def milestone(milestone_id: str, net: str, on: date = MARCH_9, project: str = "branch") -> MilestoneReached:
    return MilestoneReached(
        project_id=ProjectId(project),
        project_title="New branch",
        milestone_id=milestone_id,
        title=milestone_id.title(),
        net=Decimal(net),
        vat_rate=Decimal(21),
        kind="service",
        revenue_group="ICT",
        ledger_account="8200",
        reached_on=on,
    )


def part(line_id: str, quantity: int, price: str) -> DeliveredLine:
    net = Decimal(price) * quantity
    return DeliveredLine(
        line_id=line_id, article=line_id.title(), sku="T46", quantity=quantity, unit_price=Decimal(price), net=net, vat_rate=Decimal(21)
    )


def goods(order: str, *parts: DeliveredLine, order_net: str | None = None, delivery: str = "d1", **other: Any) -> GoodsDelivered:
    net = sum((one.net for one in parts), Decimal(0))
    return GoodsDelivered(
        order_id=OrderId(order),
        delivery_id=delivery,
        delivered_on=MARCH_9,
        lines=parts,
        net=net,
        order_net=Decimal(order_net) if order_net else net,
        is_complete=True,
        **other,
    )


def completed(project: str = "branch") -> ProjectCompleted:
    return ProjectCompleted(project_id=ProjectId(project), completed_on=MARCH_9)


@pytest.mark.rule("INV-5", "INV-6", "INV-17")
async def test_a_milestone_and_a_large_delivery_are_invoiced_the_same_day_by_transfer_in_30_days(opened: Open) -> None:
    """Each on its own stream, also where there is a mandate; told again nothing is billed twice."""
    firm = await opened()
    await firm.account("jansen")
    await firm.to(MARCH_9, "10:00")
    design, phones = milestone("design", "400.00"), goods("o-1", part("phones", 4, "100.00"))
    await firm.it.hear("contracts", design, phones, design, phones, account="jansen")
    project, hardware = await firm.it.published(InvoiceIssued)
    assert [(one.stream, one.net, one.gross, one.issued_on, one.due_on, one.collection) for one in (project, hardware)] == [
        ("project", Decimal("400.00"), Decimal("484.00"), MARCH_9, date(2026, 4, 8), "transfer"),
        ("hardware", Decimal("400.00"), Decimal("484.00"), MARCH_9, date(2026, 4, 8), "transfer"),
    ]
    text = await firm.call("GET", f"/invoices/{hardware.invoice_id}/document")
    assert "Levering (o-1)" in text and "Phones (T46)" in text and "4 stuks" in text
    assert "New branch (branch)" in await firm.call("GET", f"/invoices/{project.invoice_id}/document")
    await firm.verified()
    assert [row["amount"] for row in await firm.it.rows(SUMS["delivered"])] == [Decimal("800.00")]
    assert await firm.it.rows(SUMS["charged"]) == []
    await firm.it.service.rebuild("lines")
    await firm.verified()


@pytest.mark.rule("INV-5", "INV-17")
async def test_goods_within_a_project_wait_for_its_next_invoice_and_bill_when_it_is_over(opened: Open) -> None:
    """On the milestone's invoice; what comes after the last milestone with the delivery, the completion or the stop."""
    firm = await opened()
    await firm.account("jansen")
    within = {"project_id": ProjectId("branch"), "project_title": "New branch"}
    await firm.it.hear("contracts", goods("o-1", part("phones", 4, "100.00"), **within), account="jansen")
    (waiting,) = (await firm.call("GET", "/accounts/jansen/waiting-lines", role="customer", account="jansen"))["items"]
    assert (waiting["stream"], waiting["place"], waiting["source"], waiting["net"]) == ("project", "waiting", "contracts", "400.00")
    await firm.it.hear("contracts", milestone("design", "100.00"), account="jansen")
    rest = ProjectDelivered(
        project_id=ProjectId("branch"), project_title="New branch", delivered_on=MARCH_9, net=Decimal("0.00"), vat_rate=Decimal(21),
        kind="service", revenue_group="ICT", ledger_account="8200",
    )  # fmt: skip
    await firm.it.hear("contracts", rest, goods("o-2", part("desk", 1, "50.00"), **within), completed(), account="jansen")
    await firm.it.hear("contracts", goods("o-3", part("lamp", 1, "9.00"), project_is_over=True, **within), account="jansen")
    assert [(e.stream, e.net) for e in await firm.it.published(InvoiceIssued)] == [
        ("project", Decimal("500.00")),
        ("project", Decimal("50.00")),
        ("project", Decimal("9.00")),
    ]
    stopped = ProjectStopped(project_id=ProjectId("other"), stopped_on=MARCH_9, dropped=Decimal(0), reason="x")
    other = {"project_id": ProjectId("other"), "project_title": "Other"}
    await firm.it.hear("contracts", goods("o-4", part("chair", 1, "70.00"), **other), stopped, account="jansen")
    assert len(await firm.it.published(InvoiceIssued)) == 4
    assert (await firm.call("GET", "/accounts/jansen/waiting-lines"))["items"] == []
    await firm.verified()


async def runs_of_support(firm: Any) -> list[tuple[Any, ...]]:
    """What the list of runs says of those of support, page by page."""
    found: list[Any] = []
    cursor = ""
    while not found or cursor:
        page = await firm.call("GET", f"/runs?limit=1{cursor}")
        found += page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else ""
    names = ("period", "run_on", "state", "expected", "billed", "carried")
    return [tuple(run[name] for name in names) for run in found if run["kind"] == "support"]


@pytest.mark.rule("INV-3", "INV-4")
async def test_what_is_too_small_for_a_run_of_support_shows_in_it_and_in_the_quarters(opened: Open) -> None:
    """Carried in the run of 16 March, expected in that of 1 April."""
    firm = await opened()
    await firm.account("jansen")
    await firm.it.hear("contracts", goods("o-1", part("cable", 1, "9.50")), account="jansen")
    await firm.to(date(2026, 3, 16), "06:00")
    assert await runs_of_support(firm) == [
        ("2026-04", "2026-04-01", "planned", 1, 0, 0),
        ("2026-03", "2026-03-16", "closed", 1, 0, 1),
    ]


@pytest.mark.rule("INV-4", "INV-17", "CON-12")
async def test_a_small_order_and_a_longer_warranty_wait_for_a_run_of_support(opened: Open) -> None:
    """In a named place until then; the run of 16 March takes them, for the 15th is a Sunday, on an invoice of support."""
    firm = await opened()
    await firm.account("jansen")
    longer = WarrantyExtended(
        warranty_id=WarrantyId("o-1~p1"), order_id=OrderId("o-1"), extension=1, months=12, until_on=date(2028, 3, 9), extended_on=MARCH_9,
        article="Phone", net=Decimal("60.00"), vat_rate=Decimal(21), revenue_group="ICT", ledger_account="8000",
    )  # fmt: skip
    ordered = GoodsOrdered(order_id=OrderId("o-1"), lines=(), net=Decimal(0), ordered_on=MARCH_9, agreed_on=MARCH_9)
    free = goods("o-2", part("cable", 5, "0.00"))
    await firm.it.hear("contracts", ordered, goods("o-1", part("phones", 1, "99.50")), longer, free, account="jansen")
    assert await firm.it.published(InvoiceIssued) == []
    waiting = (await firm.call("GET", "/accounts/jansen/waiting-lines?stream=support"))["items"]
    assert [(one["line_id"], one["net"]) for one in waiting] == [
        ("~goods/o-1/d1/phones", "99.50"),
        ("~warranty/o-1~p1/1", "60.00"),
    ]
    await firm.to(date(2026, 3, 16), "05:59")
    assert await firm.it.published(InvoiceIssued) == []
    assert await runs_of_support(firm) == [("2026-03", "2026-03-16", "planned", 1, 0, 0)]
    await firm.to(date(2026, 3, 16), "06:00")
    issued = await firm.one(InvoiceIssued)
    assert (issued.stream, issued.net) == ("support", Decimal("159.50"))
    assert await runs_of_support(firm) == [("2026-03", "2026-03-16", "closed", 1, 1, 0)]
    await firm.verified()
    assert [row["amount"] for row in await firm.it.rows(SUMS["delivered"])] == [Decimal("159.50")]


@pytest.mark.rule("CON-11", "INV-5")
async def test_what_a_lease_company_pays_is_addressed_and_mailed_to_it(opened: Open) -> None:
    """Without the account's own VAT number, however small, and without the account's mandate."""
    firm = await opened()
    await firm.account("jansen", vat_number="NL000099998B57", chamber_of_commerce="87654321")
    company = LeaseCompany(name="Lease B.V.", street="Dok 9", postcode="3011 AA", city="Rotterdam", email="ap@lease.example")
    await firm.it.hear(
        "contracts", goods("o-1", part("laptop", 1, "200.00"), goes_to_lease_company=True, bill_to=company), account="jansen"
    )
    issued = await firm.one(InvoiceIssued)
    assert (issued.stream, issued.collection) == ("hardware", "transfer")
    (to, _, text, _) = firm.post.sent[-1]
    assert to == "ap@lease.example"
    assert "Lease B.V." in text and "Rotterdam" in text
    assert "Jansen B.V." not in text and "NL000099998B57" not in text and "87654321" not in text
    await firm.verified()


@pytest.mark.rule("INV-17")
async def test_what_comes_before_its_account_waits_for_it(opened: Open) -> None:
    """Nothing is dropped."""
    firm = await opened()
    await firm.it.hear("contracts", milestone("design", "400.00"), account="jansen")
    assert await firm.it.published(InvoiceIssued) == []
    await firm.account("jansen")
    assert (await firm.one(InvoiceIssued)).net == Decimal("400.00")
    await firm.verified()


@pytest.mark.rule("CON-11", "PAY-5")
async def test_what_a_lease_company_does_not_pay_is_no_miss_of_the_account(opened: Open) -> None:
    """Who ordered does not owe it: no letter, nothing in its balance, nothing beside its own letters; a person is told, once."""
    firm = await opened()
    await firm.account("jansen")
    company = LeaseCompany(name="Lease B.V.", email="ap@lease.example")
    ours, theirs = (
        goods("o-1", part("desk", 1, "400.00")),
        goods("o-2", part("laptop", 1, "500.00"), goes_to_lease_company=True, bill_to=company),
    )
    await firm.it.hear("contracts", ours, theirs, account="jansen")
    await firm.to(date(2026, 4, 9), "12:00")
    documents = {one["net"]: one for one in (await firm.call("GET", "/invoices?account=jansen"))["items"]}
    assert [(net, one["state"], one["is_billed_elsewhere"]) for net, one in sorted(documents.items())] == [
        ("400.00", "missed", False),
        ("500.00", "open", True),
    ]
    assert [miss.gross for miss in await firm.it.published(PaymentMissed)] == [Decimal("484.00")]
    assert (await firm.call("GET", "/accounts/jansen/balance"))["open"] == "484.00"
    (task,) = [one for one in (await firm.call("GET", "/tasks"))["items"] if one["kind"] == "unpaid_elsewhere"]
    assert task["invoice_id"] == documents["500.00"]["invoice_id"]
    step = StepProposed(
        case_id=CaseId("case-1"), invoice_id=documents["400.00"]["invoice_id"], step="reminder", proposal="p1", planned_on=date(2026, 4, 12)
    )
    await firm.it.hear("dunning", step, account="jansen")
    cleared = await firm.one(StepCleared)
    assert [one.invoice_id for one in cleared.beside] == []
    await firm.verified()
