"""The account: whose contract it is, how it pays, and whether it may order. One stream per account.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Literal, TypeAlias, assert_never

import msgspec

from termijn.contracts.account_check import check_facts, check_iban, check_party, manager_only_changes
from termijn.contracts.errors import AlreadyThere, ConsumersNotServed, ManagerOnly, NoMandate
from termijn.events.base import Event
from termijn.events.contracts import AccountChanged, AccountFacts, AccountOpened, DebitExemptionGranted, MandateGiven, MandateRevoked, Party
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import AccountId, MandateId, ModuleId
from termijn.runtime.aggregate import Aggregate, Command

MANDATES_MAX = 50
"""Mandates that an account can collect over its life, revoked ones included."""

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


class ContractStartCorrected(Event, frozen=True, kw_only=True):
    """A manager says since when the contract runs (CON-1); None goes back to the oldest active module."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"reason"})
    starts_on: date | None
    reason: str | None


AccountEvent: TypeAlias = (
    AccountOpened
    | AccountChanged
    | MandateGiven
    | MandateRevoked
    | MandateFoundBlocked
    | DebitExemptionGranted
    | OrderAdmitted
    | ContractStartCorrected
)

# -- State -----------------------------------------------------------------------------------------------------------


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """One mandate."""

    mandate_id: MandateId
    reference: str
    state: Literal["usable", "blocked", "revoked"] = "usable"


class NoAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Nothing was opened under this id."""


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An account. Personal fields are None once its key is gone."""

    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    mandates: tuple[Mandate, ...] = ()
    exemption: str | None = None
    has_contract: bool = False
    contract_start: date | None = None

    @property
    def usable_mandate(self) -> Mandate | None:
        """The mandate that a subscription would be collected with: the one given last."""
        return next((m for m in reversed(self.mandates) if m.state == "usable"), None)


Account: TypeAlias = NoAccount | OpenAccount

# -- Commands --------------------------------------------------------------------------------------------------------


class OpenNewAccount(Command, frozen=True, kw_only=True):
    """Open an account. ``serves_companies_only`` is policy."""

    account: AccountId
    contract_partner: Party
    invoice_address: Party | None
    facts: AccountFacts
    serves_companies_only: bool


class ChangeAccount(Command, frozen=True, kw_only=True):
    """The whole account as it is to be."""

    account: AccountId
    is_manager: bool
    contract_partner: Party | None
    invoice_address: Party | None
    facts: AccountFacts
    serves_companies_only: bool


class GiveMandate(Command, frozen=True, kw_only=True):
    """The debtor signed (PAY-1)."""

    account: AccountId
    mandate_id: MandateId
    reference: str
    scheme: Literal["CORE", "B2B"]
    signed_on: date
    iban: str
    holder: str


class RevokeMandate(Command, frozen=True, kw_only=True):
    """The debtor takes it back."""

    account: AccountId
    mandate_id: MandateId


class NoteMandateBlocked(Command, frozen=True, kw_only=True):
    """invoice-svc blocked it."""

    account: AccountId
    mandate_id: MandateId
    reason_code: str


class ExemptFromDebit(Command, frozen=True, kw_only=True):
    """A manager lets the account order without a mandate (CON-2)."""

    account: AccountId
    is_manager: bool
    reason: str


class AdmitOrder(Command, frozen=True, kw_only=True):
    """May this account order this module?"""

    account: AccountId
    module_id: ModuleId
    ordered_on: date


class CorrectContractStart(Command, frozen=True, kw_only=True):
    """A manager corrects the contract duration (CON-1)."""

    account: AccountId
    is_manager: bool
    starts_on: date | None
    reason: str


AccountCommand: TypeAlias = (
    OpenNewAccount | ChangeAccount | GiveMandate | RevokeMandate | NoteMandateBlocked | ExemptFromDebit | AdmitOrder | CorrectContractStart
)

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: AccountCommand, state: Account) -> Sequence[AccountEvent]:
    """What follows from the command; an account is opened once, before anything else."""
    match command, state:
        case OpenNewAccount(), NoAccount():
            return _open(command)
        case OpenNewAccount(), OpenAccount():
            raise AlreadyThere(field="account_id", what="account", id=command.account)
        case NoteMandateBlocked(), NoAccount():
            return []
        case _, NoAccount():
            raise NotFound(what="account", id=command.account)
        case ChangeAccount(), OpenAccount():
            return _change(command, state)
        case GiveMandate(), OpenAccount():
            return _give(command, state)
        case RevokeMandate(), OpenAccount():
            return _revoke(command, state)
        case NoteMandateBlocked(), OpenAccount():
            known = any(m.mandate_id == command.mandate_id and m.state == "usable" for m in state.mandates)
            return [MandateFoundBlocked(mandate_id=command.mandate_id, reason_code=command.reason_code)] if known else []
        case ExemptFromDebit(), OpenAccount():
            if not command.is_manager:
                raise ManagerOnly(reason="exempt an account from direct debit")
            return [DebitExemptionGranted(reason=command.reason)] if command.reason != state.exemption else []
        case AdmitOrder(), OpenAccount():
            return _admit(command, state)
        case CorrectContractStart(), OpenAccount():
            if not command.is_manager:
                raise ManagerOnly(reason="correct the contract duration")
            return [ContractStartCorrected(starts_on=command.starts_on, reason=command.reason)]
    raise AssertionError(f"no decision for {command!r}")


def _open(command: OpenNewAccount) -> Sequence[AccountEvent]:
    """Free, and binds to nothing (CON-1). Consumers are refused where the provider serves companies only (CAT-27)."""
    _check_kind(command.facts, command.serves_companies_only)
    check_facts(command.facts)
    check_party("contract_partner", command.contract_partner)
    check_party("invoice_address", command.invoice_address)
    return [AccountOpened(contract_partner=command.contract_partner, invoice_address=command.invoice_address, facts=command.facts)]


def _change(command: ChangeAccount, state: OpenAccount) -> Sequence[AccountEvent]:
    """A customer changes what is theirs; the contract partner and some facts are the manager's (CON-8, SEC-2)."""
    if not command.is_manager:
        fields = list(manager_only_changes(state.facts, command.facts))
        if command.contract_partner != state.contract_partner:
            fields.insert(0, "contract_partner")
        if fields:
            raise ManagerOnly(field=fields[0], reason=f"change {fields[0]}")
    if command.facts.debtor_kind != state.facts.debtor_kind:
        _check_kind(command.facts, command.serves_companies_only)
    check_facts(command.facts)
    check_party("contract_partner", command.contract_partner)
    check_party("invoice_address", command.invoice_address)
    changed = AccountChanged(contract_partner=command.contract_partner, invoice_address=command.invoice_address, facts=command.facts)
    present = AccountChanged(contract_partner=state.contract_partner, invoice_address=state.invoice_address, facts=state.facts)
    return [changed] if changed != present else []


def _check_kind(facts: AccountFacts, serves_companies_only: bool) -> None:
    if serves_companies_only and facts.debtor_kind == "consumer":
        raise ConsumersNotServed(field="facts.debtor_kind")


def _give(command: GiveMandate, state: OpenAccount) -> Sequence[AccountEvent]:
    """B2B is for companies only; the IBAN is one of a SEPA country; it was signed by now (PAY-1)."""
    if any(m.mandate_id == command.mandate_id for m in state.mandates):
        raise AlreadyThere(field="mandate_id", what="mandate", id=command.mandate_id)
    if len(state.mandates) >= MANDATES_MAX:
        raise InvalidInput(field="mandate_id", reason=f"an account has at most {MANDATES_MAX} mandates")
    if command.scheme == "B2B" and state.facts.debtor_kind != "company":
        raise InvalidInput(field="scheme", reason="B2B is for companies only")
    if command.signed_on > day_of(command.now):
        raise InvalidInput(field="signed_on", reason="lies in the future")
    return [
        MandateGiven(
            mandate_id=command.mandate_id,
            reference=command.reference,
            scheme=command.scheme,
            signed_on=command.signed_on,
            iban=check_iban(command.iban),
            holder=command.holder,
        )
    ]


def _revoke(command: RevokeMandate, state: OpenAccount) -> Sequence[AccountEvent]:
    """Revoking twice changes nothing; revoking a blocked one is still told, for it will never be unblocked then."""
    mandate = next((m for m in state.mandates if m.mandate_id == command.mandate_id), None)
    if mandate is None:
        raise NotFound(what="mandate", id=command.mandate_id)
    if mandate.state == "revoked":
        return []
    return [MandateRevoked(mandate_id=command.mandate_id, revoked_on=day_of(command.now))]


def _admit(command: AdmitOrder, state: OpenAccount) -> Sequence[AccountEvent]:
    """A subscription needs an active mandate or an exemption (CON-2); the first order makes the contract (CON-1)."""
    mandate = state.usable_mandate
    if mandate is None and state.exemption is None:
        raise NoMandate
    return [
        OrderAdmitted(
            module_id=command.module_id,
            ordered_on=command.ordered_on,
            mandate_id=mandate.mandate_id if mandate is not None else None,
            makes_contract=not state.has_contract,
        )
    ]


def evolve(state: Account, event: AccountEvent) -> Account:
    """The account after the event."""
    if isinstance(event, AccountOpened):
        return OpenAccount(contract_partner=event.contract_partner, invoice_address=event.invoice_address, facts=event.facts)
    if isinstance(state, NoAccount):
        return state
    change = msgspec.structs.replace
    match event:
        case AccountChanged():
            return change(state, contract_partner=event.contract_partner, invoice_address=event.invoice_address, facts=event.facts)
        case MandateGiven():
            return change(state, mandates=(*state.mandates, Mandate(mandate_id=event.mandate_id, reference=event.reference)))
        case MandateRevoked():
            return _with_mandate(state, event.mandate_id, "revoked")
        case MandateFoundBlocked():
            return _with_mandate(state, event.mandate_id, "blocked")
        case DebitExemptionGranted():
            return change(state, exemption=event.reason)
        case OrderAdmitted():
            return change(state, has_contract=True)
        case ContractStartCorrected():
            return change(state, contract_start=event.starts_on)
        case _:
            assert_never(event)


def _with_mandate(state: OpenAccount, mandate_id: MandateId, to: Literal["blocked", "revoked"]) -> OpenAccount:
    change = msgspec.structs.replace
    return change(state, mandates=tuple(change(m, state=to) if m.mandate_id == mandate_id else m for m in state.mandates))


ACCOUNT: Aggregate[Account, AccountCommand, AccountEvent] = Aggregate(
    name="account",
    initial=NoAccount(),
    decide=decide,
    evolve=evolve,
    state_type=Account,
    events=(
        AccountOpened,
        AccountChanged,
        MandateGiven,
        MandateRevoked,
        MandateFoundBlocked,
        DebitExemptionGranted,
        OrderAdmitted,
        ContractStartCorrected,
    ),
)
