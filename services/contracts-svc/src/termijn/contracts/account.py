"""The account: whose contract it is, how it pays, and whether it may order. One stream per account.

Events, state and timers are in ``account_state.py``, commands in ``account_command.py``, mandates in ``mandate.py``.
"""

from collections.abc import Sequence

from termijn.contracts.account_check import check_debtor, check_facts, check_legal, check_party, check_recipients, manager_only_changes
from termijn.contracts.account_command import (
    AccountCommand,
    AdmitOrder,
    AmendMandate,
    ChangeAccount,
    CorrectContractStart,
    ExemptFromDebit,
    ExpireMandate,
    FileMandateForm,
    GiveLongTermConsent,
    GiveMandate,
    NoteMandateBlocked,
    NoteResumed,
    NoteSuspended,
    OpenNewAccount,
    RevokeMandate,
)
from termijn.contracts.account_details import details_changed
from termijn.contracts.account_state import (
    Account,
    AccountEvent,
    AccountResumed,
    AccountSuspended,
    ContractStartCorrected,
    DetailsChanged,
    LongTermConsentGiven,
    MandateFormFiled,
    MandateFoundBlocked,
    MandateKept,
    NoAccount,
    OpenAccount,
    OrderAdmitted,
    evolve,
    wakes,
)
from termijn.contracts.errors import AlreadyThere, ConsumersNotServed, ManagerOnly, NoMandate, SuspendedForDefault, TerminatedForDefault
from termijn.contracts.first_term import LONG_TERM_MONTHS
from termijn.contracts.mandate import decide_mandate
from termijn.events.contracts import (
    AccountChanged,
    AccountFacts,
    AccountOpened,
    DebitExemptionGranted,
    MandateAmended,
    MandateGiven,
    MandateRevoked,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.notice import TERM_MONTHS_MAX
from termijn.runtime.aggregate import Aggregate

# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: AccountCommand, state: Account) -> Sequence[AccountEvent]:
    """What follows from the command; an account is opened once, before anything else."""
    if isinstance(command, OpenNewAccount):
        if isinstance(state, OpenAccount):
            raise AlreadyThere(field="account_id", what="account", id=command.account)
        return _open(command)
    if isinstance(state, NoAccount):
        if isinstance(command, NoteMandateBlocked | ExpireMandate | NoteSuspended | NoteResumed):
            return []
        raise NotFound(what="account", id=command.account)
    match command:
        case ChangeAccount():
            return _change(command, state)
        case GiveMandate() | AmendMandate() | FileMandateForm() | RevokeMandate() | NoteMandateBlocked() | ExpireMandate():
            return decide_mandate(command, state)
        case ExemptFromDebit():
            if not command.is_manager:
                raise ManagerOnly(reason="exempt an account from direct debit")
            return [DebitExemptionGranted(reason=command.reason)] if command.reason != state.exemption else []
        case GiveLongTermConsent():
            return _consent(command, state)
        case AdmitOrder():
            return _admit(command, state)
        case NoteSuspended():
            is_new = state.suspension is None
            return [AccountSuspended(reason=command.reason, since=command.since)] if is_new else []
        case NoteResumed():
            is_over = state.suspension is not None or (state.is_terminated and not command.by_termination)
            return [AccountResumed(since=command.since, by_termination=command.by_termination)] if is_over else []
        case CorrectContractStart():
            if not command.is_manager:
                raise ManagerOnly(reason="correct the contract duration")
            return [ContractStartCorrected(starts_on=command.starts_on, reason=command.reason)]


def _open(command: OpenNewAccount) -> Sequence[AccountEvent]:
    """Free, and binds to nothing (CON-1). Consumers are refused where the provider serves companies only (CAT-27)."""
    _check_kind(command.facts, serves_companies_only=command.serves_companies_only)
    _check_content(command)
    today = day_of(command.now)
    check_legal(None, command.facts, today=today, is_manager=True, published=command.legal_versions)
    return [
        AccountOpened(
            contract_partner=command.contract_partner,
            invoice_address=command.invoice_address,
            facts=command.facts,
            recipients=command.recipients,
        )
    ]


def _change(command: ChangeAccount, state: OpenAccount) -> Sequence[AccountEvent]:
    """A customer changes what is theirs; the contract partner and some facts are the manager's (CON-8, SEC-2)."""
    if not command.is_manager:
        fields = list(manager_only_changes(state.facts, command.facts))
        if command.contract_partner != state.contract_partner:
            fields.insert(0, "contract_partner")
        if fields:
            raise ManagerOnly(field=fields[0], reason=f"change {fields[0]}")
    if command.facts.debtor_kind != state.facts.debtor_kind:
        _check_kind(command.facts, serves_companies_only=command.serves_companies_only)
        check_debtor(command.facts, usable_schemes=[m.scheme for m in state.mandates if m.state == "usable"])
    _check_content(command)
    today = day_of(command.now)
    check_legal(state.facts, command.facts, today=today, is_manager=command.is_manager, published=command.legal_versions)
    changed = AccountChanged(
        contract_partner=command.contract_partner,
        invoice_address=command.invoice_address,
        facts=command.facts,
        recipients=command.recipients,
    )
    present = AccountChanged(
        contract_partner=state.contract_partner, invoice_address=state.invoice_address, facts=state.facts, recipients=state.recipients
    )
    if changed == present:
        return []
    details = details_changed(state, changed)
    return [changed, details] if details is not None else [changed]


def _check_kind(facts: AccountFacts, *, serves_companies_only: bool) -> None:
    if serves_companies_only and facts.debtor_kind == "consumer":
        raise ConsumersNotServed(field="facts.debtor_kind")


def _check_content(command: OpenNewAccount | ChangeAccount) -> None:
    """Each field of CON-8 by itself."""
    check_facts(command.facts)
    check_party("contract_partner", command.contract_partner)
    check_party("invoice_address", command.invoice_address)
    check_recipients(command.recipients)


def _consent(command: GiveLongTermConsent, state: OpenAccount) -> Sequence[AccountEvent]:
    """Separate from every order, with its day and what was signed (CAT-26); one of another day is a manager's to enter."""
    today = day_of(command.now)
    if command.given_on != today and not command.is_manager:
        raise ManagerOnly(field="given_on", reason="enter a consent of another day")
    if command.given_on > today:
        raise InvalidInput(field="given_on", reason="lies in the future")
    if state.is_consumer:
        raise InvalidInput(field="months_max", reason=f"no consumer can agree to a first term over {LONG_TERM_MONTHS} months")
    if not LONG_TERM_MONTHS < command.months_max <= TERM_MONTHS_MAX:
        raise InvalidInput(field="months_max", reason=f"is from {LONG_TERM_MONTHS + 1} to {TERM_MONTHS_MAX}: a shorter term needs none")
    return [
        LongTermConsentGiven(
            months_max=command.months_max,
            given_on=command.given_on,
            document=command.document,
            version=command.version,
            channel=command.channel,
        )
    ]


def _admit(command: AdmitOrder, state: OpenAccount) -> Sequence[AccountEvent]:
    """A subscription needs an active mandate or an exemption (CON-2); the first order makes the contract (CON-1).

    While late payment suspends the account, only a manager orders for it, and what is ordered starts suspended (CON-10). After a
    termination for default it is a manager's order, too, that lets the customer order again.
    """
    if state.suspension is not None and not command.is_manager:
        raise SuspendedForDefault(since=day_of(state.suspension.since), reason=state.suspension.reason)
    if state.is_terminated and not command.is_manager:
        raise TerminatedForDefault
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


ACCOUNT: Aggregate[Account, AccountCommand, AccountEvent] = Aggregate(
    name="account",
    initial=NoAccount(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Account,
    events=(
        AccountOpened,
        AccountChanged,
        DetailsChanged,
        MandateGiven,
        MandateAmended,
        MandateRevoked,
        MandateFoundBlocked,
        MandateKept,
        MandateFormFiled,
        DebitExemptionGranted,
        LongTermConsentGiven,
        OrderAdmitted,
        AccountSuspended,
        AccountResumed,
        ContractStartCorrected,
    ),
)
