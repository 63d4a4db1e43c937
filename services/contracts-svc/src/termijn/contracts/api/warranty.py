"""Routes of warranties: what is covered on a day and why, and more months for a price (CON-12, CON-13)."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.goods_body import ExtensionBody
from termijn.contracts.api.reading import must_own_as_seen, must_see
from termijn.contracts.api.shown_goods import COVERS, ExtendedCover
from termijn.contracts.goods_order import GOODS_ORDER, warranty_of
from termijn.contracts.goods_ordering import SQL, extend_warranty
from termijn.contracts.warranty import Warranty, hardware, settings
from termijn.events.goods import OrderId
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath, Day
from termijn.runtime.sql import Row

OnQuery = Annotated[Day | None, Query(description="The day that is asked about; today where not said.")]


def routes(access: Access) -> APIRouter:
    """Customers see what is covered of theirs; managers sell more of it."""
    router = APIRouter(tags=["warranty"])
    _reading(router, access)
    _extending(router, access)
    return router


def cover(row: Row) -> Warranty:
    """The rule again, over the inputs that were recorded: what is shown is what was decided (CON-13)."""
    if row["covers"] == "settings":
        return settings(completed_on=row["from_on"], days=row["settings_days"])
    return hardware(
        placed_on=row["from_on"],
        own_months=row["own_months"],
        supplier_months=row["supplier_months"],
        extension_months=tuple(row["extensions"]),
    )


def explained(row: Row, on: date) -> dict[str, Any]:
    """Whether it is covered on that day, until when, and how that came about: rule, inputs and steps (CON-13)."""
    found = cover(row)
    assert found.until_on == row["until_on"], "what is recorded follows from what it is explained by"
    what = ("warranty_id", "covers", "order_id", "line_id", "project_id", "article", "serial_number", "quantity")
    return {
        **{name: row[name] for name in what if row[name] is not None},
        "on": on,
        "is_covered": found.covers(on),
        "from_on": found.from_on,
        "until_on": found.until_on,
        "rule": found.rule,
        "inputs": found.inputs,
        "steps": found.steps,
    }


async def _listed(reader: Reader, account: str, on: date | None, page: Paging, **of: str) -> Response:
    """What ever was under warranty, of the account or of one order or project, and whether it is on that day."""
    provider, day = reader.principal.provider, on or day_of(reader.now)
    which = (of.get("order_id"), of.get("project_id"))
    rows = await reader.fetch(SQL["warranties"], provider, account, *which, *page.after(1), page.rows_to_fetch)
    return answer(page.page(rows, key=["warranty_id"], item=lambda row: explained(row, day)))


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/warranty", **answers(COVERS))
    async def show_all(
        account: AccountPath,
        on: OnQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Everything of the account that ever was under warranty, and whether it is on that day (CON-12)."""
        return await _listed(reader, account, on, page)

    @router.get("/accounts/{account}/goods-orders/{order_id}/warranty", **answers(COVERS))
    async def show_of_order(
        account: AccountPath,
        order_id: ThingPath,
        on: OnQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The warranty on what was placed of an order (CON-12)."""
        await must_see(reader, "order", account, order_id)
        return await _listed(reader, account, on, page, order_id=order_id)

    @router.get("/accounts/{account}/projects/{project_id}/warranty", **answers(COVERS))
    async def show_of_project(
        account: AccountPath,
        project_id: ThingPath,
        on: OnQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The warranty on the settings of a project (CON-12); none before its completion."""
        await must_see(reader, "project", account, project_id)
        return await _listed(reader, account, on, page, project_id=project_id)


def _extending(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/goods-orders/{order_id}/placements/{placement_id}/warranty", **answers(ExtendedCover, status=201))
    async def extend(
        account: AccountPath,
        order_id: ThingPath,
        placement_id: ThingPath,
        body: ExtensionBody,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """More months for a price, billed once (CON-12)."""

        async def do(work: Work) -> Answer:
            await must_own_as_seen(work, call, GOODS_ORDER, "order", account=AccountId(account), key=order_id)
            sold = body.model_dump()
            await extend_warranty(work, AccountId(account), order_id=OrderId(order_id), placement_id=placement_id, **sold)
            (row,) = await work.fetch(SQL["warranty"], work.provider, warranty_of(OrderId(order_id), placement_id))
            version = await work.version(GOODS_ORDER, order_id)
            return Answer(status=201, body={**explained(row, day_of(work.now)), "version": version}, etag=version)

        return await call.run(do)
