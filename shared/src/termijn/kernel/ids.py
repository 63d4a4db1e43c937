"""Distinct types for identifiers, so that an invoice id cannot be passed where an account id is meant."""

import os
import time
import uuid
from typing import NewType

ProviderId = NewType("ProviderId", str)
"""The tenant: the company that sells and invoices. Lower-case letters, digits and hyphens; first part of every key."""
AccountId = NewType("AccountId", str)
"""A customer of a provider."""
ModuleId = NewType("ModuleId", str)
"""One ordered module of an account."""
TariffId = NewType("TariffId", str)
ArticleId = NewType("ArticleId", str)
DeckId = NewType("DeckId", str)
InvoiceId = NewType("InvoiceId", str)
"""An invoice or credit note; exists before it has a number."""
CaseId = NewType("CaseId", str)
"""A dunning case; one per missed invoice."""
PaymentId = NewType("PaymentId", str)
MandateId = NewType("MandateId", str)

CATALOGUE = AccountId("~catalogue")
"""Stands in the place of the account on events that belong to the provider as a whole (tariffs, decks, runs)."""

_DERIVED = uuid.UUID("6f0f3c1e-5d0b-5b6e-9d0a-7465726d696a")


def new_event_id() -> uuid.UUID:
    """A random id that sorts by its moment of making (RFC 9562, version 7). Called by the runtime only."""
    millis = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10), "big")
    value = (millis & ((1 << 48) - 1)) << 80 | tail
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


def derived_id(*parts: object) -> uuid.UUID:
    """The id that always follows from the same parts (RFC 9562, version 5): for whatever must come out equal twice."""
    return uuid.uuid5(_DERIVED, "/".join(str(part) for part in parts))
