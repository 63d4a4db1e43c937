"""Lists in pages whose cursors stay right while rows come and go (API-2)."""

import pytest

from termijn.testing.harness import ServiceUnderTest


async def add(jars: ServiceUnderTest, account: str, count: int) -> None:
    await jars.client().post(f"/accounts/{account}/marbles", json={"count": count}, headers={"idempotency-key": f"{account}-{count}"})


@pytest.mark.rule("API-2")
async def test_pages_give_every_row_once_in_order_also_when_rows_come_before_the_cursor(jars: ServiceUnderTest) -> None:
    for n in range(7):
        await add(jars, f"a-{n}", n // 2)
    seen: list[str] = []
    cursor: str | None = None
    for turn in range(10):
        params = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        page = (await jars.client().get("/jars", params=params)).json()
        assert len(page["items"]) <= 3
        seen += [item["account"] for item in page["items"]]
        cursor = page["next"]
        await add(jars, f"a-before-{turn}", 0)
        if cursor is None:
            break
    assert seen == [f"a-{n}" for n in range(7)]


@pytest.mark.rule("API-2")
async def test_the_last_page_has_no_next_also_when_it_is_full(jars: ServiceUnderTest) -> None:
    for n in range(2):
        await add(jars, f"a-{n}", 1)
    assert (await jars.client().get("/jars?limit=2")).json()["next"] is None
    assert (await jars.client().get("/jars?limit=1")).json()["next"] is not None
