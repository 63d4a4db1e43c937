"""Whom a letter goes to and whom it is from: a copy for each recipient, in the provider's name; what was accepted was sent."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning import account_command as ask
from termijn.dunning import sender
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.erasure import SQL as ERASURE
from termijn.events import contracts, dunning
from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts, Party, Recipient, TermsAcceptance
from termijn.events.invoice import ProviderProfileChanged
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import CATALOGUE, InvoiceId, PaymentId
from termijn.runtime.mail import Origin
from termijn.runtime.outgoing import COPIES_MAX, copy_id
from termijn.testing.harness import PROVIDER

World = Any
PARTY = Party(name="Jansen Techniek B.V.", email="factuur@jansen.example")
FACTS = AccountFacts(account_manager="piet", terms=TermsAcceptance(version="2026-1", accepted_on=date(2025, 12, 1)))
BOARD, BOOKS = "directie@jansen.example", "boekhouding@jansen.example"
TWO = (
    Recipient(email=BOARD, documents=("letters", "confirmations")),
    Recipient(email="inkoop@jansen.example", documents=("invoices",)),
    Recipient(email=BOOKS, documents=("invoices", "letters")),
)
REMINDED = date(2026, 2, 3)


async def open_with(world: World, recipients: tuple[Recipient, ...] | None, party: Party = PARTY) -> None:
    opened = contracts.AccountOpened(contract_partner=party, facts=FACTS, recipients=recipients)
    await world.service.hear("contracts", opened, account="jansen")


def receivers(world: World) -> list[str]:
    return [to for _, to, *_ in world.post.mails]


@pytest.mark.rule("DUN-1")
async def test_a_letter_goes_to_those_who_get_letters_each_in_a_mail_of_its_own(world: World) -> None:
    """Not to who gets invoices only, and not to the address of the invoices; one letter, whatever the number of copies."""
    await open_with(world, TWO)
    await world.miss()
    await world.to(REMINDED)
    assert receivers(world) == [BOARD, BOOKS]
    (sent,) = await world.service.published(dunning.LetterSent)
    assert [message_id for *_, message_id in world.post.mails] == [sent.message_id, f"{sent.message_id}.1"]
    (mailed,) = {text for _, _, _, text, _ in world.post.mails}
    assert "Aan: Jansen Techniek B.V." in mailed


@pytest.mark.rule("DUN-1")
@pytest.mark.parametrize("recipients", [None, (), (Recipient(email=BOOKS, documents=("invoices",)),)])
async def test_where_nobody_is_named_for_letters_they_go_where_invoices_go(world: World, recipients: tuple[Recipient, ...] | None) -> None:
    """The address of the invoices, as ever."""
    await open_with(world, recipients)
    await world.miss()
    await world.to(REMINDED)
    assert receivers(world) == [PARTY.email]


@pytest.mark.rule("DUN-1")
async def test_a_recipient_who_is_refused_keeps_nobody_else_from_the_letter(world: World) -> None:
    """Sent where one copy was accepted; where none was, a manager is told, and the ladder goes on with the next address."""
    await open_with(world, TWO[:1], Party(name="Jansen Techniek B.V."))
    await world.miss()
    world.post.refused = BOARD
    await world.to(REMINDED)
    assert [event.kind for event in await world.service.published(dunning.ManagerTaskCreated)] == ["no_address"]
    changed = contracts.AccountChanged(contract_partner=PARTY, facts=FACTS, recipients=TWO)
    await world.service.hear("contracts", changed, account="jansen")
    await world.to(REMINDED + timedelta(days=1))
    assert receivers(world) == [BOOKS]
    assert await world.steps() == [("reminder", REMINDED + timedelta(days=1))]


@pytest.mark.rule("DUN-1")
async def test_a_recipient_whose_server_is_away_keeps_nobody_else_waiting(world: World) -> None:
    """The others get it once; with its day over, it was sent on that day, and the ladder goes on."""
    await open_with(world, TWO)
    await world.miss()
    world.post.down_for = BOOKS
    await world.to(REMINDED + timedelta(days=7))
    assert receivers(world) == [BOARD, BOARD]
    assert await world.steps() == [("reminder", REMINDED)]
    world.post.down_for = ""
    await world.to(REMINDED + timedelta(days=8))
    assert receivers(world) == [BOARD, BOARD, BOOKS]
    assert await world.steps() == [("reminder", REMINDED), ("second_reminder", REMINDED + timedelta(days=7))]


@pytest.mark.rule("DUN-1")
async def test_many_receivers_who_do_not_answer_keep_nobody_else_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than are tried in a step, and one whose text is gone: all others get theirs on its day."""
    monkeypatch.setattr(sender, "PAGE_LETTERS", 1)
    world.post.down_for = "@down.example"
    for account, address in (("a", "x@down.example"), ("b", "y@down.example"), ("c", "gone@jansen.example"), ("d", PARTY.email)):
        opened = contracts.AccountOpened(contract_partner=Party(name=account, email=address), facts=FACTS)
        await world.service.hear("contracts", opened, account=account)
        await world.miss(f"2026-{account}", account=account)
    world.post.is_down = True
    await world.to(REMINDED, "10:00")
    (lost,) = await world.service.rows("select sha256, size_bytes, address from letter where account = 'c'")
    await world.service.service.plant.blobs.erase(PROVIDER, Blob(**lost))
    world.post.is_down = False
    for _ in range(8):
        await world.service.service.work()
    assert receivers(world) == [PARTY.email]


@pytest.mark.rule("DUN-2", "DUN-14")
async def test_what_the_mail_server_has_was_sent_whatever_happens_meanwhile(world: World) -> None:
    """Half is paid while the mail is on its way: it was sent, and the customer is not written to again the next day."""
    await world.open()
    await world.miss()

    async def paid() -> None:
        now = world.service.clock.now()
        command = ask.RecordPayment(
            now=now,
            invoice_id=InvoiceId("i-2026-0001"),
            payment_id=PaymentId("p-1"),
            amount=Decimal("61.00"),
            value_on=day_of(now),
            open_after=Decimal("60.00"),
        )
        await world.service.run(ACCOUNT, "jansen", command, account="jansen")

    world.post.meanwhile = paid
    await world.to(REMINDED + timedelta(days=2))
    assert await world.steps() == [("reminder", REMINDED)]
    assert len(world.post.mails) == 1
    (row,) = await world.service.rows("select open_amount from dunning_case")
    assert str(row["open_amount"]) == "60.00"


async def test_a_letter_is_from_the_provider_by_name(world: World) -> None:
    """By the name that invoices show; answers go to its address."""
    await world.open()
    await world.miss()
    await world.to(REMINDED)
    profile = ProviderProfileChanged(
        name="Belco Telecom B.V.", street="", postcode="", city="", country="NL", iban="NL91ABNA0417164300", email="geld@belco.example"
    )
    await world.service.hear("invoice", profile, account=CATALOGUE)
    await world.to(REMINDED + timedelta(days=7))
    assert world.post.origins == [None, Origin(name="Belco Telecom B.V.", reply_to="geld@belco.example")]


async def test_who_erases_the_mails_of_an_account_finds_every_copy(world: World) -> None:
    """As many as there can be."""
    await open_with(world, TWO)
    await world.miss()
    await world.to(REMINDED)
    found = {row["message_id"] for row in await world.service.rows(ERASURE["mails"], PROVIDER, "jansen")}
    (sent,) = await world.service.published(dunning.LetterSent)
    assert found == {copy_id(sent.message_id, nth) for nth in range(COPIES_MAX)}
    assert {message_id for *_, message_id in world.post.mails} <= found


def test_a_recipient_is_an_address(account: Any) -> None:
    """A ladder that waited for an address goes on with a recipient of letters."""
    account.do(ask.LearnAccount, debtor=None, mail_to=None, facts=FACTS)
    account.miss("i1", date(2026, 1, 1), date(2026, 1, 31))
    account.to(date(2026, 2, 10))
    assert account.steps() == []
    account.do(ask.LearnAccount, debtor=None, mail_to=None, facts=FACTS, recipients=(BOOKS,))
    account.to(date(2026, 2, 11))
    assert account.steps() == [("reminder", date(2026, 2, 11))]
