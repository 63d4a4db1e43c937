"""What happened to an account, a module or a tariff, entry by entry: who, when, why it was allowed, and what changed (SEC-3).

Pure: the same events give the same entries. What changed follows from the state before and after, so an event that nobody
thought of here is told, too.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from termijn.contracts.account_state import Account, NoAccount
from termijn.contracts.module_state import Module, NotOrdered, Over, Running
from termijn.contracts.tariff import Tariff
from termijn.runtime.aggregate import Aggregate, StateT
from termijn.runtime.handling import Recorded

Shown = Mapping[str, Any]
"""A state as fields with a name each; what differs between two of them is what changed."""

_WORDS = {
    "AccountOpened": "The account was opened",
    "AccountChanged": "The account was changed: {fields}",
    "DetailsChanged": "That is confirmed to the account",
    "MandateGiven": "Mandate {mandate_id} was given",
    "MandateAmended": "Mandate {mandate_id} was amended",
    "MandateRevoked": "Mandate {mandate_id} may not be used any more",
    "MandateFoundBlocked": "Mandate {mandate_id} was blocked: {reason_code}",
    "MandateKept": "Mandate {mandate_id} is still in use, last on {last_used_on}",
    "MandateFormFiled": "The signed form of mandate {mandate_id} was filed",
    "DebitExemptionGranted": "The account may order without a mandate: {reason}",
    "LongTermConsentGiven": "Agreed on {given_on} to first terms of up to {months_max} months: {document} {version}",
    "OrderAdmitted": "Module {module_id} could be ordered",
    "AccountSuspended": "Suspended: {reason}",
    "AccountResumed": "No longer suspended",
    "ContractStartCorrected": "The start of the contract was corrected: {reason}",
    "ModuleOrdered": "Ordered: {quantity} of {tariff[title]}",
    "ModuleActivated": "Delivered, works from {active_from}",
    "ModuleScaled": "Quantity {quantity} from {from_on}",
    "TariffChanged": "Tariff {tariff[title]} from {from_on}",
    "OptionAdded": "Option {article_id}, {quantity} from {from_on}",
    "OptionRemoved": "Option {article_id} until {ends_on}",
    "SubjectAssigned": "{subject} belongs to it from {from_at}",
    "SubjectReleased": "{subject} belongs to it until {until_at}",
    "ModuleCancelled": "Notice on {notice_on}, ends {ends_on}",
    "CancellationWithdrawn": "The notice was withdrawn",
    "ModuleEnded": "Ended, last day {ended_on}",
    "ModuleSuspended": "Suspended: {reason}",
    "ModuleResumed": "Full functionality again",
    "ModuleTerminated": "Terminated for default, last day {terminated_on}: {reason}",
    "PriceChangeAnnounced": "Version {tariff[version]} of {tariff[title]} was announced, from {from_on}",
    "PriceChangeDropped": "The announced price change is off: {reason}",
    "TariffPublished": "Version {tariff[version]} was published, for orders from {orders_from}",
}
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def entries(
    aggregate: Aggregate[StateT, Any, Any], state: StateT, recorded: Sequence[Recorded], shown: Callable[[StateT], Shown]
) -> Iterator[dict[str, Any]]:
    """An entry per event of a stretch of one stream, before which the thing was ``state`` (SEC-3)."""
    before = shown(state)
    for one in recorded:
        state = aggregate.evolve(state, one.event)
        after = shown(state)
        yield _entry(one, _changes(before, after))
        before = after


def _entry(one: Recorded, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    data = msgspec.to_builtins(one.event)
    kind = type(one.event).__name__
    words = _WORDS.get(kind, _CAPITALS.sub(" ", kind).capitalize())
    return {
        "version": one.version,
        "kind": kind,
        "said": words.format_map({**data, "fields": ", ".join(change["field"] for change in changes) or "nothing that is left to see"}),
        "occurred_at": one.occurred_at,
        "recorded_at": one.recorded_at,
        "actor": one.cause.actor,
        "role": one.cause.actor.partition(":")[0],
        "why": one.cause.why,
        "channel": data.get("channel"),
        "reason": data.get("explanation") or data.get("reason"),
        "changes": list(changes),
        "data": data,
    }


def _changes(before: Shown, after: Shown) -> list[Mapping[str, Any]]:
    """Each field that differs, with what it was and what it is; None where it was not there."""
    fields = [*before, *(field for field in after if field not in before)]
    return [
        {"field": field, "old": before.get(field), "new": after.get(field)} for field in fields if before.get(field) != after.get(field)
    ]


def account_shown(state: Account) -> Shown:
    """An account as fields: its parties, facts and recipients one by one, a mandate by its id."""
    if isinstance(state, NoAccount):
        return {}
    plain = msgspec.to_builtins(state)
    found: dict[str, Any] = {}
    for name in ("contract_partner", "invoice_address", "facts"):
        found |= {f"{name}.{field}": value for field, value in (plain[name] or {}).items()}
    found |= {f"recipients.{one['email']}": one for one in plain["recipients"] or ()}
    found |= {f"mandates.{one['mandate_id']}": one for one in plain["mandates"]}
    found |= {name: plain[name] for name in ("exemption", "has_contract", "contract_start", "long_term_months", "suspension")}
    return found


def module_shown(state: Module) -> Shown:
    """A module as fields: tariffs and quantities by the day they count from, options and subjects by name."""
    if isinstance(state, NotOrdered):
        return {}
    if isinstance(state, Over):
        return {"state": "over", "ended_on": state.ended_on}
    terms = state.terms
    found: dict[str, Any] = {f"tariff from {s.from_on}": f"{s.tariff.tariff_id}, version {s.tariff.version}" for s in terms.tariffs}
    found |= {f"term counts from {s.counts_from}": True for s in terms.tariffs if s.counts_from is not None}
    found |= {f"quantity from {s.from_on}": s.quantity for s in terms.quantities}
    found |= {f"options.{article_id}": msgspec.to_builtins(option.spans[-1]) for article_id, option in terms.options.items()}
    found |= {f"subjects.{subject}": since for subject, since in terms.subjects.items()}
    if isinstance(state, Running):
        found["starts_on"] = state.starts_on
        found["ends_on"] = state.ending.ends_on if state.ending is not None else None
        found["suspension"] = msgspec.to_builtins(state.suspension)
        if state.fixed_until is not None:
            found["leased_until"] = state.fixed_until
        if (change := state.price_change) is not None:
            found["price change"] = f"{change.tariff.tariff_id}, version {change.tariff.version}, from {change.from_on}"
    return found


def tariff_shown(state: Tariff) -> Shown:
    """A tariff as its versions."""
    return {f"version {one.tariff.version}": {"orders_from": one.orders_from, "title": one.tariff.title} for one in state.versions}
