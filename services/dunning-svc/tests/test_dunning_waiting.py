"""What a case waits for, what brings it back, and how it leaves for the bailiff."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from termijn.dunning import account_command as ask
from termijn.dunning.account_event import BailiffFileUpdated, CaseReopened, CaseStarted, LadderRested, StepsPlanned
from termijn.dunning.errors import HoldTooLong, UnknownAccount, UnknownCase, UnknownHold
from termijn.events.contracts import AccountFacts
from termijn.events.dunning import (
    BailiffHandover,
    ManagerTaskCreated,
)
from termijn.kernel.ids import InvoiceId

Player = Any
ISSUED, DUE = date(2026, 1, 1), date(2026, 1, 31)


def day(number: int) -> date:
    """So many days after the invoice date."""
    return ISSUED + timedelta(days=number)


@pytest.mark.rule("DUN-4")
def test_no_formal_notice_without_proof(account: Player) -> None:
    """Receipt is not proven: a manager gets one task, the ladder waits; with the proof it goes on, five days apart."""
    account.miss("a", ISSUED, DUE, delivered_at=None)
    account.to(day(50))
    assert [step for step, _ in account.steps()] == ["reminder", "second_reminder"]
    assert [(task.kind, task.due_on) for task in account.events(ManagerTaskCreated)] == [("missing_proof", day(45))]
    account.check()
    account.do(ask.ProveDelivery, invoice_id=InvoiceId("a"), delivered_at=account.now)
    account.to(day(90))
    assert account.steps()[2:] == [("formal_notice", day(51)), ("final_demand", day(56)), ("bailiff", day(61))]


@pytest.mark.rule("DUN-4")
def test_terms_that_are_filed_later_are_proof(account: Player) -> None:
    """Acceptance of the terms comes with the account."""
    account.do(ask.LearnAccount, debtor=None, mail_to="x@jansen.example", facts=_facts(None))
    account.miss("a", ISSUED, DUE, terms=None)
    account.to(day(46))
    assert [task.kind for task in account.events(ManagerTaskCreated)] == ["missing_proof"]
    account.learn()
    account.to(day(47))
    assert account.steps()[-1] == ("formal_notice", day(47))


def _facts(terms: Any) -> Any:
    return AccountFacts(account_manager="piet", terms=terms)


@pytest.mark.rule("DUN-14")
def test_a_hold_stops_everything_and_moves_what_follows(account: Player) -> None:
    """Held from day 36 up to and including day 45: ten days, and every unsent step ten days later (DUN-16)."""
    account.miss("a", ISSUED, DUE)
    account.to(day(36), "12:00")
    account.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="asked for a call", until=day(45))
    account.check()
    account.to(day(100))
    assert account.steps() == [
        ("reminder", day(33)),
        ("second_reminder", day(50)),
        ("formal_notice", day(55)),
        ("final_demand", day(62)),
        ("bailiff", day(70)),
    ]


@pytest.mark.rule("DUN-16")
def test_a_lifted_hold_moves_by_the_days_it_lasted(account: Player) -> None:
    """Held on day 36, lifted on day 38: two days; of two holds the later end counts."""
    account.miss("a", ISSUED, DUE)
    account.to(day(36))
    account.do(ask.PlaceHold, account="jansen", invoice_id="a", reason="why", until=day(80))
    account.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="why", until=day(37))
    account.to(day(38), "12:00")
    assert account.state.cases["case-a"].rests
    account.do(ask.EndHold, hold_id="hold-jansen-1", is_lifted=True)
    account.to(day(60))
    assert account.steps()[1:] == [("second_reminder", day(42)), ("formal_notice", day(47)), ("final_demand", day(54))]
    account.do(ask.PlaceHold, account="jansen", invoice_id="a", reason="why", until=day(61))
    assert account.state.holds.keys() == {"hold-jansen-3"}


@pytest.mark.rule("DUN-14")
def test_a_case_that_opens_under_a_hold_waits(account: Player) -> None:
    """A hold over the account covers what is missed later."""
    account.to(day(20))
    account.do(ask.PlaceHold, account="jansen", invoice_id=None, reason="why", until=day(40))
    account.miss("a", ISSUED, DUE)
    account.to(day(40))
    assert account.steps() == []
    account.to(day(43))
    assert account.steps() == [("reminder", day(43))]


@pytest.mark.rule("DUN-14")
def test_holds_that_make_no_sense_are_refused(player: Player, account: Player) -> None:
    """Named by field: an unknown account, an invoice without a case, an end in the past or years ahead."""
    held = {"account": "jansen", "reason": "why", "invoice_id": None}
    with pytest.raises(UnknownAccount):
        player().do(ask.PlaceHold, **held, until=day(3))
    for until in (date(2025, 12, 31), day(500)):
        with pytest.raises(HoldTooLong) as refused:
            account.do(ask.PlaceHold, **held, until=until)
        assert refused.value.field == "until"
    with pytest.raises(UnknownCase):
        account.do(ask.PlaceHold, **held | {"invoice_id": "nothing"}, until=day(3))
    with pytest.raises(UnknownHold):
        account.do(ask.EndHold, hold_id="hold-jansen-9", is_lifted=True)


@pytest.mark.rule("PAY-4", "DUN-1")
def test_the_ladder_rests_while_a_second_collection_is_awaited(account: Player) -> None:
    """Collected again on day 30: nothing goes out until it fails too; then the ladder counts from that reversal."""
    bounced = {"cause": "debit_reversed", "reason_code": "AM04", "due_on": day(8)}
    account.miss("a", ISSUED, day(8), **bounced, ladder_due_on=day(12), missed_on=day(12), collect_again_on=day(30))
    account.check()
    account.to(day(32))
    assert account.steps() == []
    account.miss("a", ISSUED, day(8), **bounced, ladder_due_on=day(33), missed_on=day(33), occasion=2)
    account.to(day(90))
    assert account.steps()[:3] == [("reminder", day(36)), ("second_reminder", day(43)), ("formal_notice", day(48))]


@pytest.mark.rule("PAY-4", "DUN-1")
def test_a_second_collection_without_a_result_is_not_awaited_for_ever(account: Player) -> None:
    """Six bank days after the collection day (Monday 9 February) the wait ends; the ladder goes on the day after."""
    account.miss("a", ISSUED, day(8), ladder_due_on=day(12), cause="debit_reversed", collect_again_on=day(29))
    account.to(day(60))
    assert account.steps()[0] == ("reminder", date(2026, 2, 10))


@pytest.mark.rule("DUN-15")
def test_a_reversal_after_the_case_closed_opens_it_again(account: Player) -> None:
    """Letters are not repeated: the reversal's own letter, and five days later the next step."""
    account.miss("a", ISSUED, DUE)
    account.to(day(41))
    account.pay("a", "121.00", "0.00")
    account.miss("a", ISSUED, DUE, occasion=2, cause="debit_reversed", ladder_due_on=day(80), missed_on=day(80))
    account.to(day(120))
    assert [type(event) for event in account.events(CaseStarted, CaseReopened)] == [CaseStarted, CaseReopened]
    assert account.steps()[2:] == [
        ("reversal_notice", day(83)),
        ("formal_notice", day(88)),
        ("final_demand", day(93)),
        ("bailiff", day(98)),
    ]


@pytest.mark.rule("DUN-15")
def test_a_case_without_letters_begins_anew(account: Player) -> None:
    """Closed before the reminder: after the reversal the whole ladder, from the reversal day."""
    account.miss("a", ISSUED, DUE)
    account.pay("a", "121.00", "0.00")
    account.miss("a", ISSUED, DUE, occasion=2, cause="debit_reversed", ladder_due_on=day(80), missed_on=day(80))
    account.to(day(83))
    assert account.steps() == [("reminder", day(83))]


@pytest.mark.rule("DUN-5")
def test_what_stops_a_handover_moves_it_to_the_first_day_that_allows_it(account: Player) -> None:
    """Not cleared on day 60: on day 61; the principal is what was cleared."""
    account.miss("a", ISSUED, DUE)
    account.to(day(59))
    account.answer = lambda proposal: None
    account.to(day(60))
    assert account.steps()[-1] == ("final_demand", day(52))
    account.answer = lambda proposal: Decimal("100.00")
    account.to(day(61))
    handover = account.events(BailiffHandover)[-1]
    assert (handover.handover_on, handover.principal, handover.collection_costs) == (day(61), Decimal("100.00"), Decimal("40.00"))
    assert handover.interest == Decimal("0.86")


@pytest.mark.rule("DUN-5")
def test_a_small_claim_goes_to_a_manager(account: Player) -> None:
    """24.99 is too little for the bailiff."""
    account.miss("a", ISSUED, DUE, open_amount=Decimal("24.99"))
    account.to(day(90))
    assert account.events(BailiffHandover) == []
    assert [(task.kind, task.due_on) for task in account.events(ManagerTaskCreated)] == [("small_claim", day(60))]
    account.check()


@pytest.mark.rule("DUN-5")
def test_payments_after_the_handover_go_to_the_bailiffs_file(account: Player) -> None:
    """No letters any more, and the case stays with the bailiff, whatever comes in or goes back."""
    account.miss("a", ISSUED, DUE)
    account.to(day(61))
    account.pay("a", "121.00", "0.00")
    account.miss("a", ISSUED, DUE, occasion=2, cause="debit_reversed", ladder_due_on=day(80), missed_on=day(80))
    account.to(day(150))
    assert [(event.kind, event.open_after) for event in account.events(BailiffFileUpdated)] == [
        ("payment", Decimal("0.00")),
        ("reversal", Decimal("121.00")),
    ]
    assert account.steps()[-1] == ("bailiff", day(60))


@pytest.mark.rule("DUN-1")
def test_without_an_address_a_manager_is_asked(player: Player) -> None:
    """Letters cannot go: one task, and the ladder goes on when there is an address."""
    account = player()
    account.do(ask.LearnAccount, debtor=None, mail_to=None, facts=_facts(None))
    account.miss("a", ISSUED, DUE)
    account.to(day(40))
    assert [event.kind for event in account.events(ManagerTaskCreated)] == ["no_address"]
    assert account.events(LadderRested)[-1].kind == "no_address"
    account.learn()
    account.to(day(41))
    assert account.steps() == [("reminder", day(41))]


@pytest.mark.rule("DUN-15")
def test_closed_cases_leave_little_and_not_for_ever(account: Player) -> None:
    """Ten years of invoices that are paid late: the state does not grow beyond thirteen months of them."""
    for month in range(120):
        issued = date(2026 + month // 12, month % 12 + 1, 1)
        account.miss(f"i{month}", issued, issued + timedelta(days=8))
        account.pay(f"i{month}", "121.00", "0.00")
    assert len(account.state.closed) <= 15
    assert len(account.state.misses) <= 15
    assert not account.state.cases
    assert len(account.events(StepsPlanned)) == 120
