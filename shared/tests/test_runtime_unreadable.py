"""A record that is no message of ours is kept and shown, and whoever comes behind it does not wait."""

from termijn.runtime.transport.base import OutRecord
from termijn.testing.harness import Services
from termijn.testing.sample import MarblesAdded, sample


async def test_a_record_without_a_readable_envelope_is_kept_and_reading_goes_on(services: Services) -> None:
    """No header, and a header that is no JSON; then a good message of an account."""
    jar = await services.open(sample(name="rating", listens_to="contracts"))
    await jar.transport.ensure_topics(["termijn.contracts.v1"])
    await jar.transport.publish(
        "termijn.contracts.v1",
        [OutRecord(key="belco/acme", value=b"?", headers={}), OutRecord(key="belco/acme", value=b"??", headers={"envelope": b"{"})],
    )
    await jar.settle()
    kept = await jar.rows("select value, reason from unreadable_record order by record_offset")
    assert [row["value"] for row in kept] == [b"?", b"??"]
    assert all(row["reason"] for row in kept)
    assert sum(row["next_offset"] for row in await jar.rows("select next_offset from consumer_offset")) == 2
    await jar.hear("contracts", MarblesAdded(count=3), account="acme")
    assert [row["marbles"] for row in await jar.rows("select marbles from jar")] == [3]
    assert await jar.service.is_quiet()
