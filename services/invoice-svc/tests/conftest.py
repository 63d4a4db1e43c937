"""Examples that the specs of invoice-svc share."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts, Party
from termijn.events.invoice import InvoiceIssued, VatAmount
from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account import BillingAccountNoted
from termijn.invoice.payer import Mandate
from termijn.kernel.ids import InvoiceId, MandateId

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
