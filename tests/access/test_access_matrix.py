"""Every endpoint with every role, allowed and refused, as ``docs/access.md`` says (SEC-1, SEC-2).

The table there is written by hand: it is what was meant, and the routes must be it.
"""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from termijn.embedded.installation import Installation
from termijn.runtime.http.access import RIGHTS
from termijn.runtime.http.routes import every_route
from termijn.testing.furnished import OTHER, OWN, furnish
from termijn.testing.story import Story, story

__all__ = ["story"]

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(600)]

TABLE = Path(__file__).parents[2] / "docs/access.md"
ROLES = ("customer", "manager", "ops", "collector", "auditor")
_ROW = re.compile(r"^\| `(?P<method>[A-Z]+) (?P<path>/[^`]*)` \|(?P<cells>.*)\|$")
_keys = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An endpoint and what each role may: "yes", "own" (a customer, of its own account) or "" (no)."""

    service: str
    method: str
    path: str
    may: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} /{self.service}{self.path}"


def table() -> list[Line]:
    """What is written down."""
    lines: list[Line] = []
    service = ""
    for text in TABLE.read_text().splitlines():
        if text.startswith("## "):
            service = text.removeprefix("## ").removesuffix("-svc")
        elif (row := _ROW.match(text)) is not None:
            cells = [cell.strip() for cell in row["cells"].split("|")]
            assert len(cells) == len(ROLES), text
            lines.append(Line(service=service, method=row["method"], path=row["path"], may=dict(zip(ROLES, cells, strict=True))))
    return lines


def routes(installation: Installation) -> set[tuple[str, str, str]]:
    """Every endpoint that there is: service, method, path."""
    found = set()
    for mounted in installation.app.routes:
        app: Any = getattr(mounted, "app", None)
        if app is not None and hasattr(app, "routes"):
            found |= {
                (mounted.path[1:], method, route.path_format)
                for route in every_route(app)
                for method in route.methods or ()
                if _has_rights(route)
            }  # type: ignore[attr-defined]
    return found


def _has_rights(route: Any) -> bool:
    asked, found = [route.dependant], False
    while asked:
        one = asked.pop()
        asked += one.dependencies
        found = found or hasattr(one.call, RIGHTS)
    return found


async def ask(story: Story, line: Line, role: str, known: dict[str, str], *, account: str | None = None) -> httpx.Response:
    """A call without a body: whoever may is told what is missing, whoever may not is told that."""
    path = re.sub(r"\{(\w+)(:path)?\}", lambda name: known.get(name[1], "unknown"), line.path)
    headers = {} if line.method == "GET" else {"idempotency-key": f"matrix-{next(_keys)}"}
    async with story.installation.client(role, story.provider, account) as client:
        return await client.request(line.method, f"/{line.service}{path}", headers=headers)


@pytest.mark.rule("SEC-1", "SEC-2")
async def test_every_endpoint_with_every_role(story: Story) -> None:
    """Nothing more and nothing less than is written down; a customer never reaches what is another's."""
    lines = table()
    written = [(line.service, line.method, line.path) for line in lines]
    assert sorted(written) == sorted(routes(story.installation)), "docs/access.md names every endpoint, once"
    known = await furnish(story)
    wrong = []
    for line in sorted(lines, key=lambda line: line.method != "GET"):  # what changes something comes last
        for role in ROLES:
            answer = await ask(story, line, role, known, account=OWN if role == "customer" else None)
            is_refused = answer.status_code == 403 and answer.json()["code"] in {"RoleNotAllowed", "CollectorReadsNothing"}
            if answer.status_code >= 500 or answer.status_code == 401 or is_refused == bool(line.may[role]):
                wrong.append(f"{line} as {role}: {answer.status_code} {answer.text[:120]}")
        if line.may["customer"] == "own" and "{account}" in line.path:
            answer = await ask(story, line, "customer", known, account=OTHER)
            if answer.status_code != 403 or answer.json()["code"] != "NotYourAccount":
                wrong.append(f"{line} as the customer of another account: {answer.status_code}")
    assert wrong == []


@pytest.mark.rule("SEC-1")
async def test_a_customer_finds_nothing_of_another_account_by_its_id(story: Story) -> None:
    """Invoices, cases and letters are addressed by ids of their own: those of others are as if they were not there, or refused."""
    known = await furnish(story)
    for line in (line for line in table() if line.may["customer"] == "own" and "{account}" not in line.path and "{" in line.path):
        own = await ask(story, line, "customer", known, account=OWN)
        other = await ask(story, line, "customer", known, account=OTHER)
        assert other.status_code in {403, 404}, f"{line}: {other.status_code}"
        assert OWN not in other.text.replace(known["invoice_id"], "").replace(known["case"], "").replace(known["letter"], ""), line
        assert own.status_code not in {401, 403}, f"{line}: {own.status_code}"
