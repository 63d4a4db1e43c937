"""What may be asked of a module. ``is_manager`` tells who asks; ``channel`` how it came in (CON-6)."""

from datetime import date, datetime
from typing import TypeAlias

from termijn.contracts.price_command import PriceCommand
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import Command


class OfAccount(Command, frozen=True, kw_only=True):
    """What counts of the account whose module it is: whether it is a consumer's (CAT-27), and the longest first term of
    telecommunication that it agreed to separately, in months (CAT-26).
    """

    is_consumer: bool = False
    consented_months: int = 0


class Order(OfAccount, frozen=True, kw_only=True):
    """Order the module under this tariff version. ``ordered_on`` may lie in the past for a manager only."""

    module_id: ModuleId
    tariff: Tariff
    quantity: int
    ordered_on: date
    starts_on: date | None
    options: tuple[ArticleId, ...]
    is_manager: bool
    channel: str


class Activate(Command, frozen=True, kw_only=True):
    """It was delivered; it works from that day."""

    module_id: ModuleId
    active_from: date
    is_manager: bool


class Scale(OfAccount, frozen=True, kw_only=True):
    """Another quantity. ``at_once`` and ``from_on`` are a manager's."""

    module_id: ModuleId
    quantity: int
    at_once: bool
    from_on: date | None
    is_manager: bool
    channel: str


class ChangeTariff(OfAccount, frozen=True, kw_only=True):
    """Another tariff, or a newer version of the same one.

    ``new_term_confirmed``: the order states a new term and the customer agreed to it (CAT-25): ``confirmed_on`` that day, as is
    on file at ``confirmation``. Who confirms for itself leaves both out. ``request``: where the customer's own request is on file,
    which a manager's move to other prices under the same tariff needs (CAT-5, CAT-10).
    """

    module_id: ModuleId
    tariff: Tariff
    from_on: date | None
    new_term_confirmed: bool
    is_manager: bool
    channel: str
    confirmed_on: date | None = None
    confirmation: str = ""
    request: str = ""


class AddOption(Command, frozen=True, kw_only=True):
    """An extra article (CON-9)."""

    module_id: ModuleId
    article_id: ArticleId
    quantity: int
    from_on: date | None
    is_manager: bool
    channel: str


class RemoveOption(OfAccount, frozen=True, kw_only=True):
    """Take an option off (CON-5, CON-9)."""

    module_id: ModuleId
    article_id: ArticleId
    ends_on: date | None
    is_manager: bool
    channel: str


class Cancel(OfAccount, frozen=True, kw_only=True):
    """Give notice. ``notice_on`` is when it was received; a day other than today is a manager's to enter (CON-6).

    ``because`` is what else counts as notice, as the first step of the explanation. ``is_scaling``: who gives it scales to nothing, and
    speaks of the first day without instead of the last one with it (CON-3).
    """

    module_id: ModuleId
    notice_on: date
    ends_on: date | None
    is_manager: bool
    channel: str
    because: str = ""
    is_scaling: bool = False


class Withdraw(Command, frozen=True, kw_only=True):
    """Take the notice back (CON-6)."""

    module_id: ModuleId
    channel: str


class End(Command, frozen=True, kw_only=True):
    """The last day is over; ``ends_on`` is the one that this was set for."""

    module_id: ModuleId
    ends_on: date


class Suspend(Command, frozen=True, kw_only=True):
    """Late payment. ``never_suspended`` and ``still_works`` are policy (DUN-9)."""

    module_id: ModuleId
    reason: str
    since: datetime
    never_suspended: tuple[str, ...]
    still_works: tuple[str, ...]


class Resume(Command, frozen=True, kw_only=True):
    """The reason for the suspension is gone (CON-10)."""

    module_id: ModuleId
    since: datetime


class Terminate(Command, frozen=True, kw_only=True):
    """End it for default, with the day of ``since`` as its last (CON-10)."""

    module_id: ModuleId
    reason: str | None
    since: datetime


class AssignSubject(Command, frozen=True, kw_only=True):
    """The subject is the module's from then on. That no other module owns it was looked up, and a constraint makes sure."""

    module_id: ModuleId
    subject: str
    from_at: datetime
    is_manager: bool


class ReleaseSubject(Command, frozen=True, kw_only=True):
    """The subject is the module's no longer."""

    module_id: ModuleId
    subject: str
    until_at: datetime
    is_manager: bool
    channel: str = "api"


class PortOut(OfAccount, frozen=True, kw_only=True):
    """A number went to another provider at that instant (CON-6). ``ends_module``: whether that is notice for the module; None
    where nobody says, which it is for the last number of a module.
    """

    module_id: ModuleId
    subject: str
    ported_at: datetime
    ends_module: bool | None
    is_manager: bool
    channel: str


ModuleCommand: TypeAlias = (
    Order
    | Activate
    | Scale
    | ChangeTariff
    | AddOption
    | RemoveOption
    | Cancel
    | Withdraw
    | End
    | Suspend
    | Resume
    | Terminate
    | AssignSubject
    | ReleaseSubject
    | PortOut
    | PriceCommand
)
