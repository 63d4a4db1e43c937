"""Routes of histories of projects, orders of goods and leases: who, when, why it was allowed, what changed (SEC-3)."""

from fastapi import APIRouter, Depends, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.history import history_page
from termijn.contracts.api.shown_history import HISTORY
from termijn.contracts.goods_history import goods_shown, lease_shown, project_shown
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.goods_ordering import SQL
from termijn.contracts.lease import LEASE
from termijn.contracts.project import PROJECT
from termijn.kernel.errors import NotFound
from termijn.runtime.http import Access, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath
from termijn.runtime.http.streams import events_of


def routes(access: Access) -> APIRouter:
    """Customers read their own, managers and auditors all."""
    router = APIRouter(tags=["history"])

    @router.get("/accounts/{account}/projects/{project_id}/history", **answers(HISTORY))
    async def project_history(
        account: AccountPath,
        project_id: ThingPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the project, oldest first (CON-11, SEC-3)."""
        await _must_own(reader, "project", account, project_id)
        return answer(history_page(page, PROJECT, await events_of(reader, PROJECT, project_id), project_shown))

    @router.get("/accounts/{account}/goods-orders/{order_id}/history", **answers(HISTORY))
    async def order_history(
        account: AccountPath,
        order_id: ThingPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the order: deliveries, placements, warranties (CON-11, SEC-3)."""
        await _must_own(reader, "order", account, order_id)
        return answer(history_page(page, GOODS_ORDER, await events_of(reader, GOODS_ORDER, order_id), goods_shown))

    @router.get("/accounts/{account}/leases/{lease_id}/history", **answers(HISTORY))
    async def lease_history(
        account: AccountPath,
        lease_id: ThingPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Every change of the lease (CON-11, SEC-3)."""
        await _must_own(reader, "lease", account, lease_id)
        return answer(history_page(page, LEASE, await events_of(reader, LEASE, lease_id), lease_shown))

    return router


async def _must_own(reader: Reader, query: str, account: str, key: str) -> None:
    if not await reader.fetch(SQL[query], reader.principal.provider, account, key):
        raise NotFound(what=query, id=key)
