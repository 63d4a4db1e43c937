"""A changing call happens once, whatever its caller repeats, and not over somebody else's change (API-1)."""

import asyncio

import pytest

from termijn.testing.harness import ServiceUnderTest

PATH = "/accounts/acme/marbles"


def key(name: str) -> dict[str, str]:
    return {"idempotency-key": name}


async def marbles(jars: ServiceUnderTest) -> int:
    return int((await jars.client().get("/accounts/acme")).json()[0]["marbles"])


@pytest.mark.rule("API-1")
async def test_the_same_key_gives_the_same_answer_and_does_it_once(jars: ServiceUnderTest) -> None:
    client = jars.client()
    first = await client.post(PATH, json={"count": 3}, headers=key("k-1"))
    again = await client.post(PATH, json={"count": 3}, headers=key("k-1"))
    assert (first.status_code, first.json(), first.headers["etag"]) == (201, {"marbles": 3, "price": "12.50"}, '"1"')
    assert (again.status_code, again.content, again.headers["etag"]) == (201, first.content, '"1"')
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await marbles(jars) == 3
    await client.post(PATH, json={"count": 3}, headers=key("k-2"))
    assert await marbles(jars) == 6


@pytest.mark.rule("API-1")
async def test_whoever_comes_while_the_first_is_under_way_waits_and_gets_its_answer(jars: ServiceUnderTest) -> None:
    answers = await asyncio.gather(*(jars.client().post(PATH, json={"count": 3}, headers=key("k-1")) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers].count(None) == 1
    assert await marbles(jars) == 3


@pytest.mark.rule("API-1")
async def test_a_key_belongs_to_one_request_of_one_caller(jars: ServiceUnderTest) -> None:
    client = jars.client()
    await client.post(PATH, json={"count": 3}, headers=key("k-1"))
    others = [
        await client.post(PATH, json={"count": 4}, headers=key("k-1")),
        await client.post(f"{PATH}?x=1", json={"count": 3}, headers=key("k-1")),
        await client.post(PATH, json={"count": 3}, headers={**key("k-1"), "if-match": '"1"'}),
        await client.delete(PATH, headers=key("k-1")),
    ]
    assert [answer.status_code for answer in others] == [422] * 4
    assert others[0].json()["code"] == "IdempotencyKeyReused"
    assert others[0].json()["field"] == "Idempotency-Key"
    customer = await jars.client("customer", account="acme").post(PATH, json={"count": 4}, headers=key("k-1"))
    assert customer.status_code == 201
    assert await marbles(jars) == 7


@pytest.mark.rule("API-1")
async def test_without_a_proper_key_nothing_happens(jars: ServiceUnderTest) -> None:
    for value in (None, "", "a b", "x" * 256, "sn\xf6"):
        headers = {} if value is None else {"idempotency-key": value.encode("latin-1")}
        answer = await jars.client().post(PATH, json={"count": 3}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "IdempotencyKeyMissing"), value
    assert (await jars.client().get("/accounts/acme")).json() == []


@pytest.mark.rule("API-1")
async def test_a_refusal_changes_nothing_and_is_the_answer_for_its_key_too(jars: ServiceUnderTest) -> None:
    client = jars.client()
    await client.post(PATH, json={"count": 999_999}, headers=key("k-1"))
    refused = await client.post(PATH, json={"count": 2}, headers=key("k-2"))
    again = await client.post(PATH, json={"count": 2}, headers=key("k-2"))
    assert (refused.status_code, refused.json()["code"]) == (409, "TooManyMarbles")
    assert (again.status_code, again.content, again.headers["content-type"]) == (409, refused.content, "application/problem+json")
    other = await client.post(PATH, json={"count": 1}, headers=key("k-2"))
    assert other.json()["code"] == "IdempotencyKeyReused"
    assert await marbles(jars) == 999_999


@pytest.mark.rule("API-1")
async def test_a_change_over_somebody_elses_is_refused_with_the_current_version(jars: ServiceUnderTest) -> None:
    client = jars.client()
    first = await client.post(PATH, json={"count": 1}, headers=key("k-1"))
    await client.post(PATH, json={"count": 1}, headers={**key("k-2"), "if-match": first.headers["etag"]})
    stale = await client.post(PATH, json={"count": 1}, headers={**key("k-3"), "if-match": first.headers["etag"]})
    assert (stale.status_code, stale.json()["current"], stale.headers["etag"]) == (412, 2, '"2"')
    assert await marbles(jars) == 2
    for any_version in ("*", 'W/"3"'):
        answer = await client.post(PATH, json={"count": 1}, headers={**key(any_version), "if-match": any_version})
        assert answer.status_code == 201
    wrong = await client.post(PATH, json={"count": 1}, headers={**key("k-5"), "if-match": "two"})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "If-Match")


async def test_concurrent_changes_of_one_thing_are_all_done(jars: ServiceUnderTest) -> None:
    answers = await asyncio.gather(*(jars.client().post(PATH, json={"count": 1}, headers=key(f"k-{n}")) for n in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert await marbles(jars) == [answer.status_code for answer in answers].count(201)


async def test_an_answer_without_a_body_has_none(jars: ServiceUnderTest) -> None:
    for _ in range(2):
        answer = await jars.client().delete(PATH, headers=key("k-1"))
        assert (answer.status_code, answer.content) == (204, b"")


async def test_what_has_ids_of_its_own_needs_no_key(jars: ServiceUnderTest) -> None:
    answer = await jars.client("collector").post("/usage", json=[{"id": "u-1", "seconds": 3}])
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
