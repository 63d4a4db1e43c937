"""What contracts-svc publishes: who agreed to what, when. Names are stored forever."""

from datetime import date, datetime
from typing import ClassVar, Literal

import msgspec

from termijn.events.base import Blob, Event
from termijn.events.erasure import ASKED
from termijn.events.goods import GOODS
from termijn.kernel.ids import ArticleId, DeckId, MandateId, ModuleId
from termijn.kernel.tariff import Tariff

TOPIC = "termijn.contracts.v1"


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A name and address as they are printed on documents. ``email`` receives invoices and letters."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = "NL"
    email: str = ""


DocumentKind = Literal["invoices", "specifications", "letters", "confirmations"]
"""What an account can have sent to somebody: invoices and credit notes, call specifications, letters about late payment, confirmations."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who gets documents of the account, each attached or as a link to download it (CON-8)."""

    email: str
    name: str = ""
    delivery: Literal["attachment", "link"] = "attachment"
    documents: tuple[DocumentKind, ...] = ("invoices",)


class TermsAcceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Which version of the terms, or of the data-protection agreement, was accepted on which day (CON-8); the proof that DUN-4 asks for."""

    version: str
    accepted_on: date


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What others must know of an account (CON-8); some of it is personal data all the same (``PERSONAL_FACTS``).

    - ``*_term_days``: days net per stream, None for the provider's default; ``other_term_days`` counts for support, project and
      hardware where theirs is None.
    - ``is_telecom_reseller``: telecommunication is sold on, so its VAT is due by the buyer; ``is_taxable`` False: no VAT at all.
    - ``splits_by_revenue_group``: one subscription document per revenue group (INV-1).
    """

    debtor_kind: Literal["company", "consumer"] = "company"
    language: Literal["nl", "en"] = "nl"
    customer_number: str | None = None
    account_manager: str = ""
    cycle: Literal["month", "quarter", "year"] = "month"
    subscription_term_days: int | None = None
    other_term_days: int | None = None
    term_over_60_agreed_on: date | None = None
    purchase_order: str | None = None
    vat_country: str = "NL"
    vat_number: str | None = None
    chamber_of_commerce: str | None = None
    terms: TermsAcceptance | None = None
    is_test: bool = False
    support_term_days: int | None = None
    project_term_days: int | None = None
    hardware_term_days: int | None = None
    is_telecom_reseller: bool = False
    is_taxable: bool = True
    splits_by_revenue_group: bool = False
    data_protection: TermsAcceptance | None = None


PERSONAL_FACTS = frozenset(f"facts.{name}" for name in ("customer_number", "purchase_order", "vat_number", "chamber_of_commerce"))
"""What of the facts is about a person where the account is one: free text, and numbers that the tax office or the chamber gave."""


class AccountOpened(Event, frozen=True, kw_only=True):
    """An account exists from now on; it binds to nothing (CON-1)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"contract_partner", "invoice_address", "recipients"}) | PERSONAL_FACTS
    contract_partner: Party | None
    invoice_address: Party | None = None
    facts: AccountFacts
    recipients: tuple[Recipient, ...] | None = None


class AccountChanged(Event, frozen=True, kw_only=True):
    """The account as it is from now on: the whole of it, so that a listener needs nothing older."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"contract_partner", "invoice_address", "recipients"}) | PERSONAL_FACTS
    contract_partner: Party | None
    invoice_address: Party | None = None
    facts: AccountFacts
    recipients: tuple[Recipient, ...] | None = None


class MandateGiven(Event, frozen=True, kw_only=True):
    """The debtor signed a direct debit mandate (PAY-1). ``last_used_on``: when it was collected with elsewhere, before it came here."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"iban", "holder"})
    PERSONAL_PURPOSE: ClassVar[str] = "mandate"
    mandate_id: MandateId
    reference: str
    scheme: Literal["CORE", "B2B"] = "CORE"
    signed_on: date
    iban: str | None
    holder: str | None
    last_used_on: date | None = None


class MandateAmended(Event, frozen=True, kw_only=True):
    """The mandate goes on with another account of the debtor or under another reference (PAY-1); the whole of it as it is now.

    ``old_reference`` is the one that it had before, None where that stays: the bank is told of it with the next debit.
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"iban", "holder"})
    PERSONAL_PURPOSE: ClassVar[str] = "mandate"
    mandate_id: MandateId
    reference: str
    old_reference: str | None = None
    iban: str | None
    holder: str | None
    amended_on: date


class MandateRevoked(Event, frozen=True, kw_only=True):
    """The mandate may not be used any more: taken back by the debtor, or dead after 36 months without use (PAY-1)."""

    mandate_id: MandateId
    revoked_on: date
    is_expired: bool = False


class DebitExemptionGranted(Event, frozen=True, kw_only=True):
    """A manager lets the account order without a mandate (CON-2)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    reason: str | None


class TariffPublished(Event, frozen=True, kw_only=True):
    """A version of a tariff that never changes; new orders get it from ``orders_from`` (CAT-5).

    ``takes_orders`` False: a version for running modules alone, the indexed one of an older version (CAT-10).
    """

    tariff: Tariff
    orders_from: date
    takes_orders: bool = True


class RateDeckPublished(Event, frozen=True, kw_only=True):
    """A version of a rate deck (CAT-9). The rows are a CSV blob."""

    deck_id: DeckId
    version: int
    valid_from: date
    rows: int
    blob: Blob


class ModuleOrdered(Event, frozen=True, kw_only=True):
    """An account ordered a module. ``starts_on`` is None where the delivery decides (``ModuleActivated``)."""

    module_id: ModuleId
    tariff: Tariff
    quantity: int
    ordered_on: date
    starts_on: date | None
    options: tuple[ArticleId, ...] = ()
    channel: str = "api"


class ModuleActivated(Event, frozen=True, kw_only=True):
    """The module works from this day; terms and billing run from it (CAT-25)."""

    module_id: ModuleId
    active_from: date


class ModuleScaled(Event, frozen=True, kw_only=True):
    """Another quantity from that day on: an increase, or a part cancelled to the end of its term (CON-3)."""

    module_id: ModuleId
    quantity: int
    from_on: date
    channel: str = "api"
    explanation: str = ""


class TariffChanged(Event, frozen=True, kw_only=True):
    """Another tariff (or tariff version) from that day on (CON-4). With a new term, notice counts from that day (CAT-25).

    A new term is one that the customer confirmed, on ``confirmed_on``; ``confirmation`` says where that is on file. ``request``: where
    the customer's request is on file for other prices under the same tariff, which were not announced (CAT-5, CAT-10).
    """

    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset({"confirmation"})
    module_id: ModuleId
    tariff: Tariff
    from_on: date
    starts_new_term: bool = False
    channel: str = "api"
    confirmed_on: date | None = None
    confirmation: str = ""
    explanation: str = ""
    request: str = ""


class OptionAdded(Event, frozen=True, kw_only=True):
    """An extra article on a module from that day on (CON-9)."""

    module_id: ModuleId
    article_id: ArticleId
    quantity: int
    from_on: date
    channel: str = "api"


class OptionRemoved(Event, frozen=True, kw_only=True):
    """The option's last day is ``ends_on`` (CON-5). ``returns_paid_ahead``: unused days come back whatever the article says (CAT-27)."""

    module_id: ModuleId
    article_id: ArticleId
    ends_on: date
    channel: str = "api"
    explanation: str = ""
    returns_paid_ahead: bool = False


class SubjectAssigned(Event, frozen=True, kw_only=True):
    """A phone number (E.164), extension or workplace belongs to the module from this instant (USE-2)."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"subject"})
    module_id: ModuleId
    subject: str | None
    from_at: datetime


class SubjectReleased(Event, frozen=True, kw_only=True):
    """The subject belongs to the module no longer; ``until_at`` is the first instant that it does not.

    It may be still to come; where the module ends before, an earlier one is told.

    ``is_ported_out``: the number went to another provider (CON-6).
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"subject"})
    module_id: ModuleId
    subject: str | None
    until_at: datetime
    is_ported_out: bool = False
    channel: str = "api"


class ModuleCancelled(Event, frozen=True, kw_only=True):
    """Notice was given in writing; ``ends_on`` is the last day (CAT-20 to CAT-27, CON-6).

    - ``waives_disconnect_fee``: the law lets the customer go without one (CAT-26).
    - ``returns_paid_ahead``: unused days come back whatever the articles say (CAT-27).
    """

    module_id: ModuleId
    notice_on: date
    ends_on: date
    explanation: str
    channel: str = "api"
    waives_disconnect_fee: bool = False
    returns_paid_ahead: bool = False


class CancellationWithdrawn(Event, frozen=True, kw_only=True):
    """The module goes on as if notice had not been given (CON-6)."""

    module_id: ModuleId
    channel: str = "api"


class ModuleEnded(Event, frozen=True, kw_only=True):
    """The module ended; ``ended_on`` was its last day."""

    module_id: ModuleId
    ended_on: date


class ModuleSuspended(Event, frozen=True, kw_only=True):
    """Reduced functionality from this instant (CON-10). ``still_works`` names what goes on (emergency calls ...)."""

    module_id: ModuleId
    reason: str
    suspended_at: datetime
    still_works: tuple[str, ...] = ()


class ModuleResumed(Event, frozen=True, kw_only=True):
    """Full functionality again from this instant."""

    module_id: ModuleId
    resumed_at: datetime


class ModuleTerminated(Event, frozen=True, kw_only=True):
    """Ended for default; ``terminated_on`` was the last day."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    module_id: ModuleId
    terminated_on: date
    reason: str | None


PUBLIC: tuple[type[Event], ...] = (
    AccountOpened,
    AccountChanged,
    MandateGiven,
    MandateAmended,
    MandateRevoked,
    DebitExemptionGranted,
    TariffPublished,
    RateDeckPublished,
    ModuleOrdered,
    ModuleActivated,
    ModuleScaled,
    TariffChanged,
    OptionAdded,
    OptionRemoved,
    SubjectAssigned,
    SubjectReleased,
    ModuleCancelled,
    CancellationWithdrawn,
    ModuleEnded,
    ModuleSuspended,
    ModuleResumed,
    ModuleTerminated,
    *GOODS,
    *ASKED,
)
