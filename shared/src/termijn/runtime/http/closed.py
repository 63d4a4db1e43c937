"""Closed accounts: who is being deleted is let in nowhere, and nothing of it is changed any more (CON-7)."""

from collections.abc import Sequence

from termijn.kernel.errors import Refusal
from termijn.runtime.sql import Row

ACCESS = "select access from account_erasure where provider = $1 and account = $2 and access <> 'open'"
"""Reads it."""

ACCESS_OF_CHANGE = "select access from account_erasure where provider = $1 and account = $2 for share"
"""Reads it for a change. Locked until the change is committed: closing the account changes this row, so that either it sees what was
changed before it, or what comes after it sees that the account is closed (two transactions that only read it would both go on)."""


class AccountBeingDeleted(Refusal):
    """The account is being deleted; access to it is closed."""

    status = 403


class AccountGone(Refusal):
    """The account was deleted."""

    status = 410


def refuse_closed(rows: Sequence[Row]) -> None:
    """Raise where access is closed, or gone for good."""
    for row in rows:
        if row["access"] == "erased":
            raise AccountGone
        if row["access"] == "closed":
            raise AccountBeingDeleted
