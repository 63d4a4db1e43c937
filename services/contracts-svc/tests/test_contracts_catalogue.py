"""The catalogue over HTTP on a real database: drafts, versions, price lists, migrations and indexations as long work."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from termijn.contracts.indexing import ROUNDING
from termijn.events.contracts import TariffChanged, TariffPublished

pytestmark = pytest.mark.slow

DRAFT = {
    "title": "Call handling",
    "module": "telephony",
    "notice": "monthly",
    "articles": [{"article_id": "base", "title": "Base fee", "net_price": "11.00"}],
}
DECK = "prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n31,Netherlands,0.01,0,1,1\n316,Mobile,0.1,0.05,1,1\n"


def mails(desk: Any) -> list[str]:
    return [
        path.read_text() for path in sorted(Path(desk.contracts.folder / "mail").rglob("*")) if path.is_file() and "known" not in str(path)
    ]


@pytest.mark.rule("CAT-5", "CAT-7", "API-1")
async def test_a_draft_is_saved_changed_with_if_match_discarded_and_published(desk: Any) -> None:
    """Every error at its field; nobody can order it before it is published, with the day from which orders get it."""
    manager, path = desk.manager, "/tariffs/calls/draft"
    bad = {**DRAFT, "vat_rate": "6", "articles": [{**DRAFT["articles"][0], "net_price": "-1"}, {**DRAFT["articles"][0], "quantity": "0"}]}
    refused = await manager.put(path, json=bad, headers=desk.key())
    assert refused.status_code == 422
    fields = [error["field"] for error in refused.json()["errors"]]
    assert fields == ["vat_rate", "articles.0.net_price", "articles.1.quantity", "articles.1.article_id"]
    assert (await manager.get(path)).status_code == 404
    unknown = await manager.put(path, json={**DRAFT, "prise": "1"}, headers=desk.key())
    assert (unknown.status_code, unknown.json()["field"]) == (422, "prise")
    saved = await manager.put(path, json=DRAFT, headers=desk.key())
    assert (saved.status_code, saved.headers["ETag"]) == (200, '"1"')
    changed = await manager.put(path, json={**DRAFT, "title": "Calls"}, headers=desk.key() | {"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    stale = await manager.put(path, json={**DRAFT, "title": "Else"}, headers=desk.key() | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]) == (412, 2)
    shown = await manager.get(path)
    assert (shown.json()["tariff"]["title"], shown.headers["ETag"]) == ("Calls", '"2"')
    assert [one["tariff_id"] for one in (await manager.get("/tariff-drafts?module=telephony")).json()["items"]] == ["calls"]
    assert (await manager.get("/tariff-drafts?module=fibre")).json()["items"] == []
    assert (await manager.get("/tariffs")).json()["items"] == []
    published = await desk.post(manager, f"{path}/publication", {"orders_from": "2026-07-01"})
    assert published == {"tariff_id": "calls", "version": 1, "orders_from": "2026-07-01"}
    assert (await manager.get(path)).status_code == 404
    await manager.put(path, json=DRAFT, headers=desk.key())
    gone = await manager.delete(path, headers=desk.key() | {"If-Match": '"4"'})
    assert gone.status_code == 204
    await desk.post(manager, f"{path}/publication", status=404)
    for client in (desk.customer, desk.contracts.client("auditor")):
        assert (await client.put(path, json=DRAFT, headers=desk.key())).status_code == 403
    assert (await desk.customer.get(path)).status_code == 403
    await desk.check()


@pytest.mark.rule("CAT-7", "CAT-8")
async def test_what_is_being_typed_has_a_price_list_and_its_errors(desk: Any) -> None:
    """Live, before anything is saved; also of what could not be saved."""
    typed = {**DRAFT, "deck_id": "nl", "vat_rate": "6"}
    shown = await desk.manager.post("/tariffs/calls/draft/preview?language=en", json=typed)
    assert shown.status_code == 200
    assert [error["field"] for error in shown.json()["errors"]] == ["vat_rate", "deck_id"]
    assert shown.json()["price_list"]["sections"][0]["articles"][0]["price"] == "11.00 per month"
    assert (await desk.manager.get("/tariffs/calls/draft")).status_code == 404
    assert (await desk.customer.post("/tariffs/calls/draft/preview", json=typed)).status_code == 403


@pytest.mark.rule("CAT-5", "CAT-6")
async def test_a_later_version_may_stand_beside_the_current_one(desk: Any) -> None:
    """Orders of today get today's; versions are listed newest first, in pages; a version is shown as it was published."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "title": "Later", "orders_from": "2026-09-01"})
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "title": "Hidden", "is_public": False, "orders_from": "2026-10-01"})
    first = (await desk.manager.get("/tariffs/calls/versions?limit=2")).json()
    assert [one["version"] for one in first["items"]] == [3, 2]
    rest = (await desk.manager.get(f"/tariffs/calls/versions?limit=2&cursor={first['next']}")).json()
    assert ([one["version"] for one in rest["items"]], rest["next"]) == ([1], None)
    assert (await desk.manager.get("/tariffs/calls/versions/2")).json()["tariff"]["title"] == "Later"
    (listed,) = (await desk.customer.get("/tariffs")).json()["items"]
    assert (listed["version"], listed["title"]) == (1, "Call handling")
    assert (await desk.customer.get("/tariffs/calls/versions/3")).status_code == 404
    assert [v["version"] for v in (await desk.customer.get("/tariffs/calls")).json()["versions"]] == [2, 1]
    assert (await desk.manager.get("/tariffs?is_public=true")).json()["items"] == []
    assert len((await desk.manager.get("/tariffs?module=telephony&title=hid")).json()["items"]) == 1
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    assert (await desk.manager.get("/accounts/acme/contract")).json()["modules"][1]["tariff"]["version"] == 1


@pytest.mark.rule("CAT-8", "CAT-6")
async def test_the_price_list_is_for_whoever_may_see_the_version(desk: Any) -> None:
    """Customers see public ones and those of their own modules; calls are shown by destination of the deck."""
    csv = {**desk.key(), "Content-Type": "text/csv"}
    assert (await desk.manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK, headers=csv)).status_code == 201
    calls = {"article_id": "call", "title": "Calls", "usage_key": "call", "unit": "minute"}
    await desk.acme_with_a_module(deck_id="nl", articles=[*desk.tariff["articles"], calls])
    shown = (await desk.customer.get("/tariffs/calls/versions/1/price-list?language=en")).json()
    prices = [(a["title"], a["price"], a["billing"]) for a in shown["sections"][0]["articles"]]
    assert prices[0] == ("Base fee", "9.90 per month", "per month, in advance")
    assert [one["name"] for one in shown["destinations"]["items"]] == ["Mobile", "Netherlands"]
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "secret", "is_public": False})
    assert (await desk.customer.get("/tariffs/secret/versions/1/price-list")).status_code == 404
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "s1", "tariff_id": "secret"})
    assert (await desk.customer.get("/tariffs/secret/versions/1/price-list")).json()["sections"][0]["articles"][0][
        "price"
    ] == "9,90 per maand"
    assert (await desk.manager.get("/tariffs/calls/versions/9/price-list")).status_code == 404
    assert [one["deck_id"] for one in (await desk.manager.get("/rate-decks")).json()["items"]] == ["nl"]
    rows = await desk.manager.get("/rate-decks/nl/versions/1/rows")
    assert rows.text == DECK and rows.headers["content-type"].startswith("text/csv")


@pytest.mark.rule("CAT-5", "CAT-10", "API-2")
async def test_modules_migrate_as_long_work_announced_and_on_their_day(desk: Any) -> None:
    """202 with progress; the account is told old and new price; the version changes at 00:00 of the day, not before."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    await desk.post(desk.manager, "/accounts/acme/modules/t2/cancellation", {"ends_on": "2026-06-30"}, status=200)
    dearer = [{**desk.tariff["articles"][0], "net_price": "10.90"}, desk.tariff["articles"][1]]
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "articles": dearer, "orders_from": "2026-06-01"})
    body = {"migration_id": "m1", "tariff_id": "calls", "from_version": 1, "to_version": 2, "effective_on": "2026-06-20"}
    early = await desk.post(desk.manager, "/migrations", body, status=422)
    assert early["field"] == "effective_on"
    body["effective_on"] = "2026-08-01"
    await desk.post(desk.customer, "/migrations", body, status=403)
    started = await desk.post(desk.manager, "/migrations", body, status=202)
    assert started["progress"] == "migrations/m1"
    assert (await desk.manager.get("/migrations/m1")).json()["state"] == "running"
    await desk.contracts.settle()
    done = (await desk.manager.get("/migrations/m1")).json()
    assert (done["state"], done["modules"], done["announced"], done["skipped"]) == ("finished", 1, 1, 0)
    (module,) = (await desk.manager.get("/migrations/m1/modules?state=announced")).json()["items"]
    assert (module["module_id"], module["from_on"]) == ("t1", "2026-08-01")
    (change,) = (await desk.customer.get("/accounts/acme/price-changes")).json()["items"]
    assert (change["moves"][0]["old"], change["moves"][0]["new"], change["may_end_free_until"]) == ("9.90", "10.90", None)
    (mail,) = [mail for mail in mails(desk) if "gewijzigde prijzen" in mail]
    assert "Base fee: nu" in mail and "9,90" in mail and "10,90" in mail and "1 augustus 2026" in mail
    await desk.contracts.advance_to(datetime(2026, 7, 31, 21, tzinfo=UTC))
    assert await desk.contracts.published(TariffChanged) == []
    await desk.contracts.advance_to(datetime(2026, 7, 31, 23, tzinfo=UTC))
    (changed,) = await desk.contracts.published(TariffChanged)
    assert (changed.module_id, changed.tariff.version, str(changed.from_on)) == ("t1", 2, "2026-08-01")
    (module,) = (await desk.manager.get("/migrations/m1/modules")).json()["items"]
    assert module["state"] == "in_force"
    await desk.post(desk.manager, "/migrations", body, status=422)
    await desk.check()


@pytest.mark.rule("CAT-10")
async def test_an_announcement_that_never_left_changes_no_price(desk: Any) -> None:
    """An account without an address is not told, so it keeps its price, and a manager sees why."""
    await desk.acme_with_a_module()
    await desk.manager.patch("/accounts/acme", json={"contract_partner": {"name": "Acme B.V."}}, headers=desk.key())
    dearer = [{**desk.tariff["articles"][0], "net_price": "10.90"}, desk.tariff["articles"][1]]
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "articles": dearer, "orders_from": "2026-06-01"})
    body = {"migration_id": "m1", "tariff_id": "calls", "to_version": 2, "effective_on": "2026-08-01", "modules": ["t1"]}
    await desk.post(desk.manager, "/migrations", body, status=202)
    await desk.contracts.advance_to(datetime(2026, 8, 2, tzinfo=UTC))
    (module,) = (await desk.manager.get("/migrations/m1/modules")).json()["items"]
    assert (module["state"], module["reason"]) == ("dropped", "the announcement did not reach the account a month before")
    assert await desk.contracts.published(TariffChanged) == []
    await desk.check()


FIGURES = [
    {"period": "2024", "value": "120.0", "published_on": "2025-01-15"},
    {"period": "2025", "value": "123.9", "published_on": "2026-01-15"},
    {"period": "2026", "value": "999", "published_on": "2027-01-15"},
]
BY_INDEX = {"policy": {"index": "CPI", "month": 8, "day": 1}, "indices": [{"name": "CPI", "source": "CBS", "figures": FIGURES}]}


@pytest.mark.rule("CAT-10", "API-2")
async def test_indexation_is_planned_seen_started_announced_and_comes_into_force(desk: Any) -> None:
    """By the policy's index; old versions that modules run on are indexed for them alone, the one on sale for new orders too."""
    assert (await desk.manager.put("/indexing", json=BY_INDEX, headers=desk.key())).status_code == 200
    unknown = await desk.manager.put("/indexing", json={"policy": {"index": "other"}}, headers=desk.key())
    assert (unknown.status_code, unknown.json()["field"]) == (422, "policy.index")
    await desk.acme_with_a_module(is_telecom=True)
    newer = [{**desk.tariff["articles"][0], "net_price": "20.00"}]
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "articles": newer, "is_telecom": True, "orders_from": "2026-06-01"})
    plan = await desk.post(desk.manager, "/indexations", {"indexation_id": "2026"})
    assert (plan["percentage"], plan["effective_on"], plan["state"], plan["rounding"]) == ("3.25", "2026-08-01", "planned", ROUNDING)
    told = [(v["version"], v["takes_orders"], [(p["article"], p["old"], p["new"]) for p in v["prices"]]) for v in plan["versions"]]
    assert told == [
        (1, False, [("base", "9.90", "10.22"), ("machine", "2.50", "2.58")]),
        (2, True, [("base", "20.00", "20.65")]),
    ]
    assert (await desk.manager.get("/indexations/2026")).json() == plan
    await desk.contracts.settle()
    assert len(await desk.contracts.published(TariffPublished)) == 2
    await desk.post(desk.customer, "/indexations/2026/start", status=403)
    await desk.post(desk.manager, "/indexations/2026/start", status=202)
    await desk.post(desk.manager, "/indexations/2026/start", status=409)
    await desk.contracts.settle()
    assert (await desk.manager.get("/migrations/2026")).json()["announced"] == 1
    (change,) = (await desk.customer.get("/accounts/acme/price-changes")).json()["items"]
    assert (change["is_indexation"], change["to_version"], change["may_end_free_until"]) == (True, 3, "2026-07-31")
    (shown,) = (await desk.customer.get("/accounts/acme/contract")).json()["modules"][0]["price_changes"]
    assert (shown["from_on"], shown["to_version"]) == ("2026-08-01", 3)
    assert any("indexeren wij" in mail and "tot en met 31 juli 2026" in mail.replace("\n", " ") for mail in mails(desk))
    await desk.contracts.advance_to(datetime(2026, 8, 1, 12, tzinfo=UTC))
    (changed,) = await desk.contracts.published(TariffChanged)
    assert (changed.tariff.version, str(changed.tariff.articles[0].net_price), changed.channel) == (3, "10.22", "indexation")
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    modules = (await desk.manager.get("/accounts/acme/contract")).json()["modules"]
    assert {module["module_id"]: module["tariff"]["version"] for module in modules} == {"t1": 3, "t2": 4}
    await desk.check()


@pytest.mark.rule("CAT-10", "CON-6")
async def test_whoever_leaves_because_of_dearer_prices_leaves_free_of_charge(desk: Any) -> None:
    """The customer gives notice in the middle of a year; the prices never reach the module."""
    yearly = {"notice": "yearly", "is_telecom": True, "disconnect_fee": "50.00"}
    await desk.acme_with_a_module(**yearly)
    await desk.post(desk.manager, "/indexations", {"indexation_id": "x", "percentage": "5", "effective_on": "2026-08-01"})
    await desk.post(desk.manager, "/indexations/x/start", status=202)
    await desk.contracts.settle()
    told = await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    assert told["ends_on"] == "2026-07-31" and "free of charge" in told["explanation"]
    await desk.contracts.advance_to(datetime(2026, 8, 2, tzinfo=UTC))
    assert await desk.contracts.published(TariffChanged) == []
    (change,) = (await desk.customer.get("/accounts/acme/price-changes")).json()["items"]
    assert (change["state"], change["reason"]) == ("dropped", "the module is over")
    await desk.check()


@pytest.mark.rule("CAT-10")
async def test_an_announcement_can_be_taken_back_and_a_plan_discarded(desk: Any) -> None:
    """Before their day; the account is told."""
    await desk.acme_with_a_module()
    for plan in ("a", "b"):
        await desk.post(desk.manager, "/indexations", {"indexation_id": plan, "percentage": "5", "effective_on": "2026-08-01"})
    assert (await desk.manager.delete("/indexations/b", headers=desk.key())).status_code == 204
    assert [one["indexation_id"] for one in (await desk.manager.get("/indexations?state=discarded")).json()["items"]] == ["b"]
    await desk.post(desk.manager, "/indexations/b/start", status=409)
    await desk.post(desk.manager, "/indexations/a/start", status=202)
    await desk.contracts.settle()
    path = "/accounts/acme/modules/t1/price-changes/a/withdrawal"
    await desk.post(desk.customer, path, {"reason": "no"}, status=403)
    await desk.post(desk.manager, path, {"reason": "a mistake"}, status=200)
    await desk.contracts.advance_to(datetime(2026, 8, 2, tzinfo=UTC))
    assert await desk.contracts.published(TariffChanged) == []
    assert any("gaat niet door" in mail for mail in mails(desk))
    await desk.check()
