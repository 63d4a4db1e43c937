"""Loading a bank statement and dealing with what matched nothing in it, over all streams that it touches (PAY-3, TIM-3).

Whoever reads the bank's word (an HTTP call now, a reader of bank files later) comes through here.
"""

from collections.abc import Sequence
from datetime import date

from termijn.invoice import booking
from termijn.invoice.bank_statement import BANK_STATEMENT, LoadStatement
from termijn.invoice.errors import NoSuchMoney
from termijn.invoice.receivable import Receivable
from termijn.invoice.unmatched_money import (
    UNMATCHED_MONEY,
    AssignMoney,
    MoneyUnmatched,
    NoteUnmatched,
    SetMoneyAside,
    Unmatched,
    account_of_money,
)
from termijn.kernel.ids import CATALOGUE, InvoiceId, PaymentId
from termijn.runtime.handling import Work


async def load_statement(work: Work, *, statement_id: str, booked_through: date, unmatched: Sequence[MoneyUnmatched]) -> None:
    """All that the bank booked up to that day is known, payments included; what matched nothing waits for a person. Once."""
    ids = tuple(money.money_id for money in unmatched)
    command = LoadStatement(now=work.now, statement_id=statement_id, booked_through=booked_through, unmatched=ids)
    await work.execute(BANK_STATEMENT, statement_id, command, account=CATALOGUE)
    for money in unmatched:
        note = NoteUnmatched(now=work.now, money=money)
        await work.execute(UNMATCHED_MONEY, money.money_id, note, account=account_of_money(money.money_id))


async def assign(work: Work, *, money_id: str, invoice_id: InvoiceId) -> Receivable:
    """The money pays this invoice, on the day that it came in; what is too much becomes a credit of the account (PAY-6)."""
    command = AssignMoney(now=work.now, money_id=money_id, invoice_id=invoice_id)
    await work.execute(UNMATCHED_MONEY, money_id, command, account=account_of_money(money_id))
    state = await work.load(UNMATCHED_MONEY, money_id)
    if not isinstance(state, Unmatched):
        raise NoSuchMoney(money_id=money_id)
    money = state.money
    return await booking.receive(
        work,
        invoice_id=invoice_id,
        payment_id=PaymentId(money_id),
        amount=money.amount,
        method="transfer",
        value_on=money.value_on,
        booked_on=money.booked_on,
    )


async def set_aside(work: Work, *, money_id: str, reason: str) -> None:
    """The money pays no invoice, for this reason."""
    command = SetMoneyAside(now=work.now, money_id=money_id, reason=reason)
    await work.execute(UNMATCHED_MONEY, money_id, command, account=account_of_money(money_id))
