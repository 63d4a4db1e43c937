"""Routes of operation: runs and what they lack, direct debits by day, tasks."""

from datetime import date
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Path, Query, Response

from termijn.invoice.api import shown
from termijn.invoice.api.bodies import TaskPath
from termijn.invoice.booking import account_of
from termijn.invoice.errors import NoSuchTask
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import FinishTask
from termijn.invoice.policy import TaskKind
from termijn.kernel.ids import InvoiceId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import FIRST_DAY, LAST_DAY
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "api.sql")
PeriodPath = Annotated[str, Path(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
DayQuery = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
StatusQuery = Annotated[str | None, Query(pattern="^(planned|submitted|booked|failed|withdrawn)$")]


def routes(access: Access) -> APIRouter:
    """What the provider's people look at."""
    router = APIRouter(tags=["operations"])
    _runs(router, access)
    _debits(router, access)
    _tasks(router, access)
    return router


def _runs(router: APIRouter, access: Access) -> None:
    @router.get("/runs", **answers(shown.RUNS))
    async def list_runs(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Runs of subscriptions and of support, newest first, with what they did (INV-2, INV-4)."""
        rows = await reader.fetch(SQL["runs"], reader.principal.provider, *page.after(2), reader.now, page.rows_to_fetch)
        return answer(page.page(rows, key=["run_on", "kind"]))

    @router.get("/runs/{period}/missing", **answers(shown.MISSING))
    async def list_missing(
        period: PeriodPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))
    ) -> Response:
        """The accounts that the run of subscriptions over that period named at its deadline."""
        rows = await reader.fetch(SQL["missing"], reader.principal.provider, period, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["account"]))


def _debits(router: APIRouter, access: Access) -> None:
    @router.get("/direct-debits", **answers(shown.DEBITS))
    async def list_debits(
        collect_on: DayQuery = None,
        status: StatusQuery = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS)),
    ) -> Response:
        """Direct debits by collection day; a planned one shows what is open now."""
        rows = await reader.fetch(SQL["direct_debits"], reader.principal.provider, collect_on, status, *page.after(3), page.rows_to_fetch)
        return answer(shown.in_cents(page.page(rows, key=["collect_on", "invoice_id", "attempt"])))


def _tasks(router: APIRouter, access: Access) -> None:
    @router.get("/tasks", **answers(shown.TASKS))
    async def list_tasks(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """What a person must look at, oldest first: tasks, held drafts, and a profile that is missing."""
        rows = await reader.fetch(SQL["tasks"], reader.principal.provider, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=["raised_at", "task_id"]))

    @router.post("/tasks/{task_id}/done", **answers(shown.Done))
    async def finish_task(task_id: TaskPath, call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))) -> Response:
        """Somebody has looked. A held draft is released, not finished."""
        invoice_id, _, kind = task_id.rpartition("~")
        found: list[TaskKind] = [known for known in get_args(TaskKind) if known == kind]
        if not found:
            raise NoSuchTask(task_id=task_id)

        async def do(work: Work) -> Answer:
            account = await account_of(work, InvoiceId(invoice_id))
            command = FinishTask(now=work.now, invoice_id=InvoiceId(invoice_id), kind=found[0])
            await work.execute(INVOICE, invoice_id, command, account=account)
            return Answer(body={"task_id": task_id})

        return await call.run(do)
