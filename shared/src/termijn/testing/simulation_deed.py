"""What people can do in a simulation: kinds of deeds, and what the plan remembers of those who do them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A call of an API; what it answers is part of the outcome. ``is_own``: the customer asks it, else a manager."""

    method: str
    path: str
    body: Body | None = None
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file."""

    path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCatalogue:
    """A catalogue is looked at as a plan, and put in place if it is still that plan."""

    catalogue: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class SendUsage:
    """A batch of CloudEvents."""

    events: tuple[Body, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOldest:
    """Money for the oldest open invoice: per mille of what is open (over 1000: too much), sent twice or once."""

    per_mille: int
    days_ago: int
    is_told_twice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBack:
    """The account's newest payment is taken back."""

    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectDebits:
    """The bank books or refuses what is to be collected today; which, follows from the seed and the invoice alone."""

    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Dunning of the account is held, or a hold that runs is lifted."""

    days: int
    lifts: bool


What = Ask | Upload | ImportCatalogue | SendUsage | PayOldest | SendBack | CollectDebits | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody does. ``key`` names it for ever: it is the idempotency key, and what payments are called."""

    key: str
    provider: str
    account: str
    what: What


@dataclass(slots=True)
class GoodsOrder:
    """An order of goods as it was asked for: the ids of its lines, of what was placed, and the days that were agreed."""

    order_id: str
    lines: tuple[str, ...]
    agreed_on: list[str]
    deliveries: int = 0
    placements: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Customer:
    """What the plan remembers of an account: what was asked for, not what came of it.

    ``orders_itself``: for an account that is suspended only a manager orders (CON-10), and where work is late so are suspensions.
    """

    provider: str
    account: str
    is_debited: bool
    pays_per_mille: int
    orders_itself: bool = True
    modules: list[tuple[str, str]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    records: list[Body] = field(default_factory=list)
    mandates: int = 0
    projects: list[tuple[str, int]] = field(default_factory=list)
    orders: list[GoodsOrder] = field(default_factory=list)
    leases: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its address at contracts-svc."""
        return f"/contracts/accounts/{self.account}"


def keyed(customer: Customer, occasion: str, deeds: Iterator[What] | Sequence[What]) -> Iterator[Deed]:
    """The deeds of one occasion with their keys."""
    for number, what in enumerate(deeds):
        key = f"{customer.account}-{occasion}-{number}"
        yield Deed(key=key, provider=customer.provider, account=customer.account, what=what)
