"""Several writes in one round trip."""

from typing import Any

from termijn.runtime.joined import execute_joined


class Wire:
    """Stands for a connection, and keeps what went over it."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []

    async def execute(self, sql: str, *args: object) -> None:
        self.sent.append((" ".join(sql.split()), *args))


async def test_writes_share_a_statement_and_each_keeps_its_arguments() -> None:
    wire = Wire()
    many = " ".join(f"${number}" for number in range(1, 12))
    await execute_joined(wire, [(f"insert {many}", tuple(range(11))), ("update $2 $1", ("a", "b"))])
    assert wire.sent == [(f"with write_0 as ( insert {many} ), write_1 as ( update $13 $12 ) select", *range(11), "a", "b")]


async def test_one_write_goes_as_it_is_and_none_goes_not_at_all() -> None:
    wire = Wire()
    await execute_joined(wire, [])
    await execute_joined(wire, [("insert $1", (1,))])
    assert wire.sent == [("insert $1", 1)]
