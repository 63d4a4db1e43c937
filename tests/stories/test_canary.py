"""A canary lives in every store and is deleted; then all that is left is searched, opened with every key there is (CON-7)."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from termijn.embedded.installation import open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.kernel.calendar import at
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.http import Role, mint_token
from termijn.runtime.service import TOPICS, Service
from termijn.testing.kafka import Broker
from termijn.testing.remains import Remains, dig, forms
from termijn.testing.story import FIRST_DAY, MadeCall, Story

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(900)]

ACCOUNT = "k-1042"
"""Ids name accounts, not people."""

PARTNER = {"name": "Vogelzang Kooien", "street": "Kanariestraat 77", "postcode": "9876 ZX", "city": "Zangdorp"}
PARTNER["email"] = "piet@vogelzang.example"
ADDRESS = {**PARTNER, "street": "Postbus 31337", "email": "boeken@vogelzang.example"}
FACTS = {
    "debtor_kind": "company",
    "language": "nl",
    "account_manager": "Marieke",
    "customer_number": "KN-77-KANARIE",
    "purchase_order": "PO-KANARIE-9",
    "vat_number": "NL100000009B01",
    "chamber_of_commerce": "87106543",
    "terms": {"version": "2025-07", "accepted_on": "2025-12-15"},
}
IBAN = "NL93TRIO0338765432"
NUMBER, CALLED = "+31687654321", "+31698765432"
LOGIN = "inlog-van-piet@vogelzang.example"
REASONS = ("zingt liever contant", "begon vorig jaar al te fluiten", "zieke kanarie, even wachten")
RECIPIENT = "kopie@vogelzang.example"

ON_DOCUMENTS = (
    *(PARTNER[name] for name in ("name", "postcode", "city")),
    ADDRESS["street"],
    *(str(FACTS[name]) for name in ("customer_number", "purchase_order", "vat_number", "chamber_of_commerce")),
)
IN_PROOF_OF_MANDATE = (IBAN, PARTNER["name"])
SECRET = (
    *ON_DOCUMENTS,
    *(PARTNER[name] for name in ("street", "email")),
    *(ADDRESS["email"], IBAN, NUMBER, CALLED, LOGIN, RECIPIENT),
    *REASONS,
)
"""Whatever of these is found somewhere was not erased."""

LAST_COLLECTED = date(2026, 2, 9)
PROOF_GOES = date(2027, 4, 10)
"""Fourteen months after the last collection, and its day."""


async def opened(story: Story) -> None:
    """An account with all that an account can have."""
    await story.open_shop()
    body = {"account_id": ACCOUNT, "contract_partner": PARTNER, "invoice_address": ADDRESS, "facts": FACTS}
    recipients = [{"email": email, "documents": ["invoices", "letters", "confirmations"]} for email in (PARTNER["email"], RECIPIENT)]
    await story.call("POST", "/contracts/accounts", {**body, "recipients": recipients})
    mandate = {"mandate_id": "m-1", "reference": "M-1", "scheme": "CORE", "signed_on": "2025-12-15"}
    mandate |= {"iban": IBAN, "holder": PARTNER["name"]}
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/mandates", mandate)
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/debit-exemption", {"reason": REASONS[0]})
    order = {"module_id": "t-1", "tariff_id": "calls", "quantity": 1}
    assert (await as_customer(story, "POST", f"/contracts/accounts/{ACCOUNT}/modules", order)).status_code == 201
    subject = {"subject": NUMBER, "from_at": "2026-01-01T00:00:00+01:00"}
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/modules/t-1/subjects", subject)
    correction = {"starts_on": "2025-11-01", "reason": REASONS[1]}
    await story.call("PUT", f"/contracts/accounts/{ACCOUNT}/contract-start", correction)


async def as_customer(story: Story, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    """A call of a person of the account, under that person's own name."""
    authority = story.installation.authority
    token = mint_token(authority, provider=ProviderId(story.provider), role=Role.CUSTOMER, actor=LOGIN, account=AccountId(ACCOUNT))
    async with story.installation.client("customer", story.provider, ACCOUNT) as client:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": f"canary-{next(story._keys)}"}
        return await client.request(method, path, json=body, headers=headers)


async def lived(story: Story) -> None:
    """Calls, invoices, a debit that comes back, letters, a hold; in the end all is paid and no module runs."""
    await opened(story)
    await story.calls(*(MadeCall(call_id=f"c-{n}", on=date(2026, 1, 10 + n), seconds=600, subject=NUMBER, to=CALLED) for n in range(5)))
    await story.until(LAST_COLLECTED)
    (first,) = await story.invoices(ACCOUNT)
    payment = await story.pay(first, method="direct_debit")
    await story.until(date(2026, 2, 12))
    await story.call("POST", f"/invoice/payments/{payment}/reversal", {"reason_code": "AC04", "reversed_on": "2026-02-12"})
    await story.until(date(2026, 2, 24))
    await story.call("POST", "/dunning/holds", {"account": ACCOUNT, "reason": REASONS[2], "until": "2026-02-26"})
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/modules/t-1/cancellation", {"ends_on": "2026-03-31"})
    await story.until(date(2026, 4, 20))
    assert await story.steps(ACCOUNT), "letters went out"
    for invoice in await story.invoices(ACCOUNT):
        if Decimal(invoice["open"]):
            await story.pay(invoice)
    await story.until(date(2026, 4, 21))


async def deleted(story: Story) -> None:
    """Asked for by the owner; done when all have erased it."""
    told = await story.call("GET", f"/contracts/accounts/{ACCOUNT}/deletion")
    assert told["may_be_deleted"], told["reasons"]
    assert (await as_customer(story, "POST", f"/contracts/accounts/{ACCOUNT}/deletion")).status_code == 202
    await story.installation.settle()
    told = await story.call("GET", f"/contracts/accounts/{ACCOUNT}/deletion")
    assert told["state"] == "deleted"
    assert all(one["erased_at"] for one in told["answers"])


async def remains(story: Story, logs: str = "") -> Remains:
    """All that can be read now, the topics from their start included."""
    topics: list[bytes] = []
    transport = story.installation.services[0].transport
    for topic in TOPICS.values():
        async for page in transport.read_pages(topic):
            topics += [b" ".join((record.value, *record.headers.values())) for record in page]
    return await dig(server=story.server, prefix=story.prefix, folder=story.installation.folder, logs=logs, topics=topics)


async def rows_of(service: Service) -> dict[str, list[str]]:
    """Every read model of a service, but for what waits there for a worker."""
    tables = sorted({table for view in service.definition.views for table in view.tables} - {"reference_change"})
    return {
        table: sorted(str(tuple(row.values())) for row in await service.database.short(ProviderId("*"), f"select * from {table}"))
        for table in tables
    }


async def test_the_search_knows_the_forms_that_a_value_takes() -> None:
    assert b"NL93 TRIO 0338 7654 32" in forms(IBAN)
    assert {b"0687654321", b"31687654321", b"06-87654321"} <= forms(NUMBER)
    assert b"neiooK gnazlegoV" in forms("Vogelzang Kooien")
    assert "Caf\\u00e9".lower().encode() in {form.lower() for form in forms("Café")} or b"Caf\\xe9" in forms("Café")


async def judge(story: Story, capfd: Any) -> None:
    """What every transport must pass: all is gone but the documents and the proof of the mandate, and those go in their time."""
    await lived(story)
    documents = {str(invoice["number"]) for invoice in await story.invoices(ACCOUNT)}
    assert len(documents) >= 2
    before = (await remains(story)).naming(SECRET)
    assert {value for _, _, value in before} == set(SECRET), "the search finds all of it while it is there"
    await deleted(story)
    captured = capfd.readouterr()
    left = await remains(story, captured.out + captured.err)
    kept = left.naming(SECRET)
    assert {hit for hit in kept if hit[1] not in ("tax-2026", "mandate")} == set()
    # Exactly the documents, each of them, and on them nothing but what a document shows.
    on_paper = [text for text in left.texts if text.purpose == "tax-2026"]
    assert {number for number in documents if any(number.encode() in text.content for text in on_paper)} == documents
    assert len({text.place for text in on_paper}) == len(documents)
    assert {(place.startswith("blob "), value) for place, purpose, value in kept if purpose == "tax-2026"} == {
        (True, value) for value in ON_DOCUMENTS
    }
    assert {value for _, purpose, value in kept if purpose == "mandate"} == set(IN_PROOF_OF_MANDATE)
    events = {"contracts.event", "invoice.event", "journal/contracts", "journal/invoice", "log.log_of_termijn_contracts_v1", "topics"}
    assert {place for place, purpose, _ in kept if purpose == "mandate"} <= events
    await story.until(PROOF_GOES)
    assert {purpose for _, purpose, _ in (await remains(story)).naming(SECRET)} == {"tax-2026"}
    await story.until(date(2033, 12, 31))
    assert {purpose for _, purpose, _ in (await remains(story)).naming(SECRET)} == {"tax-2026"}
    await story.until(date(2034, 1, 1), "00:30")
    assert (await remains(story)).naming(SECRET) == set()
    for invoice in await story.invoices(ACCOUNT):
        assert (await story.ask("GET", f"/invoice/invoices/{invoice['invoice_id']}/document")).status_code == 410


@pytest.mark.rule("CON-7", "PAY-1")
async def test_nothing_of_a_deleted_account_is_left_but_what_the_law_keeps_and_that_goes_in_its_time(story: Story, capfd: Any) -> None:
    """In dumps of all databases, topics, blobs, journal, mail and logs, with every key that is left, in any form."""
    await judge(story, capfd)


@pytest.fixture
async def kafka_story(kafka_broker: Broker, postgres_server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Story]:
    prefix = f"canary{os.getpid()}"
    async with AsyncExitStack() as stack:
        made = open_installation(
            tmp_path,
            sandbox_start=at(FIRST_DAY, "00:00"),
            server=postgres_server,
            prefix=prefix,
            transport="kafka",
            kafka_bootstrap=kafka_broker.bootstrap_servers,
        )
        yield Story(installation=await stack.enter_async_context(made), server=postgres_server, prefix=prefix)


async def test_nor_in_the_topics_of_a_broker(kafka_story: Story, capfd: Any) -> None:
    await judge(kafka_story, capfd)


@pytest.mark.rule("CON-7")
async def test_read_models_built_anew_from_shredded_events_are_those_that_were_erased(story: Story) -> None:
    """No column of a person is unique or needed, and erasing leaves what building anew gives."""
    await lived(story)
    await deleted(story)
    for service in story.installation.services:
        live = await rows_of(service)
        await service.rebuild(*(view.name for view in service.definition.views))
        await story.installation.settle()
        built = await rows_of(service)
        assert built == live, {
            (service.name, table): (sorted(set(built[table]) - set(rows)), sorted(set(rows) - set(built[table])))
            for table, rows in live.items()
            if built[table] != rows
        }
