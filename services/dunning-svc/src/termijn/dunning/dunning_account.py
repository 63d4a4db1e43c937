"""The dunning of one account: its cases, its one letter a day, its lateness, its holds. One stream per account.

Events are in ``account_event``, state in ``account_state``, commands in ``account_command``; the decisions are grouped by
what they are about.
"""

from typing import assert_never, get_args

from termijn.dunning.account_command import (
    AccountCommand,
    AskForTermination,
    DropLetter,
    EndHold,
    EndWait,
    HandOver,
    LearnAccount,
    PlaceHold,
    ProposeLateness,
    ProposeStep,
    ProveDelivery,
    RecordMiss,
    RecordPayment,
    RecordSent,
    RecordSettled,
    TakeClearance,
    TakeRefusal,
    TakeSteps,
    Terminate,
    WithdrawMiss,
)
from termijn.dunning.account_event import AccountEvent, AccountLearned, HoursAdopted
from termijn.dunning.account_evolve import evolve
from termijn.dunning.account_state import DunningAccount
from termijn.dunning.account_wake import wakes
from termijn.dunning.decided import Decided
from termijn.dunning.dunning_case import (
    end_wait,
    go_on_with_proof,
    propose_step,
    prove_delivery,
    record_miss,
    record_payment,
    record_settled,
    resume,
    take_clearance,
    take_refusal,
    withdraw_miss,
)
from termijn.dunning.handover import hand_over
from termijn.dunning.hold import end_hold, place_hold
from termijn.dunning.letters import drop_letter, is_hour_of_letters, record_sent, take_steps
from termijn.dunning.structural import ask_for_termination, follow_up, propose_lateness, take_late_clearance, terminate
from termijn.runtime.aggregate import Aggregate


def decide(command: AccountCommand, state: DunningAccount) -> list[AccountEvent]:
    """What follows from the command, and what the account's lateness then comes to. Raises a ``Refusal`` of ``errors``.

    Where the hour of letters was moved to later on their day, they wait for it (TIM-3).
    """
    if isinstance(command, TakeSteps) and not is_hour_of_letters(command.now, command.policy):
        return _hours(command, state)
    decided = Decided(state)
    _carry_out(command, decided)
    if not decided.events:
        return []
    follow_up(command, decided)
    return [*_hours(command, state), *decided.events]


def _hours(command: AccountCommand, state: DunningAccount) -> list[AccountEvent]:
    """First of all the hours of the policy, where they are not the account's yet: timers know only events (TIM-3)."""
    hours = command.policy.hours
    return [] if hours == state.hours else [HoursAdopted(hours=hours)]


def _carry_out(command: AccountCommand, decided: Decided) -> None:
    match command:
        case LearnAccount():
            learn_account(command, decided)
        case RecordMiss() | WithdrawMiss() | RecordPayment() | RecordSettled() | ProveDelivery():
            _note_of_invoice(command, decided)
        case ProposeStep() | ProposeLateness() | TakeClearance() | TakeRefusal():
            _propose(command, decided)
        case TakeSteps():
            take_steps(command, decided)
        case HandOver():
            hand_over(command, decided)
        case EndWait():
            end_wait(command, decided)
        case AskForTermination():
            ask_for_termination(command, decided)
        case Terminate():
            terminate(command, decided)
        case PlaceHold():
            place_hold(command, decided)
        case EndHold():
            end_hold(command, decided)
        case RecordSent():
            record_sent(command, decided)
        case DropLetter():
            drop_letter(command, decided)
        case _:
            raise AssertionError(f"no decision for {type(command).__name__}")


def _note_of_invoice(command: RecordMiss | WithdrawMiss | RecordPayment | RecordSettled | ProveDelivery, decided: Decided) -> None:
    """What invoice-svc said of an invoice."""
    match command:
        case RecordMiss():
            record_miss(command, decided)
        case WithdrawMiss():
            withdraw_miss(command, decided)
        case RecordPayment():
            record_payment(command, decided)
        case RecordSettled():
            record_settled(command, decided)
        case ProveDelivery():
            prove_delivery(command, decided)
        case _:
            assert_never(command)


def _propose(command: ProposeStep | ProposeLateness | TakeClearance | TakeRefusal, decided: Decided) -> None:
    """What may go out, and what it is answered."""
    match command:
        case ProposeStep():
            propose_step(command, decided)
        case ProposeLateness():
            propose_lateness(command, decided)
        case TakeClearance() if command.proposal.startswith("late/"):
            take_late_clearance(command, decided)
        case TakeClearance():
            take_clearance(command, decided)
        case TakeRefusal():
            take_refusal(command, decided)
        case _:
            assert_never(command)


def learn_account(command: LearnAccount, decided: Decided) -> None:
    """What the account is now; ladders that waited for an address or for the accepted terms go on (DUN-4)."""
    facts, has_address = command.facts, bool(command.mail_to or command.recipients)
    decided.add(
        AccountLearned(
            debtor=command.debtor,
            mail_to=command.mail_to,
            has_address=has_address,
            language=facts.language,
            debtor_kind=facts.debtor_kind,
            account_manager=facts.account_manager,
            customer_number=facts.customer_number,
            terms=facts.terms,
            recipients=command.recipients,
        )
    )
    for case_id in sorted(decided.state.cases):
        if has_address:
            resume(command, decided, case_id, "no_address")
        go_on_with_proof(command, decided, case_id)


ACCOUNT: Aggregate[DunningAccount, AccountCommand, AccountEvent] = Aggregate(
    name="dunning_account",
    initial=DunningAccount(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=DunningAccount,
    events=get_args(AccountEvent),
)
