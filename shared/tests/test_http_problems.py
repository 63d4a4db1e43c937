"""Bad input is a problem with the field named, changes nothing, and is never a 500 (SEC-4)."""

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termijn.testing.harness import ServiceUnderTest

PATH = "/accounts/acme/marbles"
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["count", "by", "parts", "price", "x"]), inner, max_size=4),
    max_leaves=6,
)
HEADERS = {"idempotency-key": "k-1", "content-type": "application/json"}


async def post(jars: ServiceUnderTest, body: bytes | str) -> httpx.Response:
    return await jars.client().post(PATH, content=body, headers=HEADERS)


def assert_problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert {"type", "title", "detail", "code"} <= body.keys()
    return body


WRONG_FIELDS: list[tuple[object, str]] = [
    ({}, "count"),
    ({"count": "many"}, "count"),
    ({"count": -1}, "count"),
    ({"count": 10**30}, "count"),
    ({"count": 1.5}, "count"),
    ({"count": 1, "colour": "red"}, "colour"),
    ({"count": 1, "parts": [{"price": "1"}, {"price": "NaN"}]}, "parts.1.price"),
    ({"count": 1, "parts": [{"price": "1e400"}]}, "parts.0.price"),
    ({"count": 1, "parts": [{}]}, "parts.0.price"),
    ({"count": 1, "by": "x" * 41}, "by"),
    ({"count": 1, "by": "\ud800"}, "by"),
    ([], "body"),
    (None, "body"),
]


@pytest.mark.rule("SEC-4")
async def test_the_field_is_named(jars: ServiceUnderTest) -> None:
    for body, field in WRONG_FIELDS:
        answer = await post(jars, json.dumps(body))
        problem = assert_problem(answer)
        assert (answer.status_code, problem["field"], problem["errors"][0]["field"]) == (422, field, field), body


@pytest.mark.rule("SEC-4")
async def test_every_wrong_field_is_named(jars: ServiceUnderTest) -> None:
    problem = assert_problem(await post(jars, json.dumps({"count": -1, "colour": "red"})))
    assert [error["field"] for error in problem["errors"]] == ["count", "colour"]


@pytest.mark.rule("SEC-4")
async def test_what_is_no_json_is_a_problem(jars: ServiceUnderTest) -> None:
    bodies = ("", "{", '{"count": 1,}', b"\xff\xfe", "[" * 20_000, '{"count": NaN}', '{"count": ' + "9" * 5000 + "}", '{"count": 1e999}')
    for body in bodies:
        answer = await post(jars, body)
        assert_problem(answer)
        assert answer.status_code in (400, 422), body


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"count": 1, "count": 2}', "count"),
        ('{"count": 1, "parts": [{"price": "1", "pr\\u0069ce": "2"}]}', "price"),
        ('{"\\ud800": 1, "\\ud800": 2}', "?"),
        ('{"' + "x" * 5000 + '": 1, "' + "x" * 5000 + '": 2}', "x" * 100),
    ],
)
async def test_a_key_that_is_there_twice_is_named(jars: ServiceUnderTest, body: str, field: str) -> None:
    """Else the last one wins here, and the first one with whoever looked at it before us."""
    problem = assert_problem(await post(jars, body))
    assert (problem["status"], problem["field"]) == (422, field)
    assert (await jars.client().get("/accounts/acme")).json() == []


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/vnd.marbles+json", "a/b/c;;", None])
async def test_json_under_another_name_is_refused_and_told_what_is_taken(jars: ServiceUnderTest, media_type: str | None) -> None:
    headers = {"idempotency-key": "k-1"} | ({} if media_type is None else {"content-type": media_type})
    answer = await jars.client().post(PATH, content=b'{"count": 1}', headers=headers)
    problem = assert_problem(answer)
    assert (answer.status_code, problem["field"]) == (415, "Content-Type")
    assert "application/json" in problem["detail"]
    assert (await jars.client().get("/accounts/acme")).json() == []
    headers["content-type"] = "Application/JSON; charset=utf-8"
    assert (await jars.client().post(PATH, content=b'{"count": 1}', headers=headers)).status_code == 201


@pytest.mark.rule("SEC-4")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODIES)
async def test_no_body_whatever_is_a_500(jars: ServiceUnderTest, body: object) -> None:
    answer = await post(jars, json.dumps(body))
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert_problem(answer)


ADDRESSES = [
    ("GET", "/nowhere", 404),
    ("PUT", "/jars", 405),
    ("GET", "/jars?limit=201", 422),
    ("GET", "/jars?limit=all", 422),
    ("GET", "/jars?cursor=!!", 422),
    ("GET", "/jars?cursor=WyJhIl0", 422),
    ("GET", "/jars?cursor=WyJhXHUwMDAwIiwiYiJd", 422),
    ("GET", "/accounts/a%00b", 400),
    ("GET", "/jars?account=%00", 400),
    ("GET", "/accounts/" + "x" * 5000, 200),
]


@pytest.mark.rule("SEC-4")
async def test_addresses_too(jars: ServiceUnderTest) -> None:
    for method, path, status in ADDRESSES:
        answer = await jars.client().request(method, path)
        assert answer.status_code == status, path[:40]
        if status >= 400:
            assert_problem(answer)
        if status == 405:
            assert answer.headers["allow"] == "GET"


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("position", [["a", "b"], ["9" * 40, "b"], ["1", "\ud800"]])
async def test_a_cursor_of_another_kind_is_the_callers_mistake(jars: ServiceUnderTest, position: list[str]) -> None:
    """The list wants a number and a text: what is neither is refused by name, also where only the database sees it."""
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
    answer = await jars.client().get(f"/jars?cursor={cursor}")
    assert answer.status_code == 422
    assert_problem(answer)
    assert (answer.json()["code"], answer.json()["field"]) == ("CursorInvalid", "cursor")


BULK = [
    ('[{"id":"u"}]', 422, "0"),
    ('[{"id":"u","seconds":"x"}]', 422, "0.seconds"),
    ('{"id":1}', 422, "body"),
    ("[", 400, "body"),
]


@pytest.mark.rule("SEC-4")
async def test_bodies_in_bulk_name_the_field_too(jars: ServiceUnderTest) -> None:
    for body, status, field in BULK:
        answer = await jars.client("collector").post("/usage", content=body)
        assert (answer.status_code, assert_problem(answer)["field"]) == (status, field), body


async def test_our_own_mistake_gives_an_id_and_nothing_of_what_is_inside(
    jars: ServiceUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await jars.client("ops").get("/trouble/bug")
    problem = assert_problem(answer)
    assert answer.status_code == 500
    logged = capsys.readouterr().err
    assert problem["id"] in logged
    assert "ZeroDivisionError" in logged
    assert "NL91" not in answer.text + logged


async def test_what_may_succeed_in_a_moment_says_so(jars: ServiceUnderTest) -> None:
    for kind in ("busy", "transient"):
        answer = await jars.client("ops").get(f"/trouble/{kind}")
        assert_problem(answer)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.rule("SEC-4")
async def test_a_value_that_no_check_refused_is_still_no_500(jars: ServiceUnderTest) -> None:
    for path in ("/trouble/huge?n=99999999999", "/trouble/character"):
        answer = await jars.client("ops").get(path)
        assert_problem(answer)
        assert answer.status_code == 422


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("says_its_length", [True, False])
@pytest.mark.parametrize(
    ("media_type", "limit"),
    [("application/json", "JSON_BYTES_MAX"), ("application/x+json", "JSON_BYTES_MAX"), ("text/csv", "BODY_BYTES_MAX")],
)
async def test_a_body_too_large_is_not_taken_into_memory(
    jars: ServiceUnderTest, media_type: str, limit: str, says_its_length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON has a limit of its own: reading it takes longer than a file does."""
    monkeypatch.setattr(f"termijn.runtime.http.guard.{limit}", 1000)

    async def body() -> Any:
        for _ in range(20):
            yield b"x" * 100

    headers = {**HEADERS, "content-type": media_type}
    answer = await jars.client().post(PATH, content=b"x" * 2000 if says_its_length else body(), headers=headers)
    assert_problem(answer)
    assert answer.status_code == 413
