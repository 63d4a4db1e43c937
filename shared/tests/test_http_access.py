"""Who may call what (SEC-1, SEC-2): deny by default."""

import pytest
from fastapi import APIRouter, FastAPI

from termijn.runtime.http import check_every_route_asks_who_calls
from termijn.testing.harness import ServiceUnderTest

KEY = {"idempotency-key": "k-1"}


def account_of(role: str) -> str | None:
    return "acme" if role == "customer" else None


@pytest.mark.rule("SEC-1", "SEC-2")
async def test_only_the_roles_of_a_route_may_change(jars: ServiceUnderTest) -> None:
    for role, status in (("manager", 201), ("customer", 201), ("ops", 403), ("collector", 403), ("auditor", 403)):
        answer = await jars.client(role, account=account_of(role)).post("/accounts/acme/marbles", json={"count": 1}, headers=KEY)
        assert answer.status_code == status, role
        if status == 403:
            assert answer.json()["code"] == "RoleNotAllowed"
    assert (await jars.client("customer", account="acme").delete("/accounts/acme/marbles", headers=KEY)).status_code == 403


@pytest.mark.rule("SEC-1")
async def test_an_auditor_reads_all_and_a_collector_nothing(jars: ServiceUnderTest) -> None:
    for role, status in (("manager", 200), ("customer", 200), ("ops", 403), ("collector", 403), ("auditor", 200)):
        assert (await jars.client(role, account=account_of(role)).get("/jars")).status_code == status, role


@pytest.mark.rule("SEC-1")
async def test_a_customer_reaches_its_own_account_only(jars: ServiceUnderTest) -> None:
    await jars.client().post("/accounts/other/marbles", json={"count": 1}, headers=KEY)
    customer = jars.client("customer", account="acme")
    refused = [
        await customer.post("/accounts/other/marbles", json={"count": 1}, headers=KEY),
        await customer.get("/accounts/other"),
        await customer.get("/jars?account=other"),
        await customer.get("/jars?account=acme&account=other"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert {answer.json()["code"] for answer in refused} == {"NotYourAccount"}
    assert (await customer.get("/jars")).json() == {"items": [], "next": None}
    assert len((await jars.client().get("/jars")).json()["items"]) == 1


@pytest.mark.rule("SEC-1")
async def test_two_providers_with_equal_accounts_and_keys_do_not_meet(jars: ServiceUnderTest) -> None:
    for provider, count in (("belco", 1), ("telco", 2)):
        answer = await jars.client(provider=provider).post("/accounts/acme/marbles", json={"count": count}, headers=KEY)
        assert (answer.status_code, answer.json()["marbles"]) == (201, count)
    for provider, count in (("belco", 1), ("telco", 2)):
        assert (await jars.client(provider=provider).get("/accounts/acme")).json() == [{"marbles": count, "owner": None}]
        assert (await jars.client(provider=provider).get("/jars")).json()["items"] == [{"marbles": count, "account": "acme"}]


@pytest.mark.rule("SEC-1")
async def test_without_a_valid_token_nobody_comes_in(jars: ServiceUnderTest) -> None:
    client = jars.client()
    client.headers.pop("authorization")
    for header in (None, "Basic eDp5", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer e30.e30.", "Bearer " + "x" * 9000):
        answer = await client.get("/jars", headers={"authorization": header} if header else {})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_reading_cannot_write(jars: ServiceUnderTest) -> None:
    answer = await jars.client("ops").get("/trouble/write")
    assert answer.status_code == 500


@pytest.mark.rule("SEC-1")
async def test_a_route_that_does_not_ask_is_found(jars: ServiceUnderTest) -> None:
    assert jars.app is not None
    app = FastAPI(openapi_url=None)
    app.include_router(jars.app.router)
    assert check_every_route_asks_who_calls(jars.app) == []
    careless = APIRouter()
    careless.add_api_route("/open", lambda: None, methods=["GET", "POST"])
    assert check_every_route_asks_who_calls(careless) == ["GET /open", "POST /open"]


@pytest.mark.rule("SEC-3")
async def test_a_change_says_who_did_it_and_why_it_was_allowed(jars: ServiceUnderTest) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await jars.client().post("/accounts/acme/marbles", json={"count": 1}, headers={**KEY, "traceparent": trace})
    (row,) = await jars.rows("select meta->>'actor' as actor, meta->>'why' as why, meta->>'trace' as trace from event")
    assert dict(row) == {"actor": "manager:manager", "why": "role manager may POST /accounts/{account}/marbles", "trace": trace}
