"""Confirmations in writing: what they say, and that each goes out although the mail server is away for a while."""

from datetime import UTC, date, datetime

import pytest

from termijn.contracts.app import definition, routes
from termijn.contracts.confirmation import CONFIRMATION, ConfirmationNotSent, ConfirmationSent, NoteOutcome, facts_of
from termijn.contracts.confirmation_letter import text
from termijn.events.base import Event
from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleOrdered,
    ModuleScaled,
    OptionAdded,
    OptionRemoved,
    TariffChanged,
)
from termijn.kernel.ids import ArticleId, ModuleId, ProviderId, TariffId
from termijn.kernel.notice import MONTHLY
from termijn.kernel.tariff import Tariff
from termijn.kernel.words import Language
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused, Origin
from termijn.testing.harness import Services
from termijn.testing.spec import spec

M = ModuleId("t1")
DAY = date(2026, 7, 1)
CALLS = Tariff(tariff_id=TariffId("calls"), version=1, title="Call handling", module="telephony", notice=MONTHLY)
CONFIRMED: list[Event] = [
    ModuleOrdered(module_id=M, tariff=CALLS, quantity=2, ordered_on=DAY, starts_on=None, channel="web"),
    ModuleScaled(module_id=M, quantity=3, from_on=DAY, channel="web"),
    TariffChanged(module_id=M, tariff=CALLS, from_on=DAY, channel="web"),
    OptionAdded(module_id=M, article_id=ArticleId("machine"), quantity=1, from_on=DAY, channel="web"),
    OptionRemoved(module_id=M, article_id=ArticleId("machine"), ends_on=DAY, channel="web"),
    ModuleCancelled(module_id=M, notice_on=date(2026, 6, 1), ends_on=DAY, explanation="one full month", channel="web"),
    CancellationWithdrawn(module_id=M, channel="web"),
]


def letter(event: Event, language: Language, *, actor: str = "customer:jan") -> str:
    facts = facts_of(event)
    assert facts is not None
    return text(type(event).__name__, facts, language=language, module_id="t1", when=date(2026, 6, 1), actor=actor)[1]


@pytest.mark.rule("CON-6")
@pytest.mark.parametrize(
    ("language", "told"), [("nl", ("1 juni 2026", "website", "uzelf")), ("en", ("1 June 2026", "website", "yourself"))]
)
@pytest.mark.parametrize("event", CONFIRMED, ids=lambda event: type(event).__name__)
def test_every_order_change_and_cancellation_says_who_when_and_through_what(
    event: Event, language: Language, told: tuple[str, ...]
) -> None:
    """In the account's language."""
    body = " ".join(letter(event, language).split())
    assert all(one in body for one in ("t1", "(jan)", *told))
    assert not any(odd in body for odd in ("None", "{", "2026-", "customer:"))


@pytest.mark.rule("CON-6")
def test_a_cancellation_reads_like_a_letter() -> None:
    """The whole text, so that a change of it is a decision."""
    why = "notice on 1 June 2026; one full month; to month end; ends 31 July 2026"
    cancelled = ModuleCancelled(module_id=M, notice_on=date(2026, 6, 1), ends_on=date(2026, 7, 31), explanation=why, channel="telefoon")
    assert letter(cancelled, "nl", actor="manager:manager") == (
        "Geachte heer of mevrouw,\n\n"
        "Wij hebben uw opzegging van 1 juni 2026 verwerkt. De laatste dag van uw\novereenkomst is 31 juli 2026.\n\n"
        "Zo komen wij aan die datum: opgezegd op 1 juni 2026; één volle maand; tot het\n"
        "einde van de maand; eindigt op 31 juli 2026.\n\n"
        "Het gaat om module t1. Dit is op 1 juni 2026 telefonisch vastgelegd door een\nmedewerker van ons.\n\n"
        "Klopt er iets niet? Laat het ons dan weten door op dit bericht te antwoorden.\n\n"
        "Met vriendelijke groet,\n\nDe klantenservice\n"
    )


@pytest.mark.rule("CON-6")
def test_an_order_without_a_start_starts_with_the_delivery() -> None:
    """And what comes of itself was recorded by us."""
    body = letter(CONFIRMED[0], "nl", actor="dunning")
    assert "Call handling (aantal: 2). De\ningangsdatum is de dag van oplevering." in body
    assert "ons systeem" in body


@pytest.mark.rule("CON-6")
def test_what_nobody_ordered_is_not_confirmed() -> None:
    """A delivery is the provider's own."""
    assert facts_of(ModuleActivated(module_id=M, active_from=DAY)) is None


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
    assert [to for to, _ in mailer.sent] == ["billing@acme.example"]
    rows = await contracts.rows("select confirmation_id, state, reason from confirmation order by confirmation_id")
    assert [(row["confirmation_id"], row["state"]) for row in rows] == [("a1/1", "not_sent"), ("b1/1", "sent")]
    assert "550" in rows[0]["reason"]
