"""Routes of histories of projects, orders of goods and leases: who, when, why it was allowed, what changed (SEC-3)."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Path, Response

from termijn.contracts.api.bodies import THING_ID
from termijn.contracts.api.history import history_page
from termijn.contracts.api.reading import must_see
from termijn.contracts.api.shown_history import HISTORY
from termijn.contracts.goods_history import goods_shown, lease_shown, project_shown
from termijn.contracts.goods_order import GOODS_ORDER
from termijn.contracts.history import Shown
from termijn.contracts.lease import LEASE
from termijn.contracts.project import PROJECT
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.http import Access, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath


class Told(NamedTuple):
    """A kind of thing that has a history: where it is found, by which parameter, and what an entry compares."""

    what: str
    folder: str
    parameter: str
    aggregate: Aggregate[Any, Any, Any]
    shown: Callable[[Any], Shown]
    says: str


KINDS = (
    Told("project", "projects", "project_id", PROJECT, project_shown, "Every change of the project, oldest first (CON-11, SEC-3)."),
    Told(
        "order",
        "goods-orders",
        "order_id",
        GOODS_ORDER,
        goods_shown,
        "Every change of the order: deliveries, placements, warranties (CON-11, SEC-3).",
    ),
    Told("lease", "leases", "lease_id", LEASE, lease_shown, "Every change of the lease (CON-11, SEC-3)."),
)


def routes(access: Access) -> APIRouter:
    """Customers read their own, managers and auditors all."""
    router = APIRouter(tags=["history"])
    for kind in KINDS:
        _telling(router, access, kind)
    return router


def _telling(router: APIRouter, access: Access, kind: Told) -> None:
    path = f"/accounts/{{account}}/{kind.folder}/{{{kind.parameter}}}/history"

    @router.get(path, name=f"{kind.what}_history", description=kind.says, **answers(HISTORY))
    async def history(
        account: AccountPath,
        key: Annotated[str, Path(alias=kind.parameter, pattern=THING_ID)],
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        await must_see(reader, kind.what, account, key)
        return answer(await history_page(reader, page, kind.aggregate, key, kind.shown, what=kind.what))
