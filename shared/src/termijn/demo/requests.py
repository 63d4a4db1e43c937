"""How each change is asked for: one call, or some in a row. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from termijn.demo.change import (
    AgreeProject,
    Assign,
    Cancel,
    Change,
    DeliverGoods,
    Leave,
    OrderGoods,
    ReachMilestone,
    Retariff,
    Scale,
    StartLease,
    Withdraw,
)
from termijn.demo.journal import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call. ``is_own``: the customer makes it, bound by the notice rule; else the office does (CON-4)."""

    path: str
    body: Facts | None = None
    method: Literal["POST", "DELETE"] = "POST"
    is_own: bool = False


def requests(account_id: str, change: Change) -> Iterator[Request]:
    """The calls in order; the answer to the first is the one that is told."""
    account = f"/contracts/accounts/{account_id}"
    match change:
        case Scale() | Cancel() | Withdraw() | Retariff():
            yield _of_module(f"{account}/modules/{change.module_id}", change)
        case AgreeProject() | ReachMilestone():
            yield from _of_project(f"{account}/projects", change)
        case OrderGoods() | DeliverGoods():
            yield from _of_goods(f"{account}/goods-orders", change)
        case StartLease(on=on, lease_id=lease_id, tariff_id=tariff_id, quantity=quantity, months=months):
            body = {"lease_id": lease_id, "module_id": lease_id, "tariff_id": tariff_id, "quantity": quantity, "months": months}
            yield Request(path=f"{account}/leases", body={**body, "starts_on": on.isoformat()})
        case Leave():
            yield Request(path=f"{account}/deletion", is_own=True)
        case Assign():
            raise AssertionError("the office does that by itself")


def _of_module(module: str, change: Scale | Cancel | Withdraw | Retariff) -> Request:
    match change:
        case Scale(quantity=quantity):
            return Request(path=f"{module}/scaling", body={"quantity": quantity}, is_own=True)
        case Cancel():
            return Request(path=f"{module}/cancellation", body={}, is_own=True)
        case Withdraw():
            return Request(path=f"{module}/cancellation", method="DELETE", is_own=True)
        case Retariff(tariff_id=tariff_id, from_on=from_on):
            body = {"tariff_id": tariff_id, "from_on": from_on.isoformat() if from_on else None}
            return Request(path=f"{module}/tariff", body=body, is_own=True)


def _of_project(projects: str, change: AgreeProject | ReachMilestone) -> Iterator[Request]:
    match change:
        case AgreeProject(project_id=project_id, title=title, price=price):
            milestones = [
                {"milestone_id": f"fase-{nth}", "title": name, "net": net} for nth, (name, net) in enumerate(change.milestones, start=1)
            ]
            agreed_on = change.on.isoformat()
            yield Request(
                path=projects,
                body={"project_id": project_id, "title": title, "price": price, "milestones": milestones, "agreed_on": agreed_on},
            )
        case ReachMilestone(on=on, project_id=project_id, nth=nth, is_last=is_last):
            project = f"{projects}/{project_id}"
            yield Request(path=f"{project}/milestones/fase-{nth}/reached", body={"reached_on": on.isoformat()})
            if is_last:
                yield Request(path=f"{project}/delivery", body={"delivered_on": on.isoformat()})
                yield Request(path=f"{project}/completion", body={"completed_on": on.isoformat()})


def _of_goods(orders: str, change: OrderGoods | DeliverGoods) -> Iterator[Request]:
    match change:
        case OrderGoods(order_id=order_id, article=article, quantity=quantity, unit_price=unit_price, agreed_on=agreed_on):
            line = {"line_id": "1", "article": article, "quantity": quantity, "unit_price": unit_price, "supplier_months": 24}
            yield Request(path=orders, body={"order_id": order_id, "lines": [line], "agreed_on": agreed_on.isoformat()})
        case DeliverGoods(on=on, order_id=order_id, quantity=quantity):
            order = f"{orders}/{order_id}"
            placement = {"placement_id": "1", "line_id": "1", "quantity": quantity, "placed_on": on.isoformat()}
            yield Request(path=f"{order}/deliveries", body={"delivery_id": "1", "delivered_on": on.isoformat()})
            yield Request(path=f"{order}/placements", body=placement)
