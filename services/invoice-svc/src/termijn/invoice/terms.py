"""When an invoice is due, and how it is collected (INV-6, PAY-2)."""

from dataclasses import dataclass
from datetime import date, timedelta

from termijn.events.contracts import AccountFacts
from termijn.events.invoice import Collection
from termijn.invoice.policy import Policy
from termijn.kernel.calendar import next_bank_day

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """The due day, which for a debit is the collection day as well."""

    due_on: date
    collection: Collection


def terms_for(*, stream: str, issued_on: date, facts: AccountFacts, has_usable_mandate: bool, policy: Policy) -> Terms:
    """Due day and way of collection of a document issued that day (INV-6).

    A subscription is collected under a usable mandate and falls due on its collection day: issue day + term, moved to the
    next bank day (PAY-2), never the day of issue itself, on which no debit can be with the bank yet. Everything else is paid by
    transfer. The account's own term per stream wins; one over the longest term counts only where its agreement is on file.
    """
    days = _term_days(stream, facts, policy)
    due_on = issued_on + timedelta(days=days)
    if stream == "subscription" and has_usable_mandate:
        return Terms(next_bank_day(max(due_on, issued_on + _DAY)), "direct_debit")
    return Terms(due_on, "transfer")


def _term_days(stream: str, facts: AccountFacts, policy: Policy) -> int:
    """The account's own term of the stream (CON-8); for what is no subscription its term for the others, too."""
    is_subscription = stream == "subscription"
    own: int | None = getattr(facts, f"{stream}_term_days", None)
    if own is None and not is_subscription:
        own = facts.other_term_days
    if own is None:
        return policy.subscription_term_days if is_subscription else policy.other_term_days
    return own if facts.term_over_60_agreed_on is not None else min(own, policy.longest_term_days)
