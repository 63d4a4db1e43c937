"""Which transport an embedded installation has, and starting what it needs. Decided when its folder is made, for ever.

Part of the composition root: whoever gets the transport does not know which it is.
"""

import json
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from termijn.embedded.kafka_broker import BrokerUnavailable, LocalBroker
from termijn.kernel.errors import InvalidInput
from termijn.runtime.database import Address
from termijn.runtime.transport.base import Transport
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_settings import KafkaSettings
from termijn.runtime.transport.log import LogTransport

KINDS = ("log", "kafka")
BOOTSTRAP = "KAFKA_BOOTSTRAP_SERVERS"
PARTITIONS = 8
"""As many as the log has. One process reads them all; a deployment has 48."""
SESSION_S = 10.0
"""An installation that was killed and opened again waits this long for its own former self to be taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAs:
    """What an installation was made as. ``kafka_bootstrap`` None: a broker of its own, in its folder."""

    is_sandbox: bool
    transport: str
    kafka_bootstrap: str | None


def made_as(folder: Path, *, sandbox: bool, transport: str | None, kafka_bootstrap: str | None) -> MadeAs:
    """Read it, or decide it now for a new folder. Raises ``InvalidInput`` where another transport is asked for than it has."""
    if transport not in (None, *KINDS):
        raise InvalidInput(field="transport", reason=f"{transport!r} is none; there are {' and '.join(KINDS)}")
    given = kafka_bootstrap or os.environ.get(BOOTSTRAP)
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "installation.json"
    if not note.exists():
        new: Mapping[str, str | None] = {"clock": "sandbox" if sandbox else "system", "transport": transport or "log"}
        note.write_text(json.dumps({**new, **({"kafka_bootstrap": given} if transport == "kafka" else {})}))
    known = json.loads(note.read_text())
    of_old = known.get("transport", "log")
    if transport not in (None, of_old):
        reason = f"the installation in {folder} runs on {of_old}, and its messages are there; make a new one for {transport}"
        raise InvalidInput(field="transport", reason=reason)
    is_elsewhere = of_old == "kafka" and known.get("kafka_bootstrap") is not None
    return MadeAs(
        is_sandbox=known["clock"] == "sandbox",
        transport=of_old,
        # A broker may move to another address; one of our own stays where it is, with the messages.
        kafka_bootstrap=(given or known["kafka_bootstrap"]) if is_elsewhere else None,
    )


async def open_transport(made: MadeAs, stack: AsyncExitStack, *, folder: Path, log: Address, prefix: str) -> Transport:
    """The transport, closed with the stack. ``log`` is the database of the log. Raises ``InvalidInput`` where no broker can be had."""
    if made.transport == "log":
        transport: Transport = await LogTransport.open(app_dsn=log.app_dsn, owner_dsn=log.owner_dsn)
    else:
        bootstrap = made.kafka_bootstrap or await _own_broker(stack, folder / "kafka")
        transport = await KafkaTransport.open(
            KafkaSettings(bootstrap_servers=bootstrap, namespace=await _namespace(log, prefix), partitions=PARTITIONS, session_s=SESSION_S)
        )
    stack.push_async_callback(transport.close)
    return transport


async def _own_broker(stack: AsyncExitStack, folder: Path) -> str:
    broker = LocalBroker(folder)
    try:
        await broker.start()
    except BrokerUnavailable as missing:
        raise InvalidInput(field="transport", reason=str(missing)) from None
    stack.push_async_callback(broker.stop)
    return broker.bootstrap_servers


async def _namespace(log: Address, prefix: str) -> str:
    """Names on the broker that no other installation has, and this one has again after a restart: by its database cluster."""
    connection = await asyncpg.connect(log.owner_dsn)
    try:
        return f"{prefix}-{await connection.fetchval('select system_identifier from pg_control_system()')}."
    finally:
        await connection.close()
