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
    OrderId,
    ProjectId,
)
from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account import (
    BILLING_ACCOUNT,
    BillingAccountNoted,
    Known,
    LinesArrived,
    LinesBilled,
    RunTaken,
)
from termijn.invoice.billing_account_command import BillLines, DraftDocuments, NotePeriod, TakeLines
from termijn.invoice.own_invoice import place_of_goods
from termijn.invoice.policy import Policy
from termijn.kernel.ids import AccountId, ModuleId
from termijn.testing.spec import spec

Open = Callable[..., Awaitable[Any]]
Noted = Callable[..., Any]
MARCH_9 = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 10, tzinfo=UTC)


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
