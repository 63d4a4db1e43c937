"""Histories and reads as of a day, over HTTP on a real database: who, when, why, old and new; and nothing of anybody else's."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from termijn.kernel.calendar import at

pytestmark = pytest.mark.slow


async def items(client: Any, path: str, limit: int = 200) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.rule("SEC-3", "CON-6")
async def test_every_change_of_a_module_tells_who_did_it_and_why_it_was_allowed(desk: Any) -> None:
    """By the customer and by a manager, through which channel, with what changed from old to new."""
    await desk.acme_with_a_module()
    await desk.post(desk.customer, "/accounts/acme/modules/t1/scaling", {"quantity": 5, "channel": "portal"}, status=200)
    await desk.post(desk.manager, "/accounts/acme/modules/t1/cancellation", {"ends_on": "2026-06-10", "channel": "phone"}, status=200)
    history = await items(desk.customer, "/accounts/acme/modules/t1/history", limit=1)
    assert [entry["kind"] for entry in history] == ["ModuleOrdered", "ModuleScaled", "ModuleCancelled"]
    _, scaled, cancelled = history
    assert (scaled["actor"], scaled["role"], scaled["channel"]) == ("customer:customer", "customer", "portal")
    assert scaled["why"] == "role customer may POST /accounts/{account}/modules/{module_id}/scaling"
    assert scaled["said"] == "Quantity 5 from 2026-07-01"
    assert scaled["changes"] == [{"field": "quantity from 2026-07-01", "old": None, "new": 5}]
    assert "first of the next month" in scaled["reason"]
    assert (cancelled["role"], cancelled["channel"]) == ("manager", "phone")
    assert cancelled["changes"] == [{"field": "ends_on", "old": None, "new": "2026-06-10"}]
    assert cancelled["occurred_at"] == "2026-06-01T09:00:00Z"
    async with desk.contracts.client("auditor") as auditor:
        assert await items(auditor, "/accounts/acme/modules/t1/history") == history
    assert (await desk.customer.get("/accounts/other/modules/t1/history")).status_code == 403
    assert (await desk.manager.get("/accounts/other/modules/t1/history")).status_code == 404


@pytest.mark.rule("SEC-3")
async def test_the_history_of_an_account_says_old_and_new_of_each_field(desk: Any) -> None:
    """Also of parties and recipients; a tariff has one, too, for managers."""
    await desk.acme_with_a_module()
    change = {"facts": {"language": "en"}, "recipients": [{"email": "books@acme.example", "delivery": "link"}]}
    assert (await desk.customer.patch("/accounts/acme", json=change, headers=desk.key())).status_code == 200
    history = await items(desk.manager, "/accounts/acme/history")
    assert [entry["kind"] for entry in history] == ["AccountOpened", "MandateGiven", "OrderAdmitted", "AccountChanged", "DetailsChanged"]
    changed = {one["field"]: (one["old"], one["new"]) for one in history[-2]["changes"]}
    assert changed["facts.language"] == ("nl", "en")
    assert changed["recipients.books@acme.example"][1]["delivery"] == "link"
    assert history[-2]["said"] == "The account was changed: facts.language, recipients.books@acme.example"
    assert [entry["version"] for entry in history] == [1, 2, 3, 4, 5]
    (published,) = await items(desk.manager, "/tariffs/calls/history")
    assert published["said"] == "Version 1 was published, for orders from 2026-01-01"
    assert (await desk.customer.get("/tariffs/calls/history")).status_code == 403
    assert (await desk.manager.get("/tariffs/none/history")).status_code == 404
    for cursor in ("WyJhIl0", "WyI5OTk5OTk5OTk5OTkiXQ", "x"):  # "a", a number that no version has, nothing at all
        for path in ("history", "long-term-consents"):
            refused = await desk.manager.get(f"/accounts/acme/{path}?cursor={cursor}")
            assert (refused.status_code, refused.json()["field"]) == (422, "cursor")
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "title": "Calls, dearer", "orders_from": "2026-08-01"})
    for day, title in (("2026-07-31", "Call handling"), ("2026-08-01", "Calls, dearer")):
        (version,) = (await desk.customer.get(f"/tariffs/calls?as_of={day}")).json()["versions"]
        assert version["tariff"]["title"] == title
    assert (await desk.customer.get("/tariffs/calls?as_of=2025-12-31")).status_code == 404


@pytest.mark.rule("SEC-3", "CON-4")
async def test_a_past_day_is_read_as_it_was(desk: Any) -> None:
    """Dated changes count by their day, also when entered later; what was said stands as it stood when the day ended."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00Z"})
    await desk.contracts.advance_to(datetime(2026, 7, 10, 9, tzinfo=UTC))
    await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    await desk.post(desk.manager, "/accounts/acme/modules/t1/scaling", {"quantity": 7, "from_on": "2026-06-15"}, status=200)
    assert (await desk.customer.patch("/accounts/acme", json={"facts": {"language": "en"}}, headers=desk.key())).status_code == 200
    await desk.contracts.advance_to(at(date(2026, 9, 2), "09:00"))

    async def module(day: str) -> dict[str, Any]:
        answer = await desk.customer.get(f"/accounts/acme/modules/t1?as_of={day}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert (await module("2026-06-10"))["quantity"] == 2
    june = await module("2026-06-20")
    assert (june["quantity"], june["state"], june["ends_on"]) == (7, "running", None)
    assert june["subjects"] == ["+31201234567"]
    july = await module("2026-07-10")
    assert (july["state"], july["ends_on"]) == ("cancelled", "2026-08-31")
    over = await module("2026-09-01")
    assert (over["state"], over["ends_on"], over["subjects"]) == ("ended", "2026-08-31", [])
    assert (await desk.customer.get("/accounts/acme/modules/t1?as_of=2026-05-31")).status_code == 404
    then, now = [(await desk.customer.get(f"/accounts/acme{day}")).json() for day in ("?as_of=2026-06-30", "")]
    assert (then["facts"]["language"], now["facts"]["language"]) == ("nl", "en")
    assert (await desk.customer.get("/accounts/acme?as_of=2026-05-31")).status_code == 404
    contract = (await desk.customer.get("/accounts/acme/contract?as_of=2026-06-20")).json()
    assert (contract["contract_since"], [one["quantity"] for one in contract["modules"]]) == ("2026-06-01", [7])
    assert (await desk.customer.get("/accounts/acme/contract?as_of=2026-09-02")).json()["contract_since"] is None


@pytest.mark.rule("CON-13", "CON-4", "SEC-2")
async def test_a_portal_asks_what_notice_gives_and_what_may_be_changed(desk: Any) -> None:
    """The same answers as the change itself would give."""
    await desk.acme_with_a_module()
    notice = (await desk.customer.get("/accounts/acme/modules/t1/notice")).json()
    assert (notice["ends_on"], notice["possible_ends"][1]) == ("2026-07-31", "2026-08-31")
    assert (notice["rule"]["name"], notice["inputs"]["counts_from"]) == ("monthly", "2026-06-01")
    later = (await desk.customer.get("/accounts/acme/modules/t1/notice?given_on=2026-07-01")).json()
    assert later["ends_on"] == "2026-08-31"
    assert (await desk.customer.get("/accounts/acme/modules/t1/notice?given_on=2026-05-01")).json()["field"] == "given_on"
    changes = (await desk.customer.get("/accounts/acme/modules/t1/changes")).json()["changes"]
    allowed = {(one["change"], one.get("quantity")): one for one in changes}
    assert allowed["scale", 3]["from_on"] == "2026-07-01"
    assert allowed["add_option", None]["code"] == "ManagerOnly"
    told = await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", {"ends_on": notice["possible_ends"][1]}, status=200)
    assert told["ends_on"] == "2026-08-31"


@pytest.mark.rule("API-2", "SEC-1")
async def test_managers_search_accounts_and_list_their_modules(desk: Any) -> None:
    """By part of a name, number or id; each filter narrows; pages hold while rows are the same."""
    await desk.acme_with_a_module()
    for name in ("bakery", "butcher", "100_percent"):
        account = {"account_id": name.replace("_", "-"), "contract_partner": {"name": f"{name.title()} B.V."}}
        account["facts"] = {"customer_number": f"K-{name}", "account_manager": "Marieke", "is_test": name == "butcher"}
        await desk.post(desk.manager, "/accounts", account)
    found = {query: [one["account"] for one in await items(desk.manager, f"/accounts?{query}", limit=1)] for query in (
        "search=B.V.", "search=BAKE", "search=_", "customer_number=K-butcher", "account_manager=Marieke&is_test=false", "is_suspended=true",
    )}  # fmt: skip
    assert found == {
        "search=B.V.": ["100-percent", "acme", "bakery", "butcher"],
        "search=BAKE": ["bakery"],
        "search=_": ["100-percent"],
        "customer_number=K-butcher": ["butcher"],
        "account_manager=Marieke&is_test=false": ["100-percent", "bakery"],
        "is_suspended=true": [],
    }
    assert (await desk.customer.get("/accounts")).status_code == 403
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    listed = await items(desk.customer, "/accounts/acme/modules?state=running", limit=1)
    assert [(one["module_id"], one["quantity"]) for one in listed] == [("t1", 2), ("t2", 1)]
    assert await items(desk.manager, "/accounts/acme/modules?state=ended") == []
