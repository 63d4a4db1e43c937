"""Stories: what a provider and its customers live through, over all four services, with a clock that the story moves.

A pytest plugin. ``story`` is a fresh installation on the test's own databases; everything is done through the HTTP APIs.
"""

import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from termijn.demo.bank_account import creditor_id
from termijn.embedded.databases import SUPERUSER
from termijn.embedded.installation import Installation, open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.kernel.calendar import at, day_of
from termijn.testing.documented import hold_to_document

Facts = dict[str, Any]
_numbers = itertools.count(1)

FIRST_DAY = date(2026, 1, 1)
OPENS_AT = at(FIRST_DAY, "08:00")
"""In office hours: what is ordered in the night before a run is in the run of that morning."""

MONTHLY_FEE: Facts = {
    "tariff_id": "workplace",
    "title": "Cloud workplace",
    "module": "workplace",
    "notice": {"name": "monthly", "notice_months": 1, "alignment": "month_end"},
    "vat_rate": "21",
    "articles": [{"article_id": "fee", "title": "Workplace", "net_price": "100.00"}],
    "orders_from": FIRST_DAY.isoformat(),
}
"""The simplest tariff: 100.00 a month in advance, so 121.00 on the invoice."""

CALLS: Facts = {
    "tariff_id": "calls",
    "title": "Calls",
    "module": "telephony",
    "notice": {"name": "monthly", "notice_months": 1, "alignment": "month_end"},
    "vat_rate": "21",
    "is_telecom": True,
    "time_rating": "minute",
    "revenue_group": "telephony",
    "ledger_account": "8100",
    "deck_id": "standard",
    "articles": [
        {"article_id": "calls", "title": "Calls", "usage_key": "call", "unit": "minute", "kind": "telecom",
         "billing": {"every_months": 1, "in": "arrears"}},
        {"article_id": "base", "title": "Base fee", "net_price": "20.00"},
    ],
    "orders_from": FIRST_DAY.isoformat(),
}  # fmt: skip
"""A base fee in advance and calls in arrears, by a rate deck."""

DECK = """prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds
31,Netherlands,0.02,0,1,1
316,Netherlands mobile,0.10,0.05,1,1
"""

PROFILE: Facts = {
    "name": "Belco B.V.",
    "street": "Kade 1",
    "postcode": "1011 AA",
    "city": "Amsterdam",
    "country": "NL",
    "email": "billing@belco.example",
    "chamber_of_commerce": "12345678",
    "vat_number": "NL004495445B01",
    "iban": "NL91ABNA0417164300",
    "creditor_id": creditor_id("12345678"),
}


class Refused(AssertionError):
    """A call that the story counts on was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCall:
    """A call at noon, as a collector knows it."""

    call_id: str
    on: date
    seconds: int
    subject: str = "100"
    to: str = "+31612345678"

    def as_event(self) -> Facts:
        """A CloudEvent (USE-1)."""
        started_at = at(self.on, "12:00").isoformat()
        data = {"subject": self.subject, "key": "call", "started_at": started_at}
        return {
            "specversion": "1.0",
            "id": self.call_id,
            "source": "pbx-1",
            "type": "termijn.usage.v1",
            "time": started_at,
            "data": {**data, "duration_seconds": self.seconds, "destination": self.to},
        }


@dataclass(slots=True, kw_only=True)
class Story:
    """One provider's story. Other providers of the same installation are had by ``of``."""

    installation: Installation
    server: EmbeddedPostgres
    prefix: str
    provider: str = "belco"
    _keys: "itertools.count[int]" = field(default_factory=itertools.count)

    def of(self, provider: str) -> "Story":
        """The story of another provider in the same installation."""
        return Story(installation=self.installation, server=self.server, prefix=self.prefix, provider=provider)

    @property
    def today(self) -> date:
        """The day in Amsterdam."""
        return day_of(self.installation.clock.now())

    async def until(self, day: date, time_of_day: str = "23:00") -> None:
        """Let time pass; everything due happens."""
        await self.installation.advance_to(at(day, time_of_day))

    async def call(self, method: str, path: str, body: Facts | None = None, *, role: str = "manager", account: str | None = None) -> Facts:
        """A call that must succeed; the answer."""
        answer = await self.ask(method, path, body, role=role, account=account)
        if not answer.is_success:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return dict(answer.json()) if answer.content else {}

    async def ask(
        self, method: str, path: str, body: Facts | None = None, *, role: str = "manager", account: str | None = None
    ) -> httpx.Response:
        """A call; whatever it is answered."""
        async with self.installation.client(role, self.provider, account) as client:
            headers = {"idempotency-key": f"story-{next(self._keys)}"} if method != "GET" else {}
            return await client.request(method, path, json=body, headers=headers)

    async def items(self, path: str, **query: str) -> list[Facts]:
        """All items of a list."""
        found: list[Facts] = []
        cursor: str | None = None
        async with self.installation.client("manager", self.provider) as client:
            while True:
                answer = await client.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
                assert answer.is_success, answer.text
                found += answer.json()["items"]
                cursor = answer.json()["next"]
                if cursor is None:
                    return found

    async def open_shop(self, *tariffs: Facts) -> None:
        """The provider says who it is and what it sells."""
        await self.call("PUT", "/invoice/profile", PROFILE)
        await self.upload("/contracts/rate-decks/standard?valid_from=2026-01-01", DECK.encode(), "text/csv")
        for tariff in tariffs or (MONTHLY_FEE, CALLS):
            await self.call("POST", "/contracts/tariffs", tariff)

    async def upload(self, path: str, content: bytes, content_type: str, *, role: str = "manager", method: str = "POST") -> Facts:
        """Send a file; the answer."""
        headers = {"content-type": content_type, "idempotency-key": f"story-{next(self._keys)}"}
        async with self.installation.client(role, self.provider) as client:
            answer = await client.request(method, path, content=content, headers=headers)
        if not answer.is_success:
            raise Refused(f"{path}: {answer.status_code} {answer.text[:500]}")
        return dict(answer.json())

    async def customer(self, account: str, *, debit: bool = False, term_days: int | None = None, language: str = "nl") -> str:
        """A company that accepted the terms; pays by direct debit where it gave a mandate, else by transfer."""
        facts: Facts = {
            "debtor_kind": "company",
            "language": language,
            "account_manager": "Marieke",
            "subscription_term_days": term_days,
            "terms": {"version": "2025-07", "accepted_on": "2025-12-15"},
        }
        partner = {
            "name": f"{account} B.V.",
            "street": "Dam 1",
            "postcode": "1012 JS",
            "city": "Amsterdam",
            "email": f"{account}@x.example",
        }
        await self.call("POST", "/contracts/accounts", {"account_id": account, "contract_partner": partner, "facts": facts})
        if debit:
            mandate = {"mandate_id": f"{account}-m1", "reference": f"M-{account}", "scheme": "CORE", "signed_on": "2025-12-15"}
            mandate |= {"iban": "NL91ABNA0417164300", "holder": partner["name"]}
            await self.call("POST", f"/contracts/accounts/{account}/mandates", mandate)
        else:
            await self.call("POST", f"/contracts/accounts/{account}/debit-exemption", {"reason": "pays by transfer"})
        return account

    async def order(
        self, account: str, tariff_id: str, *, module_id: str | None = None, quantity: int = 1, subject: str | None = None
    ) -> str:
        """Order a module; the subject (an extension) belongs to it from the first day of the story."""
        module = module_id or f"{account}-{tariff_id}"
        await self.call(
            "POST", f"/contracts/accounts/{account}/modules", {"module_id": module, "tariff_id": tariff_id, "quantity": quantity}
        )
        if subject is not None:
            body = {"subject": subject, "from_at": at(FIRST_DAY, "00:00").isoformat()}
            await self.call("POST", f"/contracts/accounts/{account}/modules/{module}/subjects", body)
        return module

    async def calls(self, *calls: "MadeCall") -> Facts:
        """A collector sends these calls as one batch of CloudEvents; what the system says of them."""
        body = json.dumps([call.as_event() for call in calls]).encode()
        return await self.upload("/rating/usage", body, "application/cloudevents-batch+json", role="collector")

    async def invoices(self, account: str) -> list[Facts]:
        """The account's documents, oldest first."""
        return sorted(await self.items("/invoice/invoices", account=account), key=lambda one: str(one["number"]))

    async def pay(self, invoice: Mapping[str, Any], amount: str | None = None, *, on: date | None = None, method: str = "transfer") -> str:
        """Money for an invoice, all that is open where no amount is given; the payment id."""
        payment_id = f"p-{next(_numbers)}"
        value_on = (on or self.today).isoformat()
        body = {"payment_id": payment_id, "amount": amount or str(invoice["open"]), "value_on": value_on, "method": method}
        await self.call("POST", f"/invoice/invoices/{invoice['invoice_id']}/payments", body)
        await self.installation.settle()
        return payment_id

    async def steps(self, account: str) -> list[tuple[str, date]]:
        """Step and day of every letter item that went to the account, oldest first."""
        letters = await self.items("/dunning/letters", account=account)
        found = [(str(item["step"]), date.fromisoformat(letter["on_day"])) for letter in letters for item in letter["items"]]
        return sorted(found, key=lambda step: step[1])

    async def handovers(self) -> list[Facts]:
        """Every claim that went to the bailiff."""
        return await self.items("/dunning/handovers")

    async def tamper(self, service: str, *statements: str) -> None:
        """Change a service's database behind its back, with a superuser's rights."""
        connection = await asyncpg.connect(self.server.dsn(f"{self.prefix}_{service}", SUPERUSER))
        try:
            await connection.execute("set session_replication_role = replica; " + "; ".join(statements))
        finally:
            await connection.close()

    async def verify(self) -> None:
        """The books hold."""
        await self.installation.settle()
        broken = await self.installation.verify()
        assert not broken, "\n".join(broken)

    async def total_open(self, account: str) -> Decimal:
        """What the account owes."""
        return sum((Decimal(each["open"]) for each in await self.invoices(account)), Decimal(0))


@pytest.fixture
async def story(postgres_server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Story]:
    """A fresh installation on the first day of 2026; its books must hold when the story ends."""
    prefix = f"story{next(_numbers)}"
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(
            open_installation(tmp_path, sandbox_start=OPENS_AT, server=postgres_server, prefix=prefix)
        )
        hold_to_document(installation.app)
        told = Story(installation=installation, server=postgres_server, prefix=prefix)
        yield told
        await told.verify()
