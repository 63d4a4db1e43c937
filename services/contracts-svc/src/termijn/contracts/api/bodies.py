"""Of what callers may send to contracts-svc: kinds of fields with their limits that more than one of its bodies have (SEC-4)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, Field

from termijn.contracts.confirmation_facts import CONFIRMED_ELSEWHERE
from termijn.contracts.confirmation_words import ANNOUNCED
from termijn.contracts.lease import TERM_CHANNEL
from termijn.runtime.http.fields import Body, ExactDecimal, FilledLine, Flag

THING_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 12, 31, tzinfo=UTC))]
Amount = Annotated[ExactDecimal, Field(max_digits=20)]
Rate = Annotated[ExactDecimal, Field(ge=0, le=100, max_digits=6)]
"""Per cent."""
ThingKey = Annotated[str, Field(pattern=THING_ID)]
ThingPath = Annotated[str, Path(pattern=THING_ID)]
OWN_CHANNELS = frozenset({TERM_CHANNEL, *CONFIRMED_ELSEWHERE, *ANNOUNCED})
"""Channels of what the system does by itself: its confirmations use other words, so nobody else's change comes through them (CON-6)."""


def _of_a_person(channel: str) -> str:
    if channel in OWN_CHANNELS:
        raise ValueError(f"{channel} is the channel of what was not asked for by anybody")
    return channel


Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$"), AfterValidator(_of_a_person)]
Quantity = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
TermDays = Annotated[int, Field(strict=True, ge=1, le=365)]


class PolicyBody(Body):
    """The whole policy; what is left out takes its default."""

    serves_companies_only: Flag = True
    vat_rates: Annotated[list[Rate], Field(min_length=1, max_length=20)] = Field(default=[Decimal(0), Decimal(9), Decimal(21)])
    never_suspended: Annotated[list[ThingKey], Field(max_length=50)] = Field(default=["domain"])
    works_while_suspended: Annotated[list[FilledLine], Field(max_length=50)] = Field(
        default=["emergency calls", "incoming calls", "stored data"]
    )
    hardware_warranty_months: Annotated[int, Field(strict=True, ge=0, le=240)] = 12
    settings_warranty_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 14
    lease_warning_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 30
