"""What invoice-svc answers, as the OpenAPI document describes it (API-3). Amounts are gross euros where nothing else is said."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from termijn.kernel.money import cents
from termijn.runtime.http import Page

PERCENTAGES = ("rate",)
"""Decimals of an answer that are no amounts."""


def in_cents(body: Any) -> Any:
    """An answer with each of its amounts in euros and two decimals, also where a sum of nothing is "0": "0.00"."""
    match body:
        case Mapping():
            return {name: value if name in PERCENTAGES else in_cents(value) for name, value in body.items()}
        case list() | tuple():
            return [in_cents(item) for item in body]
        case Decimal():
            assert body == cents(body), f"{body} is not in whole cents"
            return cents(body)
        case _:
            return body


Stream = Literal["subscription", "support", "project", "hardware"]


class Document(BaseModel):
    """An invoice or a credit note; it never changes, what is paid on it does (INV-7)."""

    invoice_id: str
    account: str
    kind: Literal["invoice", "credit_note"]
    number: str
    stream: Stream
    issued_on: date
    due_on: date | None
    collection: str | None = Field(description="How it is paid: direct_debit or transfer; null for a credit note.")
    net: Decimal
    gross: Decimal
    paid: Decimal
    credited: Decimal
    written_off: Decimal
    open: Decimal
    state: Literal["open", "missed", "settled", "credit_note"]
    settled_on: date | None
    delivered_at: datetime | None
    is_test: bool
    is_billed_elsewhere: bool = Field(description="A lease company owes it, and not the account (CON-11).")


class Payment(BaseModel):
    """Money for an invoice; ``surplus`` is what was too much and became a credit (PAY-6)."""

    payment_id: str
    amount: Decimal
    applied: Decimal
    surplus: Decimal
    method: str
    value_on: date
    booked_on: date
    reversed_on: date | None
    reason_code: str | None = Field(description="Of a reversal: the ISO 20022 code of the bank.")


class Debit(BaseModel):
    """A direct debit of an invoice."""

    attempt: int
    mandate_id: str | None
    mandate_reference: str | None
    collect_on: date
    submit_on: date
    status: Literal["planned", "submitted", "booked", "failed", "withdrawn"]
    amount: Decimal | None
    end_to_end_id: str | None


class VatAmount(BaseModel):
    """VAT of a document for one rate, computed on the sum of its lines (INV-8)."""

    rate: Decimal
    base: Decimal
    vat: Decimal


class WholeDocument(Document):
    """A document with its payments and debits."""

    series: str = Field(description="The series that its number is of (INV-7).")
    vat: list[VatAmount] = Field(description="Base and VAT per rate (INV-8).")
    payments: list[Payment]
    direct_debits: list[Debit]


class Draft(BaseModel):
    """A document without a number yet; with a reason in ``held`` it waits for a person (INV-15)."""

    invoice_id: str
    account: str
    stream: Stream
    run_on: date | None
    is_credit_note: bool
    line_count: int
    drafted_at: datetime
    held: str | None
    state: Literal["draft", "held"]


class Credit(BaseModel):
    """Where an account's credit comes from."""

    credit_id: str
    source: str
    amount: Decimal
    withdrawn: Decimal
    arisen_on: date


class Balance(BaseModel):
    """What an account owes, what it is owed, and, net, what waits for a document."""

    account: str
    open: Decimal
    credit: Decimal
    waiting_net: Decimal
    carried_net: Decimal
    drafted_net: Decimal
    credits: list[Credit]


class WaitingLine(BaseModel):
    """A line that is on no document yet, and the named place in which it waits (INV-17). ``net`` is without VAT."""

    line_id: str
    stream: Stream
    place: str
    source: str
    module_id: str | None
    article: str
    period: str | None
    period_from: date | None
    net: Decimal
    draft_id: str | None


class Released(BaseModel):
    """A draft that goes on to its number."""

    invoice_id: str
    state: Literal["draft"]


class Redelivered(BaseModel):
    """A document that will be sent again."""

    invoice_id: str


class Planned(BaseModel):
    """The debit of an invoice as it stands."""

    attempt: int
    status: str
    collect_on: date


class Booked(BaseModel):
    """What a booking did to its invoice; of a payment also what of it was applied."""

    invoice_id: str
    number: str
    open: Decimal
    misses: int
    payment_id: str | None = None
    applied: Decimal | None = None
    surplus: Decimal | None = None
    direct_debit: Planned | None = None


class Run(BaseModel):
    """A run: of subscriptions over a closed period (INV-2), or of support over what waits on its day (INV-4)."""

    kind: Literal["subscription", "support"]
    period: str = Field(description="The month that is billed; of a run of support the month that it is in.")
    run_on: date
    state: Literal["planned", "open", "closed"]
    opened_at: datetime | None = Field(description="Null while it is planned.")
    expected: int | None = Field(description="Accounts that it has to do with; null while a run of subscriptions is planned.")
    billed: int = Field(description="Accounts for which it drafted documents.")
    carried: int = Field(description="Accounts whose amount it left for a later run, because it was too small (INV-3).")
    missing: int | None = Field(description="Accounts that rating had not closed at the deadline; null before it.")
    still_missing: list[str] = Field(description="Accounts named at the deadline that rating has still not closed.")


class Missing(BaseModel):
    """An account that a run named at its deadline."""

    account: str
    arrived_since: bool


class DirectDebit(Debit):
    """A direct debit with its invoice."""

    invoice_id: str
    account: str
    number: str


class Task(BaseModel):
    """Something for a person."""

    raised_at: datetime
    task_id: str
    kind: str
    account: str | None
    invoice_id: str | None
    reason: str | None


class Done(BaseModel):
    """A task that somebody has looked at."""

    task_id: str


class Loaded(BaseModel):
    """A statement that was loaded (TIM-3)."""

    statement_id: str
    booked_through: date
    unmatched: int


class Statement(BaseModel):
    """All that the bank booked up to that day is known."""

    statement_id: str
    booked_through: date
    loaded_at: datetime


class UnmatchedMoney(BaseModel):
    """Money that matched nothing, with the accounts that get no letter because of it. Names are null once erased."""

    money_id: str
    statement_id: str
    amount: Decimal
    value_on: date
    booked_on: date
    iban: str | None
    name: str | None
    reference: str | None
    state: Literal["open", "assigned", "set_aside"]
    invoice_id: str | None
    reason: str | None
    noted_at: datetime
    accounts: list[str]


class Assigned(BaseModel):
    """Money that pays this invoice now."""

    money_id: str
    invoice_id: str
    open: Decimal


class SetAside(BaseModel):
    """Money that pays no invoice."""

    money_id: str
    state: Literal["set_aside"]


DOCUMENTS, LINES, RUNS, MISSING = Page[Document], Page[WaitingLine], Page[Run], Page[Missing]
DEBITS, TASKS, STATEMENTS, UNMATCHED = Page[DirectDebit], Page[Task], Page[Statement], Page[UnmatchedMoney]
