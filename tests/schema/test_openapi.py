"""The HTTP interfaces as they are documented: every route asks who calls, says what it does, and names the key it needs."""

import inspect
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from termijn.embedded.site import build_service_app
from termijn.kernel.ids import ProviderId
from termijn.runtime.http import Authority, Role, check_every_route_asks_who_calls, mint_token
from termijn.runtime.http.fields import Flag

SERVICES = ("contracts", "rating", "invoice", "dunning")
METHODS = {"get", "put", "post", "delete", "patch"}
CHANGING = METHODS - {"get"}

WITHOUT_KEY = {"rating": {"POST /usage", "POST /call-records/{source}"}}
"""Usage has ids of its own (USE-1): sent twice it counts once, whatever the key."""

ASKS = {"contracts": {"POST /catalogue/plan", "POST /tariffs/{tariff_id}/draft/preview"}}
"""They change nothing, and what they are asked about is too large for an address."""

OPEN = ["GET /docs", "GET /docs/oauth2-redirect", "GET /redoc"]
"""The pages that show the documentation; there is nothing of any provider in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One service's interface, built as the site builds it, on nothing: no route may need more than that to refuse."""

    service: str
    app: FastAPI
    document: dict[str, Any]
    authority: Authority

    @property
    def operations(self) -> dict[str, dict[str, Any]]:
        """What is documented, by "METHOD /path"."""
        return {
            f"{method.upper()} {path}": operation
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }

    @property
    def changing(self) -> dict[str, dict[str, Any]]:
        """Those that change something."""
        asks = ASKS.get(self.service, set())
        return {name: operation for name, operation in self.operations.items() if name.split()[0].lower() in CHANGING and name not in asks}

    async def call(self, operation: str, role: Role | None, body: bytes = b"") -> httpx.Response:
        """Call it with no key, and this JSON for a body; without a token where there is no role."""
        method, path = operation.split()
        token = role and mint_token(self.authority, provider=ProviderId("belco"), role=role, actor="test")
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            address = path.replace("{", "").replace("}", "")
            headers = {"authorization": f"Bearer {token}"} if token else {}
            said = {"content": body, "headers": {**headers, "content-type": "application/json"}} if body else {"headers": headers}
            return await client.request(method, address, **said)


@pytest.fixture(scope="module", params=SERVICES)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Each service's. Whatever its making warns of is an error here: two operations of one name, a field that hides another."""
    authority = Authority.sandbox(tmp_path_factory.mktemp("authority") / "token.key")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app = build_service_app(cast(Any, SimpleNamespace(name=request.param)), authority)
        document = json.loads(json.dumps(app.openapi()))
    return Api(service=request.param, app=app, document=document, authority=authority)


def routers(app: FastAPI | APIRouter) -> Iterator[FastAPI | APIRouter]:
    """The app and every router in it: FastAPI keeps an included router as one route of its own, with its routes inside."""
    yield app
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routers(inner)


def open_routes(app: FastAPI | APIRouter) -> list[str]:
    """Those that anybody could call, wherever they are."""
    return sorted({route for router in routers(app) for route in check_every_route_asks_who_calls(router)})


def test_every_documented_operation_is_a_route_that_was_looked_at(api: Api) -> None:
    """A check that finds no routes finds no open ones either."""
    routes = [route for router in routers(api.app) for route in router.routes if isinstance(route, APIRoute)]
    assert {f"{method} {route.path_format}" for route in routes for method in route.methods or ()} == {*api.operations, *OPEN}
    assert len(api.operations) > 5


@pytest.mark.rule("SEC-1")
async def test_every_route_asks_who_calls(api: Api) -> None:
    assert open_routes(api.app) == OPEN
    for operation in api.operations:
        answer = await api.call(operation, None)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), operation


@pytest.mark.rule("SEC-4")
async def test_only_a_catalogue_is_as_large_as_a_file(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It brings its rate decks along. Nobody else's JSON keeps the process busy."""
    monkeypatch.setattr("termijn.runtime.http.guard.JSON_BYTES_MAX", 100)
    taking = [name for name, operation in api.operations.items() if "requestBody" in operation]
    large = {name for name in taking if (await api.call(name, None, b"x" * 101)).status_code != 413}
    assert large == ({"PUT /catalogue", "POST /catalogue/plan"} if api.service == "contracts" else set())


@pytest.mark.rule("SEC-1")
async def test_an_address_with_a_slash_too_many_is_none(api: Api) -> None:
    """A redirect would be an answer to whoever asks, to wherever its Host header says."""
    for operation in api.operations:
        answer = await api.call(f"{operation}/", None)
        assert answer.status_code in {401, 404}, operation


def test_an_open_route_is_found_however_deep_it_is_included() -> None:
    app, outer, inner = FastAPI(), APIRouter(), APIRouter()
    inner.add_api_route("/open", lambda: None)
    outer.include_router(inner)
    app.include_router(outer)
    assert open_routes(app) == ["GET /open"]


@pytest.mark.rule("API-1")
async def test_every_changing_route_documents_its_key_and_insists_on_it(api: Api) -> None:
    without = WITHOUT_KEY.get(api.service, set())
    assert without <= set(api.changing)
    for name, operation in api.changing.items():
        if name in without:
            continue
        (header,) = [one for one in operation["parameters"] if one["in"] == "header" and one["name"].lower() == "idempotency-key"]
        assert header["description"], name
        answers = [await api.call(name, role) for role in (Role.MANAGER, Role.OPS, Role.COLLECTOR)]
        admitted = [answer for answer in answers if answer.status_code != 403]
        assert admitted, name
        assert {answer.json()["code"] for answer in admitted} == {"IdempotencyKeyMissing"}, name


def test_every_operation_says_what_it_does(api: Api) -> None:
    silent = [name for name, operation in api.operations.items() if not operation.get("summary") or not operation.get("description")]
    assert silent == []


def schemas(api: Api, operation: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an operation takes and what it answers where it does what was asked: "status or body, media type" and its schema."""
    parts = {status: answer for status, answer in operation["responses"].items() if status.startswith("2") and status != "204"}
    if "requestBody" in operation:
        parts["body"] = operation["requestBody"]
    for name, part in parts.items():
        content = part.get("content", {})
        if not content:
            yield f"{name}, nothing", None
        for media_type, media in content.items():
            yield f"{name}, {media_type}", media.get("schema")


def is_described(api: Api, schema: Any) -> bool:
    """Whether a schema says something: a kind of text, fields with names, a list of something that is described."""
    if not schema:
        return False
    if "$ref" in schema:
        return is_described(api, api.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema or "oneOf" in schema:
        return all(is_described(api, one) for one in schema.get("anyOf", schema.get("oneOf")))
    if schema.get("type") == "array":
        return is_described(api, schema.get("items"))
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        items = fields.get("items", {})
        return bool(fields) and (items.get("type") != "array" or is_described(api, items))
    return schema.get("type") == "string"


@pytest.mark.rule("API-3")
def test_every_answer_and_every_body_has_a_schema(api: Api) -> None:
    bare = [
        f"{name}: {part}"
        for name, operation in api.operations.items()
        for part, schema in schemas(api, operation)
        if not is_described(api, schema)
    ]
    assert bare == []


@pytest.mark.rule("API-3")
def test_a_body_that_is_read_as_it_comes_is_documented_too(api: Api) -> None:
    """FastAPI sees only bodies that it parses itself."""
    reading = {
        f"{method} {route.path_format}"
        for router in routers(api.app)
        for route in router.routes
        if isinstance(route, APIRoute) and "request" in inspect.signature(route.endpoint).parameters
        for method in route.methods
    }
    assert [name for name in sorted(reading & set(api.operations)) if "requestBody" not in api.operations[name]] == []


def models(kind: Any, found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """All pydantic models that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in found:
        found.add(kind)
        for field in kind.model_fields.values():
            models(field.annotation, found)
    for inner in get_args(kind):
        models(inner, found)
    return found


@pytest.mark.rule("SEC-4")
def test_a_flag_of_a_body_is_true_or_false(api: Api) -> None:
    """Never "no", which would be read as an answer, and never 0."""
    routes = [route for router in routers(api.app) for route in router.routes if isinstance(route, APIRoute)]
    bodies: set[type[BaseModel]] = set()
    for route in routes:
        if route.body_field is not None:
            models(route.body_field.field_info.annotation, bodies)
    flags = {
        (body, name)
        for body in bodies
        for name, field in body.model_fields.items()
        if field.annotation is bool or bool in get_args(field.annotation) or Flag in get_args(field.annotation)
    }
    assert bodies
    for body, name in flags:
        for value in ("no", 0):
            with pytest.raises(ValidationError):
                body.__pydantic_validator__.validate_assignment(body.model_construct(), name, value)
    assert {"contracts": 10, "rating": 2, "invoice": 4, "dunning": 1}[api.service] <= len(flags)


def test_every_operation_shows_that_it_needs_a_token(api: Api) -> None:
    schemes = set(api.document["components"]["securitySchemes"])
    assert schemes
    assert [name for name, operation in api.operations.items() if {one for row in operation["security"] for one in row} != schemes] == []


def test_every_reference_in_the_document_leads_somewhere(api: Api) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(api.document)):
        place: Any = api.document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place, reference


def test_two_operations_of_one_name_would_be_an_error() -> None:
    app = FastAPI()
    for path in ("/a", "/b"):
        app.add_api_route(path, lambda: None, operation_id="same")
    with warnings.catch_warnings(), pytest.raises(UserWarning, match="Duplicate Operation ID"):
        warnings.simplefilter("error")
        app.openapi()


def test_the_documents_are_named_apart(tmp_path: Path) -> None:
    authority = Authority.sandbox(tmp_path / "token.key")
    built = [build_service_app(cast(Any, SimpleNamespace(name=service)), authority) for service in SERVICES]
    assert len({app.openapi()["info"]["title"] for app in built}) == len(SERVICES)
