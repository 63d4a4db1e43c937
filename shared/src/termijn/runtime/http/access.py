"""Who may call what. Deny by default: a route says which roles may, and nobody else may (SEC-1, SEC-2)."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Header, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from termijn.kernel.errors import NotAllowed, Refusal
from termijn.kernel.ids import derived_id, new_event_id
from termijn.runtime.handling import Cause
from termijn.runtime.http.calls import Asked, Call, Host, Reader, hash_of
from termijn.runtime.http.closed import ACCESS, refuse_closed
from termijn.runtime.http.idempotency import check_key
from termijn.runtime.http.json_body import check_json
from termijn.runtime.http.principal import Principal, Role
from termijn.runtime.http.routes import every_route
from termijn.runtime.http.tokens import Authority, Unauthenticated

_BEARER = HTTPBearer(auto_error=False, description="A JSON Web Token with the claims provider, role, sub and, for customers, account.")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')
ETAG_PATTERN = r'^(\*|(W/)?"[0-9]{1,18}")$'
"""What If-Match may hold: a version as the ETag gave it, or any."""
RIGHTS = "termijn_rights"
"""The attribute of a dependency that asks who calls: its ``Rights``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who may call a route, in the order in which it names them; whether it changes something, and needs an Idempotency-Key."""

    roles: tuple[Role, ...]
    is_change: bool
    needs_key: bool


class RoleNotAllowed(NotAllowed):
    """Your role, {role}, may not do this."""


class IfMatchInvalid(Refusal):
    """If-Match takes one version as the ETag gave it, like "7"."""

    status = 400


class Access:
    """Makes the dependencies by which routes ask who calls."""

    def __init__(self, authority: Authority, service: Host) -> None:
        self._authority = authority
        self._service = service

    def changing(self, *roles: Role, needs_key: bool = True) -> Callable[..., Awaitable[Call]]:
        """For routes that change something. ``needs_key=False`` only where what is sent has ids of its own (usage)."""
        assert roles, "somebody may"
        assert Role.AUDITOR not in roles, "an auditor writes nothing (SEC-1)"

        async def call(
            request: Request,
            bearer: HTTPAuthorizationCredentials | None = Security(_BEARER),
            idempotency_key: str | None = Header(None, description="New for each thing to be done; the same for its repeats."),
            if_match: str | None = Header(None, description="The ETag of what was seen; another one by now is refused."),
        ) -> Call:
            principal = await self._admitted(request, bearer, roles)
            key = check_key(idempotency_key) if needs_key else None
            version = _version(if_match)
            asked = Asked(
                key=key,
                request_hash=hash_of(request.method, _address(request), version, await request.body()),
                account=request.path_params.get("account") or principal.account,
            )
            return Call(principal=principal, cause=_cause(request, principal, key), if_match=version, asked=asked, host=self._service)

        setattr(call, RIGHTS, Rights(roles=roles, is_change=True, needs_key=needs_key))
        return call

    def reading(self, *roles: Role) -> Callable[..., Awaitable[Reader]]:
        """For routes that read. Auditors may always (SEC-1); collectors never."""
        assert Role.COLLECTOR not in roles, "a collector reads nothing (SEC-1)"
        admitted = (*roles, *({Role.AUDITOR} - set(roles)))

        async def reader(request: Request, bearer: HTTPAuthorizationCredentials | None = Security(_BEARER)) -> Reader:
            principal = await self._admitted(request, bearer, admitted)
            if principal.account is not None:
                refuse_closed(await self._service.database.short(principal.provider, ACCESS, principal.provider, principal.account))
            return Reader(principal=principal, host=self._service)

        setattr(reader, RIGHTS, Rights(roles=admitted, is_change=False, needs_key=False))
        return reader

    async def _admitted(self, request: Request, bearer: HTTPAuthorizationCredentials | None, roles: tuple[Role, ...]) -> Principal:
        if bearer is None:
            raise Unauthenticated
        principal = await self._authority.principal(bearer.credentials)
        if principal.role not in roles:
            raise RoleNotAllowed(role=str(principal.role))
        # Checked here for every route that names an account, so that none can forget to.
        for account in (request.path_params.get("account"), *request.query_params.getlist("account")):
            if account is not None:
                principal.must_own(account)
        await check_json(request)
        return principal


def _address(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}"


def _version(if_match: str | None) -> int | None:
    """None where there is no header, or any version will do (``*``)."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise IfMatchInvalid(field="If-Match")
    return int(found[1])


def _cause(request: Request, principal: Principal, key: str | None) -> Cause:
    """Who did it and why it was allowed (SEC-3). The same call again is the same cause."""
    occasion = new_event_id() if key is None else derived_id("call", principal.provider, principal.actor, key)
    route = request.scope.get("route")
    path = route.path if isinstance(route, APIRoute) else "?"
    trace = request.headers.get("traceparent", "")
    return Cause(
        actor=principal.actor,
        why=f"role {principal.role} may {request.method} {path}",
        correlation_id=occasion,
        causation_id=occasion,
        trace=trace if _TRACE.fullmatch(trace) else None,
    )


def check_every_route_asks_who_calls(app: FastAPI | APIRouter) -> list[str]:
    """The routes that anybody could call, as "METHOD /path"; empty as it should be. For tests of a service's API."""
    careless = [route for route in every_route(app) if not any(hasattr(one, RIGHTS) for one in _callables(route.dependant))]
    return [f"{method} {route.path}" for route in careless for method in sorted(route.methods or ())]


def _callables(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _callables(inner)
