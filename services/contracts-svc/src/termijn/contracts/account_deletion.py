"""Deleting an account: a process over all services (CON-7). One stream per account.

Asked for, access closes at once; every service is asked whether anything stands in the way, again each day until all are ready; then
the account is gone, its keys are destroyed, and each service erases what it has. The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec
from msgspec.structs import replace

from termijn.contracts.errors import NotBeingDeleted, NotDeletable
from termijn.events.base import Event
from termijn.events.erasure import (
    AccountDeleted,
    AccountDeletionEnded,
    AccountDeletionRequested,
    ErasureConsidered,
    ErasureRequested,
    Obstacle,
)
from termijn.kernel.calendar import at
from termijn.kernel.ids import AccountId
from termijn.runtime.aggregate import Aggregate, CancelTimer, Command, SetTimer, TimerChange, WakeUp
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE, MANDATE_PURPOSE

SERVICES = ("dunning", "invoice", "rating")
"""Who is asked, besides this service itself."""
ASK_AGAIN_AFTER = timedelta(days=1)
"""Who has not answered by then is named to ops, and all are asked again."""
WAITS_AT_MOST = timedelta(days=30)
"""Then the account stays and is open again: nobody is locked out for longer by something that does not go away."""

Service: TypeAlias = Literal["contracts", "dunning", "invoice", "rating"]

# -- Events ----------------------------------------------------------------------------------------------------------


class DeletionRoundBegun(Event, frozen=True, kw_only=True):
    """All are asked as of this instant."""

    question: str
    attempt: int
    asked_at: datetime


class AnswerNoted(Event, frozen=True, kw_only=True):
    """A service says what stands in the way there, or that nothing does."""

    service: Service
    question: str
    attempt: int
    obstacles: tuple[Obstacle, ...]
    mandate_needed_until: date | None = None


class ServicesOverdue(Event, frozen=True, kw_only=True):
    """These services have not answered, or not erased, in a day: a task for ops."""

    services: tuple[Service, ...]


class MandateProofKept(Event, frozen=True, kw_only=True):
    """A debit can come back until that day, and then the mandate must be shown (PAY-1, PAY-4)."""

    until: date


class KeyDoomed(Event, frozen=True, kw_only=True):
    """This key of the account is to be destroyed."""

    purpose: str


class KeyDestroyed(Event, frozen=True, kw_only=True):
    """It is: what it sealed can be read by nobody any more."""

    purpose: str


class ServiceErased(Event, frozen=True, kw_only=True):
    """This service has erased what it had."""

    service: Service


DeletionEvent: TypeAlias = (
    ErasureConsidered
    | AccountDeletionRequested
    | ErasureRequested
    | AccountDeletionEnded
    | AccountDeleted
    | DeletionRoundBegun
    | AnswerNoted
    | ServicesOverdue
    | MandateProofKept
    | KeyDoomed
    | KeyDestroyed
    | ServiceErased
)

# -- State -----------------------------------------------------------------------------------------------------------


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The last answer of a service."""

    question: str
    attempt: int
    obstacles: tuple[Obstacle, ...]
    mandate_needed_until: date | None


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. ``requests`` counts how often it was asked for; ``first_asked_at`` is when it was asked for last."""

    status: Literal["none", "considered", "waiting", "deleted"] = "none"
    question: str = ""
    requests: int = 0
    attempt: int = 0
    first_asked_at: datetime | None = None
    answers: dict[str, Answered] = {}
    erased: tuple[Service, ...] = ()
    doomed: tuple[str, ...] = ()

    def is_ready(self, service: str) -> bool:
        """Whether that service has answered what was asked last, and nothing stands in the way there."""
        said = self.answers.get(service)
        return self._is_current(said) and said is not None and not said.obstacles

    def has_answered(self, service: str) -> bool:
        """Whether it has answered what was asked last."""
        return self._is_current(self.answers.get(service))

    def _is_current(self, said: Answered | None) -> bool:
        return said is not None and (said.question, said.attempt) == (self.question, self.attempt)


# -- Wake-ups --------------------------------------------------------------------------------------------------------


class AskAgain(WakeUp, frozen=True, kw_only=True):
    """A day after all were asked."""

    question: str
    attempt: int


class ErasureDue(WakeUp, frozen=True, kw_only=True):
    """A day after the account was deleted: all should have erased it."""

    question: str


class MandateProofOver(WakeUp, frozen=True, kw_only=True):
    """No debit can come back any more."""

    until: date


# -- Commands --------------------------------------------------------------------------------------------------------


class Consider(Command, frozen=True, kw_only=True):
    """Every module of the account has an end."""

    account: AccountId


class Request(Command, frozen=True, kw_only=True):
    """Delete it. ``obstacles``: what this service itself has that is not over."""

    account: AccountId
    obstacles: tuple[Obstacle, ...]


class NoteAnswer(Command, frozen=True, kw_only=True):
    """A service answered."""

    service: Service
    question: str
    attempt: int
    obstacles: tuple[Obstacle, ...]
    mandate_needed_until: date | None = None


class Decide(Command, frozen=True, kw_only=True):
    """All may be ready. ``obstacles``: what this service itself has now."""

    obstacles: tuple[Obstacle, ...]


class Ask(Command, frozen=True, kw_only=True):
    """A day has passed."""

    question: str
    attempt: int


class Withdraw(Command, frozen=True, kw_only=True):
    """A manager calls it off."""

    account: AccountId


class CheckErased(Command, frozen=True, kw_only=True):
    """A day after the end."""


class EndMandateProof(Command, frozen=True, kw_only=True):
    """The last day of it has passed."""


class NoteKeyDestroyed(Command, frozen=True, kw_only=True):
    """The key store has destroyed it."""

    purpose: str


class NoteErased(Command, frozen=True, kw_only=True):
    """A service has erased it."""

    service: Service


DeletionCommand: TypeAlias = (
    Consider | Request | NoteAnswer | Decide | Ask | Withdraw | CheckErased | EndMandateProof | NoteKeyDestroyed | NoteErased
)

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: DeletionCommand, state: Deletion) -> Sequence[DeletionEvent]:
    """What follows; a deleted account is never anything else again (CON-7)."""
    is_waiting = state.status == "waiting"
    match command:
        case Consider():
            return [ErasureConsidered(question=f"{command.account}/0")] if state.status == "none" else []
        case Request():
            return _request(command, state)
        case NoteAnswer():
            return _note(command, state)
        case Decide():
            return _decide(command, state) if is_waiting else []
        case Ask():
            is_current = (command.question, command.attempt) == (state.question, state.attempt)
            return _ask_again(command, state) if is_waiting and is_current else []
        case Withdraw():
            if not is_waiting:
                raise NotBeingDeleted(account=command.account)
            return [AccountDeletionEnded(question=state.question, reason="withdrawn")]
        case CheckErased():
            late = tuple(service for service in ("contracts", *SERVICES) if service not in state.erased)
            return [ServicesOverdue(services=late)] if late else []  # type: ignore[arg-type]  # each is one of the four
        case EndMandateProof():
            return [] if MANDATE_PURPOSE in state.doomed else [KeyDoomed(purpose=MANDATE_PURPOSE)]
        case NoteKeyDestroyed():
            return [KeyDestroyed(purpose=command.purpose)]
        case NoteErased():
            return [] if command.service in state.erased else [ServiceErased(service=command.service)]
        case _:
            assert_never(command)


def _request(command: Request, state: Deletion) -> Sequence[DeletionEvent]:
    """Only when nothing is known to stand in the way, here and at the others (CON-7); asked twice is asked once."""
    if state.status in ("waiting", "deleted"):
        return []
    known = [(service, one) for service, said in sorted(state.answers.items()) for one in said.obstacles]
    standing = [*(("contracts", one) for one in command.obstacles), *known]
    if standing:
        reasons = [{"field": service, "detail": " ".join(filter(None, (one.kind, one.subject)))} for service, one in standing]
        raise NotDeletable(reason=", ".join(sorted({one.kind for _, one in standing})), errors=reasons)
    question = f"{command.account}/{state.requests + 1}"
    return [
        AccountDeletionRequested(question=question),
        DeletionRoundBegun(question=question, attempt=1, asked_at=command.now),
        ErasureRequested(question=question, attempt=1),
    ]


def _note(command: NoteAnswer, state: Deletion) -> Sequence[DeletionEvent]:
    """Only what answers the last question: one to an earlier one may be of before something that happened since."""
    question = state.question or command.question
    if state.status == "deleted" or command.question != question:
        return []
    return [
        AnswerNoted(
            service=command.service,
            question=command.question,
            attempt=command.attempt,
            obstacles=command.obstacles,
            mandate_needed_until=command.mandate_needed_until,
        )
    ]


def _decide(command: Decide, state: Deletion) -> Sequence[DeletionEvent]:
    """Gone, when all are ready; proof of mandates stays as long as a debit can come back (PAY-1).

    What was ordered at the very moment at which access was closed ends the deletion.
    """
    if command.obstacles:
        return [AccountDeletionEnded(question=state.question, reason="changed_meanwhile")]
    if not all(state.is_ready(service) for service in SERVICES):
        return []
    until = max((said.mandate_needed_until for said in state.answers.values() if said.mandate_needed_until), default=None)
    kept: DeletionEvent = KeyDoomed(purpose=MANDATE_PURPOSE) if until is None else MandateProofKept(until=until)
    return [AccountDeleted(question=state.question, deleted_at=command.now), KeyDoomed(purpose=ACCOUNT_PURPOSE), kept]


def _ask_again(command: Ask, state: Deletion) -> Sequence[DeletionEvent]:
    """Who does not answer is named; after thirty days the account stays."""
    late = tuple(service for service in SERVICES if not state.has_answered(service))
    named: list[DeletionEvent] = [ServicesOverdue(services=late)] if late else []  # type: ignore[arg-type]  # as above
    assert state.first_asked_at is not None, "what is waited for was asked"
    if command.now - state.first_asked_at >= WAITS_AT_MOST:
        return [*named, AccountDeletionEnded(question=state.question, reason="took_too_long")]
    attempt = state.attempt + 1
    return [
        *named,
        DeletionRoundBegun(question=state.question, attempt=attempt, asked_at=command.now),
        ErasureRequested(question=state.question, attempt=attempt),
    ]


def evolve(state: Deletion, event: DeletionEvent) -> Deletion:
    match event:
        case ErasureConsidered():
            return replace(state, status="considered", question=event.question)
        case AccountDeletionRequested():
            return replace(state, status="waiting", question=event.question, requests=state.requests + 1, first_asked_at=None)
        case DeletionRoundBegun():
            return replace(state, attempt=event.attempt, first_asked_at=state.first_asked_at or event.asked_at)
        case AnswerNoted():
            answered = Answered(
                question=event.question,
                attempt=event.attempt,
                obstacles=event.obstacles,
                mandate_needed_until=event.mandate_needed_until,
            )
            return replace(state, answers={**state.answers, event.service: answered})
        case AccountDeletionEnded():
            return replace(state, status="considered")
        case AccountDeleted():
            return replace(state, status="deleted")
        case KeyDoomed():
            return replace(state, doomed=(*state.doomed, event.purpose))
        case ServiceErased():
            return replace(state, erased=(*state.erased, event.service))
        case ErasureRequested() | ServicesOverdue() | MandateProofKept() | KeyDestroyed():
            return state
        case _:
            assert_never(event)


def wakes(event: DeletionEvent, state: Deletion) -> Sequence[TimerChange]:
    """A date for every wait (TIM-1)."""
    match event:
        case DeletionRoundBegun():
            again = AskAgain(question=event.question, attempt=event.attempt)
            return [SetTimer(occasion=f"ask/{event.question}/{event.attempt}", due_at=event.asked_at + ASK_AGAIN_AFTER, wake_up=again)]
        case AccountDeletionEnded():
            return [CancelTimer(occasion=f"ask/{event.question}/{state.attempt}")]
        case AccountDeleted():
            due = ErasureDue(question=event.question)
            erased = SetTimer(occasion=f"erased/{event.question}", due_at=event.deleted_at + ASK_AGAIN_AFTER, wake_up=due)
            return [CancelTimer(occasion=f"ask/{event.question}/{state.attempt}"), erased]
        case MandateProofKept():
            over = MandateProofOver(until=event.until)
            return [SetTimer(occasion="mandate", due_at=at(event.until + timedelta(days=1), "00:00"), wake_up=over)]
        case _:
            return []


ACCOUNT_DELETION: Aggregate[Deletion, DeletionCommand, DeletionEvent] = Aggregate(
    name="account_deletion",
    initial=Deletion(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Deletion,
    events=(
        ErasureConsidered,
        AccountDeletionRequested,
        ErasureRequested,
        AccountDeletionEnded,
        AccountDeleted,
        DeletionRoundBegun,
        AnswerNoted,
        ServicesOverdue,
        MandateProofKept,
        KeyDoomed,
        KeyDestroyed,
        ServiceErased,
    ),
)
