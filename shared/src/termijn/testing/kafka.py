"""A Kafka broker for tests: the one of ``KAFKA_BOOTSTRAP_SERVERS``, else a real one started here, else the tests skip and say so.

A pytest plugin. ``TERMIJN_REQUIRE_KAFKA=1`` makes a missing broker a failure, and one that a test may not stop as well: for where
the tests must not pass by skipping.
``python -m termijn.testing.kafka`` runs the broker by hand until Ctrl-C.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from termijn.embedded.kafka_broker import BrokerUnavailable, LocalBroker

BOOTSTRAP = "KAFKA_BOOTSTRAP_SERVERS"
REQUIRED = "TERMIJN_REQUIRE_KAFKA"


class Broker:
    """A running broker. ``local`` is None where it is somebody else's, which no test may stop."""

    def __init__(self, bootstrap_servers: str, local: LocalBroker | None) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.local = local

    @property
    def ours(self) -> LocalBroker:
        """The broker itself, to be stopped, killed and started again; skips the test where it is somebody else's."""
        return self.local or _missing(f"the broker of {BOOTSTRAP} is not this test's to stop")

    def stop(self) -> None:
        """Take it away; skips the test where it is not ours."""
        self.ours.stop_now()

    def kill(self) -> None:
        """Take it away as a power failure does; skips the test where it is not ours."""
        self.ours.kill_now()

    def start(self) -> None:
        """Bring it back, with all that it held, at the same address."""
        self.ours.start_now()


def _missing(what: str) -> NoReturn:
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Broker]:
    """One broker for this test process, gone with its data at the end."""
    given = os.environ.get(BOOTSTRAP)
    if given:
        yield Broker(given, None)
        return
    folder = Path(tempfile.mkdtemp(prefix="termijn-kafka-"))
    local = LocalBroker(folder)
    try:
        try:
            local.start_now()
        except BrokerUnavailable as missing:
            _missing(f"no Kafka broker: {missing}")
        yield Broker(local.bootstrap_servers, local)
    finally:
        local.stop_now()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run a broker until Ctrl-C; its address is the only line on standard output."""
    local = LocalBroker(Path(sys.argv[1] if len(sys.argv) > 1 else ".data/kafka"))
    local.start_now()
    try:
        sys.stdout.write(local.bootstrap_servers + "\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        local.stop_now()


if __name__ == "__main__":
    main()
