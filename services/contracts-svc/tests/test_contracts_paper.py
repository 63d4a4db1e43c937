"""What is on paper, over HTTP: legal documents, signed mandates, consents, ported numbers; and orders of who is suspended."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.contracts.laws import LAWS
from termijn.events.contracts import MandateAmended, MandateRevoked, ModuleCancelled, ModuleSuspended, SubjectReleased
from termijn.events.dunning import ResumptionRequested, SuspensionRequested
from termijn.events.invoice import DirectDebitSubmitted
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId, MandateId

pytestmark = pytest.mark.slow

FORM = b"%PDF-1.7 signed"


async def put(desk: Any, path: str, content: bytes, media_type: str = "application/pdf") -> Any:
    headers = {**desk.key(), "Content-Type": media_type}
    return await desk.manager.put(path, content=content, headers=headers)


@pytest.mark.rule("CON-8")
async def test_legal_documents_are_published_viewed_and_accepted(desk: Any) -> None:
    """By version, for good; what was accepted is what can be read."""
    await desk.acme_with_a_module()
    first = await put(desk, "/legal-documents/terms/2026-01?valid_from=2026-01-01", b"%PDF-1.7 terms")
    assert (first.status_code, first.json()["size_bytes"]) == (201, 14)
    assert (await put(desk, "/legal-documents/terms/2026-01?valid_from=2026-01-01", b"other")).status_code == 409
    assert (await put(desk, "/legal-documents/rules/1", b"x")).json()["field"] == "kind"
    assert (await put(desk, "/legal-documents/terms/2", b"<html>", "text/html")).status_code == 415
    listed = (await desk.customer.get("/legal-documents?kind=terms")).json()["items"]
    assert [(one["kind"], one["version"]) for one in listed] == [("terms", "2026-01")]
    shown = await desk.customer.get("/legal-documents/terms/2026-01")
    assert (shown.content, shown.headers["content-type"]) == (b"%PDF-1.7 terms", "application/pdf")
    assert (await desk.customer.get("/legal-documents/terms/2027")).status_code == 404

    async def accept(version: str) -> Any:
        body = {"facts": {"terms": {"version": version, "accepted_on": "2026-06-01"}}}
        return await desk.customer.patch("/accounts/acme", json=body, headers=desk.key())

    assert (await accept("2026-01")).status_code == 200
    assert (await accept("2027-01")).json()["field"] == "facts.terms.version"
    await desk.check()


@pytest.mark.rule("PAY-1", "SEC-1")
async def test_a_mandate_is_amended_filed_used_and_expires(desk: Any) -> None:
    """Used in May 2029, so it lives until May 2032; its form can be read all the time by its own account."""
    await desk.acme_with_a_module()
    amended = await desk.post(desk.customer, "/accounts/acme/mandates/m1/amendment", {"reference": "ACME-2"}, status=200)
    assert amended["mandate_id"] == "m1"
    assert (await put(desk, "/accounts/acme/mandates/m1/form", FORM)).status_code == 200
    assert (await desk.customer.get("/accounts/acme/mandates/m1/form")).content == FORM
    assert (await desk.customer.get("/accounts/other/mandates/m1/form")).status_code == 403
    (mandate,) = (await desk.customer.get("/accounts/acme")).json()["mandates"]
    assert (mandate["reference"], mandate["has_form"]) == ("ACME-2", True)
    await desk.contracts.settle()
    (told,) = await desk.contracts.published(MandateAmended)
    assert isinstance(told, MandateAmended) and (told.old_reference, told.iban) == ("ACME-1", "NL91ABNA0417164300")
    debit = DirectDebitSubmitted(
        invoice_id=InvoiceId("i1"),
        mandate_id=MandateId("m1"),
        amount=Decimal(10),
        collect_on=date(2029, 4, 9),
        end_to_end_id="i1",
    )
    await desk.contracts.hear("invoice", debit, account="acme")
    await desk.contracts.advance_to(at(date(2029, 5, 2), "00:00"))
    assert await desk.contracts.published(MandateRevoked) == []
    await desk.contracts.advance_to(at(date(2032, 4, 9), "00:00"))
    (revoked,) = await desk.contracts.published(MandateRevoked)
    assert isinstance(revoked, MandateRevoked) and revoked.is_expired
    (mandate,) = (await desk.customer.get("/accounts/acme")).json()["mandates"]
    assert mandate["state"] == "expired"
    await desk.check()


@pytest.mark.rule("CAT-26")
async def test_a_long_line_is_ordered_once_the_account_agreed(desk: Any) -> None:
    """Refused before, with the field named; the consent is on file."""
    await desk.acme_with_a_module()
    await desk.post(
        desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "fibre", "module": "fibre", "notice": "term:36", "is_telecom": True}
    )
    order = {"module_id": "f1", "tariff_id": "fibre"}
    refused = await desk.post(desk.customer, "/accounts/acme/modules", order, status=409)
    assert (refused["code"], refused["field"]) == ("NoLongTermConsent", "tariff_id")
    body = {"months_max": 36, "document": "long-term", "version": "2"}
    await desk.post(desk.customer, "/accounts/acme/long-term-consents", body)
    await desk.post(desk.customer, "/accounts/acme/modules", order)
    (consent,) = (await desk.manager.get("/accounts/acme/long-term-consents")).json()["items"]
    assert (consent["months_max"], consent["given_on"], consent["document_version"]) == (36, "2026-06-01", "2")
    await desk.check()
    await desk.contracts.rows("update account set long_term_months = 30 returning 1")
    (broken,) = await desk.contracts.broken(LAWS)
    assert (broken["subject"], broken["detail"]) == ("f1", "first term of 36 months, agreed to 30")


@pytest.mark.rule("CON-6")
async def test_a_ported_number_gives_notice_and_is_confirmed(desk: Any) -> None:
    """Who, when, through which channel; the number is free, the module ends by its rule."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567", "from_at": "2026-06-01T00:00:00Z"})
    path = "/accounts/acme/modules/t1/subjects/%2B31201234567/port-out"
    await desk.post(desk.customer, path, status=403)
    told = await desk.post(desk.manager, path, status=200)
    assert (told["state"], told["ends_on"]) == ("cancelled", "2026-07-31")
    assert told["explanation"].startswith("a number was ported out on 1 June 2026")
    await desk.contracts.settle()
    (released,) = await desk.contracts.published(SubjectReleased)
    assert isinstance(released, SubjectReleased) and released.is_ported_out
    assert len(await desk.contracts.published(ModuleCancelled)) == 1
    rows = await desk.contracts.rows("select kind, state from confirmation where module_id = 't1' order by confirmation_id")
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("ModuleOrdered", "sent"),
        ("SubjectAssigned", "sent"),
        ("NumberPortedOut", "sent"),
        ("ModuleCancelled", "sent"),
    ]
    await desk.check()


@pytest.mark.rule("CON-10", "DUN-9")
async def test_what_a_suspended_account_orders_never_runs_unsuspended(desk: Any) -> None:
    """A customer is refused; what a manager orders or delivers starts suspended, and resumes with the rest."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "xdsl", "module": "line", "notice": "term:12"})
    await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "l1", "tariff_id": "xdsl"})
    await desk.contracts.hear("dunning", SuspensionRequested(reason="late payment", requested_at=desk.now), account="acme")
    refused = await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"}, status=409)
    assert refused["code"] == "SuspendedForDefault"
    for client, code in ((desk.customer, "SuspendedForDefault"), (desk.manager, None)):
        assert (await client.get("/accounts/acme/contract")).json()["ordering"]["code"] == code
    ordered = await desk.post(desk.manager, "/accounts/acme/modules", {"module_id": "t2", "tariff_id": "calls"})
    assert ordered["is_suspended"]
    delivered = await desk.post(desk.manager, "/accounts/acme/modules/l1/activation", {"active_from": "2026-06-01"}, status=200)
    assert delivered["is_suspended"]
    await desk.contracts.settle()
    assert [e.module_id for e in await desk.contracts.published(ModuleSuspended)] == ["t1", "t2", "l1"]
    suspended = (await desk.manager.get("/accounts?is_suspended=true")).json()["items"]
    assert [one["account"] for one in suspended] == ["acme"]
    await desk.contracts.hear("dunning", ResumptionRequested(reason="paid", requested_at=desk.now), account="acme")
    modules = (await desk.customer.get("/accounts/acme/contract")).json()["modules"]
    assert [module["suspension"] for module in modules] == [None, None, None]
    await desk.post(desk.customer, "/accounts/acme/modules", {"module_id": "t3", "tariff_id": "calls"})
    await desk.check()


@pytest.mark.rule("CON-8")
async def test_of_two_accounts_that_ask_for_one_customer_number_at_once_one_gets_it(desk: Any) -> None:
    """The other is told which field is taken; the constraint holds what a look-up cannot."""
    for number in range(6):
        await desk.post(desk.manager, "/accounts", {"account_id": f"a{number}", "contract_partner": {"name": "A"}})

    async def ask(number: int) -> Any:
        body = {"facts": {"customer_number": "K-1"}}
        return await desk.manager.patch(f"/accounts/a{number}", json=body, headers={"Idempotency-Key": f"race-{number}"})

    answers = await asyncio.gather(*(ask(number) for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert {answer.json()["field"] for answer in answers if answer.status_code == 409} == {"facts.customer_number"}
    rows = await desk.contracts.rows("select account from account where customer_number = 'K-1'")
    assert len(rows) == 1
    await desk.check()
