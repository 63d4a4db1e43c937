"""What is answered is what is documented, field by field (API-3).

Every test that speaks HTTP through ``Story`` or the harness holds each answer against the document (``termijn.testing.documented``).
Here is the proof that this finds something.
"""

from typing import Any, Literal

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import BaseModel

from termijn.runtime.http import Page, answer, answers, install
from termijn.testing.documented import NotAsDocumented, hold_to_document


class Inner(BaseModel):
    """A thing in a thing."""

    name: str


class Outer(BaseModel):
    """A thing."""

    kind: Literal["a", "b"]
    inner: Inner | None = None


async def answered(given: Response, **said: Any) -> httpx.Response:
    """What a service says whose one route answers that."""
    app = FastAPI()

    async def route() -> Response:
        return given

    app.get("/thing", **said)(route)
    site = FastAPI()
    install(site)  # which makes a 500 of every error that comes by
    site.mount("/service", app)
    hold_to_document(site)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=site), base_url="http://test") as client:
        return await client.get("/service/thing")


@pytest.mark.rule("API-3")
@pytest.mark.parametrize(
    ("given", "what"),
    [
        (answer({"kind": "a", "inner": {"name": "x", "secret": 1}}), "at inner: .*secret"),
        (answer({"kind": "a", "secret": 1}), "at the top: .*secret"),
        (answer({"kind": "c"}), "at kind: "),
        (answer({}), "kind"),
        (answer({"kind": "a"}, status=201), "the status 201 is not documented"),
        (Response("a", media_type="text/plain"), "200 is text/plain and not application/json"),
    ],
)
async def test_an_answer_that_is_not_documented_is_found(given: Response, what: str) -> None:
    with pytest.raises(NotAsDocumented, match=what):
        await answered(given, **answers(Outer))


async def test_a_field_of_an_item_that_is_not_documented_is_found() -> None:
    with pytest.raises(NotAsDocumented, match=r"items\.0: .*secret"):
        await answered(answer({"items": [{"name": "x", "secret": 1}], "next": None}), **answers(Page[Inner]))


async def test_a_field_that_no_kind_of_answer_has_is_found() -> None:
    assert (await answered(answer({"name": "x"}), **answers(Outer | Inner))).status_code == 200
    with pytest.raises(NotAsDocumented, match="at the top: "):
        await answered(answer({"kind": "a", "name": "x"}), **answers(Outer | Inner))


async def test_what_is_as_documented_passes() -> None:
    assert (await answered(answer({"kind": "a", "inner": {"name": "x"}}), **answers(Outer))).status_code == 200
