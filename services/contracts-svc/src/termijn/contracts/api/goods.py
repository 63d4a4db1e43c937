"""Routes of orders of goods and of leases, and managers' tasks (CON-11). Managers change, customers see their own."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.goods_body import (
    DeliveryBody,
    DeliveryDateBody,
    GoodsCancellationBody,
    GoodsOrderBody,
    LeaseBody,
    LeaseExtensionBody,
    PlacementBody,
    TaskDoneBody,
)
from termijn.contracts.api.reading import must_own_as_seen
from termijn.contracts.api.shown_goods import LEASES, ORDERS, TASKS, ChangedOrder, FinishedTask, WholeLease, WholeOrder
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.goods_ordering import (
    SQL,
    agree_delivery,
    cancel_goods,
    deliver,
    extend_lease,
    finish_task,
    order_goods,
    place,
    start_lease,
)
from termijn.contracts.lease import LEASE
from termijn.events.goods import LeaseId, OrderId, ProjectId
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId, ModuleId, TariffId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath

ORDER_PATH = "/accounts/{account}/goods-orders/{order_id}"
TaskPath = Annotated[str, Path(pattern=r"^(late|lease)~[A-Za-z0-9._-]{1,64}~[0-9-]{10}$")]


def routes(access: Access) -> APIRouter:
    """All that changes is a manager's (SEC-2)."""
    router = APIRouter(tags=["goods"])
    _ordering(router, access)
    _delivering(router, access)
    _placing(router, access)
    _reading(router, access)
    _leasing(router, access)
    _reading_leases(router, access)
    _tasks(router, access)
    return router


async def _told(work: Work, account: str, order_id: str, *, status: int = 200) -> Answer:
    version = await work.version(GOODS_ORDER, order_id)
    lines = [dict(row) for row in await work.fetch(SQL["lines"], work.provider, order_id)]
    outstanding = sum(line["outstanding"] for line in lines)
    return Answer(status=status, body={"order_id": order_id, "outstanding": outstanding, "lines": lines, "version": version}, etag=version)


async def _on_order(
    call: Call, account: str, order_id: str, doing: Callable[[Work, AccountId, OrderId], Awaitable[None]], *, status: int = 200
) -> Response:
    """Do it to the account's order, and answer what its lines are then."""

    async def do(work: Work) -> Answer:
        await must_own_as_seen(work, call, GOODS_ORDER, "order", account=AccountId(account), key=order_id)
        await doing(work, AccountId(account), OrderId(order_id))
        return await _told(work, account, order_id, status=status)

    return await call.run(do)


def _ordering(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/goods-orders", **answers(ChangedOrder, status=201))
    async def create_order(account: AccountPath, body: GoodsOrderBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Order hardware or software, with an agreed delivery day (CON-11)."""

        async def do(work: Work) -> Answer:
            await order_goods(
                work,
                AccountId(account),
                order_id=OrderId(body.order_id),
                project_id=ProjectId(body.project_id) if body.project_id is not None else None,
                lines=body.ordered(),
                ordered_on=body.ordered_on,
                agreed_on=body.agreed_on,
                bill_to=body.billed_to(),
                channel=body.channel,
            )
            return await _told(work, account, body.order_id, status=201)

        return await call.run(do)

    @router.put(f"{ORDER_PATH}/delivery-date", **answers(ChangedOrder))
    async def move_delivery(
        account: AccountPath, order_id: ThingPath, body: DeliveryDateBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Another delivery day was agreed."""

        async def doing(work: Work, owner: AccountId, key: OrderId) -> None:
            await agree_delivery(work, owner, order_id=key, agreed_on=body.agreed_on, channel=body.channel)

        return await _on_order(call, account, order_id, doing)


def _delivering(router: APIRouter, access: Access) -> None:
    @router.post(f"{ORDER_PATH}/deliveries", **answers(ChangedOrder, status=201))
    async def deliver_goods(
        account: AccountPath, order_id: ThingPath, body: DeliveryBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """A delivery, of a part or of all that is outstanding; never of more (CON-11)."""

        async def doing(work: Work, owner: AccountId, key: OrderId) -> None:
            day = body.delivered_on or day_of(work.now)
            await deliver(work, owner, order_id=key, delivery_id=body.delivery_id, delivered_on=day, pieces=body.pieces())

        return await _on_order(call, account, order_id, doing, status=201)

    @router.post(f"{ORDER_PATH}/cancellation", **answers(ChangedOrder))
    async def cancel_order(
        account: AccountPath, order_id: ThingPath, body: GoodsCancellationBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Some or all of what is not delivered need not come (CON-11)."""

        async def doing(work: Work, owner: AccountId, key: OrderId) -> None:
            await cancel_goods(work, owner, order_id=key, pieces=body.pieces(), reason=body.reason, channel=body.channel)

        return await _on_order(call, account, order_id, doing)


def _placing(router: APIRouter, access: Access) -> None:
    @router.post(f"{ORDER_PATH}/placements", **answers(ChangedOrder, status=201))
    async def place_goods(
        account: AccountPath, order_id: ThingPath, body: PlacementBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Delivered pieces were put into use: their warranty runs from that day (CON-12)."""

        async def doing(work: Work, owner: AccountId, key: OrderId) -> None:
            await place(
                work,
                owner,
                order_id=key,
                placement_id=body.placement_id,
                line_id=body.line_id,
                quantity=body.quantity,
                serial_number=body.serial_number,
                placed_on=body.placed_on or day_of(work.now),
            )

        return await _on_order(call, account, order_id, doing, status=201)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/goods-orders", **answers(ORDERS))
    async def list_orders(
        account: AccountPath,
        outstanding: Annotated[bool, Query(description="Only orders with something to deliver.")] = False,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The account's orders by id."""
        provider = reader.principal.provider
        rows = await reader.fetch(SQL["orders"], provider, account, *page.after(1), page.rows_to_fetch, outstanding)
        return answer(page.page(rows, key=["order_id"]))

    @router.get(ORDER_PATH, **answers(WholeOrder))
    async def show_order(
        account: AccountPath, order_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """One order with its lines and deliveries."""
        provider = reader.principal.provider
        rows = await reader.fetch(SQL["order"], provider, account, order_id)
        if not rows:
            raise NotFound(what="order", id=order_id)
        shown = {name: value for name, value in rows[0].items() if name != "provider"}
        shown["lines"] = [dict(row) for row in await reader.fetch(SQL["lines"], provider, order_id)]
        shown["deliveries"] = [dict(row) for row in await reader.fetch(SQL["deliveries"], provider, order_id)]
        return answer(shown, etag=rows[0]["version"])


def _leasing(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/leases", **answers(WholeLease, status=201))
    async def create_lease(account: AccountPath, body: LeaseBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Lease: a monthly article for so many months, billed as a module that ends with it (CON-11)."""

        async def do(work: Work) -> Answer:
            await start_lease(
                work,
                AccountId(account),
                lease_id=LeaseId(body.lease_id),
                module_id=ModuleId(body.module_id),
                tariff_id=TariffId(body.tariff_id),
                order_id=OrderId(body.order_id) if body.order_id is not None else None,
                quantity=body.quantity,
                months=body.months,
                starts_on=body.starts_on or day_of(work.now),
                channel=body.channel,
            )
            return await _lease(work, account, body.lease_id, status=201)

        return await call.run(do)

    @router.post("/accounts/{account}/leases/{lease_id}/extension", **answers(WholeLease))
    async def prolong_lease(
        account: AccountPath, lease_id: ThingPath, body: LeaseExtensionBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """So many months more, counted from the start (CON-11)."""

        async def do(work: Work) -> Answer:
            await must_own_as_seen(work, call, LEASE, "lease", account=AccountId(account), key=lease_id)
            await extend_lease(work, AccountId(account), lease_id=LeaseId(lease_id), months=body.months)
            return await _lease(work, account, lease_id)

        return await call.run(do)


async def _lease(work: Work, account: str, lease_id: str, *, status: int = 200) -> Answer:
    (row,) = await work.fetch(SQL["lease"], work.provider, account, lease_id)
    told = {name: value for name, value in row.items() if name != "provider"}
    return Answer(status=status, body=told, etag=row["version"])


def _reading_leases(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/leases", **answers(LEASES))
    async def list_leases(
        account: AccountPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The account's leases by id."""
        rows = await reader.fetch(SQL["leases"], reader.principal.provider, account, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["lease_id"]))

    @router.get("/accounts/{account}/leases/{lease_id}", **answers(WholeLease))
    async def show_lease(
        account: AccountPath, lease_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """One lease."""
        rows = await reader.fetch(SQL["lease"], reader.principal.provider, account, lease_id)
        if not rows:
            raise NotFound(what="lease", id=lease_id)
        return answer({name: value for name, value in rows[0].items() if name != "provider"}, etag=rows[0]["version"])


def _tasks(router: APIRouter, access: Access) -> None:
    @router.get("/tasks", **answers(TASKS))
    async def list_tasks(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """What managers are to look at, oldest first: late deliveries, leases that end (CON-11)."""
        rows = await reader.fetch(SQL["tasks"], reader.principal.provider, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=["raised_at", "task_id"]))

    @router.post("/tasks/{task_id}/done", **answers(FinishedTask))
    async def finish(task_id: TaskPath, body: TaskDoneBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Somebody looked, and this came of it."""

        async def do(work: Work) -> Answer:
            await finish_task(work, task_id=task_id, outcome=body.outcome)
            return Answer(body={"task_id": task_id})

        return await call.run(do)
