"""The whole service on a real database: steps of dunning wait for bank statements, and money that matches nothing stops them."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.contracts import DebitExemptionGranted
from termijn.events.dunning import StepProposed
from termijn.events.invoice import InvoiceIssued, OpenCredit, OpenInvoice, StepCleared, StepStopped
from termijn.events.rating import ChargeLine
from termijn.kernel.ids import CaseId, InvoiceId

Open = Callable[..., Awaitable[Any]]
Charge = Callable[..., ChargeLine]
pytestmark = pytest.mark.slow
MONDAY, FRIDAY = date(2026, 4, 13), date(2026, 4, 10)


async def missed(opened: Open, charge: Charge, *accounts: str, **policy: Any) -> Any:
    """Accounts whose invoice of 121.00 was missed on Friday 10 April; the provider loads statements."""
    firm = await opened()
    await firm.call("PUT", "/policy", {"loads_statements": True, **policy})
    for account in accounts:
        await firm.account(account, mandate=False)
        await firm.it.hear("contracts", DebitExemptionGranted(reason="pays by transfer"), account=account)
        await firm.closed(account, "2026-03", charge(f"l-{account}", "100.00"))
    await firm.to(MONDAY, "08:00")
    return firm


async def propose(firm: Any, account: str, *, on: date = MONDAY) -> None:
    invoice = InvoiceId(f"{account}.1")
    proposal = StepProposed(
        case_id=CaseId(f"case-{invoice}"), invoice_id=invoice, proposal=f"{invoice}/{on}", step="reminder", planned_on=on
    )
    await firm.it.hear("dunning", proposal, account=account)


async def load(firm: Any, statement: str, through: date, *unmatched: dict[str, Any], role: str = "ops") -> None:
    body = {"statement_id": statement, "booked_through": through.isoformat(), "unmatched": list(unmatched)}
    await firm.call("POST", "/statements", body, role=role, status=201)


def money(money_id: str, **payer: Any) -> dict[str, Any]:
    return {"money_id": money_id, "amount": "121.00", "value_on": "2026-04-10", "booked_on": "2026-04-10", **payer}


async def tasks(firm: Any) -> list[tuple[str, str | None]]:
    return [(task["kind"], task["account"]) for task in (await firm.call("GET", "/tasks", role="ops"))["items"]]


@pytest.mark.rule("TIM-3")
async def test_steps_wait_for_the_statement_and_ops_are_told(opened: Open, charge: Charge) -> None:
    """Two steps of Monday need Friday: Thursday's statement changes nothing, Friday's lets both go on."""
    firm = await missed(opened, charge, "jansen", "pieters")
    await load(firm, "s-1", date(2026, 4, 9))
    for account in ("jansen", "pieters"):
        await propose(firm, account)
    assert await firm.it.published(StepCleared) == []
    assert await tasks(firm) == [("statements_missing", None)]
    (task,) = (await firm.call("GET", "/tasks"))["items"]
    assert "2 accounts" in task["reason"] and "2026-04-10" in task["reason"] and "2026-04-09" in task["reason"]
    await load(firm, "s-2", FRIDAY)
    assert {(c.invoice_id, c.booked_until) for c in await firm.it.published(StepCleared)} == {("jansen.1", FRIDAY), ("pieters.1", FRIDAY)}
    assert await tasks(firm) == []
    assert [s["statement_id"] for s in (await firm.call("GET", "/statements"))["items"]] == ["s-2", "s-1"]
    await firm.verified()


@pytest.mark.rule("TIM-3")
async def test_a_provider_that_loads_no_statements_any_more_waits_for_none(opened: Open, charge: Charge) -> None:
    """The policy goes back: what waited goes on."""
    firm = await missed(opened, charge, "jansen")
    await propose(firm, "jansen")
    assert await firm.it.published(StepCleared) == []
    await firm.call("PUT", "/policy", {})
    await firm.it.settle()
    assert (await firm.one(StepCleared)).booked_until == FRIDAY


@pytest.mark.rule("TIM-3", "DUN-14")
@pytest.mark.parametrize("payer", [{"iban": "NL02ABNA0123456789"}, {"name": "JANSEN BV", "reference": "uw brief"}])
async def test_unmatched_money_from_an_iban_or_a_name_stops_the_letter(opened: Open, charge: Charge, payer: dict[str, str]) -> None:
    """Jansen's, and nobody else's; assigned, it pays the invoice of its day, and the next step is stopped as settled."""
    firm = await missed(opened, charge, "jansen", "pieters")
    if "iban" in payer:
        await firm.account("jansen")
    await load(firm, "s-1", FRIDAY, money("bank-7", **payer), role="manager")
    for account in ("jansen", "pieters"):
        await propose(firm, account)
    assert (await firm.one(StepStopped)).reason == "unmatched_money"
    assert (await firm.one(StepCleared)).invoice_id == "pieters.1"
    assert ("unmatched_money", "jansen") in await tasks(firm)
    (shown,) = (await firm.call("GET", "/unmatched-money"))["items"]
    assert (shown["accounts"], shown["amount"]) == (["jansen"], "121.00")
    answer = await firm.call("POST", "/unmatched-money/bank-7/assignment", {"invoice_id": "jansen.1"}, status=201)
    assert Decimal(answer["open"]) == 0
    assert [kind for kind, _ in await tasks(firm)] == []
    await firm.to(date(2026, 4, 14), "08:00")
    await propose(firm, "jansen", on=date(2026, 4, 14))
    assert [s.reason for s in await firm.it.published(StepStopped)] == ["unmatched_money", "settled"]
    await firm.verified()


@pytest.mark.rule("TIM-3")
async def test_money_that_is_set_aside_stops_nothing_any_more(opened: Open, charge: Charge) -> None:
    """It pays no invoice, says a manager: the next step is cleared."""
    firm = await missed(opened, charge, "jansen")
    await load(firm, "s-1", FRIDAY, money("bank-7", name="Jansen B.V."))
    await propose(firm, "jansen")
    await firm.call("POST", "/unmatched-money/bank-7/setting-aside", {"reason": "a refund of a supplier"})
    assert [kind for kind, _ in await tasks(firm)] == []
    await firm.to(date(2026, 4, 14), "08:00")
    await load(firm, "s-2", MONDAY)
    await propose(firm, "jansen", on=date(2026, 4, 14))
    assert (await firm.one(StepCleared)).booked_until == MONDAY
    await firm.call("POST", "/unmatched-money/bank-7/assignment", {"invoice_id": "jansen.1"}, status=409)
    await firm.call("POST", "/unmatched-money/nothing/assignment", {"invoice_id": "jansen.1"}, status=404)
    await firm.verified()


@pytest.mark.rule("DUN-1")
async def test_a_clearance_tells_other_invoices_and_credits(opened: Open, charge: Charge) -> None:
    """Invoices that were not missed, with their collection day, and what the provider owes."""
    firm = await missed(opened, charge, "jansen", loads_statements=False)
    await firm.account("jansen")
    await firm.closed("jansen", "2026-04", charge("l-2", "50.00", stream="support"), closing=2)
    await firm.to(date(2026, 5, 2), "09:00")
    paid = {"payment_id": "bank-1", "amount": "130.00", "value_on": "2026-05-02", "method": "transfer"}
    await firm.call("POST", "/invoices/jansen.1/payments", paid, status=201)
    second = (await firm.it.published(InvoiceIssued))[-1]
    ask = StepProposed(case_id=CaseId("c"), invoice_id=second.invoice_id, proposal="x", step="reminder", planned_on=date(2026, 5, 2))
    await firm.it.hear("dunning", ask, account="jansen")
    (clearance,) = await firm.it.published(StepCleared)
    assert clearance.beside == (), "the invoice itself is not beside itself"
    assert clearance.credits == (OpenCredit(source="overpayment", amount=Decimal("9.00"), arisen_on=date(2026, 5, 2)),)
    await firm.closed("jansen", "2026-05", charge("l-3", "30.00", period_from=date(2026, 5, 1)), closing=3)
    await firm.to(date(2026, 6, 2), "09:00")
    third = (await firm.it.published(InvoiceIssued))[-1]
    await firm.it.hear("dunning", ask, account="jansen")
    clearance = (await firm.it.published(StepCleared))[-1]
    assert clearance.beside == (
        OpenInvoice(
            invoice_id=third.invoice_id,
            number=third.number,
            issued_on=third.issued_on,
            due_on=third.due_on,
            open_amount=third.gross,
            collect_on=third.due_on,
        ),
    )


@pytest.mark.rule("SEC-1", "SEC-2", "SEC-4")
async def test_statements_are_told_by_people_who_may_and_in_full(opened: Open) -> None:
    """No customer, no auditor; a bad IBAN, a day to come, a field too many: refused with the field named."""
    firm = await opened()
    good = {"statement_id": "s-1", "booked_through": "2026-03-01", "unmatched": [money("m", booked_on="2026-03-01")]}
    for who in ({"role": "customer", "account": "jansen"}, {"role": "auditor"}, {"role": "collector"}):
        await firm.call("POST", "/statements", good, **who, status=403)
    for name, value in (("booked_through", "2027-01-01"), ("statement_id", "a b"), ("more", 1)):
        assert (await firm.call("POST", "/statements", {**good, name: value}, status=422))["field"] == name
    bad = {**good, "unmatched": [money("m", iban="NL00")]}
    assert "iban" in (await firm.call("POST", "/statements", bad, status=422))["field"]
    await load(firm, "s-1", date(2026, 3, 1))
    changed = {**good, "booked_through": "2026-02-28"}
    assert (await firm.call("POST", "/statements", changed, status=409))["field"] == "statement_id"
    await firm.call("GET", "/unmatched-money", role="customer", account="jansen", status=403)
    await firm.call("GET", "/unmatched-money", role="auditor")


async def test_what_statements_left_can_be_built_again(opened: Open, charge: Charge) -> None:
    """Statements, money in every state, a step that waits and a suspect: the same from the events."""
    firm = await missed(opened, charge, "jansen", "pieters")
    odd = [money("m-1", name="Jansen"), money("m-2", iban="NL91ABNA0417164300"), money("m-3")]
    await load(firm, "s-1", date(2026, 4, 9), *odd)
    for account in ("jansen", "pieters"):
        await propose(firm, account)
    await firm.call("POST", "/unmatched-money/m-2/assignment", {"invoice_id": "pieters.1"}, status=201)
    await firm.call("POST", "/unmatched-money/m-3/setting-aside", {"reason": "a refund of a supplier"})
    (view,) = [view for view in firm.it.service.definition.views if view.name == "statements"]

    async def rows() -> dict[str, list[dict[str, Any]]]:
        return {table: [dict(row) for row in await firm.it.rows(f"select * from {table} order by 1, 2, 3, 4")] for table in view.tables}

    before = await rows()
    assert all(before.values()), "every table has something to compare"
    await firm.it.service.rebuild("statements")
    assert await rows() == before
    await firm.verified()
