"""``termijn serve``, as it is deployed: processes of their own, real PostgreSQL, real Kafka, replicas that come, go and are killed."""

import asyncio
import itertools
import json
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
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from termijn.demo.desk import Desk, Refused
from termijn.demo.journal import Journal
from termijn.demo.office import Office, account_body
from termijn.demo.population import Customer, customers
from termijn.deployment.serving import add_health
from termijn.deployment.turning import Turn, Turning
from termijn.embedded.databases import APPLICATION, OWNER, ensure_databases
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.kernel.ids import ProviderId
from termijn.runtime.clock import machine_now
from termijn.runtime.http import Authority, Role, mint_token
from termijn.runtime.transport.base import OutRecord
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.transport.kafka_settings import KafkaSettings
from termijn.testing.kafka import Broker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PROVIDER = ProviderId("demo")
_numbers = itertools.count(1)
START_SECONDS_MAX = 240
WAIT_SECONDS_MAX = 60


def free_port() -> int:
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
        self._process = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)

    def health(self) -> dict[str, Any] | None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=10)
        except httpx.TransportError:
            return None
        return {"http": answer.status_code, **answer.json()}

    def wait(self, state: Callable[[dict[str, Any]], bool] = lambda told: told["status"] == "ok") -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.words()
            told = self.health()
            if told is not None and state(told):
                return told
            time.sleep(0.2)
        raise AssertionError(f"{self.name}: {self.health()}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def leave(self) -> tuple[int, str]:
        """SIGTERM; its exit status and what it said."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30), self.words()

    def words(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read()


class Gate(httpx.AsyncBaseTransport):
    """What deploy/gate.conf does: the first part of a path is the service. Replicas are asked in turn."""

    def __init__(self, replicas: list[Replica]) -> None:
        self.replicas = replicas
        self._wire = httpx.AsyncHTTPTransport()
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._turn += 1
        of_service = [one for one in self.replicas if one.name == request.url.path.split("/")[1]]
        request.url = request.url.copy_with(host="127.0.0.1", port=of_service[self._turn % len(of_service)].port)
        return await self._wire.handle_async_request(request)


class Deployment:
    """Databases, topics and folders of one deployment, and its processes."""

    def __init__(self, environment: dict[str, dict[str, str]], folder: Path, kafka: KafkaSettings, stack: ExitStack) -> None:
        self.environment, self.folder, self.kafka = environment, folder, kafka
        self.replicas: list[Replica] = []
        self._stack = stack

    def serve(self, name: str) -> Replica:
        replica = Replica(name, self.environment[name])
        self._stack.callback(replica.kill)
        self.replicas.append(replica)
        return replica

    @asynccontextmanager
    async def client(self, role: Role) -> AsyncIterator[httpx.AsyncClient]:
        token = mint_token(Authority.sandbox(self.folder / "token.key"), provider=PROVIDER, role=role, actor="test")
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=Gate(self.replicas), base_url="http://gate", headers=headers, timeout=60) as client:
            yield client


@pytest.fixture
async def deployment(postgres_server: EmbeddedPostgres, kafka_broker: Broker) -> AsyncIterator[Deployment]:
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
        yield Deployment({name: common | url for name, url in urls.items()}, folder, kafka, stack)


def caller() -> Customer:
    """A customer of the demo with an extension."""
    return next(each for each in customers() if any(order.extensions for order in each.orders))


def usage(customer: Customer, count: int, *, first: int) -> list[OutRecord]:
    """Calls of now, as a collector sends them to the topic."""
    extension = next(extension for order in customer.orders for extension in order.extensions)
    records = []
    for number in range(first, first + count):
        data = {"key": "call", "subject": extension, "duration_seconds": 60, "destination": "+31201234567"}
        started_at = machine_now().isoformat()
        event = {"specversion": "1.0", "id": str(number), "source": "pbx", "type": "call", "time": started_at, "data": data}
        records.append(OutRecord(key=extension, value=json.dumps(event).encode()))
    return records


async def records_used(manager: httpx.AsyncClient, account: str) -> int:
    period = machine_now().strftime("%Y-%m")
    try:
        use = await Desk(manager).get(f"/rating/accounts/{account}/use", {"period": period})
    except (Refused, httpx.TransportError):
        return 0
    return sum(int(row["records"]) for row in use["use"])


async def wait_for_records(manager: httpx.AsyncClient, account: str, count: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while (used := await records_used(manager, account)) != count:
        assert time.monotonic() < deadline, f"{used} of {count} records"
        assert used < count
        await asyncio.sleep(0.3)


async def open_shop(deployment: Deployment, customer: Customer) -> None:
    """What the demo's office does, on the system clock."""
    async with deployment.client(Role.MANAGER) as manager:
        office = Office(Desk(manager), Journal(deployment.folder / "office.jsonl"))
        await office.open_shop()
        await office.open_account(customer)


async def test_a_deployment_takes_orders_and_calls_and_loses_nothing_when_replicas_die(deployment: Deployment) -> None:
    customer = caller()
    for name in ("contracts", "rating", "rating", "invoice", "dunning"):
        deployment.serve(name)
    for replica in deployment.replicas:
        told = await asyncio.to_thread(replica.wait)
        assert (told["http"], told["service"], told["held"]) == (200, replica.name, None)
    await open_shop(deployment, customer)
    transport = await KafkaTransport.open(deployment.kafka)
    topic = f"termijn.usage.{PROVIDER}.v1"
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while topic not in await transport.topics():
        assert time.monotonic() < deadline, "rating makes the topic when it hears of the provider's first module"
        await asyncio.sleep(0.3)
    async with deployment.client(Role.MANAGER) as manager:
        await transport.publish(topic, usage(customer, 200, first=0))
        await wait_for_records(manager, customer.account_id, 200)
        killed = next(one for one in deployment.replicas if one.name == "rating")
        await asyncio.to_thread(killed.kill)
        deployment.replicas.remove(killed)
        await transport.publish(topic, usage(customer, 300, first=100))
        await wait_for_records(manager, customer.account_id, 400)
    await transport.close()
    for replica in deployment.replicas:
        status, words = await asyncio.to_thread(replica.leave)
        assert status == 0, words
        assert "left in order" in words


async def test_with_kafka_away_a_service_is_degraded_answers_and_comes_back(deployment: Deployment, kafka_broker: Broker) -> None:
    customer = caller()
    contracts = deployment.serve("contracts")
    await asyncio.to_thread(contracts.wait)
    await asyncio.to_thread(kafka_broker.stop)
    try:
        async with deployment.client(Role.MANAGER) as manager:
            await Desk(manager).change("POST", "/contracts/accounts", key="account", body=account_body(customer))
        told = await asyncio.to_thread(contracts.wait, lambda told: told["status"] == "degraded")
        assert (told["http"], told["database"]) == (200, True)
        assert told["loops"]["relay"]["failing_with"] == "Transient"
        assert told["loops"]["follow"]["failing_with"] is None, "read models follow all the same"
        async with deployment.client(Role.MANAGER) as manager:
            account = await Desk(manager).get(f"/contracts/accounts/{customer.account_id}")
            assert customer.name in json.dumps(account)
    finally:
        await asyncio.to_thread(kafka_broker.start)
    await asyncio.to_thread(contracts.wait)


async def test_a_service_without_its_database_is_down_and_one_that_is_held_is_degraded() -> None:
    class Database:
        has_gone = False

        async def short(self, *args: object) -> list[object]:
            if self.has_gone:
                raise ConnectionRefusedError
            return []

    database = Database()
    service = SimpleNamespace(name="rating", database=database, hold=SimpleNamespace(reason=None))
    turning = SimpleNamespace(turns=[Turn("relay", lambda: asyncio.sleep(0, 0))])
    app = FastAPI()
    add_health(app, cast(Any, service), cast(Any, turning))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rating") as client:

        async def status() -> tuple[int, str]:
            answer = await client.get("/health")
            return answer.status_code, answer.json()["status"]

        assert await status() == (200, "ok")
        turning.turns[0].failing_with = "Transient"
        assert await status() == (200, "degraded")
        turning.turns[0].failing_with = None
        service.hold.reason = "the journal knows of later changes than the database"
        assert await status() == (200, "degraded")
        database.has_gone = True
        assert await status() == (503, "down")


async def test_a_step_that_fails_is_tried_again_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termijn.deployment.turning.FAILURE_DELAY_S", 0.01)
    turning = Turning(cast(Any, SimpleNamespace(name="rating", inflows=[], clock=None)))
    done = {"good": 0, "bad": 0}

    async def good() -> int:
        done["good"] += 1
        return 1 if done["good"] < 5 else 0

    async def bad() -> int:
        done["bad"] += 1
        if done["bad"] < 5:
            raise OSError
        return 0

    turning.turns = [Turn("good", good), Turn("bad", bad)]
    turning.start()
    await asyncio.sleep(0.02)
    assert turning.turns[1].failing_with == "OSError"
    assert done["good"] >= 5
    await asyncio.sleep(0.2)
    assert turning.turns[1].failing_with is None
    await turning.stop()
    after = dict(done)
    await asyncio.sleep(0.2)
    assert done == after


def test_what_is_missing_is_said_in_one_line() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TERMIJN_", "KAFKA_"))}
    done = subprocess.run(
        [sys.executable, "-m", "termijn.cli.main", "serve", "rating"], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("termijn: TERMIJN_OIDC_ISSUER: ")
    assert done.stderr.count("\n") == 1
