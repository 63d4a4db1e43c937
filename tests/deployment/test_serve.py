"""``termijn serve``, as it is deployed: processes of their own, real PostgreSQL, real Kafka, replicas that come, go and are killed."""

import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import datetime
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
from termijn.kernel.calendar import day_of
from termijn.kernel.period import Month
from termijn.runtime.clock import machine_now
from termijn.runtime.http import Role
from termijn.runtime.transport.base import OutRecord
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.runtime.turning import Turn
from termijn.testing.deployed import PROVIDER, Deployment
from termijn.testing.kafka import Broker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # a loaded machine may take minutes to start a service

WAIT_SECONDS_MAX = 60


def caller() -> Customer:
    """A customer of the demo with an extension."""
    return next(each for each in customers() if any(order.extensions for order in each.orders))


def usage(customer: Customer, count: int, *, first: int, started_at: datetime) -> list[OutRecord]:
    """Calls, as a collector sends them to the topic."""
    extension = next(extension for order in customer.orders for extension in order.extensions)
    records = []
    for number in range(first, first + count):
        data = {"key": "call", "subject": extension, "duration_seconds": 60, "destination": "+31201234567"}
        event = {"specversion": "1.0", "id": str(number), "source": "pbx", "type": "call", "time": started_at.isoformat(), "data": data}
        records.append(OutRecord(key=extension, value=json.dumps(event).encode()))
    return records


async def records_used(manager: httpx.AsyncClient, account: str, period: Month) -> int:
    try:
        use = await Desk(manager).get(f"/rating/accounts/{account}/use", {"period": str(period)})
    except (Refused, httpx.TransportError):
        return 0
    return sum(int(row["records"]) for row in use["use"])


async def wait_for_records(manager: httpx.AsyncClient, account: str, period: Month, count: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while (used := await records_used(manager, account, period)) != count:
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
    called_at = machine_now()
    month = Month.of(day_of(called_at))  # in Amsterdam, where a month may have begun
    transport = await KafkaTransport.open(deployment.kafka)
    topic = f"termijn.usage.{PROVIDER}.v1"
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while topic not in await transport.topics():
        assert time.monotonic() < deadline, "rating makes the topic when it hears of the provider's first module"
        await asyncio.sleep(0.3)
    async with deployment.client(Role.MANAGER) as manager:
        await transport.publish(topic, usage(customer, 200, first=0, started_at=called_at))
        await wait_for_records(manager, customer.account_id, month, 200)
        killed = next(one for one in deployment.replicas if one.name == "rating")
        await asyncio.to_thread(killed.kill)
        deployment.replicas.remove(killed)
        await transport.publish(topic, usage(customer, 300, first=100, started_at=called_at))
        await wait_for_records(manager, customer.account_id, month, 400)
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
        # What fails is noticed loop by loop, on a loaded machine one long after the other.
        told = await asyncio.to_thread(contracts.wait, lambda told: told["loops"]["relay"]["failing_with"] is not None)
        assert (told["http"], told["status"], told["database"]) == (200, "degraded", True)
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


def test_what_is_missing_is_said_in_one_line() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TERMIJN_", "KAFKA_"))}
    done = subprocess.run(
        [sys.executable, "-m", "termijn.cli.main", "serve", "rating"], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("termijn: TERMIJN_OIDC_ISSUER: ")
    assert done.stderr.count("\n") == 1
