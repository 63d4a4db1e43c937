"""What the reading routes share: today, and rows as answers."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol, cast

import msgspec

from termijn.kernel.calendar import day_of
from termijn.runtime.clock import Clock
from termijn.runtime.http import Reader


class _Clocked(Protocol):
    clock: Clock


def today_of(reader: Reader) -> date:
    """The domain's day: in a sandbox it is not the machine's."""
    return day_of(cast(_Clocked, reader.host).clock.now())


def opened(row: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """A row with these JSON columns as data."""
    return {name: msgspec.json.decode(value) if name in columns and value is not None else value for name, value in row.items()}
