"""Cases: how they open, what stops them, and what leaves on which day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning import account_command as ask
from termijn.dunning.account_event import CaseStarted, LetterDropped
from termijn.events.dunning import (
    BailiffHandover,
    CallTaskCreated,
    CaseClosed,
    LetterDue,
    LetterSent,
    StepProposed,
    WriteOffRequested,
)
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import InvoiceId

Player = Any
ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@pytest.mark.rule("DUN-1")
def test_the_whole_ladder(account: Player) -> None:
    """A missed invoice that nobody pays: four letters at ten o'clock, the bailiff at five, each on its day."""
    account.miss("a", ISSUED, DUE)
    account.to(day(90))
    assert account.steps() == [
        ("reminder", day(33)),
        ("second_reminder", day(40)),
        ("formal_notice", day(45)),
        ("final_demand", day(52)),
        ("bailiff", day(60)),
    ]
    left = [now for now, event in account.log if isinstance(event, LetterDue | BailiffHandover)]
    assert left == [at(day_of(now), "10:00") for now in left[:-1]] + [at(day(60), "17:00")]
    account.check()


@pytest.mark.rule("DUN-1")
def test_the_reminder_asks_the_account_manager_to_call(account: Player) -> None:
    """A call task with the reminder, on its day, and with no other letter."""
    account.miss("a", ISSUED, DUE)
    account.to(day(59))
    assert [(task.account_manager, task.due_on) for task in account.events(CallTaskCreated)] == [("piet", day(33))]


@pytest.mark.rule("DUN-1")
def test_one_case_per_invoice(account: Player) -> None:
    """The same occasion heard twice changes nothing; another invoice is another case."""
    account.miss("a", ISSUED, DUE)
    assert account.miss("a", ISSUED, DUE) == []
    account.miss("b", ISSUED, DUE)
    assert [event.case_id for event in account.events(CaseStarted)] == ["case-a", "case-b"]


@pytest.mark.rule("DUN-1")
def test_one_mail_a_day_with_every_case(account: Player) -> None:
    """Two invoices with a step on one day share the letter; each has its own step and last payment date."""
    account.miss("a", ISSUED, DUE)
    account.miss("b", date(2026, 1, 8), date(2026, 2, 7))
    account.to(date(2026, 2, 10))
    letter = account.events(LetterDue)[-1]
    assert [(item.number, item.step, item.last_payment_on) for item in letter.items] == [
        ("A", "second_reminder", date(2026, 2, 15)),
        ("B", "reminder", date(2026, 2, 16)),
    ]
    assert len(account.events(LetterDue)) == 2


@pytest.mark.rule("DUN-3")
def test_letters_name_their_last_payment_date(account: Player) -> None:
    """The day before the next step, at least five days on; the final demand names the handover day."""
    account.miss("a", ISSUED, DUE)
    account.to(day(60))
    items = [letter.items[0] for letter in account.events(LetterDue)]
    assert [(item.last_payment_on - ISSUED).days for item in items] == [39, 45, 51, 59]
    assert [item.handover_on for item in items] == [None, None, None, day(60)]


@pytest.mark.rule("DUN-2")
def test_after_an_outage_the_later_steps_move(account: Player) -> None:
    """Down from day 30 to noon of day 50: the reminder goes on day 51, and what follows keeps five days."""
    account.miss("a", ISSUED, DUE, missed_on=day(20))
    account.asleep_until(day(50), "12:00").to(day(90))
    assert account.steps() == [
        ("reminder", day(51)),
        ("second_reminder", day(56)),
        ("formal_notice", day(61)),
        ("final_demand", day(66)),
        ("bailiff", day(71)),
    ]


@pytest.mark.rule("DUN-14")
def test_no_letter_without_clearance(account: Player) -> None:
    """The owner of the money does not answer for two days: the letter goes on the third."""
    account.answer = lambda proposal: None
    account.miss("a", ISSUED, DUE)
    account.to(day(34))
    assert account.steps() == []
    account.answer = account.open_amount
    account.to(day(40))
    assert account.steps() == [("reminder", day(35)), ("second_reminder", day(40))]


@pytest.mark.rule("DUN-14")
def test_a_clearance_of_another_day_is_none(account: Player) -> None:
    """An answer to a proposal of before changes nothing."""
    account.answer = lambda proposal: None
    account.miss("a", ISSUED, DUE)
    account.to(day(33), "09:00")
    old = account.events(StepProposed)[-1]
    account.to(day(34), "07:00")
    assert account.do(ask.TakeClearance, case_id=old.case_id, proposal=old.proposal, open_amount=Decimal(1), booked_until=day(33)) == []


@pytest.mark.rule("DUN-14")
@pytest.mark.parametrize("reason", ["in_collection", "unmatched_money"])
def test_a_stopped_step_is_proposed_again(account: Player, reason: str) -> None:
    """Money is on its way: no letter, and the same question the day after."""
    account.answer = lambda proposal: reason
    account.miss("a", ISSUED, DUE)
    account.to(day(35))
    assert [event.planned_on for event in account.events(StepProposed)] == [day(33), day(34), day(35)]
    assert account.steps() == []


@pytest.mark.rule("DUN-14")
def test_a_step_stopped_because_it_is_settled_closes_the_case(account: Player) -> None:
    """The owner of the money knows better."""
    account.answer = lambda proposal: "settled"
    account.miss("a", ISSUED, DUE)
    account.to(day(33))
    assert [event.reason for event in account.events(CaseClosed)] == ["paid"]
    assert account.timers.keys() <= {"ten/2026-02-03/10:00"}


# -- Money -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DUN-6")
@pytest.mark.parametrize("paid_on", [32, 33, 38, 45, 52, 59])
def test_payment_in_full_closes_the_case_at_any_step(account: Player, paid_on: int) -> None:
    """No timer is left, nothing goes out any more."""
    account.miss("a", ISSUED, DUE)
    account.to(day(paid_on))
    before = account.steps()
    account.pay("a", "121.00", "0.00")
    assert account.events(CaseClosed)[-1].reason == "paid"
    assert not [occasion for occasion in account.timers if occasion.startswith("case-")]
    account.to(day(120))
    assert account.steps() == before


@pytest.mark.rule("DUN-6")
def test_part_payment_lowers_the_claim(account: Player) -> None:
    """The next letter asks for what is left."""
    account.miss("a", ISSUED, DUE)
    account.to(day(34))
    account.pay("a", "100.00", "21.00")
    account.to(day(40))
    assert account.events(LetterDue)[-1].items[0].open_amount == Decimal("21.00")


@pytest.mark.rule("DUN-6")
def test_a_small_remainder_is_written_off(account: Player) -> None:
    """0.99 is not asked for; 1.00 is."""
    account.miss("a", ISSUED, DUE)
    account.pay("a", "120.00", "1.00")
    assert account.events(WriteOffRequested) == []
    account.pay("a", "0.01", "0.99")
    assert [event.amount for event in account.events(WriteOffRequested)] == [Decimal("0.99")]
    account.to(day(40))
    assert account.steps() == []
    account.do(ask.RecordSettled, invoice_id=InvoiceId("a"), is_written_off=True)
    assert account.events(CaseClosed)[-1].reason == "written_off"


@pytest.mark.rule("DUN-6")
@pytest.mark.parametrize(("left", "is_written_off"), [("0.99", True), ("1.00", False)])
def test_a_small_remainder_that_was_left_before_the_due_day_is_written_off(account: Player, left: str, is_written_off: bool) -> None:
    """The rest was paid before the case opened: what is left is too little to ask for then, too, also when it comes back."""
    account.miss("a", ISSUED, DUE, open_amount=Decimal(left))
    assert [event.amount for event in account.events(WriteOffRequested)] == ([Decimal(left)] if is_written_off else [])
    account.to(day(40))
    assert bool(account.steps()) is not is_written_off
    account.check()


@pytest.mark.rule("DUN-6")
def test_a_small_invoice_is_no_remainder(account: Player) -> None:
    """Nothing of it was paid: it is asked for."""
    account.miss("a", ISSUED, DUE, open_amount=Decimal("0.60"), gross=Decimal("0.60"))
    account.to(day(33))
    assert account.steps() == [("reminder", day(33))]


@pytest.mark.rule("DUN-6")
def test_a_credited_invoice_closes_its_case(account: Player) -> None:
    """Nothing was paid, and yet nothing is open."""
    account.miss("a", ISSUED, DUE)
    account.do(ask.RecordSettled, invoice_id=InvoiceId("a"))
    assert account.events(CaseClosed)[-1].reason == "credited"
    assert account.do(ask.RecordSettled, invoice_id=InvoiceId("a")) == []


@pytest.mark.rule("DUN-6")
def test_paid_in_time_after_all(account: Player) -> None:
    """A withdrawn miss closes the case, and counts for nothing."""
    account.miss("a", ISSUED, DUE)
    account.do(ask.WithdrawMiss, invoice_id=InvoiceId("a"), occasion=1)
    assert account.events(CaseClosed)[-1].reason == "withdrawn"
    assert account.state.misses == ()


@pytest.mark.rule("DUN-14")
def test_a_letter_is_dropped_when_it_was_paid_just_before_sending(account: Player) -> None:
    """Decided at ten, paid before it left: the letter does not go, and counts as not taken."""
    account.miss("a", ISSUED, DUE)
    account.to(day(33), "09:59")
    account.now = at(day(33), "10:00")
    account.do(ask.TakeSteps, account="jansen", on=day(33), text=account.state.cases["case-a"].document)
    account.pay("a", "121.00", "0.00")
    account.do(ask.DropLetter, letter_id="letter-jansen-2026-02-03", reason="no_longer_due")
    assert account.events(LetterSent) == []
    assert account.state.closed["case-a"].taken == ()


@pytest.mark.rule("DUN-2")
def test_a_dropped_letter_is_planned_again(account: Player) -> None:
    """The mail server was down all day: the reminder goes the next day, with new dates."""
    account.miss("a", ISSUED, DUE)
    account.to(day(33), "09:59")
    account.now = at(day(33), "10:00")
    account.do(ask.TakeSteps, account="jansen", on=day(33), text=account.state.cases["case-a"].document)
    account.now = at(day(34), "00:01")
    account.do(ask.DropLetter, letter_id="letter-jansen-2026-02-03", reason="day_passed")
    assert account.events(LetterDropped)[-1].reason == "day_passed"
    account.to(day(46))
    assert account.steps()[1:] == [("reminder", day(34)), ("second_reminder", day(40)), ("formal_notice", day(45))]
    account.check()
