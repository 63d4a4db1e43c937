"""Structural late payers: warned, suspended, resumed; and laws over whatever an account goes through."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.dunning import account_command as ask
from termijn.dunning.account_event import LatenessEnded, WarningPlanned
from termijn.dunning.account_state import Punctual, Suspended
from termijn.dunning.errors import NotSuspended
from termijn.dunning.policy import Policy
from termijn.events.dunning import LetterDue, ManagerTaskCreated, ResumptionRequested, SuspensionRequested, TerminationRequested
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import InvoiceId

Player = Any
MARCH = date(2026, 3, 1)


def late_in(account: Player, month: int, **changes: Any) -> None:
    """The invoice of the 1st of a month of 2026, due on the 15th, is missed."""
    account.miss(f"m{month}", date(2026, month, 1), date(2026, month, 15), **changes)


def three_times_late(account: Player, **changes: Any) -> Player:
    """Due days of January, February and March missed; the first two paid a day later."""
    for month in (1, 2, 3):
        late_in(account, month, **changes)
        if month < 3:
            account.pay(f"m{month}", "121.00", "0.00")
    return account


def warnings(account: Player) -> list[date]:
    """The days on which a warning left."""
    return [event.on for event in account.events(LetterDue) if any(item.step == "suspension_warning" for item in event.items)]


def suspensions(account: Player) -> list[date]:
    """The days on which a suspension was asked for."""
    return [day_of(event.requested_at) for event in account.events(SuspensionRequested)]


@pytest.mark.rule("DUN-9")
def test_three_missed_due_days_bring_a_warning_and_a_suspension(account: Player) -> None:
    """Missed on 15 January, February and March: warned with the reminder of the 18th, suspended seven days later at ten."""
    three_times_late(account)
    account.to(date(2026, 3, 18))
    letter = account.events(LetterDue)[-1]
    assert [(item.step, item.last_payment_on.day) for item in letter.items] == [("reminder", 24), ("suspension_warning", 24)]
    account.to(date(2026, 3, 25))
    asked = account.events(SuspensionRequested)
    assert [(event.requested_at, event.streams) for event in asked] == [(at(date(2026, 3, 25), "10:00"), ("subscription",))]


@pytest.mark.rule("DUN-9")
@pytest.mark.parametrize("case", ["two", "one_due_day", "ours", "withdrawn", "long_ago", "small"])
def test_what_does_not_make_a_structural_late_payer(account: Player, case: str) -> None:
    """Two misses; three of one due day; caused by us; withdrawn; over a year apart; a claim under 25.00."""
    if case == "one_due_day":
        for number in (1, 2, 3):
            account.miss(f"x{number}", date(2026, 3, 1), date(2026, 3, 15))
    elif case == "long_ago":
        late_in(account, 1)
        account.pay("m1", "121.00", "0.00")
        account.miss("y", date(2026, 12, 1), date(2026, 12, 15))
        account.miss("z", date(2027, 1, 1), date(2027, 1, 15))
    else:
        late_in(account, 1, caused_by_us=case == "ours", open_amount=Decimal("24.99") if case == "small" else Decimal("121.00"))
        if case == "withdrawn":
            account.do(ask.WithdrawMiss, invoice_id=InvoiceId("m1"), occasion=1)
        account.pay("m1", "121.00", "0.00")
        late_in(account, 2, open_amount=Decimal("24.99"))
        if case != "two":
            late_in(account, 3, open_amount=Decimal("24.99") if case == "small" else Decimal("121.00"))
    account.to(account.now.date() + timedelta(days=30))
    assert warnings(account) == []
    assert suspensions(account) == []


@pytest.mark.rule("DUN-9")
def test_a_repeated_miss_of_one_invoice_is_one_due_day(account: Player) -> None:
    """A debit that comes back twice is late once."""
    late_in(account, 1)
    for occasion in (2, 3, 4):
        late_in(account, 1, occasion=occasion, ladder_due_on=date(2026, 1, 15) + timedelta(days=occasion))
    assert account.events(WarningPlanned) == []


@pytest.mark.rule("DUN-9")
def test_paid_after_the_warning(account: Player) -> None:
    """Nobody is suspended who has paid; the next miss brings a new warning first."""
    three_times_late(account).to(date(2026, 3, 20))
    account.pay("m3", "121.00", "0.00")
    assert [event.reason for event in account.events(LatenessEnded)] == ["paid"]
    late_in(account, 4)
    account.to(date(2026, 4, 24))
    assert (warnings(account), suspensions(account)) == ([date(2026, 3, 18), date(2026, 4, 18)], [])
    account.to(date(2026, 4, 25))
    assert suspensions(account) == [date(2026, 4, 25)]


@pytest.mark.rule("DUN-9")
def test_nothing_large_is_overdue_at_the_second_moment(account: Player) -> None:
    """Paid down to 24.99 in between: no suspension."""
    three_times_late(account).to(date(2026, 3, 20))
    account.pay("m3", "96.01", "24.99")
    account.to(date(2026, 4, 10))
    assert suspensions(account) == []
    assert isinstance(account.state.lateness, Punctual)


@pytest.mark.rule("DUN-9", "DUN-14")
def test_no_suspension_without_clearance(account: Player) -> None:
    """The owner of the money stops it for two days: suspended on the third."""
    three_times_late(account).to(date(2026, 3, 24))
    account.answer = lambda proposal: "unmatched_money"
    account.to(date(2026, 3, 26))
    assert suspensions(account) == []
    account.answer = account.open_amount
    account.to(date(2026, 3, 27))
    assert suspensions(account) == [date(2026, 3, 27)]


@pytest.mark.rule("DUN-9")
def test_paying_all_that_is_overdue_resumes_at_once(account: Player) -> None:
    """Not before the last claim is paid."""
    three_times_late(account)
    late_in(account, 4)
    account.to(date(2026, 4, 20))
    assert suspensions(account) == [date(2026, 3, 25)]
    account.pay("m3", "121.00", "0.00")
    assert account.events(ResumptionRequested) == []
    account.pay("m4", "121.00", "0.00")
    assert [event.requested_at for event in account.events(ResumptionRequested)] == [account.now]
    account.to(date(2026, 7, 1))
    assert [task.kind for task in account.events(ManagerTaskCreated)] == []


@pytest.mark.rule("DUN-9")
def test_after_thirty_days_a_manager_decides(account: Player) -> None:
    """Suspended on 25 March and still unpaid: a task on 24 April; the decision ends it."""
    three_times_late(account).to(date(2026, 4, 24))
    assert [(task.kind, task.due_on) for task in account.events(ManagerTaskCreated)] == [("termination", date(2026, 4, 24))]
    account.do(ask.Terminate, account="jansen", reason="no payment")
    assert len(account.events(TerminationRequested)) == 1
    with pytest.raises(NotSuspended):
        account.do(ask.Terminate, account="jansen", reason="no payment")


@pytest.mark.rule("DUN-9")
def test_the_decision_to_terminate_ends_it(account: Player) -> None:
    """Nobody is warned of a suspension of what is gone, suspended again or put before the manager again; the ladder goes on."""
    three_times_late(account).to(date(2026, 4, 24))
    account.do(ask.Terminate, account="jansen", reason="no payment")
    late_in(account, 7)
    account.to(date(2026, 12, 1))
    assert (warnings(account), suspensions(account)) == ([date(2026, 3, 18)], [date(2026, 3, 25)])
    assert [task.kind for task in account.events(ManagerTaskCreated)] == ["termination"]
    assert account.steps()[-1][0] == "bailiff"


@pytest.mark.rule("DUN-14")
def test_a_hold_keeps_from_suspension(account: Player) -> None:
    """Held from the day before: no suspension; and a hold over what is left resumes what was suspended."""
    three_times_late(account).to(date(2026, 3, 24))
    account.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="why", until=date(2026, 3, 31))
    account.to(date(2026, 3, 31))
    assert suspensions(account) == []
    account.to(date(2026, 5, 1))
    assert isinstance(account.state.lateness, Suspended)
    account.do(ask.PlaceHold, account="jansen", invoice_id="m3", reason="why", until=date(2026, 6, 1))
    assert len(account.events(ResumptionRequested)) == 1


ACTS = st.sampled_from(["miss", "miss", "pay", "part", "hold", "lift", "reverse", "silent", "stopped", "cleared", "sleep", "again"])


@pytest.mark.rule("DUN-2", "DUN-5", "TIM-1")
@settings(max_examples=60)
@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 3), st.integers(1, 25)), max_size=18), between=st.integers(5, 9), single=st.booleans())
def test_laws_of_an_account(player: Callable[..., Player], acts: list[tuple[str, int, int]], between: int, single: bool) -> None:
    """Whatever happens: one letter a day, no handover before day 60, a step per case once, and every case waits for something."""
    account = player(Policy(days_between_steps=between, suspends_single_case=single)).learn()
    for act, which, days in acts:
        act_out(account, act, f"i{which}", days)
        account.check()
        check_order(account, between)
    account.answer = account.open_amount
    account.to(day_of(account.now) + timedelta(days=200))
    account.check()
    check_order(account, between)


def act_out(account: Player, act: str, invoice: str, days: int) -> None:
    """One thing that can happen to an account, then some days."""
    case, today = account.state.cases.get(f"case-{invoice}"), day_of(account.now)
    known = case or account.state.closed.get(f"case-{invoice}")
    match act:
        case "miss" if known is None and f"case-{invoice}" not in account.state.handed_over:
            account.miss(invoice, today - timedelta(days=30), today - timedelta(days=1))
        case "again" | "reverse" if known is not None:
            rest = today + timedelta(days=14) if act == "again" else None
            again = {"occasion": known.occasion + 1, "cause": "debit_reversed", "collect_again_on": rest, "ladder_due_on": today}
            issued = case.issued_on if case else today - timedelta(days=60)
            account.miss(invoice, issued, issued + timedelta(days=30), missed_on=today, **again)
        case "pay" if case is not None:
            account.pay(invoice, str(case.open_amount), "0.00")
        case "part" if case is not None:
            account.pay(invoice, "10.00", str(max(case.open_amount - 10, Decimal("0.50"))))
        case "hold":
            account.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="why", until=today + timedelta(days=days))
        case "lift" if account.state.holds:
            account.do(ask.EndHold, hold_id=min(account.state.holds), is_lifted=True)
        case "silent":
            account.answer = lambda proposal: None
        case "stopped":
            account.answer = lambda proposal: "in_collection"
        case "cleared":
            account.answer = account.open_amount
        case "sleep":
            account.asleep_until(today + timedelta(days=days), "13:00")
            return
    account.to(today + timedelta(days=days), "09:30")


def check_order(account: Player, between: int) -> None:
    """Letters of a case keep their distance, and no letter of the ladder goes twice."""
    taken: dict[str, list[tuple[str, date]]] = {}
    for letter in account.events(LetterDue):
        for item in letter.items:
            if item.step != "suspension_warning":
                taken.setdefault(item.case_id, []).append((item.step, letter.on))
    for steps in taken.values():
        assert all((b - a).days >= between for (_, a), (_, b) in pairwise(steps)), steps
        own = [step for step, _ in steps if step != "reversal_notice"]
        assert len(own) == len(set(own)), steps
