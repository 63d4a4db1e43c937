"""Invoices outside of runs: projects, large orders of goods, and what of them waits where (INV-4, INV-5, INV-17)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.events.contracts import AccountFacts
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
from termijn.events.invoice import InvoiceIssued
from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account import (
    BILLING_ACCOUNT,
    BillingAccountNoted,
    BillLines,
    DraftDocuments,
    Known,
    LinesArrived,
    LinesBilled,
    NotePeriod,
    RunTaken,
    TakeLines,
)
from termijn.invoice.laws import SUMS
from termijn.invoice.own_invoice import place_of_goods
from termijn.invoice.policy import Policy
from termijn.kernel.ids import AccountId, ModuleId
from termijn.testing.spec import spec

Open = Callable[..., Awaitable[Any]]
Noted = Callable[..., Any]
MARCH_9 = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)


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


# ---- Where a delivery goes --------------------------------------------------------------------------------------------


@pytest.mark.rule("INV-4", "INV-5")
def test_an_order_of_at_most_300_goes_with_support_a_larger_one_on_its_own_and_a_projects_with_it() -> None:
    """By the order's sum, not by that of the delivery."""

    def stream(event: GoodsDelivered) -> tuple[str, bool]:
        place = place_of_goods(event, small_order_max=Decimal("300.00"), title="Delivery")
        return place.stream, place.bills

    assert stream(goods("o", part("a", 3, "100.00"))) == ("support", False)
    assert stream(goods("o", part("a", 3, "100.01"))) == ("hardware", True)
    assert stream(goods("o", part("a", 1, "10.00"), order_net="300.01")) == ("hardware", True)
    within = {"project_id": ProjectId("branch"), "project_title": "New branch"}
    assert stream(goods("o", part("a", 9, "100.00"), **within)) == ("project", False)
    assert stream(goods("o", part("a", 1, "1.00"), project_is_over=True, **within)) == ("project", True)
    assert stream(goods("o", part("a", 1, "1.00"), goes_to_lease_company=True)) == ("hardware", True)


# ---- The account ------------------------------------------------------------------------------------------------------


def take(stream: str, of: str, *lines: ChargeLine, period: str = "2026-03") -> TakeLines:
    on_stream = tuple(msgspec.structs.replace(one, stream=stream) for one in lines)
    return TakeLines(now=NOW, module_id=ModuleId(of), module_title=of, period=period, lines=on_stream, known={}, source="contracts")


def bill(stream: str, of: str) -> BillLines:
    return BillLines(now=NOW, account=AccountId("jansen"), stream=stream, module_ids=(ModuleId(of),), run_on=MARCH_9)


@pytest.mark.rule("INV-5", "INV-17")
def test_an_invoice_of_its_own_takes_what_waits_of_that_project_and_nothing_else(noted: Noted, line: Callable[..., ChargeLine]) -> None:
    """Another project's lines, and those of runs, stay; a second time there is nothing to bill."""
    account = spec(BILLING_ACCOUNT).given(noted())
    account.when(
        take("project", "p1", line("a", "10.00")), take("project", "p2", line("b", "20.00")), take("support", "o", line("c", "5.00"))
    )
    account.when(bill("project", "p1"))
    (billed,) = account.events
    assert isinstance(billed, LinesBilled)
    assert (billed.line_ids, billed.net, billed.invoice_id) == (("a",), Decimal("10.00"), "jansen.1")
    account.when(bill("project", "p1")).then_nothing()
    assert isinstance(account.state, Known)
    assert sorted(account.state.lines) == ["b", "c"]


@pytest.mark.rule("INV-5", "INV-17")
def test_a_run_never_takes_what_has_an_occasion_of_its_own(noted: Noted, line: Callable[..., ChargeLine]) -> None:
    """Goods of a project wait for its next milestone, whatever the day."""
    account = spec(BILLING_ACCOUNT).given(noted())
    period = NotePeriod(now=NOW, period="2026-03", closing=1, running_modules=0, run_on=date(2026, 4, 1))
    run = DraftDocuments(now=NOW, account=AccountId("jansen"), period="2026-03", closing=1, policy=Policy())
    account.when(take("project", "p1", line("a", "100.00")), take("hardware", "o", line("b", "100.00")), period, run)
    assert isinstance(account.events[-1], RunTaken)
    assert {type(event).__name__ for event in account.events} == {"LinesArrived", "PeriodReady", "RunTaken"}
    assert isinstance(account.state, Known) and sorted(account.state.lines) == ["a", "b"]


@pytest.mark.rule("INV-17")
@given(steps=st.lists(st.tuples(st.sampled_from(["take", "bill"]), st.sampled_from(["p1", "p2"]), st.integers(0, 99_999)), max_size=20))
def test_in_any_order_billed_and_waiting_is_what_arrived(steps: list[tuple[str, str, int]]) -> None:
    """Each line leaves once."""
    account = spec(BILLING_ACCOUNT).given(BillingAccountNoted(contract_partner=None, invoice_address=None, facts=AccountFacts()))
    arrived = billed = Decimal(0)
    for number, (what, of, cents) in enumerate(steps):
        net = Decimal(cents).scaleb(-2)
        one = ChargeLine(
            line_id=str(number), article="a", title="A", origin="once", period_from=MARCH_9, period_until=MARCH_9, quantity=Decimal(1),
            unit="piece", unit_price=net, net=net, vat_rate=Decimal(21),
        )  # fmt: skip
        account.when(take("project", of, one) if what == "take" else bill("project", of))
        arrived += sum((x.net for e in account.events if isinstance(e, LinesArrived) for x in e.lines), Decimal(0))
        billed += sum((e.net for e in account.events if isinstance(e, LinesBilled)), Decimal(0))
        assert isinstance(account.state, Known)
        assert arrived == billed + sum((held.line.net for held in account.state.lines.values()), Decimal(0))


# ---- The whole service ------------------------------------------------------------------------------------------------


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.rule("INV-4", "INV-17", "CON-12")
async def test_a_small_order_and_a_longer_warranty_wait_for_a_run_of_support(opened: Open) -> None:
    """In a named place until then; the run of 1 April takes them, on an invoice of support."""
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
    await firm.to(date(2026, 4, 1), "05:00")
    await firm.closed("jansen", "2026-03")
    await firm.to(date(2026, 4, 1), "06:00")
    issued = await firm.one(InvoiceIssued)
    assert (issued.stream, issued.net) == ("support", Decimal("159.50"))
    await firm.verified()
    assert [row["amount"] for row in await firm.it.rows(SUMS["delivered"])] == [Decimal("159.50")]


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.rule("INV-17")
async def test_what_comes_before_its_account_waits_for_it(opened: Open) -> None:
    """Nothing is dropped."""
    firm = await opened()
    await firm.it.hear("contracts", milestone("design", "400.00"), account="jansen")
    assert await firm.it.published(InvoiceIssued) == []
    await firm.account("jansen")
    assert (await firm.one(InvoiceIssued)).net == Decimal("400.00")
    await firm.verified()
