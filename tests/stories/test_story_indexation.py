"""An indexation across services: planned, announced by mail, in force on its day, and on the invoice by the day."""

from datetime import date
from decimal import Decimal

import pytest

from termijn.testing.story import MONTHLY_FEE, Story

pytestmark = pytest.mark.slow


@pytest.mark.rule("CAT-10", "CAT-4", "CAT-5", "INV-2")
async def test_an_indexed_price_is_billed_from_its_day_on(story: Story) -> None:
    """From 15 April: what was billed ahead for April is corrected by the day, May costs the new price. The books hold."""
    (fee,) = MONTHLY_FEE["articles"]
    await story.open_shop({**MONTHLY_FEE, "articles": [{**fee, "alternative_name": "Desk in the cloud"}]})
    await story.customer("acme")
    module = await story.order("acme", "workplace")
    await story.until(date(2026, 2, 20))
    plan = await story.call("POST", "/contracts/indexations", {"indexation_id": "y26", "percentage": "3", "effective_on": "2026-04-15"})
    assert [(one["old"], one["new"]) for one in plan["versions"][0]["prices"]] == [("100.00", "103.00")]
    await story.call("POST", "/contracts/indexations/y26/start")
    await story.installation.settle()
    progress = await story.call("GET", "/contracts/migrations/y26")
    assert (progress["state"], progress["announced"]) == ("finished", 1)
    while story.today < date(2026, 5, 2):
        await story.until(date.fromordinal(story.today.replace(day=28).toordinal() + 4).replace(day=2))
        for invoice in await story.invoices("acme"):
            if Decimal(invoice["open"]) > 0:
                await story.pay(invoice)
    # April at 100.00 was billed on the 1st; 16 of its 30 days cost 3.00 a month more.
    assert [Decimal(invoice["net"]) for invoice in await story.invoices("acme")] == [
        Decimal("200.00"),
        Decimal("100.00"),
        Decimal("100.00"),
        Decimal("104.60"),
    ]
    (shown,) = [one for one in (await story.call("GET", "/contracts/accounts/acme/contract"))["modules"] if one["module_id"] == module]
    assert shown["tariff"]["version"] == 2
    # The alternative name is on invoices, never on the price list.
    last = (await story.invoices("acme"))[-1]
    document = await story.ask("GET", f"/invoice/invoices/{last['invoice_id']}/document")
    assert "Desk in the cloud" in document.text
    listed = await story.ask("GET", "/contracts/tariffs/workplace/versions/2/price-list")
    assert fee["title"] in listed.text and "Desk in the cloud" not in listed.text
    await story.verify()
