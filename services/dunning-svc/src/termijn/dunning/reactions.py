"""What dunning does when it hears of others: the only place that listens, as a table."""

from typing import Any

from termijn.dunning.account_command import (
    AccountCommand,
    LearnAccount,
    ProveDelivery,
    RecordMiss,
    RecordPayment,
    RecordSettled,
    TakeClearance,
    TakeRefusal,
    WithdrawMiss,
)
from termijn.dunning.account_event import Miss
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.policy import POLICY, Letterhead
from termijn.dunning.provider import PROVIDER, LearnLetterhead
from termijn.events.contracts import AccountChanged, AccountOpened
from termijn.events.goods import GOODS
from termijn.events.invoice import (
    InvoiceDelivered,
    InvoiceSettled,
    PaymentMissed,
    PaymentMissWithdrawn,
    PaymentReceived,
    PaymentReversed,
    ProviderProfileChanged,
    RemainderWrittenOff,
    StepCleared,
    StepStopped,
)
from termijn.runtime.handling import Handled, Message, NoEffect, Outcome, Reaction, Waiting, Work
from termijn.runtime.outgoing import COPIES_MAX
from termijn.runtime.setting import CURRENT


async def on_profile(work: Work, message: Message[ProviderProfileChanged]) -> Outcome:
    """Letters show the name and account that invoices show."""
    event = message.event
    head = Letterhead(name=event.name, iban=event.iban, email=event.email, phone=event.phone)
    await work.execute(PROVIDER, CURRENT, LearnLetterhead(now=work.now, letterhead=head), account=message.envelope.account)
    return Handled()


async def on_account(work: Work, message: Message[AccountOpened] | Message[AccountChanged]) -> Outcome:
    """Whom letters go to, in which language, who calls (DUN-1); what waited for the account goes on."""
    event, account = message.event, message.envelope.account
    was_known = (await work.load(ACCOUNT, account)).known is not None
    address = event.invoice_address
    mail_to = (address.email if address else "") or (event.contract_partner.email if event.contract_partner else "")
    chosen = tuple(one.email for one in event.recipients or () if "letters" in one.documents)[:COPIES_MAX]
    command = LearnAccount(
        now=work.now,
        **await _policy(work),
        debtor=event.contract_partner,
        mail_to=mail_to or None,
        facts=event.facts,
        recipients=chosen or None,
    )
    await work.execute(ACCOUNT, account, command, account=account)
    if not was_known:
        work.arrived(f"account/{account}", account=account)
    return Handled()


async def on_missed(work: Work, message: Message[PaymentMissed]) -> Outcome:
    """A case opens, or opens again (DUN-1, DUN-15)."""
    event = message.event
    miss = Miss(
        number=event.number,
        occasion=event.occasion,
        issued_on=event.issued_on,
        due_on=event.due_on,
        ladder_due_on=event.ladder_due_on,
        missed_on=event.missed_on,
        open_amount=event.open_amount,
        gross=event.gross,
        stream=event.stream,
        cause=event.cause,
        reason_code=event.reason_code,
        caused_by_us=event.caused_by_us,
        collect_again_on=event.collect_again_on,
        terms=event.terms,
        delivered_at=event.delivered_at,
        document=event.document,
    )
    command = RecordMiss(now=work.now, **await _policy(work), invoice_id=event.invoice_id, miss=miss)
    return await _once_known(work, message, command, "this occasion is known already")


async def on_withdrawn(work: Work, message: Message[PaymentMissWithdrawn]) -> Outcome:
    """The miss never was (PAY-5)."""
    event = message.event
    command = WithdrawMiss(now=work.now, **await _policy(work), invoice_id=event.invoice_id, occasion=event.occasion)
    return await _once_known(work, message, command, "no miss of that occasion")


async def on_received(work: Work, message: Message[PaymentReceived]) -> Outcome:
    """Money came in (DUN-6)."""
    event = message.event
    command = RecordPayment(
        now=work.now,
        **await _policy(work),
        invoice_id=event.invoice_id,
        payment_id=event.payment_id,
        amount=event.amount,
        value_on=event.value_on,
        open_after=event.open_after,
    )
    return await _once_known(work, message, command, "no case for this invoice")


async def on_reversed(work: Work, message: Message[PaymentReversed]) -> Outcome:
    """Money was taken back; whether that is a miss again, ``PaymentMissed`` says (PAY-4)."""
    event = message.event
    command = RecordPayment(
        now=work.now,
        **await _policy(work),
        invoice_id=event.invoice_id,
        payment_id=event.payment_id,
        amount=-event.amount,
        value_on=event.reversed_on,
        open_after=event.open_after,
    )
    return await _once_known(work, message, command, "no running case for this invoice")


async def on_settled(work: Work, message: Message[InvoiceSettled]) -> Outcome:
    """Nothing is open any more (DUN-6)."""
    command = RecordSettled(now=work.now, **await _policy(work), invoice_id=message.event.invoice_id)
    return await _once_known(work, message, command, "no running case for this invoice")


async def on_written_off(work: Work, message: Message[RemainderWrittenOff]) -> Outcome:
    """What was too little to ask for is booked (DUN-6)."""
    command = RecordSettled(now=work.now, **await _policy(work), invoice_id=message.event.invoice_id, is_written_off=True)
    return await _once_known(work, message, command, "no running case for this invoice")


async def on_delivered(work: Work, message: Message[InvoiceDelivered]) -> Outcome:
    """The proof of receipt (DUN-4)."""
    event = message.event
    command = ProveDelivery(now=work.now, **await _policy(work), invoice_id=event.invoice_id, delivered_at=event.delivered_at)
    return await _once_known(work, message, command, "no running case lacks this proof")


async def on_cleared(work: Work, message: Message[StepCleared]) -> Outcome:
    """The step may be taken (DUN-14)."""
    event = message.event
    command = TakeClearance(
        now=work.now,
        **await _policy(work),
        case_id=event.case_id,
        proposal=event.proposal,
        open_amount=event.open_amount,
        booked_until=event.booked_until,
        beside=event.beside,
        credits=event.credits,
    )
    return await _once_known(work, message, command, "the proposal is not waited for any more")


async def on_stopped(work: Work, message: Message[StepStopped]) -> Outcome:
    """The step is not to be taken (DUN-14)."""
    event = message.event
    command = TakeRefusal(now=work.now, **await _policy(work), case_id=event.case_id, proposal=event.proposal, reason=event.reason)
    return await _once_known(work, message, command, "the proposal is not waited for any more")


async def on_goods(work: Work, message: Message[Any]) -> Outcome:
    """Projects, goods, leases and warranties: what is owed for them comes from invoice-svc, when it is missed."""
    return NoEffect("nothing is owed before it is invoiced and missed")


async def _once_known(work: Work, message: Message[Any], command: AccountCommand, otherwise: str) -> Outcome:
    """Carry out once the account itself is known: invoice-svc may be heard before contracts-svc.

    Every fact about money waits for that, so that their order stays.
    """
    account = message.envelope.account
    if (await work.load(ACCOUNT, account)).known is None:
        return Waiting(f"account/{account}", "the account is not known here yet")
    return Handled() if await work.execute(ACCOUNT, account, command, account=account) else NoEffect(otherwise)


async def _policy(work: Work) -> dict[str, Any]:
    current = await work.load(POLICY, CURRENT)
    return {"policy": current.value, "policy_version": current.version}


def _streams(message: Message[Any]) -> list[tuple[Any, str]]:
    return [(ACCOUNT, message.envelope.account), (POLICY, CURRENT)]


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction(publisher="invoice", event=ProviderProfileChanged, handle=on_profile),
    Reaction(publisher="contracts", event=AccountOpened, handle=on_account, streams=_streams),
    Reaction(publisher="contracts", event=AccountChanged, handle=on_account, streams=_streams),
    *(Reaction(publisher="contracts", event=event, handle=on_goods) for event in GOODS),
    Reaction(publisher="invoice", event=PaymentMissed, handle=on_missed, streams=_streams),
    Reaction(publisher="invoice", event=PaymentMissWithdrawn, handle=on_withdrawn, streams=_streams),
    Reaction(publisher="invoice", event=PaymentReceived, handle=on_received, streams=_streams),
    Reaction(publisher="invoice", event=PaymentReversed, handle=on_reversed, streams=_streams),
    Reaction(publisher="invoice", event=InvoiceSettled, handle=on_settled, streams=_streams),
    Reaction(publisher="invoice", event=RemainderWrittenOff, handle=on_written_off, streams=_streams),
    Reaction(publisher="invoice", event=InvoiceDelivered, handle=on_delivered, streams=_streams),
    Reaction(publisher="invoice", event=StepCleared, handle=on_cleared, streams=_streams),
    Reaction(publisher="invoice", event=StepStopped, handle=on_stopped, streams=_streams),
)
