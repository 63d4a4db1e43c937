"""Routes of projects: agree, plan, milestones, delivery, completion (CON-11). Managers change, customers see their own."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.goods_body import CompletedBody, DeliveredBody, ProjectBody, ReachedBody, ReplanBody, StopBody
from termijn.contracts.api.reading import must_own_as_seen
from termijn.contracts.api.shown_goods import PROJECTS, ChangedProject, WholeProject
from termijn.contracts.goods_ordering import SQL, must_be_account
from termijn.contracts.ordering import policy_of
from termijn.contracts.project import (
    PROJECT,
    CompleteProject,
    DeliverProject,
    OpenProject,
    ProjectCommand,
    ReachMilestone,
    Replan,
    StopProject,
)
from termijn.events.goods import ProjectId
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath

PROJECT_PATH = "/accounts/{account}/projects/{project_id}"


def routes(access: Access) -> APIRouter:
    """All that changes is a manager's (SEC-2)."""
    router = APIRouter(tags=["projects"])
    _opening(router, access)
    _planning(router, access)
    _reaching(router, access)
    _ending(router, access)
    _reading(router, access)
    return router


async def _done(work: Work, account: str, command: ProjectCommand, *, status: int = 200) -> Answer:
    await work.execute(PROJECT, command.project_id, command, account=AccountId(account))
    version = await work.version(PROJECT, command.project_id)
    (row,) = await work.fetch(SQL["project"], work.provider, account, command.project_id)
    told = {"project_id": command.project_id, "state": row["state"], "price": row["price"], "billed": row["billed"], "version": version}
    return Answer(status=status, body=told, etag=version)


async def _on_project(call: Call, account: str, project_id: str, asked: Callable[[Work], Awaitable[ProjectCommand]]) -> Response:
    """Do it to the account's project."""

    async def do(work: Work) -> Answer:
        await must_own_as_seen(work, call, PROJECT, "project", account=AccountId(account), key=project_id)
        return await _done(work, account, await asked(work))

    return await call.run(do)


def _opening(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/projects", **answers(ChangedProject, status=201))
    async def open_project(account: AccountPath, body: ProjectBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """A quote was accepted in writing (CON-11)."""

        async def do(work: Work) -> Answer:
            await must_be_account(work, AccountId(account))
            command = OpenProject(
                now=work.now,
                project_id=ProjectId(body.project_id),
                title=body.title,
                price=body.price,
                milestones=body.planned(),
                remainder_on_delivery=body.remainder_on_delivery,
                remainder_vat_rate=body.remainder_vat_rate,
                remainder_kind=body.remainder_kind,
                agreed_on=body.agreed_on or day_of(work.now),
                quote=body.quote,
                revenue_group=body.revenue_group,
                ledger_account=body.ledger_account,
                vat_rates=(await policy_of(work)).vat_rates,
                channel=body.channel,
            )
            return await _done(work, account, command, status=201)

        return await call.run(do)


def _planning(router: APIRouter, access: Access) -> None:
    @router.put(f"{PROJECT_PATH}/plan", **answers(ChangedProject))
    async def replan(
        account: AccountPath, project_id: ThingPath, body: ReplanBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Another price and other milestones; the amounts of those that were reached stay (CON-11)."""

        async def asked(work: Work) -> ProjectCommand:
            return Replan(
                now=work.now,
                project_id=ProjectId(project_id),
                price=body.price,
                milestones=body.planned(),
                remainder_on_delivery=body.remainder_on_delivery,
                remainder_vat_rate=body.remainder_vat_rate,
                vat_rates=(await policy_of(work)).vat_rates,
                reason=body.reason,
                channel=body.channel,
            )

        return await _on_project(call, account, project_id, asked)


def _reaching(router: APIRouter, access: Access) -> None:
    @router.post(f"{PROJECT_PATH}/milestones/{{milestone_id}}/reached", **answers(ChangedProject))
    async def reach(
        account: AccountPath,
        project_id: ThingPath,
        milestone_id: ThingPath,
        body: ReachedBody,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """The milestone was reached and bills now, once (CON-11)."""

        async def asked(work: Work) -> ProjectCommand:
            reached_on = body.reached_on or day_of(work.now)
            return ReachMilestone(now=work.now, project_id=ProjectId(project_id), milestone_id=milestone_id, reached_on=reached_on)

        return await _on_project(call, account, project_id, asked)

    @router.post(f"{PROJECT_PATH}/delivery", **answers(ChangedProject))
    async def deliver_project(
        account: AccountPath, project_id: ThingPath, body: DeliveredBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """It was handed over; what no milestone bills is billed now (CON-11)."""

        async def asked(work: Work) -> ProjectCommand:
            return DeliverProject(now=work.now, project_id=ProjectId(project_id), delivered_on=body.delivered_on or day_of(work.now))

        return await _on_project(call, account, project_id, asked)


def _ending(router: APIRouter, access: Access) -> None:
    @router.post(f"{PROJECT_PATH}/completion", **answers(ChangedProject))
    async def complete(
        account: AccountPath, project_id: ThingPath, body: CompletedBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """All is done; the warranty on settings runs from that day (CON-12)."""

        async def asked(work: Work) -> ProjectCommand:
            return CompleteProject(
                now=work.now,
                project_id=ProjectId(project_id),
                completed_on=body.completed_on or day_of(work.now),
                settings_days=(await policy_of(work)).settings_warranty_days,
            )

        return await _on_project(call, account, project_id, asked)

    @router.post(f"{PROJECT_PATH}/stop", **answers(ChangedProject))
    async def stop(
        account: AccountPath, project_id: ThingPath, body: StopBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """It goes no further; what was not reached is never billed."""

        async def asked(work: Work) -> ProjectCommand:
            return StopProject(now=work.now, project_id=ProjectId(project_id), reason=body.reason, channel=body.channel)

        return await _on_project(call, account, project_id, asked)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/projects", **answers(PROJECTS))
    async def list_projects(
        account: AccountPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The account's projects by id."""
        rows = await reader.fetch(SQL["projects"], reader.principal.provider, account, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["project_id"]))

    @router.get(PROJECT_PATH, **answers(WholeProject))
    async def show_project(
        account: AccountPath, project_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """One project with its milestones, what it has billed, and the orders of goods within it."""
        provider = reader.principal.provider
        rows = await reader.fetch(SQL["project"], provider, account, project_id)
        if not rows:
            raise NotFound(what="project", id=project_id)
        shown = {name: value for name, value in rows[0].items() if name != "provider"}
        shown["milestones"] = [dict(row) for row in await reader.fetch(SQL["milestones"], provider, project_id)]
        shown["orders"] = [row["order_id"] for row in await reader.fetch(SQL["project_orders"], provider, project_id)]
        return answer(shown, etag=rows[0]["version"])
