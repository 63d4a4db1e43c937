"""What contracts-svc listens to: late payment reaches modules, mandates are used or blocked; and the timers of ends."""

from collections.abc import Sequence

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import ExpireMandate, NoteMandateBlocked, NoteResumed, NoteSuspended
from termijn.contracts.account_deletion import ACCOUNT_DELETION
from termijn.contracts.account_state import AskWhetherUsed
from termijn.contracts.goods_ordering import end_lease_with
from termijn.contracts.letterhead import LETTERHEAD, LearnLetterhead, Letterhead
from termijn.contracts.mandate_use import MANDATE_USE, NoteUse, key_of
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import End, Resume, Suspend, Terminate
from termijn.contracts.module_state import EndModule
from termijn.contracts.ordering import QUERIES, policy_of
from termijn.events.dunning import ResumptionRequested, SuspensionRequested, TerminationRequested
from termijn.events.invoice import DirectDebitSubmitted, MandateBlocked, ProviderProfileChanged
from termijn.kernel.ids import AccountId, ModuleId
from termijn.runtime.handling import Fired, Handled, Message, NoEffect, Outcome, Reaction, WakeUpHandler, Work
from termijn.runtime.setting import CURRENT

MODULE_STREAM = "subscription"
"""The invoice stream that modules are billed on (INV-1); suspension for the others alone does not reach them."""


async def on_suspension(work: Work, message: Message[SuspensionRequested]) -> Outcome:
    """Reduced functionality for the account's running modules of the unpaid streams (CON-10, DUN-9), and what it orders from now on."""
    event, account = message.event, message.envelope.account
    if event.streams and MODULE_STREAM not in event.streams:
        return NoEffect(f"nothing on {', '.join(event.streams)} is a module")
    policy = await policy_of(work)
    noted = NoteSuspended(now=work.now, account=account, reason=event.reason, since=event.requested_at)
    is_new = bool(await work.execute(ACCOUNT, account, noted, account=account))
    commands = [
        Suspend(
            now=work.now,
            module_id=module_id,
            reason=event.reason,
            since=event.requested_at,
            never_suspended=policy.never_suspended,
            still_works=policy.works_while_suspended,
        )
        for module_id in await _running_modules(work, account)
    ]
    outcome = await _carry_out(work, account, commands, "no running module can be suspended")
    return Handled() if is_new else outcome


async def on_resumption(work: Work, message: Message[ResumptionRequested]) -> Outcome:
    """All that was overdue is paid: full functionality again, at once (CON-10)."""
    account, since = message.envelope.account, message.event.requested_at
    was_noted = await work.execute(ACCOUNT, account, NoteResumed(now=work.now, account=account, since=since), account=account)
    commands = [Resume(now=work.now, module_id=module_id, since=since) for module_id in await _running_modules(work, account)]
    outcome = await _carry_out(work, account, commands, "no module is suspended")
    return Handled() if was_noted else outcome


async def on_termination(work: Work, message: Message[TerminationRequested]) -> Outcome:
    """The suspended modules end for default, and with them the suspension (CON-10)."""
    account, since = message.envelope.account, message.event.requested_at
    commands = [
        Terminate(now=work.now, module_id=module_id, reason=message.event.reason, since=since)
        for module_id in await _running_modules(work, account)
    ]
    outcome = await _carry_out(work, account, commands, "no module is suspended")
    over = NoteResumed(now=work.now, account=account, since=since, by_termination=True)
    was_suspended = await work.execute(ACCOUNT, account, over, account=account)
    return Handled() if was_suspended else outcome


async def on_mandate_blocked(work: Work, message: Message[MandateBlocked]) -> Outcome:
    """A mandate that is not collected with any more allows no new order (CON-2, PAY-4)."""
    event, account = message.event, message.envelope.account
    command = NoteMandateBlocked(now=work.now, account=account, mandate_id=event.mandate_id, reason_code=event.reason_code)
    noted = await work.execute(ACCOUNT, account, command, account=account)
    return Handled() if noted else NoEffect("the mandate is unknown, or no good already")


async def on_debit(work: Work, message: Message[DirectDebitSubmitted]) -> Outcome:
    """A mandate that is collected with lives on (PAY-1)."""
    event, account = message.event, message.envelope.account
    command = NoteUse(now=work.now, mandate_id=event.mandate_id, used_on=event.collect_on)
    noted = await work.execute(MANDATE_USE, key_of(account, event.mandate_id), command, account=account)
    return Handled() if noted else NoEffect("the mandate was used on that day or later already")


async def on_profile(work: Work, message: Message[ProviderProfileChanged]) -> Outcome:
    """Confirmations come from the name that invoices show (CON-6)."""
    event = message.event
    command = LearnLetterhead(now=work.now, letterhead=Letterhead(name=event.name, email=event.email, phone=event.phone))
    learnt = await work.execute(LETTERHEAD, CURRENT, command, account=message.envelope.account)
    return Handled() if learnt else NoEffect("letters show nothing of what changed")


async def on_unused(work: Work, fired: Fired[AskWhetherUsed]) -> Outcome:
    """36 months have gone by since the signature, or the last use that was known: is the mandate dead (PAY-1)?"""
    mandate_id, account = fired.wake_up.mandate_id, fired.account
    if (await work.load(ACCOUNT_DELETION, account)).status == "deleted":
        return NoEffect("the account was deleted: there is nobody to tell, and its proof goes by itself")
    use = await work.load(MANDATE_USE, key_of(account, mandate_id))
    command = ExpireMandate(now=work.now, account=account, mandate_id=mandate_id, last_used_on=use.last_used_on)
    decided = await work.execute(ACCOUNT, account, command, account=account)
    return Handled() if decided else NoEffect("the mandate was revoked or has expired before")


async def on_end(work: Work, fired: Fired[EndModule]) -> Outcome:
    """The module's last day is over (CON-6); nothing where the notice was withdrawn or moved meanwhile."""
    command = End(now=work.now, module_id=ModuleId(fired.key), ends_on=fired.wake_up.ends_on)
    ended = await work.execute(MODULE, fired.key, command, account=fired.account)
    await end_lease_with(work, fired.account, ended)
    return Handled() if ended else NoEffect("the end was moved or withdrawn, or came earlier")


async def _running_modules(work: Work, account: AccountId) -> list[ModuleId]:
    return [ModuleId(row["module_id"]) for row in await work.fetch(QUERIES["running_modules"], work.provider, account)]


async def _carry_out(work: Work, account: AccountId, commands: Sequence[Suspend | Resume | Terminate], otherwise: str) -> Outcome:
    decided = 0
    for command in commands:
        events = await work.execute(MODULE, command.module_id, command, account=account)
        await end_lease_with(work, account, events)
        decided += len(events)
    return Handled() if decided else NoEffect(otherwise)


REACTIONS: tuple[
    Reaction[SuspensionRequested]
    | Reaction[ResumptionRequested]
    | Reaction[TerminationRequested]
    | Reaction[MandateBlocked]
    | Reaction[DirectDebitSubmitted]
    | Reaction[ProviderProfileChanged],
    ...,
] = (
    Reaction(publisher="dunning", event=SuspensionRequested, handle=on_suspension),
    Reaction(publisher="dunning", event=ResumptionRequested, handle=on_resumption),
    Reaction(publisher="dunning", event=TerminationRequested, handle=on_termination),
    Reaction(
        publisher="invoice", event=MandateBlocked, handle=on_mandate_blocked, streams=lambda message: [(ACCOUNT, message.envelope.account)]
    ),
    Reaction(
        publisher="invoice",
        event=DirectDebitSubmitted,
        handle=on_debit,
        streams=lambda message: [(MANDATE_USE, key_of(message.envelope.account, message.event.mandate_id))],
    ),
    Reaction(publisher="invoice", event=ProviderProfileChanged, handle=on_profile),
)

WAKE_UPS: tuple[WakeUpHandler[EndModule] | WakeUpHandler[AskWhetherUsed], ...] = (
    WakeUpHandler(wake_up=EndModule, handle=on_end, streams=lambda fired: [(MODULE, fired.key)]),
    WakeUpHandler(wake_up=AskWhetherUsed, handle=on_unused, streams=lambda fired: [(ACCOUNT, fired.key)]),
)
