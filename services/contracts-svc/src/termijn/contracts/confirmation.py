"""Confirmations: every order, change and cancellation is confirmed to the account in writing (CON-6).

That a confirmation is due follows from the module's own event; that it was sent is an event here. One stream per confirmation.
The names of the events below are stored forever.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, TypeAlias

import msgspec

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_state import Account, OpenAccount
from termijn.contracts.confirmation_letter import text
from termijn.contracts.goods_confirmation import goods_facts
from termijn.contracts.lease import TERM_CHANNEL
from termijn.contracts.price_letter import price_facts
from termijn.events.base import Event
from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleCancelled,
    ModuleOrdered,
    ModuleScaled,
    OptionAdded,
    OptionRemoved,
    SubjectReleased,
    TariffChanged,
)
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId, derived_id
from termijn.runtime.aggregate import Aggregate, Command
from termijn.runtime.handling import Transient, Work
from termijn.runtime.mail import Mailer, MailRefused
from termijn.runtime.sql import load

QUERIES = load("termijn.contracts", "queries.sql")
PAGE_MAX = 10
"""Confirmations in one transaction: a repeat after a crash sends these again, under the same Message-IDs."""

# -- Events ----------------------------------------------------------------------------------------------------------


class ConfirmationSent(Event, frozen=True, kw_only=True):
    """The mail server accepted it."""

    confirmation_id: str
    message_id: str


class ConfirmationNotSent(Event, frozen=True, kw_only=True):
    """There is nowhere to send it to, or it was refused for good; a manager sees it."""

    confirmation_id: str
    reason: str


ConfirmationEvent: TypeAlias = ConfirmationSent | ConfirmationNotSent

# -- State -----------------------------------------------------------------------------------------------------------


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is dealt with."""

    is_done: bool = False


# -- Commands --------------------------------------------------------------------------------------------------------


class NoteOutcome(Command, frozen=True, kw_only=True):
    """What became of it: sent under ``message_id``, or why not."""

    confirmation_id: str
    message_id: str | None
    reason: str | None = None


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: NoteOutcome, state: Confirmation) -> Sequence[ConfirmationEvent]:
    """Once."""
    if state.is_done:
        return []
    if command.message_id is not None:
        return [ConfirmationSent(confirmation_id=command.confirmation_id, message_id=command.message_id)]
    assert command.reason is not None, "what was not sent has a reason"
    return [ConfirmationNotSent(confirmation_id=command.confirmation_id, reason=command.reason)]


def evolve(state: Confirmation, event: ConfirmationEvent) -> Confirmation:
    """It is dealt with, either way."""
    return Confirmation(is_done=True)


CONFIRMATION: Aggregate[Confirmation, NoteOutcome, ConfirmationEvent] = Aggregate(
    name="confirmation",
    initial=Confirmation(),
    decide=decide,
    evolve=evolve,
    state_type=Confirmation,
    events=(ConfirmationSent, ConfirmationNotSent),
)

# -- What it says ----------------------------------------------------------------------------------------------------


def facts_of(event: Event) -> dict[str, Any] | None:
    """What a confirmation of this event tells, as plain data; None where the event needs none (CON-6)."""
    match event:
        case ModuleOrdered():
            return {"title": event.tariff.title, "quantity": event.quantity, "day": _iso(event.starts_on), "channel": event.channel}
        case ModuleScaled():
            return {"quantity": event.quantity, "day": _iso(event.from_on), "why": event.explanation, "channel": event.channel}
        case TariffChanged():
            return {"title": event.tariff.title, "day": _iso(event.from_on), "why": event.explanation, "channel": event.channel}
        case OptionAdded():
            return {"article": event.article_id, "quantity": event.quantity, "day": _iso(event.from_on), "channel": event.channel}
        case OptionRemoved():
            return {"article": event.article_id, "day": _iso(event.ends_on), "why": event.explanation, "channel": event.channel}
        case ModuleCancelled(channel=channel) if channel == TERM_CHANNEL:
            return {"day": _iso(event.ends_on), "channel": "api"}
        case ModuleCancelled():
            return {"day": _iso(event.ends_on), "notice": _iso(event.notice_on), "why": event.explanation, "channel": event.channel}
        case CancellationWithdrawn():
            return {"channel": event.channel}
        case SubjectReleased(is_ported_out=True):
            # Not which number: it is personal, and the customer knows what it took along.
            return {"day": _iso(day_of(event.until_at)), "channel": event.channel}
        case _:
            return goods_facts(event) or price_facts(event)


def kind_of(event: Event) -> str:
    """Which words a confirmation uses: the event's name, but the end of a lease was agreed with it and is no notice (CON-11).

    Of the subjects that a module gives up only a number that was ported out is confirmed (CON-6).
    """
    if isinstance(event, ModuleCancelled) and event.channel == TERM_CHANNEL:
        return "LeaseTermAgreed"
    if isinstance(event, SubjectReleased):
        return "NumberPortedOut"
    return type(event).__name__


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


# -- Sending ---------------------------------------------------------------------------------------------------------


def sender(mailer: Mailer) -> Callable[[Work], Awaitable[int]]:
    """The step of the worker that sends what is due, once at least: to whom the account has confirmations sent (CON-8), else to the
    contract partner.
    """

    async def step(work: Work) -> int:
        done, failed = 0, None
        for row in await work.fetch(QUERIES["confirmations_due"], work.provider, PAGE_MAX):
            try:
                outcome = await _send(mailer, work, row)
            except Transient as failure:
                failed = failure
                continue
            await work.execute(CONFIRMATION, row["confirmation_id"], outcome, account=AccountId(row["account"]))
            done += 1
        if failed is not None and not done:
            raise failed
        return done

    return step


def message_id_of(provider: str, confirmation_id: str, nth: int = 0) -> str:
    """The Message-ID to the nth address. By its place and not by the address: who erases the account knows only that (CON-7)."""
    return str(derived_id("confirmation", provider, confirmation_id, *((nth,) if nth else ())))


async def _send(mailer: Mailer, work: Work, row: Any) -> NoteOutcome:
    confirmation_id = row["confirmation_id"]
    account = await work.load(ACCOUNT, row["account"])
    addresses = addresses_of(account)
    if not isinstance(account, OpenAccount) or not addresses:
        return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=None, reason="the account has no e-mail address")
    message_id = message_id_of(work.provider, confirmation_id)
    subject, body = text(
        row["kind"],
        msgspec.json.decode(row["facts"]),
        language=account.facts.language,
        module_id=row["module_id"],
        when=row["decided_on"],
        actor=row["actor"],
    )
    refusals = []
    for nth, address in enumerate(addresses):
        # One message per address: several in one would tell each of the others.
        own_id = message_id_of(work.provider, confirmation_id, nth)
        try:
            await mailer.send(work.provider, address, subject, body, own_id)
        except MailRefused as refused:
            refusals.append(f"refused: {refused}")
    if len(refusals) == len(addresses):
        return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=None, reason=refusals[0])
    return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=message_id)


def addresses_of(account: Account) -> list[str]:
    """Where confirmations go: to the recipients that get them (CON-8), else to the contract partner; nowhere once erased."""
    if not isinstance(account, OpenAccount):
        return []
    chosen = [one.email for one in account.recipients or () if "confirmations" in one.documents]
    partner = account.contract_partner
    return chosen or ([partner.email] if partner is not None and partner.email else [])
