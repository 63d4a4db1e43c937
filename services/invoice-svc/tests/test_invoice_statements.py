"""Bank statements, money that matches nothing, and what dunning is answered because of them (TIM-3, DUN-14, DUN-1)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from termijn.events.invoice import InvoiceIssued, OpenCredit, OpenInvoice, StepCleared, StepStopped
from termijn.invoice.bank_statement import BANK_STATEMENT, LoadStatement, StatementLoaded
from termijn.invoice.errors import MoneyDealtWith, MoneyIdTaken, NoSuchMoney, StatementIdTaken
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import AnswerStep
from termijn.invoice.payer_name import name_key
from termijn.invoice.receivable import MoneySuspected, Receivable, StepDelayed, StepLapsed
from termijn.invoice.unmatched_money import (
    UNMATCHED_MONEY,
    AssignMoney,
    MoneyAssigned,
    MoneySetAside,
    MoneyUnmatched,
    NoteUnmatched,
    SetMoneyAside,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import CaseId, InvoiceId
from termijn.testing.spec import spec

Issued = Callable[..., InvoiceIssued]
ID, CASE = InvoiceId("jansen.1"), CaseId("c")
MONDAY, FRIDAY = date(2026, 4, 13), date(2026, 4, 10)


def noon(day: date) -> datetime:
    return at(day, "12:00")


def ask(day: date = MONDAY, *, now: date | None = None, **facts: Any) -> AnswerStep:
    """Dunning asks for a step of that day; the provider loads statements unless it is said not to."""
    step = {"case_id": CASE, "invoice_id": ID, "proposal": f"c/{day.isoformat()}", "planned_on": day}
    return AnswerStep(now=noon(now or day), **step, **{"loads_statements": True, **facts})  # type: ignore[arg-type]


def cleared(day: date, booked_until: date, **facts: Any) -> StepCleared:
    key = {"case_id": CASE, "invoice_id": ID, "proposal": f"c/{day.isoformat()}"}
    return StepCleared(**key, open_amount=Decimal("121.00"), booked_until=booked_until, **facts)  # type: ignore[arg-type]


def delayed(day: date, needs_through: date) -> StepDelayed:
    return StepDelayed(case_id=CASE, invoice_id=ID, proposal=f"c/{day.isoformat()}", planned_on=day, needs_through=needs_through)


@pytest.mark.rule("TIM-3")
def test_a_step_waits_until_the_last_bank_day_before_it_is_loaded(issued: Issued) -> None:
    """A step of Monday needs Friday: with Thursday it waits, with Friday or Sunday it is cleared, booked until Friday."""
    step = spec(INVOICE).given(issued())
    step.when(ask(booked_through=None)).then(delayed(MONDAY, FRIDAY))
    step.when(ask(booked_through=date(2026, 4, 9))).then_nothing()
    step.when(ask(booked_through=FRIDAY)).then(cleared(MONDAY, FRIDAY))
    step.then_state(lambda state: isinstance(state, Receivable) and not state.waiting)
    spec(INVOICE).given(issued()).when(ask(booked_through=date(2026, 4, 12))).then(cleared(MONDAY, FRIDAY))
    spec(INVOICE).given(issued()).when(ask(loads_statements=False)).then(cleared(MONDAY, FRIDAY))


@pytest.mark.rule("TIM-3")
def test_a_step_after_a_bank_holiday_needs_the_bank_day_before_it(issued: Issued) -> None:
    """Good Friday and Easter Monday are no bank days: a step of Tuesday 7 April needs Thursday 2 April."""
    tuesday, thursday = date(2026, 4, 7), date(2026, 4, 2)
    step = spec(INVOICE).given(issued())
    step.when(ask(tuesday, booked_through=date(2026, 4, 1))).then(delayed(tuesday, thursday))
    step.when(ask(tuesday, booked_through=thursday)).then(cleared(tuesday, thursday))


@pytest.mark.rule("TIM-3")
def test_a_step_whose_day_has_passed_has_no_answer_and_the_next_takes_its_place(issued: Issued) -> None:
    """Dunning proposes anew, on what was booked since: a clearance of yesterday must not be one of today."""
    tuesday = date(2026, 4, 14)
    lapsed = StepLapsed(invoice_id=ID, proposal=f"c/{MONDAY.isoformat()}", planned_on=MONDAY)
    waiting = spec(INVOICE).given(issued(), delayed(MONDAY, FRIDAY))
    waiting.when(ask(MONDAY, now=tuesday, booked_through=FRIDAY)).then(lapsed)
    again = spec(INVOICE).given(issued(), delayed(MONDAY, FRIDAY))
    again.when(ask(tuesday, booked_through=date(2026, 4, 9))).then(lapsed, delayed(tuesday, MONDAY))


@pytest.mark.rule("TIM-3", "DUN-14")
def test_unmatched_money_of_the_account_stops_a_step_and_is_named_once(issued: Issued) -> None:
    """Whether statements are there or not; the manager reads of it once, dunning hears it at each step."""
    stopped = StepStopped(case_id=CASE, invoice_id=ID, proposal=f"c/{MONDAY.isoformat()}", reason="unmatched_money")
    step = spec(INVOICE).given(issued())
    step.when(ask(booked_through=None, unmatched=("bank-7",))).then(MoneySuspected(invoice_id=ID, money_ids=("bank-7",)), stopped)
    step.when(ask(booked_through=FRIDAY, unmatched=("bank-7",))).then(stopped)
    step.when(ask(booked_through=FRIDAY, unmatched=())).then(cleared(MONDAY, FRIDAY))


@pytest.mark.rule("DUN-1")
def test_a_clearance_carries_what_else_is_open_on_both_sides(issued: Issued) -> None:
    """As invoice-svc has it booked at that moment."""
    other = OpenInvoice(
        invoice_id=InvoiceId("jansen.2"),
        number="F2026000002",
        issued_on=date(2026, 4, 10),
        due_on=date(2026, 5, 10),
        open_amount=Decimal("50.00"),
    )
    credit = OpenCredit(source="overpayment", amount=Decimal("9.00"), arisen_on=date(2026, 4, 3))
    step = spec(INVOICE).given(issued())
    step.when(ask(booked_through=FRIDAY, beside=(other,), credits=(credit,)))
    step.then(cleared(MONDAY, FRIDAY, beside=(other,), credits=(credit,)))


# -- Statements ---------------------------------------------------------------------------------------------------------


def load(statement: str, through: date, *unmatched: str, now: date = MONDAY) -> LoadStatement:
    return LoadStatement(now=noon(now), statement_id=statement, booked_through=through, unmatched=unmatched)


@pytest.mark.rule("PAY-3", "TIM-3")
def test_a_statement_counts_once_and_never_for_days_to_come() -> None:
    """Told again nothing changes; other contents under its id are refused."""
    loaded = StatementLoaded(statement_id="s-1", booked_through=FRIDAY, unmatched=("a", "b"))
    statement = spec(BANK_STATEMENT).when(load("s-1", FRIDAY, "a", "b")).then(loaded)
    statement.when(load("s-1", FRIDAY, "a", "b")).then_nothing()
    statement.when(load("s-1", MONDAY, "a", "b")).then_refused(StatementIdTaken, "statement_id")
    spec(BANK_STATEMENT).when(load("s-2", date(2026, 4, 14))).then_refused(InvalidInput, "booked_through")
    spec(BANK_STATEMENT).when(load("s-2", FRIDAY, "a", "a")).then_refused(InvalidInput, "unmatched")


def money(amount: str = "121.00", **changes: Any) -> MoneyUnmatched:
    fields: dict[str, Any] = {
        "money_id": "bank-7",
        "statement_id": "s-1",
        "amount": Decimal(amount),
        "value_on": FRIDAY,
        "booked_on": FRIDAY,
        "iban": "NL91ABNA0417164300",
        "name": "Bakkerij Jansen B.V.",
        "reference": "factuur april",
    }
    return MoneyUnmatched(**fields | changes)


@pytest.mark.rule("PAY-3")
def test_unmatched_money_is_noted_once_and_dealt_with_once() -> None:
    """Assigned or set aside, not both; and the same word twice is one."""
    noted = spec(UNMATCHED_MONEY).when(NoteUnmatched(now=noon(MONDAY), money=money())).then(money())
    noted.when(NoteUnmatched(now=noon(MONDAY), money=money())).then_nothing()
    noted.when(NoteUnmatched(now=noon(MONDAY), money=money("12.00"))).then_refused(MoneyIdTaken, "unmatched")
    assign = AssignMoney(now=noon(MONDAY), money_id="bank-7", invoice_id=ID)
    aside = SetMoneyAside(now=noon(MONDAY), money_id="bank-7", reason="a refund of a supplier")
    noted.when(assign).then(MoneyAssigned(money_id="bank-7", invoice_id=ID)).when(assign).then_nothing()
    noted.when(aside).then_refused(MoneyDealtWith)
    noted.when(AssignMoney(now=noon(MONDAY), money_id="bank-7", invoice_id=InvoiceId("other.1"))).then_refused(MoneyDealtWith)
    kept = spec(UNMATCHED_MONEY).given(money()).when(aside).then(MoneySetAside(money_id="bank-7", reason="a refund of a supplier"))
    kept.when(aside).then_nothing().when(assign).then_refused(MoneyDealtWith)
    spec(UNMATCHED_MONEY).when(assign).then_refused(NoSuchMoney)


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("changes", [{"amount": Decimal("0.00")}, {"amount": Decimal("0.001")}, {"booked_on": date(2026, 4, 14)}])
def test_money_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    """Nothing, parts of a cent, tomorrow's bookings."""
    spec(UNMATCHED_MONEY).when(NoteUnmatched(now=noon(MONDAY), money=money(**changes))).then_refused(InvalidInput, "unmatched")


@pytest.mark.rule("TIM-3")
@pytest.mark.parametrize(
    ("bank", "contract", "is_same"),
    [
        ("BAKKERIJ JANSEN BV", "Bakkerij Jansen B.V.", True),
        ("Bakkerij Jansen", "Bakkerij Jansen B.V.", True),
        ("CAFE DE KROON VOF", "Café De Kroon V.O.F.", True),
        ("Jansen en Zn. b.v.", "Jansen en Zn", True),
        ("Bakkerij Janssen BV", "Bakkerij Jansen B.V.", False),
        ("B.V.", "Bakkerij Jansen B.V.", False),
        ("", "Bakkerij Jansen B.V.", False),
    ],
)
def test_names_as_banks_write_them(bank: str, contract: str, is_same: bool) -> None:
    """Without case, accents, punctuation and legal form; nothing else is guessed."""
    assert (name_key(bank) == name_key(contract)) == is_same
