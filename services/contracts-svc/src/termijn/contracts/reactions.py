"""What contracts-svc listens to: late payment reaches modules, blocked mandates allow no orders; and the timers of ends."""

from collections.abc import Sequence

from termijn.contracts.account import ACCOUNT, NoteMandateBlocked
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import End, Resume, Suspend, Terminate
from termijn.contracts.module_state import EndModule
from termijn.contracts.ordering import QUERIES, policy_of
from termijn.events.dunning import ResumptionRequested, SuspensionRequested, TerminationRequested
from termijn.events.invoice import MandateBlocked
from termijn.kernel.ids import AccountId, ModuleId
from termijn.runtime.handling import Fired, Handled, Message, NoEffect, Outcome, Reaction, WakeUpHandler, Work

MODULE_STREAM = "subscription"
"""The invoice stream that modules are billed on (INV-1); suspension for the others alone does not reach them."""


async def on_suspension(work: Work, message: Message[SuspensionRequested]) -> Outcome:
    """Reduced functionality for the account's running modules of the unpaid streams (CON-10, DUN-9)."""
    event = message.event
    if event.streams and MODULE_STREAM not in event.streams:
        return NoEffect(f"nothing on {', '.join(event.streams)} is a module")
    policy = await policy_of(work)
    commands = [
        Suspend(
            now=work.now,
            module_id=module_id,
            reason=event.reason,
            since=event.requested_at,
            never_suspended=policy.never_suspended,
            still_works=policy.works_while_suspended,
        )
        for module_id in await _running_modules(work, message.envelope.account)
    ]
    return await _carry_out(work, message.envelope.account, commands, "no running module can be suspended")


async def on_resumption(work: Work, message: Message[ResumptionRequested]) -> Outcome:
    """All that was overdue is paid: full functionality again, at once (CON-10)."""
    commands = [
        Resume(now=work.now, module_id=module_id, since=message.event.requested_at)
        for module_id in await _running_modules(work, message.envelope.account)
    ]
    return await _carry_out(work, message.envelope.account, commands, "no module is suspended")


async def on_termination(work: Work, message: Message[TerminationRequested]) -> Outcome:
    """The suspended modules end for default (CON-10)."""
    commands = [
        Terminate(now=work.now, module_id=module_id, reason=message.event.reason, since=message.event.requested_at)
        for module_id in await _running_modules(work, message.envelope.account)
    ]
    return await _carry_out(work, message.envelope.account, commands, "no module is suspended")


async def on_mandate_blocked(work: Work, message: Message[MandateBlocked]) -> Outcome:
    """A mandate that is not collected with any more allows no new order (CON-2, PAY-4)."""
    event, account = message.event, message.envelope.account
    command = NoteMandateBlocked(now=work.now, account=account, mandate_id=event.mandate_id, reason_code=event.reason_code)
    noted = await work.execute(ACCOUNT, account, command, account=account)
    return Handled() if noted else NoEffect("the mandate is unknown, or no good already")


async def on_end(work: Work, fired: Fired[EndModule]) -> Outcome:
    """The module's last day is over (CON-6); nothing where the notice was withdrawn or moved meanwhile."""
    command = End(now=work.now, module_id=ModuleId(fired.key), ends_on=fired.wake_up.ends_on)
    ended = await work.execute(MODULE, fired.key, command, account=fired.account)
    return Handled() if ended else NoEffect("the end was moved or withdrawn, or came earlier")


async def _running_modules(work: Work, account: AccountId) -> list[ModuleId]:
    return [ModuleId(row["module_id"]) for row in await work.fetch(QUERIES["running_modules"], work.provider, account)]


async def _carry_out(work: Work, account: AccountId, commands: Sequence[Suspend | Resume | Terminate], otherwise: str) -> Outcome:
    decided = 0
    for command in commands:
        decided += len(await work.execute(MODULE, command.module_id, command, account=account))
    return Handled() if decided else NoEffect(otherwise)


REACTIONS: tuple[
    Reaction[SuspensionRequested] | Reaction[ResumptionRequested] | Reaction[TerminationRequested] | Reaction[MandateBlocked], ...
] = (
    Reaction(publisher="dunning", event=SuspensionRequested, handle=on_suspension),
    Reaction(publisher="dunning", event=ResumptionRequested, handle=on_resumption),
    Reaction(publisher="dunning", event=TerminationRequested, handle=on_termination),
    Reaction(
        publisher="invoice", event=MandateBlocked, handle=on_mandate_blocked, streams=lambda message: [(ACCOUNT, message.envelope.account)]
    ),
)

WAKE_UPS: tuple[WakeUpHandler[EndModule], ...] = (
    WakeUpHandler(wake_up=EndModule, handle=on_end, streams=lambda fired: [(MODULE, fired.key)]),
)
