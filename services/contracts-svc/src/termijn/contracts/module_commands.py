"""What may be asked of a module. ``is_manager`` tells who asks; ``channel`` how it came in (CON-6)."""

from datetime import date, datetime
from typing import TypeAlias

from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.tariff import Tariff
from termijn.runtime.aggregate import Command


class Order(Command, frozen=True, kw_only=True):
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


class Scale(Command, frozen=True, kw_only=True):
    """Another quantity. ``at_once`` and ``from_on`` are a manager's."""

    module_id: ModuleId
    quantity: int
    at_once: bool
    from_on: date | None
    is_manager: bool
    channel: str


class ChangeTariff(Command, frozen=True, kw_only=True):
    """Another tariff, or a newer version of the same one. ``new_term_confirmed``: the customer agreed to a new term (CAT-25)."""

    module_id: ModuleId
    tariff: Tariff
    from_on: date | None
    new_term_confirmed: bool
    is_manager: bool
    channel: str


class AddOption(Command, frozen=True, kw_only=True):
    """An extra article (CON-9)."""

    module_id: ModuleId
    article_id: ArticleId
    quantity: int
    from_on: date | None
    is_manager: bool
    channel: str


class RemoveOption(Command, frozen=True, kw_only=True):
    """Take an option off (CON-5, CON-9)."""

    module_id: ModuleId
    article_id: ArticleId
    ends_on: date | None
    is_manager: bool
    channel: str


class Cancel(Command, frozen=True, kw_only=True):
    """Give notice. ``notice_on`` is when it was received; a day other than today is a manager's to enter (CON-6)."""

    module_id: ModuleId
    notice_on: date
    ends_on: date | None
    is_manager: bool
    channel: str


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
    reason: str
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
)
