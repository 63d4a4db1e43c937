"""The whole service on a real database: messages, dates, workers, read models and HTTP together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.base import Event
from termijn.events.contracts import (
    AccountFacts,
    AccountOpened,
    DebitExemptionGranted,
    MandateGiven,
    MandateRevoked,
    ModuleOrdered,
    Party,
)
from termijn.events.dunning import StepProposed, WriteOffRequested
from termijn.events.invoice import (
    CreditNoteIssued,
    DeliveryFailed,
    DirectDebitSubmitted,
    InvoiceDelivered,
    InvoiceIssued,
    InvoiceSettled,
    MandateBlocked,
    PaymentMissed,
    PaymentReceived,
    PaymentReversed,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
)
from termijn.events.rating import ChargeLine, PeriodClosed, PeriodRated, UsageDigest
from termijn.invoice.app import definition, routes
from termijn.invoice.laws import LAWS, SUMS
from termijn.kernel.calendar import at
from termijn.kernel.ids import CaseId, InvoiceId, MandateId, ModuleId, ProviderId, TariffId
from termijn.kernel.notice import named
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Transient
from termijn.runtime.http import check_every_route_asks_who_calls
from termijn.runtime.mail import MailRefused
from termijn.testing.harness import Services, ServiceUnderTest

DIGEST = UsageDigest(records=0, seconds=0, sha256="0" * 64)
PROFILE = {
    "name": "Belco B.V.",
    "street": "Kabelweg 9",
    "postcode": "3542 AB",
    "city": "Utrecht",
    "vat_number": "NL123456782B90",
    "chamber_of_commerce": "12345678",
    "iban": "NL91ABNA0417164300",
    "creditor_id": "NL79ZZZ999999990000",
    "email": "administratie@belco.example",
}
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass
class Post:
    """A mail server of the test."""

    sent: list[tuple[str, str, str, str]] = field(default_factory=list)
    is_down: bool = False
    refuses: bool = False

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str) -> None:
        if self.is_down:
            raise Transient("the mail server is down")
        if self.refuses:
            raise MailRefused("no such mailbox")
        self.sent.append((to, subject, text, message_id))


@dataclass
class Firm:
    """The service, its mail, and short words for what others say to it."""

    it: ServiceUnderTest
    post: Post
    calls: int = 0

    async def account(self, account: str, *, mandate: bool = True, email: str = "post@klant.example", **facts: Any) -> None:
        partner = Party(name=f"{account.title()} B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email=email)
        said: list[Event] = [
            AccountOpened(contract_partner=partner, facts=AccountFacts(**facts)),
            *([mandate_of(account)] if mandate else []),
        ]
        await self.it.hear("contracts", *said, ordered(account), account=account)

    async def closed(self, account: str, period: str, *lines: ChargeLine, running: int = 1, closing: int = 1) -> None:
        rated = PeriodRated(
            module_id=ModuleId(f"tel-{account}"),
            module_title="Telefonie",
            period=period,
            closing=closing,
            lines=lines,
            digest=DIGEST,
            tariff_id=TariffId("tel"),
            tariff_version=1,
        )
        last = PeriodClosed(period=period, closing=closing, modules=(rated.module_id,), running_modules=running)
        await self.it.hear("rating", rated, last, account=account)

    async def to(self, day: date, time_of_day: str) -> None:
        await self.it.advance_to(at(day, time_of_day))

    async def call(
        self, method: str, path: str, body: Any = None, *, role: str = "manager", account: str | None = None, status: int = 200
    ) -> Any:
        self.calls += 1
        async with self.it.client(role, account=account) as client:
            headers = {"Idempotency-Key": f"k-{self.calls}"} if method != "GET" else {}
            response = await client.request(method, path, json=body, headers=headers)
        assert response.status_code == status, response.text
        await self.it.settle()
        return response.json() if "json" in response.headers.get("content-type", "") else response.text

    async def one(self, kind: type[Any], **filters: Any) -> Any:
        (found,) = await self.it.published(kind, **filters)
        return found

    async def verified(self) -> None:
        """No law is broken, and every sum can be had."""
        assert [dict(row) for row in await self.it.broken(LAWS)] == []
        for sql in SUMS.values():
            await self.it.rows(sql)


def mandate_of(account: str) -> MandateGiven:
    return MandateGiven(
        mandate_id=MandateId(f"m-{account}"),
        reference=f"BELCO-{account}",
        signed_on=date(2026, 3, 1),
        iban="NL02ABNA0123456789",
        holder="Klant",
    )


def ordered(account: str) -> ModuleOrdered:
    tariff = Tariff(tariff_id=TariffId("tel"), version=1, title="Telefonie", module="telephony", notice=named("monthly"))
    day = date(2026, 3, 2)
    return ModuleOrdered(module_id=ModuleId(f"tel-{account}"), tariff=tariff, quantity=1, ordered_on=day, starts_on=day)


def line(line_id: str, net: str, **other: Any) -> ChargeLine:
    facts: dict[str, Any] = {
        "article": "base",
        "title": "Abonnement",
        "origin": "recurring",
        "period_from": date(2026, 4, 1),
        "period_until": date(2026, 4, 30),
        "quantity": Decimal(1),
        "unit": "piece",
        "unit_price": Decimal(net),
        "vat_rate": Decimal(21),
    }
    return ChargeLine(line_id=line_id, net=Decimal(net), **{**facts, **other})


Open = Callable[..., Awaitable[Firm]]


@pytest.fixture
def opened(services: Services) -> Open:
    """A firm in March 2026, with its profile unless it is said to have none."""

    async def make(*, profile: bool = True) -> Firm:
        post = Post()
        firm = Firm(await services.open(definition(post), routes, now=START), post)
        if profile:
            await firm.call("PUT", "/profile", PROFILE)
        return firm

    return make


@pytest.mark.rule("INV-1", "INV-2", "INV-6", "INV-7", "INV-8", "INV-17", "PAY-2")
async def test_a_month_closes_and_its_invoice_is_collected_and_paid(opened: Open) -> None:
    """Closed on 1 April at 04:00; issued in the run of 06:00, mailed, handed to the bank on the 8th, collected on the 9th."""
    firm = await opened()
    await firm.account("jansen", customer_number="K-7", purchase_order="PO 12")
    await firm.to(date(2026, 4, 1), "04:10")
    await firm.closed(
        "jansen", "2026-03", line("l-1", "100.00"), line("l-2", "12.34", title="Bellen", quantity=Decimal("61.5"), unit="minute")
    )
    assert await firm.it.published(InvoiceIssued) == []
    await firm.to(date(2026, 4, 1), "06:00")
    issued = await firm.one(InvoiceIssued)
    assert (issued.number, issued.issued_on, issued.due_on) == ("F2026000001", date(2026, 4, 1), date(2026, 4, 9))
    assert (issued.net, issued.gross, issued.collection) == (Decimal("112.34"), Decimal("135.93"), "direct_debit")
    to, subject, text, _ = firm.post.sent[0]
    assert (to, subject) == ("post@klant.example", "Factuur F2026000001 - Belco B.V.")
    for part in (
        "Jansen B.V.",
        "NL123456782B90",
        "€ 135,93",
        "9 april 2026",
        "NL79ZZZ999999990000",
        "BELCO-jansen",
        "61,5 minuten",
        "PO 12",
    ):
        assert part in text, text
    assert text == await firm.call("GET", f"/invoices/{issued.invoice_id}/document", role="customer", account="jansen")
    assert (await firm.one(InvoiceDelivered)).channel == "email"
    await firm.to(date(2026, 4, 8), "07:00")
    debit = await firm.one(DirectDebitSubmitted)
    assert (debit.amount, debit.collect_on, debit.end_to_end_id) == (Decimal("135.93"), date(2026, 4, 9), "F2026000001-1")
    (listed,) = (await firm.call("GET", "/direct-debits?collect_on=2026-04-09"))["items"]
    assert (listed["status"], listed["amount"], listed["number"]) == ("submitted", "135.93", "F2026000001")
    await firm.to(date(2026, 4, 10), "09:00")
    assert await firm.it.published(PaymentMissed) == []
    paid = {"payment_id": "bank-1", "amount": "135.93", "value_on": "2026-04-09", "method": "direct_debit"}
    answer = await firm.call("POST", f"/invoices/{issued.invoice_id}/payments", paid, status=201)
    assert (answer["open"], answer["direct_debit"]["status"]) == ("0.00", "booked")
    assert (await firm.one(PaymentReceived)).open_after == 0
    assert (await firm.one(InvoiceSettled)).settled_on == date(2026, 4, 9)
    shown = await firm.call("GET", f"/invoices/{issued.invoice_id}", role="customer", account="jansen")
    assert (shown["state"], shown["payments"][0]["amount"], shown["vat"][0]["vat"]) == ("settled", "135.93", "23.59")
    await firm.verified()


@pytest.mark.rule("PAY-4", "PAY-5")
async def test_a_debit_that_comes_back_is_missed_collected_again_and_the_mandate_blocked_at_last(opened: Open) -> None:
    """AM04 on the 10th: second debit on the 24th; that one rejected with AC04 blocks the mandate."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "09:00")
    invoice_id = (await firm.one(InvoiceIssued)).invoice_id
    paid = {"payment_id": "bank-1", "amount": "121.00", "value_on": "2026-04-09", "method": "direct_debit"}
    await firm.call("POST", f"/invoices/{invoice_id}/payments", paid, status=201)
    reversal = {"reason_code": "AM04", "reversed_on": "2026-04-10"}
    answer = await firm.call("POST", "/payments/bank-1/reversal", reversal)
    assert (answer["open"], answer["direct_debit"]["collect_on"]) == ("121.00", "2026-04-24")
    assert (await firm.one(PaymentReversed)).open_after == Decimal("121.00")
    assert (await firm.one(PaymentMissed)).collect_again_on == date(2026, 4, 24)
    await firm.to(date(2026, 4, 24), "09:00")
    assert [d.end_to_end_id[-2:] for d in await firm.it.published(DirectDebitSubmitted)] == ["-1", "-2"]
    await firm.call("POST", f"/invoices/{invoice_id}/debit-rejection", {"reason_code": "AC04", "rejected_on": "2026-04-24"})
    assert [miss.occasion for miss in await firm.it.published(PaymentMissed)] == [1, 2]
    assert (await firm.one(MandateBlocked)).mandate_id == "m-jansen"
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["mandate_blocked"]
    await firm.call("POST", f"/tasks/{invoice_id}~mandate_blocked/done")
    assert (await firm.call("GET", "/tasks"))["items"] == []
    # The next month is a transfer, and a manager is told.
    await firm.to(date(2026, 5, 1), "05:00")
    await firm.closed("jansen", "2026-04", line("l-2", "50.00"), closing=2)
    await firm.to(date(2026, 5, 1), "07:00")
    assert [i.collection for i in await firm.it.published(InvoiceIssued)] == ["direct_debit", "transfer"]
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["no_usable_mandate"]
    await firm.verified()


@pytest.mark.rule("PAY-5", "DUN-6", "DUN-14")
async def test_a_transfer_is_missed_after_its_due_day_and_dunning_gets_its_answers(opened: Open) -> None:
    """Missed on 10 April at 00:30; a step is cleared with what is open; a remainder is written off; then it is settled."""
    firm = await opened()
    await firm.account("jansen", mandate=False)
    await firm.it.hear("contracts", DebitExemptionGranted(reason="government"), account="jansen")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    await firm.to(date(2026, 4, 10), "00:29")
    assert await firm.it.published(PaymentMissed) == []
    await firm.to(date(2026, 4, 10), "00:30")
    missed = await firm.one(PaymentMissed)
    assert (missed.cause, missed.open_amount, missed.delivered_at is not None) == ("transfer_unpaid", Decimal("121.00"), True)
    assert (await firm.call("GET", "/tasks"))["items"] == []
    (listed,) = (await firm.call("GET", "/invoices?account=jansen&state=missed"))["items"]
    assert listed["invoice_id"] == missed.invoice_id
    proposal = StepProposed(
        case_id=CaseId("c"), invoice_id=missed.invoice_id, proposal="c/1", step="reminder", planned_on=date(2026, 4, 12)
    )
    await firm.it.hear("dunning", proposal, account="jansen")
    assert (await firm.one(StepCleared)).open_amount == Decimal("121.00")
    paid = {"payment_id": "bank-1", "amount": "120.50", "value_on": "2026-04-10", "method": "transfer"}
    await firm.call("POST", f"/invoices/{missed.invoice_id}/payments", paid, status=201)
    await firm.it.hear(
        "dunning", WriteOffRequested(case_id=CaseId("c"), invoice_id=missed.invoice_id, amount=Decimal("0.50")), account="jansen"
    )
    assert (await firm.one(RemainderWrittenOff)).amount == Decimal("0.50")
    await firm.it.hear("dunning", proposal, account="jansen")
    assert (await firm.one(StepStopped)).reason == "settled"
    await firm.verified()


@pytest.mark.rule("PAY-6", "PAY-3", "API-1")
async def test_too_much_money_becomes_a_credit_and_a_payment_id_is_one_payment(opened: Open) -> None:
    """130.00 on 121.00; the same id twice is once, on another invoice it is refused; reversed, the credit is gone."""
    firm = await opened()
    await firm.account("jansen", mandate=False)
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"), line("l-2", "60.00", stream="support"))
    await firm.to(date(2026, 4, 3), "09:00")
    first, second = sorted(i.invoice_id for i in await firm.it.published(InvoiceIssued))
    paid = {"payment_id": "bank-1", "amount": "130.00", "value_on": "2026-04-03", "method": "transfer"}
    one = {i.stream: i.invoice_id for i in await firm.it.published(InvoiceIssued)}["subscription"]
    other = second if one == first else first
    answer = await firm.call("POST", f"/invoices/{one}/payments", paid, status=201)
    assert (answer["applied"], answer["surplus"]) == ("121.00", "9.00")
    await firm.call("POST", f"/invoices/{one}/payments", paid, status=201)
    refused = await firm.call("POST", f"/invoices/{other}/payments", paid, status=409)
    assert (refused["code"], refused["field"]) == ("PaymentIdTaken", "payment_id")
    balance = await firm.call("GET", "/accounts/jansen/balance", role="customer", account="jansen")
    assert (Decimal(balance["credit"]), Decimal(balance["open"])) == (Decimal("9.00"), Decimal("72.60"))
    await firm.verified()
    await firm.call("POST", "/payments/bank-1/reversal", {"reason_code": "AM05", "reversed_on": "2026-04-03"})
    balance = await firm.call("GET", "/accounts/jansen/balance")
    assert (Decimal(balance["credit"]), Decimal(balance["open"])) == (Decimal("0.00"), Decimal("193.60"))
    assert (await firm.one(PaymentMissed)).caused_by_us
    await firm.verified()


@pytest.mark.rule("INV-3", "INV-7", "INV-17")
async def test_small_amounts_are_carried_and_credits_go_out_as_credit_notes(opened: Open) -> None:
    """10.00 in the run of 1 May is carried to 1 June's 20.00; -5.00 in July is credited, naming what it corrects."""
    firm = await opened()
    await firm.account("jansen")
    await firm.to(date(2026, 5, 1), "05:00")
    await firm.closed("jansen", "2026-04", line("l-1", "10.00"))
    await firm.to(date(2026, 5, 1), "07:00")
    assert await firm.it.published(InvoiceIssued) == []
    balance = await firm.call("GET", "/accounts/jansen/balance")
    assert (balance["carried_net"], balance["waiting_net"]) == ("10.00", "0")
    await firm.verified()
    await firm.to(date(2026, 6, 1), "05:00")
    await firm.closed("jansen", "2026-05", line("l-2", "20.00", article="extra"), closing=2)
    await firm.to(date(2026, 6, 1), "07:00")
    assert (await firm.one(InvoiceIssued)).net == Decimal("30.00")
    await firm.to(date(2026, 7, 1), "05:00")
    await firm.closed("jansen", "2026-06", line("l-3", "-5.00", corrects="2026-04"), closing=3)
    await firm.to(date(2026, 7, 1), "07:00")
    note = await firm.one(CreditNoteIssued)
    assert (note.number, note.gross, note.corrects) == ("C2026000001", Decimal("-6.05"), ("F2026000001",))
    assert "correctie van april 2026" in firm.post.sent[-1][2]
    assert Decimal((await firm.call("GET", "/accounts/jansen/balance"))["credit"]) == Decimal("6.05")
    await firm.verified()


@pytest.mark.rule("INV-7", "INV-12")
async def test_many_accounts_get_gapless_numbers_over_pages_and_test_accounts_their_own(opened: Open) -> None:
    """Drafts wait for the provider's profile, visibly; then 7 of them get F1 to F6 and T1."""
    firm = await opened(profile=False)
    for number in range(6):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", line(f"l-{number}", "100.00"))
    await firm.account("probe", is_test=True)
    await firm.closed("probe", "2026-03", line("l-t", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    assert await firm.it.published(InvoiceIssued) == []
    (task,) = (await firm.call("GET", "/tasks"))["items"]
    assert task["kind"] == "profile_missing" and task["reason"].startswith("7 documents")
    await firm.call("PUT", "/profile", PROFILE)
    numbers = sorted(i.number for i in await firm.it.published(InvoiceIssued))
    assert numbers == [*(f"F202600000{n}" for n in range(1, 7)), "T2026000001"]
    await firm.to(date(2026, 4, 20), "07:00")
    assert len(await firm.it.published(DirectDebitSubmitted)) == 6
    assert await firm.it.published(PaymentMissed, account="probe") == []
    await firm.verified()


@pytest.mark.rule("INV-17", "INV-18")
async def test_lines_that_come_before_their_account_wait_for_it(opened: Open) -> None:
    """rating speaks first; nothing is lost, and the run that has passed is made up for at once."""
    firm = await opened()
    await firm.to(date(2026, 4, 2), "05:00")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    assert await firm.it.published(InvoiceIssued) == []
    await firm.account("jansen")
    await firm.to(date(2026, 4, 2), "05:01")
    issued = await firm.one(InvoiceIssued)
    assert (issued.issued_on, issued.due_on) == (date(2026, 4, 2), date(2026, 4, 10))
    await firm.verified()


@pytest.mark.rule("INV-2", "INV-11")
async def test_a_run_names_the_accounts_that_rating_did_not_close(opened: Open) -> None:
    """Two accounts with a module, one closed: the other is named after 24 hours, and billed when it is closed at last."""
    firm = await opened()
    await firm.account("jansen")
    await firm.account("late")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    await firm.to(date(2026, 4, 1), "06:00")
    run = (await firm.call("GET", "/runs"))["items"][-1]
    assert (run["period"], run["state"], run["expected"]) == ("2026-03", "open", 2)
    await firm.to(date(2026, 4, 2), "06:00")
    run = (await firm.call("GET", "/runs"))["items"][-1]
    assert (run["state"], run["missing"], run["still_missing"]) == ("closed", 1, ["late"])
    await firm.closed("late", "2026-03", line("l-2", "100.00"))
    await firm.to(date(2026, 4, 2), "06:01")
    assert len(await firm.it.published(InvoiceIssued)) == 2
    assert (await firm.call("GET", "/runs"))["items"][-1]["still_missing"] == []
    (named_,) = (await firm.call("GET", "/runs/2026-03/missing"))["items"]
    assert named_ == {"account": "late", "arrived_since": True}
    await firm.verified()


@pytest.mark.rule("INV-10")
async def test_mail_that_fails_is_tried_again_or_becomes_a_task(opened: Open) -> None:
    """A server that is down delays; one that refuses makes a task, and the document can be sent again."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    firm.post.is_down = True
    await firm.to(date(2026, 4, 1), "07:00")
    assert await firm.it.published(InvoiceDelivered) == []
    firm.post.is_down, firm.post.refuses = False, True
    await firm.it.settle()
    failed = await firm.one(DeliveryFailed)
    assert [task["kind"] for task in (await firm.call("GET", "/tasks"))["items"]] == ["delivery_failed"]
    firm.post.refuses = False
    await firm.call("POST", f"/invoices/{failed.invoice_id}/redelivery", status=202)
    assert (await firm.one(InvoiceDelivered)).invoice_id == failed.invoice_id
    assert (await firm.call("GET", "/tasks"))["items"] == []
    await firm.call("POST", f"/invoices/{failed.invoice_id}/redelivery", status=409)


@pytest.mark.rule("INV-6")
async def test_a_mandate_revoked_before_the_file_leaves_is_not_used(opened: Open) -> None:
    """Revoked on the 7th: no debit on the 8th, and the due day decides."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", line("l-1", "100.00"))
    await firm.to(date(2026, 4, 7), "12:00")
    await firm.it.hear("contracts", MandateRevoked(mandate_id=MandateId("m-jansen"), revoked_on=date(2026, 4, 7)), account="jansen")
    await firm.to(date(2026, 4, 10), "01:00")
    assert await firm.it.published(DirectDebitSubmitted) == []
    assert (await firm.one(PaymentMissed)).cause == "transfer_unpaid"


@pytest.mark.rule("SEC-1", "SEC-2")
async def test_who_may_see_and_do_what(opened: Open) -> None:
    """Customers see their own documents and touch no money; auditors read; every route asks who calls."""
    firm = await opened()
    assert firm.it.app is not None and check_every_route_asks_who_calls(firm.it.app) == []
    for account in ("jansen", "other"):
        await firm.account(account)
        await firm.closed(account, "2026-03", line(f"l-{account}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    mine = {"role": "customer", "account": "jansen"}
    assert [i["account"] for i in (await firm.call("GET", "/invoices", **mine))["items"]] == ["jansen"]
    await firm.call("GET", "/invoices?account=other", **mine, status=403)
    await firm.call("GET", "/invoices/other.1", **mine, status=403)
    await firm.call("GET", "/invoices/other.1/document", **mine, status=403)
    await firm.call("GET", "/accounts/other/balance", **mine, status=403)
    paid = {"payment_id": "x", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    await firm.call("POST", "/invoices/jansen.1/payments", paid, **mine, status=403)
    await firm.call("POST", "/invoices/jansen.1/payments", paid, role="auditor", status=403)
    for path in ("/tasks", "/runs", "/direct-debits", "/policy", "/profile"):
        await firm.call("GET", path, **mine, status=403)
        await firm.call("GET", path, role="auditor")


@pytest.mark.rule("SEC-4", "API-1", "API-2")
async def test_bad_input_names_its_field_and_lists_have_pages(opened: Open) -> None:
    """Never a 500, and nothing changes."""
    firm = await opened()
    for number in range(3):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", line(f"l-{number}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    good = {"payment_id": "x", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    bad = [
        ("amount", "NaN"),
        ("amount", "-1.00"),
        ("amount", "0.001"),
        ("amount", 1.5),
        ("amount", "1e30"),
        ("value_on", "2026-02-30"),
        ("value_on", "9999-12-31"),
        ("method", "cash"),
        ("payment_id", "a b"),
        ("extra", "x"),
    ]
    for name, value in bad:
        refused = await firm.call("POST", "/invoices/a0.1/payments", {**good, name: value}, status=422)
        assert refused["field"] == name, refused
    assert (await firm.call("POST", "/invoices/nobody.1/payments", good, status=404))["code"] == "NoSuchInvoice"
    assert (await firm.call("POST", "/payments/nobody/reversal", {"reason_code": "AM04", "reversed_on": "2026-04-01"}, status=404))[
        "code"
    ] == "NoSuchPayment"
    assert (await firm.call("POST", "/tasks/a0.1~our_mistake/done", status=404))["code"] == "NoSuchTask"
    assert (await firm.call("PUT", "/policy", {"number_format": "{year}"}, status=422))["field"] == "number_format"
    assert (await firm.call("PUT", "/profile", {**PROFILE, "iban": "NL00"}, status=422))["field"] == "iban"
    page = await firm.call("GET", "/invoices?limit=2")
    rest = await firm.call("GET", f"/invoices?limit=2&cursor={page['next']}")
    assert [i["account"] for i in page["items"] + rest["items"]] == ["a2", "a1", "a0"] and rest["next"] is None
    assert (await firm.call("GET", "/policy"))["version"] == 0
    set_ = await firm.call("PUT", "/policy", {"run_day": 5, "reversals": {"AC04": {"task": "person_decides"}}})
    assert (set_["version"], set_["policy"]["reversals"]["AC04"]["blocks_mandate"]) == (1, False)
    assert (await firm.call("GET", "/policy"))["policy"] == set_["policy"]
    assert InvoiceId("a0.1")
