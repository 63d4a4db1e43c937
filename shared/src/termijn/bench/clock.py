"""``termijn bench clock``: what it costs to move the sandbox clock by a month, over accounts in which nothing happens."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from termijn.bench.measure import Figures, Say, Stopwatch
from termijn.bench.rig import temporary_folder
from termijn.embedded.installation import Installation, open_installation
from termijn.kernel.calendar import at
from termijn.kernel.period import Month
from termijn.runtime.database import EVERY_PROVIDER

PROVIDER = "bench"
FIRST = Month(year=2026, month=1)
CALLERS = 8

# A running module whose first fee comes after a year: its months are closed like any other's, and nothing comes of it.
_TARIFF: dict[str, Any] = {
    "tariff_id": "domain",
    "title": "Domain name",
    "module": "domain",
    "notice": "yearly",
    "orders_from": FIRST.first.isoformat(),
    "articles": [
        {"article_id": "domain", "title": "Domain name", "net_price": "12.00", "billing": {"every_months": 12, "in": "arrears"}},
    ],
}


async def clock(*, accounts: int, say: Say) -> Figures:
    """A month of four services over ``accounts`` that each have a running module, no use, and nothing to pay."""
    async with (
        temporary_folder() as folder,
        open_installation(folder, sandbox_start=at(FIRST.first, "09:00")) as installation,
    ):
        say(f"opening {accounts} accounts")
        async with installation.client("manager", PROVIDER) as manager:
            await _post(manager, "/contracts/tariffs", _TARIFF)
            numbers = iter(range(accounts))
            await asyncio.gather(*(_open_accounts(manager, numbers) for _ in range(CALLERS)))
        second = FIRST.next()
        say("the first month, which is not measured")
        await installation.advance_to(at(second.first, "09:00"))
        say("the second month")
        watch = Stopwatch()
        await installation.advance_to(at(second.next().first, "09:00"))
        seconds = watch.seconds
        await _check(installation, accounts, str(second))
    return {"seconds_per_month": round(seconds, 2)}


async def _open_accounts(manager: httpx.AsyncClient, numbers: Any) -> None:
    for number in numbers:
        account = f"idle-{number}"
        partner = {"name": f"Idle {number}", "street": "Stilstraat 1", "postcode": "1011 AB", "city": "Amsterdam", "country": "NL"}
        body = {
            "account_id": account,
            "contract_partner": {**partner, "email": f"{account}@example.nl"},
            "facts": {
                "debtor_kind": "company",
                "language": "nl",
                "terms": {"version": "2025-07", "accepted_on": "2025-12-15"},
            },
        }
        await _post(manager, "/contracts/accounts", body)
        await _post(manager, f"/contracts/accounts/{account}/debit-exemption", {"reason": "Pays by transfer"})
        order = {"module_id": f"{account}-domain", "tariff_id": "domain", "quantity": 1, "channel": "phone"}
        await _post(manager, f"/contracts/accounts/{account}/modules", order)


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    key = f"bench{path}/{body.get('account_id') or body.get('module_id') or ''}"
    response = await client.post(path, json=body, headers={"idempotency-key": key})
    assert response.is_success, f"{path}: {response.status_code} {response.text}"


async def _check(installation: Installation, accounts: int, month: str) -> None:
    """The month was closed for each account, and nobody was sent anything."""
    closed = await _count(installation, "rating", "type = 'PeriodClosed' and data->>'period' = $1", month)
    assert closed == accounts, f"{closed} of {accounts} months were closed"
    assert await _count(installation, "invoice", "type = $1", "InvoiceIssued") == 0, "an invoice went out for nothing"
    broken: Sequence[str] = await installation.verify()
    assert not broken, broken[0]


async def _count(installation: Installation, service: str, where: str, *args: object) -> int:
    sql = f"select count(*) as rows from event where {where}"
    rows = await installation.service(service).database.short(EVERY_PROVIDER, sql, *args)
    return int(rows[0]["rows"])
