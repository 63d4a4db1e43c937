"""A record of use as it is ingested, and CloudEvents as collectors send them (USE-1).

Called numbers are personal data: they are in the usage tables only, never in a log line, an event or an error message.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from termijn.kernel.calendar import day_of
from termijn.kernel.subject import called_number, subject_name
from termijn.rating.errors import BadUsage
from termijn.rating.rate import MILLIONTHS

EVENTS_MAX = 10_000
"""CloudEvents in one batch: a batch is one transaction."""
TEXT_CHARACTERS_MAX = 128
"""Characters of an id, source, subject, key or destination."""
SECONDS_MAX = 31 * 24 * 3600
"""A call of more than a month is a broken clock."""
QUANTITY_MAX = Decimal(1_000_000)
"""Units of one record: a million pages at once is a typing error, and sums stay far inside 64 bits."""
FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Start times outside are broken clocks; they would make partitions for ever."""
VOIDED = "termijn.usage.voided"
"""The CloudEvents type that takes a record back; every other type records one."""


HOURS_KEPT = 20_000
"""Hours whose day is remembered: two years. Asking the time zone for every record took longer than reading it."""


@lru_cache(maxsize=HOURS_KEPT)
def _day_and_month(hour: datetime) -> tuple[date, date]:
    day = day_of(hour)  # Amsterdam's midnight is on a whole hour of UTC, in summer and winter
    return day, day.replace(day=1)


@dataclass(frozen=True, slots=True)
class Use:
    """One record, normalised: subject and destination as E.164 where they are numbers, quantity in millionths, UTC."""

    source: str
    id: str
    subject: str
    key: str
    started_at: datetime
    seconds: int
    quantity: int
    destination: str
    day: date = field(init=False, compare=False, repr=False)
    """The Amsterdam day of its start: it belongs wholly to that period (USE-3)."""
    month: date = field(init=False, compare=False, repr=False)
    """The first of that day's month."""

    def __post_init__(self) -> None:
        day, month = _day_and_month(self.started_at.replace(minute=0, second=0, microsecond=0))
        object.__setattr__(self, "day", day)
        object.__setattr__(self, "month", month)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same record again."""
        return (self.source, self.id)

    @property
    def content(self) -> UUID:
        """A fingerprint of everything that is billed by: the same id with another one is a conflict (USE-1)."""
        text = f"{self.subject}\0{self.key}\0{self.started_at.isoformat()}\0{self.seconds}\0{self.quantity}\0{self.destination}"
        return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())


@dataclass(frozen=True, slots=True)
class Voided:
    """A source takes a record back (USE-10)."""

    source: str
    id: str


class UsageData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``data`` of a usage event. ``subject`` and ``started_at`` may stand in the CloudEvents attributes instead."""

    key: str
    subject: str | None = None
    started_at: datetime | None = None
    duration_seconds: int = 0
    quantity: Decimal = Decimal(1)
    destination: str = ""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvents 1.0 event in structured mode; extension attributes are allowed and not looked at."""

    id: str
    source: str
    type: str
    specversion: str
    subject: str | None = None
    time: datetime | None = None
    data: UsageData | None = None


_one = msgspec.json.Decoder(CloudEvent)
_many = msgspec.json.Decoder(list[CloudEvent])
_data = msgspec.json.Decoder(UsageData)


def read_structured(body: bytes) -> list[Use | Voided]:
    """One event as ``application/cloudevents+json``. Raises ``BadUsage`` with the field named."""
    return _uses([_decode(_one, body)], lambda index: "")


def read_batch(body: bytes) -> list[Use | Voided]:
    """Events as ``application/cloudevents-batch+json``. Raises ``BadUsage``; one bad event refuses the batch."""
    events: list[CloudEvent] = _decode(_many, body)
    if len(events) > EVENTS_MAX:
        raise BadUsage(field="[]", reason=f"more than {EVENTS_MAX} events in one batch")
    return _uses(events, lambda index: f"[{index}].")


def read_binary(attributes: dict[str, str], body: bytes) -> list[Use | Voided]:
    """One event in binary mode: attributes from ``ce-`` headers (names without the prefix), the body is the data."""
    for name in ("id", "source", "type", "specversion"):
        if not attributes.get(name):
            raise BadUsage(field=f"ce-{name}", reason="is missing")
    try:
        time = datetime.fromisoformat(attributes["time"]) if "time" in attributes else None
    except ValueError:
        raise BadUsage(field="ce-time", reason="is no RFC 3339 time") from None
    event = CloudEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        specversion=attributes["specversion"],
        subject=attributes.get("subject"),
        time=time,
        data=_decode(_data, body) if body.strip() else None,
    )
    return _uses([event], lambda index: "")


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise BadUsage(field=path.rstrip("`").removeprefix("$").removeprefix(".") or "body", reason=reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadUsage(field="body", reason="is not JSON") from None


def _uses(events: Sequence[CloudEvent], where: Any) -> list[Use | Voided]:
    return [_use(event, where(index)) for index, event in enumerate(events)]


def _use(event: CloudEvent, at: str) -> Use | Voided:
    if event.specversion != "1.0":
        raise BadUsage(field=f"{at}specversion", reason="must be 1.0")
    source, record_id = text_of(event.source, f"{at}source"), text_of(event.id, f"{at}id")
    if event.type == VOIDED:
        return Voided(source, record_id)
    if event.data is None:
        raise BadUsage(field=f"{at}data", reason="is missing")
    data = event.data
    subject, started_at = data.subject or event.subject, data.started_at or event.time
    if subject is None:
        raise BadUsage(field=f"{at}subject", reason="is missing")
    if started_at is None:
        raise BadUsage(field=f"{at}data.started_at", reason="is missing")
    return use_of(
        source=source,
        record_id=record_id,
        subject=text_of(subject, f"{at}subject"),
        key=text_of(data.key, f"{at}data.key"),
        started_at=started_at,
        seconds=data.duration_seconds,
        quantity=data.quantity,
        destination=text_of(data.destination, f"{at}data.destination", may_be_empty=True),
        at=f"{at}data.",
    )


def use_of(
    *,
    source: str,
    record_id: str,
    subject: str,
    key: str,
    started_at: datetime,
    seconds: int,
    quantity: Decimal,
    destination: str,
    at: str = "",
) -> Use:
    """A normalised record; raises ``BadUsage`` for what cannot be use, naming the field behind ``at``."""
    if started_at.tzinfo is None:
        raise BadUsage(field=f"{at}started_at", reason="has no time zone")
    if not FIRST_YEAR < started_at.year < LAST_YEAR:
        raise BadUsage(field=f"{at}started_at", reason=f"is not between {FIRST_YEAR + 1} and {LAST_YEAR - 1}")
    if not 0 <= seconds <= SECONDS_MAX:
        raise BadUsage(field=f"{at}duration_seconds", reason=f"is not from 0 to {SECONDS_MAX}")
    return Use(
        source=source,
        id=record_id,
        subject=subject_name(subject),
        key=key,
        started_at=started_at.astimezone(UTC),
        seconds=seconds,
        quantity=_millionths(quantity, f"{at}quantity"),
        destination=called_number(destination) if destination else "",
    )


def text_of(text: str, field: str, *, may_be_empty: bool = False) -> str:
    """Trimmed; raises ``BadUsage`` where it is empty, too long or holds control characters (a NUL no table can keep)."""
    trimmed = text.strip()
    if not trimmed and not may_be_empty:
        raise BadUsage(field=field, reason="is empty")
    if len(trimmed) > TEXT_CHARACTERS_MAX:
        raise BadUsage(field=field, reason=f"is longer than {TEXT_CHARACTERS_MAX} characters")
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in trimmed):
        raise BadUsage(field=field, reason="holds control characters")
    return trimmed


def _millionths(quantity: Decimal, field: str) -> int:
    if not quantity.is_finite() or not 0 <= quantity <= QUANTITY_MAX:
        raise BadUsage(field=field, reason=f"is not from 0 to {QUANTITY_MAX}")
    exact = quantity * MILLIONTHS
    if exact != int(exact):
        raise BadUsage(field=field, reason="has more than six decimals")
    return int(exact)
