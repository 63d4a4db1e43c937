"""The OpenAPI document of a service, completed: what FastAPI cannot see of a route, its access rule knows (API-3).

Every problem that a route can answer with is listed, as RFC 9457 problem details; who may call is in the description and in
``x-roles``; the Idempotency-Key is required where the route insists on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from fastapi import FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from termijn.runtime.http.access import ETAG_PATTERN, RIGHTS, Rights
from termijn.runtime.http.idempotency import KEY_PATTERN
from termijn.runtime.http.paging import paging
from termijn.runtime.http.principal import Role
from termijn.runtime.http.problems import MEDIA_TYPE
from termijn.runtime.http.routes import every_route

ItemT = TypeVar("ItemT")

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Problem details (RFC 9457). ``code`` is the stable name to branch on; ``field`` names what was wrong in the request.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "urn:termijn:problem:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong and what to do, in a sentence."},
        "code": {"type": "string"},
        "field": {"type": "string", "description": "The first field that is wrong: articles.0.net_price."},
        "errors": {
            "type": "array",
            "description": "All fields that are wrong.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "current": {"description": "With 409 and 412: the version that it has now."},
    },
}

SAID = {
    400: "The request cannot be read, or lacks its Idempotency-Key.",
    401: "There is no token, or it does not hold.",
    403: "The role may not do this, or the account is somebody else's (SEC-1, SEC-2).",
    404: "There is no such thing.",
    409: "It clashes with how things are now, with a change of the same moment, or with another use of the Idempotency-Key.",
    410: "It was there, or its account was, and is erased (CON-7).",
    412: "If-Match names a version that is no longer the current one; the ETag says which is (API-1).",
    413: "The body is too large.",
    415: "The media type is not taken here.",
    422: "A field is wrong; it is named (SEC-4).",
    503: "Something that this needs does not answer; try again after Retry-After.",
}


class Page(BaseModel, Generic[ItemT]):
    """A page of a list (API-2)."""

    items: list[ItemT]
    next: str | None = Field(description="The cursor of the next page; null at the last one.")


def answers(shape: Any, *, status: int = 200, also: Sequence[int] = ()) -> dict[str, Any]:
    """What a route says of its answer: ``@router.get(path, **answers(Invoice))``; anything that pydantic describes.

    ``also``: problems that do not follow from its kind, as when what is only read can be refused by the state of things (409).
    """
    return {"status_code": status, "responses": {status: {"model": shape}} | {problem: _problem(problem) for problem in also}}


def answers_file(*media_types: str) -> dict[str, Any]:
    """What a route says of itself that answers with a file: ``@router.get(path, **answers_file("text/plain"))``."""
    return {"response_class": Response, "responses": {200: {"content": _files(media_types)}, 410: _problem(410)}}


def takes_file(*media_types: str, description: str) -> dict[str, Any]:
    """What a route says of itself that is sent a file, which FastAPI does not see: ``@router.put(path, **takes_file("text/csv", ...))``."""
    return {"openapi_extra": {"requestBody": {"required": True, "description": description, "content": _files(media_types)}}}


def _files(media_types: Sequence[str]) -> dict[str, Any]:
    text, other = {"type": "string"}, {"type": "string", "format": "binary"}
    return {media_type: {"schema": text if media_type.startswith("text/") else other} for media_type in media_types}


def complete(app: FastAPI) -> None:
    """Make the app show the completed document instead of FastAPI's."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = completed(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes), every_route(app)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def completed(document: dict[str, Any], routes: Iterator[APIRoute]) -> dict[str, Any]:
    """The document with everything that the access rules of its routes know."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    for route in routes:
        rights, is_list = _known(route)
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None and rights is not None:
                _describe(operation, rights, has_path=bool(route.param_convertors), is_list=is_list)
    return document


def _describe(operation: dict[str, Any], rights: Rights, *, has_path: bool, is_list: bool) -> None:
    roles = [str(role) for role in rights.roles]
    operation["x-roles"] = roles
    operation["description"] = f"{operation.get('description', '').rstrip()}\n\nFor: {', '.join(roles)}.".lstrip()
    for parameter in operation.get("parameters", ()):
        name = parameter["name"].lower() if parameter["in"] == "header" else ""
        if name == "idempotency-key" and rights.needs_key:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": f"^{KEY_PATTERN}$", "title": "Idempotency-Key"}
        elif name == "if-match":
            parameter["schema"] = {"type": "string", "pattern": ETAG_PATTERN, "title": "If-Match"}
    responses = operation["responses"]
    for status in _problems(operation, rights, has_path=has_path, is_list=is_list):
        responses[str(status)] = _problem(status)
    for status, response in responses.items():
        if status.startswith("2"):
            _of_success(response, rights)
    operation["responses"] = dict(sorted(responses.items()))


def _problems(operation: Mapping[str, Any], rights: Rights, *, has_path: bool, is_list: bool) -> Iterator[int]:
    named = {parameter["name"] for parameter in operation.get("parameters", ())}
    # A change of something that an erased account had is refused so, too, whatever its address names.
    is_of_account = Role.CUSTOMER in rights.roles or "account" in named or rights.is_change
    yield from (400, 401, 403, 422, 503)
    if has_path or not is_list:
        yield 404
    if is_of_account:
        yield 410
    if rights.is_change:
        yield from (409, 412, 413)
    if "requestBody" in operation:
        yield from (413, 415)


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described: dict[str, Any] = {"description": SAID[status], "content": content}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    if status == HTTPStatus.PRECONDITION_FAILED:
        described["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The current version."}}
    return described


def _of_success(response: dict[str, Any], rights: Rights) -> None:
    if rights.is_change:
        response["headers"] = {
            "ETag": {"schema": {"type": "string"}, "description": "The version that it has now; for If-Match."},
            "Idempotent-Replayed": {"schema": {"const": "true"}, "description": "This is the answer of the first time (API-1)."},
        }


def _known(route: APIRoute) -> tuple[Rights | None, bool]:
    """The rule of access of a route, and whether it is a list in pages."""
    asked = list(_callables(route.dependant))
    rights = next((getattr(one, RIGHTS) for one in asked if hasattr(one, RIGHTS)), None)
    return rights, paging in asked


def _callables(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _callables(inner)
