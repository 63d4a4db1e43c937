"""Forgetting an account in one service: whether anything stands in the way, closed access, and what is erased in the end (CON-7).

contracts-svc asks and decides; each service answers for itself, and anew whenever something changes until the account is gone. The
same parts serve every service: an aggregate with a stream per account, reactions, a worker that looks, answers and erases, and
read models. What differs is in ``Forgetting``.

The names of the events below are stored forever.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol, TypeAlias, assert_never, runtime_checkable

import msgspec
from msgspec.structs import replace

from termijn.events.base import Blob, Event
from termijn.events.erasure import (
    AccountDeleted,
    AccountDeletionEnded,
    AccountDeletionRequested,
    ErasureConsidered,
    ErasureDone,
    ErasureHeld,
    ErasureReady,
    ErasureRequested,
    Obstacle,
)
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.aggregate import Aggregate, Command
from termijn.runtime.handling import Each, Handled, Message, NoEffect, Outcome, Reaction, Recorded, Statement, View, Work, Worker
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE
from termijn.runtime.laws import Law
from termijn.runtime.mail import Mailer
from termijn.runtime.sql import load

SQL = load("termijn.runtime.schema", "erasure.sql")
ASKER = "contracts"
AccessTo = Literal["open", "closed", "erased"]

# -- Events ----------------------------------------------------------------------------------------------------------


class QuestionTaken(Event, frozen=True, kw_only=True):
    """contracts-svc asks whether the account can be forgotten here."""

    question: str
    attempt: int


class AccessChanged(Event, frozen=True, kw_only=True):
    """From now on nobody has access to the account (closed, or erased for good), or everybody as before."""

    question: str
    access: AccessTo


ErasureEvent: TypeAlias = QuestionTaken | AccessChanged | ErasureReady | ErasureHeld | ErasureDone
OWN: tuple[type[ErasureEvent], ...] = (QuestionTaken, AccessChanged, ErasureReady, ErasureHeld, ErasureDone)

# -- State -----------------------------------------------------------------------------------------------------------


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked and answered. ``answer``: None before the first one to this attempt, else the obstacles, none of them when ready."""

    question: str = ""
    attempt: int = -1
    answer: tuple[Obstacle, ...] | None = None
    mandate_needed_until: date | None = None
    access: AccessTo = "open"
    is_done: bool = False


# -- Commands --------------------------------------------------------------------------------------------------------


class TakeQuestion(Command, frozen=True, kw_only=True):
    """It is asked."""

    question: str
    attempt: int


class ChangeAccess(Command, frozen=True, kw_only=True):
    """Access is closed, opened again, or ended for good."""

    question: str
    access: AccessTo


class Answer(Command, frozen=True, kw_only=True):
    """This was found."""

    obstacles: tuple[Obstacle, ...]
    mandate_needed_until: date | None = None


class NoteDone(Command, frozen=True, kw_only=True):
    """All is erased."""


ErasureCommand: TypeAlias = TakeQuestion | ChangeAccess | Answer | NoteDone

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: ErasureCommand, state: Erasure) -> Sequence[ErasureEvent]:
    """Each attempt is answered, and after that only what changed; an account that is erased stays so (CON-7)."""
    if state.access == "erased":
        is_left = isinstance(command, NoteDone) and not state.is_done
        return [ErasureDone(question=state.question)] if is_left else []
    match command:
        case TakeQuestion():
            is_new = (command.question, command.attempt) != (state.question, state.attempt)
            return [QuestionTaken(question=command.question, attempt=command.attempt)] if is_new else []
        case ChangeAccess():
            return [AccessChanged(question=command.question, access=command.access)] if command.access != state.access else []
        case Answer():
            return _answer(command, state)
        case NoteDone():
            return []
        case _:
            assert_never(command)


def _answer(command: Answer, state: Erasure) -> Sequence[ErasureEvent]:
    found = (command.obstacles, command.mandate_needed_until)
    if state.attempt < 0 or found == (state.answer, state.mandate_needed_until):
        return []
    if command.obstacles:
        return [ErasureHeld(question=state.question, attempt=state.attempt, obstacles=command.obstacles)]
    return [ErasureReady(question=state.question, attempt=state.attempt, mandate_needed_until=command.mandate_needed_until)]


def evolve(state: Erasure, event: ErasureEvent) -> Erasure:
    match event:
        case QuestionTaken():
            return replace(state, question=event.question, attempt=event.attempt, answer=None)
        case AccessChanged():
            # Not the question: what is asked next is asked anew, even as the same attempt.
            return replace(state, access=event.access)
        case ErasureReady():
            return replace(state, answer=(), mandate_needed_until=event.mandate_needed_until)
        case ErasureHeld():
            return replace(state, answer=event.obstacles, mandate_needed_until=None)
        case ErasureDone():
            return replace(state, is_done=True)
        case _:
            assert_never(event)


ERASURE: Aggregate[Erasure, ErasureCommand, ErasureEvent] = Aggregate(
    name="erasure", initial=Erasure(), decide=decide, evolve=evolve, state_type=Erasure, events=OWN
)

# -- What a service says of itself -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at the account gave."""

    obstacles: tuple[Obstacle, ...] = ()
    mandate_needed_until: date | None = None


Look: TypeAlias = Callable[[Work, AccountId], Awaitable[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """What a service erases, as SQL with the provider and the account: the same as its read models built from shredded events.

    - ``statements``: personal columns emptied, rows that are nothing without them removed.
    - ``blobs``: sha256, size_bytes, address of files that are not kept.
    - ``mails``: the Message-IDs of mails that were sent to the account.
    - ``sealed_apart``: other names under which personal data of the account was sealed; their keys go with it.
    - ``decide``: what the service decides when an account goes: from then on there is nobody to write to.
    - ``waits_for``: statements that wait for what writes of the account and is no unit of work.
    """

    statements: Sequence[str]
    blobs: Sequence[str] = ()
    mails: Callable[[Work, AccountId], Awaitable[Sequence[str]]] | None = None
    sealed_apart: Callable[[Work, AccountId], Awaitable[Sequence[AccountId]]] | None = None
    decide: Callable[[Work, AccountId], Awaitable[None]] | None = None
    waits_for: Sequence[str] = ()


def mails_by(sql: str) -> Callable[[Work, AccountId], Awaitable[Sequence[str]]]:
    """The column ``message_id`` of a query with the provider and the account."""

    async def mails(work: Work, account: AccountId) -> Sequence[str]:
        return [str(row["message_id"]) for row in await work.fetch(sql, work.provider, account)]

    return mails


@runtime_checkable
class KeepsMail(Protocol):
    """A mailer that still has what it sent (the folder of a sandbox)."""

    async def forget(self, provider: ProviderId, message_ids: Sequence[str]) -> None:
        """Remove these mails."""
        ...


def forgets(forgetting: Forgetting, mailer: Mailer | None = None) -> Callable[[Work, AccountId], Awaitable[None]]:
    """What the worker does when an account is deleted, and a recovery for every account that ever was."""

    async def forget(work: Work, account: AccountId) -> None:
        await forget_account(work, account, forgetting, mailer)

    return forget


async def forget_account(work: Work, account: AccountId, forgetting: Forgetting, mailer: Mailer | None) -> None:
    """Erase in this transaction, and the files with it: done twice is done once. Also what a restore brought back."""
    at = (work.provider, account)
    if isinstance(mailer, KeepsMail) and forgetting.mails is not None:
        await mailer.forget(work.provider, await forgetting.mails(work, account))
    for sql in forgetting.blobs:
        for row in await work.fetch(sql, *at):
            await work.blobs.erase(work.provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"]))
    if forgetting.sealed_apart is not None:
        for other in await forgetting.sealed_apart(work, account):
            await work.destroy_key(other, ACCOUNT_PURPOSE)
    for sql in (*forgetting.statements, SQL["forget_snapshots"], SQL["forget_calls"], SQL["forget_reasons"]):
        await work.fetch(sql, *at)
    work.forget_states()


# -- Listening -------------------------------------------------------------------------------------------------------

Asked = ErasureConsidered | AccountDeletionRequested | ErasureRequested | AccountDeletionEnded | AccountDeleted


async def on_asked(work: Work, message: Message[Any]) -> Outcome:
    """What contracts-svc says about deleting the account (CON-7)."""
    event: Asked = message.event
    account = message.envelope.account
    command: ErasureCommand
    match event:
        case ErasureConsidered():
            command = TakeQuestion(now=work.now, question=event.question, attempt=0)
        case ErasureRequested():
            command = TakeQuestion(now=work.now, question=event.question, attempt=event.attempt)
        case AccountDeletionRequested():
            command = ChangeAccess(now=work.now, question=event.question, access="closed")
        case AccountDeletionEnded():
            command = ChangeAccess(now=work.now, question=event.question, access="open")
        case AccountDeleted():
            command = ChangeAccess(now=work.now, question=event.question, access="erased")
        case _:
            assert_never(event)
    done = await work.execute(ERASURE, account, command, account=account)
    return Handled() if done else NoEffect("the account is erased, or this was said before")


def _streams(message: Message[Any]) -> list[tuple[Aggregate[Any, Any, Any], str]]:
    return [(ERASURE, message.envelope.account)]


REACTIONS: tuple[Reaction[Any], ...] = tuple(
    Reaction(publisher=ASKER, event=event, handle=on_asked, streams=_streams)
    for event in (ErasureConsidered, AccountDeletionRequested, ErasureRequested, AccountDeletionEnded, AccountDeleted)
)

# -- Read models -----------------------------------------------------------------------------------------------------


def apply_erasure(recorded: Recorded) -> Iterable[Statement]:
    """Who has access, and what is to be looked at."""
    at = (recorded.provider, recorded.account)
    match recorded.event:
        case QuestionTaken() as e:
            yield Statement(SQL["take_question"], (*at, e.question, e.attempt))
        case AccessChanged() as e:
            yield Statement(SQL["set_access"], (*at, e.question, e.access))
        case ErasureReady() | ErasureHeld() | ErasureDone():
            yield Statement(SQL["looked_at"], at)
        case _:
            return


def apply_watch(recorded: Recorded) -> Iterable[Statement]:
    """Whatever happens to an account that was asked about may change the answer. Has no table of its own: nothing to build anew."""
    if not isinstance(recorded.event, OWN):
        yield Statement(SQL["mark_stale"], (recorded.provider, recorded.account))


WATCH = "erasure_watch"
VIEWS: tuple[View, ...] = (
    View(name="erasure", tables=("account_erasure",), apply=apply_erasure, is_synchronous=True),
    View(name=WATCH, tables=(), apply=apply_watch, is_synchronous=False),
)

# -- Looking, answering, erasing -------------------------------------------------------------------------------------


async def is_settled(work: Work, account: AccountId, views: Sequence[str], questions: Sequence[str]) -> bool:
    """Whether what can be found now is all there is: no older transaction runs, and no read model lags behind (races, CON-7)."""
    rows = await work.fetch(SQL["is_settled"], work.provider, account, list(views), list(questions))
    return bool(rows[0]["is_settled"])


def erasing(forgetting: Forgetting, look: Look, *, views: Sequence[View], mailer: Mailer | None = None) -> Worker:
    """The worker of a service: answers what is asked, and erases what is to go, an account at a time. ``views`` are the service's own."""
    follow = [view.name for view in views if not view.is_synchronous and view.name != WATCH]

    async def step(work: Work, item: str) -> int:
        account = AccountId(item)
        rows = await work.fetch(SQL["is_stale"], work.provider, account)
        if not rows:
            return 0
        if rows[0]["access"] == "erased":
            if await take_leave(work, account, forgetting):
                return 1
            if not await is_unknown(work, account, follow):
                return 0
            if forgetting.decide is not None:
                await forgetting.decide(work, account)
            await forget_account(work, account, forgetting, mailer)
            await work.execute(ERASURE, account, NoteDone(now=work.now), account=account)
            return 1
        if not await is_settled(work, account, follow, ("QuestionTaken", "AccessChanged")):
            return 0
        await _answer_now(work, account, look)
        return 1

    return Worker(name="erasure", waiting_providers=SQL["stale_providers"], each=Each(waiting=SQL["stale"], step=step))


async def take_leave(work: Work, account: AccountId, forgetting: Forgetting) -> bool:
    """The first step, in a transaction of its own: the key is destroyed, and the account gets its number (CON-7).

    From then on every process forgets what it kept of the account before it does anything else. False where that was done before.
    """
    if await work.fetch(SQL["has_left"], work.provider, account):
        return False
    await work.destroy_key(account, ACCOUNT_PURPOSE)
    for sql in (*forgetting.waits_for, SQL["take_leave"]):
        await work.fetch(sql, work.provider, account)
    return True


async def is_unknown(work: Work, account: AccountId, views: Sequence[str]) -> bool:
    """Whether nothing anywhere still knows the account, so that what is erased now stays so: whatever began before it took leave is
    over, and every read model has seen all of it (CON-7).
    """
    rows = await work.fetch(SQL["has_left"], work.provider, account)
    return bool(rows and rows[0]["is_unknown"]) and await is_settled(work, account, views, ("AccessChanged", "AccountDeleted"))


async def _answer_now(work: Work, account: AccountId, look: Look) -> None:
    found = await look(work, account)
    rows = await work.fetch(SQL["machinery_obstacles"], work.provider, account)
    held = tuple(Obstacle(kind="parked") for _ in rows[:1])
    answer = Answer(now=work.now, obstacles=(*found.obstacles, *held), mandate_needed_until=found.mandate_needed_until)
    await work.execute(ERASURE, account, answer, account=account)
    await work.fetch(SQL["looked_at"], work.provider, account)


def laws_with(nothing_left: str) -> tuple[Law, ...]:
    """Of every service. ``nothing_left``: a query for what its own read models still have of accounts that were erased."""
    return (
        Law(
            name="erased_is_forgotten",
            sentence="An account that was erased is in no memory and no state any more (CON-7).",
            sql=SQL["erased_is_forgotten"],
        ),
        Law(
            name="nothing_left",
            sentence="An account that was erased has nothing left that names a person, and nothing that would be sent to it (CON-7).",
            sql=nothing_left,
        ),
    )
