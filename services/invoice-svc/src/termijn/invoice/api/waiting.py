"""What of an account is on no document yet, line by line, and in which named place it waits (INV-17)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from termijn.invoice.api.shown import LINES, in_cents
from termijn.runtime.http import Access, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "api.sql")
StreamQuery = Annotated[str | None, Query(pattern="^(subscription|support|project|hardware)$")]


def routes(access: Access) -> APIRouter:
    """For those who ask where a delivery went."""
    router = APIRouter(tags=["invoices"])

    @router.get("/accounts/{account}/waiting-lines", **answers(LINES))
    async def list_waiting(
        account: AccountPath,
        stream: StreamQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Lines that wait for a run, a milestone or their number: stream and place, net, and who charged them (INV-17)."""
        rows = await reader.fetch(SQL["waiting_lines"], reader.principal.provider, account, stream, *page.after(1), page.rows_to_fetch)
        return answer(in_cents(page.page(rows, key=["line_id"])))

    return router
