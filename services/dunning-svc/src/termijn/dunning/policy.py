"""The choices a provider makes about dunning, as versioned data with defaults."""

import re
from decimal import Decimal
from typing import Literal

import msgspec

from termijn.dunning.errors import PolicyNotUsable
from termijn.events.base import Event
from termijn.events.dunning import Step
from termijn.runtime.setting import setting

HANDOVER_DAYS_MIN = 60
"""No claim goes to the bailiff before this many days after the invoice date, whatever the ladder says (DUN-5)."""

DAYS_MAX = 400
"""No rung and no wait of a policy is longer: what is older than a year is a matter for people."""

HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
"""A time of day."""


class Rung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of the ladder: ``days`` after the due date or the invoice date (DUN-1)."""

    step: Step
    counts_from: Literal["due", "invoice"]
    days: int


LADDER = (
    Rung(step="reminder", counts_from="due", days=3),
    Rung(step="second_reminder", counts_from="due", days=10),
    Rung(step="formal_notice", counts_from="invoice", days=45),
    Rung(step="final_demand", counts_from="invoice", days=52),
    Rung(step="bailiff", counts_from="invoice", days=60),
)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When things happen on their day, as HH:MM in Amsterdam, in this order (TIM-3)."""

    proposals_at: str = "08:00"
    letters_at: str = "10:00"
    handovers_at: str = "17:00"


class Letterhead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who writes, and where the money goes: printed on every letter. Empty parts are left out."""

    name: str = ""
    iban: str = ""
    email: str = ""
    phone: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider may set. Days are calendar days, amounts gross euros.

    - ``ladder``: the steps in their order (DUN-1).
    - ``days_between_steps``, ``days_after_due_min``: DUN-2. ``days_to_pay_min``: DUN-3.
    - ``handover_min``: a smaller claim goes to a manager (DUN-5). ``remainder_written_off_below``: DUN-6.
    - ``structural_misses``: distinct due days in ``structural_months`` (DUN-9); ``warning_days`` lie between warning and
      suspension; ``suspension_claim_min`` must be overdue at both; ``suspension_reaches`` says which modules;
      ``termination_days`` after the suspension a manager decides. ``suspends_single_case``: a single case past its final demand
      is enough, and that letter is the warning.
    - ``proposals_at``, ``letters_at`` (suspensions too), ``handovers_at``: the hours of the day, HH:MM in Amsterdam (TIM-3).
    - ``hold_days_max``: the longest hold that a manager may set at once (DUN-14).
    """

    ladder: tuple[Rung, ...] = LADDER
    days_between_steps: int = 5
    days_after_due_min: int = 3
    days_to_pay_min: int = 5
    handover_min: Decimal = Decimal("25.00")
    remainder_written_off_below: Decimal = Decimal("1.00")
    structural_misses: int = 3
    structural_months: int = 12
    warning_days: int = 7
    suspension_claim_min: Decimal = Decimal("25.00")
    suspension_reaches: Literal["unpaid_streams", "all"] = "unpaid_streams"
    termination_days: int = 30
    suspends_single_case: bool = False
    proposals_at: str = Hours().proposals_at
    letters_at: str = Hours().letters_at
    handovers_at: str = Hours().handovers_at
    hold_days_max: int = 366
    letterhead: Letterhead = Letterhead()

    @property
    def hours(self) -> Hours:
        """The three hours together."""
        return Hours(proposals_at=self.proposals_at, letters_at=self.letters_at, handovers_at=self.handovers_at)


def check(policy: Policy) -> None:
    """Raise ``PolicyNotUsable`` with the field named where decisions could not follow this policy (SEC-4)."""
    steps = [rung.step for rung in policy.ladder]
    if not steps or len(set(steps)) != len(steps):
        raise PolicyNotUsable(field="ladder", reason="name each step once, and at least one")
    order = [rung.step for rung in LADDER]
    if [order.index(step) for step in steps] != sorted(order.index(step) for step in steps):
        raise PolicyNotUsable(field="ladder", reason=f"the order of the steps is {', '.join(order)}")
    for index, rung in enumerate(policy.ladder):
        if not 0 <= rung.days <= DAYS_MAX:
            raise PolicyNotUsable(field=f"ladder.{index}.days", reason=f"between 0 and {DAYS_MAX}")
    lowest = {"days_between_steps": 1, "days_to_pay_min": 1, "structural_misses": 1, "structural_months": 1, "hold_days_max": 1}
    for name in ("days_after_due_min", "warning_days", "termination_days", *lowest):
        if not lowest.get(name, 0) <= getattr(policy, name) <= DAYS_MAX:
            raise PolicyNotUsable(field=name, reason=f"between {lowest.get(name, 0)} and {DAYS_MAX}")
    for name in ("handover_min", "remainder_written_off_below", "suspension_claim_min"):
        amount: Decimal = getattr(policy, name)
        if not amount.is_finite() or not 0 <= amount <= 10_000:
            raise PolicyNotUsable(field=name, reason="between 0.00 and 10000.00")
    _check_hours(policy)


def _check_hours(policy: Policy) -> None:
    """A proposal is answered before the letters leave, and letters leave before handovers (TIM-3)."""
    before = ""
    for name in ("proposals_at", "letters_at", "handovers_at"):
        hour: str = getattr(policy, name)
        if not re.fullmatch(HOUR, hour, re.ASCII):
            raise PolicyNotUsable(field=name, reason="write it as HH:MM, from 00:00 to 23:59")
        if hour <= before:
            raise PolicyNotUsable(field=name, reason="the order of the day is proposals, letters, handovers")
        before = hour


# -- Events: their names are stored forever --------------------------------------------------------------------------


class PolicySet(Event, frozen=True, kw_only=True):
    """This policy counts for decisions from now on; ``version`` is named by events that depended on it."""

    version: int
    policy: Policy


POLICY = setting("dunning_policy", event=PolicySet, field="policy", kind=Policy, initial=Policy(), check=check)
