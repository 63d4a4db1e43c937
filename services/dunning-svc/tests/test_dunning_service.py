"""The whole service on a real database: what it hears, what leaves on which day, and what it tells over HTTP."""

import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from termijn.dunning.laws import SUMS
from termijn.events import contracts, dunning, invoice
from termijn.events.contracts import AccountFacts, Party, TermsAcceptance
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId
from termijn.testing.harness import PROVIDER

World = Any
PARTY = Party(name="Jansen Techniek B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email="factuur@jansen.example")
TERMS = TermsAcceptance(version="2026-1", accepted_on=date(2025, 12, 1))
ISSUED = date(2026, 1, 1)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@pytest.mark.rule("DUN-1", "TIM-1", "TIM-3")
async def test_a_missed_invoice_until_the_bailiff(world: World) -> None:
    """Four mails at ten o'clock on their days, the handover at five on day 60, told to the world once each."""
    await world.open()
    await world.miss()
    await world.to(day(60), "16:59")
    assert await world.service.published(dunning.BailiffHandover) == []
    await world.to(day(60), "17:00")
    assert len(await world.service.published(dunning.BailiffHandover)) == 1
    await world.to(day(90))
    expected = [("reminder", 33), ("second_reminder", 40), ("formal_notice", 45), ("final_demand", 52), ("bailiff", 60)]
    assert await world.steps() == [(step, day(number)) for step, number in expected]
    assert [(to, subject) for _, to, subject, _, _ in world.post.mails] == [
        (PARTY.email, f"{title} 2026-0001") for title in ("Betalingsherinnering", "Herhaalde betalingsherinnering", "Aanmaning", "Sommatie")
    ]
    assert len({message_id for *_, message_id in world.post.mails}) == 4
    assert "Aan: Jansen Techniek B.V." in world.post.mails[0][3]
    assert "€ 40,00 incassokosten" in world.post.mails[3][3]
    assert [event.due_on for event in await world.service.published(dunning.CallTaskCreated)] == [day(33)]


@pytest.mark.rule("DUN-5", "DUN-10")
async def test_the_case_file_is_one_archive_with_every_proof(world: World) -> None:
    """Invoice, letters, proofs, ledger, and the statement with costs and interest; the same bytes for the same facts."""
    await world.open()
    await world.miss()
    await world.to(day(41))
    await world.pay(amount="21.00", after="100.00")
    world.answer["i-2026-0001"] = Decimal("100.00")
    await world.to(day(60))
    (handover,) = await world.service.published(dunning.BailiffHandover)
    assert isinstance(handover, dunning.BailiffHandover)
    content = await world.service.service.plant.blobs.get(PROVIDER, handover.dossier)
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        names = zipped.namelist()
        said = json.loads(zipped.read("dossier.json"))
        ledger = zipped.read("ledger.csv").decode().splitlines()
        assert zipped.read("invoice.txt") == b"invoice 2026-0001"
        assert zipped.read("letters/2026-02-03-reminder.txt").decode() == world.post.mails[0][3]
    assert names[0] == "dossier.json"
    assert len([name for name in names if name.startswith("letters/")]) == 4
    # 100.00 over 30 days at 10.15 per cent, and 21.00 over the 11 days until it was paid.
    assert said["claim"] == {
        "stated_on": "2026-03-02",
        "interest_from": "2026-01-31",
        "principal": "100.00",
        "collection_costs": "40.00",
        "interest": "0.90",
        "total": "140.90",
    }
    assert said["proofs"]["terms_accepted"] == {"version": "2026-1", "accepted_on": "2025-12-01"}
    assert said["debtor"]["name"] == PARTY.name
    assert said["calls"] == ["2026-02-03"]
    assert any(line.startswith("2026-02-11,payment,21.00,100.00") for line in ledger)
    await world.pay(amount="100.00", after="0.00")
    await world.to(day(100))
    assert len(world.post.mails) == 4
    async with world.service.client() as client:
        (shown,) = (await client.get("/handovers", params={"account": "jansen"})).json()["items"]
        archive = await client.get(f"/handovers/{handover.case_id}/dossier")
    assert (shown["principal"], shown["open_amount"], shown["interest"]) == ("100.00", "0.00", "0.90")
    assert archive.content == content


@pytest.mark.rule("DUN-6")
async def test_paid_and_over(world: World) -> None:
    """Paid after the reminder: no timer is left; settled after that is no news."""
    await world.open()
    await world.miss()
    await world.to(day(34))
    await world.pay()
    await world.hear(invoice.InvoiceSettled(invoice_id=InvoiceId("i-2026-0001"), settled_on=day(34)))
    await world.to(day(120))
    assert len(world.post.mails) == 1
    assert [event.reason for event in await world.service.published(dunning.CaseClosed)] == ["paid"]
    assert list(await world.service.rows("select * from timer where fired_at is null and cancelled_at is null")) == []


@pytest.mark.rule("DUN-1")
async def test_a_miss_that_is_heard_before_the_account(world: World) -> None:
    """It waits, and so does the payment behind it; with the account both are taken in their order."""
    await world.miss("2026-0001")
    await world.miss("2026-0002")
    await world.pay("2026-0001")
    assert await world.service.published() == []
    await world.open()
    await world.service.settle()
    closed = await world.service.published(dunning.CaseClosed)
    assert [event.case_id for event in closed] == ["case-i-2026-0001"]
    await world.to(day(33))
    assert await world.steps() == [("reminder", day(33))]


@pytest.mark.rule("DUN-9", "DUN-6")
async def test_suspended_and_resumed(world: World) -> None:
    """Three due days missed: warned, suspended a week later, resumed with the last payment."""
    await world.open(language="en")
    for month in (1, 2, 3):
        number = f"2026-000{month}"
        await world.to(date(2026, month, 16), "01:00")
        days = {"issued_on": date(2026, month, 1), "due_on": date(2026, month, 15), "ladder_due_on": date(2026, month, 15)}
        await world.miss(number, **days, missed_on=date(2026, month, 16))
        if month < 3:
            await world.pay(number)
    await world.to(date(2026, 3, 24))
    assert [subject for _, _, subject, _, _ in world.post.mails] == ["Warning of suspension of services 2026-0003"]
    await world.to(date(2026, 3, 26))
    (asked,) = await world.service.published(dunning.SuspensionRequested)
    assert isinstance(asked, dunning.SuspensionRequested)
    assert asked.requested_at == at(date(2026, 3, 25), "10:00")
    await world.check()
    await world.pay("2026-0003")
    assert len(await world.service.published(dunning.ResumptionRequested)) == 1


@pytest.mark.rule("DUN-14")
async def test_paid_between_decision_and_sending(world: World) -> None:
    """The mail server was down at ten; the payment came first: the letter is dropped, with its reason."""
    await world.open()
    await world.miss()
    world.post.is_down = True
    await world.to(day(33), "11:00")
    assert world.post.mails == []
    await world.pay()
    world.post.is_down = False
    await world.to(day(50))
    assert world.post.mails == []
    assert [row["drop_reason"] for row in await world.service.rows("select drop_reason from letter")] == ["no_longer_due"]


@pytest.mark.rule("DUN-2")
async def test_a_mail_server_that_is_down_for_days(world: World) -> None:
    """A letter of a day that has passed is not sent: it is written anew, with dates that are right."""
    await world.open()
    await world.miss()
    world.post.is_down = True
    await world.to(day(34), "12:00")
    world.post.is_down = False
    await world.to(day(46))
    assert [step for step, _ in await world.steps()] == ["reminder", "second_reminder", "formal_notice"]
    assert "Datum: 5 februari 2026" in world.post.mails[0][3]


@pytest.mark.rule("DUN-1")
async def test_a_refused_address_becomes_a_task(world: World) -> None:
    """The ladder waits for an address, a manager is told, and it goes on with the new one."""
    await world.open()
    await world.miss()
    world.post.refused = PARTY.email
    await world.to(day(40))
    assert [event.kind for event in await world.service.published(dunning.ManagerTaskCreated)] == ["no_address"]
    better = Party(name=PARTY.name, email="nieuw@jansen.example")
    facts = AccountFacts(account_manager="piet", terms=TERMS)
    await world.service.hear("contracts", contracts.AccountChanged(contract_partner=better, facts=facts), account="jansen")
    await world.to(day(44))
    assert [to for _, to, _, _, _ in world.post.mails] == ["nieuw@jansen.example"]
    async with world.service.client() as client:
        assert [task["kind"] for task in (await client.get("/tasks")).json()["items"]] == ["call", "call"]


@pytest.mark.rule("SEC-1")
async def test_two_providers_with_equal_ids(world: World) -> None:
    """Accounts, invoices and days are the same; what is shown and sent is each one's own."""
    await world.open()
    await world.miss()
    opened = contracts.AccountOpened(contract_partner=PARTY, facts=AccountFacts(terms=TERMS))
    await world.service.hear("contracts", opened, account="jansen", provider="other")
    await world.to(day(33))
    async with world.service.client(provider="other") as client:
        assert (await client.get("/cases")).json()["items"] == []
        assert (await client.get("/cases/case-i-2026-0001")).status_code == 404
    assert {provider for provider, *_ in world.post.mails} == {PROVIDER}


async def test_views_can_be_rebuilt(world: World) -> None:
    """Every read model is what the store says."""
    await world.open()
    await world.miss()
    await world.miss("2026-0002", delivered_at=None)
    await world.to(day(62))
    for view in world.service.service.definition.views:
        before = {table: await world.service.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
        await world.service.service.rebuild(view.name)
        after = {table: await world.service.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
        assert {name: list(map(dict, rows)) for name, rows in before.items()} == {
            name: list(map(dict, rows)) for name, rows in after.items()
        }
    for sql in SUMS.values():
        assert all(row["amount"] == Decimal("121.00") for row in await world.service.rows(sql))


@pytest.mark.rule("TIM-3")
async def test_the_hour_of_letters_is_moved_while_a_letter_waits_for_it(world: World) -> None:
    """Cleared at eight for ten; at nine the provider moves the hour to 14:00: nothing leaves at ten, the letter leaves at 14:00."""
    await world.open()
    await world.miss()
    await world.to(day(33), "09:00")
    async with world.service.client() as client:
        moved = await client.put("/policy", json={"letters_at": "14:00"}, headers={"Idempotency-Key": "1"})
        assert moved.status_code == 200
    await world.to(day(33), "13:59")
    assert world.post.mails == []
    await world.to(day(33), "14:00")
    await world.service.settle()
    assert len(world.post.mails) == 1
    await world.to(day(41))
    assert await world.steps() == [("reminder", day(33)), ("second_reminder", day(40))]


@pytest.mark.rule("DUN-9", "SEC-3")
async def test_a_final_demand_that_warns_is_told_and_shown(world: World) -> None:
    """The policy over HTTP; the day is in the public letter, in the list of letters, in the mail and in the history of the case."""
    await world.open()
    async with world.service.client() as client:
        body = {"suspends_single_case": True}
        assert (await client.put("/policy", json=body, headers={"Idempotency-Key": "1"})).status_code == 200
        await world.miss()
        await world.to(day(60))
        (shown,) = [i for one in (await client.get("/letters")).json()["items"] for i in one["items"] if i["step"] == "final_demand"]
        history = (await client.get("/cases/case-i-2026-0001")).json()["history"]
    assert shown["suspension_on"] == day(60).isoformat()
    (told,) = [i for e in await world.service.published(dunning.LetterDue) for i in e.items if i.step == "final_demand"]
    assert told.suspension_on == day(60)
    assert "met ingang van 2 maart 2026" in " ".join(world.post.mails[3][3].split())
    assert any("suspended on 2026-03-02" in line["detail"] for line in history)
    (asked,) = await world.service.published(dunning.SuspensionRequested)
    assert isinstance(asked, dunning.SuspensionRequested)
    assert (asked.requested_at, asked.reason) == (at(day(60), "10:00"), "not paid after the final demand: 2026-0001")
    assert len(await world.service.published(dunning.BailiffHandover)) == 1


@pytest.mark.rule("DUN-1")
async def test_a_letter_shows_what_the_owner_of_the_money_says_is_open_besides(world: World) -> None:
    """Of the last clearance of the day; invoices that have a case of their own are shown once."""
    other = invoice.OpenInvoice(
        invoice_id=InvoiceId("i-2026-0003"), number="2026-0003", issued_on=day(30), due_on=day(60), open_amount=Decimal("60.00")
    )
    credit = invoice.OpenCredit(source="credit_note", amount=Decimal("24.93"), arisen_on=day(20), number="C2026000003")
    world.beside = {"beside": (other, msgspec.structs.replace(other, invoice_id=InvoiceId("i-2026-0001"))), "credits": (credit,)}
    await world.open()
    await world.miss()
    await world.to(day(33))
    text = " ".join(world.post.mails[0][3].split())
    assert "- Factuur 2026-0003: € 60,00, nog niet vervallen, te betalen uiterlijk op 2 maart 2026" in text
    assert "Creditnota C2026000003 van 21 januari 2026: € 24,93" in text
    assert text.count("nog niet vervallen") == 1
    assert "Samen: € 121,00" in text
