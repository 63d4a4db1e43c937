"""What the payers of the demo do on a day, given what they have in front of them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.demo.payer import (
    AfterLetter,
    AlwaysLate,
    Behaviour,
    Bounces,
    InParts,
    NeverFirst,
    OnDay,
    OpenInvoice,
    Payment,
    Prompt,
    Standing,
    bounce,
    pays,
)

ISSUED = date(2026, 2, 1)
DUE = date(2026, 2, 15)


def invoice(*, nth: int = 1, is_debited: bool = False, open_amount: str = "121.00", **letters: date) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=f"invoice-{nth}",
        nth=nth,
        issued_on=ISSUED,
        due_on=DUE,
        gross=Decimal("121.00"),
        open_amount=Decimal(open_amount),
        is_debited=is_debited,
        letters=letters,
    )


def paid(behaviour: Behaviour, day: date, *invoices: OpenInvoice, warned: date | None = None, suspended: date | None = None) -> list[str]:
    return [p.invoice_id for p in pays(behaviour, Standing(today=day, invoices=invoices, warned_on=warned, suspended_on=suspended))]


def test_a_prompt_payer_transfers_some_days_before_the_due_day() -> None:
    assert paid(Prompt(), date(2026, 2, 9), invoice()) == []
    assert paid(Prompt(), date(2026, 2, 10), invoice()) == ["invoice-1"]


def test_a_prompt_payer_leaves_a_debit_to_the_bank() -> None:
    assert paid(Prompt(), DUE, invoice(is_debited=True)) == []


@pytest.mark.parametrize("step", ["reminder", "second_reminder", "formal_notice", "final_demand"])
def test_a_late_payer_waits_for_its_letter_and_pays_the_day_after(step: str) -> None:
    late = AfterLetter(step=step)  # type: ignore[arg-type]
    assert paid(late, date(2026, 4, 1), invoice()) == []
    assert paid(late, date(2026, 3, 20), invoice(**{step: date(2026, 3, 20)})) == []
    assert paid(late, date(2026, 3, 21), invoice(**{step: date(2026, 3, 20)})) == ["invoice-1"]


def test_a_late_payer_has_learnt_by_the_second_invoice() -> None:
    assert paid(AfterLetter(step="final_demand"), DUE, invoice(nth=2)) == ["invoice-2"]


def test_the_payer_of_day_59_pays_on_day_59() -> None:
    day_59 = ISSUED + timedelta(days=59)
    assert paid(OnDay(days_after_issue=59), day_59 - timedelta(days=1), invoice()) == []
    assert paid(OnDay(days_after_issue=59), day_59, invoice()) == ["invoice-1"]


def test_one_never_pays_its_first_invoice_but_the_others() -> None:
    assert paid(NeverFirst(), date(2026, 6, 30), invoice(), invoice(nth=2)) == ["invoice-2"]


def test_the_structural_late_payer_waits_for_second_reminders_then_for_the_service_to_stop() -> None:
    late = AlwaysLate(days_off=5)
    reminded = invoice(second_reminder=date(2026, 2, 25))
    assert paid(late, date(2026, 2, 25), reminded) == []
    assert paid(late, date(2026, 2, 26), reminded) == ["invoice-1"]
    warned = date(2026, 4, 17)
    assert paid(late, date(2026, 4, 27), reminded, warned=warned) == []
    assert paid(late, date(2026, 4, 28), reminded, warned=warned, suspended=date(2026, 4, 24)) == []
    assert paid(late, date(2026, 4, 29), reminded, invoice(nth=2), warned=warned, suspended=date(2026, 4, 24)) == ["invoice-1", "invoice-2"]


def test_who_was_without_service_once_pays_promptly() -> None:
    standing = Standing(today=date(2026, 2, 10), invoices=[invoice()], warned_on=date(2026, 1, 1), resumed_on=date(2026, 1, 20))
    assert [p.invoice_id for p in pays(AlwaysLate(), standing)] == ["invoice-1"]


def test_a_payer_in_parts_pays_a_share_and_then_the_rest() -> None:
    standing = Standing(today=DUE, invoices=[invoice()])
    assert pays(InParts(), standing) == [Payment(invoice_id="invoice-1", amount=Decimal(48))]
    rest = invoice(open_amount="73.00", reminder=date(2026, 2, 18))
    assert pays(InParts(), Standing(today=date(2026, 2, 18), invoices=[rest])) == []
    assert pays(InParts(), Standing(today=date(2026, 2, 19), invoices=[rest])) == [Payment(invoice_id="invoice-1", amount=Decimal("73.00"))]


def test_only_the_nth_debit_bounces() -> None:
    behaviour = Bounces(reason_code="AC04", nth=2)
    assert bounce(behaviour, nth_debit=1) is None
    sent_back = bounce(behaviour, nth_debit=2)
    assert sent_back is not None and sent_back.reason_code == "AC04"
    assert bounce(Prompt(), nth_debit=1) is None


EVERYBODY = (Prompt(), AlwaysLate(), InParts(), NeverFirst(), OnDay(days_after_issue=59))


@given(st.sampled_from(EVERYBODY), st.integers(0, 200), st.integers(0, 9999))
def test_nobody_pays_more_than_is_open(behaviour: Behaviour, days: int, open_cents: int) -> None:
    open_amount = Decimal(open_cents) / 100
    one = invoice(open_amount=str(open_amount), reminder=date(2026, 2, 18), second_reminder=date(2026, 2, 25))
    for payment in pays(behaviour, Standing(today=ISSUED + timedelta(days=days), invoices=[one])):
        assert 0 < payment.amount <= open_amount or payment.amount == 48
