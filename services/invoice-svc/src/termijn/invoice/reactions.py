"""What the other services say, and what follows here: the only place that listens, as a table at the end.

An account's facts come from contracts-svc, its lines from rating-svc; there is no order between the two, so what comes before the
account waits for it.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from termijn.events.base import Event
from termijn.events.contracts import (
    AccountChanged,
    AccountOpened,
    DebitExemptionGranted,
    MandateAmended,
    MandateGiven,
    MandateRevoked,
    ModuleActivated,
    ModuleEnded,
    ModuleOrdered,
    ModuleTerminated,
)
from termijn.events.dunning import StepProposed, WriteOffRequested
from termijn.events.goods import (
    GOODS,
    GoodsDelivered,
    MilestoneReached,
    ProjectCompleted,
    ProjectDelivered,
    ProjectStopped,
    WarrantyExtended,
)
from termijn.events.rating import PeriodClosed, PeriodCorrected, PeriodRated
from termijn.invoice.billed_module import BILLED_MODULE, NoteModule
from termijn.invoice.billing_account import BILLING_ACCOUNT, RUN_TIME, Known
from termijn.invoice.billing_account_command import NoteAccount, NotePeriod, TakeLines
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import WriteOff
from termijn.invoice.invoice_run import INVOICE_RUN, PlanRun, run_day
from termijn.invoice.own_invoice import on_goods, on_milestone, on_project_delivered, on_project_over, on_warranty_extended
from termijn.invoice.payer import PAYER, AmendMandate, NoteExemption, NoteMandate, WithdrawMandate
from termijn.invoice.policy import POLICY
from termijn.invoice.step_gate import answer_step, know_steps
from termijn.invoice.support_run import support_run_for
from termijn.kernel.calendar import at, day_of
from termijn.kernel.ids import CATALOGUE, AccountId
from termijn.kernel.period import Month
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.handling import Handled, Message, NoEffect, Outcome, Reaction, Waiting, Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")

EventT = TypeVar("EventT", bound=Event)
Streams = Sequence[tuple[Aggregate[Any, Any, Any], str]]


def awaits_account(account: AccountId) -> Waiting:
    """contracts-svc has said nothing of the account yet."""
    return Waiting(f"account/{account}", "the account is not known yet")


async def plan_run(work: Work, period: str) -> None:
    """Wait for the run that bills the closing of this period, unless it is waited for already (INV-2)."""
    if await work.version(INVOICE_RUN, period):
        return
    policy = (await work.load(POLICY, CURRENT)).value
    run_on = run_day(period, day=policy.run_day)
    plan = PlanRun(now=work.now, period=period, run_on=run_on, deadline_hours=policy.run_deadline_hours)
    await work.execute(INVOICE_RUN, period, plan, account=CATALOGUE)


# ---- contracts-svc ----------------------------------------------------------------------------------------------------


async def on_account(work: Work, message: Message[AccountOpened] | Message[AccountChanged]) -> Outcome:
    """Note the account; what waited for it goes on."""
    account, event = message.envelope.account, message.event
    note = NoteAccount(
        now=work.now,
        contract_partner=event.contract_partner,
        invoice_address=event.invoice_address,
        facts=event.facts,
        recipients=event.recipients,
    )
    await work.execute(BILLING_ACCOUNT, account, note, account=account)
    if isinstance(event, AccountOpened):
        work.arrived(f"account/{account}", account=account)
        month = Month.of(day_of(work.now))
        if work.now < at(month.first, RUN_TIME):
            # What it orders in the night before a run can be in that run, be it the provider's first account.
            await plan_run(work, str(month.previous()))
        await plan_run(work, str(month))
    return Handled()


async def on_mandate_given(work: Work, message: Message[MandateGiven]) -> Outcome:
    """The account can be collected from."""
    account, event = message.envelope.account, message.event
    note = NoteMandate(
        now=work.now,
        mandate_id=event.mandate_id,
        reference=event.reference,
        scheme=event.scheme,
        signed_on=event.signed_on,
        iban=event.iban,
        holder=event.holder,
    )
    await work.execute(PAYER, account, note, account=account)
    return Handled()


async def on_mandate_amended(work: Work, message: Message[MandateAmended]) -> Outcome:
    """Debits that are made from now on carry what the mandate is now (PAY-1)."""
    account, event = message.envelope.account, message.event
    amend = AmendMandate(now=work.now, mandate_id=event.mandate_id, reference=event.reference, iban=event.iban, holder=event.holder)
    done = await work.execute(PAYER, account, amend, account=account)
    return Handled() if done else NoEffect("the mandate could not be used any more")


async def on_mandate_revoked(work: Work, message: Message[MandateRevoked]) -> Outcome:
    """Debits that are not with the bank yet are withdrawn when their day comes."""
    account = message.envelope.account
    withdraw = WithdrawMandate(now=work.now, mandate_id=message.event.mandate_id)
    done = await work.execute(PAYER, account, withdraw, account=account)
    return Handled() if done else NoEffect("the mandate could not be used any more")


async def on_exemption(work: Work, message: Message[DebitExemptionGranted]) -> Outcome:
    """A manager knows that the account has no mandate."""
    account = message.envelope.account
    await work.execute(PAYER, account, NoteExemption(now=work.now, reason=message.event.reason), account=account)
    return Handled()


ModuleMessage = Message[ModuleOrdered] | Message[ModuleActivated] | Message[ModuleEnded] | Message[ModuleTerminated]


async def on_module(work: Work, message: ModuleMessage) -> Outcome:
    """Runs expect rating to close the months of running modules."""
    event, account = message.event, message.envelope.account
    starts_on, ended_on = None, None
    match event:
        case ModuleOrdered():
            starts_on = event.starts_on
        case ModuleActivated():
            starts_on = event.active_from
        case ModuleEnded():
            ended_on = event.ended_on
        case ModuleTerminated():
            ended_on = event.terminated_on
    known_on = day_of(message.envelope.occurred_at)
    note = NoteModule(now=work.now, module_id=event.module_id, known_on=known_on, starts_on=starts_on, ended_on=ended_on)
    await work.execute(BILLED_MODULE, event.module_id, note, account=account)
    return Handled()


async def on_what_bills_nothing(work: Work, message: Message[Event]) -> Outcome:
    """Orders, plans, placements and covers of goods and leases: what bills of them comes with events of its own (INV-17)."""
    return NoEffect("milestones, deliveries and longer warranties bill by events of their own, leases as modules")


BILLING_GOODS = (MilestoneReached, ProjectDelivered, ProjectCompleted, ProjectStopped, GoodsDelivered, WarrantyExtended)


# ---- rating-svc -------------------------------------------------------------------------------------------------------

RatedMessage = Message[PeriodRated] | Message[PeriodCorrected]


async def know_lines(work: Work, messages: Sequence[RatedMessage]) -> None:
    """Look up for the whole page which of its lines were taken before."""
    line_ids = [line.line_id for message in messages for line in message.event.lines]
    rows = await work.fetch(SQL["known_lines"], work.provider, line_ids) if line_ids else ()
    work.memo.setdefault("known_lines", {}).update({row["line_id"]: row["net"] for row in rows})


async def on_lines(work: Work, message: RatedMessage) -> Outcome:
    """The lines wait for the account's next run (INV-17)."""
    account, event = message.envelope.account, message.event
    billed = await work.load(BILLING_ACCOUNT, account)
    if not isinstance(billed, Known):
        return awaits_account(account)
    if not event.lines:
        return NoEffect("no lines")
    known = work.memo.get("known_lines", {})
    take = TakeLines(
        now=work.now,
        module_id=event.module_id,
        module_title=event.module_title,
        period=event.period,
        lines=event.lines,
        known={line.line_id: known[line.line_id] for line in event.lines if line.line_id in known},
        support_run_on=support_run_for(event.lines, now=work.now, runs=(await work.load(POLICY, CURRENT)).value.support_runs),
    )
    taken = await work.execute(BILLING_ACCOUNT, account, take, account=account)
    return Handled() if taken else NoEffect("all lines were taken before")


async def on_period_closed(work: Work, message: Message[PeriodClosed]) -> Outcome:
    """The account is ready for its run; where that has passed, its documents are drafted at once (INV-18)."""
    account, event = message.envelope.account, message.event
    billed = await work.load(BILLING_ACCOUNT, account)
    if not isinstance(billed, Known):
        return awaits_account(account)
    policy = (await work.load(POLICY, CURRENT)).value
    note = NotePeriod(
        now=work.now,
        period=event.period,
        closing=event.closing,
        running_modules=event.running_modules,
        run_on=run_day(event.period, day=policy.run_day),
    )
    await work.execute(BILLING_ACCOUNT, account, note, account=account)
    return Handled()


# ---- dunning-svc ------------------------------------------------------------------------------------------------------


async def know_proposals(work: Work, messages: Sequence[Message[StepProposed]]) -> None:
    """Look up for the whole page what the answers need."""
    if messages:
        await know_steps(work, [message.envelope.account for message in messages])


async def on_step_proposed(work: Work, message: Message[StepProposed]) -> Outcome:
    """Dunning asks; the owner of the money answers under the same key, so behind every earlier payment (DUN-14)."""
    event = message.event
    done = await answer_step(
        work,
        account=message.envelope.account,
        case_id=event.case_id,
        invoice_id=event.invoice_id,
        proposal=event.proposal,
        planned_on=event.planned_on,
    )
    return Handled() if done else NoEffect("it waits for bank statements already")


async def on_write_off(work: Work, message: Message[WriteOffRequested]) -> Outcome:
    """A remainder too small to ask for is written off (DUN-6)."""
    event = message.event
    write_off = WriteOff(now=work.now, amount=event.amount)
    done = await work.execute(INVOICE, event.invoice_id, write_off, account=message.envelope.account)
    return Handled() if done else NoEffect("nothing is open, or more than was to be written off")


# ---- The table --------------------------------------------------------------------------------------------------------


def _account(message: Message[Any]) -> Streams:
    return [(BILLING_ACCOUNT, message.envelope.account), (POLICY, CURRENT)]


def _payer(message: Message[Any]) -> Streams:
    return [(PAYER, message.envelope.account)]


def _module(message: Message[Any]) -> Streams:
    return [(BILLED_MODULE, message.event.module_id)]


def _invoice(message: Message[Any]) -> Streams:
    return [(INVOICE, message.event.invoice_id)]


def _step(message: Message[Any]) -> Streams:
    return [(INVOICE, message.event.invoice_id), (POLICY, CURRENT)]


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction(publisher="contracts", event=AccountOpened, handle=on_account, streams=_account),
    Reaction(publisher="contracts", event=AccountChanged, handle=on_account, streams=_account),
    Reaction(publisher="contracts", event=MandateGiven, handle=on_mandate_given, streams=_payer),
    Reaction(publisher="contracts", event=MandateAmended, handle=on_mandate_amended, streams=_payer),
    Reaction(publisher="contracts", event=MandateRevoked, handle=on_mandate_revoked, streams=_payer),
    Reaction(publisher="contracts", event=DebitExemptionGranted, handle=on_exemption, streams=_payer),
    Reaction(publisher="contracts", event=ModuleOrdered, handle=on_module, streams=_module),
    Reaction(publisher="contracts", event=ModuleActivated, handle=on_module, streams=_module),
    Reaction(publisher="contracts", event=ModuleEnded, handle=on_module, streams=_module),
    Reaction(publisher="contracts", event=ModuleTerminated, handle=on_module, streams=_module),
    Reaction(publisher="contracts", event=MilestoneReached, handle=on_milestone, streams=_account),
    Reaction(publisher="contracts", event=ProjectDelivered, handle=on_project_delivered, streams=_account),
    Reaction(publisher="contracts", event=ProjectCompleted, handle=on_project_over, streams=_account),
    Reaction(publisher="contracts", event=ProjectStopped, handle=on_project_over, streams=_account),
    Reaction(publisher="contracts", event=GoodsDelivered, handle=on_goods, streams=_account),
    Reaction(publisher="contracts", event=WarrantyExtended, handle=on_warranty_extended, streams=_account),
    *(Reaction(publisher="contracts", event=event, handle=on_what_bills_nothing) for event in GOODS if event not in BILLING_GOODS),
    Reaction(publisher="rating", event=PeriodRated, handle=on_lines, streams=_account, prepare=know_lines),
    Reaction(publisher="rating", event=PeriodCorrected, handle=on_lines, streams=_account, prepare=know_lines),
    Reaction(publisher="rating", event=PeriodClosed, handle=on_period_closed, streams=_account),
    Reaction(publisher="dunning", event=StepProposed, handle=on_step_proposed, streams=_step, prepare=know_proposals),
    Reaction(publisher="dunning", event=WriteOffRequested, handle=on_write_off, streams=_invoice),
)
