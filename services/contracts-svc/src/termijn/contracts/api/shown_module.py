"""What contracts-svc answers about modules and contracts, as the OpenAPI document describes it (API-3)."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from termijn.contracts.api.catalogue_body import NoticeBody
from termijn.runtime.http import Page


class NamedTariff(BaseModel):
    """A tariff version, and the name of its notice rule."""

    tariff_id: str
    version: int
    title: str
    notice: str


class PendingChange(BaseModel):
    """Another quantity, or another tariff version, from a day that is still to come; what does not change is absent."""

    from_on: date
    quantity: int | None = None
    tariff_id: str | None = None
    tariff_version: int | None = None


class ChangedModule(BaseModel):
    """What a module is after a change. Of one that is over, all but its last day is absent."""

    module_id: str
    version: int
    state: Literal["awaiting_delivery", "running", "cancelled", "over"]
    ends_on: date | None
    starts_on: date | None = None
    is_suspended: bool = Field(default=False, description="Absent before its delivery.")
    tariff_id: str | None = None
    tariff_version: int | None = None
    quantity: int | None = None
    pending: list[PendingChange] = []
    explanation: str | None = Field(default=None, description="How the day came about, where one was computed (CON-13).")


class ListedModule(BaseModel):
    """A module in a list, with tariff and quantity of today."""

    module_id: str
    version: int
    kind: str
    state: Literal["awaiting_delivery", "running", "ended", "terminated"]
    ordered_on: date
    starts_on: date | None
    notice_on: date | None
    ends_on: date | None
    suspended_at: datetime | None
    suspension_reason: str | None
    over_reason: str | None = Field(description="Why it was terminated.")
    tariff_id: str
    tariff_version: int
    quantity: int


class RunningOption(BaseModel):
    """An option of a module (CON-9)."""

    article_id: str
    quantity: int
    from_on: date
    ends_on: date | None = None


class SuspensionThen(BaseModel):
    """That it is suspended, and why (CON-10)."""

    since: datetime
    reason: str


class _ModuleThen(BaseModel):
    """What a module was on a day."""

    module_id: str
    state: Literal["awaiting_delivery", "awaiting_start", "running", "cancelled", "ended", "terminated"]
    kind: str
    ordered_on: date
    starts_on: date | None
    ends_on: date | None
    tariff: NamedTariff
    quantity: int
    options: list[RunningOption]
    subjects: list[str]
    suspension: SuspensionThen | None


class ModuleThen(_ModuleThen):
    """What a module was on a day; ``version`` is that of today."""

    account: str
    as_of: date
    version: int


class ModuleInContract(_ModuleThen):
    """A module of the contract as it was."""


class SuspensionNow(SuspensionThen):
    """That it is suspended, why, and what works all the same."""

    still_works: list[str]


class NoticeToday(BaseModel):
    """What notice given today would do, and how that comes about (CON-13)."""

    ends_on: date
    last_notice_day: date | None = Field(description="The last day on which notice ends the term that runs; null where none runs.")
    renews_on: date | None
    steps: list[str]


class OwnSubject(BaseModel):
    """A subject of a module, and in which time."""

    subject: str
    from_at: datetime
    until_at: datetime | None = None


class ComingPrice(BaseModel):
    """A price change that was announced for a module (CAT-10)."""

    change_id: str
    to_version: int
    from_on: date
    is_indexation: bool
    may_end_free_until: date | None = Field(default=None, description="Until when the module may end because of it; absent where not.")


class ContractModule(BaseModel):
    """A module of the contract (CON-13)."""

    module_id: str
    version: int
    kind: str
    state: Literal["awaiting_delivery", "running", "cancelled", "ended", "terminated"]
    tariff: NamedTariff
    quantity: int
    ordered_on: date
    starts_on: date | None
    ends_on: date | None
    explanation: str | None
    suspension: SuspensionNow | None
    over_reason: str | None
    notice_today: NoticeToday | None = Field(description="Null where there is no notice to give.")
    options: list[RunningOption]
    subjects: list[OwnSubject]
    changes: list[PendingChange]
    price_changes: list[ComingPrice]


class Ordering(BaseModel):
    """Whether the caller may order, or why not (CON-2, CON-10)."""

    is_allowed: bool
    code: str | None
    why_not: str | None


class ContractNow(BaseModel):
    """The contract of an account (CON-13)."""

    account: str
    on: date
    contract_since: date | None
    modules: list[ContractModule]
    ordering: Ordering


class ContractThen(BaseModel):
    """The contract as it was on a day."""

    account: str
    as_of: date
    contract_since: date | None
    modules: list[ModuleInContract]


class GivenNotice(BaseModel):
    """Notice that was given."""

    ends_on: date
    notice_on: date


class NoticeInputs(BaseModel):
    """What the days are computed from (CON-13)."""

    counts_from: date
    given: date
    is_telecom: bool
    is_consumer: bool


class OptionEnd(BaseModel):
    """When an option would end by its own rule (CON-5)."""

    article_id: str
    ends_on: date
    explanation: str


class WholeNotice(NoticeToday):
    """What notice gives: rule, inputs, steps, and the days to choose from (CON-4, CON-13)."""

    module_id: str
    ending: GivenNotice | None = Field(description="The notice that was given already.")
    rule: NoticeBody
    inputs: NoticeInputs
    possible_ends: list[date]
    ends_any_later_day: bool
    is_free_of_charge: bool
    returns_paid_ahead: bool
    leaving_free: date | None = Field(description="The last day on which an announced price change lets the customer go (CAT-10).")
    options: list[OptionEnd]


class PossibleChange(BaseModel):
    """A change that may be asked for: from which day it would count, or why it is not allowed."""

    change: Literal["cancel", "withdraw_cancellation", "scale", "tariff", "add_option", "remove_option"]
    is_allowed: bool
    quantity: int | None = None
    tariff_id: str | None = None
    version: int | None = None
    title: str | None = None
    article_id: str | None = None
    from_on: date | None = None
    ends_on: date | None = None
    explanation: str | None = None
    code: str | None = Field(default=None, description="Where it is not allowed: the name of the reason.")
    why_not: str | None = None
    field: str | None = None


class PossibleChanges(BaseModel):
    """All changes that may be asked for (SEC-2)."""

    module_id: str
    version: int
    changes: list[PossibleChange]


MODULES = Page[ListedModule]
