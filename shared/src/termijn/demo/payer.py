"""How the customers pay: what each of them does on a day, decided from what they have in front of them.

Pure: a payer sees open invoices, the letters that came, and whether the service still works. It does not see the system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, assert_never

Step = Literal["reminder", "second_reminder", "formal_notice", "final_demand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Leaves debits to the bank and transfers what is not debited a few days before it is due."""

    days_before_due: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterLetter:
    """Pays the first ``invoices`` only once this letter came, ``days`` later; afterwards pays promptly."""

    step: Step
    days: int = 1
    invoices: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InParts:
    """Pays a share of the first invoice on time and the rest after the reminder; afterwards pays promptly."""

    first_share: Decimal = Decimal("0.40")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDay:
    """Pays the first invoice on this day after its date, whatever letters come; afterwards pays promptly."""

    days_after_issue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverFirst:
    """Never pays the first invoice (and does not say why); pays the others promptly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlwaysLate:
    """Pays each invoice a day after its second reminder; once warned of suspension, nothing until the service is off for some days.

    Having been without it once, pays promptly.
    """

    days_off: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounces:
    """A payer by debit whose bank sends the ``nth`` debit back some bank days later; otherwise ``Prompt``.

    After a code that blocks the mandate the invoice is transferred once the reminder came.
    """

    reason_code: str
    nth: int = 1
    bank_days_later: int = 3


Behaviour = Prompt | AfterLetter | InParts | OnDay | NeverFirst | AlwaysLate | Bounces


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """What the customer knows of an open invoice. ``nth`` counts the account's invoices from 1; ``letters`` say when which letter came."""

    invoice_id: str
    nth: int
    issued_on: date
    due_on: date
    gross: Decimal
    open_amount: Decimal
    is_debited: bool
    letters: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that a customer goes by on a day. ``suspended_on`` is set while the service is off, ``resumed_on`` once it works again."""

    today: date
    invoices: Sequence[OpenInvoice]
    warned_on: date | None = None
    suspended_on: date | None = None
    resumed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A transfer that the customer makes today."""

    invoice_id: str
    amount: Decimal


def pays(behaviour: Behaviour, standing: Standing) -> list[Payment]:
    """The transfers that this customer makes today, one per invoice that it pays (something of)."""
    payments = ((invoice, _amount(behaviour, invoice, standing)) for invoice in standing.invoices if invoice.open_amount > 0)
    return [Payment(invoice_id=invoice.invoice_id, amount=amount) for invoice, amount in payments if amount > 0]


def _amount(behaviour: Behaviour, invoice: OpenInvoice, standing: Standing) -> Decimal:
    everything, nothing = invoice.open_amount, Decimal(0)
    match behaviour:
        case Prompt(days_before_due=days):
            wants = not invoice.is_debited and standing.today >= invoice.due_on - timedelta(days=days)
        case AfterLetter(step=step, days=days, invoices=late):
            wants = _letter_age(invoice, step, standing.today) >= days if invoice.nth <= late else _promptly(invoice, standing)
        case InParts(first_share=share):
            return _part(invoice, share, standing)
        case OnDay(days_after_issue=days):
            wants = (standing.today - invoice.issued_on).days >= days if invoice.nth == 1 else _promptly(invoice, standing)
        case NeverFirst():
            wants = invoice.nth > 1 and _promptly(invoice, standing)
        case AlwaysLate(days_off=days_off):
            if standing.resumed_on is not None:
                wants = _promptly(invoice, standing)
            elif standing.suspended_on is not None:
                wants = (standing.today - standing.suspended_on).days >= days_off
            else:
                wants = standing.warned_on is None and _letter_age(invoice, "second_reminder", standing.today) >= 1
        case Bounces():
            wants = _letter_age(invoice, "reminder", standing.today) >= 1 or _promptly(invoice, standing)
        case _:
            assert_never(behaviour)
    return everything if wants else nothing


def _promptly(invoice: OpenInvoice, standing: Standing) -> bool:
    return _amount(Prompt(), invoice, standing) > 0


def _letter_age(invoice: OpenInvoice, step: str, today: date) -> int:
    """Days since that letter came; -1 where it has not."""
    came_on = invoice.letters.get(step)
    return -1 if came_on is None else (today - came_on).days


def _part(invoice: OpenInvoice, share: Decimal, standing: Standing) -> Decimal:
    if invoice.nth > 1:
        return _amount(Prompt(), invoice, standing)
    if invoice.open_amount < invoice.gross:
        return invoice.open_amount if _letter_age(invoice, "reminder", standing.today) >= 1 else Decimal(0)
    return (invoice.gross * share).quantize(Decimal(1)) if _promptly(invoice, standing) else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """The bank takes a collected debit back, so many bank days after it was booked."""

    reason_code: str
    bank_days_later: int


def bounce(behaviour: Behaviour, *, nth_debit: int) -> Bounce | None:
    """What the debtor's bank does with the account's ``nth_debit`` (from 1): nothing, or send it back."""
    match behaviour:
        case Bounces(reason_code=code, nth=nth, bank_days_later=days) if nth == nth_debit:
            return Bounce(reason_code=code, bank_days_later=days)
        case _:
            return None
