"""Read models: the catalogue, accounts, modules with their timelines, who owns which subject, what is to be confirmed.

Synchronous, a row per thing and no totals: they keep rules over several streams (one owner per subject, references and
customer numbers used once), and callers read what they just wrote.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from termijn.contracts.account_state import (
    AccountResumed,
    AccountSuspended,
    ContractStartCorrected,
    DetailsChanged,
    LongTermConsentGiven,
    MandateFormFiled,
    MandateFoundBlocked,
    MandateKept,
    OrderAdmitted,
)
from termijn.contracts.catalogue_views import CATALOGUE_VIEWS
from termijn.contracts.confirmation import ConfirmationNotSent, ConfirmationSent
from termijn.contracts.confirmation_facts import facts_of, kind_of, personal_of
from termijn.contracts.goods_views import GOODS_VIEWS
from termijn.contracts.legal_document import LegalDocumentPublished
from termijn.contracts.policy import PolicySet
from termijn.events.contracts import (
    AccountChanged,
    AccountOpened,
    CancellationWithdrawn,
    DebitExemptionGranted,
    MandateAmended,
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
    Recipient,
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
            about = (t.title, t.module, t.is_public, e.takes_orders, _json(t))
            yield _do("add_tariff", provider, t.tariff_id, t.version, e.orders_from, *about)
        case RateDeckPublished() as e:
            yield _do("add_deck", provider, e.deck_id, e.version, e.valid_from, e.rows, e.blob.sha256, e.blob.size_bytes)
        case _:
            pass


def apply_accounts(recorded: Recorded) -> Iterable[Statement]:
    """An account as it is."""
    stream = (recorded.provider, recorded.account, recorded.version)
    match recorded.event:
        case AccountOpened() | AccountChanged() as e:
            told = (_given(e.contract_partner), _given(e.invoice_address), _json(e.facts), e.facts.customer_number, _given(e.recipients))
            if isinstance(e, AccountOpened):
                yield _do("open_account", *stream, *told, recorded.occurred_at)
            else:
                yield _do("change_account", *stream, *told)
        case DebitExemptionGranted() as e:
            yield _do("exempt_account", *stream, e.reason)
        case ContractStartCorrected() as e:
            yield _do("correct_contract_start", *stream, e.starts_on)
        case AccountSuspended() as e:
            yield _do("suspend_account", *stream, e.since, e.reason)
        case AccountResumed():
            yield _do("suspend_account", *stream, None, None)
        case LongTermConsentGiven() as e:
            yield _do("add_long_term_consent", *stream, e.months_max, e.given_on, e.document, e.version, e.channel)
            yield _do("raise_long_term", *stream, e.months_max)
        case OrderAdmitted() | DetailsChanged():
            yield _do("touch_account", *stream)
        case MandateGiven() | MandateAmended() | MandateRevoked() | MandateFoundBlocked() | MandateFormFiled() | MandateKept() as e:
            yield from _on_a_mandate(recorded, e)
            yield _do("touch_account", *stream)
        case _:
            pass


OfMandate = MandateGiven | MandateAmended | MandateRevoked | MandateFoundBlocked | MandateFormFiled | MandateKept


def _on_a_mandate(recorded: Recorded, event: OfMandate) -> Iterator[Statement]:
    mandate = (recorded.provider, recorded.account, event.mandate_id)
    match event:
        case MandateGiven() as e:
            yield _do("add_mandate", *mandate, e.reference, e.scheme, e.signed_on)
        case MandateAmended() as e:
            yield _do("amend_mandate", *mandate, e.reference, e.amended_on)
        case MandateRevoked() as e:
            yield _do("revoke_mandate", *mandate, e.revoked_on, "expired" if e.is_expired else "revoked")
        case MandateFoundBlocked() as e:
            yield _do("block_mandate", *mandate, e.reason_code)
        case MandateFormFiled() as e:
            yield _do("file_mandate_form", *mandate, e.form.sha256, e.form.size_bytes, e.form.address, e.media_type)
        case MandateKept():
            pass


def apply_legal_documents(recorded: Recorded) -> Iterable[Statement]:
    """Terms and data-protection agreements, by version; none is ever changed (CON-8)."""
    if isinstance(recorded.event, LegalDocumentPublished):
        e = recorded.event
        content = (e.media_type, e.content.sha256, e.content.size_bytes, e.content.address)
        yield _do("add_legal_document", recorded.provider, e.kind, e.version, e.valid_from, *content, recorded.occurred_at)


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
            yield _do("assign_subject", recorded.provider, recorded.account, e.module_id, e.subject, e.from_at, recorded.version)
        case SubjectReleased() as e:
            yield _do("release_subject", recorded.provider, e.module_id, e.subject, e.until_at, recorded.version)
        case _:
            pass


def apply_confirmations(recorded: Recorded) -> Iterable[Statement]:
    """What is to be confirmed to the account, until it is (CON-6)."""
    match recorded.event:
        case ConfirmationSent() as e:
            yield _do("confirmation_done", recorded.provider, e.confirmation_id, "sent", e.message_id, None, recorded.occurred_at)
        case ConfirmationNotSent() as e:
            yield _do("confirmation_done", recorded.provider, e.confirmation_id, "not_sent", None, e.reason, None)
        case _:
            facts = facts_of(recorded.event)
            if facts is not None:
                yield _confirm(recorded, facts)


def _confirm(recorded: Recorded, facts: dict[str, Any]) -> Statement:
    # A project may have the id of a module: what a confirmation is about tells them apart.
    about, event = facts.get("about"), recorded.event
    subject = recorded.account if about == "account" else str(facts["subject"] if about else getattr(event, "module_id"))  # noqa: B009
    key = f"{about}~{subject}/{recorded.version}" if about else f"{subject}/{recorded.version}"
    told, personal = _json(facts), personal_of(event)
    who = (recorded.occurred_at, recorded.cause.actor)
    return _do("confirm", recorded.provider, recorded.account, key, subject, kind_of(event), told, *who, _given(personal))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _given(personal: Party | tuple[Recipient, ...] | dict[str, Any] | None) -> str | None:
    return _json(personal) if personal is not None else None


VIEWS: tuple[View, ...] = (
    View(name="catalogue", tables=("policy_version", "tariff_version", "rate_deck_version"), apply=apply_catalogue, is_synchronous=True),
    View(name="accounts", tables=("account", "mandate", "long_term_consent"), apply=apply_accounts, is_synchronous=True),
    View(name="legal_documents", tables=("legal_document",), apply=apply_legal_documents, is_synchronous=True),
    View(name="modules", tables=("module", "module_tariff", "module_quantity", "module_option"), apply=apply_modules, is_synchronous=True),
    View(name="subjects", tables=("subject_owner",), apply=apply_subjects, is_synchronous=True),
    View(name="confirmations", tables=("confirmation",), apply=apply_confirmations, is_synchronous=True),
    *GOODS_VIEWS,
    *CATALOGUE_VIEWS,
)
