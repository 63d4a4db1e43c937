"""Confirmations: every order, change and cancellation is confirmed to the account in writing (CON-6).

That a confirmation is due follows from the module's own event; that it was sent is an event here. One stream per confirmation.
The names of the events below are stored forever.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_check import RECIPIENTS_MAX
from termijn.contracts.account_state import Account, OpenAccount
from termijn.contracts.confirmation_case import told_of
from termijn.contracts.confirmation_letter import letter
from termijn.events.base import Event
from termijn.kernel.ids import AccountId, derived_id
from termijn.runtime.aggregate import Aggregate, Command
from termijn.runtime.handling import Transient, Work
from termijn.runtime.mail import Mailer
from termijn.runtime.outgoing import Outgoing
from termijn.runtime.sql import Row, load

QUERIES = load("termijn.contracts", "queries.sql")
PAGE_MAX = 10
"""Confirmations in one transaction: a repeat after a crash sends these again, under the same Message-IDs."""

ABOUT_ACCOUNT = "account~"
"""How the ids of confirmations about an account itself begin."""
COPIES_MAX = 2 * RECIPIENTS_MAX + 4
"""Addresses of one confirmation: recipients and parties, those of before and those of now."""

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

# -- Sending ---------------------------------------------------------------------------------------------------------


def sender(mailer: Mailer) -> Callable[[Work], Awaitable[int]]:
    """The step of the worker that sends what is due, once at least: to whom the account has confirmations sent (CON-8), else to the
    contract partner.
    """

    outgoing = Outgoing(mailer)

    async def step(work: Work) -> int:
        tried: dict[str, Transient | None] = {}

        async def send(row: Row) -> bool:
            if row["confirmation_id"] not in tried:
                together = await _together(work, row)
                tried.update(dict.fromkeys([one["confirmation_id"] for one in together], await _send_and_note(outgoing, work, together)))
            if (failure := tried[row["confirmation_id"]]) is not None:
                raise failure
            return False

        rows = await outgoing.page(work, QUERIES["confirmations_due"], PAGE_MAX)
        return await outgoing.each(work, rows, "confirmation_id", send)

    return step


def message_id_of(provider: str, confirmation_id: str, nth: int = 0) -> str:
    """The Message-ID to the nth address. By its place and not by the address: who erases the account knows only that (CON-7)."""
    return str(derived_id("confirmation", provider, confirmation_id, *((nth,) if nth else ())))


def copies_max(confirmation_id: str) -> int:
    """To how many addresses it went at most: the mails of an account that is erased are found by that (CON-7)."""
    return COPIES_MAX if confirmation_id.startswith(ABOUT_ACCOUNT) else RECIPIENTS_MAX


async def _together(work: Work, row: Row) -> Sequence[Row]:
    """What goes in one letter: a hundred numbers that come to a module at once are one mail, by the order in which they came.

    The last one is the letter's: what joins them before a repeat has a later version, so a letter with more has another Message-ID.
    """
    if row["kind"] != "SubjectAssigned":
        return [row]
    rows = await work.fetch(QUERIES["numbers_due"], work.provider, row["module_id"])
    return sorted(rows, key=lambda one: int(one["confirmation_id"].rpartition("/")[2]))


async def _send_and_note(outgoing: Outgoing, work: Work, together: Sequence[Row]) -> Transient | None:
    """Send what goes in one letter and note what became of each part; why it cannot leave now."""
    try:
        outcome = await _send(outgoing, work, together)
    except Transient as failure:
        return failure
    for one in together:
        noted = msgspec.structs.replace(outcome, confirmation_id=one["confirmation_id"])
        await work.execute(CONFIRMATION, one["confirmation_id"], noted, account=AccountId(one["account"]))
    return None


async def _send(outgoing: Outgoing, work: Work, together: Sequence[Row]) -> NoteOutcome:
    row = together[-1]
    confirmation_id = row["confirmation_id"]
    account = await work.load(ACCOUNT, row["account"])
    known = [msgspec.json.decode(one["personal"]) for one in together if one["personal"] is not None]
    personal: dict[str, Any] = known[-1] if known else {}
    if len(together) > 1:
        personal = {"numbers": [number for one in known for number in one["numbers"]]}
    addresses = copies_of(account, is_about_account=confirmation_id.startswith(ABOUT_ACCOUNT), also=personal.get("also", ()))
    if not isinstance(account, OpenAccount) or not addresses:
        return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=None, reason="the account has no e-mail address")
    told = await told_of(work, row, personal, account)
    message_id = message_id_of(work.provider, confirmation_id)
    refusals = await outgoing.copies(
        work.provider,
        message_id,
        [address for address, _ in addresses],
        write=lambda nth: letter(msgspec.structs.replace(told, is_left=addresses[nth][1])),
        origin=told.letterhead.origin,
        id_of=lambda _, nth: message_id_of(work.provider, confirmation_id, nth),
    )
    if not outgoing.accepted(message_id):
        return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=None, reason=f"refused: {refusals[0]}")
    return NoteOutcome(now=work.now, confirmation_id=confirmation_id, message_id=message_id)


def addresses_of(account: Account) -> list[str]:
    """Where confirmations go: to the recipients that get them (CON-8), else to the contract partner; nowhere once erased."""
    if not isinstance(account, OpenAccount):
        return []
    chosen = [one.email for one in account.recipients or () if "confirmations" in one.documents]
    partner = account.contract_partner
    return chosen or ([partner.email] if partner is not None and partner.email else [])


def copies_of(account: Account, *, is_about_account: bool, also: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """Every address that a confirmation goes to, and whether the account has left it.

    What is about the account itself (details, mandates) goes to the contract partner as well, whose address only a manager changes,
    and to the addresses that the change took away: whoever got hold of a login cannot keep it from the customer (CON-6, CON-8).
    """
    present = addresses_of(account)
    if is_about_account and isinstance(account, OpenAccount):
        partner = account.contract_partner
        present += [partner.email] if partner is not None and partner.email else []
    copies = dict.fromkeys(present, False) | {address: True for address in also if address not in present}
    return list(copies.items())[:COPIES_MAX]
