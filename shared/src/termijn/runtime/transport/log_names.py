"""Where a record of the log lies (stored, so it never changes), and which errors say that the database does not answer."""

import zlib

import asyncpg

PARTITIONS = 8
"""Per topic, for ever: a key's partition follows from it. Eight members of a group can share a topic."""


def partition_of(key: str) -> int:
    """The partition of a key: the same in every process and version."""
    return zlib.crc32(key.encode()) % PARTITIONS


def table_of(topic: str) -> str:
    """The table that holds a topic; safe to put into SQL."""
    assert topic.isascii() and topic.replace(".", "").replace("-", "").replace("_", "").isalnum(), f"not a topic name: {topic}"
    return "log_of_" + topic.replace(".", "_").replace("-", "_")


LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg raises on a session that the server ended while it was idle
    OSError,
    TimeoutError,
)
"""The session is gone, or nobody answers: a new one may do."""
