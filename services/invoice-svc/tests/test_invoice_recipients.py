"""To whom documents go (CON-8, INV-10)."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.contracts import AccountChanged, AccountFacts, Party, Recipient
from termijn.events.invoice import DeliveryFailed, InvoiceDelivered
from termijn.events.rating import ChargeLine
from termijn.invoice import delivery
from termijn.runtime.mail import Origin

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]

BOOKS = Recipient(email="books@klant.example")
BOSS = Recipient(email="boss@klant.example", delivery="link", documents=("invoices", "letters"))
PEOPLE = Recipient(email="people@klant.example", documents=("confirmations",))


async def billed(opened: Open, charge: Charge, *recipients: Recipient, unknown: tuple[str, ...] = (), silent: tuple[str, ...] = ()) -> Any:
    """A firm whose customer was sent an invoice on 1 April."""
    firm = await opened()
    firm.post.unknown.update(unknown)
    firm.post.silent.update(silent)
    await firm.account("jansen", recipients=recipients or None)
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 1), "06:00")
    return firm


@pytest.mark.rule("CON-8", "INV-10")
async def test_a_document_goes_to_every_recipient_of_invoices_and_to_nobody_else(opened: Open, charge: Charge) -> None:
    """One message each: none of them is told of the others."""
    firm = await billed(opened, charge, BOOKS, BOSS, PEOPLE)
    assert [to for to, _, _, _ in firm.post.sent] == ["books@klant.example", "boss@klant.example"]
    assert len({message_id for _, _, _, message_id in firm.post.sent}) == 2
    assert len({text for _, _, text, _ in firm.post.sent}) == 1
    assert (await firm.one(InvoiceDelivered)).channel == "email"
    assert firm.post.origins == [Origin(name="Belco B.V.", reply_to="administratie@belco.example")] * 2


@pytest.mark.rule("CON-8", "INV-10")
@pytest.mark.parametrize("recipients", [(), (PEOPLE,)])
async def test_where_nobody_gets_invoices_they_go_to_the_address_of_the_account(
    opened: Open, charge: Charge, recipients: tuple[Recipient, ...]
) -> None:
    firm = await billed(opened, charge, *recipients)
    assert [to for to, _, _, _ in firm.post.sent] == ["post@klant.example"]


@pytest.mark.rule("INV-10")
async def test_an_address_that_refuses_does_not_keep_the_document_from_the_others(opened: Open, charge: Charge) -> None:
    firm = await billed(opened, charge, BOOKS, BOSS, unknown=("books@klant.example",))
    assert [to for to, _, _, _ in firm.post.sent] == ["boss@klant.example"]
    await firm.one(InvoiceDelivered)
    assert await firm.it.published(DeliveryFailed) == []


@pytest.mark.rule("INV-10")
async def test_a_document_that_every_address_refuses_is_not_delivered(opened: Open, charge: Charge) -> None:
    """The recipients are changed, and it is sent again, to those of now."""
    firm = await billed(opened, charge, BOOKS, BOSS, unknown=("books@klant.example", "boss@klant.example"))
    failed = await firm.one(DeliveryFailed)
    partner = Party(name="Jansen B.V.", email="post@klant.example")
    changed = AccountChanged(contract_partner=partner, facts=AccountFacts(), recipients=(Recipient(email="new@klant.example"),))
    await firm.it.hear("contracts", changed, account="jansen")
    await firm.call("POST", f"/invoices/{failed.invoice_id}/redelivery", status=202)
    assert [to for to, _, _, _ in firm.post.sent] == ["new@klant.example"]
    await firm.one(InvoiceDelivered)
    assert Decimal((await firm.call("GET", f"/invoices/{failed.invoice_id}"))["gross"]) == Decimal("121.00")


@pytest.mark.rule("INV-10")
async def test_who_has_a_document_gets_no_second_one_while_another_recipient_does_not_answer(opened: Open, charge: Charge) -> None:
    firm = await billed(opened, charge, BOOKS, BOSS, silent=("books@klant.example",))
    for _ in range(3):
        await firm.it.service.work()
    assert [to for to, _, _, _ in firm.post.sent] == ["boss@klant.example"]
    firm.post.silent.clear()
    await firm.it.settle()
    assert [to for to, _, _, _ in firm.post.sent] == ["boss@klant.example", "books@klant.example"]
    await firm.one(InvoiceDelivered)


@pytest.mark.rule("INV-10")
async def test_who_does_not_answer_keeps_nobody_else_waiting(opened: Open, charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than are tried at once."""
    monkeypatch.setattr(delivery, "MAILS_PER_PAGE", 1)
    firm = await opened()
    for account in ("a", "b", "c"):
        await firm.account(account, recipients=(Recipient(email=f"{account}@klant.example"),))
        await firm.closed(account, "2026-03", charge(f"l-{account}", "100.00"))
    firm.post.silent |= {"a@klant.example", "b@klant.example"}
    await firm.to(date(2026, 4, 1), "06:00")
    for _ in range(4):
        await firm.it.service.work()
    assert [to for to, _, _, _ in firm.post.sent] == ["c@klant.example"]
    firm.post.silent.clear()
    await firm.it.settle()
    assert sorted(to for to, _, _, _ in firm.post.sent) == ["a@klant.example", "b@klant.example", "c@klant.example"]
