"""Old versions of public events, made readable: one pure step per version, by publisher, name and the version that it reads.

A step takes the plain data of version n and gives that of n + 1. It is added together with the new ``SCHEMA_VERSION``, and the
stored sample of the old version proves it. Empty: no public event has a second version yet.
"""

from collections.abc import Callable, Mapping
from typing import Any

UPCASTERS: Mapping[str, Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]] = {}


def of_publisher(publisher: str) -> Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]]:
    """The steps of one publisher's events; empty where there are none."""
    return UPCASTERS.get(publisher, {})
