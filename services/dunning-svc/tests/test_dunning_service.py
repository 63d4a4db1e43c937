"""The whole service on a real database: what it hears, what leaves on which day, and what it tells over HTTP."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning.app import definition, routes
from termijn.dunning.laws import LAWS, SUMS
from termijn.events import contracts, dunning, invoice
from termijn.events.base import Event
from termijn.events.contracts import AccountFacts, Party, TermsAcceptance
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId, PaymentId, ProviderId
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused
from termijn.testing.harness import PROVIDER, Services, ServiceUnderTest

ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)
PARTY = Party(name="Jansen Techniek B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email="factuur@jansen.example")
TERMS = TermsAcceptance(version="2026-1", accepted_on=date(2025, 12, 1))


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@dataclass
class Post:
    """A mail server that can be down, or refuse an address."""

    mails: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    is_down: bool = False
    refused: str = ""

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str) -> None:
        """Keep it."""
        if self.is_down:
            raise Transient("down")
        if to == self.refused:
            raise MailRefused("no such user")
        self.mails.append((provider, to, subject, text, message_id))


class World:
    """The service, its mail, and an invoice-svc that answers proposals."""

    def __init__(self, service: ServiceUnderTest, post: Post) -> None:
        self.service = service
        self.post = post
        self.answer: dict[str, Decimal | str] = {}
        self._answered = 0

    async def open(self, account: str = "jansen", **facts: Any) -> None:
        """The account opens."""
        known = AccountFacts(account_manager="piet", customer_number="1001", terms=TERMS, **facts)
        await self.service.hear("contracts", contracts.AccountOpened(contract_partner=PARTY, facts=known), account=account)

    async def miss(self, number: str = "2026-0001", account: str = "jansen", **changes: Any) -> None:
        """An invoice is missed."""
        document = await self.service.service.plant.blobs.put(PROVIDER, f"invoice {number}".encode())
        fields: dict[str, Any] = {
            "invoice_id": InvoiceId(f"i-{number}"),
            "number": number,
            "occasion": 1,
            "issued_on": ISSUED,
            "due_on": DUE,
            "ladder_due_on": DUE,
            "missed_on": DUE + timedelta(days=1),
            "open_amount": Decimal("121.00"),
            "gross": Decimal("121.00"),
            "stream": "subscription",
            "cause": "transfer_unpaid",
            "delivered_at": at(ISSUED, "12:00"),
            "document": document,
        }
        await self.hear(invoice.PaymentMissed(**fields | changes), account=account)

    async def hear(self, *events: Event, account: str = "jansen") -> None:
        """Invoice-svc says something."""
        await self.service.hear("invoice", *events, account=account)

    async def pay(self, number: str = "2026-0001", amount: str = "121.00", after: str = "0.00", account: str = "jansen") -> None:
        """Money is booked."""
        today = self.service.clock.now().date()
        paid = invoice.PaymentReceived(
            payment_id=PaymentId("p-1"),
            invoice_id=InvoiceId(f"i-{number}"),
            amount=Decimal(amount),
            method="transfer",
            value_on=today,
            booked_on=today,
            open_after=Decimal(after),
        )
        await self.hear(paid, account=account)

    async def to(self, target: date | datetime, hour: str = "23:00") -> None:
        """Days pass; every proposal is answered at once, as invoice-svc would."""
        end = target if isinstance(target, datetime) else at(target, hour)
        await self.service.settle()
        while (due := await self.service.service.next_due()) is not None and due.due_at <= end:
            await self.service.advance_to(due.due_at)
            await self._reply()
        await self.service.advance_to(end)
        await self._reply()

    async def _reply(self) -> None:
        for proposal in (await self.service.published(dunning.StepProposed))[self._answered :]:
            assert isinstance(proposal, dunning.StepProposed)
            self._answered += 1
            key = {"case_id": proposal.case_id, "invoice_id": proposal.invoice_id, "proposal": proposal.proposal}
            reply = self.answer.get(proposal.invoice_id, Decimal("121.00"))
            rows = await self.service.rows("select account from dunning_case where case_id = $1", proposal.case_id)
            booked = self.service.clock.now().date()
            said: Event = (
                invoice.StepCleared(**key, open_amount=reply, booked_until=booked)
                if isinstance(reply, Decimal)
                else invoice.StepStopped(**key, reason=reply)
            )
            await self.hear(said, account=rows[0]["account"])

    async def steps(self) -> list[tuple[str, date]]:
        """Every step that left, with its day."""
        taken: list[tuple[str, date]] = []
        for event in await self.service.published():
            if isinstance(event, dunning.LetterSent):
                taken += [(item.step, event.on) for item in event.items]
            elif isinstance(event, dunning.BailiffHandover):
                taken.append(("bailiff", event.handover_on))
        return taken

    async def check(self) -> None:
        """The laws hold, and nothing is parked or failing."""
        assert await self.service.broken(LAWS) == []
        assert list(await self.service.rows("select * from parked_key")) == []


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    """The service with its routes, on 1 January 2026."""
    post = Post()
    service = await services.open(definition(post), routes)
    world = World(service, post)
    yield world
    await world.check()


@pytest.mark.rule("DUN-1", "TIM-1", "TIM-3")
async def test_a_missed_invoice_until_the_bailiff(world: World) -> None:
    """Four mails at ten o'clock on their days, the handover at five on day 60, told to the world once each."""
    await world.open()
    await world.miss()
    await world.to(day(90))
    expected = [("reminder", 33), ("second_reminder", 40), ("formal_notice", 45), ("final_demand", 52), ("bailiff", 60)]
    assert await world.steps() == [(step, day(number)) for step, number in expected]
    assert [(to, subject) for _, to, subject, _, _ in world.post.mails] == [
        (PARTY.email, f"{title} 2026-0001") for title in ("Betalingsherinnering", "Herhaalde betalingsherinnering", "Aanmaning", "Sommatie")
    ]
    assert len({message_id for *_, message_id in world.post.mails}) == 4
    assert "Aan: Jansen Techniek B.V." in world.post.mails[0][3]
    assert "EUR 40,00 incassokosten" in world.post.mails[3][3]
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


# -- HTTP ------------------------------------------------------------------------------------------------------------


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
