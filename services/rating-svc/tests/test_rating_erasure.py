"""Who called whom can be emptied, and nothing else of a record ever changes (CON-7, USE-13)."""

import asyncpg
import pytest

from termijn.runtime.database import Address, migrate
from termijn.testing.postgres import Databases, TestDatabase

ROW = """
insert into usage (provider, month, module_id, started_at, source, id, turn, account, usage_key, subject, seconds, quantity, destination,
  closing) values ('belco', '2026-01-01', 'm-1', '2026-01-10 12:00+01', 'pbx', $1, 1, 'acme', 'call', '+31687654321', 60, 1000000,
  '+31698765432', 0)
"""


@pytest.mark.database
@pytest.mark.rule("CON-7")
async def test_a_record_gives_up_its_numbers_and_nothing_else(databases: Databases) -> None:
    async def prepare(database: TestDatabase) -> None:
        await migrate(Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn), ["termijn.runtime.schema", "termijn.rating"])

    database = await databases.new("termijn.rating", prepare)
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        await owner.execute("select ensure_usage_month('2026-01-01')")
        await owner.execute(ROW, "1")
        await owner.execute(ROW, "2")
        for change in ("seconds = 1", "subject = '+31600000000'", "closing = 9", "destination = ''", "quantity = 0, subject = null"):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await owner.execute(f"update usage set {change}")
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await owner.execute("delete from usage")
        await owner.execute("update usage set subject = null, destination = null where id = '1'")
        rows = await owner.fetch("select id, subject, destination, seconds, closing from usage order by id")
        assert [tuple(row) for row in rows] == [("1", None, None, 60, 0), ("2", "+31687654321", "+31698765432", 60, 0)]
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await owner.execute("update usage set subject = 'x' where id = '1'")
    finally:
        await owner.close()
