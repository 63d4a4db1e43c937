"""Kinds of fields of what callers may send, with their limits; so that bad input is a problem with the field named (SEC-4).

What the services have in common stands here; what only one of them knows (its ids, its amounts) stands with its own bodies.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""Days that a contract, money or a letter can be about; outside it is a typing error."""
ACCOUNT_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN = re.compile(r"[+-]?[0-9]*\.?[0-9]*", re.ASCII)
_NO_CONTROL = r"[^\x00-\x1f\x7f]*"
_EMAIL = r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+"
_SOMETHING_TO_SEE = rf"^{_NO_CONTROL}[^\x00-\x20\x7f]{_NO_CONTROL}$"


def _iso_day(value: object) -> object:
    if not (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        raise ValueError("must be a day as YYYY-MM-DD")
    return value


def _exact(value: object) -> object:
    # A JSON number with decimals has been a binary float on its way; cents must not depend on how it was printed.
    if isinstance(value, float | bool):
        raise ValueError('must be a string, as in "9.90"')
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise ValueError('must be digits with a point, as in "9.90"')
    return value


class Body(BaseModel):
    """What a caller sends. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


Flag = Annotated[bool, Field(strict=True)]
"""True or false. Without this "no", "off" and 0 would be taken for a flag, and a typing error for an answer."""
Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=FIRST_DAY, le=LAST_DAY)]
ExactDecimal = Annotated[Decimal, BeforeValidator(_exact)]
"""A decimal as it was written, its limits still to be added: ``Annotated[ExactDecimal, Field(ge=0, max_digits=12)]``."""
AccountKey = Annotated[str, Field(pattern=ACCOUNT_ID)]
AccountPath = Annotated[str, Path(pattern=ACCOUNT_ID)]
Line = Annotated[str, Field(max_length=200, pattern=rf"^{_NO_CONTROL}$")]
"""Text of one line, maybe empty: no NUL, which no database holds, and nothing else that does not show."""
FilledLine = Annotated[str, Field(min_length=1, max_length=200, pattern=_SOMETHING_TO_SEE)]
Sentence = Annotated[str, Field(min_length=1, max_length=500, pattern=_SOMETHING_TO_SEE)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Email = Annotated[str, Field(max_length=254, pattern=rf"^{_EMAIL}$")]
EmailOrNone = Annotated[str, Field(max_length=254, pattern=rf"^({_EMAIL})?$")]
"""An e-mail address, or an empty text where there is none."""
