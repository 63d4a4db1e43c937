"""HTTP of the service: who may, what is wrong with input, pages."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from termijn.events.erasure import ErasureConsidered, ErasureHeld, ErasureReady
from termijn.events.rating import ChargeLine
from termijn.runtime.http import check_every_route_asks_who_calls

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow


@pytest.mark.rule("SEC-1", "SEC-2")
async def test_who_may_see_and_do_what(opened: Open, charge: Charge) -> None:
    """Customers see their own documents and touch no money; auditors read; every route asks who calls."""
    firm = await opened()
    assert firm.it.app is not None and check_every_route_asks_who_calls(firm.it.app) == []
    for account in ("jansen", "other"):
        await firm.account(account)
        await firm.closed(account, "2026-03", charge(f"l-{account}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    mine = {"role": "customer", "account": "jansen"}
    assert [i["account"] for i in (await firm.call("GET", "/invoices", **mine))["items"]] == ["jansen"]
    await firm.call("GET", "/invoices?account=other", **mine, status=403)
    await firm.call("GET", "/invoices/other.1", **mine, status=403)
    await firm.call("GET", "/invoices/other.1/document", **mine, status=403)
    await firm.call("GET", "/accounts/other/balance", **mine, status=403)
    paid = {"payment_id": "x", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    await firm.call("POST", "/invoices/jansen.1/payments", paid, **mine, status=403)
    await firm.call("POST", "/invoices/jansen.1/payments", paid, role="auditor", status=403)
    for path in ("/tasks", "/runs", "/direct-debits", "/policy", "/profile"):
        await firm.call("GET", path, **mine, status=403)
        await firm.call("GET", path, role="auditor")


@pytest.mark.rule("API-3")
async def test_every_amount_of_an_answer_has_two_decimals(opened: Open, charge: Charge) -> None:
    """Also where nothing was paid or is owed, and where money was told without its cents; percentages stay as they are."""
    firm = await opened()
    await firm.account("jansen")
    await firm.closed("jansen", "2026-03", charge("l-1", "100"))
    await firm.to(date(2026, 4, 1), "07:00")
    paid = {"payment_id": "x", "amount": "130", "value_on": "2026-04-01", "method": "transfer"}
    nothing = await firm.call("GET", "/accounts/jansen/balance")
    assert {nothing[name] for name in ("credit", "waiting_net", "carried_net", "drafted_net")} == {"0.00"}
    booked = await firm.call("POST", "/invoices/jansen.1/payments", paid, status=201)
    assert (booked["open"], booked["applied"], booked["surplus"]) == ("0.00", "121.00", "9.00")
    document = await firm.call("GET", "/invoices/jansen.1")
    assert [document[name] for name in ("net", "gross", "open", "written_off", "credited")] == ["100.00", "121.00", "0.00", "0.00", "0.00"]
    assert (document["vat"], document["payments"][0]["amount"]) == ([{"rate": "21", "base": "100.00", "vat": "21.00"}], "130.00")
    assert (await firm.call("GET", "/invoices"))["items"][0]["paid"] == "121.00"
    policy = (await firm.call("PUT", "/policy", {"subscription_minimum": "20"}))["policy"]
    assert (policy["subscription_minimum"], policy["support_minimum"]) == ("20.00", "50.00")


@pytest.mark.rule("CON-7")
@pytest.mark.parametrize("net", ["0.00", "0.01"])
async def test_lines_of_no_money_at_all_hold_no_deletion(opened: Open, charge: Charge, net: str) -> None:
    """Calls within the bundle in the last month: no document is ever made of them (INV-3), and nothing is carried over. A cent is."""
    firm = await opened()
    await firm.account("jansen")
    line = charge("l-1", net, origin="usage", records=3, seconds=100)
    await firm.closed("jansen", "2026-03", line, running=0)
    await firm.to(date(2026, 4, 1), "07:00")
    await firm.it.hear("contracts", ErasureConsidered(question="q-1"), account="jansen")
    (place,) = {row["place"] for row in await firm.it.rows("select place from charge_line")}
    if net == "0.00":
        assert (place, (await firm.one(ErasureReady)).question) == ("carried", "q-1")
    else:
        assert place == "document" and [one.kind for one in (await firm.one(ErasureHeld)).obstacles] == ["open", "in_bank_file"]


@pytest.mark.rule("SEC-4", "API-1", "API-2")
async def test_bad_input_names_its_field_and_lists_have_pages(opened: Open, charge: Charge, profile: dict[str, str]) -> None:
    """Never a 500, and nothing changes."""
    firm = await opened()
    for number in range(3):
        await firm.account(f"a{number}")
        await firm.closed(f"a{number}", "2026-03", charge(f"l-{number}", "100.00"))
    await firm.to(date(2026, 4, 1), "07:00")
    good = {"payment_id": "x", "amount": "1.00", "value_on": "2026-04-01", "method": "transfer"}
    bad = [
        ("amount", "NaN"),
        ("amount", "-1.00"),
        ("amount", "0.001"),
        ("amount", 1.5),
        ("amount", "1e30"),
        ("value_on", "2026-02-30"),
        ("value_on", "9999-12-31"),
        ("method", "cash"),
        ("payment_id", "a b"),
        ("extra", "x"),
    ]
    for name, value in bad:
        refused = await firm.call("POST", "/invoices/a0.1/payments", {**good, name: value}, status=422)
        assert refused["field"] == name, refused
    assert (await firm.call("POST", "/invoices/nobody.1/payments", good, status=404))["code"] == "NoSuchInvoice"
    assert (await firm.call("POST", "/payments/nobody/reversal", {"reason_code": "AM04", "reversed_on": "2026-04-01"}, status=404))[
        "code"
    ] == "NoSuchPayment"
    assert (await firm.call("POST", "/tasks/a0.1~our_mistake/done", status=404))["code"] == "NoSuchTask"
    assert (await firm.call("PUT", "/policy", {"number_format": "{year}"}, status=422))["field"] == "number_format"
    assert (await firm.call("PUT", "/profile", {**profile, "iban": "NL00"}, status=422))["field"] == "iban"
    page = await firm.call("GET", "/invoices?limit=2")
    rest = await firm.call("GET", f"/invoices?limit=2&cursor={page['next']}")
    assert [i["account"] for i in page["items"] + rest["items"]] == ["a2", "a1", "a0"] and rest["next"] is None
    assert (await firm.call("GET", "/policy"))["version"] == 0
    set_ = await firm.call("PUT", "/policy", {"run_day": 5, "reversals": {"AC04": {"task": "person_decides"}}})
    assert (set_["version"], set_["policy"]["reversals"]["AC04"]["blocks_mandate"]) == (1, False)
    assert (await firm.call("GET", "/policy"))["policy"] == set_["policy"]
