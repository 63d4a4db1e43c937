"""A provider's desk: a running contracts-svc with a catalogue, an account and a module, and the people who call it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from termijn.contracts.app import definition, routes
from termijn.contracts.laws import LAWS
from termijn.runtime.mail import MaildirMailer
from termijn.testing.harness import ManualClock, Services, ServiceUnderTest

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TELEPHONY = {
    "tariff_id": "calls",
    "title": "Call handling",
    "module": "telephony",
    "notice": "monthly",
    "orders_from": "2026-01-01",
    "articles": [
        {"article_id": "base", "title": "Base fee", "net_price": "9.90"},
        {"article_id": "machine", "title": "Answering machine", "net_price": "2.50", "is_option": True, "notice": "none"},
    ],
}
ACME = {"account_id": "acme", "contract_partner": {"name": "Acme B.V.", "email": "billing@acme.example"}}
MANDATE = {"mandate_id": "m1", "reference": "ACME-1", "signed_on": "2026-05-01", "iban": "NL91ABNA0417164300", "holder": "Acme B.V."}


@dataclass(slots=True)
class Desk:
    """``manager`` and ``customer`` (of acme) are HTTP clients."""

    contracts: ServiceUnderTest
    manager: httpx.AsyncClient
    customer: httpx.AsyncClient
    now: datetime = NOW
    tariff: dict[str, Any] = field(default_factory=lambda: dict(TELEPHONY))
    account: dict[str, Any] = field(default_factory=lambda: dict(ACME))
    mandate: dict[str, Any] = field(default_factory=lambda: dict(MANDATE))
    _keys: "count[int]" = field(default_factory=lambda: count(1))

    def key(self) -> dict[str, str]:
        """A new Idempotency-Key."""
        return {"Idempotency-Key": f"test-{next(self._keys)}"}

    async def post(self, client: httpx.AsyncClient, path: str, body: Any = None, *, status: int = 201) -> Any:
        """POST that answers with this status; the answer's body."""
        answer = await client.post(path, json=body or {}, headers=self.key())
        assert answer.status_code == status, answer.text
        return answer.json()

    async def acme_with_a_module(self, **tariff: Any) -> None:
        """Acme has a mandate and two of module t1, under the telephony tariff with these changes."""
        published = await self.post(self.manager, "/tariffs", {**self.tariff, **tariff})
        await self.post(self.manager, "/accounts", self.account)
        await self.post(self.manager, "/accounts/acme/mandates", self.mandate)
        order = {"module_id": "t1", "tariff_id": published["tariff_id"], "quantity": 2}
        await self.post(self.manager, "/accounts/acme/modules", order)

    async def check(self) -> None:
        """The laws hold, and every view comes out of the store again as it is."""
        assert await self.contracts.broken(LAWS) == []
        for view in self.contracts.service.definition.views:
            before = {table: await self.contracts.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
            await self.contracts.service.rebuild(view.name)
            after = {table: await self.contracts.rows(f"select * from {table} order by 1, 2, 3, 4") for table in view.tables}
            assert after == before


@pytest.fixture
async def desk(services: Services) -> AsyncIterator[Desk]:
    """A desk of its own for one test, on 1 June 2026."""
    mailer = MaildirMailer(services.folder / "mail", ManualClock(NOW))
    contracts = await services.open(definition(mailer), routes, now=NOW)
    async with contracts.client("manager") as manager, contracts.client("customer", account="acme") as customer:
        yield Desk(contracts, manager, customer)
