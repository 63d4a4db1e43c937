"""Read models: the catalogue, accounts, modules with their timelines, who owns which subject, what is to be confirmed.

Synchronous, a row per thing and no totals: they keep rules over several streams (one owner per subject, references and
customer numbers used once), and callers read what they just wrote.
"""

from collections.abc import Iterable, Iterator

import msgspec

from termijn.contracts.account import ContractStartCorrected, MandateFoundBlocked, OrderAdmitted
from termijn.contracts.confirmation import ConfirmationNotSent, ConfirmationSent, facts_of
from termijn.contracts.policy import PolicySet
from termijn.events.contracts import (
    AccountChanged,
    AccountOpened,
    CancellationWithdrawn,
    DebitExemptionGranted,
    MandateGiven,
    MandateRevoked,
    ModuleActivated,
    ModuleCancelled,
    ModuleEnded,
    ModuleOrdered,
    ModuleResumed,
    ModuleScaled,
    ModuleSuspended,
    ModuleTerminated,
    OptionAdded,
    OptionRemoved,
    Party,
    RateDeckPublished,
    SubjectAssigned,
    SubjectReleased,
    TariffChanged,
    TariffPublished,
)
from termijn.runtime.handling import Recorded, Statement, View
from termijn.runtime.sql import load

SQL = load("termijn.contracts", "views.sql")


def _do(name: str, *args: object) -> Statement:
    return Statement(SQL[name], args)


def apply_catalogue(recorded: Recorded) -> Iterable[Statement]:
    """Versions of tariffs, decks and policy; none is ever changed (CAT-5)."""
    provider = recorded.provider
    match recorded.event:
        case PolicySet() as e:
            yield _do("add_policy", provider, e.version, _json(e.policy), recorded.occurred_at)
        case TariffPublished() as e:
            t = e.tariff
            yield _do("add_tariff", provider, t.tariff_id, t.version, e.orders_from, t.title, t.module, t.is_public, _json(t))
        case RateDeckPublished() as e:
            yield _do("add_deck", provider, e.deck_id, e.version, e.valid_from, e.rows, e.blob.sha256, e.blob.size_bytes)
        case _:
            pass


def apply_accounts(recorded: Recorded) -> Iterable[Statement]:
    """An account as it is, and its mandates."""
    provider, account = recorded.provider, recorded.account
    stream = (provider, account, recorded.version)
    match recorded.event:
        case AccountOpened() as e:
            parties = (_party(e.contract_partner), _party(e.invoice_address))
            yield _do("open_account", *stream, *parties, _json(e.facts), e.facts.customer_number, recorded.occurred_at)
        case AccountChanged() as e:
            parties = (_party(e.contract_partner), _party(e.invoice_address))
            yield _do("change_account", *stream, *parties, _json(e.facts), e.facts.customer_number)
        case DebitExemptionGranted() as e:
            yield _do("exempt_account", *stream, e.reason)
        case ContractStartCorrected() as e:
            yield _do("correct_contract_start", *stream, e.starts_on)
        case OrderAdmitted():
            yield _do("touch_account", *stream)
        case MandateGiven() as e:
            yield _do("add_mandate", provider, account, e.mandate_id, e.reference, e.scheme, e.signed_on)
            yield _do("touch_account", *stream)
        case MandateRevoked() as e:
            yield _do("revoke_mandate", provider, account, e.mandate_id, e.revoked_on)
            yield _do("touch_account", *stream)
        case MandateFoundBlocked() as e:
            yield _do("block_mandate", provider, account, e.mandate_id, e.reason_code)
            yield _do("touch_account", *stream)
        case _:
            pass


def apply_modules(recorded: Recorded) -> Iterable[Statement]:
    """A module as it is; tariffs and quantities by the day they count from."""
    match recorded.event:
        case ModuleOrdered() as e:
            tariff, module = e.tariff, (recorded.provider, e.module_id)
            first = e.starts_on or e.ordered_on
            facts = (tariff.module, e.ordered_on, e.starts_on, e.channel)
            yield _do("add_module", recorded.provider, recorded.account, e.module_id, recorded.version, *facts)
            yield _do("put_tariff", *module, first, tariff.tariff_id, tariff.version, None)
            yield _do("put_quantity", *module, first, e.quantity)
            for article_id in e.options:
                yield _do("put_option", *module, article_id, 1, first)
        case ModuleActivated() | ModuleCancelled() | CancellationWithdrawn() | ModuleSuspended() | ModuleResumed():
            yield _changed(recorded, recorded.event)
        case ModuleEnded() | ModuleTerminated():
            yield _changed(recorded, recorded.event)
        case ModuleScaled() | TariffChanged() | OptionAdded() | OptionRemoved():
            yield from _on_the_timeline(recorded, recorded.event)
            yield _do("touch_module", recorded.provider, recorded.event.module_id, recorded.version)
        case SubjectAssigned() | SubjectReleased():
            yield _do("touch_module", recorded.provider, recorded.event.module_id, recorded.version)
        case _:
            pass


Changed = ModuleActivated | ModuleCancelled | CancellationWithdrawn | ModuleSuspended | ModuleResumed | ModuleEnded | ModuleTerminated


def _changed(recorded: Recorded, event: Changed) -> Statement:
    module = (recorded.provider, event.module_id, recorded.version)
    match event:
        case ModuleActivated() as e:
            return _do("activate_module", *module, e.active_from)
        case ModuleCancelled() as e:
            return _do("cancel_module", *module, e.notice_on, e.ends_on, e.explanation)
        case CancellationWithdrawn():
            return _do("cancel_module", *module, None, None, None)
        case ModuleSuspended() as e:
            return _do("suspend_module", *module, e.suspended_at, e.reason, list(e.still_works))
        case ModuleResumed():
            return _do("suspend_module", *module, None, None, [])
        case ModuleEnded() as e:
            return _do("end_module", *module, "ended", e.ended_on, None)
        case ModuleTerminated() as e:
            return _do("end_module", *module, "terminated", e.terminated_on, e.reason)


def _on_the_timeline(recorded: Recorded, event: ModuleScaled | TariffChanged | OptionAdded | OptionRemoved) -> Iterator[Statement]:
    module = (recorded.provider, event.module_id)
    match event:
        case ModuleScaled() as e:
            yield _do("put_quantity", *module, e.from_on, e.quantity)
        case TariffChanged() as e:
            counts_from = e.from_on if e.starts_new_term else None
            yield _do("put_tariff", *module, e.from_on, e.tariff.tariff_id, e.tariff.version, counts_from)
        case OptionAdded() as e:
            yield _do("put_option", *module, e.article_id, e.quantity, e.from_on)
        case OptionRemoved() as e:
            yield _do("end_option", *module, e.article_id, e.ends_on)


def apply_subjects(recorded: Recorded) -> Iterable[Statement]:
    """Who owns which subject when; the table refuses a second owner (USE-2)."""
    match recorded.event:
        case SubjectAssigned(subject=None) | SubjectReleased(subject=None):
            pass  # erased, as the row is (CON-7)
        case SubjectAssigned() as e:
            yield _do("assign_subject", recorded.provider, recorded.account, e.module_id, e.subject, e.from_at)
        case SubjectReleased() as e:
            yield _do("release_subject", recorded.provider, e.module_id, e.subject, e.until_at)
        case _:
            pass


def apply_confirmations(recorded: Recorded) -> Iterable[Statement]:
    """What is to be confirmed to the account, until it is (CON-6)."""
    match recorded.event:
        case ConfirmationSent() as e:
            yield _do("confirmation_done", recorded.provider, e.confirmation_id, "sent", e.message_id, None)
        case ConfirmationNotSent() as e:
            yield _do("confirmation_done", recorded.provider, e.confirmation_id, "not_sent", None, e.reason)
        case _:
            facts = facts_of(recorded.event)
            if facts is not None:
                module_id = str(getattr(recorded.event, "module_id"))  # noqa: B009 - every event with facts is one of a module
                key = f"{module_id}/{recorded.version}"
                kind, told, actor = type(recorded.event).__name__, msgspec.json.encode(facts).decode(), recorded.cause.actor
                yield _do("confirm", recorded.provider, recorded.account, key, module_id, kind, told, recorded.occurred_at, actor)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _party(party: Party | None) -> str | None:
    return _json(party) if party is not None else None


VIEWS: tuple[View, ...] = (
    View(name="catalogue", tables=("policy_version", "tariff_version", "rate_deck_version"), apply=apply_catalogue, is_synchronous=True),
    View(name="accounts", tables=("account", "mandate"), apply=apply_accounts, is_synchronous=True),
    View(name="modules", tables=("module", "module_tariff", "module_quantity", "module_option"), apply=apply_modules, is_synchronous=True),
    View(name="subjects", tables=("subject_owner",), apply=apply_subjects, is_synchronous=True),
    View(name="confirmations", tables=("confirmation",), apply=apply_confirmations, is_synchronous=True),
)
