"""Services as they are deployed: processes of their own, each told by environment variables, over real PostgreSQL and real Kafka."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from termijn.embedded.databases import APPLICATION, OWNER, ensure_databases
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.kernel.ids import ProviderId
from termijn.runtime.http import Authority, Role, mint_token
from termijn.runtime.transport.kafka_settings import KafkaSettings
from termijn.testing.kafka import Broker

PROVIDER = ProviderId("demo")
START_SECONDS_MAX = 240
"""A loaded machine may take minutes to start five services."""

_numbers = itertools.count(1)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Replica:
    """A process of one service."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name, self.port = name, free_port()
        variables = os.environ | environment | {"TERMIJN_HTTP_PORT": str(self.port)}
        command = [sys.executable, "-m", "termijn.cli.main", "serve", name]
        # No pipe: nobody reads it meanwhile, and with Kafka away for long a full one stops the process in the middle of a line.
        self._words = tempfile.TemporaryFile("a+")  # noqa: SIM115 - it is closed with the replica
        self._process = subprocess.Popen(command, env=variables, stderr=self._words, text=True)

    def health(self) -> dict[str, Any] | None:
        """What it says of itself; None where it does not answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=10)
        except httpx.TransportError:
            return None
        return {"http": answer.status_code, **answer.json()}

    def wait(self, state: Callable[[dict[str, Any]], bool] = lambda told: told["status"] == "ok") -> dict[str, Any]:
        """Until it says so of itself, which it then returns."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.words()
            told = self.health()
            if told is not None and state(told):
                return told
            time.sleep(0.2)
        raise AssertionError(f"{self.name}: {self.health()}")

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def leave(self) -> tuple[int, str]:
        """SIGTERM; its exit status and what it said."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30), self.words()

    def words(self) -> str:
        """What it said on standard error; once it has ended."""
        self._words.seek(0)
        return self._words.read()


class Gate(httpx.AsyncBaseTransport):
    """What deploy/gate.conf does: the first part of a path is the service. Replicas are asked in turn."""

    def __init__(self, replicas: list[Replica]) -> None:
        self.replicas = replicas
        self._wire = httpx.AsyncHTTPTransport()
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        self._turn += 1
        of_service = [one for one in self.replicas if one.name == request.url.path.split("/")[1]]
        request.url = request.url.copy_with(host="127.0.0.1", port=of_service[self._turn % len(of_service)].port)
        return await self._wire.handle_async_request(request)


class Deployment:
    """Databases, topics and folders of one deployment, and its processes."""

    def __init__(
        self, environment: dict[str, dict[str, str]], databases: Mapping[str, str], folder: Path, kafka: KafkaSettings, stack: ExitStack
    ) -> None:
        self.environment, self.databases, self.folder, self.kafka = environment, databases, folder, kafka
        self.replicas: list[Replica] = []
        self._stack = stack

    def serve(self, name: str) -> Replica:
        """One more process of a service."""
        replica = Replica(name, self.environment[name])
        self._stack.callback(replica.kill)
        self.replicas.append(replica)
        return replica

    def command(self, *words: str, service: str) -> "subprocess.CompletedProcess[str]":
        """``termijn`` with these words and the variables of that service."""
        variables = os.environ | self.environment[service]
        command = [sys.executable, "-m", "termijn.cli.main", *words]
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)

    @asynccontextmanager
    async def client(self, role: Role) -> AsyncIterator[httpx.AsyncClient]:
        """As somebody of that role, through the gate."""
        token = mint_token(Authority.sandbox(self.folder / "token.key"), provider=PROVIDER, role=role, actor="test")
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=Gate(self.replicas), base_url="http://gate", headers=headers, timeout=60) as client:
            yield client


@pytest.fixture
async def deployment(postgres_server: EmbeddedPostgres, kafka_broker: Broker) -> AsyncIterator[Deployment]:
    """Databases and names of this test's own; nothing runs yet."""
    number = next(_numbers)
    names = await ensure_databases(postgres_server, f"served{number}", ("contracts", "rating", "invoice", "dunning", "keys"))
    kafka = KafkaSettings(bootstrap_servers=kafka_broker.bootstrap_servers, namespace=f"served-{os.getpid()}-{number}.", partitions=4)
    with tempfile.TemporaryDirectory(prefix="termijn-test-") as path, ExitStack() as stack:
        folder = Path(path)
        common = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TERMIJN_KAFKA_NAMESPACE": kafka.namespace,
            "TERMIJN_KAFKA_PARTITIONS": "4",
            "TERMIJN_KAFKA_REPLICATION": "1",
            "TERMIJN_KAFKA_SESSION_SECONDS": "6",
            "TERMIJN_KEYS_URL": postgres_server.dsn(names["keys"], APPLICATION),
            "TERMIJN_KEYS_OWNER_URL": postgres_server.dsn(names["keys"], OWNER),
            "TERMIJN_BLOBS": str(folder / "blobs"),
            "TERMIJN_JOURNAL": str(folder / "journal"),
            "TERMIJN_SANDBOX_KEY_FILE": str(folder / "token.key"),
            "TERMIJN_MAIL_DIR": str(folder / "mail"),
            "TERMIJN_HTTP_HOST": "127.0.0.1",
        }
        urls = {
            name: {
                "TERMIJN_DATABASE_URL": postgres_server.dsn(names[name], APPLICATION),
                "TERMIJN_DATABASE_OWNER_URL": postgres_server.dsn(names[name], OWNER),
            }
            for name in ("contracts", "rating", "invoice", "dunning")
        }
        yield Deployment({name: common | url for name, url in urls.items()}, names, folder, kafka, stack)
