"""Several at once: numberers, payments with one id, two providers with equal ids; and read models built again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from termijn.events.contracts import AccountChanged, AccountFacts, AccountOpened, Party
from termijn.events.invoice import InvoiceIssued, PaymentReceived
from termijn.events.rating import ChargeLine, PeriodClosed, PeriodRated, UsageDigest
from termijn.invoice.numberer import NUMBERER, number_page
from termijn.invoice.numberer import SQL as NUMBERER_SQL
from termijn.invoice.policy import PROFILE as PROFILE_STREAM
from termijn.invoice.policy import Profile
from termijn.invoice.views import VIEWS
from termijn.kernel.ids import CATALOGUE, ModuleId, ProviderId, TariffId, derived_id
from termijn.runtime.handling import Cause, Work
from termijn.runtime.setting import Replace

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow
MOMENT = derived_id("test")
CAUSE = Cause(actor="test", why="test", correlation_id=MOMENT, causation_id=MOMENT)


@pytest.mark.rule("INV-7")
async def test_four_numberers_at_once_leave_no_hole_and_give_no_number_twice(opened: Open, charge: Charge, profile: dict[str, str]) -> None:
    """One of them numbers, the others find nothing left."""
    firm = await opened(profile=False)
    for number in range(8):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", charge(f"l-{number}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    known = Replace(now=firm.it.clock.now(), value=Profile(**profile))
    await firm.it.run(PROFILE_STREAM, "current", known, account=CATALOGUE)

    async def once() -> int:
        done: int = await firm.it.service.run(provider=ProviderId("belco"), cause=CAUSE, act=NUMBERER.step)
        return done

    done = await asyncio.gather(*(once() for _ in range(4)))
    assert sum(done) == 8
    await firm.it.settle()
    assert sorted(i.number for i in await firm.it.published(InvoiceIssued)) == [f"F202600000{n}" for n in range(1, 9)]
    await firm.verified()


class PausedAfterItsPage:
    """A numberer's work that stands still once it has read which drafts are to be numbered, until it is let go."""

    def __init__(self, work: Work, *, has_read: asyncio.Event, may_go_on: asyncio.Event) -> None:
        self._work, self._has_read, self._may_go_on = work, has_read, may_go_on

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    async def fetch(self, sql: str, *args: Any) -> Any:
        rows = await self._work.fetch(sql, *args)
        if sql == NUMBERER_SQL["unnumbered_drafts"]:
            self._has_read.set()
            await self._may_go_on.wait()
        return rows


@pytest.mark.rule("INV-7")
@pytest.mark.parametrize("can_be_issued", [True, False])
async def test_a_numberer_whose_drafts_another_one_has_dealt_with_meanwhile_passes_them_by(
    opened: Open, charge: Charge, profile: dict[str, str], can_be_issued: bool
) -> None:
    """The second begins and ends between the first one's reading and its numbering: numbered by it, or held, they are left alone."""
    firm = await opened(profile=False)
    for number in range(2):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", charge(f"l-{number}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    if not can_be_issued:
        nobody = AccountChanged(contract_partner=None, facts=AccountFacts())
        for number in range(2):
            await firm.it.hear("contracts", nobody, account=f"a{number}")
    belco, has_read, may_go_on = ProviderId("belco"), asyncio.Event(), asyncio.Event()
    known = Replace(now=firm.it.clock.now(), value=Profile(**profile))
    await firm.it.run(PROFILE_STREAM, "current", known, account=CATALOGUE)

    async def in_two_parts(work: Work) -> int:
        return await number_page(cast(Work, PausedAfterItsPage(work, has_read=has_read, may_go_on=may_go_on)))

    first = asyncio.create_task(firm.it.service.run(provider=belco, cause=CAUSE, act=in_two_parts))
    await has_read.wait()
    assert await firm.it.service.run(provider=belco, cause=CAUSE, act=NUMBERER.step) == 2
    may_go_on.set()
    assert await first == 0
    await firm.it.settle()
    numbers = sorted(i.number for i in await firm.it.published(InvoiceIssued))
    assert numbers == (["F2026000001", "F2026000002"] if can_be_issued else [])
    await firm.verified()


@pytest.mark.rule("API-1")
async def test_one_payment_id_told_by_two_at_once_is_one_payment(opened: Open, charge: Charge) -> None:
    """On one invoice it counts once; on another one it is refused."""
    firm = await opened()
    for account in ("jansen", "other"):
        await firm.account(account)
        await firm.closed(account, "2026-03", charge(f"l-{account}", "100.00"))
    await firm.to(date(2026, 4, 3), "09:00")
    paid = {"payment_id": "bank-1", "amount": "121.00", "value_on": "2026-04-03", "method": "transfer"}

    async def tell(invoice_id: str, key: str) -> int:
        async with firm.it.client() as client:
            response = await client.post(f"/invoices/{invoice_id}/payments", json=paid, headers={"Idempotency-Key": key})
            return int(response.status_code)

    statuses = await asyncio.gather(*(tell(invoice, f"{invoice}-{n}") for invoice in ("jansen.1", "other.1") for n in range(3)))
    assert sorted(statuses) == [201, 201, 201, 409, 409, 409]
    await firm.it.settle()
    assert len(await firm.it.published(PaymentReceived)) == 1
    await firm.verified()


@pytest.mark.rule("SEC-1", "INV-7")
async def test_two_providers_with_equal_ids_have_their_own_documents_and_numbers(
    opened: Open, charge: Charge, profile: dict[str, str]
) -> None:
    """The same account, module, line and payment ids everywhere: F2026000001 twice, and neither sees the other's."""
    firm = await opened()
    other = ProviderId("rival")
    known = Replace(now=firm.it.clock.now(), value=Profile(**{**profile, "name": "Rival B.V."}))
    await firm.it.run(PROFILE_STREAM, "current", known, account=CATALOGUE, provider=other)
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    partner = Party(name="Jansen bij Rival", email="x@klant.example")
    await firm.it.hear("contracts", AccountOpened(contract_partner=partner, facts=AccountFacts()), account="jansen", provider=other)
    rated = PeriodRated(
        module_id=ModuleId("tel-jansen"),
        module_title="T",
        period="2026-03",
        closing=1,
        lines=(charge("l-1", "50.00"),),
        digest=UsageDigest(records=0, seconds=0, sha256="0"),
        tariff_id=TariffId("tel"),
        tariff_version=1,
    )
    closed = PeriodClosed(period="2026-03", closing=1, modules=(), running_modules=1)
    await firm.it.hear("rating", rated, closed, account="jansen", provider=other)
    await firm.to(date(2026, 4, 3), "09:00")
    for provider, gross in (("belco", "121.00"), ("rival", "60.50")):
        (issued,) = await firm.it.published(InvoiceIssued, provider=provider)
        assert (issued.number, issued.gross) == ("F2026000001", Decimal(gross))
        async with firm.it.client(provider=provider) as client:
            (listed,) = (await client.get("/invoices")).json()["items"]
            assert listed["gross"] == gross
            text = (await client.get("/invoices/jansen.1/document")).text
            assert ("Rival" in text) == (provider == "rival")
    await firm.verified()


@pytest.mark.rule("INV-17")
async def test_read_models_that_are_built_again_are_equal(opened: Open, charge: Charge) -> None:
    """After issuing, carrying, paying, reversing, over-paying, and announcing a second collection."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"), charge("l-2", "10.00", stream="support"))
    await firm.account("other", mandate=False)
    await firm.closed("other", "2026-03", charge("l-3", "100.00"))
    await firm.to(date(2026, 4, 10), "09:00")
    paid = {"payment_id": "bank-1", "amount": "150.00", "value_on": "2026-04-09", "method": "direct_debit"}
    await firm.call("POST", "/invoices/jansen.2/payments", paid, status=201)
    await firm.call("POST", "/payments/bank-1/reversal", {"reason_code": "AM04", "reversed_on": "2026-04-10"})
    (debited,) = [i.invoice_id for i in await firm.it.published(InvoiceIssued) if i.collection == "direct_debit"]
    await firm.call("POST", f"/invoices/{debited}/debit-rejection", {"reason_code": "AM04", "rejected_on": "2026-04-10"})
    unmatched = [{"money_id": "bank-7", "amount": "1.00", "value_on": "2026-04-09", "name": "Somebody"}]
    statement = {"statement_id": "s-1", "booked_through": "2026-04-09", "unmatched": unmatched}
    await firm.call("POST", "/statements", statement, status=201)
    for view in VIEWS:
        before = {table: await _rows(firm, table) for table in view.tables}
        assert any(before.values()), view.name
        await firm.it.service.rebuild(view.name)
        assert {table: await _rows(firm, table) for table in view.tables} == before
    await firm.verified()


async def _rows(firm: Any, table: str) -> list[str]:
    return sorted(str(dict(row)) for row in await firm.it.rows(f"select * from {table}"))
