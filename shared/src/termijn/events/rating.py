"""What rating-svc publishes: charges that are ready to go on a document. Names are stored forever."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.events.base import Event
from termijn.events.erasure import ANSWERED
from termijn.kernel.ids import ModuleId, TariffId

TOPIC = "termijn.rating.v1"

Stream = Literal["subscription", "support", "project", "hardware"]


class ChargeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One priced line: net euros in cents, positive to bill and negative to credit.

    - ``line_id`` is unique for ever: module, article, article period and closing; invoice-svc bills each exactly once (INV-17).
    - ``origin`` tells what made it: use, a recurring or one-off fee, the top-up of a minimum (USE-6).
    - ``period_from`` and ``period_until`` are the first and last day of the article period, both included; ``served_from`` and
      ``served_until`` those of the part of it that a fee by day is for, None where it is for all of it, or where the line corrects.
    - ``corrects`` names the month ("2026-03") that an earlier document billed, None on first billing (INV-19).
    - ``quantity`` is in ``unit``; for use the charged quantity, ``records`` and ``seconds`` the real use behind it (INV-16).
    """

    line_id: str
    article: str
    title: str
    origin: Literal["usage", "recurring", "once", "minimum", "connect", "disconnect"]
    kind: Literal["service", "telecom", "goods"] = "service"
    stream: Stream = "subscription"
    revenue_group: str = "ICT"
    ledger_account: str = "8000"
    period_from: date
    period_until: date
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    vat_rate: Decimal
    records: int = 0
    seconds: int = 0
    corrects: str | None = None
    served_from: date | None = None
    served_until: date | None = None


class UsageDigest(msgspec.Struct, frozen=True, kw_only=True):
    """Which records a closing rated: their number and seconds, and a SHA-256 over the ordered record ids."""

    records: int
    seconds: int
    sha256: str


class PeriodRated(Event, frozen=True, kw_only=True):
    """All lines of a module that became due at the closing of ``period`` ("2026-03"), fees included; may be empty."""

    module_id: ModuleId
    module_title: str
    period: str
    closing: int
    lines: tuple[ChargeLine, ...]
    digest: UsageDigest
    tariff_id: TariffId
    tariff_version: int
    deck_version: int | None = None


class PeriodCorrected(Event, frozen=True, kw_only=True):
    """Late, voided or re-rated use of a month already billed: the difference, to go on the next invoice (USE-9, USE-10)."""

    module_id: ModuleId
    module_title: str
    period: str
    closing: int
    lines: tuple[ChargeLine, ...]
    digest: UsageDigest


class PeriodClosed(Event, frozen=True, kw_only=True):
    """The last word of rating on an account's period: every PeriodRated and PeriodCorrected of it came before.

    ``modules`` were rated; ``running_modules`` is how many still run after it: at 0 the invoice no longer waits for a minimum (INV-3).
    """

    period: str
    closing: int
    modules: tuple[ModuleId, ...]
    running_modules: int


class UsageSuspended(Event, frozen=True, kw_only=True):
    """Records that find no module, article or rate, as counted at the closing of the provider's month (USE-2)."""

    period: str
    reason: str
    records: int


PUBLIC: tuple[type[Event], ...] = (PeriodRated, PeriodCorrected, PeriodClosed, UsageSuspended, *ANSWERED)
