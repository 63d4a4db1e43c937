"""Which claims modules may be suspended over, and on which day a final demand announces it (DUN-9). Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from termijn.dunning.account_state import DunningAccount, HandedOver, OpenCase, Suspended
from termijn.dunning.policy import Policy

LateClaim = OpenCase | HandedOver
"""A claim that is with the bailiff is still unpaid: a suspension that was announced over it may follow."""

_DAY = timedelta(days=1)


def claims_that_count(state: DunningAccount, policy: Policy) -> list[OpenCase]:
    """Undisputed overdue claims that are large enough for a warning or suspension, and that nothing protects (DUN-9, DUN-14)."""
    return [case for _, case in sorted(state.cases.items()) if _counts(case, policy)]


def demanded_claims(state: DunningAccount, policy: Policy) -> list[LateClaim]:
    """Those whose final demand announced a suspension, where policy suspends over a single case (DUN-9)."""
    if not policy.suspends_single_case:
        return []
    open_ones: list[LateClaim] = [case for case in claims_that_count(state, policy) if case.suspension_on is not None]
    handed = [
        claim
        for claim in state.handed_over.values()
        if claim.suspension_on is not None and claim.open_amount >= policy.suspension_claim_min and not state.held(claim.invoice_id)
    ]
    return sorted([*open_ones, *handed], key=lambda claim: claim.case_id)


def announced_suspension(state: DunningAccount, case: OpenCase, *, today: date, last_payment_on: date, policy: Policy) -> date | None:
    """The day that a final demand of today announces: the first after its last payment date, and the warning days on (DUN-9).

    None where policy does not suspend over a single case, the claim is too small or our own doing, or the modules are suspended.
    """
    if not policy.suspends_single_case or isinstance(state.lateness, Suspended) or not _counts(case, policy):
        return None
    return max(last_payment_on + _DAY, today + timedelta(days=policy.warning_days))


def first_announced(claims: Sequence[LateClaim]) -> date:
    """The first of the days that their final demands announced."""
    return min(claim.suspension_on for claim in claims if claim.suspension_on is not None)


def _counts(case: OpenCase, policy: Policy) -> bool:
    return case.open_amount >= policy.suspension_claim_min and not case.caused_by_us and not case.is_protected
