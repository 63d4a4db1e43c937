"""The account: lines wait for their run, bill or carry (INV-1, INV-2, INV-3, INV-17, INV-18)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.events.contracts import AccountFacts
from termijn.events.rating import ChargeLine
from termijn.invoice.billing_account import (
    BILLING_ACCOUNT,
    BillingAccountNoted,
    DraftDue,
    Known,
    LineChanged,
    LinesArrived,
    PeriodReady,
    RunTaken,
    StreamBilled,
    StreamCarried,
)
from termijn.invoice.billing_account_command import DraftDocuments, DraftSupport, NotePeriod, TakeLines
from termijn.invoice.policy import Policy
from termijn.kernel.ids import AccountId, InvoiceId, ModuleId
from termijn.runtime.aggregate import SetTimer
from termijn.testing.spec import spec

NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
Line = Callable[..., ChargeLine]
Noted = Callable[..., BillingAccountNoted]
MODULE = ModuleId("tel-1")


def arrived(period: str, *lines: ChargeLine) -> LinesArrived:
    return LinesArrived(module_id=MODULE, module_title="Telephony", period=period, lines=lines)


def take(period: str, *lines: ChargeLine, known: dict[str, Decimal] | None = None) -> TakeLines:
    return TakeLines(now=NOW, module_id=MODULE, module_title="Telephony", period=period, lines=lines, known=known or {})


def ready(period: str, run_on: date, *, running: int = 1) -> PeriodReady:
    return PeriodReady(period=period, closing=4, running_modules=running, run_on=run_on)


def draft(period: str) -> DraftDocuments:
    return DraftDocuments(now=NOW, account=AccountId("jansen"), period=period, closing=4, policy=Policy())


MAY = date(2026, 5, 1)
APRIL = ready("2026-04", MAY)


@pytest.mark.rule("INV-17")
def test_a_line_is_taken_once_whether_it_waits_still_or_not(line: Line, noted: Noted) -> None:
    """The same id with the same amount is the same line; with another amount a person must look."""
    first, second = line("l-1", "10.00"), line("l-2", "5.00")
    known = spec(BILLING_ACCOUNT).given(noted(), arrived("2026-03", first))
    known.when(take("2026-03", first, second)).then(arrived("2026-03", second))
    spec(BILLING_ACCOUNT).given(noted()).when(take("2026-03", first, known={"l-1": Decimal("10.00")})).then_nothing()
    with pytest.raises(LineChanged):
        spec(BILLING_ACCOUNT).given(noted()).when(take("2026-03", first, known={"l-1": Decimal("11.00")}))


@pytest.mark.rule("INV-2", "INV-18")
def test_a_closed_period_waits_for_its_run_at_six_on_its_day(noted: Noted) -> None:
    """The timer carries the closing; when the run's time has passed it is due at once."""
    note = NotePeriod(now=NOW, period="2026-04", closing=4, running_modules=1, run_on=MAY)
    due_at = datetime(2026, 5, 1, 4, tzinfo=UTC)
    timer = SetTimer(occasion="draft/2026-04/4", due_at=due_at, wake_up=DraftDue(period="2026-04", closing=4), rank=1)
    spec(BILLING_ACCOUNT).given(noted()).when(note).then(APRIL).then_timers(timer)


@pytest.mark.rule("INV-1", "INV-3")
def test_each_stream_has_its_own_document_and_its_own_minimum(line: Line, noted: Noted) -> None:
    """Subscriptions of 15.00 bill; support of 49.99 is carried, in a run of its own."""
    lines = arrived("2026-04", line("l-1", "15.00"), line("l-2", "49.99", stream="support"))
    quarter = date(2026, 7, 1)
    support = DraftSupport(now=NOW, account=AccountId("jansen"), run_on=MAY, is_quarter_run=False, next_run_on=quarter, policy=Policy())
    spec(BILLING_ACCOUNT).given(noted(), lines, APRIL).when(draft("2026-04"), support).then(
        StreamBilled(
            period="2026-04",
            run_on=MAY,
            stream="subscription",
            invoice_id=InvoiceId("jansen.1"),
            is_credit_note=False,
            net=Decimal("15.00"),
            lines=1,
        ),
        RunTaken(period="2026-04", closing=4),
        StreamCarried(period="2026-05", run_on=MAY, stream="support", net=Decimal("49.99"), lines=1, next_run_on=quarter),
    )


@pytest.mark.rule("INV-3")
def test_carried_lines_go_along_when_a_later_run_reaches_the_minimum(line: Line, noted: Noted) -> None:
    """14.99 in May is carried; June brings 15.00 and takes both."""
    june = ready("2026-05", date(2026, 6, 1))
    (
        spec(BILLING_ACCOUNT)
        .given(noted(), arrived("2026-04", line("l-1", "14.99")), APRIL)
        .when(draft("2026-04"))
        .then_types(StreamCarried, RunTaken)
        .given(arrived("2026-05", line("l-2", "15.00")), june)
        .when(draft("2026-05"))
        .then_types(StreamBilled, RunTaken)
        .then_state(lambda state: isinstance(state, Known) and not state.lines and state.documents == 1)
    )


@pytest.mark.rule("INV-3")
def test_after_the_last_module_ended_the_run_bills_what_there_is(line: Line, noted: Noted) -> None:
    """4.00 of an account without a running module."""
    last = ready("2026-04", MAY, running=0)
    spec(BILLING_ACCOUNT).given(noted(), arrived("2026-04", line("l-1", "4.00")), last).when(draft("2026-04")).then_types(
        StreamBilled, RunTaken
    )


@pytest.mark.rule("INV-3")
def test_a_sum_below_zero_is_a_credit_note_and_zero_stays(line: Line, noted: Noted) -> None:
    """-3.00 is credited at once; +3.00 and -3.00 are no document and stay where they are."""
    below = spec(BILLING_ACCOUNT).given(noted(), arrived("2026-04", line("l-1", "-3.00")), APRIL).when(draft("2026-04"))
    below.then_types(StreamBilled, RunTaken)
    assert isinstance(below.events[0], StreamBilled) and below.events[0].is_credit_note
    zero = arrived("2026-04", line("l-1", "30.00"), line("l-2", "-30.00"))
    spec(BILLING_ACCOUNT).given(noted(), zero, APRIL).when(draft("2026-04")).then_types(StreamCarried, RunTaken).then_state(
        lambda state: isinstance(state, Known) and len(state.lines) == 2
    )


@pytest.mark.rule("INV-3", "INV-8")
@pytest.mark.parametrize(("rates", "is_credit_note"), [((21, 9), False), ((9, 21), True)])
def test_what_is_nothing_without_vat_and_something_with_it_is_billed_with_what_there_is(
    line: Line, noted: Noted, rates: tuple[int, int], is_credit_note: bool
) -> None:
    """50.00 at one rate against -50.00 at another is 6.00 of VAT: it stays in May, and leaves with the last module."""
    lines = [line(f"l-{rate}", net, vat_rate=Decimal(rate)) for rate, net in zip(rates, ("50.00", "-50.00"), strict=True)]
    may = spec(BILLING_ACCOUNT).given(noted(), arrived("2026-04", *lines), APRIL)
    may.when(draft("2026-04")).then_types(StreamCarried, RunTaken)
    may.given(ready("2026-05", date(2026, 6, 1), running=0)).when(draft("2026-05")).then_types(StreamBilled, RunTaken)
    assert isinstance(may.events[0], StreamBilled) and may.events[0].is_credit_note == is_credit_note


@pytest.mark.rule("INV-2")
def test_a_quarterly_account_gets_its_documents_by_quarter(line: Line, noted: Noted) -> None:
    """100.00 in May waits for July."""
    may = spec(BILLING_ACCOUNT).given(noted(cycle="quarter"), arrived("2026-04", line("l-1", "100.00")), APRIL)
    may.when(draft("2026-04")).then_types(StreamCarried, RunTaken)
    may.given(ready("2026-06", date(2026, 7, 1))).when(draft("2026-06")).then_types(StreamBilled, RunTaken)


@pytest.mark.rule("INV-18")
def test_after_days_down_each_run_bills_its_own_period_once(line: Line, noted: Noted) -> None:
    """March's run fires after April's lines have come: it takes March's alone, and never twice."""
    march = ready("2026-03", date(2026, 4, 1))
    late = spec(BILLING_ACCOUNT).given(
        noted(), arrived("2026-03", line("l-1", "20.00")), march, arrived("2026-04", line("l-2", "30.00")), APRIL
    )
    late.when(draft("2026-03")).then_types(StreamBilled, RunTaken)
    assert isinstance(late.events[0], StreamBilled) and late.events[0].net == Decimal("20.00")
    late.when(draft("2026-03")).then_nothing()
    late.when(draft("2026-04")).then_types(StreamBilled, RunTaken)
    assert isinstance(late.events[0], StreamBilled) and late.events[0].net == Decimal("30.00")


@pytest.mark.rule("INV-17")
@given(amounts=st.lists(st.lists(st.integers(-2000, 4000), max_size=4), min_size=1, max_size=8))
def test_every_line_leaves_once_or_waits(amounts: list[list[int]]) -> None:
    """Over any months: what was billed and what waits is all that came, each line once."""
    state = BILLING_ACCOUNT.initial
    state = BILLING_ACCOUNT.evolve(state, BillingAccountNoted(contract_partner=None, invoice_address=None, facts=AccountFacts()))
    billed: list[str] = []
    came: list[str] = []
    for month, cents in enumerate(amounts, start=1):
        period = f"2026-{month:02d}"
        lines = tuple(_line(f"{month}-{i}", Decimal(c).scaleb(-2)) for i, c in enumerate(cents))
        came += [line.line_id for line in lines]
        state = BILLING_ACCOUNT.evolve(state, arrived(period, *lines))
        state = BILLING_ACCOUNT.evolve(state, ready(period, date(2026, month + 1, 1)))
        assert isinstance(state, Known)
        before = state
        for event in BILLING_ACCOUNT.decide(draft(period), state):
            if isinstance(event, StreamBilled):
                billed += [held.line.line_id for held in before.lines_for(stream=event.stream, period=event.period)]
            state = BILLING_ACCOUNT.evolve(state, event)
    assert isinstance(state, Known)
    assert sorted([*billed, *state.lines]) == sorted(came)


def _line(line_id: str, net: Decimal) -> ChargeLine:
    return ChargeLine(
        line_id=line_id,
        article="a",
        title="A",
        origin="once",
        period_from=date(2026, 3, 1),
        period_until=date(2026, 3, 31),
        quantity=Decimal(1),
        unit="piece",
        unit_price=net,
        net=net,
        vat_rate=Decimal(21),
    )
