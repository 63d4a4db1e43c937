"""Bringing a catalogue in and out of a running service, over its public API: for a sandbox and a served deployment alike."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from termijn.keeping.catalogue_file import CatalogueFile, deck_file, read_file, written
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import new_event_id

CONTRACTS = "/contracts"
"""Where contracts-svc is on a server (`termijn up`, `termijn serve`)."""
TIMEOUT_S = 300.0
"""A deck of 200,000 rows takes seconds; a loaded server some minutes."""


class Refused(Exception):
    """The server said no; ``told`` is a line per reason."""

    def __init__(self, told: list[str]) -> None:
        self.told = told
        super().__init__(told[0] if told else "refused")


async def export_to(client: httpx.AsyncClient, file: Path | None, *, root: str = CONTRACTS) -> str:
    """The catalogue as YAML; with a file it is written there, and the rows of decks beside it. ``client`` speaks as a manager."""
    catalogue = _good(await client.get(f"{root}/catalogue"))
    text = written(catalogue)
    if file is None:
        return text
    for deck in catalogue["decks"]:
        _write(file.parent / deck_file(deck["deck_id"]), await _rows(client, root, deck))
    _write(file, text.encode())
    return text


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


async def _rows(client: httpx.AsyncClient, root: str, deck: Mapping[str, Any]) -> bytes:
    """The rows of the version that the catalogue names, also where a newer one came meanwhile."""
    versions = _good(await client.get(f"{root}/rate-decks/{deck['deck_id']}"))["versions"]
    version = next(one["version"] for one in versions if one["sha256"] == deck["sha256"])
    answer = await client.get(f"{root}/rate-decks/{deck['deck_id']}/versions/{version}/rows")
    if answer.status_code != httpx.codes.OK:
        raise Refused(_reasons(answer, None))
    return answer.content


async def import_from(client: httpx.AsyncClient, file: Path, *, is_applied: bool, root: str = CONTRACTS) -> dict[str, Any]:
    """What importing the file would change; applied as a whole where asked for. Raises ``Refused`` with lines of the file."""
    wanted = read_file(file)
    known = {deck["deck_id"]: deck["sha256"] for deck in _good(await client.get(f"{root}/catalogue"))["decks"]}
    request = wanted.request(known)
    plan = _good(await client.post(f"{root}/catalogue/plan", json=request), wanted)
    if not is_applied or all(change["change"] in ("unchanged", "gone") for change in plan["changes"]):
        return plan
    key = {"Idempotency-Key": f"import-{new_event_id()}"}
    return _good(await client.put(f"{root}/catalogue", json={**request, "plan": plan["plan"]}, headers=key), wanted)


def _good(answer: httpx.Response, wanted: CatalogueFile | None = None) -> dict[str, Any]:
    if not answer.is_success:
        raise Refused(_reasons(answer, wanted))
    body: dict[str, Any] = answer.json()
    return body


def _reasons(answer: httpx.Response, wanted: CatalogueFile | None) -> list[str]:
    """Each reason with the line of the file that it is about, where it is about one."""
    try:
        problem = answer.json()
    except ValueError:
        return [f"the server answered {answer.status_code}"]
    errors = problem.get("errors") or []
    if wanted is None or not errors:
        return [str(problem.get("detail", f"the server answered {answer.status_code}"))]
    told = []
    for error in errors:
        path, detail = str(error["field"]), str(error["detail"])
        told.append(f"{wanted.where(path)}: {path}: {detail.removeprefix(f'{path}: ')}")
    return told


def shown(plan: Mapping[str, Any]) -> Iterator[str]:
    """A plan for people, line by line."""
    counts: dict[str, int] = {}
    for change in plan["changes"]:
        counts[change["change"]] = counts.get(change["change"], 0) + 1
        what = "gone from the file; it stays, published versions are never removed" if change["change"] == "gone" else change["change"]
        if change["change"] != "unchanged":
            yield f"{change['kind']:<8} {change['id']}: {what}"
        for one in change["fields"]:
            yield f"    {one['path']}: {_said(one['old'])} -> {_said(one['new'])}"
    yield ", ".join(f"{counts.get(word, 0)} {word}" for word in ("new", "changed", "unchanged", "gone"))


def _said(value: str | None) -> str:
    return "(none)" if value is None else value


def client_of(url: str, token: str | None) -> httpx.AsyncClient:
    """Speaks to the server as whoever the token is for."""
    if not token:
        raise InvalidInput(field="--token", reason="a manager's token is needed; in a sandbox: termijn token manager PROVIDER")
    return httpx.AsyncClient(base_url=url.rstrip("/"), headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)
