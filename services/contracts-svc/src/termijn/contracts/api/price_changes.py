"""Routes of price changes: migrations and indexations as long work with a progress resource (CAT-5, CAT-10, API-2)."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.catalogue_body import IndexationBody, MigrationBody, WithdrawalBody
from termijn.contracts.api.reading import opened
from termijn.contracts.api.shown_price import (
    INDEXATIONS,
    MIGRATED_MODULES,
    MIGRATIONS,
    PRICE_CHANGES,
    DroppedPriceChange,
    IndexationUnderWay,
    UnderWay,
    WholeIndexation,
    WholeMigration,
)
from termijn.contracts.catalogue_views import SQL
from termijn.contracts.indexation import INDEXATION, DiscardIndexation, IndexedVersion, PlanIndexation
from termijn.contracts.indexation_policy import INDEXING, Indexing
from termijn.contracts.indexing import ROUNDING, Basis, by_index, next_day_of, preview
from termijn.contracts.migration_step import versions_to_index
from termijn.contracts.module import MODULE
from termijn.contracts.ordering import must_own_module
from termijn.contracts.price_command import DropPriceChange
from termijn.contracts.publishing import migrate, start_indexation
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import CATALOGUE, AccountId, ModuleId, TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row


def routes(access: Access) -> APIRouter:
    """Managers change prices; customers see what was announced for their own modules."""
    router = APIRouter(tags=["price changes"])
    _migrations(router, access)
    _migration_reading(router, access)
    _indexations(router, access)
    _indexation_reading(router, access)
    _of_accounts(router, access)
    return router


def _under_way(migration_id: str, **more: Any) -> Answer:
    """Accepted: the work goes on, and this is where to look (API-2)."""
    return Answer(status=202, body={"migration_id": migration_id, "progress": f"migrations/{migration_id}", **more})


def _migrations(router: APIRouter, access: Access) -> None:
    @router.post("/migrations", **answers(UnderWay, status=202))
    async def migrate_modules(body: MigrationBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Move running modules to another version of their tariff on a day, announced to each account (CAT-5, CAT-10)."""

        async def do(work: Work) -> Answer:
            await migrate(
                work,
                body.migration_id,
                TariffId(body.tariff_id),
                from_version=body.from_version,
                to_version=body.to_version,
                effective_on=body.effective_on,
                only=body.modules,
            )
            return _under_way(body.migration_id)

        return await call.run(do)


def _migration_reading(router: APIRouter, access: Access) -> None:
    readers = access.reading(Role.MANAGER, Role.OPS)

    @router.get("/migrations", **answers(MIGRATIONS))
    async def list_migrations(
        state: Annotated[Literal["running", "finished"] | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(readers),
    ) -> Response:
        """Migrations by id, with their progress."""
        rows = await reader.fetch(SQL["migrations"], reader.principal.provider, *page.after(1), state, page.rows_to_fetch)
        return answer(page.page(rows, key=["migration_id"]))

    @router.get("/migrations/{migration_id}", **answers(WholeMigration))
    async def show_migration(migration_id: ThingPath, reader: Reader = Depends(readers)) -> Response:
        """How far it is: ``modules`` to do, ``announced`` and ``skipped`` so far (API-2)."""
        rows = await reader.fetch(SQL["migration"], reader.principal.provider, migration_id)
        if not rows:
            raise NotFound(what="migration", id=migration_id)
        return answer(opened(rows[0], "moves"), etag=rows[0]["version"])

    @router.get("/migrations/{migration_id}/modules", **answers(MIGRATED_MODULES))
    async def list_modules(
        migration_id: ThingPath,
        state: Annotated[Literal["announced", "in_force", "dropped", "skipped"] | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(readers),
    ) -> Response:
        """Its modules: told, moved, or why not."""
        key = (reader.principal.provider, migration_id)
        rows = await reader.fetch(SQL["migration_modules"], *key, *page.after(1), state, page.rows_to_fetch)
        return answer(page.page(rows, key=["module_id"]))


def _indexations(router: APIRouter, access: Access) -> None:
    @router.post("/indexations", **answers(WholeIndexation, status=201))
    async def plan_indexation(body: IndexationBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Plan an indexation and see every old and new price (CAT-10). Nothing changes until it is started."""

        async def do(work: Work) -> Answer:
            indexing = (await work.load(INDEXING, CURRENT)).value
            command = await _plan(work, body, indexing)
            await work.execute(INDEXATION, body.indexation_id, command, account=CATALOGUE)
            rows = await work.fetch(SQL["indexation"], work.provider, body.indexation_id)
            told = _shown(rows[0], await work.fetch(SQL["versions_of_indexation"], work.provider, body.indexation_id))
            return Answer(status=201, body=told, etag=rows[0]["version"])

        return await call.run(do)

    @router.post("/indexations/{indexation_id}/start", **answers(IndexationUnderWay, status=202))
    async def start(indexation_id: ThingPath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Publish the indexed versions and announce them to every account; they come into force on the day of the plan (CAT-10)."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(INDEXATION, indexation_id))
            await start_indexation(work, indexation_id)
            return _under_way(indexation_id, indexation_id=indexation_id)

        return await call.run(do)

    @router.delete("/indexations/{indexation_id}", status_code=204)
    async def discard(indexation_id: ThingPath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Discard a plan that was not started."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(INDEXATION, indexation_id))
            command = DiscardIndexation(now=work.now, indexation_id=indexation_id)
            await work.execute(INDEXATION, indexation_id, command, account=CATALOGUE)
            return Answer(status=204)

        return await call.run(do)


async def _plan(work: Work, body: IndexationBody, indexing: Indexing) -> PlanIndexation:
    today, policy = day_of(work.now), indexing.policy
    basis = _basis(body, indexing, work)
    effective_on = body.effective_on or (next_day_of(policy, today=today) if policy is not None else None)
    if effective_on is None:
        raise InvalidInput(field="effective_on", reason="neither the plan nor the policy says from when")
    tariffs = body.tariffs if body.tariffs is not None else (list(policy.tariffs) if policy is not None else [])
    return PlanIndexation(
        now=work.now,
        indexation_id=body.indexation_id,
        effective_on=effective_on,
        percentage=basis.percentage,
        basis=basis.said,
        versions=await versions_to_index(work, tariffs, on=effective_on),
    )


def _basis(body: IndexationBody, indexing: Indexing, work: Work) -> Basis:
    """By how much: the plan's own percentage or index, else that of the policy."""
    if body.percentage is not None and body.index is not None:
        raise InvalidInput(field="index", reason="either a percentage or an index says by how much")
    is_own = body.percentage is not None or body.index is not None
    policy = indexing.policy
    percentage = body.percentage if is_own or policy is None else policy.percentage
    if percentage is not None:
        return Basis(percentage=percentage, said="a percentage of this plan" if is_own else "the percentage of the policy")
    name = body.index if is_own or policy is None else policy.index
    index = next((one for one in indexing.indices if one.name == name), None)
    if index is None:
        raise InvalidInput(
            field="index" if name else "percentage", reason=f"there is no index {name}" if name else "nothing says by how much"
        )
    return by_index(index, today=day_of(work.now))


def _shown(row: Row, versions: Any) -> dict[str, Any]:
    """A plan with its preview: per version every price, old and new."""
    takes_orders = {
        (one.tariff_id, one.version): one.takes_orders for one in msgspec.json.decode(row["versions"], type=tuple[IndexedVersion, ...])
    }
    tariffs = [msgspec.json.decode(one["tariff"], type=Tariff) for one in versions]
    return {
        **{name: value for name, value in row.items() if name != "versions"},
        "rounding": ROUNDING,
        "versions": [
            {
                "tariff_id": tariff.tariff_id,
                "version": tariff.version,
                "title": tariff.title,
                "takes_orders": takes_orders[tariff.tariff_id, tariff.version],
                "is_indexation_agreed": tariff.is_indexation_agreed,
                "prices": preview(tariff, row["percentage"]),
            }
            for tariff in tariffs
        ],
    }


def _indexation_reading(router: APIRouter, access: Access) -> None:
    readers = access.reading(Role.MANAGER)

    @router.get("/indexations", **answers(INDEXATIONS))
    async def list_indexations(
        state: Annotated[Literal["planned", "started", "discarded"] | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(readers),
    ) -> Response:
        """Indexations by id."""
        rows = await reader.fetch(SQL["indexations"], reader.principal.provider, *page.after(1), state, page.rows_to_fetch)
        return answer(page.page(rows, key=["indexation_id"]))

    @router.get("/indexations/{indexation_id}", **answers(WholeIndexation))
    async def show_indexation(indexation_id: ThingPath, reader: Reader = Depends(readers)) -> Response:
        """The plan with its preview."""
        key = (reader.principal.provider, indexation_id)
        rows = await reader.fetch(SQL["indexation"], *key)
        if not rows:
            raise NotFound(what="indexation", id=indexation_id)
        return answer(_shown(rows[0], await reader.fetch(SQL["versions_of_indexation"], *key)), etag=rows[0]["version"])


def _of_accounts(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/price-changes", **answers(PRICE_CHANGES))
    async def list_price_changes(
        account: AccountPath,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """What was announced for the account's modules: old and new prices, the day, and until when each may end free of charge."""
        rows = await reader.fetch(SQL["price_changes"], reader.principal.provider, account, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=["module_id", "change_id"], item=lambda row: opened(row, "moves")))

    @router.post("/accounts/{account}/modules/{module_id}/price-changes/{change_id}/withdrawal", **answers(DroppedPriceChange))
    async def withdraw(
        *,
        account: AccountPath,
        module_id: ThingPath,
        change_id: ThingPath,
        body: WithdrawalBody,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Take an announcement back before its day, with a reason; the account is told."""

        async def do(work: Work) -> Answer:
            await must_own_module(work, AccountId(account), ModuleId(module_id))
            call.check_version(await work.version(MODULE, module_id))
            command = DropPriceChange(now=work.now, module_id=ModuleId(module_id), change_id=change_id, reason=body.reason)
            await work.execute(MODULE, module_id, command, account=AccountId(account))
            version = await work.version(MODULE, module_id)
            return Answer(body={"module_id": module_id, "change_id": change_id, "state": "dropped", "version": version}, etag=version)

        return await call.run(do)
