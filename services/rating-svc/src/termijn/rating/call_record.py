"""Call record files of a 3CX exchange: one line per leg, fields as the exchange's administrator chose them (USE-1).

Billable is the answered leg from one of our subjects to a number outside. Internal, incoming and unanswered legs are read,
counted and reported as not billable. A line that cannot be read is reported with its number and never stops the file.
Source: reference of 3CX call data records; times are Amsterdam wall clock.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Literal

from termijn.kernel.calendar import AMSTERDAM
from termijn.rating.errors import BadCallRecordFile, BadUsage
from termijn.rating.policy import CallRecordLayout
from termijn.rating.usage import Use, text_of, use_of

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of one file: about 300,000 legs."""
ERRORS_SHOWN_MAX = 100
"""Bad lines named in one report; their number is told in full."""
FIELD_CHARACTERS_MAX = 10_000
"""A field longer than this is no call record."""

NotBillable = Literal["unanswered", "internal", "incoming"]

_DURATION = re.compile(r"(?:(\d{1,2})\.)?(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.\d+)?", re.ASCII)
_STAMP = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?", re.ASCII)
_PLAIN = re.compile(r"[^a-z0-9]")


class _Unreadable(Exception):
    """A line cannot be read; the first argument is the field, the second the reason. Neither quotes the line."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read. ``reason`` names the field and never quotes the line: it may hold a number."""

    line: int
    reason: str


@dataclass(slots=True)
class CallFile:
    """What was in a file: records to ingest, and an account of every other line."""

    uses: list[Use] = field(default_factory=list)
    lines: int = 0
    not_billable: dict[NotBillable, int] = field(default_factory=lambda: {"unanswered": 0, "internal": 0, "incoming": 0})
    errors: list[BadLine] = field(default_factory=list)
    errors_total: int = 0
    odd_bytes_lines: int = 0

    def reject(self, line: int, reason: str) -> None:
        """Report a line; only the first hundred are named."""
        self.errors_total += 1
        if len(self.errors) < ERRORS_SHOWN_MAX:
            self.errors.append(BadLine(line, reason))


def read_3cx(content: bytes, source: str, layout: CallRecordLayout) -> CallFile:
    """Read a file. Raises ``BadCallRecordFile`` only where it is too large; every bad line is reported instead.

    Bytes that are not UTF-8 are read as far as they go: display names are often in the code page of the day.
    """
    if len(content) > FILE_BYTES_MAX:
        raise BadCallRecordFile(field="body", reason=f"is larger than {FILE_BYTES_MAX} bytes")
    file = CallFile()
    names: Sequence[str] = [_plain(name) for name in layout.columns]
    for number, cells in _lines(content.removeprefix(b"\xef\xbb\xbf"), layout, file):
        if number == 1 and _is_header(cells, layout):
            names = [_plain(cell) for cell in cells]
            continue
        file.lines += 1
        try:
            found = _leg(dict(zip(names, cells, strict=False)), source, layout)
        except _Unreadable as error:
            file.reject(number, f"{error.args[0]}: {error.args[1]}")
        except BadUsage as error:
            file.reject(number, f"{error.field}: {error.facts.get('reason')}")
        else:
            if isinstance(found, Use):
                file.uses.append(found)
            else:
                file.not_billable[found] += 1
    return file


def _lines(content: bytes, layout: CallRecordLayout, file: CallFile) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not empty, with its number. Each line stands alone, so that a stray quote spoils only its own."""
    for number, raw in enumerate(content.splitlines(), start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("utf-8", errors="replace")
            file.odd_bytes_lines += 1
        if not text.strip():
            continue
        try:
            yield number, next(csv.reader([text.replace("\0", "\ufffd")], delimiter=layout.delimiter))
        except csv.Error:
            file.lines += 1
            file.reject(number, "line: is not CSV")


def _plain(name: str) -> str:
    """ "Call-ID", "call_id" and "callid" are one field."""
    return _PLAIN.sub("", name.lower())


def _is_header(cells: Sequence[str], layout: CallRecordLayout) -> bool:
    plain = {_plain(cell) for cell in cells}
    return {"callid", _plain(layout.subject_from)} <= plain


def _leg(cells: Mapping[str, str], source: str, layout: CallRecordLayout) -> Use | NotBillable:
    """One leg: a record to bill, or why it is not billable."""
    call_id = text_of(_cell(cells, "callid"), "call-id")
    reason = _not_billable(cells)
    if reason is not None:
        return reason
    seconds = _seconds(_cell(cells, "duration"))
    if seconds == 0:
        return "unanswered"
    started, answered, ended = (_stamp(_cell(cells, name), name) for name in ("timestart", "timeanswered", "timeend"))
    started_at = _instant(started, answered, ended, seconds)
    subject = _cell(cells, _plain(layout.subject_from)) or _party(_cell(cells, "fromno"))
    destination = _cell(cells, _plain(layout.destination_from)) or _cell(cells, "dialno")
    return use_of(
        source=source,
        record_id=call_id,
        subject=text_of(layout.subject_prefix + _party(subject), layout.subject_from),
        key=layout.usage_key,
        started_at=started_at,
        seconds=seconds,
        quantity=Decimal(1),
        destination=text_of(_party(destination), layout.destination_from),
    )


def _cell(cells: Mapping[str, str], name: str) -> str:
    return cells.get(name, "").strip()


def _party(text: str) -> str:
    """An extension is written "Ext.101"."""
    return text[4:] if text[:4].lower() == "ext." else text


def _not_billable(cells: Mapping[str, str]) -> NotBillable | None:
    """Why a leg is not billable; None where it is answered and goes from inside to a number outside."""
    if not _is_inside(cells, "from"):
        return "incoming"
    if not _cell(cells, "timeanswered") or not _cell(cells, "duration"):
        return "unanswered"
    return "internal" if _is_inside(cells, "to") else None


def _is_inside(cells: Mapping[str, str], side: Literal["from", "to"]) -> bool:
    """By the party type where the file has it, else by the way extensions are written."""
    kind = _cell(cells, f"{side}type").lower()
    if kind:
        return kind != "external"
    return _cell(cells, f"{side}no")[:4].lower() == "ext."


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise _Unreadable("duration", "is not hh:mm:ss")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _stamp(text: str, name: str) -> datetime | None:
    """Amsterdam wall clock; None where the field is empty."""
    if not text:
        return None
    found = _STAMP.fullmatch(text)
    if found is None:
        raise _Unreadable(name, "is not YYYY/MM/DD HH:MM:SS")
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=AMSTERDAM)  # type: ignore[misc, arg-type]
    except ValueError:
        raise _Unreadable(name, "is no day or time of the calendar") from None


def _instant(started: datetime | None, answered: datetime | None, ended: datetime | None, seconds: int) -> datetime:
    """The start in UTC. In the hour that comes twice in autumn the reading is taken that makes answer to end last as long as was billed.

    Where both readings do, it is the first: the file does not say.
    """
    if started is None:
        raise _Unreadable("time-start", "is empty")
    if answered is None or ended is None or not any(_comes_twice(stamp) for stamp in (started, answered, ended)):
        return started.astimezone(UTC)
    readings = []
    for folds in product((0, 1), repeat=3):
        begin, pick_up, hang_up = (t.replace(fold=f).astimezone(UTC) for t, f in zip((started, answered, ended), folds, strict=True))
        # The duration may count from the start or from the answer; the clock of the exchange may be a second off.
        lengths = (hang_up - pick_up, hang_up - begin)
        if begin <= pick_up <= hang_up and any(abs(length - timedelta(seconds=seconds)) <= timedelta(seconds=1) for length in lengths):
            readings.append((pick_up - begin, begin))
    return min(readings)[1] if readings else started.astimezone(UTC)


def _comes_twice(stamp: datetime) -> bool:
    return stamp.utcoffset() != stamp.replace(fold=1).utcoffset()
