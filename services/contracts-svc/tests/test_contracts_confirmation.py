"""Confirmations in writing: what they say, and that each goes out although the mail server is away for a while."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from termijn.contracts.app import definition, routes
from termijn.contracts.confirmation import CONFIRMATION, ConfirmationNotSent, ConfirmationSent, NoteOutcome
from termijn.contracts.confirmation_facts import facts_of, kind_of, personal_of
from termijn.contracts.confirmation_letter import Lease, Told, letter
from termijn.contracts.letterhead import Letterhead
from termijn.events.base import Event
from termijn.events.contracts import (
    AccountFacts,
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleScaled,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import at
from termijn.kernel.ids import ArticleId, ModuleId, ProviderId, TariffId
from termijn.kernel.notice import MONTHLY, NONE, term
from termijn.kernel.tariff import Article, Billing, Tariff
from termijn.kernel.words import Language
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused, Origin
from termijn.testing.harness import Services
from termijn.testing.spec import spec

M = ModuleId("t1")
DAY = date(2026, 7, 1)
BASE = Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal("9.90"))
CALL = Article(
    article_id=ArticleId("call"),
    title="Calls",
    usage_key="call",
    unit="minute",
    net_price=Decimal("0.035"),
    included_quantity=Decimal(100),
    billing=Billing(paid_in="arrears"),
)
MACHINE = Article(article_id=ArticleId("machine"), title="Answering machine", net_price=Decimal("2.50"), is_option=True, notice=NONE)
CALLS = Tariff(
    tariff_id=TariffId("calls"),
    version=1,
    title="Call handling",
    module="telephony",
    notice=MONTHLY,
    is_telecom=True,
    connect_fee=Decimal(35),
    disconnect_fee=Decimal(25),
    articles=(BASE, CALL, MACHINE),
)
WATERLAND = Letterhead(name="Waterland Telecom B.V.", email="klant@waterland.example", phone="0299 123 456")
CONFIRMED: list[Event] = [
    ModuleOrdered(module_id=M, tariff=CALLS, quantity=2, ordered_on=DAY, starts_on=None, channel="web"),
    ModuleScaled(module_id=M, quantity=3, from_on=DAY, channel="web"),
    TariffChanged(module_id=M, tariff=CALLS, from_on=DAY, channel="web"),
    OptionAdded(module_id=M, article_id=ArticleId("machine"), quantity=1, from_on=DAY, channel="web"),
    OptionRemoved(module_id=M, article_id=ArticleId("machine"), ends_on=DAY, channel="web"),
    ModuleCancelled(module_id=M, notice_on=date(2026, 6, 1), ends_on=DAY, explanation="one full month", channel="web"),
    CancellationWithdrawn(module_id=M, channel="web"),
    SubjectReleased(module_id=M, subject="+31201234567", until_at=at(DAY, "09:00"), is_ported_out=True, channel="web"),
]


def told(event: Event, language: Language = "nl", *, actor: str = "customer:jan", **looked_up: Any) -> Told:
    facts = facts_of(event)
    assert facts is not None
    looked_up = {"tariff": None if "about" in facts else CALLS, "letterhead": WATERLAND, **looked_up}
    customer = looked_up.pop("customer", AccountFacts(language=language))
    return Told(
        kind=kind_of(event),
        facts=facts,
        personal=personal_of(event) or {},
        reference="t1",
        decided_on=date(2026, 6, 1),
        actor=actor,
        customer=customer,
        **looked_up,
    )


def body_of(event: Event, language: Language = "nl", **looked_up: Any) -> str:
    return letter(told(event, language, **looked_up))[1]


@pytest.mark.rule("CON-6")
@pytest.mark.parametrize(
    ("language", "said"), [("nl", ("1 juni 2026", "website", "uzelf")), ("en", ("1 June 2026", "website", "yourself"))]
)
@pytest.mark.parametrize("event", CONFIRMED, ids=lambda event: type(event).__name__)
def test_every_order_change_and_cancellation_says_who_when_and_through_what(
    event: Event, language: Language, said: tuple[str, ...]
) -> None:
    """In the account's language, about the service by its name, signed by the provider."""
    body = " ".join(body_of(event, language, counts_from=DAY).split())
    assert all(one in body for one in ("t1", "Call handling", "(jan)", WATERLAND.name, WATERLAND.email, *said))
    assert not any(odd in body for odd in ("None", "{", "2026-", "customer:", "klantenservice"))


@pytest.mark.rule("CON-6", "CON-13")
def test_an_order_says_all_that_was_agreed() -> None:
    """The whole text, so that a change of it is a decision: what, price, VAT, billing, start, term, notice, how to cancel."""
    order = ModuleOrdered(module_id=M, tariff=CALLS, quantity=2, ordered_on=DAY, starts_on=DAY, channel="phone")
    subject, body = letter(told(order, actor="manager:manager", quantity=2, counts_from=DAY))
    assert subject == "Bevestiging van uw bestelling: Call handling"
    assert body == (
        "Geachte heer of mevrouw,\n\n"
        "Hartelijk dank voor uw bestelling. Hieronder leest u wat u heeft besteld, wat\n"
        "het kost en hoe lang u eraan vastzit. Bewaar dit bericht bij uw administratie.\n\n"
        "Dienst:        Call handling\n"
        "Aantal:        2\n"
        "Ingangsdatum:  1 juli 2026\n"
        "Kenmerk:       t1\n\n"
        "De ingangsdatum is de dag van uw bestelling.\n\n"
        "Prijzen, exclusief btw:\n"
        "- Base fee: € 9,90 per maand, vooraf, voor 2 stuks € 19,80 per maand\n"
        "- Calls: € 0,035 per minuut, inclusief 100 minuten\n"
        "- Aansluitkosten: € 35,00, eenmalig\n"
        "- Afsluitkosten: € 25,00, eenmalig\n"
        "Op de factuur komt daar 21% btw bij.\n\n"
        "Looptijd en opzegging:\n"
        "- Er is geen minimale looptijd.\n"
        "- De opzegtermijn is één volle maand; de overeenkomst eindigt op de laatste\n  dag van een maand.\n"
        "- Zou u op 1 juli 2026 opzeggen, dan is 1 augustus 2026 de laatste dag\n"
        "  (opgezegd op 1 juli 2026; één volle maand; tot het einde van de maand; de\n"
        "  opzegregel alleen geeft 31 augustus 2026; telecommunicatie: een maand na de\n"
        "  opzegging is 1 augustus 2026; eindigt op 1 augustus 2026).\n"
        "- Daarnaast mag u telecommunicatie zonder (of na) een eerste termijn altijd\n"
        "  met een maand opzeggen, zonder kosten (artikel 7.2a Telecommunicatiewet).\n"
        "- Opzeggen kan in uw klantomgeving of door op dit bericht te antwoorden; u\n  krijgt daarvan een bevestiging.\n\n"
        "Dit is op 1 juni 2026 telefonisch vastgelegd door een medewerker van ons.\n\n"
        "Klopt er iets niet, of heeft u een vraag? U kunt op dit bericht antwoorden.\n\n"
        "Met vriendelijke groet,\n\n"
        "Waterland Telecom B.V.\nklant@waterland.example\n0299 123 456\n"
    )


@pytest.mark.rule("CON-6", "CON-13")
def test_a_cancellation_reads_like_a_letter() -> None:
    """How the day came about, what it costs, what becomes of the number, and how to go back on it."""
    why = "notice rule monthly; notice on 1 June 2026; one full month; to month end; ends 31 July 2026"
    cancelled = ModuleCancelled(module_id=M, notice_on=date(2026, 6, 1), ends_on=date(2026, 7, 31), explanation=why, channel="telefoon")
    body = body_of(cancelled, actor="manager:manager", numbers=("+31201234567", "+31201234568"))
    assert (
        "Wij hebben uw opzegging van 1 juni 2026 verwerkt. De laatste dag van uw\novereenkomst is 31 juli 2026.\n\n"
        "Dienst:   Call handling\nNummers:  +31201234567, +31201234568\nKenmerk:  t1\n\n"
        "Zo komen wij aan die datum: opzegregel per maand; opgezegd op 1 juni 2026; één\n"
        "volle maand; tot het einde van de maand; eindigt op 31 juli 2026.\n\n"
        "De afsluitkosten van € 25,00 (exclusief btw) staan op uw laatste factuur. Wilt"
    ) in body
    assert "Tot en met 31 juli 2026 kunt u uw" in body
    free = msgspec.structs.replace(cancelled, waives_disconnect_fee=True, returns_paid_ahead=True)
    said = " ".join(body_of(free).split())
    assert "€ 25,00 hoeft u niet te betalen" in said and "vooruit heeft betaald" in said and "nummer meenemen" not in said


@pytest.mark.rule("CON-6")
def test_an_order_without_a_start_starts_with_the_delivery() -> None:
    """And what comes of itself was recorded by us."""
    line = msgspec.structs.replace(CALLS, notice=term(36), is_telecom=False)
    order = ModuleOrdered(module_id=M, tariff=line, quantity=2, ordered_on=DAY, starts_on=None)
    body = " ".join(body_of(order, actor="dunning", tariff=line).split())
    assert "Ingangsdatum: de dag van oplevering" in body
    assert "36 maanden vanaf de oplevering" in body
    assert "ons systeem" in body


@pytest.mark.rule("CON-6", "CON-13")
def test_the_delivery_of_a_line_tells_its_term() -> None:
    """The order could not: the term runs from this day."""
    line = msgspec.structs.replace(CALLS, notice=term(36), is_telecom=False)
    body = " ".join(body_of(ModuleActivated(module_id=M, active_from=DAY), tariff=line, counts_from=DAY).split())
    assert "36 maanden: van 1 juli 2026 tot en met 30 juni 2029" in body


@pytest.mark.rule("CON-6")
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "Op de factuur komt daar 21% btw bij."),
        ({"is_telecom_reseller": True}, "daarover is de btw naar u verlegd"),
        ({"is_taxable": False}, "brengen wij u geen btw in rekening"),
        ({"vat_country": "BE"}, "volgt uit uw land (BE) en btw-nummer"),
        ({"debtor_kind": "consumer"}, "voor 2 stuks € 19,80 per maand, € 23,96 inclusief btw"),
    ],
)
def test_prices_say_what_comes_on_top(facts: dict[str, Any], said: str) -> None:
    """A consumer reads what it comes to."""
    order = ModuleOrdered(module_id=M, tariff=CALLS, quantity=2, ordered_on=DAY, starts_on=DAY)
    body = body_of(order, customer=AccountFacts(**facts), quantity=2, counts_from=DAY)
    assert said in " ".join(body.split())


@pytest.mark.rule("CON-6", "CON-10")
def test_an_order_that_starts_suspended_says_what_works() -> None:
    """And that paying ends it."""
    body = " ".join(body_of(CONFIRMED[0], still_works=("emergency calls", "voicemail")).split())
    assert "begint deze dienst met beperkte functies. Wel werken: bellen naar 112, voicemail." in body


@pytest.mark.rule("CON-6", "CON-11")
def test_what_is_leased_has_the_term_of_its_lease() -> None:
    """Notice is not what ends it."""
    leased = Lease(months=36, starts_on=DAY, ends_on=date(2029, 6, 30))
    body = " ".join(body_of(CONFIRMED[0], lease=leased).split())
    assert "vaste looptijd van 36 maanden: van 1 juli 2026 tot en met 30 juni 2029" in body
    assert "opzegtermijn" not in body


@pytest.mark.rule("CON-6", "CON-3")
def test_what_is_billed_once_is_told_when_it_begins_and_not_when_it_grows() -> None:
    """Scaling costs no fee."""
    once = Article(article_id=ArticleId("setup"), title="Set-up", net_price=Decimal(35), billing=Billing(every_months=0))
    with_setup = msgspec.structs.replace(CALLS, articles=(BASE, once))
    order = ModuleOrdered(module_id=M, tariff=with_setup, quantity=2, ordered_on=DAY, starts_on=DAY)
    assert "Set-up: € 35,00 eenmalig, voor 2 stuks € 70,00 eenmalig" in body_of(order, tariff=with_setup, quantity=2, counts_from=DAY)
    assert "Set-up" not in body_of(CONFIRMED[1], tariff=with_setup, quantity=3)


@pytest.mark.rule("CON-6", "CON-13")
def test_a_change_in_some_years_says_what_notice_would_give_then() -> None:
    """Not what it would give today, when the tariff before still binds; and a term that is over by then does not bind."""
    year = msgspec.structs.replace(CALLS, notice=term(12), is_telecom=False)
    changed = TariffChanged(module_id=M, tariff=year, from_on=date(2029, 2, 1), channel="web")
    said = " ".join(body_of(changed, tariff=year, counts_from=DAY).split())
    assert "De minimale looptijd van 12 maanden is dan voorbij: zij liep van 1 juli 2026 tot en met 30 juni 2027." in said
    assert "Zou u op 1 februari 2029 opzeggen, dan is 31 maart 2029 de laatste dag" in said


@pytest.mark.rule("CON-6", "CAT-10")
@pytest.mark.parametrize("channel", ["migration", "indexation"])
def test_prices_that_were_announced_are_no_change_that_was_asked_for(channel: str) -> None:
    """The letter of the day says so."""
    changed = TariffChanged(module_id=M, tariff=CALLS, from_on=DAY, channel=channel)
    subject, body = letter(told(changed, counts_from=DAY))
    assert subject == "Uw nieuwe prijzen: Call handling"
    assert "Zoals wij u hebben aangekondigd, gelden vanaf 1 juli 2026 de nieuwe prijzen" in body and "overgaat" not in body


@pytest.mark.rule("CON-6")
def test_a_number_is_named_and_stays_out_of_what_is_kept() -> None:
    """It is personal: the letter has it, the facts do not."""
    added = SubjectAssigned(module_id=M, subject="+31201234567", from_at=at(DAY, "00:00"))
    assert "Wij bevestigen dat +31201234567 vanaf 1 juli 2026 bij deze dienst hoort." in body_of(added)
    assert "+31" not in str(facts_of(added))


@pytest.mark.rule("CON-6")
def test_what_nobody_decided_is_not_confirmed() -> None:
    """An end was confirmed when it was agreed; a number that is taken off a module was asked for by nobody outside."""
    assert facts_of(ModuleEnded(module_id=M, ended_on=DAY)) is None
    assert facts_of(SubjectReleased(module_id=M, subject="100", until_at=at(DAY, "00:00"))) is None


@pytest.mark.rule("CON-6")
def test_an_outcome_is_noted_once() -> None:
    """Sent, or why not."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    sent = NoteOutcome(now=now, confirmation_id="t1/1", message_id="m")
    failed = NoteOutcome(now=now, confirmation_id="t1/1", message_id=None, reason="no address")
    spec(CONFIRMATION).when(sent, failed).then(ConfirmationSent(confirmation_id="t1/1", message_id="m"))
    spec(CONFIRMATION).when(failed, sent).then(ConfirmationNotSent(confirmation_id="t1/1", reason="no address"))


class Flaky:
    """A mail server that is away twice, and never takes mail for one address."""

    def __init__(self) -> None:
        self.away = 2
        self.sent: list[tuple[str, str]] = []

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        if to == "nobody@acme.example":
            raise MailRefused("mail server answered 550")
        if self.away:
            self.away -= 1
            raise Transient("mail server: away")
        self.sent.append((to, message_id))


@pytest.mark.slow
@pytest.mark.rule("CON-6")
async def test_a_mail_server_that_is_away_delays_and_loses_nothing(services: Services) -> None:
    """Each goes out once it is back; what is refused for good does not stop the others."""
    mailer = Flaky()
    contracts = await services.open(definition(mailer), routes, now=datetime(2026, 6, 1, 9, tzinfo=UTC))
    async with contracts.client("manager") as manager:
        tariff = {"tariff_id": "calls", "title": "Calls", "module": "telephony", "notice": "monthly"}
        calls = [("/tariffs", {**tariff, "articles": [{"article_id": "base", "title": "Base fee", "net_price": "9.90"}]})]
        for account, address in (("a", "nobody@acme.example"), ("b", "billing@acme.example")):
            calls.append(("/accounts", {"account_id": account, "contract_partner": {"name": "Acme B.V.", "email": address}}))
            calls.append((f"/accounts/{account}/debit-exemption", {"reason": "by transfer"}))
            calls.append((f"/accounts/{account}/modules", {"module_id": f"{account}1", "tariff_id": "calls"}))
        for number, (path, body) in enumerate(calls):
            answer = await manager.post(path, json=body, headers={"Idempotency-Key": f"c{number}"})
            assert answer.status_code in {200, 201}, answer.text
    for _ in range(4):
        await contracts.settle()
    assert [to for to, _ in mailer.sent] == ["billing@acme.example"] * 2
    rows = await contracts.rows("select confirmation_id, state, reason from confirmation order by confirmation_id")
    assert [(row["confirmation_id"], row["state"]) for row in rows] == [
        ("a1/1", "not_sent"),
        ("account~a/2", "not_sent"),
        ("account~b/2", "sent"),
        ("b1/1", "sent"),
    ]
    assert "550" in rows[0]["reason"]
