"""When Kafka does not answer: what counts as that, and saying it in the words of the transport."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka.errors import KafkaError

from termijn.runtime.handling import Transient
from termijn.runtime.telemetry import log

ResultT = TypeVar("ResultT")

RETRY_DELAY_S = 0.1
REASON_CHARACTERS_MAX = 200

LOST: tuple[type[Exception], ...] = (KafkaError, OSError, TimeoutError)
"""Nobody answers, or the answer is that it does not work now."""


def away(error: Exception) -> Transient:
    """In the words of the transport. What brokers say of topics and groups may be told; they know nothing of what is in a record."""
    return Transient(f"kafka: {type(error).__name__} {error}".strip()[:REASON_CHARACTERS_MAX])


@asynccontextmanager
async def transient() -> AsyncIterator[None]:
    """The broker not answering is not a reason to park anything."""
    try:
        yield
    except LOST as error:
        raise away(error) from error


async def patiently(ask: Callable[[], Awaitable[ResultT]], *, seconds: float) -> ResultT:
    """The answer, asked again while the cluster is getting ready (a new group's coordinator, a leader being chosen)."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            async with asyncio.timeout(seconds):
                return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
        await asyncio.sleep(RETRY_DELAY_S)


class _Bridge(logging.Handler):
    """Kafka's client says what it sees through ``logging``; here it becomes our kind of line. Its arguments are left out: some
    quote records."""

    def emit(self, record: logging.LogRecord) -> None:
        voice = log("kafka")
        error = record.exc_info[1] if record.exc_info else None
        (voice.error if record.levelno >= logging.CRITICAL else voice.warning)(str(record.msg), error, name=record.name)


def bridge_logging() -> None:
    """Once per process; twice is once."""
    client = logging.getLogger("aiokafka")
    if not any(isinstance(handler, _Bridge) for handler in client.handlers):
        client.addHandler(_Bridge(level=logging.ERROR))
        client.propagate = False
