"""Errors as RFC 9457 problem details, with the field named (SEC-4). Nothing that a caller sends ends in a 500 or a traceback."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from termijn.kernel.errors import Refusal, VersionMismatch
from termijn.runtime.handling import Transient
from termijn.runtime.http.guard import Guard
from termijn.runtime.http.paging import CursorInvalid
from termijn.runtime.http.routes import allowed_methods
from termijn.runtime.telemetry import log

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
LOG = log("http")

_OF_STATUS = {
    400: ("BadRequest", "The request cannot be read."),
    404: ("NotFound", "There is nothing at this address."),
    405: ("MethodNotAllowed", "This address does not take that method."),
    413: ("BodyTooLarge", "The body is too large."),
    415: ("MediaTypeNotSupported", "This address does not take a body of that media type."),
}
"""Codes are ours and stay: the standard library's phrases change with its version."""

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MSGSPEC_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>[^`]*)`)?$", re.DOTALL)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """A problem as a response. ``code`` is the stable name that a client may branch on."""
    body = problem_body(status, code, detail, field=field, errors=errors, **extensions)
    return Response(msgspec.json.encode(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def problem_body(
    status: int, code: str, detail: str, *, field: str | None = None, errors: Sequence[Mapping[str, str]] = (), **extensions: Any
) -> dict[str, Any]:
    """The members of a problem: type, title, status, detail, code, and where they apply field, errors and others."""
    words = _WORDS.sub(" ", code)
    body: dict[str, Any] = {
        "type": f"urn:termijn:problem:{code}",
        "title": words[:1] + words[1:].lower(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if field is not None:
        body["field"] = field
    if errors or field is not None:
        body["errors"] = list(errors) or [{"field": field, "detail": detail}]
    return body | extensions


def body_of(refusal: Refusal) -> dict[str, Any]:
    """A refusal as problem members."""
    extensions: dict[str, Any] = {"current": refusal.facts.get("current")} if isinstance(refusal, VersionMismatch) else {}
    return problem_body(refusal.status, refusal.code, refusal.message, field=refusal.field, errors=refusal.errors, **extensions)


def headers_of(refusal: Refusal) -> dict[str, str]:
    """What the status of a refusal asks for besides its body."""
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="termijn"'}
    if isinstance(refusal, VersionMismatch) and isinstance(refusal.facts.get("current"), int):
        return {"ETag": f'"{refusal.facts["current"]}"'}
    return {"Retry-After": str(RETRY_AFTER_S)} if refusal.retry_helps else {}


def install(app: FastAPI, *, large_json: frozenset[str] | None = frozenset()) -> None:
    """Make every error of the app a problem, and guard its input. ``large_json``: where JSON may be as large as a file (None: anywhere)."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(msgspec.DecodeError, _undecodable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Transient, _unavailable)
    for lost in (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError):
        app.add_exception_handler(lost, _unavailable)
    app.add_exception_handler(asyncpg.DataError, _unstorable)
    app.add_middleware(Guard, unexpected=_unexpected, refused=problem, large_json=large_json)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return Response(msgspec.json.encode(body_of(error)), error.status, headers=headers_of(error), media_type=MEDIA_TYPE)


async def _invalid(request: Request, error: Exception) -> Response:
    """What pydantic found. The input itself is never echoed: it may be personal, or no JSON (NaN)."""
    assert isinstance(error, RequestValidationError)
    found = [(_dotted(one["loc"]), _plain(one["msg"]), one["type"]) for one in error.errors()]
    if any(kind == "json_invalid" for _, _, kind in found):
        return problem(400, "BodyNotJson", f"The body is not JSON: {found[0][1]}.", field="body")
    errors = [{"field": field, "detail": detail} for field, detail, _ in found]
    first = errors[0]
    return problem(422, "InvalidInput", f"{first['field']}: {first['detail']}", field=first["field"], errors=errors)


def _dotted(location: Sequence[Any]) -> str:
    """("body", "articles", 0, "net_price") is "articles.0.net_price"; the whole body is "body"."""
    inside = location[1:] if len(location) > 1 else location
    return ".".join(str(part) for part in inside)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


async def _undecodable(request: Request, error: Exception) -> Response:
    """Bodies that are read by msgspec (usage in bulk): wrong JSON is 400, a wrong field 422."""
    if not isinstance(error, msgspec.ValidationError):
        return problem(400, "BodyNotJson", "The body is not JSON.", field="body")
    parts = _MSGSPEC_PLACE.match(str(error))
    assert parts is not None
    place = (parts["place"] or "").removeprefix("$").lstrip(".")
    field = re.sub(r"\[(\d+|\.\.\.)\]", lambda index: f".{index[1]}", place).lstrip(".") or "body"
    return problem(422, "InvalidInput", f"{field}: {parts['what']}", field=field)


async def _http(request: Request, error: Exception) -> Response:
    """Unknown routes, wrong methods, and what FastAPI itself refuses."""
    assert isinstance(error, HTTPException)
    code, detail = _OF_STATUS.get(error.status_code, (f"Http{error.status_code}", str(error.detail)))
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(sorted(allowed_methods(request)))}
    return problem(error.status_code, code, detail, headers=headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    LOG.warning("something that a call needs does not answer", error=error, method=request.method)
    detail = "Something that this needs does not answer; try again in a moment."
    return problem(503, "Unavailable", detail, headers={"Retry-After": str(RETRY_AFTER_S)})


async def _unstorable(request: Request, error: Exception) -> Response:
    """The last net: a value that passed every check and that PostgreSQL cannot hold. Logged, because the check is missing.

    A cursor is the one thing whose parts are read by the database alone: which of them are days and numbers, each list's query says.
    """
    if "cursor" in request.query_params:
        return await _refused(request, CursorInvalid(field="cursor"))
    LOG.error("a value that no check refused cannot be stored", error=error, method=request.method)
    return problem(422, "InvalidInput", "A value is out of range or has a character that cannot be stored.")


def _unexpected(error: Exception, method: str) -> Response:
    """Our own mistake: an id to find it by, and nothing of what is inside."""
    problem_id = str(uuid4())
    LOG.error("unexpected error", error=error, method=method, problem_id=problem_id)
    return problem(500, "InternalError", "Something went wrong on our side. Nothing was changed.", id=problem_id)
