"""contracts-svc on a real database: orders over HTTP, timers, what it hears and tells, races for one number."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from termijn.events.contracts import (
    CancellationWithdrawn,
    MandateGiven,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleSuspended,
    ModuleTerminated,
    SubjectAssigned,
    SubjectReleased,
)
from termijn.events.dunning import ResumptionRequested, SuspensionRequested, TerminationRequested
from termijn.events.erasure import ErasureConsidered
from termijn.events.invoice import MandateBlocked
from termijn.kernel.calendar import at
from termijn.kernel.ids import MandateId, ModuleId

pytestmark = pytest.mark.slow


@pytest.mark.rule("CON-1", "CON-2", "CON-6", "CAT-21")
async def test_an_order_runs_until_its_notice_ends_it(desk: Any) -> None:
    """From catalogue to end: published, ordered, numbered, cancelled by the customer on 1 June, ended after 31 July."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00+02:00"})
    told = await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", {"channel": "web"}, status=200)
    assert (told["state"], told["ends_on"]) == ("cancelled", "2026-07-31")
    assert "one full month" in told["explanation"]
    page = (await desk.customer.get("/accounts/acme/contract")).json()
    assert page["contract_since"] == "2026-06-01"
    assert page["modules"][0]["subjects"][0]["subject"] == "+31201234567"
    await desk.contracts.advance_to(at(date(2026, 7, 31), "23:59"))
    assert await desk.contracts.published(ModuleEnded) == []
    assert await desk.contracts.advance_to(at(date(2026, 8, 1), "00:00")) == 1
    assert await desk.contracts.published(ModuleEnded) == [ModuleEnded(module_id=ModuleId("t1"), ended_on=date(2026, 7, 31))]
    assert [type(event) for event in await desk.contracts.published(account="acme")][1:] == [
        MandateGiven,
        ModuleOrdered,
        SubjectAssigned,
        ModuleCancelled,
        ErasureConsidered,
        SubjectReleased,
        ModuleEnded,
    ]
    page = (await desk.customer.get("/accounts/acme/contract")).json()
    assert page["contract_since"] is None and page["modules"][0]["state"] == "ended"
    again = await desk.customer.post("/accounts/acme/modules/t1/cancellation", json={}, headers=desk.key())
    assert (again.status_code, again.json()["code"]) == (409, "ModuleIsOver")
    await desk.check()


@pytest.mark.rule("CON-6")
async def test_a_withdrawn_notice_ends_nothing_and_a_new_one_does(desk: Any) -> None:
    """Its timer is cancelled; the next notice has its own."""
    await desk.acme_with_a_module()
    await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    assert (await desk.customer.delete("/accounts/acme/modules/t1/cancellation", headers=desk.key())).status_code == 200
    await desk.contracts.advance_to(at(date(2026, 8, 2), "12:00"))
    assert await desk.contracts.published(ModuleEnded) == []
    await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    await desk.contracts.advance_to(at(date(2026, 10, 1), "00:00"))
    assert [e.ended_on for e in await desk.contracts.published(ModuleEnded)] == [date(2026, 9, 30)]
    assert len(await desk.contracts.published(CancellationWithdrawn)) == 1
    await desk.check()


@pytest.mark.rule("CON-6")
async def test_orders_and_notices_are_confirmed_by_mail(desk: Any) -> None:
    """Who, when, through which channel; without an address a manager sees that it could not be sent."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/cancellation", status=200)
    await desk.contracts.settle()
    mails = [path.read_text() for path in (desk.contracts.folder / "mail" / "belco" / "new").iterdir()]
    assert len(mails) == 3, "the mandate, the order, the notice"
    assert all("billing@acme.example" in mail for mail in mails)
    assert any("31 juli 2026" in mail.replace("=\n", "").replace("\n", " ") for mail in mails)
    await desk.post(desk.manager, "/accounts", {"account_id": "mute", "contract_partner": {"name": "Mute B.V."}})
    await desk.post(desk.manager, "/accounts/mute/debit-exemption", {"reason": "municipality"}, status=200)
    await desk.post(desk.manager, "/accounts/mute/modules", {"module_id": "t2", "tariff_id": "calls"})
    await desk.contracts.settle()
    unsent = (await desk.manager.get("/confirmations")).json()["items"]
    assert [(row["account"], row["module_id"]) for row in unsent] == [("mute", "mute"), ("mute", "t2")]
    await desk.check()


@pytest.mark.rule("CON-2")
async def test_an_order_without_a_mandate_leaves_nothing_behind(desk: Any) -> None:
    """Refused; also once the mandate was blocked by the bank."""
    await desk.acme_with_a_module()
    await desk.contracts.hear("invoice", MandateBlocked(mandate_id=MandateId("m1"), reason_code="AC04"), account="acme")
    refused = await desk.manager.post("/accounts/acme/modules", json={"module_id": "t2", "tariff_id": "calls"}, headers=desk.key())
    assert (refused.status_code, refused.json()["code"]) == (409, "NoMandate")
    assert [row["module_id"] for row in await desk.contracts.rows("select module_id from module")] == ["t1"]
    await desk.check()


@pytest.mark.rule("CON-10", "DUN-9")
async def test_late_payment_suspends_resumes_and_ends_modules_but_no_domains(desk: Any) -> None:
    """The portal shows which and why; paying resumes; a manager's decision ends what is suspended."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "nl", "module": "domain"})
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "d1", "tariff_id": "nl"})
    asked = SuspensionRequested(reason="late payment", requested_at=at(date(2026, 6, 2), "10:00"))
    await desk.contracts.hear("dunning", asked, account="acme")
    assert [e.module_id for e in await desk.contracts.published(ModuleSuspended)] == ["t1"]
    modules = {m["module_id"]: m for m in (await desk.customer.get("/accounts/acme/contract")).json()["modules"]}
    assert modules["t1"]["suspension"]["reason"] == "late payment"
    assert "emergency calls" in modules["t1"]["suspension"]["still_works"]
    assert modules["d1"]["suspension"] is None
    await desk.contracts.hear("dunning", ResumptionRequested(reason="paid", requested_at=at(date(2026, 6, 3), "10:00")), account="acme")
    assert len(await desk.contracts.published(ModuleResumed)) == 1
    await desk.contracts.hear("dunning", SuspensionRequested(reason="x", requested_at=desk.now, streams=("project",)), account="acme")
    assert len(await desk.contracts.published(ModuleSuspended)) == 1
    again = SuspensionRequested(reason="late again", requested_at=desk.now, streams=("subscription", "support"))
    await desk.contracts.hear("dunning", again, TerminationRequested(reason="30 days", requested_at=desk.now), account="acme")
    assert [e.module_id for e in await desk.contracts.published(ModuleTerminated)] == ["t1"]
    modules = {m["module_id"]: m for m in (await desk.customer.get("/accounts/acme/contract")).json()["modules"]}
    assert (modules["t1"]["state"], modules["t1"]["over_reason"], modules["d1"]["state"]) == ("terminated", "30 days", "running")
    await desk.check()


@pytest.mark.rule("USE-2")
async def test_one_number_has_one_owner_also_when_two_ask_at_once(desk: Any) -> None:
    """Eight modules race for one number: one gets it, the others are refused and told why."""
    await desk.acme_with_a_module()
    for number in range(8):
        await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": f"r{number}", "tariff_id": "calls"})

    async def grab(number: int) -> httpx.Response:
        body = {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00Z"}
        return await desk.manager.post(f"/accounts/acme/modules/r{number}/subjects", json=body, headers=desk.key())

    answers = await asyncio.gather(*(grab(number) for number in range(8)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"SubjectTaken"}
    owner = next(row["module_id"] for row in await desk.contracts.rows("select module_id from subject_owner"))
    released = await desk.manager.delete(f"/accounts/acme/modules/{owner}/subjects/%2B31201234567", headers=desk.key())
    assert released.status_code == 200, released.text
    await desk.contracts.advance_to(datetime(2026, 6, 1, 10, tzinfo=UTC))
    late = await desk.manager.post(
        "/accounts/acme/modules/t1/subjects", json={"subject": "020 123 4567", "from_at": "2026-06-01T08:59:59Z"}, headers=desk.key()
    )
    assert (late.status_code, late.json()["field"]) == (409, "subject")
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567"})
    await desk.check()


@pytest.mark.rule("CAT-25")
async def test_a_line_is_delivered_and_an_option_comes_and_goes(desk: Any) -> None:
    """Its term runs from the delivery; the contract page shows what notice today would give."""
    await desk.acme_with_a_module(tariff_id="xdsl", module="line", notice="term:12")
    page = (await desk.manager.get("/accounts/acme/contract")).json()
    assert (page["modules"][0]["state"], page["modules"][0]["notice_today"]) == ("awaiting_delivery", None)
    delivered = await desk.post(desk.manager, "/accounts/acme/modules/t1/activation", {"active_from": "2026-06-10"}, status=200)
    assert (delivered["state"], delivered["starts_on"]) == ("running", "2026-06-10")
    await desk.post(desk.manager, "/accounts/acme/modules/t1/options", {"article_id": "machine", "quantity": 2})
    await desk.post(desk.manager, "/accounts/acme/modules/t1/options", {"article_id": "machine", "quantity": 5, "from_on": "2026-07-01"})
    (module,) = (await desk.manager.get("/accounts/acme/contract")).json()["modules"]
    assert [(one["quantity"], one["from_on"], one.get("ends_on")) for one in module["options"]] == [
        (2, "2026-06-01", "2026-06-30"),
        (5, "2026-07-01", None),
    ]
    removed = await desk.manager.delete("/accounts/acme/modules/t1/options/machine", headers=desk.key())
    assert removed.status_code == 200, removed.text
    (module,) = (await desk.manager.get("/accounts/acme/contract")).json()["modules"]
    assert module["notice_today"]["ends_on"] == "2027-06-30" and module["notice_today"]["steps"]
    assert module["options"] == [{"article_id": "machine", "quantity": 2, "from_on": "2026-06-01", "ends_on": "2026-06-01"}]
    await desk.contracts.settle()
    assert len(await desk.contracts.published(ModuleActivated)) == 1
    await desk.check()


@pytest.mark.rule("CON-1")
async def test_a_new_contract_does_not_have_the_corrected_start_of_an_earlier_one(desk: Any) -> None:
    """Nor does the earlier one lose it: what the contract page told of a past day stays."""
    await desk.acme_with_a_module()
    correction = {"starts_on": "2019-02-03", "reason": "paper"}
    assert (await desk.manager.put("/accounts/acme/contract-start", json=correction, headers=desk.key())).status_code == 200
    await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    await desk.contracts.advance_to(datetime(2026, 8, 3, 9, tzinfo=UTC))
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})

    async def since(query: str = "") -> str | None:
        found: str | None = (await desk.customer.get(f"/accounts/acme/contract{query}")).json()["contract_since"]
        return found

    assert [await since(), await since("?as_of=2026-07-31"), await since("?as_of=2026-08-01")] == ["2026-08-03", "2019-02-03", None]
    assert (await desk.manager.put("/accounts/acme/contract-start", json=correction, headers=desk.key())).status_code == 200
    assert [await since(), await since("?as_of=2026-07-31")] == ["2019-02-03", "2019-02-03"]
    await desk.check()


@pytest.mark.rule("USE-2")
async def test_a_number_that_was_to_go_later_is_free_when_its_module_ends(desk: Any) -> None:
    """Until then it is the module's; the module has it again for later on, which never comes."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    numbers, number = "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567"}
    await desk.post(desk.manager, numbers, {**number, "from_at": "2026-06-01T00:00:00Z"})
    path = f"{numbers}/%2B31201234567?until_at=2026-08-31T00:00:00%2B02:00"
    assert (await desk.manager.delete(path, headers=desk.key())).status_code == 200
    await desk.post(desk.manager, numbers, {**number, "from_at": "2026-09-01T00:00:00+02:00"})
    await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200)
    other, from_august = "/accounts/acme/modules/t2/subjects", {**number, "from_at": "2026-08-01T00:00:00+02:00"}
    await desk.post(desk.manager, other, from_august, status=409)
    await desk.contracts.advance_to(datetime(2026, 8, 3, 9, tzinfo=UTC))
    await desk.post(desk.manager, other, from_august)
    rows = await desk.contracts.rows("select module_id, from_at, until_at from subject_owner where not from_at = until_at is true")
    rows = sorted(rows, key=lambda row: row["from_at"])
    august = at(date(2026, 8, 1), "00:00")
    assert [(row["module_id"], row["until_at"]) for row in rows] == [("t1", august), ("t2", None)]
    await desk.check()
