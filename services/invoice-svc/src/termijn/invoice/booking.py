"""Booking money over the streams that it touches: the invoice, the account's credit, the mandate. Whoever brings the money
(an HTTP call now, a bank file later) comes through here."""

from datetime import date
from decimal import Decimal

from termijn.events.invoice import Collection
from termijn.invoice.credit_balance import CREDIT_BALANCE, RecordCredit, WithdrawCredit, is_document_id
from termijn.invoice.errors import NoSuchInvoice, NoSuchPayment, NotIssued, PaymentIdTaken
from termijn.invoice.invoice import INVOICE
from termijn.invoice.invoice_command import ReceivePayment, RejectDebit, ReversePayment
from termijn.invoice.payer import PAYER, BlockMandate, Mandate
from termijn.invoice.policy import POLICY, Policy
from termijn.invoice.receivable import PaymentBooked, Receivable
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import AccountId, InvoiceId, PaymentId
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.invoice", "queries.sql")


async def account_of(work: Work, invoice_id: InvoiceId) -> AccountId:
    """Whose document it is. Raises ``NoSuchInvoice``, or ``NotIssued`` for a draft."""
    rows = await work.fetch(SQL["document_account"], work.provider, invoice_id)
    if not rows:
        raise NoSuchInvoice(invoice_id=invoice_id)
    if rows[0]["number"] is None:
        raise NotIssued(invoice_id=invoice_id)
    return AccountId(rows[0]["account"])


async def draft_account(work: Work, invoice_id: InvoiceId) -> AccountId:
    """Whose draft or document it is. Raises ``NoSuchInvoice``."""
    rows = await work.fetch(SQL["document_account"], work.provider, invoice_id)
    if not rows:
        raise NoSuchInvoice(invoice_id=invoice_id)
    return AccountId(rows[0]["account"])


async def receive(
    work: Work,
    *,
    invoice_id: InvoiceId,
    payment_id: PaymentId,
    amount: Decimal,
    method: Collection,
    value_on: date,
    booked_on: date,
) -> Receivable:
    """Book a payment on an invoice, once per payment id of the provider; what is too much becomes a credit (PAY-6)."""
    rows = await work.fetch(SQL["payment"], work.provider, payment_id)
    if rows and rows[0]["invoice_id"] != invoice_id:
        raise PaymentIdTaken(field="payment_id", payment_id=payment_id, invoice_id=rows[0]["invoice_id"])
    if not rows and is_document_id(payment_id):
        raise InvalidInput(field="payment_id", reason="it has the form of the ids of our own documents; put something before it")
    account = await account_of(work, invoice_id)
    command = ReceivePayment(
        now=work.now,
        invoice_id=invoice_id,
        payment_id=payment_id,
        amount=amount,
        method=method,
        value_on=value_on,
        booked_on=booked_on,
    )
    events = await work.execute(INVOICE, invoice_id, command, account=account)
    for booked in events:
        if isinstance(booked, PaymentBooked) and booked.surplus:
            credit = RecordCredit(
                now=work.now, credit_id=payment_id, source="overpayment", amount=booked.surplus, arisen_on=booked.booked_on
            )
            await work.execute(CREDIT_BALANCE, account, credit, account=account)
    return await _invoice(work, invoice_id)


async def reverse(work: Work, *, payment_id: PaymentId, reason_code: str, reversed_on: date) -> Receivable:
    """The bank took a payment back (PAY-4): the invoice is open again, its surplus no credit any more, its mandate perhaps blocked."""
    rows = await work.fetch(SQL["payment"], work.provider, payment_id)
    if not rows:
        raise NoSuchPayment(payment_id=payment_id)
    invoice_id, account = InvoiceId(rows[0]["invoice_id"]), AccountId(rows[0]["account"])
    policy = (await work.load(POLICY, CURRENT)).value
    command = ReversePayment(
        now=work.now,
        payment_id=payment_id,
        reason_code=reason_code,
        reversed_on=reversed_on,
        mandate=await _mandate_left(work, account, policy, reason_code),
        policy=policy,
    )
    if await work.execute(INVOICE, invoice_id, command, account=account):
        await work.execute(CREDIT_BALANCE, account, WithdrawCredit(now=work.now, credit_id=payment_id), account=account)
        if rows[0]["method"] == "direct_debit":
            await _block_mandate(work, invoice_id, account, policy, reason_code)
    return await _invoice(work, invoice_id)


async def reject(work: Work, *, invoice_id: InvoiceId, reason_code: str, rejected_on: date) -> Receivable:
    """The bank refused a debit before it was booked (PAY-5); its mandate is perhaps blocked (PAY-4)."""
    account = await account_of(work, invoice_id)
    policy = (await work.load(POLICY, CURRENT)).value
    command = RejectDebit(
        now=work.now,
        invoice_id=invoice_id,
        reason_code=reason_code,
        rejected_on=rejected_on,
        mandate=await _mandate_left(work, account, policy, reason_code),
        policy=policy,
    )
    await work.execute(INVOICE, invoice_id, command, account=account)
    await _block_mandate(work, invoice_id, account, policy, reason_code)
    return await _invoice(work, invoice_id)


async def _mandate_left(work: Work, account: AccountId, policy: Policy, reason_code: str) -> Mandate | None:
    """What may be collected with again: nothing where the reason says that the mandate is no good."""
    payer = await work.load(PAYER, account)
    return None if policy.reversal(reason_code).blocks_mandate else payer.usable_mandate


async def _block_mandate(work: Work, invoice_id: InvoiceId, account: AccountId, policy: Policy, reason_code: str) -> None:
    debit = (await _invoice(work, invoice_id)).debit
    if debit is not None and policy.reversal(reason_code).blocks_mandate:
        block = BlockMandate(now=work.now, mandate_id=debit.mandate_id, reason_code=reason_code)
        await work.execute(PAYER, account, block, account=account)


async def _invoice(work: Work, invoice_id: InvoiceId) -> Receivable:
    state = await work.load(INVOICE, invoice_id)
    assert isinstance(state, Receivable), "only an invoice takes money"
    return state
