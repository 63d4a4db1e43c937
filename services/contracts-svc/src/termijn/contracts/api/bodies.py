"""Of what callers may send: kinds of fields with their limits; so that bad input is a problem with the field named (SEC-4)."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""Days that a contract can be about; outside it is a typing error."""
ACCOUNT_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
THING_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: object) -> object:
    if not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


def exact(value: object) -> object:
    """An amount as it was written; no number that lost something on its way."""
    # A JSON number with decimals has been a binary float on its way; cents must not depend on how it was printed.
    if isinstance(value, float | bool):
        raise ValueError('must be a string, as in "9.90"')
    return value


Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 12, 31, tzinfo=UTC))]
Amount = Annotated[Decimal, BeforeValidator(exact), Field(max_digits=20)]
AccountKey = Annotated[str, Field(pattern=ACCOUNT_ID)]
ThingKey = Annotated[str, Field(pattern=THING_ID)]
AccountPath = Annotated[str, Path(pattern=ACCOUNT_ID)]
ThingPath = Annotated[str, Path(pattern=THING_ID)]
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
FilledLine = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Quantity = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
TermDays = Annotated[int, Field(strict=True, ge=1, le=365)]


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=False)


class PolicyBody(Body):
    """The whole policy; what is left out takes its default."""

    serves_companies_only: bool = True
    vat_rates: Annotated[
        list[Annotated[Decimal, BeforeValidator(exact), Field(ge=0, le=100, max_digits=6)]], Field(min_length=1, max_length=20)
    ] = [
        Decimal(0),
        Decimal(9),
        Decimal(21),
    ]
    never_suspended: Annotated[list[ThingKey], Field(max_length=50)] = ["domain"]
    works_while_suspended: Annotated[list[FilledLine], Field(max_length=50)] = ["emergency calls", "incoming calls", "stored data"]
    hardware_warranty_months: Annotated[int, Field(strict=True, ge=0, le=240)] = 12
    settings_warranty_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 14
    lease_warning_days: Annotated[int, Field(strict=True, ge=0, le=366)] = 30
