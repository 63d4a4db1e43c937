"""Routes of deletion: whether an account may be deleted and why not, asking for it, calling it off, what waits (CON-7)."""

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Response

from termijn.contracts.api.shown_account import DELETIONS, DeletionState, WholeDeletion
from termijn.contracts.erasure import SQL, request_deletion, withdraw_deletion
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import AccountPath


def routes(access: Access) -> APIRouter:
    """The owner or a manager asks; a manager calls off."""
    router = APIRouter(tags=["accounts"])
    _asking(router, access)
    _reading(router, access)
    return router


def _asking(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/deletion", **answers(DeletionState, status=202))
    async def delete_account(account: AccountPath, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """Delete the account: access closes at once; refused with every reason while anything stands in the way (CON-7)."""

        async def do(work: Work) -> Answer:
            if not await work.fetch(SQL["deletion"], work.provider, account):
                raise NotFound(what="account", id=account)
            await request_deletion(work, AccountId(account))
            return Answer(status=202, body={"account_id": account, "state": "waiting"})

        return await call.run(do, even_closed=True)

    @router.delete("/accounts/{account}/deletion", **answers(DeletionState))
    async def keep_account(account: AccountPath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Call the deletion off while it waits; access is open again."""

        async def do(work: Work) -> Answer:
            await withdraw_deletion(work, AccountId(account))
            return Answer(body={"account_id": account, "state": "open"})

        return await call.run(do, even_closed=True)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/accounts/{account}/deletion", **answers(WholeDeletion))
    async def show_deletion(account: AccountPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """Whether the account may be deleted, every reason why not, and how far a deletion is (CON-7)."""
        provider = reader.principal.provider
        rows = await reader.fetch(SQL["deletion"], provider, account)
        if not rows:
            raise NotFound(what="account", id=account)
        return answer(await _told(reader, rows[0], account))

    @router.get("/deletions", **answers(DELETIONS))
    async def list_deletions(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Deletions that wait for something, with the services that do not answer: tasks for ops (CON-7)."""
        rows = await reader.fetch(SQL["deletions"], reader.principal.provider, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["account"]))


async def _told(reader: Reader, row: Any, account: str) -> dict[str, Any]:
    provider = reader.principal.provider
    own = await reader.fetch(SQL["own_obstacles"], provider, account)
    reasons = [{"service": "contracts", "kind": one["kind"], "subject": one["subject"], "until": one["until"]} for one in own]
    answers = await reader.fetch(SQL["answers"], provider, account)
    for said in answers:
        reasons += [{"service": said["service"], **one} for one in msgspec.json.decode(said["obstacles"])]
    state = {"closed": "waiting", "erased": "deleted"}.get(row["access"] or "open", "open")
    return {
        "account_id": account,
        "state": state,
        "may_be_deleted": state == "open" and not reasons,
        "reasons": [] if state == "deleted" else reasons,
        "requested_at": row["requested_at"],
        "ended_at": row["ended_at"],
        "ended_because": row["ended_because"],
        "overdue": row["overdue"] or [],
        "answers": [{"service": one["service"], "answered_at": one["answered_at"], "erased_at": one["erased_at"]} for one in answers],
    }
