"""Routes of bank statements and of money that matches nothing. A reader of bank files will come the same way (``statement_booking.py``)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from termijn.invoice import statement_booking
from termijn.invoice.api import shown
from termijn.invoice.api.bodies import AssignmentBody, MoneyPath, SettingAsideBody, StatementBody, UnmatchedBody
from termijn.invoice.unmatched_money import MoneyUnmatched
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import InvoiceId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "api.sql")
MoneyStateQuery = Annotated[str | None, Query(pattern="^(open|assigned|set_aside)$")]


def routes(access: Access) -> APIRouter:
    """What managers and ops tell of the bank, and what they make of money that nobody recognises."""
    router = APIRouter(tags=["statements"])
    _statements(router, access)
    _unmatched(router, access)
    return router


def _statements(router: APIRouter, access: Access) -> None:
    @router.post("/statements", **answers(shown.Loaded, status=201))
    async def load_statement(body: StatementBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))) -> Response:
        """All that the bank booked up to that day is known; the same statement counts once. Steps that waited for it go on (TIM-3)."""

        async def do(work: Work) -> Answer:
            unmatched = [_money(work, body.statement_id, money) for money in body.unmatched]
            await statement_booking.load_statement(
                work, statement_id=body.statement_id, booked_through=body.booked_through, unmatched=unmatched
            )
            told = {"statement_id": body.statement_id, "booked_through": body.booked_through, "unmatched": len(unmatched)}
            return Answer(status=201, body=told)

        return await call.run(do)

    @router.get("/statements", **answers(shown.STATEMENTS))
    async def list_statements(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Statements, those that reach furthest first."""
        rows = await reader.fetch(SQL["statements"], reader.principal.provider, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=["booked_through", "statement_id"]))


def _unmatched(router: APIRouter, access: Access) -> None:
    @router.get("/unmatched-money", **answers(shown.UNMATCHED))
    async def list_unmatched(
        state: MoneyStateQuery = "open",
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS)),
    ) -> Response:
        """Money that matched nothing, oldest first, with the accounts that get no letter because of it."""
        rows = await reader.fetch(SQL["unmatched_money"], reader.principal.provider, state, *page.after(2), page.rows_to_fetch)
        return answer(shown.in_cents(page.page(rows, key=["noted_at", "money_id"])))

    @router.post("/unmatched-money/{money_id}/assignment", **answers(shown.Assigned, status=201))
    async def assign_money(
        money_id: MoneyPath, body: AssignmentBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))
    ) -> Response:
        """It pays this invoice; what is too much becomes a credit of the account (PAY-6). Its payment has the same id."""

        async def do(work: Work) -> Answer:
            state = await statement_booking.assign(work, money_id=money_id, invoice_id=InvoiceId(body.invoice_id))
            return Answer(status=201, body=shown.in_cents({"money_id": money_id, "invoice_id": body.invoice_id, "open": state.open}))

        return await call.run(do)

    @router.post("/unmatched-money/{money_id}/setting-aside", **answers(shown.SetAside))
    async def set_money_aside(
        money_id: MoneyPath, body: SettingAsideBody, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))
    ) -> Response:
        """It pays no invoice: letters that it held up go on."""

        async def do(work: Work) -> Answer:
            await statement_booking.set_aside(work, money_id=money_id, reason=body.reason)
            return Answer(body={"money_id": money_id, "state": "set_aside"})

        return await call.run(do)


def _money(work: Work, statement_id: str, body: UnmatchedBody) -> MoneyUnmatched:
    return MoneyUnmatched(
        money_id=body.money_id,
        statement_id=statement_id,
        amount=body.amount,
        value_on=body.value_on,
        booked_on=body.booked_on or day_of(work.now),
        iban=body.iban,
        name=body.name,
        reference=body.reference,
    )
