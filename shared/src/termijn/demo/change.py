"""What customers ask for after the first day: changes of modules, projects, goods, a lease, and to be forgotten. All of it data."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From then on another quantity (CON-3)."""

    on: date
    module_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Notice for a module (CON-4)."""

    on: date
    module_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The notice is taken back (CON-6)."""

    on: date
    module_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retariff:
    """Another tariff, from ``from_on`` or (None) from the earliest day that the notice rule gives (CON-4)."""

    on: date
    module_id: str
    tariff_id: str
    from_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """An extension that was in use before anybody wrote down whose it is; the suspense is tried again then (USE-2)."""

    on: date
    module_id: str
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeProject:
    """A quote is accepted (CON-11): milestones by title, with their net prices."""

    on: date
    project_id: str
    title: str
    milestones: tuple[tuple[str, str], ...]

    @property
    def price(self) -> str:
        """What all of it costs."""
        return f"{sum(Decimal(net) for _, net in self.milestones):.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachMilestone:
    """The ``nth`` milestone is there, and bills (INV-5); the last one completes the project."""

    on: date
    project_id: str
    nth: int
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGoods:
    """Hardware, to be delivered on the agreed day."""

    on: date
    order_id: str
    article: str
    quantity: int
    unit_price: str
    agreed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverGoods:
    """All of it comes and is put into use: invoice and warranty run from that day (INV-5, CON-12)."""

    on: date
    order_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLease:
    """Something is leased for so many months (CON-11)."""

    on: date
    lease_id: str
    tariff_id: str
    quantity: int
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The customer wants to be forgotten (CON-7)."""

    on: date


Change = Scale | Cancel | Withdraw | Retariff | Assign | AgreeProject | ReachMilestone | OrderGoods | DeliverGoods | StartLease | Leave


def key_of(account_id: str, change: Change) -> str:
    """Its name in the journal, under which its answer is found."""
    match change:
        case Scale(on=on, module_id=thing):
            return f"scaling/{thing}/{on}"
        case Cancel(module_id=thing):
            return f"cancellation/{thing}"
        case Withdraw(module_id=thing):
            return f"withdrawal/{thing}"
        case Retariff(on=on, module_id=thing):
            return f"retariff/{thing}/{on}"
        case Assign(extension=thing):
            return f"subject/{thing}"
        case AgreeProject(project_id=thing):
            return f"project/{thing}"
        case ReachMilestone(project_id=thing, nth=nth):
            return f"milestone/{thing}/{nth}"
        case OrderGoods(order_id=thing):
            return f"goods/{thing}"
        case DeliverGoods(order_id=thing):
            return f"delivery/{thing}"
        case StartLease(lease_id=thing):
            return f"lease/{thing}"
        case Leave(on=on):
            return f"leaving/{account_id}/{on}"
