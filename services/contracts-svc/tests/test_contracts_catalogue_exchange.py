"""Catalogues in and out of a real service, and a rate deck of the largest size."""

import resource
from pathlib import Path
from typing import Any

import pytest

from termijn.contracts.deck_file import ROWS_MAX
from termijn.events.contracts import RateDeckPublished, TariffPublished
from termijn.keeping.catalogue_exchange import Refused, export_to, import_from

pytestmark = pytest.mark.slow

HEADER = "prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds"
DECK = f"{HEADER}\n31,Netherlands,0.01,0,1,1\n"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


async def filled(desk: Any) -> None:
    """Two tariffs, one with a rule of the provider's own and a deck; indexing."""
    csv = {**desk.key(), "Content-Type": "text/csv"}
    assert (await desk.manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK, headers=csv)).status_code == 201
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "deck_id": "nl", "minimum_turnover": None})
    own = {"name": "halfyear", "minimum_term_months": 6, "notice_months": 1, "alignment": "month_end"}
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "fibre", "module": "fibre", "notice": own})
    indexing = {"policy": {"percentage": "3.5", "tariffs": ["calls"]}}
    assert (await desk.manager.put("/indexing", json=indexing, headers=desk.key())).status_code == 200


@pytest.mark.rule("CAT-2", "CAT-3", "CAT-5", "CAT-9")
async def test_importing_an_export_changes_nothing_and_an_edit_becomes_a_version(desk: Any, tmp_path: Path) -> None:
    """Shown before it is applied; what changed is a new version, running modules stay on theirs."""
    await filled(desk)
    file = tmp_path / "catalogue.yaml"
    text = await export_to(desk.manager, file, root="")
    assert (tmp_path / "decks/nl.csv").read_text() == DECK
    assert "net_price: 9.90" in text and "notice: monthly" in text and "halfyear:" in text
    before = files(tmp_path)
    same = await import_from(desk.manager, file, is_applied=True, root="")
    assert {change["change"] for change in same["changes"]} == {"unchanged"}
    await export_to(desk.manager, file, root="")
    assert files(tmp_path) == before
    (tmp_path / "decks/nl.csv").write_text(DECK + "32,Belgium,0.02,0,1,1\n")
    file.write_text(text.replace("net_price: 9.90", "net_price: 10.90", 1))
    plan = await import_from(desk.manager, file, is_applied=False, root="")
    changed = {change["id"]: [one["path"] for one in change["fields"]] for change in plan["changes"] if change["change"] == "changed"}
    assert changed == {"nl": ["sha256", "rows"], "calls": ["articles.base.net_price"]}
    assert (await desk.manager.get("/tariffs/calls")).headers["ETag"] == '"1"'
    done = await import_from(desk.manager, file, is_applied=True, root="")
    assert done["is_applied"] and done["plan"] == plan["plan"]
    assert (await desk.manager.get("/tariffs/calls")).json()["versions"][0]["tariff"]["articles"][0]["net_price"] == "10.90"
    await desk.contracts.settle()
    assert len(await desk.contracts.published(TariffPublished)) == 3
    assert [deck.rows for deck in await desk.contracts.published(RateDeckPublished)] == [1, 2]
    await desk.check()


@pytest.mark.rule("CAT-7", "CAT-5")
async def test_nothing_is_applied_if_anything_is_wrong_and_each_error_has_its_line(desk: Any, tmp_path: Path) -> None:
    """Also where only the last tariff is wrong; a customer may not import, and a plan that is no longer true is refused."""
    await filled(desk)
    file = tmp_path / "catalogue.yaml"
    text = await export_to(desk.manager, file, root="")
    lines = text.replace("net_price: 9.90", "net_price: 10.90", 1).replace("module: fibre", "module: xdsl").splitlines()
    last = max(index for index, line in enumerate(lines) if "net_price: 2.50" in line)
    lines[last] = lines[last].replace("2.50", "-2.50")
    file.write_text("\n".join(lines))
    with pytest.raises(Refused) as refused:
        await import_from(desk.manager, file, is_applied=True, root="")
    assert any(line.startswith(f"{file}:{last + 1}: tariffs.1.articles.1.net_price: is negative") for line in refused.value.told)
    assert any("tariffs.1.module: this tariff is one of fibre" in line for line in refused.value.told)
    assert (await desk.manager.get("/tariffs/calls")).headers["ETag"] == '"1"'
    file.write_text(text.replace("is_option: true", "is_optional: true", 1))
    with pytest.raises(Refused, match=r"catalogue\.yaml:\d+: tariffs\.0\.articles\.1\.is_optional"):
        await import_from(desk.manager, file, is_applied=False, root="")
    file.write_text(text)
    with pytest.raises(Refused):
        await import_from(desk.customer, file, is_applied=True, root="")
    body = {"tariffs": [], "plan": "0" * 16}
    stale = await desk.manager.put("/catalogue", json=body, headers=desk.key())
    assert (stale.status_code, stale.json()["code"]) == (409, "PlanChanged")
    await desk.check()


@pytest.mark.rule("CAT-9")
async def test_a_deck_of_two_hundred_thousand_prefixes_loads_and_a_bad_one_changes_nothing(desk: Any) -> None:
    """Over HTTP, at the limit; of a bad file the first hundred rows are told and how many there are. Memory stays in bounds."""
    rows = [f"{1_000_000 + number * 7},Destination {number % 900},0.{number % 9000:04d},0.05,60,1" for number in range(ROWS_MAX)]
    csv = {"Content-Type": "text/csv"}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = await desk.manager.post("/rate-decks/big?valid_from=2026-01-01", content="\n".join([HEADER, *rows]), headers=desk.key() | csv)
    assert (loaded.status_code, loaded.json()["rows"]) == (201, ROWS_MAX), loaded.text[:300]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 400
    bad = [row.replace(",60,", ",0,") if number % 2 else row for number, row in enumerate(rows)]
    refused = await desk.manager.post("/rate-decks/big?valid_from=2026-02-01", content="\n".join([HEADER, *bad]), headers=desk.key() | csv)
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 100)
    assert refused.json()["detail"].startswith(f"{ROWS_MAX // 2} bad rows")
    assert refused.json()["errors"][0]["field"] == "row 3"
    one_more = "\n".join([HEADER, *rows, "9,One more,1,0,1,1"])
    too_many = await desk.manager.post("/rate-decks/big?valid_from=2026-02-01", content=one_more, headers=desk.key() | csv)
    assert too_many.status_code == 422
    assert [one["version"] for one in (await desk.manager.get("/rate-decks/big")).json()["versions"]] == [1]
