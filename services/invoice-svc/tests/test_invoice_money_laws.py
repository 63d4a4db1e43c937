"""Whatever happens to an invoice, in whatever order: money is conserved, and a miss is told once per occasion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.events.base import Blob
from termijn.events.invoice import Collection, InvoiceIssued, InvoiceSettled, PaymentMissed
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import EndDueDay, InvoiceCommand, ReceivePayment, RejectDebit, ReversePayment, SubmitDebit, WriteOff
from termijn.invoice.payer import Mandate
from termijn.invoice.policy import Policy
from termijn.invoice.receivable import Absent, DebitPlanned, InvoiceState, Receivable
from termijn.kernel.calendar import at
from termijn.kernel.errors import Refusal
from termijn.kernel.ids import InvoiceId, MandateId, PaymentId

ID = InvoiceId("jansen.1")
MANDATE = Mandate(mandate_id=MandateId("m-1"), reference="BELCO-1", signed_on=date(2026, 1, 1))
ISSUED = InvoiceIssued(
    invoice_id=ID,
    number="F2026000001",
    series="F",
    stream="subscription",
    issued_on=date(2026, 4, 1),
    due_on=date(2026, 4, 9),
    collection="direct_debit",
    net=Decimal("100.00"),
    vat=(),
    gross=Decimal("121.00"),
    terms=None,
    document=Blob(sha256="0", size_bytes=1, address="x"),
)
PLANNED = DebitPlanned(
    invoice_id=ID,
    attempt=1,
    mandate_id=MANDATE.mandate_id,
    mandate_reference=MANDATE.reference,
    collect_on=date(2026, 4, 9),
    submit_on=date(2026, 4, 8),
)


@dataclass(frozen=True)
class Pay:
    cents: int
    method: Collection


@dataclass(frozen=True)
class Reverse:
    payment: int
    reason: str
    has_mandate: bool


@dataclass(frozen=True)
class Reject:
    reason: str
    has_mandate: bool


@dataclass(frozen=True)
class DueDay:
    pass


@dataclass(frozen=True)
class Submit:
    attempt: int
    is_usable: bool


@dataclass(frozen=True)
class Forget:
    cents: int


Act = Pay | Reverse | Reject | DueDay | Submit | Forget
REASONS = st.sampled_from(["AM04", "MS03", "AC04", "AM05", "MD06", "ZZ99"])
METHODS: st.SearchStrategy[Collection] = st.sampled_from(["direct_debit", "transfer"])
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Pay, st.one_of(st.just(12100), st.integers(1, 20000)), METHODS),
    st.builds(Reverse, st.integers(0, 6), REASONS, st.booleans()),
    st.builds(Reject, REASONS, st.booleans()),
    st.builds(DueDay),
    st.builds(Submit, st.integers(1, 2), st.booleans()),
    st.builds(Forget, st.integers(1, 500)),
)


def command_of(act: Act, number: int) -> InvoiceCommand:
    """The act on its day; days go forward."""
    day = date(2026, 4, 10 + number)
    now, policy = at(day, "12:00"), Policy()
    match act:
        case Pay():
            return ReceivePayment(
                now=now,
                invoice_id=ID,
                payment_id=PaymentId(f"p-{number}"),
                amount=Decimal(act.cents).scaleb(-2),
                method=act.method,
                value_on=day,
                booked_on=day,
            )
        case Reverse():
            mandate = MANDATE if act.has_mandate else None
            paid = PaymentId(f"p-{act.payment}")
            return ReversePayment(now=now, payment_id=paid, reason_code=act.reason, reversed_on=day, mandate=mandate, policy=policy)
        case Reject():
            mandate = MANDATE if act.has_mandate else None
            return RejectDebit(now=now, invoice_id=ID, reason_code=act.reason, rejected_on=day, mandate=mandate, policy=policy)
        case DueDay():
            return EndDueDay(now=now)
        case Submit():
            return SubmitDebit(now=now, attempt=act.attempt, is_mandate_usable=act.is_usable)
        case Forget():
            return WriteOff(now=now, amount=Decimal(act.cents).scaleb(-2))
        case _:
            assert_never(act)


def conserved(state: Receivable) -> bool:
    paid = sum((p.applied for p in state.payments.values() if p.reversed_on is None), Decimal(0))
    return state.issued.gross == paid + state.open + state.written_off and state.open >= 0


def lived(acts: list[Act]) -> Iterator[tuple[Receivable, Sequence[Any]]]:
    """An issued invoice under a planned debit, then after each act that is not refused: its state, and what was decided."""
    state: InvoiceState = Absent()
    for first in (ISSUED, PLANNED):
        state = INVOICE.evolve(state, first)
    assert isinstance(state, Receivable)
    yield state, []
    for number, act in enumerate(acts):
        try:
            events = INVOICE.decide(command_of(act, number), state)
        except Refusal:
            continue
        for event in events:
            state = INVOICE.evolve(state, event)
        assert isinstance(state, Receivable)
        yield state, events


def after(acts: list[Act]) -> Receivable:
    *_, (state, _) = lived(acts)
    return state


@pytest.mark.rule("PAY-4", "PAY-5")
@given(st.lists(ACTS, max_size=18))
def test_money_is_conserved_and_occasions_count_up(acts: list[Act]) -> None:
    """Invoiced = paid + open + written off at every moment; each miss is the next occasion; at most two debits are planned."""
    occasions, debits = [], 1
    for state, events in lived(acts):
        debits += sum(isinstance(event, DebitPlanned) for event in events)
        missed = [event for event in events if isinstance(event, PaymentMissed)]
        assert all(event.open_amount > 0 for event in missed)
        occasions += [event.occasion for event in missed]
        assert conserved(state)
        assert not any(isinstance(event, InvoiceSettled) for event in events) or state.open == 0
    assert occasions == list(range(1, len(occasions) + 1))
    assert debits <= Policy().collections_max


@pytest.mark.rule("PAY-5")
@given(st.lists(ACTS, max_size=12))
def test_the_end_of_the_due_day_told_again_never_makes_a_second_miss(acts: list[Act]) -> None:
    """After any history, asking twice is asking once."""
    state: InvoiceState = after(acts)
    ended = EndDueDay(now=at(date(2026, 4, 30), "12:00"))
    for event in INVOICE.decide(ended, state):
        state = INVOICE.evolve(state, event)
    assert INVOICE.decide(ended, state) == []


@pytest.mark.rule("PAY-5")
@given(st.lists(ACTS, max_size=6), st.lists(ACTS, max_size=8))
def test_after_the_due_day_what_is_open_is_missed_or_a_debit_of_it_is_awaited(before: list[Act], later: list[Act]) -> None:
    """Whatever happens, no claim is forgotten: a debit that was booked for less than its invoice leaves the rest to the ladder."""
    state = after([*before, DueDay(), *later])
    assert state.open == 0 or state.standing or state.is_awaiting_debit
