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
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.http import Role, mint_token
from termijn.runtime.service import TOPICS, Service
from termijn.testing.kafka import Broker
from termijn.testing.remains import Remains, dig, forms
from termijn.testing.story import OPENS_AT, MadeCall, Story

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
PORTED, NOBODYS_YET = "+31687650001", date(2025, 12, 20)
"""A number that goes to another provider; a day on which the canary's number was not known to be the canary's."""
FORM = "Pieter Pluimage"
SIGNED = f"%PDF-1.4\n(getekend: {FORM})\n%%EOF".encode()
PROJECT = {"project_id": "kooi", "title": "Voliere voor Vogelzang senior", "quote": "Offerte Piet 31337", "price": "1000.00"}
MILESTONES = ("Zitstokken bij Piet thuis", "Schommel van Pietje")
LEASED_BY = {
    "name": "Zanglease Zangdorp",
    "street": "Leeuwerik 8",
    "postcode": "9877 ZY",
    "city": "Fluitstad",
    "email": "zing@lease.example",
}
ARTICLE, SERIAL, PLACED = "Kooi op maat voor Pietje", "SN-PIET-0042", "voor-piet"
PAYER = {"iban": "NL20INGB0001234567", "name": "P. Kanariepiet e/o", "reference": "dank voor het zaad"}
TYPED = ("Piet wil gele stokjes", "Piet had er al een", "een gift aan Pietje", "met Piet besproken", "Pietjes moeder belde")
"""Why a plan changed, an order shrank, money was no payment, a task was done, dunning was held."""

ON_DOCUMENTS = (
    *(PARTNER[name] for name in ("name", "postcode", "city")),
    ADDRESS["street"],
    *(str(FACTS[name]) for name in ("customer_number", "purchase_order", "vat_number", "chamber_of_commerce")),
    *(PROJECT["title"], *MILESTONES, ARTICLE, *(LEASED_BY[name] for name in ("name", "street", "postcode", "city"))),
)
IN_PROOF_OF_MANDATE = (IBAN, PARTNER["name"], FORM)
SECRET = (
    *ON_DOCUMENTS,
    *(PARTNER[name] for name in ("street", "email")),
    *(ADDRESS["email"], IBAN, NUMBER, CALLED, LOGIN, RECIPIENT),
    *(*REASONS, *TYPED, *PAYER.values(), PORTED, FORM, PROJECT["quote"], SERIAL, LEASED_BY["email"]),
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
    async with story.installation.client("manager", story.provider) as client:
        headers = {"content-type": "application/pdf", "idempotency-key": "canary-form"}
        form = await client.put(f"/contracts/accounts/{ACCOUNT}/mandates/m-1/form", content=SIGNED, headers=headers)
        assert form.is_success, form.text
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/modules/t-1/subjects", {**subject, "subject": PORTED})


async def built(story: Story) -> None:
    """A project and goods, some of them under lease, with all that a person can type beside them."""
    path = f"/contracts/accounts/{ACCOUNT}"
    first, second = ({"milestone_id": f"s-{n}", "title": title, "net": "400.00"} for n, title in enumerate(MILESTONES))
    project = {**PROJECT, "remainder_on_delivery": True, "milestones": [first]}
    await story.call("POST", f"{path}/projects", project)
    plan = {"price": PROJECT["price"], "remainder_on_delivery": True, "milestones": [first, second], "reason": TYPED[0]}
    await story.call("PUT", f"{path}/projects/kooi/plan", plan)
    for milestone in ("s-0", "s-1"):
        await story.call("POST", f"{path}/projects/kooi/milestones/{milestone}/reached", {})
    for step in ("delivery", "completion"):
        await story.call("POST", f"{path}/projects/kooi/{step}", {})
    line = {"line_id": "kooi", "article": ARTICLE, "quantity": 2, "unit_price": "449.50"}
    order = {"order_id": "o-1", "agreed_on": story.today.isoformat(), "lines": [line], "bill_to": LEASED_BY}
    await story.call("POST", f"{path}/goods-orders", order)
    await story.call("POST", f"{path}/goods-orders/o-1/cancellation", {"lines": [{"line_id": "kooi", "quantity": 1}], "reason": TYPED[1]})
    await story.call("POST", f"{path}/goods-orders/o-1/deliveries", {"delivery_id": "d-1"})
    placed = {"placement_id": PLACED, "line_id": "kooi", "serial_number": SERIAL}
    await story.call("POST", f"{path}/goods-orders/o-1/placements", placed)
    await story.call("POST", f"{path}/goods-orders/o-1/placements/{PLACED}/warranty", {"months": 6, "net": "60.00"})
    lease = {"lease_id": "l-1", "module_id": "w-1", "tariff_id": "workplace", "months": 1, "order_id": "o-1"}
    await story.call("POST", f"{path}/leases", lease)
    await story.installation.settle()


async def called(story: Story) -> None:
    """Calls that were billed, that no module was there for, that the exchange took back, and a file with odd lines of the number."""
    await story.calls(*(MadeCall(call_id=f"c-{n}", on=date(2026, 1, 10 + n), seconds=600, subject=NUMBER, to=CALLED) for n in range(5)))
    await story.calls(MadeCall(call_id="c-4", on=date(2026, 1, 14), seconds=6, subject=NUMBER, to=CALLED))
    await story.calls(MadeCall(call_id="early", on=NOBODYS_YET, seconds=60, subject=NUMBER, to=CALLED))
    await story.calls(MadeCall(call_id="void", on=NOBODYS_YET, seconds=60, subject=NUMBER, to=CALLED))
    assert (await story.ask("POST", "/rating/usage/pbx-1/void/void", {}, role="collector")).is_success
    odd = (
        f"Call 1,x-1,nonsense,{NUMBER},{CALLED}",
        f"{NUMBER}",
        f'"{NUMBER},{CALLED}',
        f"Call 2,x-2,00:01:05,,,2026/99/99 09:00:00,{NUMBER}",
    )
    report = await story.upload("/rating/call-records/pbx-2?format=3cx", "\r\n".join(odd).encode(), "text/csv", role="collector")
    assert (report["bad_lines"], report["accepted"]) == (2, 0), report


async def paid_oddly(story: Story, invoice: dict[str, Any]) -> None:
    """Money whose payer nobody recognises at first: one amount is a payment after all, one is none."""
    unmatched = [{"money_id": f"u-{n}", "amount": amount, "value_on": story.today.isoformat()} for n, amount in enumerate(("1.00", "2.00"))]
    body = {"statement_id": "b-1", "booked_through": story.today.isoformat()}
    body["unmatched"] = [{**unmatched[0], **PAYER}, {**unmatched[1], **PAYER, "iban": IBAN}]
    await story.call("POST", "/invoice/statements", body)
    await story.call("POST", "/invoice/unmatched-money/u-0/assignment", {"invoice_id": invoice["invoice_id"]})
    await story.call("POST", "/invoice/unmatched-money/u-1/setting-aside", {"reason": TYPED[2]})
    await story.installation.settle()


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
    await called(story)
    await story.until(LAST_COLLECTED)
    (first,) = await story.invoices(ACCOUNT)
    payment = await story.pay(first, method="direct_debit")
    await story.until(date(2026, 2, 12))
    await story.call("POST", f"/invoice/payments/{payment}/reversal", {"reason_code": "AC04", "reversed_on": "2026-02-12"})
    await story.until(date(2026, 2, 24))
    await story.call("POST", "/dunning/holds", {"account": ACCOUNT, "reason": REASONS[2], "until": "2026-02-26"})
    await built(story)
    await paid_oddly(story, first)
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/modules/t-1/subjects/{PORTED}/port-out", {"ends_module": False})
    await story.call("POST", f"/contracts/accounts/{ACCOUNT}/modules/t-1/cancellation", {"ends_on": "2026-03-31"})
    await story.until(date(2026, 4, 20))
    assert await story.steps(ACCOUNT), "letters went out"
    for task in await story.items("/contracts/tasks"):
        await story.call("POST", f"/contracts/tasks/{task['task_id']}/done", {"outcome": TYPED[3]})
    await story.call("POST", "/dunning/holds", {"account": ACCOUNT, "reason": TYPED[4], "until": "2026-04-21"})
    for invoice in await story.invoices(ACCOUNT):
        if Decimal(invoice["open"]):
            await story.pay(invoice)
    await story.until(date(2026, 4, 22))


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
    assert {place for place, purpose, value in kept if purpose == "mandate" and value != FORM} <= events
    assert len({place for place, _, value in kept if value == FORM}) == 1, "the file alone"
    rows = await story.installation.service("rating").database.short(EVERY_PROVIDER, "select content from usage_id")
    assert {row["content"] for row in rows} == {None}, "nor a hash that all numbers can be tried on"
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
            sandbox_start=OPENS_AT,
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
