"""What contracts-svc does about deletions besides deciding: it listens, looks at what it has itself, erases, destroys keys (CON-7)."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from termijn.contracts.account_deletion import (
    ACCOUNT_DELETION,
    AnswerNoted,
    Ask,
    AskAgain,
    CheckErased,
    Consider,
    Decide,
    DeletionRoundBegun,
    EndMandateProof,
    ErasureDue,
    KeyDestroyed,
    KeyDoomed,
    MandateProofOver,
    NoteAnswer,
    NoteErased,
    NoteKeyDestroyed,
    Request,
    ServiceErased,
    ServicesOverdue,
    Withdraw,
)
from termijn.contracts.confirmation import copies_max, message_id_of
from termijn.events.base import Blob
from termijn.events.contracts import AccountOpened, ModuleCancelled, ModuleEnded, ModuleTerminated
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
from termijn.kernel.ids import AccountId
from termijn.runtime.erasure import Forgetting, forget_account, is_settled, is_unknown, take_leave
from termijn.runtime.handling import (
    Each,
    Fired,
    Handled,
    Message,
    NoEffect,
    Outcome,
    Reaction,
    Recorded,
    Statement,
    View,
    WakeUpHandler,
    Work,
    Worker,
)
from termijn.runtime.mail import Mailer
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "deletion.sql")


async def mails_of(work: Work, account: AccountId) -> Sequence[str]:
    """The confirmations that were sent, to as many addresses as an account can have."""
    rows = await work.fetch(SQL["confirmations"], work.provider, account)
    return [message_id_of(work.provider, row["confirmation_id"], nth) for row in rows for nth in range(copies_max(row["confirmation_id"]))]


FORGETTING = Forgetting(
    statements=(
        "update account set contract_partner = null, invoice_address = null, recipients = null, customer_number = null, exemption = null, "
        "facts = facts || jsonb_build_object('customer_number', null, 'purchase_order', null, 'vat_number', null, "
        "'chamber_of_commerce', null) where provider = $1 and account = $2",
        "delete from subject_owner where provider = $1 and account = $2",
        "update module set over_reason = null where provider = $1 and account = $2",
        SQL["forget_projects"],
        SQL["forget_milestones"],
        SQL["forget_lease_companies"],
        SQL["forget_lines"],
        SQL["forget_warranties"],
        SQL["forget_confirmed"],
        "update manager_task set outcome = null where provider = $1 and account = $2",
        "delete from history_point where provider = $1 and account = $2",
        "update confirmation set personal = null where provider = $1 and account = $2",
        "update confirmation set actor = 'customer' where provider = $1 and account = $2 and actor like 'customer:%'",
    ),
    mails=mails_of,
)
"""The signed form of a mandate is kept as long as its proof is: sealed under the same key (PAY-1)."""


async def own_obstacles(work: Work, account: AccountId) -> tuple[Obstacle, ...]:
    """What this service has of the account that is not over: modules, projects, goods, letters that were not sent (CON-7)."""
    rows = await work.fetch(SQL["own_obstacles"], work.provider, account)
    return tuple(Obstacle(kind=row["kind"], subject=row["subject"], until=row["until"]) for row in rows)


async def request_deletion(work: Work, account: AccountId) -> None:
    """Ask for it; refuses with every reason that is known (CON-7)."""
    command = Request(now=work.now, account=account, obstacles=await own_obstacles(work, account))
    await work.execute(ACCOUNT_DELETION, account, command, account=account)


async def withdraw_deletion(work: Work, account: AccountId) -> None:
    """Call it off, as long as it waits."""
    await work.execute(ACCOUNT_DELETION, account, Withdraw(now=work.now, account=account), account=account)


# -- Listening -------------------------------------------------------------------------------------------------------


async def on_answer(work: Work, message: Message[Any]) -> Outcome:
    """A service says whether anything stands in the way."""
    event, e = message.event, message.envelope
    assert isinstance(event, ErasureReady | ErasureHeld)
    command = NoteAnswer(
        now=work.now,
        service=e.publisher,  # type: ignore[arg-type]  # only the three are listened to
        question=event.question,
        attempt=event.attempt,
        obstacles=event.obstacles if isinstance(event, ErasureHeld) else (),
        mandate_needed_until=event.mandate_needed_until if isinstance(event, ErasureReady) else None,
    )
    done = await work.execute(ACCOUNT_DELETION, e.account, command, account=e.account)
    return Handled() if done else NoEffect("nobody asks any more")


async def on_done(work: Work, message: Message[ErasureDone]) -> Outcome:
    """A service has erased what it had."""
    e = message.envelope
    command = NoteErased(now=work.now, service=e.publisher)  # type: ignore[arg-type]  # as above
    done = await work.execute(ACCOUNT_DELETION, e.account, command, account=e.account)
    return Handled() if done else NoEffect("said before")


def _streams(message: Message[Any]) -> list[tuple[Any, str]]:
    return [(ACCOUNT_DELETION, message.envelope.account)]


REACTIONS: tuple[Reaction[Any], ...] = tuple(
    Reaction(publisher=publisher, event=event, handle=handle, streams=_streams)
    for publisher in ("dunning", "invoice", "rating")
    for event, handle in ((ErasureReady, on_answer), (ErasureHeld, on_answer), (ErasureDone, on_done))
)

# -- Dates -----------------------------------------------------------------------------------------------------------


async def on_ask_again(work: Work, fired: Fired[AskAgain]) -> Outcome:
    """A day after all were asked."""
    command = Ask(now=work.now, question=fired.wake_up.question, attempt=fired.wake_up.attempt)
    done = await work.execute(ACCOUNT_DELETION, fired.key, command, account=fired.account)
    return Handled() if done else NoEffect("it is settled, or was asked anew")


async def on_erasure_due(work: Work, fired: Fired[ErasureDue]) -> Outcome:
    """A day after the end."""
    done = await work.execute(ACCOUNT_DELETION, fired.key, CheckErased(now=work.now), account=fired.account)
    return Handled() if done else NoEffect("all have erased it")


async def on_mandate_proof_over(work: Work, fired: Fired[MandateProofOver]) -> Outcome:
    """No debit can come back any more (PAY-1)."""
    for row in await work.fetch(SQL["forms"], work.provider, fired.account):
        await work.blobs.erase(work.provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"]))
    done = await work.execute(ACCOUNT_DELETION, fired.key, EndMandateProof(now=work.now), account=fired.account)
    return Handled() if done else NoEffect("the key was to go before")


WAKE_UPS: tuple[WakeUpHandler[Any], ...] = (
    WakeUpHandler(wake_up=AskAgain, handle=on_ask_again, streams=lambda fired: [(ACCOUNT_DELETION, fired.key)]),
    WakeUpHandler(wake_up=ErasureDue, handle=on_erasure_due, streams=lambda fired: [(ACCOUNT_DELETION, fired.key)]),
    WakeUpHandler(wake_up=MandateProofOver, handle=on_mandate_proof_over, streams=lambda fired: [(ACCOUNT_DELETION, fired.key)]),
)

# -- Read models -----------------------------------------------------------------------------------------------------


def apply_deletions(recorded: Recorded) -> Iterable[Statement]:
    """Who has access, how far each deletion is, what the services said, which keys are to go."""
    at = (recorded.provider, recorded.account)
    match recorded.event:
        case AccountOpened():
            yield Statement(SQL["open_access"], at)
        case ErasureConsidered() as e:
            yield Statement(SQL["consider"], (*at, e.question))
        case AccountDeletionRequested() as e:
            yield Statement(SQL["request"], (*at, e.question, recorded.occurred_at))
            yield Statement(SQL["set_access"], (*at, e.question, "closed"))
        case AccountDeletionEnded() as e:
            yield Statement(SQL["finish"], (*at, "considered", recorded.occurred_at, e.reason))
            yield Statement(SQL["set_access"], (*at, e.question, "open"))
        case AccountDeleted() as e:
            yield Statement(SQL["finish"], (*at, "deleted", recorded.occurred_at, None))
            yield Statement(SQL["set_access"], (*at, e.question, "erased"))
        case DeletionRoundBegun() as e:
            yield Statement(SQL["ask"], (*at, e.attempt))
        case ErasureRequested():
            yield Statement(SQL["count_answers"], at)
        case AnswerNoted() as e:
            said = msgspec.json.encode(e.obstacles).decode()
            yield Statement(SQL["answer"], (*at, e.service, e.question, e.attempt, said, recorded.occurred_at))
            yield Statement(SQL["count_answers"], at)
        case ServicesOverdue() as e:
            yield Statement(SQL["overdue"], (*at, list(e.services)))
        case ServiceErased() as e:
            yield Statement(SQL["service_erased"], (*at, e.service, recorded.occurred_at))
            yield Statement(SQL["not_overdue"], (*at, e.service))
            if e.service == "contracts":
                yield Statement(SQL["erased_here"], at)
        case KeyDoomed() as e:
            yield Statement(SQL["doom_key"], (*at, e.purpose))
        case KeyDestroyed() as e:
            yield Statement(SQL["key_gone"], (*at, e.purpose))
        case _:
            return


def apply_candidates(recorded: Recorded) -> Iterable[Statement]:
    """Accounts whose last module may have got its end. Nothing to build anew: the worker takes them at once."""
    if isinstance(recorded.event, ModuleCancelled | ModuleEnded | ModuleTerminated):
        yield Statement(SQL["note_candidate"], (recorded.provider, recorded.account))


VIEWS: tuple[View, ...] = (
    View(
        name="deletions",
        tables=("account_erasure", "account_deletion", "deletion_answer", "doomed_key"),
        apply=apply_deletions,
        is_synchronous=True,
    ),
    View(name="deletion_candidates", tables=(), apply=apply_candidates, is_synchronous=False),
)

# -- Working ---------------------------------------------------------------------------------------------------------


def eraser(mailer: Mailer | None, *, views: Sequence[View]) -> Worker:
    """The worker: asks beforehand, decides when all are ready, destroys keys, erases here.

    An account at a time, and one step of it in a transaction: what cannot be undone comes after what says that it is to be has been
    committed. When a key went in the transaction that decided it, a conflict at its commit left an account without a key.
    """

    follow = [view.name for view in views if not view.is_synchronous]

    async def step(work: Work, item: str) -> int:
        account = AccountId(item)
        for row in await work.fetch(SQL["take_candidate"], work.provider, account):
            if row["is_ending"]:
                await work.execute(ACCOUNT_DELETION, account, Consider(now=work.now, account=account), account=account)
            return 1
        todo = (await work.fetch(SQL["next_step"], work.provider, account))[0]
        if todo["doomed"]:
            return await _destroy_keys(work, account, todo["doomed"])
        if todo["is_to_erase"]:
            if await take_leave(work, account, FORGETTING):
                return 1
            if not await is_unknown(work, account, follow):
                return 0
            await forget_account(work, account, FORGETTING, mailer)
            await work.execute(ACCOUNT_DELETION, account, NoteErased(now=work.now, service="contracts"), account=account)
            return 1
        return await _decide(work, account) if todo["is_decidable"] else 0

    return Worker(name="erasure", waiting_providers=SQL["work_providers"], each=Each(waiting=SQL["waiting"], step=step))


async def _decide(work: Work, account: AccountId) -> int:
    if not await is_settled(work, account, (), ("AccountDeletionRequested",)):
        return 0
    command = Decide(now=work.now, obstacles=await own_obstacles(work, account))
    if not await work.execute(ACCOUNT_DELETION, account, command, account=account):
        await work.fetch(SQL["undecided"], work.provider, account)
    return 1


async def _destroy_keys(work: Work, account: AccountId, purposes: Sequence[str]) -> int:
    """Two events: doomed, then destroyed; a crash between them destroys again, which is the same."""
    for purpose in purposes:
        await work.destroy_key(account, purpose)
        await work.execute(ACCOUNT_DELETION, account, NoteKeyDestroyed(now=work.now, purpose=purpose), account=account)
    return len(purposes)
