"""A page of a history costs what is on it, and a past day a few events, however long the history is (SEC-3, API-2)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import ChangeAccount
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.api.points import POINT_EVERY
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Cause
from termijn.runtime.http import Reader

CHANGES = 170
"""Each makes two events, so that there are three points."""
LIMIT = 25
OF_THE_CALL = 8
"""Rows that a page reads beside events: whether it exists, the point, access."""


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each query of a reading call brought."""
    counts: list[int] = []
    fetch = Reader.fetch

    async def counted(self: Reader, sql: str, *args: object) -> Any:
        rows = await fetch(self, sql, *args)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(Reader, "fetch", counted)
    yield counts


async def change_often(desk: Any) -> None:
    """The account changes its purchase order again and again."""
    service, account = desk.contracts.service, AccountId("acme")
    cause = Cause(actor="manager:piet", why="a test", correlation_id=UUID(int=1), causation_id=UUID(int=1))

    async def change(work: Any) -> None:
        state = await work.load(ACCOUNT, account)
        assert isinstance(state, OpenAccount)
        number = int(state.facts.purchase_order or 0) + 1
        facts = type(state.facts)(purchase_order=str(number))
        command = ChangeAccount(
            now=work.now,
            account=account,
            is_manager=True,
            contract_partner=state.contract_partner,
            invoice_address=None,
            facts=facts,
            serves_companies_only=True,
        )
        await work.execute(ACCOUNT, account, command, account=account)

    for _ in range(CHANGES):
        await service.run(provider="belco", cause=cause, act=change)


async def pages(client: Any, path: str, limit: int) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    cursor = ""
    while True:
        answer = await client.get(f"{path}?limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.slow
@pytest.mark.rule("SEC-3", "API-2")
async def test_a_page_of_a_long_history_reads_no_more_than_a_page_of_a_short_one(desk: Any, rows_read: list[int]) -> None:
    """And says the same, entry by entry, as one that is read in large pages; a point that is gone is made again."""
    await desk.post(desk.manager, "/accounts", desk.account)
    await change_often(desk)
    whole = [entry for page in await pages(desk.manager, "/accounts/acme/history", 200) for entry in page]
    assert len(whole) == 1 + 2 * CHANGES
    numbers = [change["new"] for entry in whole for change in entry["changes"] if change["field"] == "facts.purchase_order"]
    assert numbers == [str(number) for number in range(1, CHANGES + 1)]
    for gone in (0, 3 * POINT_EVERY):
        await desk.contracts.rows("delete from history_point where version = $1 returning 1", gone)
        costs, entries, cursor = [], [], ""
        while cursor is not None:
            rows_read.clear()
            answer = (await desk.manager.get(f"/accounts/acme/history?limit={LIMIT}{cursor}")).json()
            costs.append(sum(rows_read))
            entries += answer["items"]
            cursor = f"&cursor={answer['next']}" if answer["next"] is not None else None
        assert entries == whole
        assert max(costs) <= LIMIT + 1 + POINT_EVERY + OF_THE_CALL, costs
        kept = await desk.contracts.rows("select version from history_point order by version")
        assert [row["version"] for row in kept] == [POINT_EVERY, 2 * POINT_EVERY, 3 * POINT_EVERY]
    rows_read.clear()
    then = (await desk.manager.get(f"/accounts/acme?as_of={day_of(desk.now)}")).json()
    assert then["facts"]["purchase_order"] == str(CHANGES)
    assert sum(rows_read) <= POINT_EVERY + OF_THE_CALL
    assert (await desk.manager.get("/accounts/acme?as_of=2026-05-31")).status_code == 404
    await desk.check()
