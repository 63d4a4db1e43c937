"""Every operation of every service does what it says at least once, and answers as documented, field by field (API-3).

``Story`` holds every answer against the document (``termijn.testing.documented``), here as in every other story.
"""

import itertools

import httpx
import pytest

from termijn.testing.documented import mounted
from termijn.testing.furnished import furnish
from termijn.testing.story import Story, story
from termijn.testing.tour import filled, tour

__all__ = ["story"]

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(600)]

QUERIES = {"/rating/accounts/{account}/use": "?period=2026-02"}
"""What a read cannot do without."""
NOT_VISITED = {
    "POST /invoice/invoices/{invoice_id}/release": "no call makes a draft that cannot be issued; test_invoice_service.py has one (INV-15)",
}


@pytest.mark.rule("API-3", "SEC-4")
async def test_every_operation_does_what_it_says_once(story: Story) -> None:
    """First everything is read, then everything is changed, then everything is read again; in the end the books hold."""
    known = await furnish(story)
    documents = {name: app.openapi() for name, app in mounted(story.installation.app).items()}
    operations = {f"{m.upper()} /{name}{path}" for name, d in documents.items() for path, ms in d["paths"].items() for m in ms}
    reads = sorted(operation.split()[1] for operation in operations if operation.startswith("GET "))
    keys = itertools.count()
    async with story.installation.client("manager", story.provider) as client:
        before = {path: await client.get(filled(path, known) + QUERIES.get(path, "")) for path in reads}
        assert [f"{path}: {answer.text}" for path, answer in before.items() if not answer.is_success] == []
        visited = set()
        for visit in tour():
            method = visit.operation.split()[0]
            headers = {"content-type": visit.media_type} if visit.content is not None else {}
            headers["idempotency-key"] = f"tour-{next(keys)}"
            answer: httpx.Response = await client.request(method, visit.path(known), content=visit.content, headers=headers)
            assert answer.is_success, f"{visit.operation}: {answer.status_code} {answer.text}"
            visited.add(visit.operation)
        await story.installation.settle()
        for path in reads:
            await client.get(filled(path, known) + QUERIES.get(path, ""))
    assert operations - visited - {f"GET {path}" for path in reads} == set(NOT_VISITED)
