"""contracts-svc on a real database: orders over HTTP, timers, what it hears and tells, races for one number."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from termijn.contracts.app import definition, routes
from termijn.contracts.laws import LAWS
from termijn.events.contracts import (
    CancellationWithdrawn,
    MandateGiven,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleScaled,
    ModuleSuspended,
    ModuleTerminated,
    RateDeckPublished,
    SubjectAssigned,
    SubjectReleased,
    TariffPublished,
)
from termijn.events.dunning import ResumptionRequested, SuspensionRequested, TerminationRequested
from termijn.events.invoice import MandateBlocked
from termijn.kernel.calendar import at
from termijn.kernel.ids import MandateId
from termijn.runtime.clock import Clock
from termijn.runtime.http import check_every_route_asks_who_calls
from termijn.runtime.mail import MaildirMailer
from termijn.testing.harness import Services, ServiceUnderTest

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TELEPHONY = {
    "tariff_id": "calls",
    "title": "Call handling",
    "module": "telephony",
    "notice": "monthly",
    "articles": [
        {"article_id": "base", "title": "Base fee", "net_price": "9.90"},
        {"article_id": "machine", "title": "Answering machine", "net_price": "2.50", "is_option": True, "notice": "none"},
    ],
}
ACME = {"account_id": "acme", "contract_partner": {"name": "Acme B.V.", "email": "billing@acme.example"}}
MANDATE = {"mandate_id": "m1", "reference": "ACME-1", "signed_on": "2026-05-01", "iban": "NL91ABNA0417164300", "holder": "Acme B.V."}
DECK = "prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n31,Netherlands,0.01,0,1,1\n"

_keys = count(1)


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"test-{next(_keys)}"}


class ClockOf(Clock):
    """The test's clock, for the mailer, which is made before the service."""

    def now(self) -> datetime:
        return NOW

    async def advance_to(self, instant: datetime) -> None:
        raise AssertionError("nobody moves the mailer's clock")


@pytest.fixture
async def contracts(services: Services) -> ServiceUnderTest:
    mailer = MaildirMailer(services.folder / "mail", ClockOf())
    return await services.open(definition(mailer), routes, now=NOW)


@pytest.fixture
async def manager(contracts: ServiceUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with contracts.client("manager") as client:
        yield client


@pytest.fixture
async def customer(contracts: ServiceUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with contracts.client("customer", account="acme") as client:
        yield client


async def post(client: httpx.AsyncClient, path: str, body: Any = None, *, status: int = 201) -> Any:
    answer = await client.post(path, json=body or {}, headers=key())
    assert answer.status_code == status, answer.text
    return answer.json()


async def acme_with_a_module(manager: httpx.AsyncClient, module: str = "t1", tariff: dict[str, Any] | None = None) -> None:
    await post(manager, "/tariffs", {**TELEPHONY, "orders_from": "2026-01-01", **(tariff or {})})
    await post(manager, "/accounts", ACME)
    await post(manager, "/accounts/acme/mandates", MANDATE)
    await post(manager, "/accounts/acme/modules", {"module_id": module, "tariff_id": (tariff or TELEPHONY)["tariff_id"], "quantity": 2})


async def check(contracts: ServiceUnderTest) -> None:
    """The laws hold, and every view comes out of the store again as it is."""
    assert await contracts.broken(LAWS) == []
    for view in contracts.service.definition.views:
        before = {table: await contracts.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
        await contracts.service.rebuild(view.name)
        after = {table: await contracts.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
        assert after == before


@pytest.mark.rule("CON-1", "CON-2", "CON-6", "CAT-21")
async def test_an_order_runs_until_its_notice_ends_it(
    contracts: ServiceUnderTest, manager: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    """From catalogue to end: published, ordered, numbered, cancelled by the customer on 1 June, ended after 31 July."""
    await acme_with_a_module(manager)
    await post(manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00+02:00"})
    told = await post(customer, "/accounts/acme/modules/t1/cancellation", {"channel": "web"}, status=200)
    assert (told["state"], told["ends_on"]) == ("cancelled", "2026-07-31")
    assert "one full month" in told["explanation"]
    page = (await customer.get("/accounts/acme/contract")).json()
    assert page["contract_since"] == "2026-06-01"
    assert page["modules"][0]["subjects"][0]["subject"] == "+31201234567"
    await contracts.advance_to(at(date(2026, 7, 31), "23:59"))
    assert await contracts.published(ModuleEnded) == []
    assert await contracts.advance_to(at(date(2026, 8, 1), "00:00")) == 1
    assert await contracts.published(ModuleEnded) == [ModuleEnded(module_id="t1", ended_on=date(2026, 7, 31))]  # type: ignore[arg-type]
    assert [type(event) for event in await contracts.published(account="acme")][1:] == [
        MandateGiven,
        ModuleOrdered,
        SubjectAssigned,
        ModuleCancelled,
        SubjectReleased,
        ModuleEnded,
    ]
    page = (await customer.get("/accounts/acme/contract")).json()
    assert page["contract_since"] is None and page["modules"][0]["state"] == "ended"
    again = await customer.post("/accounts/acme/modules/t1/cancellation", json={}, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "ModuleIsOver")
    await check(contracts)


@pytest.mark.rule("CON-6")
async def test_a_withdrawn_notice_ends_nothing_and_a_new_one_does(
    contracts: ServiceUnderTest, customer: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    """Its timer is cancelled; the next notice has its own."""
    await acme_with_a_module(manager)
    await post(customer, "/accounts/acme/modules/t1/cancellation", status=200)
    assert (await customer.delete("/accounts/acme/modules/t1/cancellation", headers=key())).status_code == 200
    await contracts.advance_to(at(date(2026, 8, 2), "12:00"))
    assert await contracts.published(ModuleEnded) == []
    await post(customer, "/accounts/acme/modules/t1/cancellation", status=200)
    await contracts.advance_to(at(date(2026, 10, 1), "00:00"))
    assert [e.ended_on for e in await contracts.published(ModuleEnded)] == [date(2026, 9, 30)]  # type: ignore[attr-defined]
    assert len(await contracts.published(CancellationWithdrawn)) == 1
    await check(contracts)


@pytest.mark.rule("CON-6")
async def test_orders_and_notices_are_confirmed_by_mail(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Who, when, through which channel; without an address a manager sees that it could not be sent."""
    await acme_with_a_module(manager)
    await post(manager, "/accounts/acme/modules/t1/cancellation", status=200)
    await contracts.settle()
    mails = [path.read_text() for path in (contracts.folder / "mail" / "belco" / "new").iterdir()]
    assert len(mails) == 2
    assert all("billing@acme.example" in mail for mail in mails)
    assert any("31 July 2026" in mail.replace("=\n", "") for mail in mails)
    await post(manager, "/accounts", {"account_id": "mute", "contract_partner": {"name": "Mute B.V."}})
    await post(manager, "/accounts/mute/debit-exemption", {"reason": "municipality"}, status=200)
    await post(manager, "/accounts/mute/modules", {"module_id": "t2", "tariff_id": "calls"})
    await contracts.settle()
    unsent = (await manager.get("/confirmations")).json()["items"]
    assert [(row["account"], row["module_id"]) for row in unsent] == [("mute", "t2")]
    await check(contracts)


@pytest.mark.rule("CON-2")
async def test_an_order_without_a_mandate_leaves_nothing_behind(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Refused; also once the mandate was blocked by the bank."""
    await acme_with_a_module(manager)
    await contracts.hear("invoice", MandateBlocked(mandate_id=MandateId("m1"), reason_code="AC04"), account="acme")
    refused = await manager.post("/accounts/acme/modules", json={"module_id": "t2", "tariff_id": "calls"}, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "NoMandate")
    assert [row["module_id"] for row in await contracts.rows("select module_id from module")] == ["t1"]
    await check(contracts)


@pytest.mark.rule("CON-10", "DUN-9")
async def test_late_payment_suspends_resumes_and_ends_modules_but_no_domains(
    contracts: ServiceUnderTest, manager: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    """The portal shows which and why; paying resumes; a manager's decision ends what is suspended."""
    await acme_with_a_module(manager)
    await post(manager, "/tariffs", {**TELEPHONY, "tariff_id": "nl", "module": "domain", "orders_from": "2026-01-01"})
    await post(manager, "/accounts/acme/modules", {"module_id": "d1", "tariff_id": "nl"})
    asked = SuspensionRequested(reason="late payment", requested_at=at(date(2026, 6, 2), "10:00"))
    await contracts.hear("dunning", asked, account="acme")
    assert [e.module_id for e in await contracts.published(ModuleSuspended)] == ["t1"]  # type: ignore[attr-defined]
    modules = {m["module_id"]: m for m in (await customer.get("/accounts/acme/contract")).json()["modules"]}
    assert modules["t1"]["suspension"]["reason"] == "late payment"
    assert "emergency calls" in modules["t1"]["suspension"]["still_works"]
    assert modules["d1"]["suspension"] is None
    await contracts.hear("dunning", ResumptionRequested(reason="paid", requested_at=at(date(2026, 6, 3), "10:00")), account="acme")
    assert len(await contracts.published(ModuleResumed)) == 1
    await contracts.hear("dunning", SuspensionRequested(reason="x", requested_at=NOW, streams=("project",)), account="acme")
    assert len(await contracts.published(ModuleSuspended)) == 1
    again = SuspensionRequested(reason="late again", requested_at=NOW, streams=("subscription", "support"))
    await contracts.hear("dunning", again, TerminationRequested(reason="30 days", requested_at=NOW), account="acme")
    assert [e.module_id for e in await contracts.published(ModuleTerminated)] == ["t1"]  # type: ignore[attr-defined]
    modules = {m["module_id"]: m for m in (await customer.get("/accounts/acme/contract")).json()["modules"]}
    assert (modules["t1"]["state"], modules["t1"]["over_reason"], modules["d1"]["state"]) == ("terminated", "30 days", "running")
    await check(contracts)


@pytest.mark.rule("USE-2")
async def test_one_number_has_one_owner_also_when_two_ask_at_once(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Eight modules race for one number: one gets it, the others are refused and told why."""
    await acme_with_a_module(manager)
    for number in range(8):
        await post(manager, "/accounts/acme/modules", {"module_id": f"r{number}", "tariff_id": "calls"})

    async def grab(number: int) -> httpx.Response:
        body = {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00Z"}
        return await manager.post(f"/accounts/acme/modules/r{number}/subjects", json=body, headers=key())

    answers = await asyncio.gather(*(grab(number) for number in range(8)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"SubjectTaken"}
    owner = next(row["module_id"] for row in await contracts.rows("select module_id from subject_owner"))
    released = await manager.delete(f"/accounts/acme/modules/{owner}/subjects/%2B31201234567", headers=key())
    assert released.status_code == 200, released.text
    await contracts.advance_to(datetime(2026, 6, 1, 10, tzinfo=UTC))
    late = await manager.post(
        "/accounts/acme/modules/t1/subjects", json={"subject": "020 123 4567", "from_at": "2026-06-01T08:59:59Z"}, headers=key()
    )
    assert (late.status_code, late.json()["field"]) == (409, "subject")
    await post(manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567"})
    await check(contracts)


@pytest.mark.rule("CAT-6", "SEC-1", "SEC-2")
async def test_customers_see_and_order_their_own_and_public_things_only(
    contracts: ServiceUnderTest, manager: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    """Refused by the service; nothing changes."""
    await acme_with_a_module(manager)
    await post(manager, "/tariffs", {**TELEPHONY, "tariff_id": "secret", "is_public": False, "orders_from": "2026-01-01"})
    assert [t["tariff_id"] for t in (await customer.get("/tariffs")).json()["items"]] == ["calls"]
    assert [t["tariff_id"] for t in (await manager.get("/tariffs")).json()["items"]] == ["calls", "secret"]
    assert (await customer.get("/tariffs/secret")).status_code == 404
    await post(customer, "/accounts/acme/modules", {"module_id": "s1", "tariff_id": "secret"}, status=403)
    await post(customer, "/accounts/other/modules", {"module_id": "s1", "tariff_id": "calls"}, status=403)
    assert (await customer.get("/accounts/other")).status_code == 403
    for path, body in (
        ("/policy", {}),
        ("/accounts/acme/contract-start", {"starts_on": None, "reason": "x"}),
    ):
        assert (await customer.put(path, json=body, headers=key())).status_code == 403
    for path, body in (
        ("/tariffs", TELEPHONY),
        ("/accounts", ACME),
        ("/accounts/acme/debit-exemption", {"reason": "x"}),
        ("/accounts/acme/modules/t1/activation", {"active_from": "2026-06-01"}),
        ("/accounts/acme/modules/t1/subjects", {"subject": "1"}),
        ("/accounts/acme/modules/t1/options", {"article_id": "machine"}),
        ("/accounts/acme/modules/t1/scaling", {"quantity": 9, "at_once": True}),
    ):
        await post(customer, path, body, status=403)
    patched = await customer.patch("/accounts/acme", json={"facts": {"is_test": True}}, headers=key())
    assert (patched.status_code, patched.json()["field"]) == (403, "facts.is_test")
    auditor = contracts.client("auditor")
    assert (await auditor.get("/accounts/acme")).status_code == 200
    assert (await auditor.put("/policy", json={}, headers=key())).status_code == 403
    async with contracts.client("manager", provider="other") as stranger:
        assert (await stranger.get("/accounts/acme")).status_code == 404
        assert (await stranger.get("/tariffs")).json()["items"] == []
        await post(stranger, "/accounts/acme/modules/t1/cancellation", status=404)
    assert contracts.app is not None and check_every_route_asks_who_calls(contracts.app) == []


@pytest.mark.rule("SEC-1")
async def test_a_module_of_another_account_is_not_reached_through_ones_own(
    contracts: ServiceUnderTest, manager: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    """The path names the account; the module must be its own. Its id is taken all the same."""
    await acme_with_a_module(manager)
    await post(manager, "/accounts", {"account_id": "other", "contract_partner": {"name": "Other B.V."}})
    await post(manager, "/accounts/other/debit-exemption", {"reason": "x"}, status=200)
    await post(manager, "/accounts/other/modules", {"module_id": "o1", "tariff_id": "calls"})
    await post(customer, "/accounts/acme/modules/o1/cancellation", status=404)
    taken = await post(customer, "/accounts/acme/modules", {"module_id": "o1", "tariff_id": "calls"}, status=409)
    assert taken["field"] == "module_id"


@pytest.mark.rule("API-1")
async def test_a_repeated_order_is_one_order_and_a_stale_change_is_refused(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Same key, same answer; another version than the one named is told."""
    await acme_with_a_module(manager)
    same, body = key(), {"module_id": "t2", "tariff_id": "calls"}
    first, second = [await manager.post("/accounts/acme/modules", json=body, headers=same) for _ in range(2)]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    seen = first.headers["ETag"]
    scaled = await manager.post("/accounts/acme/modules/t2/scaling", json={"quantity": 3}, headers=key() | {"If-Match": seen})
    assert scaled.status_code == 200
    stale = await manager.post("/accounts/acme/modules/t2/scaling", json={"quantity": 4}, headers=key() | {"If-Match": seen})
    assert (stale.status_code, stale.json()["current"]) == (412, 2)
    await contracts.settle()
    assert len(await contracts.published(ModuleOrdered)) == 2
    assert [(e.quantity, e.from_on) for e in await contracts.published(ModuleScaled)] == [(3, date(2026, 7, 1))]  # type: ignore[attr-defined]
    await check(contracts)


@pytest.mark.rule("CAT-5", "CAT-9", "CAT-7")
async def test_tariffs_and_decks_are_versions_and_bad_ones_name_the_field(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """A deck is loaded from CSV and stored as a blob; a tariff that names it is then accepted; a running module stays on its version."""
    with_deck = {**TELEPHONY, "deck_id": "nl", "orders_from": "2026-01-01"}
    refused = await post(manager, "/tariffs", with_deck, status=422)
    assert refused["field"] == "deck_id"
    csv = {**key(), "Content-Type": "text/csv"}
    bad = await manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK + "x,Bad,1,1,1,1\n", headers=csv)
    assert (bad.status_code, bad.json()["code"], bad.json()["field"]) == (422, "BadDeck", "row 3")
    csv = {**key(), "Content-Type": "text/csv"}
    good = await manager.post("/rate-decks/nl?valid_from=2026-01-01", content=DECK, headers=csv)
    assert (good.status_code, good.json()["version"], good.json()["rows"]) == (201, 1, 1)
    await acme_with_a_module(manager, tariff=with_deck)
    await post(manager, "/tariffs", {**with_deck, "title": "Dearer"})
    versions = (await manager.get("/tariffs/calls")).json()["versions"]
    assert [(v["version"], v["tariff"]["title"]) for v in versions] == [(2, "Dearer"), (1, "Call handling")]
    assert (await manager.get("/accounts/acme/contract")).json()["modules"][0]["tariff"]["version"] == 1
    migrated = await post(manager, "/accounts/acme/modules/t1/tariff", {"tariff_id": "calls"}, status=200)
    assert migrated["pending"] == [{"from_on": "2026-08-01", "tariff_id": "calls", "tariff_version": 2}]
    await contracts.settle()
    (deck,) = await contracts.published(RateDeckPublished)
    assert isinstance(deck, RateDeckPublished)
    assert (await contracts.service.plant.blobs.get("belco", deck.blob)).decode() == DECK  # type: ignore[arg-type]
    assert len(await contracts.published(TariffPublished)) == 2
    negative = {**TELEPHONY, "articles": [{"article_id": "a", "title": "A", "net_price": "-1"}]}
    assert (await post(manager, "/tariffs", negative, status=422))["field"] == "articles.0.net_price"
    unknown = {**TELEPHONY, "articles": [{"article_id": "a", "title": "A", "colour": "red"}]}
    assert (await post(manager, "/tariffs", unknown, status=422))["field"] == "articles.0.colour"
    await check(contracts)


@pytest.mark.rule("CAT-25")
async def test_a_line_is_delivered_and_an_option_comes_and_goes(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Its term runs from the delivery; the contract page shows what notice today would give."""
    await acme_with_a_module(manager, tariff={**TELEPHONY, "tariff_id": "xdsl", "module": "line", "notice": "term:12"})
    page = (await manager.get("/accounts/acme/contract")).json()
    assert (page["modules"][0]["state"], page["modules"][0]["notice_today"]) == ("awaiting_delivery", None)
    delivered = await post(manager, "/accounts/acme/modules/t1/activation", {"active_from": "2026-06-10"}, status=200)
    assert (delivered["state"], delivered["starts_on"]) == ("running", "2026-06-10")
    await post(manager, "/accounts/acme/modules/t1/options", {"article_id": "machine", "quantity": 2})
    removed = await manager.delete("/accounts/acme/modules/t1/options/machine", headers=key())
    assert removed.status_code == 200, removed.text
    (module,) = (await manager.get("/accounts/acme/contract")).json()["modules"]
    assert module["notice_today"]["ends_on"] == "2027-06-30" and module["notice_today"]["steps"]
    assert module["options"] == [{"article_id": "machine", "quantity": 2, "from_on": "2026-06-01", "ends_on": "2026-06-01"}]
    await contracts.settle()
    assert len(await contracts.published(ModuleActivated)) == 1
    await check(contracts)


@pytest.mark.rule("CON-8", "PAY-1")
async def test_accounts_are_read_changed_and_kept_apart(
    contracts: ServiceUnderTest, manager: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    """PATCH changes what is sent; customer numbers and mandate references are used once per provider."""
    await acme_with_a_module(manager)
    patched = await customer.patch("/accounts/acme", json={"facts": {"purchase_order": "PO 7"}}, headers=key())
    assert patched.status_code == 200, patched.text
    await customer.patch("/accounts/acme", json={"invoice_address": {"name": "Acme Invoices"}}, headers=key())
    shown = (await customer.get("/accounts/acme")).json()
    assert shown["facts"]["purchase_order"] == "PO 7" and shown["invoice_address"]["name"] == "Acme Invoices"
    assert shown["mandates"][0]["reference"] == "ACME-1" and "iban" not in shown["mandates"][0]
    await manager.patch("/accounts/acme", json={"facts": {"customer_number": "7"}, "invoice_address": None}, headers=key())
    shown = (await customer.get("/accounts/acme")).json()
    assert (shown["facts"]["customer_number"], shown["facts"]["purchase_order"], shown["invoice_address"]) == ("7", "PO 7", None)
    other = {"account_id": "other", "contract_partner": {"name": "Other B.V."}}
    taken = await post(manager, "/accounts", {**other, "facts": {"customer_number": "7"}}, status=409)
    assert taken["field"] == "facts.customer_number"
    await post(manager, "/accounts", other)
    assert (await post(manager, "/accounts/other/mandates", MANDATE, status=409))["field"] == "reference"
    replaced = await manager.put(
        "/accounts/other", json={"contract_partner": {"name": "Another B.V."}, "facts": {"language": "en"}}, headers=key()
    )
    assert replaced.status_code == 200, replaced.text
    assert (await manager.delete("/accounts/acme/mandates/m1", headers=key())).status_code == 200
    await post(manager, "/accounts/acme/modules", {"module_id": "t9", "tariff_id": "calls"}, status=409)
    corrected = await manager.put("/accounts/acme/contract-start", json={"starts_on": "2019-02-03", "reason": "paper"}, headers=key())
    assert corrected.status_code == 200
    assert (await manager.get("/accounts/acme/contract")).json()["contract_since"] == "2019-02-03"
    first = (await manager.get("/accounts?limit=1")).json()
    second = (await manager.get(f"/accounts?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["account"], second["items"][0]["account"], second["next"]] == ["acme", "other", None]
    await check(contracts)


@pytest.mark.rule("CAT-27")
async def test_policy_is_replaced_and_counts_for_what_comes_after(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Consumers are refused until the policy serves them."""
    jan = {"account_id": "jan", "contract_partner": {"name": "Jan"}, "facts": {"debtor_kind": "consumer"}}
    await post(manager, "/accounts", jan, status=403)
    assert (await manager.get("/policy")).json()["version"] == 0
    put = await manager.put("/policy", json={"serves_companies_only": False}, headers=key())
    assert (put.status_code, put.json()["version"]) == (200, 1)
    assert (await manager.get("/policy")).json()["policy"]["never_suspended"] == ["domain"]
    await post(manager, "/accounts", jan)


BAD: list[tuple[str, Any, str]] = [
    ("/accounts", {**ACME, "account_id": "Ac me"}, "account_id"),
    ("/accounts", {**ACME, "contract_partner": {"name": "a\0b"}}, "contract_partner.name"),
    ("/accounts", {**ACME, "contract_partner": {"name": "x" * 201}}, "contract_partner.name"),
    ("/accounts", {**ACME, "contract_partner": {"name": "\ud800"}}, "contract_partner.name"),
    ("/accounts", {**ACME, "colour": "red"}, "colour"),
    ("/accounts", {**ACME, "facts": {"subscription_term_days": 10**30}}, "facts.subscription_term_days"),
    ("/accounts", {**ACME, "facts": {"language": None}}, "facts.language"),
    ("/tariffs", {**TELEPHONY, "notice": "weekly"}, "notice"),
    ("/tariffs", {**TELEPHONY, "notice": {"name": "x", "notice_months": 1.5}}, "notice.notice_months"),
    ("/tariffs", {**TELEPHONY, "vat_rate": "NaN"}, "vat_rate"),
    ("/tariffs", {**TELEPHONY, "vat_rate": 21.5}, "vat_rate"),
    ("/tariffs", {**TELEPHONY, "connect_fee": "1e999"}, "connect_fee"),
    ("/tariffs", {**TELEPHONY, "orders_from": "2026-02-30"}, "orders_from"),
    ("/tariffs", {**TELEPHONY, "orders_from": "9999-12-31"}, "orders_from"),
    ("/tariffs", {**TELEPHONY, "articles": []}, "articles"),
    ("/accounts/acme/modules", {"module_id": "x/y", "tariff_id": "calls"}, "module_id"),
    ("/accounts/acme/modules", {"module_id": "x", "tariff_id": "none"}, "tariff_id"),
    ("/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "quantity": True}, "quantity"),
    ("/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "quantity": 0}, "quantity"),
    ("/accounts/acme/modules", {"module_id": "x", "tariff_id": "calls", "options": ["base"]}, "options.0"),
    ("/accounts/acme/modules/t1/subjects", {"subject": "+"}, "subject"),
    ("/accounts/acme/modules/t1/subjects", {"subject": "1", "from_at": "2026-01-01T00:00:00"}, "from_at"),
    ("/accounts/acme/modules/t1/cancellation", {"ends_on": 20260101}, "ends_on"),
    ("/accounts/acme/mandates", {**MANDATE, "iban": "NL00ABNA0417164300", "mandate_id": "m2", "reference": "R2"}, "iban"),
]


@pytest.mark.rule("SEC-4")
async def test_bad_input_is_a_problem_with_the_field_named(contracts: ServiceUnderTest, manager: httpx.AsyncClient) -> None:
    """Never a 500, and nothing changes."""
    await acme_with_a_module(manager)
    before = await contracts.rows("select count(*) as events from event")
    for path, body, field in BAD:
        # As escapes, for a lone surrogate is JSON and no UTF-8.
        content = json.dumps(body).encode("ascii")
        answer = await manager.post(path, content=content, headers=key() | {"Content-Type": "application/json"})
        assert answer.status_code == 422, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["field"] == field, (path, body, answer.text)
    assert await contracts.rows("select count(*) as events from event") == before
