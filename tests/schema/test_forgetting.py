"""What services erase fits the tables that they have: found here, and not when somebody is deleted (CON-7)."""

import asyncpg
import pytest

from termijn.contracts.erasure import FORGETTING as CONTRACTS
from termijn.contracts.erasure import SQL as CONTRACTS_SQL
from termijn.dunning.erasure import FORGETTING as DUNNING
from termijn.dunning.erasure import SQL as DUNNING_SQL
from termijn.invoice.erasure import FORGETTING as INVOICE
from termijn.invoice.erasure import SQL as INVOICE_SQL
from termijn.rating.erasure import FORGETTING as RATING
from termijn.rating.erasure import SQL as RATING_SQL
from termijn.runtime.database import Address, migrate
from termijn.runtime.erasure import SQL as EVERY_SQL
from termijn.runtime.erasure import Forgetting
from termijn.testing.postgres import Databases, TestDatabase

OF = {
    "contracts": (CONTRACTS, CONTRACTS_SQL),
    "rating": (RATING, RATING_SQL),
    "invoice": (INVOICE, INVOICE_SQL),
    "dunning": (DUNNING, DUNNING_SQL),
}


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.parametrize("service", OF)
async def test_every_statement_can_be_prepared(databases: Databases, service: str) -> None:
    async def prepare(database: TestDatabase) -> None:
        await migrate(Address(app_dsn=database.app_dsn, owner_dsn=database.owner_dsn), ["termijn.runtime.schema", f"termijn.{service}"])

    forgetting, named = OF[service]
    assert isinstance(forgetting, Forgetting)
    database = await databases.new(f"termijn.{service}", prepare)
    connection = await asyncpg.connect(database.app_dsn)
    try:
        for sql in (*forgetting.statements, *forgetting.blobs, *named.values(), *EVERY_SQL.values()):
            await connection.prepare(sql)
    finally:
        await connection.close()
