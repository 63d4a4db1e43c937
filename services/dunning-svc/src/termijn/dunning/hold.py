"""Holds: a manager stops dunning for an account or an invoice, until a date (DUN-14, DUN-16)."""

from datetime import timedelta

from termijn.dunning.account_command import EndHold, PlaceHold
from termijn.dunning.account_event import HoldEnded, HoldPlaced
from termijn.dunning.account_state import case_id_of
from termijn.dunning.decided import Decided
from termijn.dunning.dunning_case import rest_while_held, resume
from termijn.dunning.errors import HoldTooLong, UnknownAccount, UnknownCase, UnknownHold
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId


def hold_id_of(account: AccountId, number: int) -> str:
    """The account's first, second ... hold."""
    return f"hold-{account}-{number}"


def place_hold(command: PlaceHold, decided: Decided) -> None:
    """Nothing goes out for what is held, from now up to and including the last day (DUN-14).

    Refused: an account or invoice without anything to hold, an end before today or too far ahead.
    """
    state, today = decided.state, day_of(command.now)
    longest = command.policy.hold_days_max
    if state.known is None:
        raise UnknownAccount(field="account", what="account", account=command.account)
    if command.invoice_id is not None and case_id_of(command.invoice_id) not in state.cases:
        raise UnknownCase(field="invoice_id", invoice=command.invoice_id)
    if not today <= command.until <= today + timedelta(days=longest):
        raise HoldTooLong(field="until", until=command.until.isoformat(), days=longest)
    hold_id = hold_id_of(command.account, state.holds_made + 1)
    decided.add(HoldPlaced(hold_id=hold_id, invoice_id=command.invoice_id, reason=command.reason, since=today, until=command.until))
    for case_id in sorted(decided.state.cases):
        rest_while_held(decided, case_id, today)


def end_hold(command: EndHold, decided: Decided) -> None:
    """The hold is over; ladders that no other hold covers go on, later by the days they were paused (DUN-16)."""
    if command.hold_id not in decided.state.holds:
        if command.is_lifted:
            raise UnknownHold(hold=command.hold_id)
        return
    decided.add(HoldEnded(hold_id=command.hold_id, is_lifted=command.is_lifted, on=day_of(command.now)))
    for case_id, case in sorted(decided.state.cases.items()):
        if case.rests_for("hold") and not decided.state.held(case.invoice_id):
            resume(command, decided, case_id, "hold")
