"""The running services keep to their OpenAPI documents: schemathesis makes calls up by them and looks at the answers (API-3)."""

import asyncio
import contextlib
import itertools
import json
import re
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from termijn.runtime.http import complete
from termijn.runtime.http.idempotency import KEY_PATTERN
from termijn.testing.documented import NotAsDocumented, closed, mounted, operation_of
from termijn.testing.furnished import furnish
from termijn.testing.story import Story, story
from termijn.testing.tour import Visit, tour

__all__ = ["story"]

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(1800)]

SERVICES = ("rating", "invoice", "dunning", "contracts")
"""The last one last: what is done to its accounts and modules is felt in all."""
SEED = 20_260_101
EXAMPLES = 1
"""Calls of a kind that are made up for each operation, on top of the thousands that follow from its schema."""
SAYS_NO_BY_RULE = "positive_data_acceptance"
"""The one check that is left out: a call that fits the schema may well be refused, by a rule. Everything else is checked, above all
that no answer is a 500, that every status and media type is documented, that no answer has a field that is not, that bad input is
refused, and that a token is needed."""
SECONDS_MAX = 900
NUMBERS = {"number"}
"""What in an address is a number."""

SAME_BODY = {
    "contracts": (
        "POST /tariffs",
        "POST /tariffs/{tariff_id}/draft/preview",
        "POST /catalogue/plan",
        "PUT /catalogue",
        "PUT /accounts/{account}",
        "PATCH /accounts/{account}",
        "PUT /accounts/{account}/projects/{project_id}/plan",
    )
}
"""Their body is that of a tariff's draft, a new account or a new project, in which hundreds of things can be wrong: tried out once."""

MODULE = "/contracts/accounts/{account}/modules/{module_id}"
NEVER_DONE = {
    f"DELETE {MODULE}/cancellation": "a made-up notice to a day of the past has ended the module",
    f"DELETE {MODULE}/options/{{article_id}}": "a made-up notice to a day of the past has ended the module",
    f"DELETE {MODULE}/subjects/{{subject}}": "a made-up notice to a day of the past has ended the module",
    f"GET {MODULE}/notice": "a made-up notice to a day of the past has ended the module",
    "DELETE /contracts/indexations/{indexation_id}": "the one that there is was started, and no call makes up another one under its name",
    "POST /contracts/rate-decks/{deck_id}": "made-up text is no deck, and an example of a file is sent without the day that it needs",
    "PUT /contracts/accounts/{account}/goods-orders/{order_id}/delivery-date": "all of the order was delivered, or is not wanted any more",
    "PUT /contracts/accounts/{account}/projects/{project_id}/plan": "the project is over",
    "POST /invoice/invoices/{invoice_id}/release": "no call makes a draft that cannot be issued (INV-15)",
}
"""Operations that made-up calls never bring to success, and why; ``test_openapi_tour.py`` does, all but the last."""


@dataclass(slots=True)
class Watched:
    """ASGI middleware: what operations were answered, and what was wrong with it; every call has an Idempotency-Key of its own."""

    app: ASGIApp
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=itertools.count)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def listening(message: Message) -> None:
            if message["type"] == "http.response.start" and (operation := operation_of(scope)) is not None:
                method, path = operation.split()
                self.statuses[f"{method} {scope['root_path']}{path}"].add(message["status"])
            await send(message)

        # Keys that are made up repeat each other, and a key that is used again is refused before anything is asked.
        scope["headers"] = [(name, self._fresh(value) if name == b"idempotency-key" else value) for name, value in scope["headers"]]
        try:
            await self.app(scope, receive, listening)
        except NotAsDocumented as error:
            self.wrong.append(str(error))

    def _fresh(self, key: bytes) -> bytes:
        return f"key-{next(self._keys)}".encode() if re.fullmatch(KEY_PATTERN, key.decode("latin-1")) else key


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The site on a port of its own; its address."""
    # asyncio sends small answers at once only on sockets that say that they are TCP; else each call waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


def _addressed(known: Mapping[str, str]) -> Iterator[str]:
    for name, value in known.items():
        yield f'"path.{name}" = {json.dumps(int(value) if name in NUMBERS else value)}'


def configured(folder: Path, known: Mapping[str, str], service: str = "") -> Path:
    """Schemathesis's settings: what stands in an address exists."""
    lines = ["[parameters]", *_addressed(known)]
    lines.append('"header.if-match" = "*"')  # any version: a made-up one would be refused before a rule is asked
    lines += ["[phases.coverage]", 'unexpected-methods = ["trace"]']  # one of seven: they all end in the same refusal
    elsewhere = {visit.documented: visit.address for visit in tour() if visit.service == service and visit.address}
    for operation, address in elsewhere.items():
        lines += ["[[operations]]", f'include-name = "{operation}"', "[operations.parameters]", *_addressed(address)]
    for operation in SAME_BODY.get(service, ()):
        lines += ["[[operations]]", f'include-name = "{operation}"', "[operations.phases.coverage]", "enabled = false"]
    file = folder / f"schemathesis{service}.toml"
    file.write_text("\n".join([*lines, ""]))
    return file


def with_examples(document: dict[str, Any], service: str) -> dict[str, Any]:
    """The document as it is checked: answers have no other fields, and bodies an example that is taken."""
    checked: dict[str, Any] = closed(json.loads(json.dumps(document)))
    for visit in (visit for visit in tour() if visit.service == service and visit.content is not None):
        method, path = visit.documented.split()
        media = checked["paths"][path][method.lower()]["requestBody"]["content"][visit.media_type]
        media.setdefault("example", _example(visit))
    return checked


def _example(visit: Visit) -> Any:
    return visit.body if visit.file is None or "json" not in visit.media_type else json.loads(visit.file)


async def complaints(address: str, token: str, config: Path) -> str:
    """What schemathesis found wrong; empty where nothing was."""
    program = Path(sys.executable).parent / "schemathesis"
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
    checks = ["--checks", "all", "--exclude-checks", SAYS_NO_BY_RULE]
    call = ["--config-file", str(config), "run", f"{address}/openapi.json", "-H", f"Authorization: Bearer {token}"]
    process = await asyncio.create_subprocess_exec(
        str(program), *call, *options, *checks, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=config.parent
    )
    async with asyncio.timeout(SECONDS_MAX):
        said, _ = await process.communicate()
    assert b"Test cases:" in said, said.decode()
    return said.decode() if process.returncode else ""


@pytest.mark.rule("API-3", "SEC-4")
async def test_the_services_answer_as_their_documents_say(story: Story, tmp_path: Path) -> None:
    """No answer that is not documented, no bad input that is taken, no 500, no door without a lock; nothing that is only ever refused."""
    known = await furnish(story)
    token = story.installation.token("manager", story.provider)
    watched = Watched(story.installation.app)
    operations: set[str] = set()
    said: list[str] = []
    async with served(watched) as address:
        for service in SERVICES:
            app = mounted(story.installation.app)[service]
            app.openapi_schema = with_examples(app.openapi(), service)
            operations |= {f"{m.upper()} /{service}{path}" for path, methods in app.openapi_schema["paths"].items() for m in methods}
            said.append(await complaints(f"{address}/{service}", token, configured(tmp_path, known, service)))
    assert not any(said), "\n".join(said)
    assert watched.wrong == []
    never = {name for name in operations if not any(status < 300 for status in watched.statuses[name])}
    assert sorted(never - set(NEVER_DONE)) == []


@pytest.mark.rule("API-3")
async def test_a_service_that_breaks_its_word_is_found(tmp_path: Path) -> None:
    """The check itself can fail: an answer that the document does not know."""
    app = FastAPI()
    app.add_api_route("/there", lambda: Response(status_code=418), methods=["GET"])
    complete(app)
    async with served(app) as address:
        assert "Undocumented status code" in await complaints(address, "none", configured(tmp_path, {}))
