"""What is true of an account after its events: the state that its decisions are taken on, and the timers of its mandates.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar, Literal, TypeAlias, assert_never

import msgspec

from termijn.events.base import Blob, Event
from termijn.events.contracts import (
    AccountChanged,
    AccountFacts,
    AccountOpened,
    DebitExemptionGranted,
    MandateAmended,
    MandateGiven,
    MandateRevoked,
    Party,
    Recipient,
)
from termijn.kernel.calendar import add_months, at
from termijn.kernel.ids import MandateId, ModuleId
from termijn.runtime.aggregate import SetTimer, TimerChange, WakeUp

UNUSED_MONTHS_MAX = 36
"""A mandate that was not used for so long is dead (SEPA Direct Debit rulebooks, 4.1; PAY-1)."""

# -- Events ----------------------------------------------------------------------------------------------------------


class OrderAdmitted(Event, frozen=True, kw_only=True):
    """The account may order this module: under that mandate, or by exemption (CON-2). The first one makes the contract (CON-1)."""

    module_id: ModuleId
    ordered_on: date
    mandate_id: MandateId | None
    makes_contract: bool


class MandateFoundBlocked(Event, frozen=True, kw_only=True):
    """The owner of the money will not collect with it any more (PAY-4), so it allows no order (CON-2)."""

    mandate_id: MandateId
    reason_code: str


class MandateKept(Event, frozen=True, kw_only=True):
    """It was asked whether the mandate is still used, and it is: last on that day (PAY-1)."""

    mandate_id: MandateId
    last_used_on: date


class MandateFormFiled(Event, frozen=True, kw_only=True):
    """The signed form of a mandate is on file (PAY-1)."""

    mandate_id: MandateId
    form: Blob
    media_type: str


class LongTermConsentGiven(Event, frozen=True, kw_only=True):
    """The account agreed separately to first terms of telecommunication of up to so many months (CAT-26).

    ``document`` and ``version`` say what was signed.
    """

    months_max: int
    given_on: date
    document: str
    version: str
    channel: str = "api"


class DetailsChanged(Event, frozen=True, kw_only=True):
    """Which details of the account are not what they were (CON-6): beside ``AccountChanged``, which has the whole of it.

    - ``fields``: their dotted names; ``values``: what each is now, as JSON.
    - ``left``: e-mail addresses that were the account's and are no longer: they hear of it, too.
    """

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"values", "left"})
    fields: tuple[str, ...]
    values: tuple[str, ...] | None
    left: tuple[str, ...] | None


class AccountSuspended(Event, frozen=True, kw_only=True):
    """Late payment suspends its modules (CON-10): while that lasts, nothing that it orders runs unsuspended."""

    reason: str
    since: datetime


class AccountResumed(Event, frozen=True, kw_only=True):
    """The suspension is over: all that was overdue is paid, or what it reached was terminated (``by_termination``)."""

    since: datetime
    by_termination: bool = False


class ContractStartCorrected(Event, frozen=True, kw_only=True):
    """A manager says since when the contract runs (CON-1); None goes back to the oldest active module."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    starts_on: date | None
    reason: str | None


AccountEvent: TypeAlias = (
    AccountOpened
    | AccountChanged
    | MandateGiven
    | MandateAmended
    | MandateRevoked
    | MandateFoundBlocked
    | MandateKept
    | MandateFormFiled
    | DebitExemptionGranted
    | LongTermConsentGiven
    | DetailsChanged
    | OrderAdmitted
    | AccountSuspended
    | AccountResumed
    | ContractStartCorrected
)

# -- State -----------------------------------------------------------------------------------------------------------


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """One mandate. IBAN and holder are personal: None once the account's key is gone."""

    mandate_id: MandateId
    reference: str
    state: Literal["usable", "blocked", "revoked", "expired"] = "usable"
    scheme: Literal["CORE", "B2B"] = "CORE"
    signed_on: date | None = None
    last_used_on: date | None = None
    iban: str | None = None
    holder: str | None = None
    form: Blob | None = None


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """Why the account's modules are suspended, and since when."""

    reason: str
    since: datetime


class NoAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing was opened under this id."""


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An account. Personal fields are None once its key is gone. ``long_term_months`` is the longest first term agreed to (CAT-26)."""

    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    recipients: tuple[Recipient, ...] | None = None
    mandates: tuple[Mandate, ...] = ()
    exemption: str | None = None
    has_contract: bool = False
    contract_start: date | None = None
    long_term_months: int = 0
    suspension: Suspension | None = None
    is_terminated: bool = False

    @property
    def usable_mandate(self) -> Mandate | None:
        """The mandate that a subscription would be collected with: the one given last."""
        return next((m for m in reversed(self.mandates) if m.state == "usable"), None)

    @property
    def is_consumer(self) -> bool:
        """Whether the rules for consumers count (CAT-26, CAT-27)."""
        return self.facts.debtor_kind == "consumer"

    def mandate(self, mandate_id: MandateId) -> Mandate | None:
        """The mandate of that id."""
        return next((m for m in self.mandates if m.mandate_id == mandate_id), None)


Account: TypeAlias = NoAccount | OpenAccount


def evolve(state: Account, event: AccountEvent) -> Account:
    """The account after the event."""
    if isinstance(event, AccountOpened):
        return OpenAccount(
            contract_partner=event.contract_partner,
            invoice_address=event.invoice_address,
            facts=event.facts,
            recipients=event.recipients,
        )
    if isinstance(state, NoAccount):
        return state
    if isinstance(event, MandateGiven | MandateAmended | MandateRevoked | MandateFoundBlocked | MandateKept | MandateFormFiled):
        return msgspec.structs.replace(state, mandates=_mandates(state.mandates, event))
    return _account(state, event)


def _account(
    state: OpenAccount,
    event: AccountChanged
    | DetailsChanged
    | DebitExemptionGranted
    | LongTermConsentGiven
    | OrderAdmitted
    | AccountSuspended
    | AccountResumed
    | ContractStartCorrected,
) -> OpenAccount:
    change = msgspec.structs.replace
    match event:
        case AccountChanged():
            return change(
                state,
                contract_partner=event.contract_partner,
                invoice_address=event.invoice_address,
                facts=event.facts,
                recipients=event.recipients,
            )
        case DetailsChanged():
            return state  # what they are now is in AccountChanged
        case DebitExemptionGranted():
            return change(state, exemption=event.reason)
        case LongTermConsentGiven():
            return change(state, long_term_months=max(state.long_term_months, event.months_max))
        case OrderAdmitted():
            return change(state, has_contract=True, is_terminated=False)
        case AccountSuspended():
            return change(state, suspension=Suspension(reason=event.reason, since=event.since))
        case AccountResumed():
            return change(state, suspension=None, is_terminated=event.by_termination)
        case ContractStartCorrected():
            return change(state, contract_start=event.starts_on)
        case _:
            assert_never(event)


MandateEvent: TypeAlias = MandateGiven | MandateAmended | MandateRevoked | MandateFoundBlocked | MandateKept | MandateFormFiled


def _mandates(mandates: tuple[Mandate, ...], event: MandateEvent) -> tuple[Mandate, ...]:
    if isinstance(event, MandateGiven):
        given = Mandate(
            mandate_id=event.mandate_id,
            reference=event.reference,
            scheme=event.scheme,
            signed_on=event.signed_on,
            last_used_on=event.last_used_on,
            iban=event.iban,
            holder=event.holder,
        )
        return (*mandates, given)
    return tuple(_mandate(one, event) if one.mandate_id == event.mandate_id else one for one in mandates)


def _mandate(one: Mandate, event: MandateAmended | MandateRevoked | MandateFoundBlocked | MandateKept | MandateFormFiled) -> Mandate:
    change = msgspec.structs.replace
    match event:
        case MandateAmended():
            return change(one, reference=event.reference, iban=event.iban, holder=event.holder)
        case MandateRevoked():
            return change(one, state="expired" if event.is_expired else "revoked")
        case MandateFoundBlocked():
            return change(one, state="blocked")
        case MandateFormFiled():
            return change(one, form=event.form)
        case MandateKept():
            return change(one, last_used_on=event.last_used_on)
        case _:
            assert_never(event)


# -- Timers ----------------------------------------------------------------------------------------------------------


class AskWhetherUsed(WakeUp, frozen=True, kw_only=True):
    """A mandate may have gone 36 months without use (PAY-1)."""

    mandate_id: MandateId


def wakes(event: AccountEvent, state: Account) -> Sequence[TimerChange]:
    """36 months after the signature, and after the last use that was known then, it is asked whether a mandate is dead (PAY-1)."""
    match event:
        case MandateGiven():
            return [_unused_since(event.mandate_id, event.last_used_on or event.signed_on)]
        case MandateKept():
            return [_unused_since(event.mandate_id, event.last_used_on)]
        case _:
            return []


def _unused_since(mandate_id: MandateId, day: date) -> SetTimer:
    due_at = at(add_months(day, UNUSED_MONTHS_MAX), "00:00")
    return SetTimer(occasion=f"mandate/{mandate_id}/unused-since-{day}", due_at=due_at, wake_up=AskWhetherUsed(mandate_id=mandate_id))
