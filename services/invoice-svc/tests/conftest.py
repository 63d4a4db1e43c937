"""Examples that the specs of invoice-svc share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.base import Blob, Event
from termijn.events.contracts import AccountFacts, AccountOpened, MandateGiven, ModuleOrdered, Party, Recipient
from termijn.events.invoice import InvoiceIssued, VatAmount
from termijn.events.rating import ChargeLine, PeriodClosed, PeriodRated, UsageDigest
from termijn.invoice.app import definition, routes
from termijn.invoice.billing_account import BillingAccountNoted
from termijn.invoice.laws import LAWS, SUMS
from termijn.invoice.payer import Mandate
from termijn.kernel.calendar import at
from termijn.kernel.ids import InvoiceId, MandateId, ModuleId, ProviderId, TariffId
from termijn.kernel.notice import named
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused, Origin
from termijn.testing.harness import Services, ServiceUnderTest

BLOB = Blob(sha256="0" * 64, size_bytes=1, address="x")


@pytest.fixture
def line() -> Callable[..., ChargeLine]:
    """``line("l-1", "12.50")`` is a subscription line of 12.50; anything else by keyword."""

    def make(line_id: str, net: str, **other: object) -> ChargeLine:
        facts: dict[str, object] = {
            "article": "base",
            "title": "Base fee",
            "origin": "recurring",
            "period_from": date(2026, 3, 1),
            "period_until": date(2026, 3, 31),
            "quantity": Decimal(1),
            "unit": "piece",
            "unit_price": Decimal(net),
            "vat_rate": Decimal(21),
        }
        return ChargeLine(line_id=line_id, net=Decimal(net), **{**facts, **other})  # type: ignore[arg-type]

    return make


@pytest.fixture
def noted() -> Callable[..., BillingAccountNoted]:
    """An account that is known; facts by keyword."""

    def make(**facts: object) -> BillingAccountNoted:
        partner = Party(name="Bakkerij Jansen B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email="post@jansen.example")
        return BillingAccountNoted(contract_partner=partner, invoice_address=None, facts=AccountFacts(**facts))  # type: ignore[arg-type]

    return make


@pytest.fixture
def issued() -> Callable[..., InvoiceIssued]:
    """Invoice F2026000001 of 121.00, issued on 1 April 2026, due on 9 April 2026 (a Thursday), by transfer."""

    def make(**other: object) -> InvoiceIssued:
        facts: dict[str, object] = {
            "invoice_id": InvoiceId("jansen.1"),
            "number": "F2026000001",
            "series": "F",
            "stream": "subscription",
            "issued_on": date(2026, 4, 1),
            "due_on": date(2026, 4, 9),
            "collection": "transfer",
            "net": Decimal("100.00"),
            "vat": (VatAmount(rate=Decimal(21), base=Decimal("100.00"), vat=Decimal("21.00")),),
            "gross": Decimal("121.00"),
            "terms": None,
            "document": BLOB,
        }
        return InvoiceIssued(**{**facts, **other})  # type: ignore[arg-type]

    return make


@pytest.fixture
def mandate() -> Mandate:
    """A mandate that may be used."""
    return Mandate(mandate_id=MandateId("m-1"), reference="BELCO-1", signed_on=date(2026, 1, 2))


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
    unknown: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    origins: list[Origin | None] = field(default_factory=list)

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        if self.is_down or to in self.silent:
            raise Transient("the mail server is down")
        if self.refuses or to in self.unknown:
            raise MailRefused("no such mailbox")
        self.sent.append((to, subject, text, message_id))
        self.origins.append(origin)


@dataclass
class Firm:
    """The service, its mail, and short words for what others say to it."""

    it: ServiceUnderTest
    post: Post
    calls: int = 0

    async def account(
        self,
        account: str,
        *,
        mandate: bool = True,
        email: str = "post@klant.example",
        recipients: tuple[Recipient, ...] | None = None,
        **facts: Any,
    ) -> None:
        partner = Party(name=f"{account.title()} B.V.", street="Kade 1", postcode="1011 AB", city="Amsterdam", email=email)
        said: list[Event] = [
            AccountOpened(contract_partner=partner, facts=AccountFacts(**facts), recipients=recipients),
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


def april(line_id: str, net: str, **other: Any) -> ChargeLine:
    """A line of the article period of April."""
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


@pytest.fixture
def opened(services: Services) -> Callable[..., Awaitable[Firm]]:
    """A firm in March 2026, with its profile unless it is said to have none."""

    async def make(*, profile: bool = True) -> Firm:
        post = Post()
        firm = Firm(await services.open(definition(post), routes, now=START), post)
        if profile:
            await firm.call("PUT", "/profile", PROFILE)
        return firm

    return make


@pytest.fixture
def charge() -> Callable[..., ChargeLine]:
    """``charge("l-1", "100.00")``: a line of April; anything else by keyword."""
    return april


@pytest.fixture
def profile() -> dict[str, str]:
    """Who the provider is."""
    return dict(PROFILE)
