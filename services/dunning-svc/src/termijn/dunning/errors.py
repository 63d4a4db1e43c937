"""The refusals of dunning-svc.

The tree::

    InvalidInput
    ├── PolicyNotUsable     422  a policy that decisions could not follow
    └── HoldTooLong         422  the end of a hold is past, or too far ahead
    NotFound
    ├── UnknownAccount      404
    ├── UnknownCase         404  no running case for this invoice
    └── UnknownHold         404
    Conflict
    └── NotSuspended        409  termination is decided over suspended modules only
"""

from termijn.kernel.errors import Conflict, InvalidInput, NotFound


class PolicyNotUsable(InvalidInput):
    """This policy cannot be used: {field} must be {reason}."""


class HoldTooLong(InvalidInput):
    """A hold ends today or later, and within {days} days; {until} does not."""


class UnknownAccount(NotFound):
    """There is no account {account}."""


class UnknownCase(NotFound):
    """There is no running case for invoice {invoice} of this account."""


class UnknownHold(NotFound):
    """There is no running hold {hold}."""


class NotSuspended(Conflict):
    """The modules of account {account} are not suspended, so there is nothing to terminate for default."""
