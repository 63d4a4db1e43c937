"""Bodies of JSON: sent as that, and saying each thing once (SEC-4)."""

import json
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute

from termijn.kernel.errors import InvalidInput
from termijn.runtime.http.files import MediaTypeNotTaken

JSON = "application/json"
KEY_CHARACTERS_MAX = 100
"""So much of a key is told again: no key of ours is longer, and an answer is not the caller's to make large."""


async def check_json(request: Request) -> None:
    """Refuse what a route that takes JSON cannot mean: another media type, or an object with a key twice.

    A key that is there twice is read one way by us and another way by whoever looked at the same text before us. Raises
    ``MediaTypeNotTaken`` and ``InvalidInput`` that names the key. Where nothing is sent, the fields that are missing are told elsewhere.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None:
        return
    body = await request.body()
    if not body:
        return
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise MediaTypeNotTaken(field="Content-Type", reason=f"what is taken here is {JSON}")
    json.loads(body, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            # Half of a surrogate pair is text to JSON, but to no answer.
            raise InvalidInput(field=key[:KEY_CHARACTERS_MAX].encode(errors="replace").decode(), reason="is there twice")
        found[key] = value
    return found
