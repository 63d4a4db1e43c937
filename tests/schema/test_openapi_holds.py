"""The running services keep to their OpenAPI documents: schemathesis makes calls up by them and looks at the answers (API-3)."""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Response

from termijn.testing.furnished import furnish
from termijn.testing.story import Story, story

__all__ = ["story"]

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(1800)]

SERVICES = ("contracts", "rating", "invoice", "dunning")
SEED = 20_260_101
EXAMPLES = 4
"""Calls of a kind that are made up for each operation, on top of the thousands that follow from its schema."""
SAYS_NO_BY_RULE = "positive_data_acceptance"
"""The one check that is left out: a call that fits the schema may well be refused, by a rule. Everything else is checked, above all
that no answer is a 500, that every status and media type is documented, that bad input is refused, and that a token is needed."""
SECONDS_MAX = 900
NUMBERS = {"number"}
"""What in an address is a number."""


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
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


def configured(folder: Path, known: dict[str, str]) -> Path:
    """Schemathesis's settings: what stands in an address exists. What does not fit its schema there would count as bad input."""
    fitting = {name: int(value) if name in NUMBERS else value for name, value in known.items() if name != "version"}
    lines = [f'"path.{name}" = {json.dumps(value)}' for name, value in fitting.items()]
    lines.append('"header.if-match" = "*"')  # any version: a made-up one would be refused before a rule is asked
    file = folder / "schemathesis.toml"
    file.write_text("\n".join(["[parameters]", *lines, ""]))
    return file


async def complaints(address: str, token: str, config: Path) -> str:
    """What schemathesis found wrong; empty where nothing was."""
    program = Path(sys.executable).parent / "schemathesis"
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
    checks = ["--checks", "all", "--exclude-checks", SAYS_NO_BY_RULE]
    call = ["--config-file", str(config), "run", f"{address}/openapi.json", "-H", f"Authorization: Bearer {token}"]
    process = await asyncio.create_subprocess_exec(
        str(program), *call, *options, *checks, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=config.parent
    )
    said, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert b"Test cases:" in said, said.decode()
    return said.decode() if process.returncode else ""


@pytest.mark.rule("API-3", "SEC-4")
async def test_the_services_answer_as_their_documents_say(story: Story, tmp_path: Path) -> None:
    """No answer that is not documented, no bad input that is taken, no 500, no door without a lock."""
    config = configured(tmp_path, await furnish(story))
    token = story.installation.token("manager", story.provider)
    async with served(story.installation.app) as address:
        said = [await complaints(f"{address}/{service}", token, config) for service in SERVICES]
    assert not any(said), "\n".join(said)


async def test_a_service_that_breaks_its_word_is_found(tmp_path: Path) -> None:
    """The check itself can fail: an answer that the document does not know."""
    app = FastAPI()
    app.add_api_route("/there", lambda: Response(status_code=418), methods=["GET"])
    async with served(app) as address:
        assert "Undocumented status code" in await complaints(address, "none", configured(tmp_path, {}))
