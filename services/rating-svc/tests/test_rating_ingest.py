"""USE-1, USE-2, USE-10 on a real database: each record once, at its module or in a named waiting place, whatever comes in what order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from termijn.events.base import Event
from termijn.events.contracts import ModuleActivated, RateDeckPublished, SubjectAssigned, SubjectReleased, TariffChanged
from termijn.events.erasure import AccountDeleted
from termijn.kernel.ids import DeckId, ModuleId, ProviderId
from termijn.rating.app import definition, routes
from termijn.rating.deck_library import DeckLibrary
from termijn.rating.ingest import Intake, Report
from termijn.rating.laws import LAWS
from termijn.rating.usage import Use, Voided

PROVIDER = ProviderId("belco")
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
DECK = b"prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\n31,Nederland,0.06,0,1,1\n"


class Rating:
    """rating-svc with one account, a telephony module m-1 and extension 101."""

    def __init__(self, make: Any, under_test: Any) -> None:
        self.make, self.it = make, under_test
        self.intake = Intake(DeckLibrary(under_test.service.plant.blobs))

    async def hear(self, *events: Event, account: str = "acc") -> None:
        await self.it.hear("contracts", *events, account=account)

    async def take(self, *records: Use | Voided, provider: ProviderId = PROVIDER) -> Report:
        async with self.it.service.database.pool.acquire() as connection:
            return await self.intake.ingest(connection, provider, records, actor="test")

    async def deck(self, content: bytes = DECK, version: int = 1) -> None:
        blob = await self.it.service.plant.blobs.put(PROVIDER, content)
        published = RateDeckPublished(deck_id=DeckId("deck"), version=version, valid_from=date(2026, 1, 1), rows=1, blob=blob)
        await self.hear(published, account="~catalogue")

    async def count(self, table: str) -> int:
        return int((await self.it.rows(f"select count(*) as n from {table}"))[0]["n"])

    async def sums(self) -> dict[str, int]:
        rows = await self.it.rows("select module_id, sum(records)::int as n from usage_sum group by module_id order by module_id")
        return {row["module_id"]: row["n"] for row in rows if row["n"]}

    async def check(self) -> None:
        assert await self.it.broken(LAWS) == []


def assigned(module: str = "m-1", subject: str = "101", day: date = date(2026, 1, 1)) -> SubjectAssigned:
    return SubjectAssigned(module_id=ModuleId(module), subject=subject, from_at=datetime(day.year, day.month, day.day, tzinfo=UTC))


def call(number: str = "1", **changes: Any) -> Use:
    facts: dict[str, Any] = {
        "source": "pbx", "id": number, "subject": "101", "key": "call", "started_at": JANUARY + timedelta(days=9), "seconds": 60,
        "quantity": 1_000_000, "destination": "+31201234567",
    }  # fmt: skip
    return Use(**(facts | changes))


@pytest.fixture
async def rating(services: Any, make: Any) -> Rating:
    """The service before anything was ordered."""
    return Rating(make, await services.open(definition(), routes, now=JANUARY))


@pytest.fixture
async def telephony(rating: Rating, make: Any) -> Rating:
    """The service with m-1 ordered, subject 101, a deck for the Netherlands."""
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"), deck="deck")
    await rating.deck()
    await rating.hear(make.ordered(tariff, date(2026, 1, 1)), assigned())
    await rating.it.settle()
    return rating


@pytest.mark.rule("USE-1")
async def test_the_same_id_twice_counts_once_and_other_content_is_a_conflict(telephony: Rating) -> None:
    """Within a batch, across batches, and beside another source's equal id."""
    report = await telephony.take(call(), call(), call("2"), call(source="other"), call("2", seconds=61))
    assert report == Report(accepted=3, duplicates=1, conflicts=1)
    assert await telephony.take(call(), call("1", seconds=5)) == Report(duplicates=1, conflicts=1)
    assert await telephony.sums() == {"m-1": 3}
    assert await telephony.count("usage_conflict") == 2
    await telephony.check()


@pytest.mark.rule("CON-7", "USE-1")
async def test_of_a_deleted_account_no_number_can_be_found_from_a_hash_and_what_comes_again_still_counts_once(telephony: Rating) -> None:
    """Whoever has the hash of a record tries all numbers there are. Another account's records, and their conflicts, stay as they were."""
    await telephony.hear(
        telephony.make.ordered(
            telephony.make.tariff(telephony.make.article("calls", "0.10", key="call", unit="minute"), deck="deck"),
            date(2026, 1, 1),
            module="m-9",
        ),
        assigned("m-9", "909"),
        account="other",
    )
    hers = call("9", subject="909")
    await telephony.take(call(), call("2"), call("1", subject="777"), call("3", subject="777"), call("3", seconds=9), hers)
    assert await telephony.count("usage_conflict") == 2
    await telephony.hear(AccountDeleted(question="acc/1", deleted_at=JANUARY))
    rows = await telephony.it.rows("select id, content from usage_id order by id")
    assert [(row["id"], row["content"] is None) for row in rows] == [("1", True), ("2", True), ("3", False), ("9", False)]
    assert [row["id"] for row in await telephony.it.rows("select id from usage_conflict")] == []
    assert await telephony.take(call(), call("2", seconds=5)) == Report(duplicates=2), "whom it was about is known to nobody"
    assert await telephony.take(hers, call("9", subject="909", seconds=5)) == Report(duplicates=1, conflicts=1)
    await telephony.check()


@pytest.mark.rule("USE-1", "SEC-1")
async def test_two_providers_have_equal_ids_and_nothing_in_common(telephony: Rating) -> None:
    """The other provider has no module: its record with the same id waits, and is no duplicate."""
    await telephony.take(call())
    assert await telephony.take(call(), provider=ProviderId("other")) == Report(suspended=1)
    assert [row["provider"] for row in await telephony.it.rows("select provider from suspense", provider="belco")] == []


@pytest.mark.rule("USE-2")
async def test_a_record_without_module_article_or_rate_waits_with_its_reason(telephony: Rating) -> None:
    """Unknown extension, unknown key, unknown destination, and a day before the module's start."""
    early = datetime(2025, 12, 31, 12, tzinfo=UTC)
    waiting = (
        call("1", subject="999"),
        call("2", key="fax"),
        call("3", destination="+4930123456"),
        call("4", started_at=early),
        call("5", destination="not a number"),
    )
    assert await telephony.take(*waiting, call("6")) == Report(accepted=1, suspended=5)
    rows = await telephony.it.rows("select id, reason from suspense order by id")
    assert [row["reason"] for row in rows] == ["no module", "no article", "no rate", "no module", "no rate"]
    await telephony.check()


@pytest.mark.rule("USE-2")
async def test_what_waits_counts_once_the_cause_is_repaired(telephony: Rating) -> None:
    """A subject assigned, a deck published, a tariff changed: each lets its own records through."""
    await telephony.take(call("1", subject="102"), call("2", destination="+4930123456"), call("3", key="fax"), call("4", subject="103"))
    await telephony.hear(assigned(subject="102"))
    assert await telephony.sums() == {"m-1": 1}
    await telephony.deck(DECK + b"49,Duitsland,0.10,0,1,1\n", version=2)
    assert await telephony.sums() == {"m-1": 2}
    make = telephony.make
    both = make.tariff(
        make.article("calls", "0.10", key="call", unit="minute"), make.article("fax", "0.10", key="fax"), deck="deck", version=2
    )
    await telephony.hear(TariffChanged(module_id=ModuleId("m-1"), tariff=both, from_on=date(2026, 1, 1)))
    assert await telephony.sums() == {"m-1": 3}
    assert [(row["id"], row["reason"]) for row in await telephony.it.rows("select id, reason from suspense")] == [("4", "no module")]
    assert await telephony.count("reference_change") == 0
    await telephony.check()


@pytest.mark.rule("USE-2")
async def test_use_of_a_line_before_its_delivery_is_known_waits_for_it(rating: Rating, make: Any) -> None:
    """ModuleActivated lets it through."""
    await rating.hear(make.ordered(make.tariff(make.article("calls", "0.10", key="call", unit="minute")), None), assigned())
    assert await rating.take(call()) == Report(suspended=1)
    await rating.hear(ModuleActivated(module_id=ModuleId("m-1"), active_from=date(2026, 1, 5)))
    assert await rating.sums() == {"m-1": 1}


@pytest.mark.rule("USE-2")
async def test_a_subject_belongs_to_one_module_at_the_time_of_use_also_when_that_is_told_late(telephony: Rating) -> None:
    """Extension 101 went to m-2 on 10 January; told on the 20th, the call of the 10th moves, that of the 5th stays."""
    make = telephony.make
    await telephony.take(call("1", started_at=JANUARY + timedelta(days=4)), call("2", started_at=JANUARY + timedelta(days=10)))
    moved_at = JANUARY + timedelta(days=9)
    await telephony.hear(SubjectReleased(module_id=ModuleId("m-1"), subject="101", until_at=moved_at))
    assert await telephony.sums() == {"m-1": 1}
    assert await telephony.count("suspense") == 1
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"))
    await telephony.hear(make.ordered(tariff, date(2026, 1, 1), module="m-2"), assigned("m-2", day=date(2026, 1, 10)))
    assert await telephony.sums() == {"m-1": 1, "m-2": 1}
    await telephony.check()


@pytest.mark.rule("USE-10")
async def test_a_void_takes_a_record_back_once_and_waits_for_one_that_has_not_come(telephony: Rating) -> None:
    """After the record, before the record, and of one that waits."""
    await telephony.take(call("1"), call("3", subject="999"))
    assert (await telephony.take(Voided("pbx", "1"), Voided("pbx", "2"), Voided("pbx", "3"))).voided == 3
    assert (await telephony.take(Voided("pbx", "1"))).voided == 0
    assert await telephony.take(call("2")) == Report(voided=1)
    assert await telephony.sums() == {}
    assert (await telephony.count("usage"), await telephony.count("suspense")) == (1, 0)
    await telephony.check()


async def test_usage_is_append_only(telephony: Rating) -> None:
    """Not even the service itself can change a record."""
    await telephony.take(call())
    for change in ("update usage set seconds = 1", "delete from usage", "delete from usage_void"):
        with pytest.raises(Exception, match="append-only"):
            await telephony.it.rows(change)


@pytest.mark.rule("USE-1", "USE-2", "API-1")
async def test_over_http(telephony: Rating) -> None:
    """A batch, a file twice, suspense without numbers, a void, use of the period."""
    event = {"specversion": "1.0", "id": "h-1", "source": "collector", "type": "termijn.usage.recorded", "subject": "101",
             "time": "2026-01-10T09:00:00Z", "data": {"key": "call", "duration_seconds": 60, "destination": "0201234567"}}  # fmt: skip
    line = (
        b"Call 1,c-1,00:01:00,2026/01/11 09:00:00,2026/01/11 09:00:05,2026/01/11 09:01:05,,Ext.999,0201234567,999,10000"
        + b"," * 10
        + b"Internal,External\r\n"
    )
    async with telephony.it.client("collector") as http:
        batch = {"content-type": "application/cloudevents-batch+json"}
        sent = await http.post("/usage", json=[event, event | {"id": "h-2"}], headers=batch)
        assert (sent.status_code, sent.json()["accepted"]) == (202, 2)
        bad = await http.post("/usage", json=event | {"id": ""}, headers={"content-type": "application/cloudevents+json"})
        assert (bad.status_code, bad.json()["field"]) == (422, "id")
        plain = await http.post("/usage", content=b"{}", headers={"content-type": "text/plain"})
        assert (plain.status_code, plain.json()["field"]) == (415, "Content-Type")
        files = [(await http.post("/call-records/pbx?format=3cx", content=line)).json() for _ in range(2)]
        other = await http.post("/call-records/pbx?format=3cx", content=line, headers={"Content-Type": "application/json"})
        assert (other.status_code, other.json()["field"]) == (415, "Content-Type")
        assert [(f["suspended"], f["duplicates"], f["lines"]) for f in files] == [(1, 0, 1), (0, 1, 1)]
        voided = await http.post("/usage/collector/h-2/void", headers={"idempotency-key": "v"})
        assert (voided.status_code, voided.json()) == (202, {"voided": 1})
        assert (await http.get("/suspense")).status_code == 403
    async with telephony.it.client("manager") as http:
        waiting = (await http.get("/suspense")).json()["items"]
        assert [(one["id"], one["reason"]) for one in waiting] == [("c-1", "no module")]
        assert "destination" not in waiting[0]
        assert (await http.post("/suspense/retry", headers={"idempotency-key": "r"}, json={})).json() == {"waiting": 1}
    async with telephony.it.client("customer", account="acc") as http:
        use = (await http.get("/accounts/acc/use?period=2026-01")).json()
        assert [(one["usage_key"], one["records"]) for one in use["use"]] == [("call", 1)]
        assert [(one["article"], one["net"]) for one in use["costs"]] == [("calls", "0.06")]
        assert (await http.get("/accounts/other/use?period=2026-01")).status_code == 403
        assert (await http.get("/accounts/acc/use?period=2026-13")).status_code == 422


@pytest.mark.rule("API-1")
async def test_the_policy_over_http(telephony: Rating) -> None:
    """The defaults, a version of one's own, and one that is refused."""
    async with telephony.it.client("manager") as http:
        layout = {"layouts": {"pbx": {"subject_prefix": "utrecht/"}}}
        assert (await http.get("/policy")).json()["version"] == 0, "the defaults"
        assert (await http.put("/policy", json=layout, headers={"idempotency-key": "p"})).json()["version"] == 1
        shown = await http.get("/policy")
        assert (shown.headers["etag"], set(shown.json()["policy"]["layouts"])) == ('"1"', set(layout["layouts"]))
        odd = {"layouts": {"pbx": {"delimiter": "xx"}}}
        assert (await http.put("/policy", json=odd, headers={"idempotency-key": "q"})).status_code == 422


UNREADABLE = """
insert into usage_unreadable (provider, topic, partition, next_offset, field, reason, headers, value, since)
values ('belco', 'termijn.usage.belco.v1', 0, $1, 'body', 'is not JSON', '', convert_to($2, 'UTF8'), now() - $3 * interval '1 day')
"""


async def emptied(rating: Rating) -> list[int]:
    rows = await rating.it.rows("select next_offset from usage_unreadable where emptied_at is not null and value = '' order by 1")
    return [row["next_offset"] for row in rows]


@pytest.mark.rule("CON-7", "USE-2")
async def test_what_finds_no_module_gives_up_its_numbers_after_13_months_and_is_still_there(telephony: Rating) -> None:
    """Nothing is dropped, and nobody's number waits for ever. Who gets the number later gets no such record."""
    old, young = call("1", subject="+31201111111"), call("2", subject="+31201111111", started_at=JANUARY + timedelta(days=60))
    assert await telephony.take(old, call("1", subject="+31202222222"), young) == Report(suspended=2, conflicts=1)
    await telephony.it.advance_to(datetime(2027, 2, 12, tzinfo=UTC))
    await telephony.it.advance_to(datetime(2027, 2, 20, tzinfo=UTC))
    rows = await telephony.it.rows("select id, subject, destination, seconds, reason from suspense order by id")
    assert [tuple(row)[:4] for row in rows] == [("1", "", "", 60), ("2", "+31201111111", "+31201234567", 60)]
    assert rows[0]["reason"] == "waited 13 months: who called whom was emptied"
    assert await telephony.count("usage_conflict") == 0
    assert [row["id"] for row in await telephony.it.rows("select id from usage_id where content is null")] == ["1"]
    await telephony.hear(assigned(subject="+31201111111"))
    assert await telephony.sums() == {"m-1": 1}
    await telephony.check()


@pytest.mark.rule("CON-7", "USE-1")
async def test_what_nobody_can_read_is_emptied_after_180_days_and_is_still_told(telephony: Rating) -> None:
    for number, days in enumerate((200, 179), start=1):
        await telephony.it.rows(UNREADABLE, number, "{", days)
    await telephony.it.advance_to(JANUARY + timedelta(days=8))
    await telephony.it.settle()
    assert await emptied(telephony) == [1]
    assert await telephony.count("usage_unreadable") == 2


@pytest.mark.rule("CON-7")
async def test_what_waits_with_a_number_of_a_deleted_account_gives_it_up_at_once(telephony: Rating) -> None:
    """Of times at which nobody had the number, and in what cannot be read; a number that another has had stays a while."""
    mine, shared, before = "+31687654321", "+31687650000", JANUARY - timedelta(days=9)
    await telephony.hear(assigned(subject=mine), assigned(subject=shared))
    await telephony.hear(SubjectReleased(module_id=ModuleId("m-1"), subject=shared, until_at=JANUARY + timedelta(days=9)))
    make = telephony.make
    tariff = make.tariff(make.article("calls", "0.10", key="call", unit="minute"), deck="deck")
    await telephony.hear(make.ordered(tariff, date(2026, 1, 1), module="m-9"), assigned("m-9", shared, date(2026, 2, 1)), account="other")
    await telephony.take(call("1", subject=mine, started_at=before), call("2", subject=shared, started_at=before))
    await telephony.take(call("3", subject=mine, started_at=before), Voided("pbx", "3"))
    for number, text in enumerate((f'"{mine}"', "from 31687654321", "06 87, 0687654321;", "0687654399"), start=1):
        await telephony.it.rows(UNREADABLE, number, text, 1)
    await telephony.hear(AccountDeleted(question="acc/1", deleted_at=JANUARY))
    assert [tuple(row) for row in await telephony.it.rows("select id, subject from suspense order by id")] == [("1", ""), ("2", shared)]
    assert [row["id"] for row in await telephony.it.rows("select id from usage_id where content is null order by id")] == ["1", "3"]
    assert await emptied(telephony) == [1, 2, 3]
    await telephony.check()
