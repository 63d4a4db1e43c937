"""Changes of an account itself are confirmed: to whom, what is said to whom, and that nothing personal outlives the letter."""

from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import ChangeAccount
from termijn.contracts.account_confirmation import masked
from termijn.contracts.account_state import ContractStartCorrected, DetailsChanged, LongTermConsentGiven, OpenAccount
from termijn.contracts.confirmation import copies_of
from termijn.contracts.confirmation_case import module_then
from termijn.contracts.confirmation_facts import facts_of, kind_of, personal_of
from termijn.contracts.confirmation_letter import Told, letter
from termijn.events.base import Event
from termijn.events.contracts import (
    AccountFacts,
    AccountOpened,
    DebitExemptionGranted,
    MandateAmended,
    MandateGiven,
    MandateRevoked,
    Party,
    Recipient,
)
from termijn.events.invoice import ProviderProfileChanged
from termijn.kernel.ids import CATALOGUE, AccountId, MandateId
from termijn.kernel.words import Language
from termijn.testing.spec import spec

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = date(2026, 6, 1)
M1 = MandateId("m1")
PARTNER = Party(name="Acme B.V.", email="directie@acme.example")
BOOKS = Recipient(email="books@acme.example", documents=("invoices", "confirmations"))
OPENED = AccountOpened(contract_partner=PARTNER, facts=AccountFacts(), recipients=(BOOKS,))
GIVEN = MandateGiven(mandate_id=M1, reference="ACME-1", signed_on=DAY, iban="NL91ABNA0417164300", holder="Acme B.V.")


def change(**fields: Any) -> ChangeAccount:
    given: dict[str, Any] = {"contract_partner": PARTNER, "invoice_address": None, "facts": AccountFacts(), "recipients": (BOOKS,)}
    return ChangeAccount(now=NOW, account=AccountId("acme"), is_manager=True, serves_companies_only=True, **given | fields)


def body_of(event: Event, language: Language = "nl", *, is_left: bool = False) -> str:
    facts = facts_of(event)
    assert facts is not None
    told = Told(
        kind=kind_of(event),
        facts=facts,
        personal=personal_of(event) or {},
        reference="acme",
        decided_on=DAY,
        actor="manager:piet",
        customer=AccountFacts(language=language),
        is_left=is_left,
    )
    return " ".join(letter(told)[1].split())


@pytest.mark.rule("CON-6", "CON-8")
def test_a_change_names_what_differs_and_the_addresses_that_are_left() -> None:
    """Also a purchase order; what only the provider sees is told to nobody."""
    moved = change(recipients=(Recipient(email="new@acme.example"),), facts=AccountFacts(purchase_order="PO 7"))
    changed = spec(ACCOUNT).given(OPENED).when(moved).events[1]
    assert isinstance(changed, DetailsChanged)
    assert changed.fields == ("recipients", "facts.purchase_order")
    assert changed.left == ("books@acme.example",)
    (only,) = spec(ACCOUNT).given(OPENED).when(change(facts=AccountFacts(account_manager="piet", is_test=True))).events
    assert not isinstance(only, DetailsChanged)


@pytest.mark.rule("CON-6", "CON-8")
def test_what_is_about_the_account_goes_to_the_contract_partner_and_to_addresses_that_were_left() -> None:
    """Whoever got hold of a login cannot keep it from the customer; orders go to whom they went."""
    account = OpenAccount(contract_partner=PARTNER, invoice_address=None, facts=AccountFacts(), recipients=(BOOKS,))
    assert copies_of(account, is_about_account=False) == [("books@acme.example", False)]
    assert copies_of(account, is_about_account=True, also=("old@acme.example", "books@acme.example")) == [
        ("books@acme.example", False),
        ("directie@acme.example", False),
        ("old@acme.example", True),
    ]


@pytest.mark.rule("CON-6", "CON-8")
def test_an_address_that_was_left_is_told_what_changed_and_not_into_what() -> None:
    """It may be somebody else's by now."""
    values = ('"new@acme.example"', "null", '{"version":"3","accepted_on":"2026-06-01"}', '"en"', "false", '[{"email":"x@acme.example"}]')
    fields = ("invoice_address.email", "facts.purchase_order", "facts.terms", "facts.language", "facts.is_taxable", "recipients")
    changed = DetailsChanged(fields=fields, values=values, left=("old@acme.example",))
    told = body_of(changed)
    for said in ("Factuuradres, e-mail: new@acme.example", "Inkoopnummer: geen", "versie 3, aanvaard op 1 juni 2026", "Taal: Engels"):
        assert said in told
    assert "Btw-plichtig: nee" in told and "Ontvangers van documenten: x@acme.example" in told
    left = body_of(changed, is_left=True)
    assert "Factuuradres, e-mail" in left and "new@acme.example" not in left and "Laat het ons dan meteen weten" in left
    assert not personal_of(DetailsChanged(fields=fields, values=None, left=None)), "nothing is left of an erased account"


@pytest.mark.rule("CON-6", "PAY-1")
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("event", "said"),
    [
        (GIVEN, ("ACME-1", "NL** **4300", "Acme B.V.")),
        (MandateAmended(mandate_id=M1, reference="ACME-2", iban="NL91ABNA0417164300", holder="Acme B.V.", amended_on=DAY), ("ACME-2",)),
        (MandateRevoked(mandate_id=M1, revoked_on=DAY), ("1 jun",)),
        (MandateRevoked(mandate_id=M1, revoked_on=DAY, is_expired=True), ("36",)),
        (DebitExemptionGranted(reason="secret"), ("",)),
        (LongTermConsentGiven(months_max=36, given_on=DAY, document="consent", version="2"), ("36", "consent", "2", "1 jun")),
        (ContractStartCorrected(starts_on=date(2020, 1, 1), reason="secret"), ("2020",)),
        (ContractStartCorrected(starts_on=None, reason="secret"), ("",)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_each_decision_about_the_account_is_confirmed(event: Event, said: tuple[str, ...], language: Language) -> None:
    """In the account's language; a manager's reason and a whole IBAN stay out of mail."""
    body = body_of(event, language).replace("June", "jun")
    assert all(one in body for one in said)
    assert not any(odd in body for odd in ("None", "{", "2026-", "secret", "0417164300"))


@pytest.mark.rule("CON-6")
def test_an_iban_is_shown_by_its_end() -> None:
    """Enough to know it by."""
    assert masked("DE89370400440532013000") == "DE** **3000"


@pytest.mark.rule("CON-6")
def test_a_letter_is_about_the_module_as_it_was_on_the_day() -> None:
    """Tariffs and quantities from their days; a new term counts from its own."""
    none: dict[str, Any] = {"tariff_id": None, "tariff_version": None, "quantity": None, "starts_new_term": False}
    rows: list[dict[str, Any]] = [
        {"version": 1, "type": "ModuleOrdered", "from_on": None, **none, "tariff_id": "line", "tariff_version": 1, "quantity": 2},
        {**none, "version": 2, "type": "ModuleActivated", "from_on": date(2026, 1, 10)},
        {**none, "version": 3, "type": "ModuleScaled", "from_on": date(2026, 3, 1), "quantity": 5},
        {**none, "version": 4, "type": "TariffChanged", "from_on": date(2026, 6, 1), "tariff_id": "fast", "tariff_version": 3},
    ]
    rows[3]["starts_new_term"] = True
    early, late = module_then(rows, date(2026, 2, 1)), module_then(rows, date(2026, 6, 1))
    assert (early.tariff_id, early.tariff_version, early.quantity, early.counts_from) == ("line", 1, 2, date(2026, 1, 10))
    assert (late.tariff_id, late.tariff_version, late.quantity, late.counts_from) == ("fast", 3, 5, date(2026, 6, 1))
    assert module_then(rows[:1], date(2026, 2, 1)).counts_from is None


async def mails(desk: Any) -> list[EmailMessage]:
    await desk.contracts.settle()
    found: list[EmailMessage] = []
    for path in (desk.contracts.folder / "mail" / "belco" / "new").iterdir():
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


@pytest.mark.slow
@pytest.mark.rule("CON-6", "CON-8")
async def test_a_changed_address_is_told_to_the_old_one_from_the_providers_name(desk: Any) -> None:
    """And what was personal goes with the letter; an account manager that changes is nobody's mail."""
    profile = {"street": "Kade 1", "postcode": "1011 AB", "city": "Edam", "country": "NL", "iban": "NL91ABNA0417164300"}
    heard = ProviderProfileChanged(name="Waterland Telecom B.V.", email="klant@waterland.example", phone="0299", **profile)
    await desk.contracts.hear("invoice", heard, account=CATALOGUE)
    await desk.post(desk.manager, "/accounts", desk.account)
    for change in ({"invoice_address": {"name": "Acme", "email": "old@acme.example"}}, {"facts": {"account_manager": "piet"}}):
        assert (await desk.manager.patch("/accounts/acme", json=change, headers=desk.key())).status_code == 200
    before = {str(one["Message-ID"]) for one in await mails(desk)}
    assert len(before) == 1
    moved = {"invoice_address": {"name": "Acme", "email": "new@acme.example"}}
    assert (await desk.customer.patch("/accounts/acme", json=moved, headers=desk.key())).status_code == 200
    told = {one["To"]: one for one in await mails(desk) if str(one["Message-ID"]) not in before}
    assert set(told) == {"billing@acme.example", "old@acme.example"}
    assert all(one["From"].addresses[0].display_name == "Waterland Telecom B.V." for one in told.values())
    assert all(one["Reply-To"] == "klant@waterland.example" for one in told.values())
    assert "new@acme.example" in told["billing@acme.example"].get_content()
    assert "new@acme.example" not in told["old@acme.example"].get_content()
    rows = await desk.contracts.rows("select state, personal from confirmation")
    assert [(row["state"], row["personal"]) for row in rows] == [("sent", None)] * 2
    await desk.check()


@pytest.mark.slow
@pytest.mark.rule("CON-6", "CON-10")
async def test_a_letter_names_the_numbers_that_the_module_had(desk: Any) -> None:
    """An order has none yet; the number that is added is named, and later letters list it."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", {"subject": "020 123 4567", "from_at": "2026-05-01T00:00:00Z"})
    await desk.contracts.settle()
    for number in range(300, 312):
        at_once = {"subject": str(number), "from_at": "2026-05-01T00:00:00Z"}
        await desk.post(desk.manager, "/accounts/acme/modules/t1/subjects", at_once)
    await desk.contracts.settle()
    await desk.post(desk.customer, "/accounts/acme/modules/t1/scaling", {"quantity": 5}, status=200)
    told = {one["Subject"]: one.get_content() for one in await mails(desk)}
    assert "+31201234567" not in told["Bevestiging van uw bestelling: Call handling"]
    assert "dat +31201234567 vanaf 1 mei 2026 bij deze dienst hoort" in " ".join(told["Nummer toegevoegd: Call handling"].split())
    several = told["Nummers toegevoegd: Call handling"]
    assert all(f"- {number}, vanaf 1 mei 2026" in several for number in range(300, 312)) and "+31" not in several
    assert len(await mails(desk)) == 5, "the mandate, the order, a number, twelve numbers, the scaling"
    states = await desk.contracts.rows("select distinct state from confirmation")
    assert [row["state"] for row in states] == ["sent"]
    changed = told["Bevestiging van uw wijziging: Call handling"]
    assert "Nummers:  +31201234567" in changed and "voor 5 stuks € 49,50 per maand" in changed
    await desk.check()


@pytest.mark.slow
@pytest.mark.rule("CON-13", "CAT-25")
async def test_pages_and_letters_tell_the_same_end_where_a_new_term_is_to_start(desk: Any) -> None:
    """The contract page, the notice page, the notice itself, and the letter to who takes it back."""
    await desk.acme_with_a_module()
    await desk.post(desk.manager, "/tariffs", {**desk.tariff, "tariff_id": "long", "title": "Long", "notice": "term:24"})
    order = {"tariff_id": "long", "new_term_confirmed": True}
    changed = await desk.post(desk.customer, "/accounts/acme/modules/t1/tariff", order, status=200)
    assert changed["pending"][0]["from_on"] == "2026-08-01"
    await desk.contracts.advance_to(datetime(2026, 7, 3, 9, tzinfo=UTC))
    (module,) = (await desk.customer.get("/accounts/acme/contract")).json()["modules"]
    told = (await desk.customer.get("/accounts/acme/modules/t1/notice")).json()
    assert (module["notice_today"]["ends_on"], told["ends_on"], told["possible_ends"][0]) == ("2028-07-31",) * 3
    assert (await desk.post(desk.customer, "/accounts/acme/modules/t1/cancellation", status=200))["ends_on"] == "2028-07-31"
    withdrawn = await desk.customer.delete("/accounts/acme/modules/t1/cancellation", headers=desk.key())
    assert withdrawn.status_code == 200, withdrawn.text
    letter = next(one.get_content() for one in await mails(desk) if "ingetrokken" in one["Subject"])
    assert "Zou u op 3 juli 2026 opzeggen, dan is 31 juli 2028 de laatste dag" in " ".join(letter.split())
    await desk.check()
