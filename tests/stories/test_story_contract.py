"""Contracts over time: a fibre line in its minimum term moves to another tariff; a licence grows, and may not shrink before it renews."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.testing.story import FIRST_DAY, Story

pytestmark = pytest.mark.slow


def fibre(name: str, notice: str, price: str) -> dict[str, Any]:
    return {
        "tariff_id": name,
        "title": name.replace("-", " ").title(),
        "module": "fibre",
        "notice": notice,
        "is_telecom": True,
        "articles": [{"article_id": "line", "title": "Fibre", "net_price": price, "kind": "telecom"}],
        "disconnect_fee": "75.00",
        "orders_from": FIRST_DAY.isoformat(),
    }


LICENCE: dict[str, Any] = {
    "tariff_id": "3cx",
    "title": "3CX",
    "module": "3cx",
    "notice": "licence-year",
    "articles": [
        {
            "article_id": "licence",
            "title": "3CX licence",
            "net_price": "100.00",
            "billing": {"every_months": 12, "in": "advance"},
            "credits_unused_days": False,
        }
    ],
    "orders_from": FIRST_DAY.isoformat(),
}


async def billed(story: Story, until: date) -> list[Decimal]:
    """Time passes; every invoice is paid as it comes, so that nobody is dunned. What was billed so far."""
    while story.today < until:
        month = story.today.replace(day=28).toordinal() + 4
        await story.until(min(until, date.fromordinal(month).replace(day=2)))
        for invoice in await story.invoices("acme"):
            if Decimal(invoice["open"]) > 0:
                await story.pay(invoice)
    return [Decimal(invoice["net"]) for invoice in await story.invoices("acme")]


@pytest.mark.rule("CON-4", "CAT-23", "CAT-25", "CAT-26", "CON-13")
async def test_a_fibre_line_in_its_minimum_term_moves_to_another_tariff(story: Story) -> None:
    """The customer would wait for the end of the term; a manager moves it at once, also for months that were billed, and a new term
    starts because the customer confirmed it.
    """
    await story.open_shop(fibre("fibre-500", "term:12", "60.00"), fibre("fibre-300", "term:24", "50.00"))
    await story.customer("acme")
    line = await story.order("acme", "fibre-500", module_id="line-1")
    path = f"/contracts/accounts/acme/modules/{line}"
    await story.until(date(2026, 1, 15), "12:00")
    await story.call("POST", f"{path}/activation", {"active_from": "2026-01-15"})
    # 17 of 31 days of January and February; March; April.
    assert await billed(story, date(2026, 4, 10)) == [Decimal("92.90"), Decimal("60.00"), Decimal("60.00")]
    changes = (await story.ask("GET", f"{path}/changes", role="customer", account="acme")).json()["changes"]
    (cheaper,) = [one for one in changes if one.get("tariff_id") == "fibre-300"]
    assert cheaper["from_on"] == "2027-02-01", "the first month end after twelve months"
    body = {"tariff_id": "fibre-300", "from_on": "2026-03-01", "new_term_confirmed": True}
    refused = await story.ask("POST", f"{path}/tariff", body, role="customer", account="acme")
    assert (refused.status_code, refused.json()["field"]) == (422, "from_on")
    assert (await story.ask("POST", f"{path}/tariff", body)).json()["field"] == "confirmation"
    await story.call("POST", f"{path}/tariff", {**body, "confirmation": "mail of 9 April", "confirmed_on": "2026-04-09"})
    # May at 50.00, and 10.00 too much for March and for April.
    assert (await billed(story, date(2026, 5, 3)))[-1] == Decimal("30.00")
    notice = (await story.ask("GET", f"{path}/notice", role="customer", account="acme")).json()
    assert notice["ends_on"] == "2028-02-29", "24 months from the change that was confirmed"
    cancelled = await story.call("POST", f"{path}/cancellation", {"ends_on": "2026-05-31"})
    assert "was chosen by a manager" in cancelled["explanation"]
    # It ends within its first term, so there is a disconnect fee.
    assert (await billed(story, date(2026, 6, 3)))[-1] == Decimal("75.00")
    history = await story.items(f"{path}/history")
    assert [entry["kind"] for entry in history] == ["ModuleOrdered", "ModuleActivated", "TariffChanged", "ModuleCancelled", "ModuleEnded"]
    assert history[2]["data"]["confirmation"] == "mail of 9 April"
    assert await story.total_open("acme") == 0


@pytest.mark.rule("CAT-24", "CON-3", "INV-2")
async def test_a_licence_grows_at_any_time_and_may_not_shrink_before_it_renews(story: Story) -> None:
    """Four from 1 January, six from 15 March at the price of the days that are left, three from the renewal on."""
    await story.open_shop(LICENCE)
    await story.customer("acme")
    licence = await story.order("acme", "3cx", module_id="pbx-1", quantity=4)
    path = f"/contracts/accounts/acme/modules/{licence}"
    assert await billed(story, date(2026, 3, 15)) == [Decimal("400.00")]
    grown = await story.call("POST", f"{path}/scaling", {"quantity": 6}, role="customer", account="acme")
    assert (grown["quantity"], grown["pending"]) == (6, [])
    assert "more counts from the order and ends with the term" in grown["explanation"]
    # Two more for 292 of 365 days.
    assert await billed(story, date(2026, 6, 20)) == [Decimal("400.00"), Decimal("160.00")]
    sooner = await story.ask("POST", f"{path}/scaling", {"quantity": 3, "from_on": "2026-07-01"}, role="customer", account="acme")
    assert (sooner.status_code, sooner.json()["field"]) == (403, "from_on")
    less = await story.call("POST", f"{path}/scaling", {"quantity": 3}, role="customer", account="acme")
    assert (less["quantity"], less["pending"]) == (6, [{"from_on": "2027-01-01", "quantity": 3}])
    assert "less is a cancellation of that part" in less["explanation"]
    assert await billed(story, date(2027, 1, 4)) == [Decimal("400.00"), Decimal("160.00"), Decimal("300.00")]
    assert (await story.ask("GET", f"{path}?as_of=2026-12-31")).json()["quantity"] == 6
    assert (await story.ask("GET", path)).json()["quantity"] == 3


@pytest.mark.rule("CAT-27", "INV-2")
async def test_a_consumer_leaves_a_renewed_year_after_a_month_and_gets_back_what_was_paid_ahead(story: Story) -> None:
    """The article credits nothing to companies; the law does to a consumer."""
    await story.open_shop({**LICENCE, "articles": [{**LICENCE["articles"][0], "net_price": "365.00"}]})
    await story.call("PUT", "/contracts/policy", {"serves_companies_only": False})
    await story.customer("acme")
    await story.call("PATCH", "/contracts/accounts/acme", {"facts": {"debtor_kind": "consumer"}})
    licence = await story.order("acme", "3cx", module_id="pbx-1")
    path = f"/contracts/accounts/acme/modules/{licence}"
    assert await billed(story, date(2027, 1, 20)) == [Decimal("365.00"), Decimal("365.00")]
    told = await story.call("POST", f"{path}/cancellation", {}, role="customer", account="acme")
    assert told["ends_on"] == "2027-02-20"
    assert "consumer: a month after notice is 20 February 2027" in told["explanation"]
    # 314 of 365 days come back.
    assert sorted(await billed(story, date(2027, 3, 3))) == [Decimal("-314.00"), Decimal("365.00"), Decimal("365.00")]
