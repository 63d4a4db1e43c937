"""USE-1 over the collectors' topic: CloudEvents in every mode, offsets with the records, what cannot be read kept and shown."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from termijn.events.contracts import RateDeckPublished, SubjectAssigned
from termijn.kernel.ids import DeckId, ModuleId, ProviderId
from termijn.rating import collector_topic
from termijn.rating.app import definition, routes
from termijn.rating.collector_topic import USAGE_TOPIC, read_record
from termijn.rating.errors import BadUsage
from termijn.rating.ingest import Intake
from termijn.rating.laws import LAWS
from termijn.rating.usage import Use, Voided
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.inflow_desk import InflowDesk
from termijn.runtime.transport.base import InRecord, OffsetsLost, OutRecord

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
DECK = b"prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n31,Nederland,0.06,0,1,1\n"
BELCO, ZUID = ProviderId("belco"), ProviderId("zuid")


def event(number: str = "1", **changes: Any) -> dict[str, Any]:
    """A call of a minute by extension 101, as a collector sends it."""
    data = {"key": "call", "subject": "101", "started_at": "2026-01-10T12:00:00Z", "duration_seconds": 60, "destination": "+31201234567"}
    return {"specversion": "1.0", "id": number, "source": "pbx", "type": "termijn.usage.recorded", "data": data} | changes


def structured(number: str = "1", **changes: Any) -> OutRecord:
    body = json.dumps(event(number, **changes)).encode()
    return OutRecord(key="101", value=body, headers={"content-type": b"application/cloudevents+json; charset=UTF-8"})


def arrived(value: bytes, **headers: bytes) -> InRecord:
    named = {name.replace("content_type", "content-type"): text for name, text in headers.items()}
    return InRecord(topic="termijn.usage.belco.v1", partition=0, offset=0, key="", value=value, headers=named)


@pytest.mark.rule("USE-1")
def test_every_mode_of_the_kafka_binding_reads_as_the_same_use() -> None:
    whole = json.dumps(event()).encode()
    (expected,) = read_record(arrived(whole, content_type=b"application/cloudevents+json"))
    assert isinstance(expected, Use)
    assert (expected.id, expected.seconds, expected.destination) == ("1", 60, "+31201234567")
    assert read_record(arrived(whole)) == [expected], "without headers it is structured"
    data = json.dumps(event()["data"]).encode()
    binary = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"pbx", "ce_type": b"termijn.usage.recorded"}
    assert read_record(arrived(data, content_type=b"application/json", **binary)) == [expected]
    batch = json.dumps([event(), event("2", type="termijn.usage.voided", data=None)]).encode()
    assert read_record(arrived(batch, content_type=b"application/cloudevents-batch+json")) == [expected, Voided("pbx", "2")]


@pytest.mark.rule("USE-1")
@pytest.mark.parametrize(
    ("record", "field"),
    [
        (arrived(b"\xff\x00"), "body"),
        (arrived(b""), "body"),
        (arrived(b"[]"), "body"),
        (arrived(json.dumps(event(source="")).encode()), "source"),
        (arrived(json.dumps(event(data=None)).encode()), "data"),
        (arrived(b"{}", ce_id=b"1", ce_source=b"pbx", ce_type=b"t"), "ce-specversion"),
    ],
)
def test_what_is_no_usage_is_refused_with_the_field_named(record: InRecord, field: str) -> None:
    with pytest.raises(BadUsage) as refused:
        read_record(record)
    assert refused.value.field == field


class Collecting:
    """rating-svc with module m-1 of account acc at two providers, both with extension 101, and their topics."""

    def __init__(self, under_test: Any) -> None:
        self.it = under_test
        self.desk = self.new_desk()

    def new_desk(self) -> InflowDesk:
        service = self.it.service
        return InflowDesk(USAGE_TOPIC, service.name, service.database, service.plant.blobs, service.transport)

    async def send(self, *records: OutRecord, provider: ProviderId = BELCO) -> None:
        await self.it.transport.publish(USAGE_TOPIC.topic(provider), records)

    async def take(self) -> int:
        taken = 0
        while page := await self.desk.step(0.2):
            taken += page
        return taken

    async def sums(self) -> dict[str, int]:
        rows = await self.it.rows("select provider, sum(records)::int as n from usage_sum group by provider order by provider")
        return {row["provider"]: row["n"] for row in rows}

    async def check(self) -> None:
        assert await self.it.broken(LAWS) == []
        assert await self.desk.is_quiet()


@pytest.fixture
async def collecting(services: Any, make: Any) -> AsyncIterator[Collecting]:
    it = await services.open(definition(), routes, now=JANUARY)
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"), deck="deck")
    for provider in (BELCO, ZUID):
        blob = await it.service.plant.blobs.put(provider, DECK)
        deck = RateDeckPublished(deck_id=DeckId("deck"), version=1, valid_from=date(2026, 1, 1), rows=1, blob=blob)
        await it.hear("contracts", deck, account="~catalogue", provider=provider)
        assigned = SubjectAssigned(module_id=ModuleId("m-1"), subject="101", from_at=JANUARY)
        await it.hear("contracts", make.ordered(tariff, date(2026, 1, 1)), assigned, account="acc", provider=provider)
    await it.settle()
    collecting = Collecting(it)
    await collecting.desk.look()
    yield collecting
    await collecting.desk.close()


@pytest.mark.rule("USE-1", "SEC-1")
async def test_the_provider_is_the_topics_whatever_the_record_says(collecting: Collecting) -> None:
    """Equal ids at two providers are two records; a record that names another provider stays where it was sent."""
    await collecting.send(structured("1"), structured("2"), structured("1"))
    await collecting.send(structured("1", provider="belco", providerid="belco"), provider=ZUID)
    assert await collecting.take() == 4
    assert await collecting.sums() == {"belco": 2, "zuid": 1}
    await collecting.check()


@pytest.mark.rule("USE-1")
async def test_what_cannot_be_read_is_kept_with_the_reason_and_shown_and_the_rest_counts(collecting: Collecting) -> None:
    await collecting.send(structured("1"), OutRecord(key="k", value=b"not json"), structured("2", data={"key": "call"}), structured("3"))
    assert await collecting.take() == 4
    assert await collecting.sums() == {"belco": 2}
    async with collecting.it.client("manager") as manager, collecting.it.client("manager", provider=ZUID) as other:
        shown = (await manager.get("/usage/unreadable")).json()["items"]
        assert sorted((each["field"], each["reason"]) for each in shown) == [("body", "is not JSON"), ("subject", "is missing")]
        assert all("value" not in each and each["topic"] == "termijn.usage.belco.v1" for each in shown)
        first = (await manager.get("/usage/unreadable", params={"limit": 1})).json()
        second = (await manager.get("/usage/unreadable", params={"limit": 1, "cursor": first["next"]})).json()
        assert [*first["items"], *second["items"]] == shown
        assert (await other.get("/usage/unreadable")).json()["items"] == []
    async with collecting.it.client("collector") as collector:
        assert (await collector.get("/usage/unreadable")).status_code == 403
    await collecting.check()


@pytest.mark.rule("USE-1")
async def test_what_could_not_be_read_counts_once_the_cause_is_repaired(collecting: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    def older_release(record: InRecord) -> list[Use | Voided]:
        raise BadUsage(field="data.key", reason="is not known to this release")

    with monkeypatch.context() as patch:
        patch.setattr(collector_topic, "read_record", older_release)
        await collecting.send(structured("1"), structured("2"), OutRecord(key="k", value=b"never"))
        await collecting.take()
    assert await collecting.sums() == {}
    async with collecting.it.client("manager") as manager:
        answer = (await manager.post("/usage/unreadable/retry", headers={"idempotency-key": "first"})).json()
        assert (answer["read"], answer["accepted"]) == (3, 2)
        assert len((await manager.get("/usage/unreadable")).json()["items"]) == 1
        again = (await manager.post("/usage/unreadable/retry", headers={"idempotency-key": "second"})).json()
        assert (again["read"], again["accepted"]) == (1, 0)
    assert await collecting.sums() == {"belco": 2}
    await collecting.check()


@pytest.mark.rule("USE-1")
async def test_a_record_that_the_database_still_refuses_stays_with_its_reason_and_the_others_count(
    collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it was refused when it came, now again when it is read again: its neighbours are taken in all the same."""

    def older_release(record: InRecord) -> list[Use | Voided]:
        raise BadUsage(field="data.key", reason="is not known to this release")

    with monkeypatch.context() as patch:
        patch.setattr(collector_topic, "read_record", older_release)
        await collecting.send(*[structured(str(n)) for n in range(1, 5)])
        await collecting.take()
    taken = collector_topic.take_in

    async def refused(sql: Any, provider: ProviderId, closing: int, uses: Any, decks: Any) -> Any:
        report = await taken(sql, provider, closing, uses, decks)
        if any(use.id == "3" for use in uses):
            await sql.fetch("select 1 / 0")
        return report

    async with collecting.it.client("manager") as manager:
        with monkeypatch.context() as patch:
            patch.setattr(collector_topic, "take_in", refused)
            for key, counts in (("first", (4, 1, 3)), ("second", (1, 1, 0))):
                answer = await manager.post("/usage/unreadable/retry", headers={"idempotency-key": key})
                assert answer.status_code == 202, answer.text
                told = answer.json()
                assert (told["read"], told["left"], told["accepted"]) == counts
            (stays,) = (await manager.get("/usage/unreadable")).json()["items"]
            assert (stays["field"], stays["reason"]) == ("", "DivisionByZeroError: division by zero")
        assert await collecting.sums() == {"belco": 3}
        told = (await manager.post("/usage/unreadable/retry", headers={"idempotency-key": "third"})).json()
        assert (told["read"], told["left"], told["accepted"]) == (1, 0, 1)
    assert await collecting.sums() == {"belco": 4}
    await collecting.check()


@pytest.mark.rule("USE-1")
async def test_after_a_crash_nothing_is_lost_and_nothing_counts_twice(collecting: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the commit everything comes again; after it, and before the acknowledgement, nothing does."""
    await collecting.send(*[structured(str(n)) for n in range(20)])

    async def power_fails(*args: object, **also: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(collector_topic, "keep_offsets", power_fails)
        with pytest.raises(OSError):
            await collecting.take()
    assert await collecting.sums() == {}
    await collecting.desk.close()
    collecting.desk = collecting.new_desk()
    await collecting.desk.look()
    consumer = collecting.desk._consumer
    assert consumer is not None
    with monkeypatch.context() as patch:
        patch.setattr(consumer, "commit", power_fails)
        with pytest.raises(OSError):
            await collecting.take()
    assert await collecting.sums() == {"belco": 20}
    await collecting.desk.close()
    collecting.desk = collecting.new_desk()
    await collecting.desk.look()
    assert await collecting.take() == 0, "the offsets were stored with the records"
    assert await collecting.sums() == {"belco": 20}
    await collecting.check()


@pytest.mark.rule("USE-1")
async def test_a_record_that_spoils_its_page_is_parked_alone(collecting: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest = Intake.ingest

    async def fails_for_7(self: Intake, connection: Any, provider: ProviderId, batch: Any, **also: Any) -> Any:
        if any(record.id == "7" for record in batch):
            raise ValueError("seven")
        return await ingest(self, connection, provider, batch, **also)

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "ingest", fails_for_7)
        await collecting.send(*[structured(str(n)) for n in range(10)])
        assert await collecting.take() == 10
    assert await collecting.sums() == {"belco": 9}
    rows = await collecting.it.rows("select reason from usage_unreadable")
    assert [row["reason"] for row in rows] == ["ValueError: seven"]
    await collecting.check()


async def test_records_that_were_deleted_unread_are_named_and_stop_their_topic_until_somebody_has_decided(collecting: Collecting) -> None:
    """As recovery asks it, of all topics of all providers."""
    service = collecting.it.service
    service.inflows.append(collecting.desk)
    await collecting.send(structured("1"), structured("2"))
    assert await service.lost_places() == []
    admin = await asyncpg.connect(collecting.it.transport._owner_dsn)
    await admin.execute("update log_partition set first_offset = next_offset where topic = 'termijn.usage.belco.v1'")
    await admin.close()
    (lost,) = await service.lost_places()
    assert (lost.place[0], lost.wanted, lost.first) == ("termijn.usage.belco.v1", 0, 2)
    with pytest.raises(OffsetsLost):
        await collecting.take()
    decide = "insert into consumer_offset (topic, partition, next_offset) values ($1, $2, $3)"
    await service.database.short(EVERY_PROVIDER, decide, *lost.place, lost.first)
    await collecting.send(structured("3"))
    assert await collecting.take() == 1
    assert await service.lost_places() == []
    service.inflows.clear()


async def test_the_topic_of_a_new_provider_is_made_and_heard_without_a_restart(collecting: Collecting, make: Any) -> None:
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"))
    noord = ProviderId("noord")
    await collecting.it.hear("contracts", make.ordered(tariff, date(2026, 1, 1)), account="acc", provider=noord)
    await collecting.desk.look()
    await collecting.send(structured("1"), provider=noord)
    await collecting.send(structured("1"))
    assert await collecting.take() == 2
    assert {row["provider"] for row in await collecting.it.rows("select provider from usage_id")} == {"belco", "noord"}
    await collecting.check()


def test_whose_a_topic_is() -> None:
    assert USAGE_TOPIC.topic(BELCO) == "termijn.usage.belco.v1"
    assert USAGE_TOPIC.provider("termijn.usage.belco-2.v1") == "belco-2"
    with pytest.raises(ValueError, match="not a provider"):
        USAGE_TOPIC.provider("termijn.usage.*.v1")
