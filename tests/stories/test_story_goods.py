"""Projects and goods: an order that comes late and is under warranty to the day, a project to its last milestone, a lease to its end."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.testing.story import MONTHLY_FEE, Facts, Story

pytestmark = pytest.mark.slow

PHONES: Facts = {
    "order_id": "phones",
    "agreed_on": "2026-01-20",
    "lines": [
        {"line_id": "t46", "article": "Desk phone", "sku": "T46", "quantity": 4, "unit_price": "149.50"},
        {"line_id": "work", "article": "Installation", "quantity": 2, "unit_price": "75.00", "kind": "service"},
    ],
}


async def bills(story: Story, account: str) -> list[tuple[str, str, Decimal]]:
    """Stream, day of issue and net amount of each document."""
    return [(str(one["stream"]), str(one["issued_on"]), Decimal(one["net"])) for one in await story.invoices(account)]


async def covered(story: Story, path: str, day: str) -> bool:
    (cover,) = (await story.call("GET", f"/contracts/accounts/acme/{path}/warranty?on={day}"))["items"]
    return bool(cover["is_covered"])


@pytest.mark.rule("CON-11", "CON-12", "INV-3", "INV-4", "INV-5", "INV-6", "INV-17")
async def test_hardware_comes_late_is_invoiced_when_it_comes_and_is_covered_to_the_day(story: Story) -> None:
    """Agreed for 20 January, delivered on the 22nd and 26th, placed on the 31st: covered until 31 January 2027, longer for a price."""
    await story.open_shop()
    await story.customer("acme")
    orders = "/contracts/accounts/acme/goods-orders"
    await story.call("POST", orders, PHONES)
    await story.until(date(2026, 1, 20), "17:00")
    (task,) = await story.items("/contracts/tasks")
    assert (task["kind"], task["subject_id"], task["raised_on"]) == ("delivery_late", "phones", "2026-01-20")
    await story.until(date(2026, 1, 22), "09:00")
    part = {"delivery_id": "d1", "lines": [{"line_id": "t46", "quantity": 3}]}
    await story.call("POST", f"{orders}/phones/deliveries", part)
    await story.until(date(2026, 1, 26), "09:00")
    await story.call("POST", f"{orders}/phones/deliveries", {"delivery_id": "d2"})
    assert await story.items("/contracts/tasks") == []
    await story.until(date(2026, 1, 31))
    # 748.00 in all is over 300.00: each delivery on its own day, also the part of 299.50.
    assert await bills(story, "acme") == [
        ("hardware", "2026-01-22", Decimal("448.50")),
        ("hardware", "2026-01-26", Decimal("299.50")),
    ]
    (first, _) = await story.invoices("acme")
    assert (first["due_on"], first["collection"]) == ("2026-02-21", "transfer")
    await story.call("POST", f"{orders}/phones/placements", {"placement_id": "desk-1", "line_id": "t46", "serial_number": "SN-1"})
    assert await covered(story, "goods-orders/phones", "2027-01-31")
    assert not await covered(story, "goods-orders/phones", "2027-02-01")
    await story.call("POST", f"{orders}/phones/placements/desk-1/warranty", {"months": 1, "net": "12.00"})
    assert await covered(story, "goods-orders/phones", "2027-02-28"), "thirteen months from 31 January"
    await story.until(date(2026, 2, 2))
    (waiting,) = await story.items("/invoice/accounts/acme/waiting-lines")
    assert (waiting["stream"], waiting["place"], waiting["net"]) == ("support", "carried", "12.00"), "too little for a document"
    await story.until(date(2026, 4, 2))
    assert (await bills(story, "acme"))[-1] == ("support", "2026-04-01", Decimal("12.00")), "the quarter's run of support"


PROJECT: Facts = {
    "project_id": "branch",
    "title": "New branch",
    "quote": "Q-2026-1",
    "price": "1500.00",
    "remainder_on_delivery": True,
    "milestones": [
        {"milestone_id": "design", "title": "Design", "net": "400.00", "planned_on": "2026-01-15"},
        {"milestone_id": "build", "title": "Build", "net": "800.00"},
    ],
}
"""1,500.00 in two milestones and on delivery."""


@pytest.mark.rule("CON-11", "CON-12", "INV-5", "INV-17")
async def test_a_project_bills_its_milestones_with_its_goods_and_its_settings_are_covered_for_two_weeks(story: Story) -> None:
    """1,500.00 in two milestones and on delivery, 448.50 of phones within it: each project invoice on its own day, all of it once."""
    await story.open_shop()
    await story.customer("acme")
    path = "/contracts/accounts/acme/projects"
    await story.call("POST", path, PROJECT)
    await story.until(date(2026, 1, 15), "09:00")
    await story.call("POST", f"{path}/branch/milestones/design/reached", {})
    await story.call("POST", "/contracts/accounts/acme/goods-orders", {**PHONES, "project_id": "branch"})
    await story.until(date(2026, 1, 19), "09:00")
    part = {"delivery_id": "d1", "lines": [{"line_id": "t46", "quantity": 3}]}
    await story.call("POST", "/contracts/accounts/acme/goods-orders/phones/deliveries", part)
    await story.until(date(2026, 2, 2), "09:00")
    (waiting,) = await story.items("/invoice/accounts/acme/waiting-lines")
    assert (waiting["stream"], waiting["module_id"], waiting["net"]) == ("project", "branch", "448.50"), "no run takes it"
    await story.call("POST", f"{path}/branch/milestones/build/reached", {})
    await story.until(date(2026, 2, 4), "09:00")
    await story.call("POST", f"{path}/branch/delivery", {})
    await story.until(date(2026, 2, 6), "09:00")
    await story.call("POST", f"{path}/branch/completion", {})
    await story.until(date(2026, 2, 8), "09:00")
    await story.call("POST", "/contracts/accounts/acme/goods-orders/phones/deliveries", {"delivery_id": "d2"})
    await story.until(date(2026, 2, 9))
    assert await bills(story, "acme") == [
        ("project", "2026-01-15", Decimal("400.00")),
        ("project", "2026-02-02", Decimal("1248.50")),
        ("project", "2026-02-04", Decimal("300.00")),
        ("project", "2026-02-08", Decimal("299.50")),
    ]
    assert await covered(story, "projects/branch", "2026-02-20")
    assert not await covered(story, "projects/branch", "2026-02-21")
    assert await story.items("/invoice/accounts/acme/waiting-lines") == []


@pytest.mark.rule("CON-11")
async def test_a_lease_is_billed_by_the_month_until_its_end_and_then_no_more(story: Story) -> None:
    """Two months from 10 January at 100.00: 22 of 31 days, February, 9 of 31 days of March; a task on 7 February."""
    await story.open_shop(MONTHLY_FEE)
    await story.customer("acme")
    await story.until(date(2026, 1, 10), "09:00")
    lease: dict[str, Any] = {"lease_id": "l-1", "module_id": "leased", "tariff_id": "workplace", "months": 2}
    leased = await story.call("POST", "/contracts/accounts/acme/leases", lease)
    assert leased["ends_on"] == "2026-03-09"
    await story.until(date(2026, 2, 7), "07:59")
    assert await story.items("/contracts/tasks") == []
    await story.until(date(2026, 2, 7), "08:00")
    (task,) = await story.items("/contracts/tasks")
    assert (task["kind"], task["subject_id"]) == ("lease_ends", "l-1")
    await story.until(date(2026, 5, 2))
    billed = sum((net for _, _, net in await bills(story, "acme")), Decimal(0))
    # 100.00 x 22/31 + 100.00 + 100.00 x 9/31, each rounded once.
    assert billed == Decimal("70.97") + Decimal("100.00") + Decimal("29.03")
    shown = await story.call("GET", "/contracts/accounts/acme/leases/l-1")
    assert shown["ended_on"] == "2026-03-09"
