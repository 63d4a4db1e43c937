"""HTTP of rating-svc: usage and call records in, use and suspense out. Parses, hands on, renders; no rule here."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from termijn.kernel.ids import AccountId
from termijn.kernel.period import Month
from termijn.rating import unreadable_routes
from termijn.rating.call_record import CallFile, read_3cx
from termijn.rating.collected import CALL_RECORDS, CLOUD_EVENTS
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.fair_share import FairShare
from termijn.rating.ingest import Intake, Report
from termijn.rating.policy import DEFAULT_3CX_COLUMNS, POLICY, CallRecordLayout, Policy
from termijn.rating.rate import MILLIONTHS, shown_quantity
from termijn.rating.running_use import used_so_far
from termijn.rating.shown import CONFLICTS, WAITING, StillWaiting, Taken, TakenFile, UseOfPeriod, VoidedCount
from termijn.rating.suspense import retry_all, shared_lock_and_closing
from termijn.rating.usage import Use, Voided, read_batch, read_binary, read_structured, text_of
from termijn.rating.void import void_records
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import Body, Flag
from termijn.runtime.http.files import MediaTypeNotTaken, media_type_of
from termijn.runtime.http.settings import add_loading, add_replacing
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.rating", "api.sql")
BATCH = 5_000
"""Records ingested in one transaction."""
LAYOUTS_MAX = 500
"""Call record sources of one provider with a layout of their own."""

Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9 _.-]+$")]
Period = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="YYYY-MM")]
SourceName = Annotated[str, Field(min_length=1, max_length=128)]


class LayoutBody(Body):
    """How one source writes its call record files; fields left out take the default."""

    columns: Annotated[list[Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9 _.-]*$")]], Field(max_length=60)] = Field(
        default=list(DEFAULT_3CX_COLUMNS)
    )
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] = ","
    subject_from: Name = "from-dn"
    destination_from: Name = "to-no"
    subject_prefix: Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z0-9 _./-]*$")] = ""
    usage_key: Name = "call"


class PolicyBody(Body):
    """The whole policy; fields left out take their default."""

    part_periods: Literal["by_day", "in_full"] = "by_day"
    minimum_times_quantity: Flag = False
    limit_times_quantity: Flag = False
    layouts: Annotated[dict[SourceName, LayoutBody], Field(max_length=LAYOUTS_MAX)] = Field(default={})


def router(access: Access) -> APIRouter:
    """All routes, with who may call them."""
    routes = APIRouter()
    unreadable_routes.add_routes(routes, access)
    _usage_routes(routes, access)
    _suspense_routes(routes, access)
    _reading_routes(routes, access)
    add_replacing(routes, access, "policy", POLICY, body=PolicyBody, read=_policy)
    add_loading(routes, access, "policy", POLICY, body=PolicyBody)
    return routes


def _policy(body: PolicyBody) -> Policy:
    layouts = {
        source: CallRecordLayout(**(layout.model_dump() | {"columns": tuple(layout.columns)})) for source, layout in body.layouts.items()
    }
    return Policy(
        part_periods=body.part_periods,
        minimum_times_quantity=body.minimum_times_quantity,
        limit_times_quantity=body.limit_times_quantity,
        layouts=layouts,
    )


def _usage_routes(routes: APIRouter, access: Access) -> None:
    collecting = access.changing(Role.COLLECTOR, Role.MANAGER, needs_key=False)
    share = FairShare()
    intake: list[Intake] = []  # made with the first call: only then is it known where blobs lie

    async def take_in(call: Call, records: list[Use | Voided]) -> Report:
        if not intake:
            intake.append(Intake(DeckLibrary(call.host.plant.blobs)))
        report = Report()
        for start in range(0, len(records), BATCH):
            async with share.turn(call.principal.provider), call.host.database.pool.acquire() as connection:
                batch = records[start : start + BATCH]
                report += await intake[0].ingest(connection, call.principal.provider, batch, actor=call.principal.actor)
        return report

    @routes.post("/usage", **answers(Taken, status=202), openapi_extra={"requestBody": CLOUD_EVENTS})
    async def record_usage(request: Request, call: Call = Depends(collecting)) -> Response:
        """Usage as CloudEvents 1.0: one event, a batch, or binary mode (USE-1). Ids make it safe to send again."""
        return answer(asdict(await take_in(call, await _cloud_events(request))), status=202)

    @routes.post("/call-records/{source}", **answers(TakenFile, status=202), openapi_extra={"requestBody": CALL_RECORDS})
    async def load_call_records(
        source: str, request: Request, format: Literal["3cx"] = "3cx", call: Call = Depends(collecting)
    ) -> Response:
        """A call record file of an exchange (USE-1). Loading it twice changes nothing."""
        media_type_of(request, "text/csv", may_be_missing=True)
        name = text_of(source, "source")
        file = read_3cx(await request.body(), name, (await _policy_of(call)).layouts.get(name, CallRecordLayout()))
        return answer(_file_report(file, await take_in(call, list(file.uses))), status=202)


async def _policy_of(call: Call) -> Policy:
    async def load_policy(work: Work) -> Policy:
        return (await work.load(POLICY, CURRENT)).value

    return await call.host.run(provider=call.principal.provider, cause=call.cause, act=load_policy)


async def _cloud_events(request: Request) -> list[Use | Voided]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind == "application/cloudevents+json":
        return read_structured(body)
    if kind == "application/cloudevents-batch+json":
        return read_batch(body)
    attributes = {name[3:]: value for name, value in request.headers.items() if name.startswith("ce-")}
    if not attributes:
        raise MediaTypeNotTaken(field="Content-Type", reason="is no CloudEvents type and there are no ce- headers")
    return read_binary(attributes, body)


def _file_report(file: CallFile, report: Report) -> dict[str, Any]:
    return {
        **asdict(report),
        "lines": file.lines,
        "billable": len(file.uses),
        "not_billable": file.not_billable,
        "bad_lines": file.errors_total,
        "errors": [asdict(error) for error in file.errors],
        "lines_with_odd_bytes": file.odd_bytes_lines,
    }


def _suspense_routes(routes: APIRouter, access: Access) -> None:
    @routes.get("/suspense", **answers(WAITING))
    async def suspense(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Records that find no module, article or rate, and why (USE-2)."""
        rows = await reader.fetch(SQL["suspense"], reader.principal.provider, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=("source", "id")))

    @routes.get("/conflicts", **answers(CONFLICTS))
    async def conflicts(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Records with the id of another one and other content (USE-1)."""
        rows = await reader.fetch(SQL["conflicts"], reader.principal.provider, *page.after(3), page.rows_to_fetch)
        return answer(page.page(rows, key=("source", "id", "content")))

    @routes.post("/suspense/retry", **answers(StillWaiting, status=202))
    async def retry(call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))) -> Response:
        """Try everything that waits once more; what is left in the list afterwards still waits."""

        async def do(work: Work) -> Answer:
            return Answer(status=202, body={"waiting": await retry_all(work)})

        return await call.run(do)

    @routes.post("/usage/{source:path}/{record_id}/void", **answers(VoidedCount, status=202))
    async def void(source: str, record_id: str, call: Call = Depends(access.changing(Role.COLLECTOR, Role.MANAGER))) -> Response:
        """Take a record back, also one that has not come yet (USE-10)."""
        voided = Voided(text_of(source, "source"), text_of(record_id, "record_id"))

        async def do(work: Work) -> Answer:
            closing = await shared_lock_and_closing(work)
            count = await void_records(work, work.provider, closing, [voided], actor=work.cause.actor)
            return Answer(status=202, body={"voided": count})

        return await call.run(do)


def _reading_routes(routes: APIRouter, access: Access) -> None:
    @routes.get("/accounts/{account}/use", **answers(UseOfPeriod))
    async def use(
        account: str, period: Period, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER, Role.OPS))
    ) -> Response:
        """Use and cost of a period: what was used and what it costs by what is known now, and what was billed (USE-12)."""
        month, provider = Month.parse(period), reader.principal.provider
        totals = await reader.fetch(SQL["totals"], provider, account, month.first)
        billed = await reader.fetch(SQL["billed_use"], provider, account, month.first, month.last)

        async def compute(work: Work) -> list[Any]:
            return [asdict(one) for one in await used_so_far(work, AccountId(account), month)]

        costs = await reader.host.run(provider=provider, cause=reader.cause, act=compute)
        return answer(
            {
                "period": period,
                "use": [{**row, "quantity": shown_quantity(row["quantity"], MILLIONTHS)} for row in totals],
                "costs": costs,
                "billed": [dict(row) for row in billed],
            }
        )
