"""Money that came on top of a settled invoice and is taken back again."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.invoice import InvoiceIssued, PaymentMissed
from termijn.events.rating import ChargeLine

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow


@pytest.mark.rule("PAY-4")
async def test_a_surplus_that_is_taken_back_leaves_its_invoice_settled(opened: Open, charge: Charge) -> None:
    """121.00 by transfer settles it; 50.00 more is a credit; the bank takes the 50.00 back: nothing is open and nobody has missed."""
    firm = await opened()
    await firm.account("jansen", mandate=False)
    await firm.closed("jansen", "2026-03", charge("l-1", "100.00"))
    await firm.to(date(2026, 4, 3), "09:00")
    invoice_id = (await firm.one(InvoiceIssued)).invoice_id
    for payment_id, amount in (("bank-1", "121.00"), ("bank-2", "50.00")):
        money = {"payment_id": payment_id, "amount": amount, "value_on": "2026-04-03", "method": "transfer"}
        await firm.call("POST", f"/invoices/{invoice_id}/payments", money, status=201)
    await firm.call("POST", "/payments/bank-2/reversal", {"reason_code": "MD06", "reversed_on": "2026-04-03"})
    balance = await firm.call("GET", "/accounts/jansen/balance")
    assert (Decimal(balance["credit"]), Decimal(balance["open"])) == (Decimal("0.00"), Decimal("0.00"))
    invoice = await firm.call("GET", f"/invoices/{invoice_id}")
    assert invoice["settled_on"] == "2026-04-03"
    assert await firm.it.published(PaymentMissed) == []
    await firm.verified()
