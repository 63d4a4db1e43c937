"""A desk with a telephone line to the system: HTTP with a role's token, keys that make a repeated call harmless, pages followed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from termijn.demo.journal import Facts
from termijn.keeping.catalogue_exchange import import_from

PAGE_ROWS = 200
"""Rows asked for at once: as many as the system gives."""
PAGES_MAX = 1000
"""Pages of one list; more means that the cursor does not move."""


class Refused(Exception):
    """The system refused something that the demo counts on; says what was asked and what it answered."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url.path} was answered {response.status_code}: {response.text[:2000]}")
        self.status = response.status_code


class Desk:
    """Calls of one role. Raises ``Refused`` for every answer that is no success."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def change(self, method: str, path: str, *, key: str, body: Facts | None = None) -> Facts:
        """A changing call under an idempotency key (API-1)."""
        response = await self._client.request(method, path, json=body, headers={"idempotency-key": f"demo/{key}"})
        return _facts(response)

    async def ask(self, method: str, path: str, *, key: str, body: Facts | None = None) -> Facts:
        """A changing call that may be refused: the answer, or why not under ``refused``. Raises ``Refused`` for what is a mistake."""
        response = await self._client.request(method, path, json=body, headers={"idempotency-key": f"demo/{key}"})
        if response.status_code in (httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY):
            problem = response.json()
            return {"refused": problem["detail"], "reasons": problem.get("errors", [])}
        return _facts(response)

    async def bring_in(self, catalogue: Path) -> Facts:
        """Import a catalogue with its rate decks, as ``termijn import catalogue`` does; what changed, thing by thing."""
        return await import_from(self._client, catalogue, is_applied=True)

    async def send(self, path: str, *, content: bytes, content_type: str, key: str) -> Facts:
        """A file."""
        headers = {"content-type": content_type, "idempotency-key": f"demo/{key}"}
        return _facts(await self._client.post(path, content=content, headers=headers))

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Facts:
        """One thing."""
        return _facts(await self._client.get(path, params=dict(query or {})))

    async def every(self, path: str, query: Mapping[str, str] | None = None) -> list[Facts]:
        """All items of a list, page after page (API-2)."""
        items: list[Facts] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await self.get(path, {"limit": str(PAGE_ROWS), **(query or {}), **({"cursor": cursor} if cursor else {})})
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items
        raise AssertionError(f"{path} never ends")


def _facts(response: httpx.Response) -> Facts:
    if not response.is_success:
        raise Refused(response)
    answer: Any = response.json() if response.content else {}
    return answer if isinstance(answer, dict) else {"items": answer}
