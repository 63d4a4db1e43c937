"""The outermost layer: what is refused before anything is parsed, and what is said when something unforeseen happens."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 64 * 1024 * 1024
"""A month of call records of a large provider fits; memory of the process is not the caller's to fill."""


JSON_BYTES_MAX = 2 * 1024 * 1024
"""The largest of what people and programs say, a thousand modules by name or a tariff of two hundred articles, is a tenth of it. JSON of
64 MiB keeps the process busy for seconds, in which nobody else is served."""
_IN_BULK = b"application/cloudevents"


class _BodyTooLarge(HTTPException):
    """The caller sent more than is taken. An HTTPException, because FastAPI makes a 400 of any other while it reads a body."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body is larger than {limit} bytes.")


class Guard:
    """ASGI middleware. Errors end here: passed on, the server would print them with the values that they quote."""

    def __init__(
        self,
        app: ASGIApp,
        unexpected: Callable[[Exception, str], Response],
        refused: Callable[..., Response],
        large_json: frozenset[str] | None,
    ) -> None:
        self._app = app
        self._unexpected = unexpected
        self._refused = refused
        self._large_json = large_json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False
        taken, limit = 0, self._limit(scope)

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _BodyTooLarge(limit)
            return message

        async def watched(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        response = self._refusal(scope, limit)
        if response is None:
            try:
                await self._app(scope, counted, watched)
                return
            except Exception as error:
                response = self._unexpected(error, scope["method"])
        if not is_started:
            await response(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        """Bytes of the body at most."""
        media_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"").partition(b";")[0].strip().lower()
        # The framework reads every application/...+json as JSON, before a route can refuse it; events in bulk are read by us, in no time.
        is_json = media_type == b"application/json" or (media_type.endswith(b"+json") and not media_type.startswith(_IN_BULK))
        is_small = self._large_json is not None and is_json
        return JSON_BYTES_MAX if is_small and _path(scope) not in (self._large_json or ()) else BODY_BYTES_MAX

    def _refusal(self, scope: Scope, limit: int) -> Response | None:
        # PostgreSQL holds no NUL; in an address it is never meant, and it must not reach a query.
        address = bytes(scope["path"], "utf-8", "surrogateescape") + unquote_to_bytes(scope["query_string"])
        if b"\0" in address:
            return self._refused(400, "BadAddress", "The address contains a NUL character.")
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if length.isdigit() and int(length) > limit:
            error = _BodyTooLarge(limit)
            return self._refused(error.status_code, "BodyTooLarge", error.detail)
        return None


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))
