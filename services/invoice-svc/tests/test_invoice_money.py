"""Money on an invoice: paid, missed, reversed, collected again, written off (PAY-2, PAY-4, PAY-5, PAY-6, DUN-6, DUN-14)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from termijn.events.base import Blob
from termijn.events.invoice import (
    CreditNoteIssued,
    DirectDebitSubmitted,
    InvoiceIssued,
    InvoiceSettled,
    PaymentMissed,
    PaymentMissWithdrawn,
    PaymentReversed,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
)
from termijn.invoice.errors import NoLiveDebit, NoSuchPayment, NotPayable, PaymentAlreadyReversed, PaymentIdTaken
from termijn.invoice.invoice import INVOICE, BookingOverdue, DebitDue, DueDayEnded
from termijn.invoice.invoice_command import (
    AnswerStep,
    CheckBooked,
    EndDueDay,
    InvoiceCommand,
    Issue,
    ReceivePayment,
    RejectDebit,
    ReversePayment,
    SubmitDebit,
    WriteOff,
)
from termijn.invoice.payer import Mandate
from termijn.invoice.policy import Policy
from termijn.invoice.receivable import (
    Absent,
    CreditNote,
    DebitPlanned,
    DebitRejected,
    DebitWithdrawn,
    InvoiceEvent,
    InvoiceState,
    PaymentBooked,
    Receivable,
    TaskDone,
    TaskRaised,
)
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import CaseId, InvoiceId, MandateId, PaymentId
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import Spec, sequence_of, spec

ID = InvoiceId("jansen.1")
Issued = Callable[..., InvoiceIssued]
InvoiceSpec = Spec[InvoiceState, InvoiceCommand, InvoiceEvent]
DUE = date(2026, 4, 9)
COLLECTED_AGAIN = date(2026, 4, 24)


def noon(day: date) -> datetime:
    return at(day, "12:00")


def pay(amount: str, value_on: date, *, payment_id: str = "p-1", method: str = "transfer", now: date | None = None) -> ReceivePayment:
    day = now or value_on
    return ReceivePayment(
        now=noon(day),
        invoice_id=ID,
        payment_id=PaymentId(payment_id),
        amount=Decimal(amount),
        method=method,  # type: ignore[arg-type]
        value_on=value_on,
        booked_on=day,
    )


def reverse(reason: str, on: date, *, mandate: Mandate | None = None, payment_id: str = "p-1") -> ReversePayment:
    return ReversePayment(
        now=noon(on), payment_id=PaymentId(payment_id), reason_code=reason, reversed_on=on, mandate=mandate, policy=Policy()
    )


def reject(reason: str, on: date, *, mandate: Mandate | None = None) -> RejectDebit:
    return RejectDebit(now=noon(on), invoice_id=ID, reason_code=reason, rejected_on=on, mandate=mandate, policy=Policy())


def planned(attempt: int = 1, collect_on: date = DUE, submit_on: date = date(2026, 4, 8)) -> DebitPlanned:
    return DebitPlanned(
        invoice_id=ID,
        attempt=attempt,
        mandate_id=MandateId("m-1"),
        mandate_reference="BELCO-1",
        collect_on=collect_on,
        submit_on=submit_on,
    )


def submitted(attempt: int = 1, collect_on: date = DUE) -> DirectDebitSubmitted:
    return DirectDebitSubmitted(
        invoice_id=ID,
        mandate_id=MandateId("m-1"),
        amount=Decimal("121.00"),
        collect_on=collect_on,
        end_to_end_id=f"F2026000001-{attempt}",
    )


def transfer(issued: Issued) -> InvoiceSpec:
    """An invoice that is paid by transfer."""
    return spec(INVOICE).given(issued())


def debit(issued: Issued) -> InvoiceSpec:
    """An invoice whose debit is with the bank."""
    return spec(INVOICE).given(issued(collection="direct_debit"), planned(), submitted())


def collected(issued: Issued) -> InvoiceSpec:
    """An invoice whose debit was booked."""
    return debit(issued).when(pay("121.00", DUE, method="direct_debit"))


def misses(a_spec: InvoiceSpec) -> list[PaymentMissed]:
    assert a_spec.refusal is None, f"refused: {a_spec.refusal!r}"
    found: list[PaymentMissed] = sequence_of(a_spec.events, PaymentMissed)
    return found


END = EndDueDay(now=at(date(2026, 4, 10), "00:30"))


@pytest.mark.rule("PAY-2", "PAY-5")
def test_an_issued_invoice_waits_for_the_end_of_its_due_day_and_a_debit_for_the_bank_day_before(issued: Issued, mandate: Mandate) -> None:
    """Due and collected on Thursday the 9th: handed over on the 8th, missed at half past midnight on the 10th."""
    document = issued(collection="direct_debit")
    spec(INVOICE).when(Issue(now=noon(document.issued_on), document=document, mandate=mandate)).then(document, planned()).then_timers(
        SetTimer(occasion="due", due_at=datetime(2026, 4, 9, 22, 30, tzinfo=UTC), wake_up=DueDayEnded()),
        SetTimer(occasion="debit/1", due_at=datetime(2026, 4, 8, 5, 0, tzinfo=UTC), wake_up=DebitDue(attempt=1)),
    )


@pytest.mark.rule("PAY-5")
def test_a_transfer_that_is_not_paid_in_full_when_its_due_day_has_ended_is_missed_once(issued: Issued) -> None:
    """21.00 of 121.00 came: 100.00 is missed, as of the due day, and not again."""
    partly = transfer(issued).when(pay("21.00", date(2026, 4, 3)), END)
    (missed,) = misses(partly)
    assert (missed.cause, missed.occasion, missed.open_amount) == ("transfer_unpaid", 1, Decimal("100.00"))
    assert (missed.due_on, missed.ladder_due_on, missed.missed_on) == (DUE, DUE, date(2026, 4, 10))
    partly.when(END).then_nothing()
    transfer(issued).when(pay("121.00", DUE), END).then_types(PaymentBooked, InvoiceSettled)


@pytest.mark.rule("PAY-5")
def test_money_dated_on_or_before_the_due_day_withdraws_the_miss(issued: Issued) -> None:
    """Booked on Monday the 13th with value date the 9th, it was paid in time; with the 10th it was not."""
    missed = transfer(issued).when(END)
    missed.when(pay("121.00", DUE, now=date(2026, 4, 13))).then_types(PaymentBooked, PaymentMissWithdrawn, InvoiceSettled)
    transfer(issued).when(END).when(pay("121.00", date(2026, 4, 10))).then_types(PaymentBooked, InvoiceSettled)
    transfer(issued).when(END).when(pay("120.99", DUE, now=date(2026, 4, 13))).then_types(PaymentBooked)


@pytest.mark.rule("PAY-2", "PAY-5")
def test_a_live_debit_is_no_miss_and_after_five_bank_days_without_booking_a_task(issued: Issued) -> None:
    """The due day ends while the file is with the bank; on the fifth bank day (16 April) somebody looks."""
    live = spec(INVOICE).given(issued(collection="direct_debit"), planned())
    submit = SubmitDebit(now=at(date(2026, 4, 8), "07:00"), attempt=1, is_mandate_usable=True)
    overdue = SetTimer(occasion="booking/1", due_at=at(date(2026, 4, 17), "00:30"), wake_up=BookingOverdue(attempt=1))
    live.when(submit).then(submitted()).then_timers(overdue)
    live.when(END).then_nothing()
    live.when(CheckBooked(now=noon(date(2026, 4, 17)), attempt=1)).then_types(TaskRaised)
    live.when(CheckBooked(now=noon(date(2026, 4, 17)), attempt=1)).then_nothing()
    live.when(pay("121.00", DUE, method="direct_debit", now=date(2026, 4, 20))).then_types(PaymentBooked, TaskDone, InvoiceSettled)


@pytest.mark.rule("INV-18", "PAY-2")
def test_a_debit_that_is_late_is_collected_on_the_next_bank_day(issued: Issued) -> None:
    """Down until Friday the 10th: collected on Monday the 13th."""
    late = spec(INVOICE).given(issued(collection="direct_debit"), planned())
    late.when(SubmitDebit(now=noon(date(2026, 4, 10)), attempt=1, is_mandate_usable=True)).then(submitted(collect_on=date(2026, 4, 13)))


@pytest.mark.rule("INV-6", "PAY-5")
def test_a_debit_without_a_mandate_goes_on_as_a_transfer(issued: Issued) -> None:
    """Revoked before the file left: a person is told, and the due day decides."""
    revoked = spec(INVOICE).given(issued(collection="direct_debit"), planned())
    revoked.when(SubmitDebit(now=noon(date(2026, 4, 8)), attempt=1, is_mandate_usable=False)).then_types(DebitWithdrawn, TaskRaised)
    (missed,) = misses(revoked.when(END))
    assert missed.cause == "transfer_unpaid"


@pytest.mark.rule("PAY-5")
def test_a_rejected_debit_is_missed_at_once_and_not_again_when_the_due_day_ends(issued: Issued) -> None:
    """Refused on the 8th with a closed account: one occasion, counted from the due day."""
    rejected = debit(issued).when(reject("AC04", date(2026, 4, 8)))
    rejected.then_types(DebitRejected, PaymentMissed, TaskRaised)
    (missed,) = misses(rejected)
    assert (missed.cause, missed.reason_code, missed.ladder_due_on) == ("debit_rejected", "AC04", DUE)
    rejected.when(END).then_nothing()
    rejected.when(reject("AC04", date(2026, 4, 8))).then_refused(NoLiveDebit)


@pytest.mark.rule("PAY-4")
def test_insufficient_funds_is_collected_once_more_after_fourteen_days(issued: Issued, mandate: Mandate) -> None:
    """Reversed on Friday the 10th: the ladder counts from there, and rests until the bank day after the 24th's fourteen days."""
    reversed_ = collected(issued).when(reverse("AM04", date(2026, 4, 10), mandate=mandate))
    reversed_.then_types(PaymentReversed, PaymentMissed, DebitPlanned)
    (missed,) = misses(reversed_)
    assert (missed.ladder_due_on, missed.collect_again_on) == (date(2026, 4, 10), COLLECTED_AGAIN)
    assert reversed_.events[2] == planned(2, COLLECTED_AGAIN, date(2026, 4, 23))
    reversed_.when(AnswerStep(now=noon(date(2026, 4, 13)), case_id=CaseId("c"), invoice_id=ID, proposal="x", planned_on=date(2026, 4, 13)))
    assert isinstance(reversed_.events[0], StepStopped) and reversed_.events[0].reason == "in_collection"


@pytest.mark.rule("PAY-4")
def test_the_second_collection_is_the_last_and_its_failure_a_further_occasion(issued: Issued, mandate: Mandate) -> None:
    """AM04 twice: no third debit, and the ladder goes on from the second reversal."""
    again = collected(issued).when(reverse("AM04", date(2026, 4, 10), mandate=mandate))
    again.when(SubmitDebit(now=noon(date(2026, 4, 23)), attempt=2, is_mandate_usable=True))
    again.when(pay("121.00", COLLECTED_AGAIN, payment_id="p-2", method="direct_debit"))
    again.when(reverse("AM04", date(2026, 4, 28), mandate=mandate, payment_id="p-2")).then_types(PaymentReversed, PaymentMissed)
    (missed,) = misses(again)
    assert (missed.occasion, missed.collect_again_on, missed.ladder_due_on) == (2, None, date(2026, 4, 28))


@pytest.mark.rule("PAY-4")
def test_a_second_collection_that_cannot_be_made_is_a_further_occasion(issued: Issued, mandate: Mandate) -> None:
    """The mandate went in between."""
    again = collected(issued).when(reverse("MS03", date(2026, 4, 10), mandate=mandate))
    again.when(SubmitDebit(now=noon(date(2026, 4, 23)), attempt=2, is_mandate_usable=False))
    again.then_types(DebitWithdrawn, PaymentMissed, TaskRaised)
    assert misses(again)[0].occasion == 2


@pytest.mark.rule("PAY-4")
def test_a_transfer_cancels_the_second_collection(issued: Issued, mandate: Mandate) -> None:
    """Paid in full before it left."""
    again = collected(issued).when(reverse("AM04", date(2026, 4, 10), mandate=mandate))
    again.when(pay("121.00", date(2026, 4, 14), payment_id="p-2")).then_types(PaymentBooked, DebitWithdrawn, InvoiceSettled)
    again.when(SubmitDebit(now=noon(date(2026, 4, 23)), attempt=2, is_mandate_usable=True)).then_nothing()


@pytest.mark.rule("PAY-4")
@pytest.mark.parametrize(
    ("reason", "kind", "is_ours"),
    [
        ("AC01", "mandate_blocked", False),
        ("SL01", "mandate_blocked", False),
        ("AM05", "our_mistake", True),
        ("FF01", "our_mistake", True),
        ("MD06", "contact_debtor", False),
        ("MD07", "person_decides", False),
        ("ZZ99", "person_decides", False),
    ],
)
def test_what_follows_a_reversal_is_policy_per_reason_code(issued: Issued, mandate: Mandate, reason: str, kind: str, is_ours: bool) -> None:
    """None of these is collected again; each is a task, and our own mistakes do not count against the customer."""
    reversed_ = collected(issued).when(reverse(reason, date(2026, 4, 10), mandate=mandate))
    reversed_.then_types(PaymentReversed, PaymentMissed, TaskRaised)
    (missed,) = misses(reversed_)
    assert (missed.caused_by_us, missed.reason_code) == (is_ours, reason)
    assert sequence_of(reversed_.events, TaskRaised)[0].kind == kind


@pytest.mark.rule("PAY-4")
def test_a_reversal_weeks_after_settlement_opens_the_invoice_again(issued: Issued) -> None:
    """Eight weeks later: 121.00 is open, and the same reversal told twice is one."""
    late = collected(issued).when(reverse("MD06", date(2026, 6, 4)))
    late.then_state(lambda state: isinstance(state, Receivable) and state.open == Decimal("121.00"))
    late.when(reverse("MD06", date(2026, 6, 4))).then_nothing()
    late.when(reverse("AM04", date(2026, 6, 4))).then_refused(PaymentAlreadyReversed)
    late.when(reverse("AM04", date(2026, 6, 4), payment_id="p-9")).then_refused(NoSuchPayment)


def test_what_is_too_much_is_kept_apart_as_a_surplus(issued: Issued) -> None:
    """130.00 on 121.00 leaves 9.00; a second payment of a paid invoice is all surplus."""
    over = transfer(issued).when(pay("130.00", DUE))
    (booked,) = sequence_of(over.events, PaymentBooked)
    assert (booked.applied, booked.surplus, booked.open_after) == (Decimal("121.00"), Decimal("9.00"), Decimal("0.00"))
    over.when(pay("121.00", DUE, payment_id="p-2")).then_types(PaymentBooked)
    assert sequence_of(over.events, PaymentBooked)[0].surplus == Decimal("121.00")
    over.when(reverse("AM05", date(2026, 4, 13), payment_id="p-2")).then_types(PaymentReversed)


@pytest.mark.rule("SEC-4")
def test_a_payment_id_is_one_payment_and_its_figures_make_sense(issued: Issued) -> None:
    """Told twice it counts once; with another amount it is refused."""
    paid = transfer(issued).when(pay("21.00", DUE))
    paid.when(pay("21.00", DUE)).then_nothing()
    paid.when(pay("22.00", DUE)).then_refused(PaymentIdTaken, "payment_id")
    paid.when(pay("0.00", DUE, payment_id="p-2")).then_refused(InvalidInput, "amount")
    paid.when(pay("0.001", DUE, payment_id="p-2")).then_refused(InvalidInput, "amount")
    paid.when(pay("1.00", date(2026, 6, 9), payment_id="p-2", now=DUE)).then_refused(InvalidInput, "value_on")
    paid.when(reverse("AM04", date(2026, 4, 8))).then_refused(InvalidInput, "reversed_on")


@pytest.mark.rule("DUN-6")
def test_a_remainder_is_written_off_unless_more_is_open_by_now(issued: Issued) -> None:
    """0.50 goes; after a reversal 121.00 does not."""
    rest = transfer(issued).when(pay("120.50", DUE))
    rest.when(WriteOff(now=noon(DUE), amount=Decimal("0.50"))).then(
        RemainderWrittenOff(invoice_id=ID, amount=Decimal("0.50"), written_off_on=DUE), InvoiceSettled(invoice_id=ID, settled_on=DUE)
    )
    rest.when(WriteOff(now=noon(DUE), amount=Decimal("0.50"))).then_nothing()
    transfer(issued).when(WriteOff(now=noon(DUE), amount=Decimal("0.50"))).then_nothing()


@pytest.mark.rule("DUN-14")
def test_a_step_is_cleared_with_what_is_open_and_stopped_where_nothing_is(issued: Issued) -> None:
    """On Monday the 13th: open is 121.00, booked until Friday the 10th."""
    day = date(2026, 4, 13)
    ask = AnswerStep(now=noon(day), case_id=CaseId("c"), invoice_id=ID, proposal="c/reminder", planned_on=day)
    transfer(issued).when(ask).then(
        StepCleared(
            case_id=CaseId("c"),
            invoice_id=ID,
            proposal="c/reminder",
            open_amount=Decimal("121.00"),
            booked_until=date(2026, 4, 10),
        )
    )

    def stopped(reason: str) -> StepStopped:
        return StepStopped(case_id=CaseId("c"), invoice_id=ID, proposal="c/reminder", reason=reason)  # type: ignore[arg-type]

    transfer(issued).when(pay("121.00", DUE)).when(ask).then(stopped("settled"))
    debit(issued).when(ask).then(stopped("in_collection"))
    spec(INVOICE).when(ask).then(stopped("unknown_invoice"))


@pytest.mark.rule("INV-12")
def test_a_test_invoice_is_never_missed(issued: Issued) -> None:
    """No timer, no miss."""
    test = spec(INVOICE).when(Issue(now=noon(date(2026, 4, 1)), document=issued(is_test=True)))
    test.then_timers().when(END).then_nothing()


@pytest.mark.rule("INV-7")
def test_a_credit_note_takes_no_money() -> None:
    """It is owed, not paid."""
    assert isinstance(INVOICE.initial, Absent)
    note = CreditNoteIssued(
        invoice_id=ID,
        number="C2026000001",
        series="C",
        stream="subscription",
        issued_on=date(2026, 4, 1),
        net=Decimal("-1.00"),
        vat=(),
        gross=Decimal("-1.21"),
        corrects=(),
        document=Blob(sha256="0", size_bytes=1, address="x"),
    )
    credited = spec(INVOICE).when(Issue(now=noon(date(2026, 4, 1)), document=note)).then(note).then_timers()
    credited.then_state(lambda state: isinstance(state, CreditNote)).when(pay("1.21", DUE)).then_refused(NotPayable)


@pytest.mark.rule("PAY-5")
def test_a_debit_booked_for_less_than_its_invoice_leaves_the_rest_to_the_ladder(issued: Issued) -> None:
    """100.00 of 121.00, booked on the 10th: 21.00 is missed at once; booked on the due day, by the end of it."""
    late = debit(issued).when(END)
    late.then_nothing()
    late.when(pay("100.00", DUE, method="direct_debit", now=date(2026, 4, 10)))
    (miss,) = misses(late)
    assert (miss.open_amount, miss.cause, miss.ladder_due_on) == (Decimal("21.00"), "transfer_unpaid", DUE)
    late.when(END).then_nothing()
    in_time = debit(issued).when(pay("100.00", DUE, method="direct_debit")).then_types(PaymentBooked)
    assert len(misses(in_time.when(END))) == 1
