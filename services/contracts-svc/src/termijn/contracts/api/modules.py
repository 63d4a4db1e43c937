"""Routes of modules: order, delivery, scaling, tariff change, options, notice, subjects."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from termijn.contracts.account import ACCOUNT
from termijn.contracts.api.bodies import Channel, Instant, ThingPath
from termijn.contracts.api.module_body import (
    ActivationBody,
    CancellationBody,
    OptionBody,
    OrderBody,
    PortOutBody,
    ScalingBody,
    SubjectBody,
    TariffChangeBody,
)
from termijn.contracts.api.shown_module import ChangedModule
from termijn.contracts.goods_ordering import end_lease_with
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import (
    Activate,
    AddOption,
    Cancel,
    ModuleCommand,
    PortOut,
    ReleaseSubject,
    RemoveOption,
    Scale,
    Withdraw,
)
from termijn.contracts.module_state import AwaitingDelivery, Module, Over, Running
from termijn.contracts.ordering import (
    assign_subject,
    change_tariff,
    debtor_of,
    must_own_module,
    order,
    suspend_where_account_is,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId, ArticleId, ModuleId, TariffId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Role, answers
from termijn.runtime.http.fields import AccountPath, Day

MODULE_PATH = "/accounts/{account}/modules/{module_id}"


def routes(access: Access) -> APIRouter:
    """Customers act on their own modules; what is a manager's, the module itself refuses to others."""
    router = APIRouter(tags=["modules"])
    _ordering(router, access)
    _quantity_and_tariff(router, access)
    _options(router, access)
    _notice(router, access)
    _subjects(router, access)
    _porting(router, access)
    return router


async def _on_module(call: Call, account: str, module_id: str, doing: Callable[[Work], Awaitable[Any]], *, status: int = 200) -> Response:
    """Do it to the account's module, and answer what the module is then; a notice with how its date came about (CON-13)."""

    async def do(work: Work) -> Answer:
        await must_own_module(work, AccountId(account), ModuleId(module_id))
        call.check_version(await work.version(MODULE, module_id))
        explained = await doing(work)
        return await _told(work, ModuleId(module_id), status=status, explanation=explained)

    return await call.run(do)


async def _told(work: Work, module_id: ModuleId, *, status: int, explanation: str | None = None) -> Answer:
    body = {"module_id": module_id, **summary(await work.load(MODULE, module_id), day_of(work.now))}
    if explanation is not None:
        body["explanation"] = explanation
    version = await work.version(MODULE, module_id)
    return Answer(status=status, body={**body, "version": version}, etag=version)


def summary(state: Module, today: date) -> dict[str, Any]:
    """What a module is on that day: state, tariff, quantity, dates."""
    if isinstance(state, Over):
        return {"state": "over", "ends_on": state.ended_on}
    assert isinstance(state, AwaitingDelivery | Running), "what was just changed exists"
    tariff = state.terms.tariff_on(today)
    common = {"tariff_id": tariff.tariff_id, "tariff_version": tariff.version, "quantity": state.terms.quantity_on(today)}
    later = [segment for segment in state.terms.quantities if segment.from_on > today]
    changes = [segment for segment in state.terms.tariffs if segment.from_on > today]
    common["pending"] = [{"from_on": s.from_on, "quantity": s.quantity} for s in later] + [
        {"from_on": s.from_on, "tariff_id": s.tariff.tariff_id, "tariff_version": s.tariff.version} for s in changes
    ]
    if isinstance(state, AwaitingDelivery):
        return {"state": "awaiting_delivery", "starts_on": None, "ends_on": None, **common}
    ends_on = state.ending.ends_on if state.ending is not None else None
    name = "cancelled" if ends_on is not None else "running"
    return {"state": name, "starts_on": state.starts_on, "ends_on": ends_on, "is_suspended": state.suspension is not None, **common}


def _is_manager(call: Call) -> bool:
    return call.principal.role is Role.MANAGER


async def _execute(work: Work, account: str, command: ModuleCommand) -> str | None:
    """Carry out; how the day that follows came about, where one was computed (CON-13)."""
    decided = await work.execute(MODULE, command.module_id, command, account=AccountId(account))
    await end_lease_with(work, AccountId(account), decided)
    return next((why for event in decided if (why := getattr(event, "explanation", ""))), None)


def _ordering(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/modules", **answers(ChangedModule, status=201))
    async def order_module(
        account: AccountPath, body: OrderBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Order a module (CAT-1, CON-2); it gets the tariff version that takes orders today (CAT-5). If-Match is of the account."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(ACCOUNT, account))
            await order(
                work,
                AccountId(account),
                module_id=ModuleId(body.module_id),
                tariff_id=TariffId(body.tariff_id),
                quantity=body.quantity,
                ordered_on=body.ordered_on,
                starts_on=body.starts_on,
                options=tuple(ArticleId(option) for option in body.options),
                is_manager=_is_manager(call),
                channel=body.channel,
            )
            return await _told(work, ModuleId(body.module_id), status=201)

        return await call.run(do)

    @router.post(f"{MODULE_PATH}/activation", **answers(ChangedModule))
    async def activate(
        account: AccountPath, module_id: ThingPath, body: ActivationBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Report the delivery: terms and billing of a line run from it (CAT-25)."""

        async def doing(work: Work) -> str | None:
            command = Activate(now=work.now, module_id=ModuleId(module_id), active_from=body.active_from, is_manager=True)
            await _execute(work, account, command)
            await suspend_where_account_is(work, AccountId(account), ModuleId(module_id))
            return None

        return await _on_module(call, account, module_id, doing)


def _quantity_and_tariff(router: APIRouter, access: Access) -> None:
    @router.post(f"{MODULE_PATH}/scaling", **answers(ChangedModule))
    async def scale(
        account: AccountPath, module_id: ThingPath, body: ScalingBody, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Another quantity (CON-3); zero is a cancellation."""

        async def doing(work: Work) -> str | None:
            debtor = await debtor_of(work, AccountId(account))
            command = Scale(now=work.now, module_id=ModuleId(module_id), is_manager=_is_manager(call), **body.model_dump(), **debtor)
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing)

    @router.post(f"{MODULE_PATH}/tariff", **answers(ChangedModule))
    async def change(
        account: AccountPath,
        module_id: ThingPath,
        body: TariffChangeBody,
        call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Another tariff under the notice rule of the present one (CON-4); a manager migrates and picks any day (CAT-5)."""

        async def doing(work: Work) -> str | None:
            return await change_tariff(
                work,
                AccountId(account),
                module_id=ModuleId(module_id),
                tariff_id=TariffId(body.tariff_id),
                from_on=body.from_on,
                new_term_confirmed=body.new_term_confirmed,
                confirmed_on=body.confirmed_on,
                confirmation=body.confirmation,
                request=body.request,
                is_manager=_is_manager(call),
                channel=body.channel,
            )

        return await _on_module(call, account, module_id, doing)


def _options(router: APIRouter, access: Access) -> None:
    @router.post(f"{MODULE_PATH}/options", **answers(ChangedModule, status=201))
    async def add(
        account: AccountPath, module_id: ThingPath, body: OptionBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Add an option, or change its quantity (CON-9)."""

        async def doing(work: Work) -> str | None:
            command = AddOption(now=work.now, module_id=ModuleId(module_id), is_manager=True, **body.model_dump())
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing, status=201)

    @router.delete(f"{MODULE_PATH}/options/{{article_id}}", **answers(ChangedModule))
    async def remove(
        *,
        account: AccountPath,
        module_id: ThingPath,
        article_id: ThingPath,
        ends_on: Annotated[Day | None, Query()] = None,
        channel: Annotated[Channel, Query()] = "api",
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Take an option off, by its own notice rule or to a day that the manager picks (CON-5)."""

        async def doing(work: Work) -> str | None:
            command = RemoveOption(
                now=work.now,
                module_id=ModuleId(module_id),
                article_id=ArticleId(article_id),
                ends_on=ends_on,
                is_manager=True,
                channel=channel,
                **await debtor_of(work, AccountId(account)),
            )
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing)


def _notice(router: APIRouter, access: Access) -> None:
    @router.post(f"{MODULE_PATH}/cancellation", **answers(ChangedModule))
    async def cancel(
        account: AccountPath,
        module_id: ThingPath,
        body: CancellationBody,
        call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Give notice (CON-4, CON-6): to the earliest day, or a later one that the rule allows; a manager to any."""

        async def doing(work: Work) -> str | None:
            command = Cancel(
                now=work.now,
                module_id=ModuleId(module_id),
                notice_on=body.notice_on or day_of(work.now),
                ends_on=body.ends_on,
                is_manager=_is_manager(call),
                channel=body.channel,
                **await debtor_of(work, AccountId(account)),
            )
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing)

    @router.delete(f"{MODULE_PATH}/cancellation", **answers(ChangedModule))
    async def withdraw(
        account: AccountPath,
        module_id: ThingPath,
        channel: Annotated[Channel, Query()] = "api",
        call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Take the notice back, until the module has ended (CON-6)."""

        async def doing(work: Work) -> str | None:
            return await _execute(work, account, Withdraw(now=work.now, module_id=ModuleId(module_id), channel=channel))

        return await _on_module(call, account, module_id, doing)


def _subjects(router: APIRouter, access: Access) -> None:
    @router.post(f"{MODULE_PATH}/subjects", **answers(ChangedModule, status=201))
    async def assign(
        account: AccountPath, module_id: ThingPath, body: SubjectBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Give the module a phone number, extension or workplace (USE-2)."""

        async def doing(work: Work) -> None:
            await assign_subject(
                work,
                AccountId(account),
                module_id=ModuleId(module_id),
                subject=body.subject,
                from_at=body.from_at or work.now,
                is_manager=True,
            )

        return await _on_module(call, account, module_id, doing, status=201)

    @router.delete(f"{MODULE_PATH}/subjects/{{subject}}", **answers(ChangedModule))
    async def release(
        account: AccountPath,
        module_id: ThingPath,
        subject: str,
        until_at: Annotated[Instant | None, Query()] = None,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Take a subject off the module, from now where no instant is given."""

        async def doing(work: Work) -> str | None:
            command = ReleaseSubject(
                now=work.now, module_id=ModuleId(module_id), subject=subject, until_at=until_at or work.now, is_manager=True
            )
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing)


def _porting(router: APIRouter, access: Access) -> None:
    @router.post(f"{MODULE_PATH}/subjects/{{subject}}/port-out", **answers(ChangedModule))
    async def port_out(
        account: AccountPath,
        module_id: ThingPath,
        subject: str,
        body: PortOutBody,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """A number went to another provider: the module's no longer, and written notice on that day (CON-6)."""

        async def doing(work: Work) -> str | None:
            command = PortOut(
                now=work.now,
                module_id=ModuleId(module_id),
                subject=subject,
                ported_at=body.ported_at or work.now,
                ends_module=body.ends_module,
                is_manager=True,
                channel=body.channel,
                **await debtor_of(work, AccountId(account)),
            )
            return await _execute(work, account, command)

        return await _on_module(call, account, module_id, doing)
