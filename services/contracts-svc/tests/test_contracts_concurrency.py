"""Fifty writers on one account at once, over HTTP on a real database: nothing is lost, and every refusal says how things are now."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

COUNTERS = 20
"""Writers that read a number, add one and write it back, under If-Match: the classical way to lose an update."""
ORDERERS = 20
"""Writers that order a module each."""
SCALERS = 10
"""Writers that add one to the quantity of the same module, under If-Match."""
ATTEMPTS_MAX = 200


@dataclass(slots=True)
class Tally:
    """What the writers met."""

    mismatches: int = 0
    busy: int = 0
    seen: set[tuple[str, int]] = field(default_factory=set)


def explained(answer: httpx.Response, tally: Tally, *, named: int) -> None:
    """A refusal in a race is one of two, and each says what to do: 412 with the version that there is now, 503 with when to come back."""
    problem = answer.json()
    if answer.status_code == 503:
        assert answer.headers["Retry-After"]
        tally.busy += 1
        return
    assert (answer.status_code, problem["code"]) == (412, "VersionMismatch"), answer.text
    assert problem["current"] != named and str(problem["current"]) in problem["detail"]
    assert answer.headers["ETag"] == f'"{problem["current"]}"'
    tally.mismatches += 1


class Writers:
    """Each does its one thing until it is done."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.tally = Tally()

    async def _until_done(self, who: str, attempt: Any) -> None:
        for turn in range(ATTEMPTS_MAX):
            named, answer = await attempt(f"{who}-{turn}")
            if answer.is_success:
                # Two that were told the same version would have written over each other.
                assert (who.partition("-")[0], answer.json()["version"]) not in self.tally.seen
                self.tally.seen.add((who.partition("-")[0], answer.json()["version"]))
                return
            explained(answer, self.tally, named=named)
            await asyncio.sleep(0)
        raise AssertionError(f"{who} never got its turn")

    async def count(self, number: int) -> None:
        async def attempt(key: str) -> tuple[int, httpx.Response]:
            seen = await self.client.get("/accounts/acme")
            named, so_far = seen.json()["version"], int(seen.json()["facts"]["purchase_order"])
            body = {"facts": {"purchase_order": str(so_far + 1)}}
            headers = {"Idempotency-Key": key, "If-Match": seen.headers["ETag"]}
            return named, await self.client.patch("/accounts/acme", json=body, headers=headers)

        await self._until_done(f"count-{number}", attempt)

    async def scale(self, number: int) -> None:
        async def attempt(key: str) -> tuple[int, httpx.Response]:
            seen = await self.client.get("/accounts/acme/modules/t1")
            named, so_far = seen.json()["version"], seen.json()["quantity"]
            body = {"quantity": so_far + 1, "at_once": True}
            headers = {"Idempotency-Key": key, "If-Match": seen.headers["ETag"]}
            return named, await self.client.post("/accounts/acme/modules/t1/scaling", json=body, headers=headers)

        await self._until_done(f"scale-{number}", attempt)

    async def order(self, number: int) -> None:
        body = {"module_id": f"o{number}", "tariff_id": "calls", "quantity": number + 1}
        for _ in range(ATTEMPTS_MAX):
            answer = await self.client.post("/accounts/acme/modules", json=body, headers={"Idempotency-Key": f"order-{number}"})
            if answer.is_success:
                return
            assert answer.status_code == 503 and answer.headers["Retry-After"], answer.text
            self.tally.busy += 1


@pytest.mark.rule("API-1", "CON-1", "CON-3")
async def test_fifty_writers_on_one_account_lose_nothing(desk: Any) -> None:
    """Each count, order and quantity is there in the end; the history has an entry for each, and the sums add up."""
    await desk.acme_with_a_module()
    start = await desk.manager.patch("/accounts/acme", json={"facts": {"purchase_order": "0"}}, headers=desk.key())
    assert start.status_code == 200
    writers = Writers(desk.manager)
    await asyncio.gather(
        *(writers.count(number) for number in range(COUNTERS)),
        *(writers.order(number) for number in range(ORDERERS)),
        *(writers.scale(number) for number in range(SCALERS)),
    )
    account = (await desk.manager.get("/accounts/acme")).json()
    assert account["facts"]["purchase_order"] == str(COUNTERS)
    assert writers.tally.mismatches, "nobody was ever in another's way: this proves nothing"
    rows = await desk.contracts.rows("select type, count(*) as times from event where account = 'acme' group by type order by type")
    times = {row["type"]: row["times"] for row in rows}
    assert times["AccountChanged"] == times["DetailsChanged"] == COUNTERS + 1
    assert (times["OrderAdmitted"], times["ModuleOrdered"]) == (ORDERERS + 1, ORDERERS + 1)
    assert times["ModuleScaled"] == SCALERS
    contract = (await desk.manager.get("/accounts/acme/contract")).json()
    assert sum(module["quantity"] for module in contract["modules"]) == 2 + SCALERS + sum(range(1, ORDERERS + 1))
    assert sum(1 for admitted in rows if admitted["type"] == "AccountOpened") == 1
    made = await desk.contracts.rows(
        "select count(*) as times from event where type = 'OrderAdmitted' and (data ->> 'makes_contract')::boolean"
    )
    assert made[0]["times"] == 1, "one order made the contract"
    assert account["version"] == 2 + 1 + (ORDERERS + 1) + COUNTERS + times["DetailsChanged"]
    await desk.check()
