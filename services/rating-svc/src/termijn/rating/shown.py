"""What rating-svc answers, as the OpenAPI document describes it (API-3). Amounts are euros net of VAT."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from termijn.rating.running_use import UsedSoFar
from termijn.runtime.http import Page


class Taken(BaseModel):
    """What became of a batch: every record is in one of these places."""

    accepted: int = Field(description="They count at a module.")
    duplicates: int = Field(description="The same id with the same content came before (USE-1).")
    suspended: int = Field(description="They find no module, article or rate and wait (USE-2).")
    conflicts: int = Field(description="The id came before with other content; parked and shown.")
    voided: int


class TakenAgain(Taken):
    """What became of records that could not be read before."""

    read: int
    left: int = Field(description="They still cannot be taken in, each with its reason of now.")


class Line(BaseModel):
    """A line of a call record file that is no call record."""

    line: int
    reason: str


class TakenFile(Taken):
    """What became of a call record file: every line is accounted for."""

    lines: int
    billable: int
    not_billable: dict[str, int] = Field(description="Unanswered, internal and incoming legs.")
    bad_lines: int
    errors: list[Line] = Field(description="The first bad lines.")
    lines_with_odd_bytes: int


class Waiting(BaseModel):
    """A record in suspense (USE-2)."""

    source: str
    id: str
    subject: str
    usage_key: str
    started_at: datetime
    seconds: int
    reason: str
    since: datetime


class Conflict(BaseModel):
    """A record with the id of another one and other content (USE-1)."""

    source: str
    id: str
    content: str
    subject: str
    usage_key: str
    started_at: datetime
    seconds: int
    seen_at: datetime


class UnreadableRecord(BaseModel):
    """What a collector sent to its topic and nobody could read; its contents are not shown, they hold called numbers."""

    topic: str
    partition: int
    offset: int
    field: str = Field(description="Empty where it was readable and could not be taken in.")
    reason: str
    size_bytes: int
    since: datetime


class StillWaiting(BaseModel):
    """How many records wait now."""

    waiting: int


class VoidedCount(BaseModel):
    """How many records were taken back."""

    voided: int


class Used(BaseModel):
    """Real use of a module in the period."""

    module_id: str
    usage_key: str
    records: int
    seconds: int
    quantity: Decimal


class Billed(BaseModel):
    """What closings billed for use of the period."""

    module_id: str
    article: str
    net: Decimal
    records: int


class UseOfPeriod(BaseModel):
    """Use and cost of a period (USE-12)."""

    period: str
    use: list[Used]
    costs: list[UsedSoFar] = Field(description="What it costs by what is known now, limits applied as the closing will.")
    billed: list[Billed]


WAITING = Page[Waiting]
CONFLICTS = Page[Conflict]
UNREADABLE = Page[UnreadableRecord]
