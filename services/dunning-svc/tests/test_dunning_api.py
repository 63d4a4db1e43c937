"""HTTP: who may see and do what, and how bad input is refused."""

from datetime import date, timedelta
from typing import Any

import pytest

from termijn.events.contracts import Party, TermsAcceptance

World = Any
PARTY = Party(name="Jansen Techniek B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email="factuur@jansen.example")
TERMS = TermsAcceptance(version="2026-1", accepted_on=date(2025, 12, 1))
ISSUED = date(2026, 1, 1)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@pytest.mark.rule("DUN-14", "SEC-3")
async def test_holds_and_the_history_of_a_case(world: World) -> None:
    """A manager holds, sees what the case waits for, lifts, and reads the whole history."""
    await world.open()
    await world.miss()
    await world.to(day(32))
    async with world.service.client() as client:
        body = {"account": "jansen", "reason": "called", "until": day(60).isoformat()}
        held = await client.post("/holds", json=body, headers={"Idempotency-Key": "1"})
        again = await client.post("/holds", json=body, headers={"Idempotency-Key": "1"})
        assert (held.status_code, held.json()) == (201, again.json())
        assert (await client.get("/cases/case-i-2026-0001")).json()["rests"] == ["hold"]
        await world.to(day(37))
        lifted = await client.delete(f"/holds/{held.json()['hold_id']}", headers={"Idempotency-Key": "2"})
        assert lifted.status_code == 200
        assert (await client.delete("/holds/hold-jansen-1", headers={"Idempotency-Key": "3"})).status_code == 404
        await world.to(day(40))
        case = (await client.get("/cases/case-i-2026-0001")).json()
        assert [hold["reason"] for hold in (await client.get("/holds")).json()["items"]] == ["called"]
    assert await world.steps() == [("reminder", day(38))]
    assert case["next_step"] == "second_reminder"
    kinds = [line["kind"] for line in case["history"]]
    assert kinds[:5] == ["opened", "planned", "waits", "goes_on", "planned"]
    assert {line["actor"] for line in case["history"]} >= {"manager:manager", "timer"} or len(kinds) > 5


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"until": "2025-01-01"}, "until"),
        ({"until": "2031-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"reason": ""}, "reason"),
        ({"reason": "\x00"}, "reason"),
        ({"account": "Jansen BV"}, "account"),
        ({"account": "nobody"}, "account"),
        ({"invoice_id": "nothing"}, "invoice_id"),
        ({"more": 1}, "more"),
    ],
)
async def test_bad_holds_are_refused_by_field(world: World, changes: dict[str, Any], named: str) -> None:
    """Problem details with the field named, and nothing changed."""
    await world.open()
    body = {"account": "jansen", "reason": "why", "until": "2026-01-20"} | changes
    async with world.service.client() as client:
        refused = await client.post("/holds", json=body, headers={"Idempotency-Key": "1"})
    assert refused.status_code in (404, 422)
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert named in refused.text
    assert list(await world.service.rows("select * from dunning_hold")) == []


@pytest.mark.rule("SEC-1", "SEC-2")
async def test_who_may_see_and_do_what(world: World) -> None:
    """Customers read their own cases and letters, without the history; the rest is for the provider's people."""
    await world.open()
    await world.miss()
    await world.to(day(33))
    async with world.service.client("customer", account="jansen") as own:
        assert [case["number"] for case in (await own.get("/cases")).json()["items"]] == ["2026-0001"]
        assert "history" not in (await own.get("/cases/case-i-2026-0001")).json()
        (letter,) = (await own.get("/letters")).json()["items"]
        assert letter["items"][0]["last_payment_on"] == day(39).isoformat()
        assert (await own.get(f"/letters/{letter['letter_id']}/text")).text == world.post.mails[0][3]
        hold = {"account": "jansen", "reason": "x", "until": day(40).isoformat()}
        assert (await own.post("/holds", json=hold, headers={"Idempotency-Key": "1"})).status_code == 403
        for path in ("/tasks", "/handovers", "/board", "/policy", "/holds"):
            assert (await own.get(path)).status_code == 403
        assert (await own.get("/cases", params={"account": "other"})).status_code == 403
    async with world.service.client("customer", account="other") as other:
        assert (await other.get("/cases")).json()["items"] == []
        assert (await other.get("/cases/case-i-2026-0001")).status_code == 404
        assert (await other.get("/letters/letter-jansen-2026-02-03/text")).status_code == 404
    async with world.service.client("auditor") as auditor:
        board = (await auditor.get("/board")).json()["columns"]
        assert board == [{"step": "second_reminder", "cases": 1, "open_amount": "121.00", "resting": 0}]
        assert (await auditor.put("/policy", json={}, headers={"Idempotency-Key": "1"})).status_code == 403
        assert (await auditor.get("/letters", params={"cursor": "WyJ4IiwgInkiXQ"})).status_code == 422


@pytest.mark.rule("DUN-1", "SEC-4")
async def test_the_ladder_is_data(world: World) -> None:
    """Another ladder counts from now on; one that cannot be followed is refused."""
    await world.open()
    async with world.service.client() as client:
        rung = {"step": "reminder", "counts_from": "due", "days": 5}
        bailiff = {"step": "bailiff", "counts_from": "invoice", "days": 60}
        head = {"name": "Belco B.V.", "iban": "NL91ABNA0417164300"}
        good = await client.put("/policy", json={"ladder": [rung, bailiff], "letterhead": head}, headers={"Idempotency-Key": "1"})
        assert (good.status_code, good.json()["version"], good.headers["etag"]) == (200, 1, '"1"')
        bad = await client.put("/policy", json={"ladder": [bailiff, rung]}, headers={"Idempotency-Key": "2"})
        assert (bad.status_code, "ladder" in bad.text) == (422, True)
        unseen = await client.put("/policy", json={}, headers={"Idempotency-Key": "3", "If-Match": '"0"'})
        assert unseen.status_code == 412
        assert (await client.put("/policy", json={"handover_min": 25.5}, headers={"Idempotency-Key": "4"})).status_code == 422
        assert (await client.get("/policy")).json()["policy"]["letterhead"]["name"] == "Belco B.V."
    await world.miss()
    await world.to(day(61))
    assert await world.steps() == [("reminder", day(35)), ("bailiff", day(60))]
    assert "NL91ABNA0417164300 ten name van Belco B.V." in " ".join(world.post.mails[0][3].split())


@pytest.mark.rule("DUN-9")
async def test_termination_is_a_managers(world: World) -> None:
    """Refused over modules that are not suspended."""
    await world.open()
    async with world.service.client() as client:
        call = await client.post("/accounts/jansen/termination", json={"reason": "why"}, headers={"Idempotency-Key": "1"})
    assert call.status_code == 409
