"""Projects, goods, leases and warranties over HTTP on a real database: who may what, bad input, repeats, tasks, confirmations."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from termijn.contracts.laws import SUMS
from termijn.events.contracts import ModuleCancelled, ModuleEnded, ModuleOrdered
from termijn.events.dunning import SuspensionRequested, TerminationRequested
from termijn.events.goods import GoodsDelivered, GoodsOrdered, LeaseEnded, MilestoneReached, WarrantyExtended, WarrantyStarted
from termijn.kernel.calendar import at

pytestmark = pytest.mark.slow

ORDER = {
    "order_id": "o-1",
    "agreed_on": "2026-06-05",
    "lines": [
        {"line_id": "phones", "article": "Phone", "sku": "T46", "quantity": 3, "unit_price": "99.50", "supplier_months": 24},
        {"line_id": "work", "article": "Installation", "quantity": 2, "unit_price": "75.00", "kind": "service"},
    ],
}
PROJECT = {
    "project_id": "branch",
    "title": "New branch",
    "price": "1000.00",
    "milestones": [
        {"milestone_id": "design", "title": "Design", "net": "400.00", "planned_on": "2026-06-20"},
        {"milestone_id": "build", "title": "Build", "net": "500.00"},
    ],
    "remainder_on_delivery": True,
}
ORDERS = "/accounts/acme/goods-orders"
BRANCH = "/accounts/acme/projects/branch"


@pytest.mark.rule("CON-11", "TIM-1")
async def test_a_late_delivery_makes_a_task_and_its_arrival_ends_it(desk: Any) -> None:
    """Agreed for 5 June: at 17:00 that day a manager has a task, once; delivered on the 8th it is gone."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    await desk.contracts.advance_to(at(date(2026, 6, 5), "16:59"))
    assert (await desk.manager.get("/tasks")).json()["items"] == []
    await desk.contracts.advance_to(at(date(2026, 6, 8), "10:00"))
    (task,) = (await desk.manager.get("/tasks")).json()["items"]
    assert (task["kind"], task["subject_id"], task["raised_on"]) == ("delivery_late", "o-1", "2026-06-05")
    assert "3 x Phone" in task["reason"] and "2 x Installation" in task["reason"]
    part = await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {"delivery_id": "d1", "lines": [{"line_id": "phones", "quantity": 2}]})
    assert part["outstanding"] == 3
    assert len((await desk.manager.get("/tasks")).json()["items"]) == 1, "the rest is still late"
    await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {"delivery_id": "d2"})
    assert (await desk.manager.get("/tasks")).json()["items"] == []
    await desk.contracts.settle()
    assert [str(e.net) for e in await desk.contracts.published(GoodsDelivered)] == ["199.00", "249.50"]
    shown = (await desk.customer.get(f"{ORDERS}/o-1")).json()
    assert [(row["delivery_id"], row["line_id"], row["net"]) for row in shown["deliveries"]] == [
        ("d1", "phones", "199.00"),
        ("d2", "phones", "99.50"),
        ("d2", "work", "150.00"),
    ]
    await desk.check()


@pytest.mark.rule("CON-11")
async def test_a_moved_delivery_has_no_task_on_the_old_day_and_a_manager_ends_a_task(desk: Any) -> None:
    """Moved to the 9th it is late on the 9th; what came of the task is said."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    moved = await desk.manager.put(f"{ORDERS}/o-1/delivery-date", json={"agreed_on": "2026-06-09"}, headers=desk.key())
    assert moved.status_code == 200, moved.text
    await desk.contracts.advance_to(at(date(2026, 6, 9), "16:00"))
    assert (await desk.manager.get("/tasks")).json()["items"] == []
    await desk.contracts.advance_to(at(date(2026, 6, 9), "18:00"))
    (task,) = (await desk.manager.get("/tasks")).json()["items"]
    done = await desk.post(desk.manager, f"/tasks/{task['task_id']}/done", {"outcome": "the supplier was called"}, status=200)
    assert done == {"task_id": task["task_id"]}
    assert (await desk.manager.get("/tasks")).json()["items"] == []
    await desk.post(desk.manager, "/tasks/late~nothing~2026-06-09/done", status=404)
    await desk.post(desk.customer, f"/tasks/{task['task_id']}/done", status=403)
    await desk.check()


@pytest.mark.rule("CON-11", "CON-12", "CON-13")
async def test_what_is_placed_is_covered_to_the_day_and_says_why_and_can_be_covered_longer(desk: Any) -> None:
    """Placed on 1 June 2026 with 24 months of the supplier: until 1 June 2028, a year longer for 60.00."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {"delivery_id": "d1"})
    placed = {"placement_id": "p1", "line_id": "phones", "serial_number": "SN-1"}
    await desk.post(desk.manager, f"{ORDERS}/o-1/placements", placed)
    for day, is_covered in (("2026-05-31", False), ("2026-06-01", True), ("2028-06-01", True), ("2028-06-02", False)):
        (cover,) = (await desk.customer.get(f"{ORDERS}/o-1/warranty?on={day}")).json()["items"]
        assert (cover["is_covered"], cover["until_on"]) == (is_covered, "2028-06-01")
    assert (cover["rule"], cover["inputs"]["supplier_months"], cover["serial_number"]) == ("hardware", 24, "SN-1")
    assert cover["steps"][0] == "placed on 1 June 2026"
    longer = await desk.post(desk.manager, f"{ORDERS}/o-1/placements/p1/warranty", {"months": 12, "net": "60.00"})
    assert (longer["until_on"], longer["inputs"]["extensions"]) == ("2029-06-01", [12])
    await desk.contracts.settle()
    assert len(await desk.contracts.published(WarrantyStarted)) == len(await desk.contracts.published(WarrantyExtended)) == 1
    (delivered,) = await desk.contracts.rows(SUMS["delivered"])
    assert str(delivered["amount"]) == "508.50", "298.50 of phones, 150.00 of work, 60.00 of warranty"
    await desk.check()


@pytest.mark.rule("CON-11", "CON-12")
async def test_a_project_runs_from_its_quote_to_the_warranty_on_its_settings(desk: Any) -> None:
    """Two milestones, a change of plan, goods within it, delivery, completion; billed is never more than the price."""
    await desk.acme_with_a_module()
    opened = await desk.post(desk.manager, "/accounts/acme/projects", PROJECT)
    assert (opened["state"], opened["billed"]) == ("open", "0.00")
    await desk.post(desk.manager, f"{BRANCH}/milestones/design/reached", status=200)
    plan = {**{name: PROJECT[name] for name in ("milestones", "remainder_on_delivery")}, "price": "1200.00", "reason": "more cables"}
    changed = await desk.manager.put(f"{BRANCH}/plan", json=plan, headers=desk.key())
    assert (changed.status_code, changed.json()["billed"]) == (200, "400.00"), changed.text
    await desk.post(desk.manager, ORDERS, {**ORDER, "project_id": "branch"})
    await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {"delivery_id": "d1"})
    assert (await desk.post(desk.manager, f"{BRANCH}/completion", status=409))["code"] == "MilestonesAreOpen"
    await desk.post(desk.manager, f"{BRANCH}/milestones/build/reached", status=200)
    assert (await desk.post(desk.manager, f"{BRANCH}/completion", status=409))["code"] == "ProjectNotDelivered"
    await desk.post(desk.manager, f"{BRANCH}/delivery", {"delivered_on": "2026-06-01"}, status=200)
    done = await desk.post(desk.manager, f"{BRANCH}/completion", status=200)
    assert (done["state"], done["billed"]) == ("completed", "1200.00")
    shown = (await desk.customer.get(BRANCH)).json()
    assert ([one["reached_on"] for one in shown["milestones"]], shown["orders"]) == (["2026-06-01", "2026-06-01"], ["o-1"])
    for day, is_covered in (("2026-06-15", True), ("2026-06-16", False)):
        (cover,) = (await desk.customer.get(f"{BRANCH}/warranty?on={day}")).json()["items"]
        assert (cover["covers"], cover["is_covered"]) == ("settings", is_covered)
    (delivered,) = await desk.contracts.rows(SUMS["delivered"])
    assert str(delivered["amount"]) == "1648.50", "1,200.00 and the goods"
    await desk.contracts.settle()
    (goods,) = await desk.contracts.published(GoodsDelivered)
    assert (goods.project_id, goods.project_title, goods.project_is_over) == ("branch", "New branch", False)
    await desk.check()


@pytest.mark.rule("CON-11")
async def test_a_stopped_project_takes_nothing_more(desk: Any) -> None:
    """And shows what it billed."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/projects", PROJECT)
    await desk.post(desk.manager, f"{BRANCH}/milestones/design/reached", status=200)
    stopped = await desk.post(desk.manager, f"{BRANCH}/stop", {"reason": "the customer moved"}, status=200)
    assert (stopped["state"], stopped["billed"]) == ("stopped", "400.00")
    assert (await desk.post(desk.manager, f"{BRANCH}/milestones/build/reached", status=409))["code"] == "ProjectIsOver"
    assert (await desk.post(desk.manager, ORDERS, {**ORDER, "project_id": "branch"}, status=409))["field"] == "project_id"
    assert [row["state"] for row in (await desk.customer.get("/accounts/acme/projects")).json()["items"]] == ["stopped"]
    await desk.check()


@pytest.mark.rule("CON-11", "CON-6")
async def test_a_lease_is_a_module_with_an_end_a_task_before_it_and_a_prolongation(desk: Any) -> None:
    """Twelve months from 1 June; the task is there 30 days before the end; prolonged by one month it ends on 30 June 2027."""
    await desk.acme_with_a_module()
    lease = {"lease_id": "l-1", "module_id": "lm", "tariff_id": "calls", "months": 12, "quantity": 3}
    leased = await desk.post(desk.manager, "/accounts/acme/leases", lease)
    assert (leased["ends_on"], leased["warn_on"], leased["ended_on"]) == ("2027-05-31", "2027-05-01", None)
    page = (await desk.customer.get("/accounts/acme/contract")).json()
    (module,) = [one for one in page["modules"] if one["module_id"] == "lm"]
    assert (module["starts_on"], module["ends_on"], module["quantity"]) == ("2026-06-01", "2027-05-31", 3)
    await desk.contracts.advance_to(at(date(2027, 5, 1), "09:00"))
    (task,) = (await desk.manager.get("/tasks")).json()["items"]
    assert (task["kind"], task["subject_id"]) == ("lease_ends", "l-1")
    longer = await desk.post(desk.manager, "/accounts/acme/leases/l-1/extension", {"months": 1}, status=200)
    assert longer["ends_on"] == "2027-06-30"
    assert (await desk.manager.get("/tasks")).json()["items"] == []
    await desk.contracts.settle()
    told = [row["kind"] for row in await desk.contracts.rows("select kind from confirmation where decided_at >= '2027-05-01'")]
    assert told == ["LeaseExtended"], "one letter about an extension"
    less = await desk.customer.post("/accounts/acme/modules/lm/scaling", json={"quantity": 1}, headers=desk.key())
    assert (less.status_code, less.json()["code"]) == (409, "EndsBefore")
    # A customer who withdraws the end does not make it run on.
    assert (await desk.customer.delete("/accounts/acme/modules/lm/cancellation", headers=desk.key())).status_code == 200
    (module,) = [one for one in (await desk.customer.get("/accounts/acme/contract")).json()["modules"] if one["module_id"] == "lm"]
    assert module["notice_today"]["ends_on"] == "2027-06-30"
    await desk.contracts.advance_to(at(date(2027, 7, 1), "00:00"))
    assert [e.ended_on for e in await desk.contracts.published(LeaseEnded)] == [date(2027, 6, 30)]
    assert [e.ended_on for e in await desk.contracts.published(ModuleEnded)] == [date(2027, 6, 30)]
    assert next(e.ends_on for e in await desk.contracts.published(ModuleCancelled)) == date(2027, 5, 31)
    mails = [path.read_text().replace("=\n", "") for path in (desk.contracts.folder / "mail" / "belco" / "new").iterdir()]
    assert any("vaste looptijd" in mail for mail in mails)
    await desk.check()


@pytest.mark.rule("CON-11", "CON-10")
async def test_a_lease_is_over_with_its_module_and_makes_no_task(desk: Any) -> None:
    """To a past day and to one to come, by a manager, and for default; what runs to its last day ends once, after its task."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "nl", "module": "domain"})
    for name in ("past", "soon", "default", "whole"):
        what = {"tariff_id": "nl" if name == "whole" else "calls", "months": 3}
        await desk.post(desk.manager, "/accounts/acme/leases", {"lease_id": name, "module_id": f"m-{name}", **what})
    await desk.contracts.advance_to(at(date(2026, 6, 20), "12:00"))
    await desk.post(desk.manager, "/accounts/acme/modules/m-past/cancellation", {"ends_on": "2026-06-10"}, status=200)
    await desk.post(desk.manager, "/accounts/acme/modules/m-soon/cancellation", {"ends_on": "2026-06-25"}, status=200)
    now = at(date(2026, 6, 26), "12:00")
    await desk.contracts.advance_to(now)
    await desk.contracts.hear("dunning", SuspensionRequested(reason="late", requested_at=now), account="acme")
    await desk.contracts.hear("dunning", TerminationRequested(reason="30 days", requested_at=now), account="acme")
    ended = {"past": date(2026, 6, 10), "soon": date(2026, 6, 25), "default": date(2026, 6, 26), "whole": date(2026, 8, 31)}
    assert [event.lease_id for event in await desk.contracts.published(LeaseEnded)] == ["past", "soon", "default"]
    await desk.contracts.advance_to(at(date(2026, 8, 1), "09:00"))
    assert [task["subject_id"] for task in (await desk.manager.get("/tasks")).json()["items"]] == ["whole"]
    await desk.contracts.advance_to(at(date(2026, 9, 1), "09:00"))
    assert [(event.lease_id, event.ended_on) for event in await desk.contracts.published(LeaseEnded)] == list(ended.items())
    leases = {one["lease_id"]: one for one in (await desk.customer.get("/accounts/acme/leases")).json()["items"]}
    assert {name: leases[name]["ended_on"] for name in ended} == {name: day.isoformat() for name, day in ended.items()}
    await desk.post(desk.manager, "/accounts/acme/leases/default/extension", {"months": 1}, status=409)
    await desk.check()


@pytest.mark.rule("CON-11")
async def test_a_lease_that_cannot_be_leaves_nothing_behind(desk: Any) -> None:
    """No module, no lease, no mail: a tariff without a monthly article, a start that the tariff does not allow, a taken module."""
    await desk.acme_with_a_module()
    quarterly = [{"article_id": "rent", "title": "Rent", "net_price": "30.00", "billing": {"every_months": 3}}]
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "quarterly", "articles": quarterly})
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "yearly", "notice": "yearly"})
    for body, field in (
        ({"module_id": "a", "tariff_id": "quarterly"}, "tariff_id"),
        ({"module_id": "a", "tariff_id": "yearly", "starts_on": "2026-07-01"}, "starts_on"),
        ({"module_id": "a", "tariff_id": "none"}, "tariff_id"),
        ({"module_id": "a", "tariff_id": "calls", "months": 121}, "months"),
    ):
        refused = await desk.post(desk.manager, "/accounts/acme/leases", {"lease_id": "l", "months": 12, **body}, status=422)
        assert refused["field"] == field
    taken = {"lease_id": "l", "months": 12, "module_id": "t1", "tariff_id": "calls"}
    assert (await desk.post(desk.manager, "/accounts/acme/leases", taken, status=409))["field"] == "module_id"
    await desk.post(desk.manager, "/accounts/acme/leases", {**taken, "module_id": "a", "order_id": "o-9"}, status=404)
    assert (await desk.customer.get("/accounts/acme/leases")).json()["items"] == []
    await desk.contracts.settle()
    assert len(await desk.contracts.published(ModuleOrdered)) == 1
    # A line begins with its delivery: the lease delivers it.
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "xdsl", "notice": "term:12"})
    started = await desk.post(desk.manager, "/accounts/acme/leases", {**taken, "module_id": "line", "tariff_id": "xdsl"})
    assert started["starts_on"] == "2026-06-01"
    await desk.check()


@pytest.mark.rule("SEC-1", "SEC-2", "CON-11")
async def test_customers_read_their_own_and_change_nothing(desk: Any) -> None:
    """Refused with 403; another provider, and an order of another account, are not found."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    await desk.post(desk.manager, "/accounts/acme/projects", PROJECT)
    for path, body in (
        (ORDERS, {**ORDER, "order_id": "o-2"}),
        (f"{ORDERS}/o-1/deliveries", {"delivery_id": "d"}),
        (f"{ORDERS}/o-1/cancellation", {"reason": "x"}),
        (f"{ORDERS}/o-1/placements", {"placement_id": "p", "line_id": "phones"}),
        (f"{ORDERS}/o-1/placements/p/warranty", {"months": 1, "net": "1.00"}),
        ("/accounts/acme/projects", {**PROJECT, "project_id": "x"}),
        (f"{BRANCH}/milestones/design/reached", {}),
        (f"{BRANCH}/delivery", {}),
        (f"{BRANCH}/completion", {}),
        (f"{BRANCH}/stop", {"reason": "x"}),
        ("/accounts/acme/leases", {"lease_id": "l", "module_id": "a", "tariff_id": "calls", "months": 1}),
        ("/accounts/acme/leases/l/extension", {"months": 1}),
    ):
        await desk.post(desk.customer, path, body, status=403)
    assert (await desk.customer.get("/tasks")).status_code == 403
    for path in (ORDERS, f"{ORDERS}/o-1", BRANCH, "/accounts/acme/warranty", "/accounts/acme/leases"):
        assert (await desk.customer.get(path)).status_code == 200
        assert (await desk.contracts.client("auditor").get(path)).status_code == 200
        assert (await desk.customer.get(path.replace("acme", "other"))).status_code == 403
    await desk.post(desk.manager, "/accounts", {"account_id": "other", "contract_partner": {"name": "Other B.V."}})
    await desk.post(desk.manager, "/accounts/other/goods-orders/o-1/deliveries", {"delivery_id": "d"}, status=404)
    await desk.post(desk.manager, "/accounts/other/projects/branch/delivery", status=404)
    assert (await desk.manager.get("/accounts/other/goods-orders/o-1")).status_code == 404
    assert (await desk.manager.get("/accounts/other/projects/branch/warranty")).status_code == 404
    taken = await desk.post(desk.manager, "/accounts/other/goods-orders", ORDER, status=409)
    assert taken["field"] == "order_id"
    async with desk.contracts.client("manager", provider="other") as stranger:
        await desk.post(stranger, "/accounts", desk.account)
        await desk.post(stranger, ORDERS, ORDER)
        assert (await stranger.get(BRANCH)).status_code == 404
    await desk.check()


@pytest.mark.rule("SEC-4", "CON-11")
async def test_bad_input_names_the_field_and_changes_nothing(desk: Any) -> None:
    """Never a 500."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    line = dict(ORDER["lines"][0])  # type: ignore[arg-type]
    for path, body, field in (
        (ORDERS, {**ORDER, "order_id": "-x"}, "order_id"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": []}, "lines"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "quantity": 0}]}, "lines.0.quantity"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "unit_price": 1.5}]}, "lines.0.unit_price"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "unit_price": "1.005"}]}, "lines.0.unit_price"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "unit_price": "NaN"}]}, "lines.0.unit_price"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "article": "a\x00b"}]}, "lines.0.article"),
        (ORDERS, {**ORDER, "order_id": "b", "lines": [{**line, "vat_rate": "6"}]}, "lines.0.vat_rate"),
        (ORDERS, {**ORDER, "order_id": "b", "bill_to": {"name": "Lease B.V."}}, "bill_to.email"),
        (ORDERS, {**ORDER, "order_id": "b", "agreed_on": "2026-02-30"}, "agreed_on"),
        (ORDERS, {**ORDER, "order_id": "b", "colour": "red"}, "colour"),
        (f"{ORDERS}/o-1/deliveries", {"delivery_id": "d", "delivered_on": "2026-06-02"}, "delivered_on"),
        (f"{ORDERS}/o-1/deliveries", {"delivery_id": "d", "lines": [{"line_id": "chairs", "quantity": 1}]}, "lines.0.line_id"),
        ("/accounts/acme/projects", {**PROJECT, "price": "899.99"}, "price"),
        ("/accounts/acme/projects", {**PROJECT, "remainder_on_delivery": False}, "price"),
        ("/accounts/acme/leases", {"lease_id": "l", "module_id": "a", "tariff_id": "calls", "months": 0}, "months"),
    ):
        refused = await desk.post(desk.manager, path, body, status=422)
        assert refused["field"] == field, (path, body, refused)
    over = {"delivery_id": "d", "lines": [{"line_id": "phones", "quantity": 4}]}
    assert (await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", over, status=409))["code"] == "TooMany"
    await desk.post(desk.manager, "/accounts/nobody/goods-orders", {**ORDER, "order_id": "b"}, status=404)
    await desk.post(desk.manager, "/accounts/nobody/projects", PROJECT, status=404)
    await desk.post(desk.manager, ORDERS, {**ORDER, "order_id": "b", "project_id": "none"}, status=404)
    assert (await desk.manager.get(f"{ORDERS}/o-1/warranty?on=2026-13-01")).status_code == 422
    assert [row["order_id"] for row in (await desk.manager.get(ORDERS)).json()["items"]] == ["o-1"]
    await desk.check()


@pytest.mark.rule("API-1", "CON-11", "CON-6")
async def test_a_repeated_delivery_is_one_a_stale_change_is_refused_and_orders_are_confirmed(desk: Any) -> None:
    """Same key, same answer; orders and cancellations are mailed, for a project with the id of a module as well."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, ORDER)
    same, body = desk.key(), {"delivery_id": "d1", "lines": [{"line_id": "phones", "quantity": 1}]}
    first, second = [await desk.manager.post(f"{ORDERS}/o-1/deliveries", json=body, headers=same) for _ in range(2)]
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, first.content)
    stale = await desk.manager.post(f"{ORDERS}/o-1/cancellation", json={"reason": "x"}, headers=desk.key() | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]) == (412, 2)
    again = await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {**body, "lines": []}, status=409)
    assert again["field"] == "delivery_id"
    cancelled = await desk.post(desk.manager, f"{ORDERS}/o-1/cancellation", {"reason": "not needed"}, status=200)
    assert cancelled["outstanding"] == 0
    await desk.post(desk.manager, "/accounts/acme/projects", {**PROJECT, "project_id": "t1"})
    await desk.contracts.settle()
    assert len(await desk.contracts.published(GoodsDelivered)) == len(await desk.contracts.published(GoodsOrdered)) == 1
    assert await desk.contracts.published(MilestoneReached) == []
    mails = [path.read_text().replace("=\n", "") for path in (desk.contracts.folder / "mail" / "belco" / "new").iterdir()]
    assert any("bestelling o-1" in mail and "448,50" in mail for mail in mails), mails
    assert any("project t1" in mail and "1.000,00" in mail for mail in mails)
    assert any("annulering" in mail and "99,50" in mail for mail in mails)
    await desk.check()


@pytest.mark.rule("SEC-3", "CON-11")
async def test_histories_say_who_did_what_and_what_changed(desk: Any) -> None:
    """Of projects, orders and leases; another account's are not found."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/projects", PROJECT)
    await desk.post(desk.manager, f"{BRANCH}/milestones/design/reached", status=200)
    await desk.post(desk.manager, ORDERS, ORDER)
    await desk.post(desk.manager, f"{ORDERS}/o-1/deliveries", {"delivery_id": "d1"})
    lease = {"lease_id": "l-1", "module_id": "lm", "tariff_id": "calls", "months": 12}
    await desk.post(desk.manager, "/accounts/acme/leases", lease)
    _, reached = (await desk.customer.get(f"{BRANCH}/history")).json()["items"]
    assert (reached["kind"], reached["role"]) == ("MilestoneReached", "manager")
    assert [change["field"] for change in reached["changes"]] == ["milestones.design"]
    assert reached["changes"][0]["new"]["reached_on"] == "2026-06-01"
    assert "reached" in reached["why"]
    ordered, delivered = (await desk.customer.get(f"{ORDERS}/o-1/history")).json()["items"]
    assert (ordered["channel"], delivered["kind"]) == ("api", "GoodsDelivered")
    assert {change["field"]: change["new"]["delivered"] for change in delivered["changes"]} == {"lines.phones": 3, "lines.work": 2}
    (leased,) = (await desk.customer.get("/accounts/acme/leases/l-1/history")).json()["items"]
    assert leased["kind"] == "LeaseStarted"
    await desk.post(desk.manager, "/accounts", {"account_id": "other", "contract_partner": {"name": "Other B.V."}})
    for path in ("projects/branch", "goods-orders/o-1", "leases/l-1"):
        assert (await desk.manager.get(f"/accounts/other/{path}/history")).status_code == 404


@pytest.mark.rule("CON-11")
async def test_six_who_deliver_at_once_deliver_no_more_than_was_ordered(desk: Any) -> None:
    """Three phones: three deliveries of one are noted, the others are refused, and the money is that of three."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, ORDERS, {**ORDER, "lines": ORDER["lines"][:1]})  # type: ignore[index]

    async def one(number: int) -> httpx.Response:
        body = {"delivery_id": f"d{number}", "lines": [{"line_id": "phones", "quantity": 1}]}
        return await desk.manager.post(f"{ORDERS}/o-1/deliveries", json=body, headers=desk.key())

    answers = await asyncio.gather(*(one(number) for number in range(6)))
    assert sorted(a.status_code for a in answers) == [201] * 3 + [409] * 3
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"NothingOutstanding"}
    (delivered,) = await desk.contracts.rows(SUMS["delivered"])
    assert str(delivered["amount"]) == "298.50"
    await desk.check()
