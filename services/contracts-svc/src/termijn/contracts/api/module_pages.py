"""Reading modules: a list per account, one in full or as it was, what notice gives, which changes are allowed (CON-13)."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.points import SQL as POINTS
from termijn.contracts.api.points import last_of, state_at, state_now, version_before
from termijn.contracts.api.shown_module import MODULES, ModuleThen, PossibleChanges, WholeNotice
from termijn.contracts.as_of import KnownModule, end_of, module_on
from termijn.contracts.errors import ModuleIsOver, NotYetDelivered
from termijn.contracts.module import MODULE
from termijn.contracts.module_page import Asker, changes_of, notice_of
from termijn.contracts.module_state import AwaitingDelivery, Over, Running
from termijn.contracts.ordering import QUERIES
from termijn.events.contracts import ModuleEnded, ModuleTerminated
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.http import Access, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath, Day

MODULE_PATH = "/accounts/{account}/modules/{module_id}"
States = Literal["awaiting_delivery", "running", "ended", "terminated"]


def routes(access: Access) -> APIRouter:
    """Customers see their own modules, managers all."""
    router = APIRouter(tags=["modules"])
    _listing(router, access)
    _showing(router, access)
    _asking(router, access)
    return router


def _listing(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/modules", **answers(MODULES))
    async def list_modules(
        account: AccountPath,
        state: Annotated[States | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The account's modules by id, with tariff and quantity of today."""
        provider = reader.principal.provider
        rows = await reader.fetch(QUERIES["modules_page"], provider, account, day_of(reader.now), state, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["module_id"]))


def _showing(router: APIRouter, access: Access) -> None:
    @router.get(MODULE_PATH, **answers(ModuleThen))
    async def show_module(
        account: AccountPath,
        module_id: ThingPath,
        as_of: Annotated[
            Day | None, Query(description="What was in force on that day, by what is known now; today where not said.")
        ] = None,
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """One module, today or as it was: dated changes by their day, notice and suspension as they stood when the day ended."""
        day = as_of or day_of(reader.now)
        await must_see_module(reader, account, module_id)
        known = await known_module(reader, module_id, day)
        found = module_on(day, known)
        if found is None:
            raise NotFound(what=f"module on {day}", id=module_id)
        return answer({"module_id": module_id, "account": account, "as_of": day, "version": known.version, **found}, etag=known.version)


def _asking(router: APIRouter, access: Access) -> None:
    @router.get(f"{MODULE_PATH}/notice", **answers(WholeNotice, also=(409,)))
    async def show_notice(
        account: AccountPath,
        module_id: ThingPath,
        given_on: Annotated[Day | None, Query(description="The day of the notice; today where not said.")] = None,
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """What notice would give: the earliest end and the next ones, the last day for notice, renewal; rule, inputs and steps (CON-13)."""
        today = day_of(reader.now)
        await must_see_module(reader, account, module_id)
        state = _that_runs(*await state_now(reader, MODULE, module_id))
        given = given_on or today
        if given < today:
            raise InvalidInput(field="given_on", reason="lies in the past: what notice gave then is in the history")
        told = notice_of(ModuleId(module_id), state, await _asker(reader, account), given=given)
        return answer({"module_id": module_id, "ending": state.ending, **told})

    @router.get(f"{MODULE_PATH}/changes", **answers(PossibleChanges))
    async def show_changes(
        account: AccountPath, module_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Which changes the caller may make, from which day, and why not where not (CON-3, CON-4, CON-9, SEC-2)."""
        await must_see_module(reader, account, module_id)
        state, version = await state_now(reader, MODULE, module_id)
        kind = state.terms.kind if isinstance(state, AwaitingDelivery | Running) else ""
        rows = await reader.fetch(
            QUERIES["tariffs_of_kind"],
            reader.principal.provider,
            kind,
            day_of(reader.now),
            reader.principal.role is Role.CUSTOMER,
        )
        tariffs = [msgspec.json.decode(row["tariff"], type=Tariff) for row in rows]
        changes = changes_of(ModuleId(module_id), state, await _asker(reader, account), tariffs=tariffs)
        return answer({"module_id": module_id, "version": version, "changes": changes}, etag=version)


def _that_runs(state: object, version: int) -> Running:
    """Only what runs has notice to give."""
    if isinstance(state, Over):
        raise ModuleIsOver(ended_on=state.ended_on)
    if isinstance(state, AwaitingDelivery):
        raise NotYetDelivered
    assert isinstance(state, Running), "what has events was ordered"
    return state


async def must_see_module(reader: Reader, account: str, module_id: str) -> None:
    """Raise ``NotFound`` unless the module is this account's (SEC-1)."""
    rows = await reader.fetch(QUERIES["account_of_module"], reader.principal.provider, module_id)
    if not rows or rows[0]["account"] != account:
        raise NotFound(what="module", id=module_id)


async def known_module(reader: Reader, module_id: str, day: date) -> KnownModule:
    """What is known of a module for ``module_on``: a few states along its stream, however long that is."""
    provider, end = reader.principal.provider, end_of(day)
    live, version = await state_now(reader, MODULE, module_id)
    over = await last_of(reader, MODULE, module_id, ("ModuleEnded", "ModuleTerminated")) if isinstance(live, Over) else None
    if over is not None:
        live = await state_at(reader, MODULE, module_id, over.version - 1)
    ended = over.event if over is not None else None
    assert ended is None or isinstance(ended, ModuleEnded | ModuleTerminated), "that was asked for"
    subjects = await reader.fetch(POINTS["subjects_at"], provider, module_id, end)
    return KnownModule(
        version=version,
        live=live,
        then=await state_at(reader, MODULE, module_id, await version_before(reader, MODULE, module_id, end)),
        over=ended,
        subjects=[row["subject"] for row in subjects],
    )


async def _asker(reader: Reader, account: str) -> Asker:
    found, _ = await state_now(reader, ACCOUNT, account)
    if not isinstance(found, OpenAccount):
        raise NotFound(what="account", id=account)
    return Asker(
        now=reader.now,
        is_manager=reader.principal.role is not Role.CUSTOMER,
        is_consumer=found.is_consumer,
        consented_months=found.long_term_months,
    )
