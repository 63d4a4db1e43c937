"""Suspending over a single case past its final demand, where the provider says so (DUN-9)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning import account_command as ask
from termijn.dunning.account_event import LatenessEnded, SuspensionPlanned
from termijn.dunning.account_state import Punctual, Suspended
from termijn.dunning.policy import LADDER, Policy
from termijn.events.dunning import LetterDue, ResumptionRequested, StepProposed, SuspensionRequested
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import InvoiceId

Player = Any
ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)
ON = Policy(suspends_single_case=True)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@pytest.fixture
def strict(player: Callable[..., Player]) -> Player:
    """An account whose provider suspends over a single case."""
    return player(ON).learn()


def suspensions(account: Player) -> list[date]:
    return [day_of(event.requested_at) for event in account.events(SuspensionRequested)]


def announced(account: Player) -> list[tuple[date, date | None]]:
    """The day of each final demand, and the suspension that it announces."""
    return [(letter.on, i.suspension_on) for letter in account.events(LetterDue) for i in letter.items if i.step == "final_demand"]


@pytest.mark.rule("DUN-9")
def test_the_final_demand_warns_and_the_suspension_follows_its_last_day(strict: Player) -> None:
    """Demanded on day 52, to be paid by day 59: proposed at eight and suspended at ten on day 60, handed over at five."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(52))
    assert announced(strict) == [(day(52), day(60))]
    strict.to(day(60), "09:59")
    assert [p.step for p in strict.events(StepProposed) if p.planned_on == day(60)] == ["bailiff", "suspension"]
    assert suspensions(strict) == []
    strict.to(day(60), "17:00")
    (asked,) = strict.events(SuspensionRequested)
    assert (asked.requested_at, asked.streams) == (at(day(60), "10:00"), ("subscription",))
    assert asked.reason == "not paid after the final demand: I"
    assert strict.steps()[-1] == ("bailiff", day(60))


@pytest.mark.rule("DUN-9")
def test_after_the_decision_to_terminate_its_demand_suspends_nothing_more(strict: Player) -> None:
    """Suspended on day 60 and with the bailiff since; terminated on day 90: no second suspension."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(90))
    strict.do(ask.Terminate, account="jansen", reason="no payment")
    strict.to(day(200))
    assert suspensions(strict) == [day(60)]


@pytest.mark.rule("DUN-9")
def test_it_is_off_by_default(account: Player) -> None:
    """No letter announces it and nothing is suspended."""
    account.miss("i", ISSUED, DUE)
    account.to(day(90))
    assert (announced(account), suspensions(account)) == ([(day(52), None)], [])


@pytest.mark.rule("DUN-9")
@pytest.mark.parametrize(("warning_days", "on"), [(7, 60), (8, 60), (9, 61), (14, 66)])
def test_never_before_the_warning_days_are_over(player: Callable[..., Player], warning_days: int, on: int) -> None:
    """Where the last payment date is nearer than the warning days, those count."""
    account = player(Policy(suspends_single_case=True, warning_days=warning_days)).learn()
    account.miss("i", ISSUED, DUE)
    account.to(day(90))
    assert announced(account) == [(day(52), day(on))]
    assert suspensions(account) == [day(on)]


@pytest.mark.rule("DUN-9")
@pytest.mark.parametrize("paid_down_on", [50, 55])
def test_a_claim_under_the_least_amount_suspends_nothing(strict: Player, paid_down_on: int) -> None:
    """24.99 at the letter announces nothing; 24.99 at the second moment suspends nothing."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(paid_down_on))
    strict.pay("i", "96.01", "24.99")
    strict.to(day(90))
    assert [on for _, on in announced(strict)] == [None if paid_down_on < 52 else day(60)]
    assert suspensions(strict) == []


@pytest.mark.rule("DUN-9")
def test_what_we_caused_ourselves_suspends_nothing(strict: Player) -> None:
    """The claim is owed, and asked for; services stay."""
    strict.miss("i", ISSUED, DUE, caused_by_us=True)
    strict.to(day(90))
    assert (announced(strict), suspensions(strict)) == ([(day(52), None)], [])


@pytest.mark.rule("DUN-9", "DUN-6")
def test_paid_after_the_final_demand(strict: Player) -> None:
    """Nobody is suspended who has paid; no timer is left."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(59))
    strict.pay("i", "121.00", "0.00")
    assert [event.reason for event in strict.events(LatenessEnded)] == ["paid"]
    assert strict.timers == {}
    assert isinstance(strict.state.lateness, Punctual)


@pytest.mark.rule("DUN-9")
def test_one_of_two_is_paid(strict: Player) -> None:
    """Demanded three days apart: with the first paid, the suspension is that of the second, on the day its letter named."""
    strict.miss("i", ISSUED, DUE)
    strict.miss("j", day(3), day(33))
    strict.to(day(57))
    strict.pay("i", "121.00", "0.00")
    strict.to(day(90))
    assert announced(strict) == [(day(52), day(60)), (day(55), day(63))]
    assert suspensions(strict) == [day(63)]


@pytest.mark.rule("DUN-9")
def test_it_stands_until_all_that_is_overdue_is_paid_also_with_the_bailiff(strict: Player) -> None:
    """Handed over at five; a second invoice is missed later: both must be paid, then services are back at once."""
    strict.miss("i", ISSUED, DUE)
    strict.miss("j", day(31), day(61))
    strict.to(day(70))
    assert isinstance(strict.state.lateness, Suspended)
    strict.pay("j", "121.00", "0.00")
    assert strict.events(ResumptionRequested) == []
    strict.pay("i", "121.00", "0.00")
    assert [event.requested_at for event in strict.events(ResumptionRequested)] == [strict.now]


@pytest.mark.rule("DUN-9", "DUN-14")
def test_not_cleared_on_its_day_it_follows_also_over_a_claim_with_the_bailiff(strict: Player) -> None:
    """The statement came at noon of day 60: the handover leaves at five, the suspension at ten the next day."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(59))
    waiting: list[StepProposed] = []
    strict.answer = waiting.append
    strict.to(day(60), "12:00")
    strict.answer = lambda proposal: Decimal("121.00")
    for proposal in waiting:
        key = {"case_id": proposal.case_id, "proposal": proposal.proposal}
        strict.do(ask.TakeClearance, open_amount=Decimal("121.00"), booked_until=day(59), **key)
    strict.to(day(60))
    assert (strict.steps()[-1], suspensions(strict)) == (("bailiff", day(60)), [])
    strict.to(day(61))
    assert suspensions(strict) == [day(61)]


@pytest.mark.rule("DUN-9", "DUN-16")
def test_a_hold_moves_the_suspension_by_the_days_paused(strict: Player) -> None:
    """Held on day 55 up to day 64: announced for day 60, suspended ten days later."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(55))
    strict.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="why", until=day(64))
    strict.to(day(90))
    assert suspensions(strict) == [day(70)]


@pytest.mark.rule("DUN-9")
def test_a_final_demand_that_did_not_go_announced_nothing(strict: Player) -> None:
    """Dropped by the sender: no suspension until it is written anew."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(52), "09:59")
    record = strict.do

    def refuse(command: type[ask.AccountCommand], **fields: Any) -> Any:
        if command is ask.RecordSent:
            return record(ask.DropLetter, letter_id=fields["letter_id"], reason="day_passed")
        return record(command, **fields)

    strict.do = refuse
    strict.to(day(52))
    strict.do = record
    assert isinstance(strict.state.lateness, Punctual)
    strict.to(day(90))
    (first, second) = announced(strict)
    assert (first, second) == ((day(52), day(60)), (day(53), day(60)))
    assert suspensions(strict) == [day(60)]


@pytest.mark.rule("DUN-9")
def test_switched_off_it_is_not_carried_out(strict: Player) -> None:
    """The policy of the day decides."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(55))
    assert [event.over for event in strict.events(SuspensionPlanned)] == ["single_case"]
    strict.policy = Policy()
    strict.to(day(90))
    assert suspensions(strict) == []


@pytest.mark.rule("DUN-9")
def test_a_reversal_begins_anew(strict: Player) -> None:
    """Paid after the demand and taken back: the demand of then announces nothing any more."""
    strict.miss("i", ISSUED, DUE)
    strict.to(day(56))
    strict.pay("i", "121.00", "0.00")
    taken_back = {"occasion": 2, "cause": "debit_reversed", "ladder_due_on": day(70), "missed_on": day(70)}
    strict.miss("i", ISSUED, DUE, **taken_back)
    strict.to(day(100))
    assert suspensions(strict) == []


@pytest.mark.rule("DUN-9")
def test_without_a_bailiff_in_the_ladder(player: Callable[..., Player]) -> None:
    """The final demand is the last step; the suspension still has its day."""
    account = player(Policy(suspends_single_case=True, ladder=LADDER[:-1])).learn()
    account.miss("i", ISSUED, DUE)
    account.to(day(90))
    assert suspensions(account) == [day(59)]
    account.do(ask.RecordSettled, invoice_id=InvoiceId("i"))
    assert len(account.events(ResumptionRequested)) == 1
