"""Every answer in tests is held against the OpenAPI document of its service (API-3).

Middleware around a service's app. What it takes as documented is stricter than the document that integrators get: a field that the
document does not name is an error here, while outside a field may be added at any time.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from termijn.runtime.http import complete
from termijn.runtime.http.routes import every_route

Document = dict[str, Any]

_documents: dict[frozenset[str], "Documented"] = {}
"""Made once for all apps of the same routes: making one takes a second."""


class NotAsDocumented(AssertionError):
    """An answer was given that the document does not know."""


def closed(schema: Any) -> Any:
    """The schema, or the document, with no fields in what is answered but those that it names, however deep."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: value if name == "requestBody" else closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


@dataclass(slots=True)
class Documented:
    """The document of a service, closed, with a validator for each kind of answer, made when it is first needed."""

    document: Document
    _validators: dict[tuple[str, str], Any]

    @classmethod
    def of(cls, app: FastAPI) -> "Documented":
        """That of these routes."""
        key = frozenset(_name(route) for route in every_route(app))
        if key not in _documents:
            complete(app)
            _documents[key] = cls(closed(json.loads(json.dumps(app.openapi()))), {})
        return _documents[key]

    def complaint(self, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> str | None:
        """What is wrong with the answer; None where it is as documented. ``operation`` is "METHOD /path"."""
        method, path = operation.split()
        described = self.document["paths"].get(path, {}).get(method.lower())
        if described is None:
            return None  # the pages that show the documentation
        if str(status) not in described["responses"]:
            return f"{operation}: the status {status} is not documented"
        content = described["responses"][str(status)].get("content", {})
        media_type = headers.get("content-type", "").partition(";")[0]
        if not body and not content:
            return None
        if media_type not in content:
            return f"{operation}: {status} is {media_type or 'nothing'} and not {' or '.join(content) or 'nothing'}"
        if not media_type.endswith("json"):
            return None
        schema = content[media_type]["schema"]
        value = json.loads(body)
        if self._validator(operation, str(status), schema).is_valid(value):
            return None
        # Of alternatives each says what it misses: "fits none of them" helps nobody.
        kinds = schema.get("anyOf", [schema])
        said = [self._first_error(operation, f"{status} {number}", kind, value) for number, kind in enumerate(kinds)]
        return f"{operation}: {status} {', or '.join(said)}"

    def _first_error(self, operation: str, which: str, schema: Document, value: Any) -> str:
        error = next(iter(self._validator(operation, which, schema).iter_errors(value)))
        return f"at {'.'.join(map(str, error.instance_path)) or 'the top'}: {error.message[:300]}"

    def _validator(self, operation: str, which: str, schema: Document) -> Any:
        key = (operation, which)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]


class Held:
    """ASGI middleware, outside of all other, which would make a 500 of it: raises ``NotAsDocumented`` in the caller's face."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, headers, body = 0, {}, bytearray()

        async def listening(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, listening)
        operation = operation_of(scope)
        if operation is not None:
            wrong = Documented.of(scope["app"]).complaint(operation, status, headers, bytes(body))
            if wrong is not None:
                raise NotAsDocumented(wrong)


def hold_to_document(site: FastAPI) -> None:
    """Look at every answer of this app, and of the services that it mounts."""
    site.add_middleware(Held)


def mounted(site: FastAPI) -> dict[str, FastAPI]:
    """The services of a site, by name."""
    return {route.path[1:]: route.app for route in site.routes if isinstance(route, Mount) and isinstance(route.app, FastAPI)}


def operation_of(scope: Scope) -> str | None:
    """Which route answered, as "METHOD /path"; None where none did."""
    route = scope.get("route")
    return f"{scope['method']} {_path(route)}" if isinstance(route, APIRoute) else None


def _path(route: APIRoute) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)


def _name(route: APIRoute) -> str:
    return f"{sorted(route.methods or ())} {route.path} {route.endpoint.__module__}.{route.endpoint.__qualname__} {route.responses}"
