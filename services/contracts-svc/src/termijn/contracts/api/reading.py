"""What the reading routes share: rows as answers."""

from collections.abc import Mapping
from typing import Any

import msgspec


def opened(row: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """A row with these JSON columns as data."""
    return {name: msgspec.json.decode(value) if name in columns and value is not None else value for name, value in row.items()}
