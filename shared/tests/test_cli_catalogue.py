"""``termijn import catalogue`` and ``termijn export catalogue``, as somebody types them; the server is played."""

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from termijn.cli import exporting, importing
from termijn.cli.main import main
from termijn.contracts.indexation_policy import Indexing
from termijn.contracts.policy import Policy
from termijn.keeping.catalogue_file import HEADER

CHANGES = [
    {"kind": "tariff", "id": "calls", "change": "changed", "fields": [{"path": "articles.base.net_price", "old": "9.90", "new": "10.90"}]},
    {"kind": "tariff", "id": "old", "change": "gone", "fields": []},
]
TARIFF = {
    "tariff_id": "calls",
    "title": "Calls",
    "module": "telephony",
    "notice": {"name": "monthly", "notice_months": 1, "alignment": "month_end"},
    "articles": [{"article_id": "base", "title": "Base fee", "net_price": "9.90"}],
    "orders_from": "2026-01-01",
}


class Server:
    """Answers as contracts-svc does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.problem: dict[str, Any] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.asked.append((f"{request.method} {request.url.path}", json.loads(request.content or b"null")))
        if request.method == "GET":
            settings = {"policy": msgspec.to_builtins(Policy()), "indexing": msgspec.to_builtins(Indexing())}
            return httpx.Response(200, json={**settings, "decks": [], "tariffs": [TARIFF]})
        if self.problem is not None:
            return httpx.Response(422, json=self.problem)
        return httpx.Response(200, json={"plan": "0" * 16, "is_applied": request.method == "PUT", "changes": CHANGES})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Plays the server for both commands."""
    made = Server()

    def client_of(url: str, token: str | None) -> httpx.AsyncClient:
        assert (url, token) == ("http://here", "t")
        return httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(made))

    for module in (importing, exporting):
        monkeypatch.setattr(module, "client_of", client_of)
    return made


def run(*arguments: str | Path, status: int = 0) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    assert left.value.code == status


HERE = ("--url", "http://here", "--token", "t")


def test_an_export_is_a_file_to_read_and_an_import_of_it_shows_a_plan(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --apply nothing is sent that changes anything."""
    file = tmp_path / "catalogue.yaml"
    run("export", "catalogue", file, *HERE)
    text = file.read_text()
    assert text.startswith(HEADER) and "net_price: 9.90" in text and "notice: monthly" in text
    run("export", "catalogue", "-", *HERE)
    assert capsys.readouterr().out.endswith(text)
    server.asked.clear()
    run("import", "catalogue", file, *HERE)
    told = capsys.readouterr().out
    assert "tariff   calls: changed\n    articles.base.net_price: 9.90 -> 10.90\n" in told
    assert "tariff   old: gone from the file; it stays" in told
    assert "0 new, 1 changed, 0 unchanged, 1 gone" in told and "add --apply" in told
    assert [what for what, _ in server.asked] == ["GET /contracts/catalogue", "POST /contracts/catalogue/plan"]


def test_applying_sends_the_plan_that_was_seen(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--yes says the same; --json is the answer itself."""
    file = tmp_path / "catalogue.yaml"
    run("export", "catalogue", file, *HERE)
    for option in ("--apply", "--yes"):
        run("import", "catalogue", file, *HERE, option)
        assert server.asked[-1][0] == "PUT /contracts/catalogue" and server.asked[-1][1]["plan"] == "0" * 16
        assert capsys.readouterr().out.endswith("Applied.\n")
    run("import", "catalogue", file, *HERE, "--json")
    assert json.loads(capsys.readouterr().out)["changes"] == CHANGES


def test_what_the_server_refuses_is_told_with_the_lines_of_the_file(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line per error."""
    file = tmp_path / "c.yaml"
    file.write_text("tariffs:\n- tariff_id: calls\n  articles:\n  - article_id: base\n    net_price: -1\n")
    path = "tariffs.0.articles.0.net_price"
    missing = {"field": "tariffs.0.title", "detail": "Field required"}
    server.problem = {"detail": "wrong", "errors": [{"field": path, "detail": f"{path}: is negative"}, missing]}
    run("import", "catalogue", file, *HERE, "--apply", status=2)
    assert capsys.readouterr().err == f"termijn: {file}:5: {path}: is negative\ntermijn: {file}:2: tariffs.0.title: Field required\n"


def test_what_needs_no_server_to_be_wrong_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file, no token; a server that does not answer is another status."""
    run("import", "catalogue", tmp_path / "none.yaml", "--token", "t", status=2)
    assert "none.yaml: cannot be read" in capsys.readouterr().err
    run("export", "catalogue", tmp_path / "c.yaml", status=2)
    assert "termijn token manager PROVIDER" in capsys.readouterr().err
    (tmp_path / "c.yaml").write_text("tariffs: []\n")
    run("import", "catalogue", tmp_path / "c.yaml", "--token", "t", "--url", "http://127.0.0.1:9", status=1)
    assert "http://127.0.0.1:9 does not answer" in capsys.readouterr().err
