"""The HTTP of contracts-svc on a real database: who may what, once-only calls, versions, and bad input."""

import json
from datetime import date
from typing import Any

import pytest

from termijn.events.contracts import ModuleOrdered, ModuleScaled, RateDeckPublished, TariffPublished
from termijn.kernel.ids import ProviderId
from termijn.runtime.http import check_every_route_asks_who_calls

pytestmark = pytest.mark.slow

DECK = "prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n31,Netherlands,0.01,0,1,1\n"


@pytest.mark.rule("CAT-6", "SEC-1", "SEC-2")
async def test_customers_see_and_order_their_own_and_public_things_only(desk: Any) -> None:
    """Refused by the service; nothing changes."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "secret", "is_public": False})
    assert [t["tariff_id"] for t in (await desk.customer.get("/tariffs")).json()["items"]] == ["calls"]
    assert [t["tariff_id"] for t in (await desk.manager.get("/tariffs")).json()["items"]] == ["calls", "secret"]
    assert (await desk.customer.get("/tariffs/secret")).status_code == 404
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "s1", "tariff_id": "secret"}, status=403)
    await desk.post(desk.customer, "/accounts/other/modules", {"module_id": "s1", "tariff_id": "calls"}, status=403)
    assert (await desk.customer.get("/accounts/other")).status_code == 403
    for path, body in (
        ("/policy", {}),
        ("/accounts/acme/contract-start", {"starts_on": None, "reason": "x"}),
    ):
        assert (await desk.customer.put(path, json=body, headers=desk.key())).status_code == 403
    for path, body in (
        ("/tariffs", desk.tariff),
        ("/accounts", desk.account),
        ("/accounts/acme/debit-exemption", {"reason": "x"}),
        ("/accounts/acme/modules/t1/activation", {"active_from": "2026-06-01"}),
        ("/accounts/acme/modules/t1/subjects", {"subject": "1"}),
        ("/accounts/acme/modules/t1/options", {"article_id": "machine"}),
        ("/accounts/acme/modules/t1/scaling", {"quantity": 9, "at_once": True}),
    ):
        await desk.post(desk.customer, path, body, status=403)
    patched = await desk.customer.patch("/accounts/acme", json={"facts": {"is_test": True}}, headers=desk.key())
    assert (patched.status_code, patched.json()["field"]) == (403, "facts.is_test")
    auditor = desk.contracts.client("auditor")
    assert (await auditor.get("/accounts/acme")).status_code == 200
    assert (await auditor.put("/policy", json={}, headers=desk.key())).status_code == 403
    async with desk.contracts.client("manager", provider="other") as stranger:
        assert (await stranger.get("/accounts/acme")).status_code == 404
        assert (await stranger.get("/tariffs")).json()["items"] == []
        await desk.post(stranger, "/accounts/acme/modules/t1/cancellation", status=404)
    assert check_every_route_asks_who_calls(desk.contracts.app) == []


@pytest.mark.rule("SEC-1")
async def test_two_providers_with_equal_ids_are_two_worlds(desk: Any) -> None:
    """The same tariff, account, mandate, module and phone number; what one cancels runs on with the other."""
    number = {"subject": "020 123 4567"}
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", number)
    async with desk.contracts.client("manager", provider="other") as other:
        mine, desk.manager = desk.manager, other
        await desk.acme_with_a_module()
        await desk.post(other, "/accounts/acme/modules/t1/subjects", number)
        await desk.post(other, "/accounts/acme/modules/t1/cancellation", status=200)
        desk.manager = mine
    (module,) = (await desk.manager.get("/accounts/acme/contract")).json()["modules"]
    assert (module["state"], module["subjects"][0]["subject"]) == ("running", "+31201234567")
    await desk.check()


@pytest.mark.rule("SEC-1")
async def test_a_module_of_another_account_is_not_reached_through_ones_own(desk: Any) -> None:
    """The path names the account; the module must be its own. Its id is taken all the same."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts", {"account_id": "other", "contract_partner": {"name": "Other B.V."}})
    await desk.post(desk.manager, "/accounts/other/debit-exemption", {"reason": "x"}, status=200)
    await desk.post(desk.manager, "/accounts/other/modules", {"module_id": "o1", "tariff_id": "calls"})
    await desk.post(desk.customer, "/accounts/acme/modules/o1/cancellation", status=404)
    taken = await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "o1", "tariff_id": "calls"}, status=409)
    assert taken["field"] == "module_id"


@pytest.mark.rule("API-1")
async def test_a_repeated_order_is_one_order_and_a_stale_change_is_refused(desk: Any) -> None:
    """Same key, same answer; another version than the one named is told."""
    await desk.acme_with_a_module()
    same, body = desk.key(), {"module_id": "t2", "tariff_id": "calls"}
    first, second = [await desk.manager.post("/accounts/acme/modules", json=body, headers=same) for _ in range(2)]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    seen = first.headers["ETag"]
    scaled = await desk.manager.post("/accounts/acme/modules/t2/scaling", json={"quantity": 3}, headers=desk.key() | {"If-Match": seen})
    assert scaled.status_code == 200
    stale = await desk.manager.post("/accounts/acme/modules/t2/scaling", json={"quantity": 4}, headers=desk.key() | {"If-Match": seen})
    assert (stale.status_code, stale.json()["current"]) == (412, 2)
    await desk.contracts.settle()
    assert len(await desk.contracts.published(ModuleOrdered)) == 2
    assert [(e.quantity, e.from_on) for e in await desk.contracts.published(ModuleScaled)] == [(3, date(2026, 7, 1))]
    await desk.check()


@pytest.mark.rule("CAT-5", "CAT-9", "CAT-7", "SEC-4")
async def test_tariffs_and_decks_are_versions_and_bad_ones_name_the_field(desk: Any) -> None:
    """A deck is loaded from CSV and stored as a blob; a tariff that names it is then accepted; a running module stays on its version."""
    with_deck = {**desk.tariff, "deck_id": "nl"}
    refused = await desk.post(desk.manager, "/tariffs", with_deck, status=422)
    assert refused["field"] == "deck_id"
    csv = {**desk.key(), "Content-Type": "text/csv"}
    bad = await desk.manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK + "x,Bad,1,1,1,1\n31,Bad,x,1,1,1\n", headers=csv)
    assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (422, "BadDeck", "row 3")
    assert [error["field"] for error in bad.json()["errors"]] == ["row 3", "row 4"] and all(e["detail"] for e in bad.json()["errors"])
    for media_type in ({"Content-Type": "application/json"}, {"Content-Type": "text/html"}, {}):
        wrong = await desk.manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK.encode(), headers=desk.key() | media_type)
        assert (wrong.status_code, wrong.json()["field"]) == (415, "Content-Type")
    csv = {**desk.key(), "Content-Type": "Text/CSV; charset=utf-8"}
    good = await desk.manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK, headers=csv)
    assert (good.status_code, good.json()["version"], good.json()["rows"]) == (201, 1, 1)
    await desk.acme_with_a_module(deck_id="nl")
    await desk.post(desk.manager, "/tariffs", {**with_deck, "title": "Dearer", "orders_from": "2026-06-01"})
    versions = (await desk.manager.get("/tariffs/calls")).json()["versions"]
    assert [(v["version"], v["tariff"]["title"]) for v in versions] == [(2, "Dearer"), (1, "Call handling")]
    assert (await desk.manager.get("/accounts/acme/contract")).json()["modules"][0]["tariff"]["version"] == 1
    migrated = await desk.post(desk.manager, "/accounts/acme/modules/t1/tariff", {"tariff_id": "calls"}, status=200)
    assert migrated["pending"] == [{"from_on": "2026-08-01", "tariff_id": "calls", "tariff_version": 2}]
    assert migrated["explanation"].endswith("ends 31 July 2026; counts from 1 August 2026")
    await desk.contracts.settle()
    (deck,) = await desk.contracts.published(RateDeckPublished)
    assert isinstance(deck, RateDeckPublished)
    assert (await desk.contracts.service.plant.blobs.get(ProviderId("belco"), deck.blob)).decode() == DECK
    assert len(await desk.contracts.published(TariffPublished)) == 2
    negative = {**desk.tariff, "articles": [{"article_id": "a", "title": "A", "net_price": "-1"}]}
    assert (await desk.post(desk.manager, "/tariffs", negative, status=422))["field"] == "articles.0.net_price"
    unknown = {**desk.tariff, "articles": [{"article_id": "a", "title": "A", "colour": "red"}]}
    assert (await desk.post(desk.manager, "/tariffs", unknown, status=422))["field"] == "articles.0.colour"
    await desk.check()


@pytest.mark.rule("CON-8", "PAY-1")
async def test_accounts_are_read_changed_and_kept_apart(desk: Any) -> None:
    """PATCH changes what is sent; customer numbers and mandate references are used once per provider."""
    await desk.acme_with_a_module()
    patched = await desk.customer.patch("/accounts/acme", json={"facts": {"purchase_order": "PO 7"}}, headers=desk.key())
    assert patched.status_code == 200, patched.text
    await desk.customer.patch("/accounts/acme", json={"invoice_address": {"name": "Acme Invoices"}}, headers=desk.key())
    shown = (await desk.customer.get("/accounts/acme")).json()
    assert shown["facts"]["purchase_order"] == "PO 7" and shown["invoice_address"]["name"] == "Acme Invoices"
    assert shown["mandates"][0]["reference"] == "ACME-1" and "iban" not in shown["mandates"][0]
    await desk.manager.patch("/accounts/acme", json={"facts": {"customer_number": "7"}, "invoice_address": None}, headers=desk.key())
    shown = (await desk.customer.get("/accounts/acme")).json()
    assert (shown["facts"]["customer_number"], shown["facts"]["purchase_order"], shown["invoice_address"]) == ("7", "PO 7", None)
    other = {"account_id": "other", "contract_partner": {"name": "Other B.V."}}
    taken = await desk.post(desk.manager, "/accounts", {**other, "facts": {"customer_number": "7"}}, status=409)
    assert taken["field"] == "facts.customer_number"
    await desk.post(desk.manager, "/accounts", other)
    assert (await desk.post(desk.manager, "/accounts/other/mandates", desk.mandate, status=409))["field"] == "reference"
    again = {**desk.mandate, "mandate_id": "m-again"}
    assert (await desk.post(desk.manager, "/accounts/acme/mandates", again, status=409))["field"] == "reference", "nor by its own account"
    replaced = await desk.manager.put(
        "/accounts/other", json={"contract_partner": {"name": "Another B.V."}, "facts": {"language": "en"}}, headers=desk.key()
    )
    assert replaced.status_code == 200, replaced.text
    assert (await desk.manager.delete("/accounts/acme/mandates/m1", headers=desk.key())).status_code == 200
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "t9", "tariff_id": "calls"}, status=409)
    corrected = await desk.manager.put(
        "/accounts/acme/contract-start", json={"starts_on": "2019-02-03", "reason": "paper"}, headers=desk.key()
    )
    assert corrected.status_code == 200
    assert (await desk.manager.get("/accounts/acme/contract")).json()["contract_since"] == "2019-02-03"
    first = (await desk.manager.get("/accounts?limit=1")).json()
    second = (await desk.manager.get(f"/accounts?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["account"], second["items"][0]["account"], second["next"]] == ["acme", "other", None]
    await desk.check()


@pytest.mark.rule("CAT-27")
async def test_policy_is_replaced_and_counts_for_what_comes_after(desk: Any) -> None:
    """Consumers are refused until the policy serves them."""
    jan = {"account_id": "jan", "contract_partner": {"name": "Jan"}, "facts": {"debtor_kind": "consumer"}}
    await desk.post(desk.manager, "/accounts", jan, status=403)
    assert (await desk.manager.get("/policy")).json()["version"] == 0
    put = await desk.manager.put("/policy", json={"serves_companies_only": False}, headers=desk.key())
    assert (put.status_code, put.json()["version"]) == (200, 1)
    assert (await desk.manager.get("/policy")).json()["policy"]["never_suspended"] == ["domain"]
    await desk.post(desk.manager, "/accounts", jan)


BAD: list[tuple[str, str, Any, str]] = [
    ("account", "/accounts", {"account_id": "Ac me"}, "account_id"),
    ("account", "/accounts", {"contract_partner": {"name": "a\0b"}}, "contract_partner.name"),
    ("account", "/accounts", {"contract_partner": {"name": "x" * 201}}, "contract_partner.name"),
    ("account", "/accounts", {"contract_partner": {"name": "\ud800"}}, "contract_partner.name"),
    ("account", "/accounts", {"colour": "red"}, "colour"),
    ("account", "/accounts", {"facts": {"subscription_term_days": 10**30}}, "facts.subscription_term_days"),
    ("account", "/accounts", {"facts": {"language": None}}, "facts.language"),
    ("tariff", "/tariffs", {"notice": "weekly"}, "notice"),
    ("tariff", "/tariffs", {"notice": {"name": "x", "notice_months": 1.5}}, "notice.notice_months"),
    ("tariff", "/tariffs", {"vat_rate": "NaN"}, "vat_rate"),
    ("tariff", "/tariffs", {"vat_rate": 21.5}, "vat_rate"),
    ("tariff", "/tariffs", {"connect_fee": "1e999"}, "connect_fee"),
    ("tariff", "/tariffs", {"orders_from": "2026-02-30"}, "orders_from"),
    ("tariff", "/tariffs", {"orders_from": "9999-12-31"}, "orders_from"),
    ("tariff", "/tariffs", {"articles": []}, "articles"),
    ("", "/accounts/acme/modules", {"module_id": "x/y", "tariff_id": "calls"}, "module_id"),
    ("", "/accounts/acme/modules", {"module_id": "x", "tariff_id": "none"}, "tariff_id"),
    ("", "/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "quantity": True}, "quantity"),
    ("", "/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "quantity": 0}, "quantity"),
    ("", "/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "options": ["base"]}, "options.0"),
    ("", "/accounts/acme/modules/t1/subjects", {"subject": "+"}, "subject"),
    ("", "/accounts/acme/modules/t1/subjects", {"subject": "1", "from_at": "2026-01-01T00:00:00"}, "from_at"),
    ("", "/accounts/acme/modules/t1/cancellation", {"ends_on": 20260101}, "ends_on"),
    ("", "/accounts/acme/modules/t1/cancellation", {"channel": "lease-term"}, "channel"),
    ("", "/accounts/acme/modules/t1/tariff", {"tariff_id": "calls", "channel": "indexation"}, "channel"),
    ("mandate", "/accounts/acme/mandates", {"iban": "NL00ABNA0417164300", "mandate_id": "m2", "reference": "R2"}, "iban"),
]


@pytest.mark.rule("SEC-4")
async def test_bad_input_is_a_problem_with_the_field_named(desk: Any) -> None:
    """Never a 500, and nothing changes."""
    await desk.acme_with_a_module()
    before = await desk.contracts.rows("select count(*) as events from event")
    for base, path, change, field in BAD:
        body = {**(getattr(desk, base) if base else {}), **change}
        # As escapes, for a lone surrogate is JSON and no UTF-8.
        content = json.dumps(body).encode("ascii")
        answer = await desk.manager.post(path, content=content, headers=desk.key() | {"Content-Type": "application/json"})
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["field"] == field, (path, body, answer.text)
    assert await desk.contracts.rows("select count(*) as events from event") == before
