"""What may be asked of an account. ``is_manager`` tells who asks."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, TypeAlias

import msgspec

from termijn.events.base import Blob
from termijn.events.contracts import AccountFacts, Party, Recipient
from termijn.kernel.ids import AccountId, MandateId, ModuleId
from termijn.runtime.aggregate import Command


class OpenNewAccount(Command, frozen=True, kw_only=True):
    """Open an account. ``serves_companies_only`` is policy; ``legal_versions`` are the versions published per kind of document."""

    account: AccountId
    contract_partner: Party
    invoice_address: Party | None
    facts: AccountFacts
    serves_companies_only: bool
    recipients: tuple[Recipient, ...] | None = None
    legal_versions: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class ChangeAccount(Command, frozen=True, kw_only=True):
    """The whole account as it is to be."""

    account: AccountId
    is_manager: bool
    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    serves_companies_only: bool
    recipients: tuple[Recipient, ...] | None = None
    legal_versions: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class GiveMandate(Command, frozen=True, kw_only=True):
    """The debtor signed (PAY-1)."""

    account: AccountId
    mandate_id: MandateId
    reference: str
    scheme: Literal["CORE", "B2B"]
    signed_on: date
    iban: str
    holder: str
    last_used_on: date | None = None
    is_manager: bool = True


class AmendMandate(Command, frozen=True, kw_only=True):
    """Another account of the debtor, another holder, or another reference (PAY-1); None where that stays."""

    account: AccountId
    mandate_id: MandateId
    reference: str | None
    iban: str | None
    holder: str | None


class FileMandateForm(Command, frozen=True, kw_only=True):
    """The form that the debtor signed."""

    account: AccountId
    mandate_id: MandateId
    form: Blob
    media_type: str


class RevokeMandate(Command, frozen=True, kw_only=True):
    """The debtor takes it back."""

    account: AccountId
    mandate_id: MandateId


class NoteMandateBlocked(Command, frozen=True, kw_only=True):
    """invoice-svc blocked it."""

    account: AccountId
    mandate_id: MandateId
    reason_code: str


class ExpireMandate(Command, frozen=True, kw_only=True):
    """Its time without use may be over; ``last_used_on`` is when it was last collected with, None if never."""

    account: AccountId
    mandate_id: MandateId
    last_used_on: date | None


class ExemptFromDebit(Command, frozen=True, kw_only=True):
    """A manager lets the account order without a mandate (CON-2)."""

    account: AccountId
    is_manager: bool
    reason: str


class GiveLongTermConsent(Command, frozen=True, kw_only=True):
    """The account agreed to first terms of telecommunication of up to ``months_max`` months (CAT-26)."""

    account: AccountId
    is_manager: bool
    months_max: int
    given_on: date
    document: str
    version: str
    channel: str


class AdmitOrder(Command, frozen=True, kw_only=True):
    """May this account order this module?"""

    account: AccountId
    module_id: ModuleId
    ordered_on: date
    is_manager: bool = True


class NoteSuspended(Command, frozen=True, kw_only=True):
    """Late payment suspends the account's modules (CON-10)."""

    account: AccountId
    reason: str
    since: datetime


class NoteResumed(Command, frozen=True, kw_only=True):
    """The reason for the suspension is gone, or what it reached was terminated (CON-10)."""

    account: AccountId
    since: datetime
    by_termination: bool = False


class CorrectContractStart(Command, frozen=True, kw_only=True):
    """A manager corrects the contract duration (CON-1)."""

    account: AccountId
    is_manager: bool
    starts_on: date | None
    reason: str


MandateCommand: TypeAlias = GiveMandate | AmendMandate | FileMandateForm | RevokeMandate | NoteMandateBlocked | ExpireMandate
AccountCommand: TypeAlias = (
    OpenNewAccount
    | ChangeAccount
    | MandateCommand
    | ExemptFromDebit
    | GiveLongTermConsent
    | AdmitOrder
    | NoteSuspended
    | NoteResumed
    | CorrectContractStart
)
