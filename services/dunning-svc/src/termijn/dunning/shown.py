"""What dunning-svc answers, as the OpenAPI document describes it (API-3). Amounts are euros, VAT included."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from termijn.runtime.http import Page

STEP = "A step of the ladder, as the policy names it: reminder, second_reminder, formal_notice, final_demand, bailiff ..."


class Held(BaseModel):
    """A hold as it was placed (DUN-14)."""

    hold_id: str
    since: date
    until: date


class Lifted(BaseModel):
    """A hold that is over."""

    hold_id: str
    state: Literal["lifted"]


class Accepted(BaseModel):
    """The account whose suspended modules end (DUN-9)."""

    account: str


class Case(BaseModel):
    """A missed invoice on its way up the ladder (DUN-1)."""

    case_id: str
    account: str
    invoice_id: str
    number: str
    state: Literal["open", "handed_over", "closed"]
    opened_on: date
    issued_on: date
    due_on: date
    ladder_due_on: date = Field(description="What the ladder counts from: the due day, or the day of a reversal (PAY-4).")
    stream: str
    gross: Decimal
    open_amount: Decimal
    next_step: str | None = Field(description=STEP)
    next_on: date | None
    rests: list[str] = Field(description="What it waits for (DUN-5): a hold, proof, money in collection ...")
    closed_on: date | None
    close_reason: str | None


class Entry(BaseModel):
    """A line of a case's history: who did what and why it was allowed (SEC-3)."""

    day: date
    kind: str
    amount: Decimal | None
    open_after: Decimal | None
    detail: str
    actor: str
    why: str
    version: int


class Planned(BaseModel):
    """A step and the day that it is planned for."""

    step: str = Field(description=STEP)
    on: date


class WholeCase(Case):
    """A case with its plan; the history is for the provider's people."""

    steps: list[Planned]
    history: list[Entry] | None = None


class Column(BaseModel):
    """A column of the board: what comes next for these cases."""

    step: str
    cases: int
    open_amount: Decimal
    resting: int


class Board(BaseModel):
    """A column per step."""

    columns: list[Column]


class Item(BaseModel):
    """What a letter says of one invoice (DUN-1, DUN-3)."""

    case_id: str
    invoice_id: str
    number: str
    step: str = Field(description=STEP)
    open_amount: Decimal
    issued_on: date
    due_on: date
    last_payment_on: date
    handover_on: date | None
    suspension_on: date | None


class Letter(BaseModel):
    """A letter: decided, sent, or dropped because it was no longer due."""

    letter_id: str
    account: str
    on_day: date
    state: Literal["due", "sent", "dropped"]
    sent_on: date | None
    message_id: str | None
    drop_reason: str | None
    items: list[Item] | None


class Task(BaseModel):
    """Something for a person."""

    task_id: str
    account: str
    case_id: str | None
    kind: str
    assignee: str
    reason: str
    due_on: date


class Hold(BaseModel):
    """A hold with its reason and dates (DUN-14)."""

    hold_id: str
    account: str
    invoice_id: str | None
    reason: str | None = Field(description="Null once the account was erased.")
    since: date
    until_day: date
    state: Literal["running", "ended", "lifted"]
    ended_on: date | None


class Handover(BaseModel):
    """A claim that is with the bailiff (DUN-5)."""

    case_id: str
    account: str
    invoice_id: str
    number: str
    invoice_date: date
    handover_on: date
    principal: Decimal
    collection_costs: Decimal
    interest: Decimal
    open_amount: Decimal
    dossier_sha256: str


CASES, LETTERS, TASKS, HOLDS, HANDOVERS = Page[Case], Page[Letter], Page[Task], Page[Hold], Page[Handover]
