"""What the machinery says about itself: one JSON object a line on standard error, with ids and figures only.

Personal data cannot get in by accident: a field that is not on the list is left out, and an error gives its type and where it
was raised, never its message (messages quote values).
"""

import sys
import traceback
from dataclasses import dataclass
from typing import TextIO

import msgspec

from termijn.runtime.clock import machine_now

FIELDS = frozenset(
    {
        "service",
        "provider",
        "account",
        "stream",
        "topic",
        "partition",
        "offset",
        "count",
        "attempt",
        "shard",
        "worker",
        "view",
        "publisher",
        "message_id",
        "event_type",
        "timer_id",
        "due_at",
        "seconds",
        "status",
        "method",
        "route",
        "problem_id",
        "reason_code",
        "outcome",
        "correlation_id",
        "lag",
        "port",
        "folder",
        "name",
    }
)
"""The fields that a line may have: ids, names of ours, and figures."""

VALUE_CHARACTERS_MAX = 200
"""An id is shorter; whatever is longer is cut."""

FRAMES_MAX = 12
"""The innermost frames of an error, enough to find it."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Log:
    """A voice with a name. ``stream`` None means standard error as it is at that moment."""

    name: str
    stream: TextIO | None = None

    def info(self, what: str, **fields: Value) -> None:
        """Something worth knowing. ``what`` is a fixed sentence; what varies goes into fields."""
        self._write("info", what, fields, None)

    def warning(self, what: str, error: BaseException | None = None, **fields: Value) -> None:
        """Something that will be tried again or looked at."""
        self._write("warning", what, fields, error)

    def error(self, what: str, error: BaseException | None = None, **fields: Value) -> None:
        """Something that needs a person."""
        self._write("error", what, fields, error)

    def _write(self, level: str, what: str, fields: dict[str, Value], error: BaseException | None) -> None:
        line: dict[str, object] = {"at": machine_now(), "level": level, "log": self.name, "what": what}
        for name, value in fields.items():
            if name in FIELDS:
                line[name] = value[:VALUE_CHARACTERS_MAX] if isinstance(value, str) else value
        if fields.keys() - FIELDS:
            line["left_out"] = sorted(fields.keys() - FIELDS)
        if error is not None:
            line["error"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
            line["raised_at"] = [f"{frame.filename.rpartition('/termijn/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        print(msgspec.json.encode(line).decode(), file=self.stream or sys.stderr, flush=True)


def log(name: str) -> Log:
    """A log by the name of the part that speaks."""
    return Log(name)
