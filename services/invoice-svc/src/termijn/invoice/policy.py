"""What a provider sets for its invoices, as versioned data, and the provider's own profile as it is printed on documents."""

import string
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from termijn.events.base import Event
from termijn.kernel.errors import InvalidInput
from termijn.runtime.aggregate import Aggregate
from termijn.runtime.setting import InForce, Replace, setting

TaskKind = Literal[
    "debit_unbooked",
    "our_mistake",
    "contact_debtor",
    "person_decides",
    "no_usable_mandate",
    "mandate_blocked",
    "delivery_failed",
    "announcement_failed",
    "unpaid_elsewhere",
]
"""What a person is asked to look at; part of stored events."""

SupportRuns = Literal["twice_a_month", "monthly", "working_days"]
"""When support is billed (INV-4); part of stored events."""

# ---- Data -----------------------------------------------------------------------------------------------------------


class ReversalRule(msgspec.Struct, frozen=True, kw_only=True):
    """What follows when a debit comes back with a reason code (PAY-4). ``task`` asks a person to look."""

    collects_again: bool = False
    blocks_mandate: bool = False
    is_our_mistake: bool = False
    task: TaskKind | None = None


def default_reversals() -> dict[str, ReversalRule]:
    """The reason codes of reference/dutch-facts.md; an unknown code is a person's decision."""
    blocks = dict.fromkeys(
        ("AC01", "AC04", "AC06", "AC13", "AG01", "MD01", "MD02", "SL01"), ReversalRule(blocks_mandate=True, task="mandate_blocked")
    )
    ours = dict.fromkeys(("AM05", "AG02", "BE05", "RC01", "FF01"), ReversalRule(is_our_mistake=True, task="our_mistake"))
    return {
        "AM04": ReversalRule(collects_again=True),
        "MS03": ReversalRule(collects_again=True),
        **blocks,
        **ours,
        "MD06": ReversalRule(task="contact_debtor"),
        "MS02": ReversalRule(task="contact_debtor"),
        "MD07": ReversalRule(task="person_decides"),
    }


UNKNOWN_REASON = ReversalRule(task="person_decides")

RunDay = Annotated[int, msgspec.Meta(ge=1, le=28)]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Defaults of the rules.

    - ``run_day``: day of the month of the subscription run (INV-2). ``run_deadline_hours``: after it, accounts without
      PeriodClosed are named.
    - ``*_minimum``: net euros; a run under it carries (INV-3).
    - ``small_order_max``: orders of goods up to this net sum go with the support run, larger ones are invoiced on delivery (INV-4, INV-5).
    - ``support_runs``: on the 1st and 15th, the 1st alone, or the 1st and 15th working day (INV-4).
    - ``*_term_days``: INV-6; the account's own terms win. ``longest_term_days``: over it an agreement must be on file.
    - ``number_format``: of ``{year}`` and ``{number}``; the series goes before it (INV-7).
    - ``collect_again_days``, ``collections_max``: second collection (PAY-4).
    - ``loads_statements``: bank statements are loaded, so dunning's steps wait for them (TIM-3).
    """

    run_day: RunDay = 1
    run_deadline_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 28)] = 24
    subscription_minimum: Decimal = Decimal("15.00")
    support_minimum: Decimal = Decimal("50.00")
    small_order_max: Decimal = Decimal("300.00")
    support_runs: SupportRuns = "twice_a_month"
    subscription_term_days: Days = 8
    other_term_days: Days = 30
    longest_term_days: Days = 60
    number_format: str = "{year}{number:06d}"
    invoice_series: str = "F"
    credit_note_series: str = "C"
    test_series: str = "T"
    collect_again_days: Annotated[int, msgspec.Meta(ge=14, le=60)] = 14
    collections_max: Annotated[int, msgspec.Meta(ge=1, le=3)] = 2
    loads_statements: bool = False
    reversals: dict[str, ReversalRule] = msgspec.field(default_factory=default_reversals)

    def minimum(self, stream: str) -> Decimal:
        """The least net sum that a run of this stream bills (INV-3); streams of single orders have none."""
        return {"subscription": self.subscription_minimum, "support": self.support_minimum}.get(stream, Decimal(0))

    def reversal(self, reason_code: str) -> ReversalRule:
        """What follows from that reason code."""
        return self.reversals.get(reason_code, UNKNOWN_REASON)

    def series(self, *, is_credit_note: bool, is_test: bool) -> str:
        """Which series numbers a document: test accounts have their own for all of theirs (INV-12)."""
        if is_test:
            return self.test_series
        return self.credit_note_series if is_credit_note else self.invoice_series

    def number(self, *, series: str, year: int, number: int) -> str:
        """A document number as it is printed."""
        return series + self.number_format.format(year=year, number=number)


def check(policy: Policy) -> None:
    """Refuses a policy that could not number documents apart; the field is named."""
    fields = []
    try:
        for _, name, spec, conversion in string.Formatter().parse(policy.number_format):
            if name is not None:
                fields.append(name)
                if conversion or (spec and not (spec.endswith("d") and spec[:-1].isdecimal() and int(spec[:-1]) <= 12)):
                    raise ValueError
    except ValueError:
        raise InvalidInput(field="number_format", reason="only {year} and {number}, each with a width such as :06d") from None
    if sorted(fields) != ["number", "year"] or len(policy.number_format) > 60:
        raise InvalidInput(field="number_format", reason="it needs {year} and {number}, each once")
    series = (policy.invoice_series, policy.credit_note_series, policy.test_series)
    for name, value in zip(("invoice_series", "credit_note_series", "test_series"), series, strict=True):
        if not (value.isascii() and value.isalpha() and value.isupper() and len(value) <= 4):
            raise InvalidInput(field=name, reason="one to four capital letters")
    if len(set(series)) != len(series):
        raise InvalidInput(field="test_series", reason="the three series must differ")
    for name in ("subscription_minimum", "support_minimum", "small_order_max"):
        if getattr(policy, name) < 0:
            raise InvalidInput(field=name, reason="it cannot be negative")


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The provider itself as documents show it. Without a creditor id there are no direct debits."""

    name: str
    street: str
    postcode: str
    city: str
    country: str = "NL"
    vat_number: str
    chamber_of_commerce: str
    iban: str
    creditor_id: str | None = None
    email: str
    phone: str = ""


# ---- Events (names are stored forever) --------------------------------------------------------------------------------


class PolicySet(Event, frozen=True, kw_only=True):
    """The policy from now on; ``version`` counts from 1."""

    version: int
    policy: Policy


class ProfileSet(Event, frozen=True, kw_only=True):
    """The provider's own name and address from now on, for documents issued later."""

    version: int
    profile: Profile


POLICY = setting("invoice_policy", event=PolicySet, field="policy", kind=Policy, initial=Policy(), check=check)

# None until the provider has said who it is: a default would be an invention on a legal document.
PROFILE: Aggregate[InForce[Profile | None], Replace[Profile | None], ProfileSet] = setting(
    "invoice_profile", event=ProfileSet, field="profile", kind=Profile | None, initial=None
)
