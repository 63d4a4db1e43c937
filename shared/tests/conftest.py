"""A small API over the sample service, for the tests of HTTP."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from termijn.kernel.errors import Busy
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Transient, Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, paging
from termijn.runtime.http.calls import answer
from termijn.testing.harness import Services, ServiceUnderTest
from termijn.testing.sample import JAR, AddMarbles, sample


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    price: Decimal = Field(ge=0, max_digits=8, decimal_places=2)


class Marbles(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = Field(ge=0, le=2_000_000)
    by: str | None = Field(None, max_length=40)
    parts: list[Part] = Field(default_factory=list, max_length=5)


class Use(msgspec.Struct):
    id: str
    seconds: int


def routes(access: Access) -> APIRouter:
    api = APIRouter()
    _changing(api, access)
    _reading(api, access)
    _troubling(api, access)
    return api


def _changing(api: APIRouter, access: Access) -> None:
    @api.post("/accounts/{account}/marbles", status_code=201)
    async def add(account: str, body: Marbles, call: Call = Depends(access.changing(Role.CUSTOMER, Role.MANAGER))) -> Response:
        call.must_own(account)

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(JAR, account))
            await work.execute(JAR, account, AddMarbles(now=work.now, count=body.count, by=body.by), account=AccountId(account))
            await asyncio.sleep(0.02)
            jar = await work.load(JAR, account)
            return Answer(status=201, body={"marbles": jar.marbles, "price": Decimal("12.50")}, etag=await work.version(JAR, account))

        return await call.run(do)

    @api.delete("/accounts/{account}/marbles")
    async def remove(account: str, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        async def do(work: Work) -> Answer:
            return Answer(status=204)

        return await call.run(do)

    @api.post("/usage", status_code=202)
    async def use(request: Request, call: Call = Depends(access.changing(Role.COLLECTOR, needs_key=False))) -> Response:
        used = msgspec.json.decode(await request.body(), type=list[Use])
        return answer({"accepted": len(used)}, status=202)


def _reading(api: APIRouter, access: Access) -> None:
    @api.get("/jars")
    async def jars(
        account: str | None = None, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> dict[str, Any]:
        sql = """select marbles, account from jar where ($1::text is null or account = $1)
            and ($2::text is null or (marbles, account) > ($2::text::bigint, $3)) order by marbles, account limit $4"""
        rows = await reader.fetch(sql, reader.account_filter(account), *page.after(2), page.rows_to_fetch)
        return page.page(rows, key=("marbles", "account"))

    @api.get("/accounts/{account}")
    async def show(account: str, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        rows = await reader.fetch("select marbles, owner from jar where account = $1", account)
        return answer([dict(row) for row in rows])


def _troubling(api: APIRouter, access: Access) -> None:
    @api.get("/trouble/{kind}")
    async def trouble(kind: str, n: int = 0, reader: Reader = Depends(access.reading(Role.OPS))) -> None:
        match kind:
            case "bug":
                raise ZeroDivisionError("NL91ABNA0417164300")
            case "busy":
                raise Busy
            case "transient":
                raise Transient("mail server")
            case "write":
                await reader.fetch("update jar set marbles = 0 returning 1")
            case "huge":
                await reader.fetch("select $1::int", n)
            case "character":
                await reader.fetch("select $1::text", "a\0b")


@pytest.fixture
async def jars(services: Services) -> ServiceUnderTest:
    """The sample service with the API above."""
    return await services.open(sample(), routes, is_documented=False)
