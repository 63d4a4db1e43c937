"""What contracts-svc answers about accounts, as the OpenAPI document describes it (API-3). Personal fields are null once erased."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from termijn.contracts.api.account_body import FactsBody, PartyBody, RecipientBody
from termijn.contracts.legal_document import LegalKind
from termijn.runtime.http import Page


class ChangedAccount(BaseModel):
    """An account that was opened or changed; the version that it has now."""

    account_id: str
    version: int


class ChangedMandate(ChangedAccount):
    """A mandate of an account; ``version`` is the account's."""

    mandate_id: str


class GivenConsent(ChangedAccount):
    """Up to how long first terms may be now (CAT-26)."""

    months_max: int


class ListedAccount(BaseModel):
    """An account in a list."""

    account: str
    name: str | None
    city: str | None
    customer_number: str | None
    debtor_kind: Literal["company", "consumer"]
    account_manager: str
    is_test: bool
    suspended_at: datetime | None
    opened_at: datetime


MandateState = Literal["usable", "blocked", "revoked", "expired"]


class AccountMandate(BaseModel):
    """A mandate (PAY-1). Its bank account is on its form alone."""

    mandate_id: str
    reference: str
    scheme: Literal["CORE", "B2B"]
    signed_on: date
    state: MandateState
    amended_on: date | None
    revoked_on: date | None
    block_reason: str | None = Field(description="The ISO 20022 code with which the bank ended it.")
    has_form: bool


class MandateThen(BaseModel):
    """A mandate as it stood on a day."""

    mandate_id: str
    reference: str
    scheme: Literal["CORE", "B2B"]
    signed_on: date | None
    last_used_on: date | None
    state: MandateState
    has_form: bool


class _Account(BaseModel):
    """What an account is, now and on any day."""

    account: str
    version: int
    contract_partner: PartyBody | None
    invoice_address: PartyBody | None = Field(description="Null where it is the contract partner's.")
    facts: FactsBody
    recipients: list[RecipientBody] | None = Field(description="Null where documents go to the address of the invoices.")
    exemption: str | None = Field(description="Why it may order without a mandate; null where it may not (CON-2).")
    contract_start: date | None = Field(description="As a manager corrected it; null where the oldest active module says it (CON-1).")
    long_term_months: int = Field(description="The longest first term of telecommunication that was agreed to; 0 where none was (CAT-26).")


class AccountNow(_Account):
    """An account with its mandates."""

    suspended_at: datetime | None
    suspension_reason: str | None
    opened_at: datetime
    mandates: list[AccountMandate]
    may_change: list[str] = Field(description="The fields that the caller may change, as dotted paths (CON-8).")


class Suspended(BaseModel):
    """Late payment: why, and since when (CON-10)."""

    reason: str
    since: datetime


class AccountThen(_Account):
    """An account as it stood when a day ended."""

    as_of: date
    has_contract: bool
    mandates: list[MandateThen]
    suspension: Suspended | None
    is_terminated: bool = Field(description="Its modules were ended for default; a manager alone orders for it.")


class Consent(BaseModel):
    """Separate consent to first terms of telecommunication over 24 months (CAT-26)."""

    entry: int = Field(description="The version of the account at which its history says so.")
    months_max: int
    given_on: date
    document: str
    document_version: str
    channel: str


class ListedConfirmation(BaseModel):
    """What is, was or could not be sent to an account (CON-6)."""

    account: str
    confirmation_id: str
    module_id: str
    kind: str
    state: Literal["due", "sent", "not_sent"]
    decided_at: datetime
    message_id: str | None
    reason: str | None = Field(description="Why it could not be sent.")


class _LegalDocument(BaseModel):
    """A version of the terms or of the data-protection agreement (CON-8)."""

    kind: LegalKind
    version: str
    valid_from: date
    sha256: str
    size_bytes: int


class PublishedLegalDocument(_LegalDocument):
    """A version that was published; it never changes."""


class LegalDocument(_LegalDocument):
    """A published version."""

    media_type: str
    published_at: datetime


class DeletionState(BaseModel):
    """Whether an account is being deleted (CON-7)."""

    account_id: str
    state: Literal["waiting", "open"]


class DeletionReason(BaseModel):
    """One thing that stands in the way, and the service that knows it."""

    service: str
    kind: str = Field(description="module_runs, project_open, goods_open, undelivered, money_open ...")
    subject: str = Field(description="Its id; empty where it has none.")
    until: date | None = Field(description="Its last day, where that is known.")
    amount: str | None = Field(default=None, description="Euros, where it is about money.")


class DeletionAnswer(BaseModel):
    """What a service said, and whether it has erased what it had."""

    service: str
    answered_at: datetime
    erased_at: datetime | None


class WholeDeletion(BaseModel):
    """Whether the account may be deleted, why not, and how far its deletion is (CON-7)."""

    account_id: str
    state: Literal["open", "waiting", "deleted"]
    may_be_deleted: bool
    reasons: list[DeletionReason]
    requested_at: datetime | None
    ended_at: datetime | None
    ended_because: str | None
    overdue: list[str] = Field(description="Services that do not answer.")
    answers: list[DeletionAnswer]


class ListedDeletion(BaseModel):
    """A deletion that waits for something."""

    account: str
    state: Literal["considered", "waiting", "deleted"]
    requested_at: datetime | None
    ended_at: datetime | None
    attempt: int
    overdue: list[str]


ACCOUNTS, CONSENTS, CONFIRMATIONS = Page[ListedAccount], Page[Consent], Page[ListedConfirmation]
LEGAL_DOCUMENTS, DELETIONS = Page[LegalDocument], Page[ListedDeletion]
