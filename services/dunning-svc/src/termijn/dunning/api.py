"""HTTP of dunning-svc: parse, handle, render. No rule is decided here."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from termijn.dunning.account_command import EndHold, PlaceHold, Terminate
from termijn.dunning.account_event import HoldPlaced
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.errors import UnknownHold
from termijn.dunning.policy import DAYS_MAX, HOUR, POLICY, Policy
from termijn.dunning.shown import CASES, HANDOVERS, HOLDS, LETTERS, TASKS, Accepted, Board, Held, Lifted, WholeCase
from termijn.events.base import Blob
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import AccountId, InvoiceId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, answers_file, paging
from termijn.runtime.http.fields import ACCOUNT_ID, AccountKey, AccountPath, Body, Day, ExactDecimal, Flag, Line, Sentence
from termijn.runtime.http.settings import add_replacing, add_showing
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

QUERIES = load("termijn.dunning", "queries.sql")

# What callers may send: every field with its limits, so that bad input is a problem with the field named (SEC-4).

THING_ID = r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$"


AccountFilter = Annotated[str | None, Query(pattern=ACCOUNT_ID)]
ThingKey = Annotated[str, Field(pattern=THING_ID)]
ThingPath = Annotated[str, Path(pattern=THING_ID)]
Days = Annotated[int, Field(strict=True, ge=0, le=DAYS_MAX)]
Amount = Annotated[ExactDecimal, Field(ge=0, le=10_000, max_digits=7, decimal_places=2)]
Hour = Annotated[str, Field(pattern=f"^{HOUR}$")]


class RungBody(Body):
    """A step of the ladder (DUN-1)."""

    step: Literal["reminder", "second_reminder", "formal_notice", "final_demand", "bailiff"]
    counts_from: Literal["due", "invoice"]
    days: Days


class LetterheadBody(Body):
    """Who writes, and where the money goes."""

    name: Line = ""
    iban: Annotated[str, Field(pattern=r"^([A-Z]{2}[0-9]{2}[A-Z0-9]{1,30})?$")] = ""
    email: Line = ""
    phone: Line = ""


class PolicyBody(Body):
    """The whole policy; what is left out takes its default."""

    ladder: Annotated[list[RungBody], Field(min_length=1, max_length=5)] | None = None
    days_between_steps: Days = 5
    days_after_due_min: Days = 3
    days_to_pay_min: Days = 5
    handover_min: Amount = Decimal("25.00")
    remainder_written_off_below: Amount = Decimal("1.00")
    structural_misses: Days = 3
    structural_months: Annotated[int, Field(strict=True, ge=1, le=13)] = 12
    warning_days: Days = 7
    suspension_claim_min: Amount = Decimal("25.00")
    suspension_reaches: Literal["unpaid_streams", "all"] = "unpaid_streams"
    termination_days: Days = 30
    suspends_single_case: Flag = False
    proposals_at: Hour = "08:00"
    letters_at: Hour = "10:00"
    handovers_at: Hour = "17:00"
    hold_days_max: Days = 366
    letterhead: LetterheadBody = LetterheadBody()


class HoldBody(Body):
    """A hold over an account, or over one invoice of it (DUN-14)."""

    account: AccountKey
    invoice_id: ThingKey | None = None
    reason: Sentence
    until: Day


class TerminationBody(Body):
    """Why the suspended modules end (DUN-9)."""

    reason: Sentence


def routes(access: Access) -> APIRouter:
    """All routes, to be mounted under /dunning."""
    router = APIRouter()
    add_replacing(router, access, "policy", POLICY, body=PolicyBody, read=_policy)
    add_showing(router, access, "policy", POLICY, body=PolicyBody, query=QUERIES["policy"])
    _holds(router, access)
    _termination(router, access)
    _cases(router, access)
    _letters(router, access)
    _desk(router, access)
    return router


def _policy(body: PolicyBody) -> Policy:
    return msgspec.convert(body.model_dump(exclude_none=True), Policy)


async def _facts(work: Work) -> dict[str, Any]:
    current = await work.load(POLICY, CURRENT)
    return {"now": work.now, "policy": current.value, "policy_version": current.version}


def _holds(router: APIRouter, access: Access) -> None:
    @router.post("/holds", **answers(Held, status=201))
    async def place_hold(body: HoldBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Nothing goes out for what is held, up to and including ``until`` (DUN-14)."""
        account = AccountId(body.account)
        invoice = InvoiceId(body.invoice_id) if body.invoice_id is not None else None

        async def do(work: Work) -> Answer:
            command = PlaceHold(**await _facts(work), account=account, invoice_id=invoice, reason=body.reason, until=body.until)
            done = await work.execute(ACCOUNT, account, command, account=account)
            placed = next(event for event in done if isinstance(event, HoldPlaced))
            return Answer(status=201, body={"hold_id": placed.hold_id, "since": placed.since, "until": placed.until})

        return await call.run(do)

    @router.delete("/holds/{hold}", **answers(Lifted))
    async def lift_hold(hold: ThingPath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """The ladder goes on, later by the days that it was paused (DUN-16)."""

        async def do(work: Work) -> Answer:
            rows = await work.fetch(QUERIES["hold_account"], work.provider, hold)
            if not rows:
                raise UnknownHold(hold=hold)
            account = AccountId(rows[0]["account"])
            await work.execute(ACCOUNT, account, EndHold(**await _facts(work), hold_id=hold, is_lifted=True), account=account)
            return Answer(body={"hold_id": hold, "state": "lifted"})

        return await call.run(do)


def _termination(router: APIRouter, access: Access) -> None:
    @router.post("/accounts/{account}/termination", **answers(Accepted, status=202))
    async def terminate(account: AccountPath, body: TerminationBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """The suspended modules end for default (DUN-9)."""
        key = AccountId(account)

        async def do(work: Work) -> Answer:
            command = Terminate(**await _facts(work), account=key, reason=body.reason)
            await work.execute(ACCOUNT, key, command, account=key)
            return Answer(status=202, body={"account": account})

        return await call.run(do)


def _cases(router: APIRouter, access: Access) -> None:
    readers = access.reading(Role.CUSTOMER, Role.MANAGER, Role.OPS)

    @router.get("/cases", **answers(CASES))
    async def list_cases(
        account: AccountFilter = None,
        state: Literal["open", "handed_over", "closed"] | None = None,
        reader: Reader = Depends(readers),
        page: Paging = Depends(paging),
    ) -> Response:
        """Cases, each with its next step and what it waits for (DUN-5)."""
        of = reader.account_filter(account)
        rows = await reader.fetch(QUERIES["cases"], reader.principal.provider, of, state, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=("case_id",)))

    @router.get("/cases/{case}", **answers(WholeCase))
    async def show_case(case: ThingPath, reader: Reader = Depends(readers)) -> Response:
        """One case with its plan and, for the provider's people, its whole history (SEC-3)."""
        rows = await reader.fetch(QUERIES["case"], reader.principal.provider, case)
        of = reader.account_filter(None)
        if not rows or of not in (None, rows[0]["account"]):
            raise NotFound(what="case", id=case)
        shown = _opened(rows[0], "steps")
        if of is None:
            shown["history"] = [dict(row) for row in await reader.fetch(QUERIES["entries_of_case"], reader.principal.provider, case)]
        return answer(shown)

    @router.get("/board", **answers(Board))
    async def board(reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """A column per step: cases, money, and how many of them wait for something."""
        return answer({"columns": [dict(row) for row in await reader.fetch(QUERIES["board"], reader.principal.provider)]})


def _letters(router: APIRouter, access: Access) -> None:
    readers = access.reading(Role.CUSTOMER, Role.MANAGER, Role.OPS)

    @router.get("/letters", **answers(LETTERS))
    async def list_letters(account: AccountFilter = None, reader: Reader = Depends(readers), page: Paging = Depends(paging)) -> Response:
        """Letters by day, with what they say of each invoice (DUN-1)."""
        of = reader.account_filter(account)
        rows = await reader.fetch(QUERIES["letters"], reader.principal.provider, of, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=("on_day", "letter_id"), item=lambda row: _opened(row, "items")))

    @router.get("/letters/{letter}/text", **answers_file("text/plain"))
    async def show_text(letter: ThingPath, reader: Reader = Depends(readers)) -> Response:
        """The text as it was sent."""
        row = await _blob_row(reader, "letter", letter)
        return Response(await reader.blobs.get(reader.principal.provider, _blob(row)), media_type="text/plain; charset=utf-8")


def _desk(router: APIRouter, access: Access) -> None:
    readers = access.reading(Role.MANAGER, Role.OPS)

    @router.get("/tasks", **answers(TASKS))
    async def list_tasks(account: AccountFilter = None, reader: Reader = Depends(readers), page: Paging = Depends(paging)) -> Response:
        """Open tasks by the day they are due: calls, missing proof, small claims, terminations."""
        rows = await reader.fetch(QUERIES["tasks"], reader.principal.provider, account, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=("due_on", "task_id")))

    @router.get("/holds", **answers(HOLDS))
    async def list_holds(account: AccountFilter = None, reader: Reader = Depends(readers), page: Paging = Depends(paging)) -> Response:
        """Holds with their reasons and dates (DUN-14)."""
        rows = await reader.fetch(QUERIES["holds"], reader.principal.provider, account, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=("hold_id",)))

    @router.get("/handovers", **answers(HANDOVERS))
    async def list_handovers(account: AccountFilter = None, reader: Reader = Depends(readers), page: Paging = Depends(paging)) -> Response:
        """Claims that are with the bailiff (DUN-5)."""
        rows = await reader.fetch(QUERIES["handovers"], reader.principal.provider, account, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=("handover_on", "case_id")))

    @router.get("/handovers/{case}/dossier", **answers_file("application/zip"))
    async def show_dossier(case: ThingPath, reader: Reader = Depends(readers)) -> Response:
        """The case file as one archive (DUN-5)."""
        row = await _blob_row(reader, "handover", case)
        return Response(await reader.blobs.get(reader.principal.provider, _blob(row)), media_type="application/zip")


async def _blob_row(reader: Reader, query: str, key: str) -> Any:
    rows = await reader.fetch(QUERIES[query], reader.principal.provider, key)
    of = reader.account_filter(None)
    if not rows or of not in (None, rows[0]["account"]):
        raise NotFound(what=query, id=key)
    return rows[0]


def _blob(row: Any) -> Blob:
    return Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"])


def _opened(row: Any, *columns: str) -> dict[str, Any]:
    """A row with these JSON columns as data."""
    return {name: msgspec.json.decode(value) if name in columns and value is not None else value for name, value in row.items()}
