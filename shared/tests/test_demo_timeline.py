"""The demo's journal, its stops, and its bank against a made-up system."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from termijn.demo.bank import Bank
from termijn.demo.calls import CallFile
from termijn.demo.desk import Desk, Refused
from termijn.demo.journal import Journal, OtherSeed
from termijn.demo.payer import Bounces
from termijn.demo.population import FIRST_DAY, LAST_DAY, Customer, customers, whole_world
from termijn.demo.timeline import stops
from termijn.kernel.calendar import is_bank_day

DAY = date(2026, 2, 9)


async def test_the_journal_does_a_thing_once_also_after_a_restart(tmp_path: Path) -> None:
    done: list[int] = []

    async def act() -> dict[str, Any]:
        done.append(1)
        return {"n": len(done)}

    path = tmp_path / "journal.jsonl"
    assert await Journal(path).once("a", on=DAY, act=act) == {"n": 1}
    assert await Journal(path).once("a", on=DAY, act=act) == {"n": 1}
    assert done == [1]
    assert list(Journal(path).all("a")) == [("a", DAY, {"n": 1})]


async def test_a_line_that_a_crash_cut_off_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.note("a", on=DAY, facts={})
    with path.open("a") as file:
        file.write('{"key": "b", "on"')
    again = Journal(path)
    assert again.facts("b") is None
    again.note("b", on=DAY, facts={})
    assert [key for key, _, _ in Journal(path).all("")] == ["a", "b"]


def test_a_folder_belongs_to_one_seed(tmp_path: Path) -> None:
    Journal(tmp_path / "j").check_seed(1)
    Journal(tmp_path / "j").check_seed(1)
    with pytest.raises(OtherSeed):
        Journal(tmp_path / "j").check_seed(2)


def test_the_stops_go_forward_from_the_first_day_to_the_last() -> None:
    files = [CallFile(pbx="p", name="f", delivered_on=date(2026, 3, 4), content=b"")]
    made = stops(whole_world(), files)
    assert made[0].kind == "opening" and made[0].on == FIRST_DAY
    assert made[-1].kind == "end" and made[-1].on == LAST_DAY
    assert [stop.instant for stop in made] == sorted(stop.instant for stop in made)
    assert [stop.on for stop in made if stop.kind == "files"] == [date(2026, 3, 4)]
    assert all(is_bank_day(stop.on) for stop in made if stop.kind == "bank")
    assert len({stop.key for stop in made}) == len(made)


class System:
    """Answers as the services would, and remembers what was posted."""

    def __init__(self, *, invoices: Sequence[dict[str, Any]] = (), debits: Sequence[dict[str, Any]] = ()) -> None:
        self.invoices, self.debits = invoices, debits
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.letters: list[dict[str, Any]] = []
        self.suspended_since: str | None = None

    def desk(self) -> Desk:
        return Desk(httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://system"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            self.posted.append((path, json.loads(request.content)))
            return httpx.Response(200, json={})
        if path == "/invoice/direct-debits":
            debits = [each for each in self.debits if each["collect_on"] == request.url.params["collect_on"]]
            return httpx.Response(200, json={"items": debits, "next": None})
        if path == "/invoice/invoices":
            return httpx.Response(200, json={"items": self.invoices, "next": None})
        if path == "/dunning/letters":
            return httpx.Response(200, json={"items": self.letters, "next": None})
        if path.endswith("/contract"):
            suspension = {"since": self.suspended_since} if self.suspended_since else None
            return httpx.Response(200, json={"modules": [{"suspension": suspension}]})
        return httpx.Response(404, json={"detail": path})


def debit(account: str, *, on: date = DAY) -> dict[str, Any]:
    return {
        "invoice_id": f"i-{account}",
        "account": account,
        "amount": "121.00",
        "collect_on": str(on),
        "end_to_end_id": f"e-{account}-{on}",
    }


def customer_with(behaviour: Bounces) -> Customer:
    return replace(next(c for c in customers() if c.pays_by_debit), behaviour=behaviour)


async def test_a_debit_is_booked_on_its_day_and_sent_back_on_the_day_that_the_payer_bounces(tmp_path: Path) -> None:
    customer = customer_with(Bounces(reason_code="AM04", bank_days_later=3))
    system = System(debits=[debit(customer.account_id)])
    bank = Bank(system.desk(), Journal(tmp_path / "j"), [customer])
    for day in (DAY, date(2026, 2, 10), date(2026, 2, 11), date(2026, 2, 12), date(2026, 2, 13)):
        await bank.day(day)
    (paid_at, paid), (back_at, back) = system.posted
    assert paid_at == f"/invoice/invoices/i-{customer.account_id}/payments"
    assert (paid["amount"], paid["value_on"], paid["method"]) == ("121.00", "2026-02-09", "direct_debit")
    assert back_at == f"/invoice/payments/{paid['payment_id']}/reversal"
    assert back == {"reason_code": "AM04", "reversed_on": "2026-02-12"}


async def test_the_second_collection_of_a_bounced_debit_is_good(tmp_path: Path) -> None:
    customer = customer_with(Bounces(reason_code="AM04", bank_days_later=3))
    again = date(2026, 2, 26)
    system = System(debits=[debit(customer.account_id), debit(customer.account_id, on=again)])
    bank = Bank(system.desk(), Journal(tmp_path / "j"), [customer])
    for day in (DAY, date(2026, 2, 12), again, date(2026, 3, 3)):
        await bank.day(day)
    assert [path.rsplit("/", 1)[1] for path, _ in system.posted] == ["payments", "reversal", "payments"]


async def test_a_transfer_is_booked_for_whoever_pays_today(tmp_path: Path) -> None:
    customer = next(c for c in customers() if c.term_days == 14)
    common = {
        "account": customer.account_id,
        "issued_on": "2026-02-01",
        "due_on": "2026-02-14",
        "collection": "transfer",
        "gross": "121.00",
        "kind": "invoice",
    }
    system = System(
        invoices=[
            {**common, "invoice_id": "i-2", "number": "2026-00002", "open": "121.00"},
            {**common, "invoice_id": "i-1", "number": "2026-00001", "open": "0.00"},
        ]
    )
    await Bank(system.desk(), Journal(tmp_path / "j"), [customer]).day(DAY)
    ((path, body),) = system.posted
    assert path == "/invoice/invoices/i-2/payments"
    assert (body["amount"], body["method"], body["value_on"]) == ("121.00", "transfer", "2026-02-09")


async def test_a_suspension_and_its_end_are_noticed_on_their_days(tmp_path: Path) -> None:
    customer = customers()[0]
    system, journal = System(), Journal(tmp_path / "j")
    bank = Bank(system.desk(), journal, [customer])
    item = {"step": "suspension_warning", "invoice_id": "i-1"}
    system.letters = [{"sent_on": "2026-04-17", "state": "sent", "account": customer.account_id, "items": [item]}]
    await bank.watch(date(2026, 4, 23))
    assert not list(journal.all("suspended/"))
    system.suspended_since = "2026-04-24T08:00:00Z"
    await bank.watch(date(2026, 4, 27))
    system.suspended_since = None
    await bank.watch(date(2026, 4, 29))
    await bank.watch(date(2026, 4, 30))
    assert [(on, facts["account"]) for _, on, facts in journal.all("suspended/")] == [(date(2026, 4, 24), customer.account_id)]
    assert [(on, facts["account"]) for _, on, facts in journal.all("resumed/")] == [(date(2026, 4, 29), customer.account_id)]


async def test_a_refusal_says_what_was_asked_and_answered(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="GET /nothing was answered 404"):
        await System().desk().get("/nothing")
