"""What callers may send: every field with its limits, nothing else; so that bad input is a problem with the field named (SEC-4)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from fastapi import Path
from pydantic import AfterValidator, Field
from stdnum import iban as iban_number
from stdnum.eu import at_02, vat
from stdnum.exceptions import ValidationError as NotValid

from termijn.invoice.policy import Policy, Profile, ReversalRule, default_reversals
from termijn.kernel.money import cents
from termijn.runtime.http.fields import Body, Country, Day, Email, ExactDecimal, FilledLine, Flag, Line

INVOICE_ID = r"^[a-z0-9][a-z0-9-]{0,39}\.[0-9]{1,9}$"
PAYMENT_ID = r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,69}$"
TASK_ID = r"^[a-z0-9][a-z0-9.-]{0,49}~[a-z_]{1,30}$"


def _checked(validate: Callable[[str], str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            return validate(value)
        except NotValid:
            raise ValueError(f"is no valid {what}") from None

    return check


Money = Annotated[ExactDecimal, Field(ge=0, max_digits=12, decimal_places=2), AfterValidator(cents)]
PositiveMoney = Annotated[ExactDecimal, Field(gt=0, max_digits=12, decimal_places=2), AfterValidator(cents)]
"""Amounts as they are written, kept and shown with two decimals."""
InvoicePath = Annotated[str, Path(pattern=INVOICE_ID)]
PaymentPath = Annotated[str, Path(pattern=PAYMENT_ID)]
MoneyPath = Annotated[str, Path(pattern=PAYMENT_ID)]
TaskPath = Annotated[str, Path(pattern=TASK_ID)]
ReasonCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$")]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]
Series = Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]


class PaymentBody(Body):
    """Money that came in (PAY-5). ``value_on`` is the day that counts; ``booked_on`` today where not said.

    ``payment_id`` is the bank's or yours, of any form but that of our documents ("acme.12").
    """

    payment_id: Annotated[str, Field(pattern=PAYMENT_ID)]
    amount: PositiveMoney
    value_on: Day
    method: Literal["direct_debit", "transfer"]
    booked_on: Day | None = None


class ReversalBody(Body):
    """A payment that the bank took back (PAY-4). The reason is its ISO 20022 code."""

    reason_code: ReasonCode
    reversed_on: Day


class RejectionBody(Body):
    """A debit that the bank refused before it was booked (PAY-5)."""

    reason_code: ReasonCode
    rejected_on: Day


class UnmatchedBody(Body):
    """Money of a statement that matches nothing, with its payer as far as the bank says (TIM-3).

    ``money_id`` becomes the id of its payment, and is of any form but that of our documents ("acme.12").
    """

    money_id: Annotated[str, Field(pattern=PAYMENT_ID)]
    amount: PositiveMoney
    value_on: Day
    booked_on: Day | None = None
    iban: Annotated[str, Field(max_length=50), AfterValidator(_checked(iban_number.validate, "IBAN"))] | None = None
    name: FilledLine | None = None
    reference: Line | None = None


class StatementBody(Body):
    """A bank statement: everything that was booked up to and including that day is known, payments first (TIM-3)."""

    statement_id: Annotated[str, Field(pattern=PAYMENT_ID)]
    booked_through: Day
    unmatched: Annotated[list[UnmatchedBody], Field(max_length=500)] = Field(default=[])


class AssignmentBody(Body):
    """Which invoice unmatched money pays."""

    invoice_id: Annotated[str, Field(pattern=INVOICE_ID)]


class SettingAsideBody(Body):
    """Why unmatched money pays no invoice."""

    reason: FilledLine


class ProfileBody(Body):
    """The provider itself, as its documents show it."""

    name: FilledLine
    street: FilledLine
    postcode: FilledLine
    city: FilledLine
    country: Country = "NL"
    vat_number: Annotated[str, Field(max_length=30), AfterValidator(_checked(vat.validate, "VAT number"))]
    chamber_of_commerce: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    iban: Annotated[str, Field(max_length=50), AfterValidator(_checked(iban_number.validate, "IBAN"))]
    creditor_id: Annotated[str, Field(max_length=50), AfterValidator(_checked(at_02.validate, "creditor id"))] | None = None
    email: Email
    phone: Line = ""

    def profile(self) -> Profile:
        """As the service has it."""
        return msgspec.convert(self.model_dump(), Profile)


class ReversalRuleBody(Body):
    """What follows a reason code (PAY-4)."""

    collects_again: Flag = False
    blocks_mandate: Flag = False
    is_our_mistake: Flag = False
    task: Literal["our_mistake", "contact_debtor", "person_decides", "mandate_blocked"] | None = None


class PolicyBody(Body):
    """The whole policy; what is left out takes its default. ``reversals`` replaces the default of the codes it names."""

    run_day: Annotated[int, Field(strict=True, ge=1, le=28)] = 1
    run_deadline_hours: Annotated[int, Field(strict=True, ge=1, le=24 * 28)] = 24
    subscription_minimum: Money = Decimal("15.00")
    support_minimum: Money = Decimal("50.00")
    small_order_max: Money = Decimal("300.00")
    support_runs: Literal["twice_a_month", "monthly", "working_days"] = "twice_a_month"
    subscription_term_days: Days = 8
    other_term_days: Days = 30
    longest_term_days: Days = 60
    number_format: Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")] = "{year}{number:06d}"
    invoice_series: Series = "F"
    credit_note_series: Series = "C"
    test_series: Series = "T"
    collect_again_days: Annotated[int, Field(strict=True, ge=14, le=60)] = 14
    collections_max: Annotated[int, Field(strict=True, ge=1, le=3)] = 2
    loads_statements: Flag = False
    reversals: Annotated[dict[ReasonCode, ReversalRuleBody], Field(max_length=200)] = Field(default={})

    def policy(self) -> Policy:
        """As the service has it."""
        own = {code: ReversalRule(**rule.model_dump()) for code, rule in self.reversals.items()}
        facts = self.model_dump(exclude={"reversals"})
        return Policy(**facts, reversals={**default_reversals(), **own})
