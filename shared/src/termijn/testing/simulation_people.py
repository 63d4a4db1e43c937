"""Doing a deed of the plan: through the HTTP handlers, again with the same key until it is answered, as a careful client would."""

import json
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx

from termijn.kernel.calendar import day_of
from termijn.testing.simulation_deed import Ask, Body, CollectDebits, Deed, Hold, ImportCatalogue, PayOldest, SendBack, SendUsage, Upload
from termijn.testing.simulation_world import World

Attempt = Callable[[Callable[[], Awaitable[httpx.Response]], str], Awaitable[httpx.Response]]
"""Makes a call (again) until it is answered; the second argument is the service that is called."""

MANAGER, COLLECTOR, CUSTOMER = "manager", "collector", "customer"
REFUSED, SERVER_ERROR = 400, 500
REFUSED_DEBITS = {0: "AM04", 1: "AC04", 2: "AM05"}
"""Of ten debits three come back, one for each of these reasons."""


class ServerError(AssertionError):
    """A service answered with a 5xx without a fault of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to a call of that kind: its method and address without ids."""

    kind: str
    status: int

    @property
    def is_of_contracts(self) -> bool:
        """Whether contracts-svc said it."""
        return " contracts/" in self.kind


def kind_of(method: str, path: str) -> str:
    """A call without its ids: they stand in every second place, from the third on."""
    words = path.partition("?")[0].strip("/").split("/")
    return f"{method} {'/'.join(word for place, word in enumerate(words) if place < 2 or place % 2 or word == 'publication')}"


class People:
    """Everybody outside the system. ``answers`` keeps what was said to each deed: it must not depend on faults."""

    def __init__(self, world: World, attempt: Attempt, *, spares_mandates: bool) -> None:
        self._world = world
        self._attempt = attempt
        self._codes = {0: "AM04", 1: "MS03", 2: "AM05"} if spares_mandates else REFUSED_DEBITS
        self.answers: dict[tuple[str, str], Answer] = {}

    @property
    def taken(self) -> Counter[str]:
        """How often each kind of deed was accepted."""
        return Counter(each.kind for each in self.answers.values() if each.status < REFUSED)

    async def do(self, deed: Deed) -> None:
        """Do it to the end."""
        match deed.what:
            case Ask(method=method, path=path, body=body, is_own=is_own):
                await self._say(deed, method, path, body, role=CUSTOMER if is_own else MANAGER)
            case ImportCatalogue(catalogue=catalogue):
                await self._import(deed, catalogue)
            case Upload(path=path, content=content):
                await self._say(deed, "POST", path, content.encode(), content_type="text/csv")
            case SendUsage(events=events):
                batch = json.dumps(events).encode()
                await self._say(deed, "POST", "/rating/usage", batch, role=COLLECTOR, content_type="application/cloudevents-batch+json")
            case PayOldest():
                await self._pay(deed, deed.what)
            case SendBack(reason_code=code):
                await self._send_back(deed, code)
            case CollectDebits(seed=seed):
                await self._collect(deed, seed)
            case Hold():
                await self._hold(deed, deed.what)

    async def _say(
        self,
        deed: Deed,
        method: str,
        path: str,
        body: Body | bytes | None = None,
        *,
        part: str = "",
        role: str = MANAGER,
        content_type: str = "application/json",
    ) -> None:
        key = f"{deed.key}{part}"
        headers = {"idempotency-key": key, "content-type": content_type}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        client = self._world.client(role, deed.provider, account=deed.account if role == CUSTOMER else None)
        answer = await self._attempt(lambda: client.request(method, path, content=content, headers=headers), path.split("/")[1])
        if answer.status_code >= SERVER_ERROR:
            raise ServerError(f"{key}: {method} {path}: {answer.status_code} {answer.text[:500]}")
        self.answers[deed.provider, key] = Answer(kind_of(method, path), answer.status_code)

    async def _import(self, deed: Deed, catalogue: Body) -> None:
        """As ``termijn import catalogue`` does it: what is applied is the plan that was looked at."""
        plan = await self._world.client(MANAGER, deed.provider).post("/contracts/catalogue/plan", json=catalogue)
        assert plan.is_success, plan.text
        await self._say(deed, "PUT", "/contracts/catalogue", {**catalogue, "plan": plan.json()["plan"]})

    async def _items(self, deed: Deed, path: str, **query: str) -> list[dict[str, Any]]:
        client = self._world.client(MANAGER, deed.provider)
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {"limit": "200", **query, **({"cursor": cursor} if cursor else {})}
            answer = await client.get(path, params=params)
            assert answer.is_success, answer.text
            found += answer.json()["items"]
            cursor = answer.json()["next"]
            if not cursor:
                return found

    @property
    def _today(self) -> date:
        return day_of(self._world.clock.now())

    async def _pay(self, deed: Deed, pay: PayOldest) -> None:
        items = await self._items(deed, "/invoice/invoices", account=deed.account)
        found = [each for each in items if each["kind"] == "invoice" and Decimal(each["open"]) > 0]
        if not found:
            return
        oldest = min(found, key=lambda each: (each["issued_on"], each["gross"], each["invoice_id"]))
        amount = (Decimal(oldest["open"]) * pay.per_mille / 1000).quantize(Decimal("0.01"))
        if amount <= 0:
            return
        value_on = max(self._today - timedelta(days=pay.days_ago), date.fromisoformat(oldest["issued_on"]))
        body = {"payment_id": deed.key, "amount": str(amount), "value_on": value_on.isoformat(), "method": "transfer"}
        path = f"/invoice/invoices/{oldest['invoice_id']}/payments"
        await self._say(deed, "POST", path, body)
        if pay.is_told_twice:
            await self._say(deed, "POST", path, body, part="-again")

    async def _send_back(self, deed: Deed, code: str) -> None:
        rows = await self._world.rows(
            "invoice",
            "select payment_id from payment where provider = $1 and account = $2 and reversed_on is null "
            "order by booked_on desc, payment_id desc limit 1",
            deed.provider,
            deed.account,
        )
        if rows:
            body = {"reason_code": code, "reversed_on": self._today.isoformat()}
            await self._say(deed, "POST", f"/invoice/payments/{rows[0]['payment_id']}/reversal", body)

    async def _collect(self, deed: Deed, seed: str) -> None:
        debits = await self._items(deed, "/invoice/direct-debits", collect_on=self._today.isoformat(), status="submitted")
        for debit in sorted(debits, key=lambda each: str(each["invoice_id"])):
            invoice, account, amount = debit["invoice_id"], debit["account"], debit["amount"]
            # Not by the invoice's id: who of two documents of an account came first may differ.
            luck = zlib.crc32(f"{seed}/{deed.key}/{account}/{amount}/{debit['attempt']}".encode()) % 10
            part = f"-{invoice}-{debit['attempt']}"
            if luck in self._codes:
                body: Body = {"reason_code": self._codes[luck], "rejected_on": self._today.isoformat()}
                await self._say(deed, "POST", f"/invoice/invoices/{invoice}/debit-rejection", body, part=part)
                continue
            body = {"payment_id": f"dd-{invoice}-{debit['attempt']}", "amount": amount, "value_on": self._today.isoformat()}
            await self._say(deed, "POST", f"/invoice/invoices/{invoice}/payments", {**body, "method": "direct_debit"}, part=part)

    async def _hold(self, deed: Deed, hold: Hold) -> None:
        if hold.lifts:
            running = [each for each in await self._items(deed, "/dunning/holds", account=deed.account) if each["state"] == "running"]
            if running:
                await self._say(deed, "DELETE", f"/dunning/holds/{min(each['hold_id'] for each in running)}")
            return
        until = self._today + timedelta(days=hold.days)
        await self._say(deed, "POST", "/dunning/holds", {"account": deed.account, "reason": "asked", "until": until.isoformat()})
