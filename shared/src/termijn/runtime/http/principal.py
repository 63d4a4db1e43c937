"""Who calls, and as what."""

from dataclasses import dataclass
from enum import StrEnum

from termijn.kernel.errors import NotAllowed
from termijn.kernel.ids import AccountId, ProviderId


class Role(StrEnum):
    """What a caller may be (SEC-1). One per token."""

    CUSTOMER = "customer"
    """Its own account only."""
    MANAGER = "manager"
    """An employee of the provider, with rights that a customer does not have."""
    OPS = "ops"
    """Keeps the system running."""
    COLLECTOR = "collector"
    """Sends usage, reads nothing."""
    AUDITOR = "auditor"
    """Reads all, writes nothing."""


class NotYourAccount(NotAllowed):
    """This is another account than yours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A verified caller. ``actor`` is "role:name", as events record it (SEC-3); ``account`` is there for customers only."""

    provider: ProviderId
    actor: str
    role: Role
    account: AccountId | None

    def must_own(self, account: str) -> None:
        """Customers touch their own account only (SEC-1); refuses with ``NotYourAccount``."""
        if self.role is Role.CUSTOMER and self.account != account:
            raise NotYourAccount(field="account")
