"""``--served``: recovering a service that is deployed, beside its processes, and having it tell again; no folder of an installation."""

import asyncio
import json
import shutil
import time

import asyncpg
import pytest

from termijn.demo.desk import Desk
from termijn.demo.office import account_body
from termijn.demo.population import customers
from termijn.embedded.databases import SUPERUSER, drop_database, ensure_database
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.keeping import programs
from termijn.runtime.hold import JOURNAL_AHEAD
from termijn.runtime.http import Role
from termijn.runtime.transport.kafka import KafkaTransport
from termijn.testing.deployed import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

TOPIC = "termijn.contracts.v1"


async def said(deployment: Deployment, *words: str, status: int = 0) -> str:
    """What the command answers."""
    done = await asyncio.to_thread(deployment.command, *words, service="contracts")
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


async def records_in(deployment: Deployment, topic: str) -> int:
    transport = await KafkaTransport.open(deployment.kafka)
    try:
        return sum((await transport.ends([(topic, partition) for partition in range(deployment.kafka.partitions)])).values())
    finally:
        await transport.close()


async def wait_for_records(deployment: Deployment, count: int) -> None:
    deadline = time.monotonic() + 60
    while (found := await records_in(deployment, TOPIC)) != count:
        assert time.monotonic() < deadline and found < count, f"{found} of {count}"
        await asyncio.sleep(0.3)


async def test_a_deployed_service_that_lost_its_database_is_put_back_beside_its_processes(
    deployment: Deployment, postgres_server: EmbeddedPostgres
) -> None:
    """The journal has what it told. A process that waits held goes on by itself once a person has released it."""
    customer = customers()[0]
    contracts = deployment.serve("contracts")
    await asyncio.to_thread(contracts.wait)
    async with deployment.client(Role.MANAGER) as manager:
        await Desk(manager).change("POST", "/contracts/accounts", key="account", body=account_body(customer))
    await wait_for_records(deployment, 1)
    assert "No service is held." in await said(deployment, "recover", "--served", "contracts")

    deployment.replicas.remove(contracts)
    assert (await asyncio.to_thread(contracts.leave))[0] == 0
    await drop_database(postgres_server, deployment.databases["contracts"])
    await ensure_database(postgres_server, deployment.databases["contracts"])

    again = deployment.serve("contracts")
    told = await asyncio.to_thread(again.wait, lambda told: told["status"] == "degraded")
    assert told["held"] == JOURNAL_AHEAD
    looked = await said(deployment, "recover", "--served", "contracts")
    assert JOURNAL_AHEAD in looked and "Put back from the journal: 1 events" in looked and "Released" not in looked
    assert "Released; it goes on." in await said(deployment, "recover", "--served", "contracts", "--confirm")
    await asyncio.to_thread(again.wait)
    async with deployment.client(Role.MANAGER) as manager:
        account = await Desk(manager).get(f"/contracts/accounts/{customer.account_id}")
        assert customer.name in json.dumps(account)
    await wait_for_records(deployment, 2)  # what was put back is told once more, under its own id and number

    assert "contracts: 1 messages of 1 accounts told again." in await said(deployment, "republish", "--since", "1", "--served", "contracts")
    await wait_for_records(deployment, 3)


async def test_without_a_journal_the_topic_says_what_was_told_and_is_not_known_any_more(
    deployment: Deployment, postgres_server: EmbeddedPostgres
) -> None:
    """A dump that somebody loaded by hand, and the journal is gone as well: what anybody heard is asked of Kafka."""
    one, other, *_ = customers()
    name = deployment.databases["contracts"]
    contracts = deployment.serve("contracts")
    await asyncio.to_thread(contracts.wait)
    async with deployment.client(Role.MANAGER) as manager:
        await Desk(manager).change("POST", "/contracts/accounts", key="one", body=account_body(one))
        await wait_for_records(deployment, 1)
        await programs.dump(postgres_server.dsn(name, SUPERUSER), deployment.folder / "contracts.dump")
        await Desk(manager).change("POST", "/contracts/accounts", key="other", body=account_body(other))
        await wait_for_records(deployment, 2)
    assert (await asyncio.to_thread(contracts.leave))[0] == 0
    await drop_database(postgres_server, name)
    await ensure_database(postgres_server, name)
    await programs.load(postgres_server.dsn(name, SUPERUSER), deployment.folder / "contracts.dump")
    shutil.rmtree(deployment.folder / "journal")
    owner = await asyncpg.connect(postgres_server.dsn(name, SUPERUSER))
    await owner.execute("insert into service_hold (reason) values ('loaded by hand')")
    await owner.close()

    lost = f"demo/{other.account_id}: number 1, AccountOpened, was told and is not known any more"
    assert lost in await said(deployment, "recover", "--served", "contracts")
    assert lost in await said(deployment, "recover", "--served", "contracts", "--confirm", status=1)
    assert "Released" in await said(deployment, "recover", "--served", "contracts", "--confirm", "--accept-loss")


@pytest.mark.parametrize("words", [["recover"], ["republish", "--since", "1"]], ids=["recover", "republish"])
async def test_what_cannot_be_is_one_line(deployment: Deployment, words: list[str]) -> None:
    wrong = await said(deployment, *words, "--served", "billing", status=2)
    assert "'billing' is none; there are contracts, rating, invoice, dunning" in wrong and wrong.count("\n") == 1
