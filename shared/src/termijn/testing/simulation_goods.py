"""Projects, orders of goods, placements with their warranty, and leases in a simulation (CON-11, CON-12)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_deed import Ask, Body, Customer, GoodsOrder, What

MILESTONES_MAX = 3
LEASE_COMPANY: Body = {"name": "Lease Maatschappij B.V.", "city": "Utrecht", "email": "facturen@lease.example"}
PRICES = ("12.50", "74.95", "149.00", "890.00")
"""Orders of these sum up to less and to more than what is invoiced at once (INV-4, INV-5)."""


def goods(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    """Something about goods or a project; the first of its kind where there is none yet."""
    ways: list[tuple[int, Callable[[Customer, date, Chance], Iterator[What]]]] = [(3, _order), (2, _project), (1, _lease)]
    if customer.orders:
        ways += [(6, _delivery), (3, _placement), (2, _warranty), (1, _other_day), (1, _cancellation), (1, _task)]
    if customer.projects:
        ways += [(5, _milestone), (2, _ending), (1, _replan)]
    if customer.leases:
        ways += [(1, _extension)]
    yield from chance.weighted(ways)(customer, day, chance)


def _near(day: date, chance: Chance, *, most: int) -> str:
    return (day - timedelta(days=chance.number(0, most))).isoformat()


def _milestones(customer: Customer, chance: Chance) -> list[Body]:
    return [
        {"milestone_id": f"s{number}", "title": f"Step {number}", "net": chance.one_of(("250.00", "1000.00", "33.33"))}
        for number in range(1, chance.number(1, MILESTONES_MAX) + 1)
    ]


def _plan(customer: Customer, chance: Chance) -> Body:
    milestones = _milestones(customer, chance)
    cents = sum(int(one["net"].replace(".", "")) for one in milestones)
    rest = chance.one_of((0, 0, 50000))
    price = f"{(cents + rest) // 100}.{(cents + rest) % 100:02d}"
    return {"price": price, "milestones": milestones, "remainder_on_delivery": rest > 0}


def _project(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    project = f"{customer.account}-p{len(customer.projects) + 1}"
    customer.projects.append((project, MILESTONES_MAX))
    body = {"project_id": project, "title": "New office", "agreed_on": _near(day, chance, most=4), **_plan(customer, chance)}
    yield Ask(method="POST", path=f"{customer.path}/projects", body=body)


def _milestone(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    project, most = chance.one_of(customer.projects)
    path = f"{customer.path}/projects/{project}/milestones/s{chance.number(1, most)}/reached"
    yield Ask(method="POST", path=path, body={"reached_on": _near(day, chance, most=3)})


def _replan(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    project, _ = chance.one_of(customer.projects)
    yield Ask(method="PUT", path=f"{customer.path}/projects/{project}/plan", body={**_plan(customer, chance), "reason": "another plan"})


def _ending(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    project, _ = chance.one_of(customer.projects)
    path = f"{customer.path}/projects/{project}"
    how = chance.weighted([(4, "delivery"), (3, "completion"), (1, "stop")])
    body = {
        "delivery": {"delivered_on": _near(day, chance, most=2)},
        "completion": {"completed_on": _near(day, chance, most=2)},
        "stop": {"reason": "the customer thought again"},
    }[how]
    yield Ask(method="POST", path=f"{path}/{how}", body=body)


def _order(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    order = f"{customer.account}-g{len(customer.orders) + 1}"
    agreed_on = (day + timedelta(days=chance.number(0, 12))).isoformat()
    lines: list[Body] = [
        {
            "line_id": f"l{number}",
            "article": chance.one_of(("Telephone", "Laptop", "Licence")),
            "quantity": chance.number(1, 3),
            "unit_price": chance.one_of(PRICES),
            "supplier_months": chance.one_of((None, 6, 36)),
        }
        for number in range(1, chance.number(1, 3) + 1)
    ]
    customer.orders.append(GoodsOrder(order, tuple(line["line_id"] for line in lines), [agreed_on]))
    body: Body = {"order_id": order, "lines": lines, "agreed_on": agreed_on}
    if customer.projects and chance.happens(300):
        body["project_id"] = chance.one_of(customer.projects)[0]
    elif chance.happens(120):
        body["bill_to"] = LEASE_COMPANY
    yield Ask(method="POST", path=f"{customer.path}/goods-orders", body=body)
    if chance.happens(400):
        yield _delivered(customer, customer.orders[-1], day, chance)
        yield _placed(customer, customer.orders[-1], day, chance)


def _delivery(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    yield _delivered(customer, chance.one_of(customer.orders), day, chance)


def _delivered(customer: Customer, order: GoodsOrder, day: date, chance: Chance) -> Ask:
    order.deliveries += 1
    some = [{"line_id": chance.one_of(order.lines), "quantity": 1}] if chance.happens(400) else []
    body = {"delivery_id": f"d{order.deliveries}", "delivered_on": _near(day, chance, most=3), "lines": some}
    return Ask(method="POST", path=f"{customer.path}/goods-orders/{order.order_id}/deliveries", body=body)


def _placement(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    yield _placed(customer, chance.one_of(customer.orders), day, chance)


def _placed(customer: Customer, order: GoodsOrder, day: date, chance: Chance) -> Ask:
    placement = f"n{len(order.placements) + 1}"
    order.placements.append(placement)
    body = {"placement_id": placement, "line_id": chance.one_of(order.lines), "placed_on": _near(day, chance, most=2)}
    if chance.happens(500):
        body["serial_number"] = f"{order.order_id}-{placement}"
    return Ask(method="POST", path=f"{customer.path}/goods-orders/{order.order_id}/placements", body=body)


def _warranty(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    order = chance.one_of(customer.orders)
    placement = chance.one_of(order.placements) if order.placements else "n1"
    body = {"months": chance.one_of((6, 12)), "net": chance.one_of(("0.00", "24.50", "60.00"))}
    yield Ask(method="POST", path=f"{customer.path}/goods-orders/{order.order_id}/placements/{placement}/warranty", body=body)


def _other_day(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    order = chance.one_of(customer.orders)
    order.agreed_on.append((day + timedelta(days=chance.number(0, 9))).isoformat())
    path = f"{customer.path}/goods-orders/{order.order_id}/delivery-date"
    yield Ask(method="PUT", path=path, body={"agreed_on": order.agreed_on[-1]})


def _cancellation(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    order = chance.one_of(customer.orders)
    some = [{"line_id": chance.one_of(order.lines), "quantity": 1}] if chance.happens(600) else []
    body = {"lines": some, "reason": "not needed any more"}
    yield Ask(method="POST", path=f"{customer.path}/goods-orders/{order.order_id}/cancellation", body=body)


def _task(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    order = chance.one_of(customer.orders)
    task = f"late~{order.order_id}~{chance.one_of(order.agreed_on)}"
    yield Ask(method="POST", path=f"/contracts/tasks/{task}/done", body={"outcome": "called them"})


def _lease(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    lease = f"{customer.account}-l{len(customer.leases) + 1}"
    customer.leases.append(lease)
    starts_on = (day + timedelta(days=chance.number(-3, 10))).isoformat()
    body = {"lease_id": lease, "module_id": f"{lease}-module", "tariff_id": "workplace", "months": chance.number(1, 3)}
    yield Ask(method="POST", path=f"{customer.path}/leases", body={**body, "quantity": chance.number(1, 2), "starts_on": starts_on})


def _extension(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    lease = chance.one_of(customer.leases)
    yield Ask(method="POST", path=f"{customer.path}/leases/{lease}/extension", body={"months": chance.number(1, 2)})
