"""What invoice-svc refuses.

The tree::

    Refusal
    ├── InvalidInput (422)
    ├── NotFound (404)
    │   ├── NoSuchInvoice         no document of that id
    │   ├── NoSuchPayment         no payment of that id
    │   ├── NoSuchTask            no open task of that id
    │   └── NoSuchMoney           no unmatched money of that id
    └── Conflict (409)
        ├── PaymentIdTaken        the id names another payment
        ├── PaymentAlreadyReversed
        ├── StatementIdTaken      the id names another statement
        ├── MoneyIdTaken          the id names other money
        ├── MoneyDealtWith        it was assigned or set aside before
        ├── NotIssued             a draft takes no money
        ├── NotPayable            a credit note takes no money
        ├── NoLiveDebit           nothing with the bank that could be rejected
        ├── NotHeld               only a held draft is released
        ├── NoDelivery            nothing to deliver again
        └── NumberingOutOfStep    the page was numbered on an older state; the next try reads it again (503)
"""

from termijn.kernel.errors import Busy, Conflict, NotFound


class NoSuchInvoice(NotFound):
    """There is no invoice or credit note {invoice_id}."""


class NoSuchPayment(NotFound):
    """There is no payment {payment_id}."""


class NoSuchTask(NotFound):
    """There is no open task {task_id}."""


class NoSuchMoney(NotFound):
    """There is no unmatched money {money_id}."""


class StatementIdTaken(Conflict):
    """Statement {statement_id} was loaded before with other contents."""


class MoneyIdTaken(Conflict):
    """Unmatched money {money_id} was told before with other contents."""


class MoneyDealtWith(Conflict):
    """Unmatched money {money_id} was {dealt_with} before."""


class PaymentIdTaken(Conflict):
    """Payment {payment_id} was booked before with other contents (it went to {invoice_id})."""


class PaymentAlreadyReversed(Conflict):
    """Payment {payment_id} was reversed before, with other contents."""


class NotIssued(Conflict):
    """{invoice_id} is not issued yet."""


class NotPayable(Conflict):
    """{invoice_id} is a credit note; it takes no payment."""


class NoLiveDebit(Conflict):
    """{invoice_id} has no direct debit with the bank."""


class NotHeld(Conflict):
    """{invoice_id} is not a held draft."""


class NoDelivery(Conflict):
    """{invoice_id} has been delivered or waits for delivery already."""


class NumberingOutOfStep(Busy):
    """The series {series} of {year} stands at another number than was read; try again in a moment."""
