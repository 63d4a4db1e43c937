"""Sending letters (DUN-1): one per transaction, asked again just before whether it is still due (DUN-14), and never twice (DUN-2)."""

from datetime import date
from typing import Any

from termijn.dunning.account_command import DropLetter, RecordSent
from termijn.dunning.account_state import DunningAccount
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.letter import subject
from termijn.dunning.letters import why_not_due
from termijn.dunning.policy import POLICY, Policy
from termijn.dunning.provider import letterhead, origin
from termijn.events.base import Blob
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId
from termijn.runtime.blobs import BlobDamaged, BlobMissing
from termijn.runtime.handling import Transient, Work, Worker
from termijn.runtime.mail import Mailer
from termijn.runtime.outgoing import Outgoing
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row, load

QUERIES = load("termijn.dunning", "queries.sql")
PAGE_LETTERS = 20
"""Letters tried in one step; those that could not leave are passed by in the next ones."""


def sender(mailer: Mailer) -> Worker:
    """The worker that sends what is due."""
    outgoing = Outgoing(mailer)

    async def step(work: Work) -> int:
        """It ends after one letter: what was sent is recorded before the next leaves."""

        async def send(row: Row) -> bool:
            try:
                return await _send(work, outgoing, row)
            except (BlobMissing, BlobDamaged) as lost:
                raise Transient(f"{row['letter_id']}: {lost}") from lost

        rows = await outgoing.page(work, QUERIES["letters_due"], PAGE_LETTERS)
        return await outgoing.each(work, rows, "letter_id", send)

    return Worker(name="letters", waiting_providers=QUERIES["providers_with_letters"], step=step)


async def _send(work: Work, outgoing: Outgoing, row: Row) -> bool:
    """Whether the letter was sent; False where it was dropped. Raises ``Transient``.

    What the mail server has was sent, whatever happened meanwhile. A payment that was booked while a mail was on its way sent the
    transaction back; done again it found the letter no longer due, dropped it and planned its step anew: the customer got it twice
    within days.
    """
    account, letter_id, on = AccountId(row["account"]), str(row["letter_id"]), row["on_day"]
    state = await work.load(ACCOUNT, account)
    current = await work.load(POLICY, CURRENT)
    items = state.letters.get(letter_id)
    assert items is not None, f"{letter_id} is due in the view and not in its stream"
    assert isinstance(on, date)
    facts: dict[str, Any] = {"now": work.now, "policy": current.value, "policy_version": current.version, "letter_id": letter_id}
    reason = why_not_due(state, items, on=on, today=day_of(work.now))
    if reason is None:
        await _mail(work, outgoing, row, state, current.value)
    message_id = str(row["due_event_id"])
    if not outgoing.accepted(message_id):
        await work.execute(ACCOUNT, account, DropLetter(**facts, reason=reason or "refused"), account=account)
        return False
    await work.execute(ACCOUNT, account, RecordSent(**facts, message_id=message_id, on=on), account=account)
    return True


async def _mail(work: Work, outgoing: Outgoing, row: Row, state: DunningAccount, policy: Policy) -> None:
    known, letter_id, message_id = state.known, str(row["letter_id"]), str(row["due_event_id"])
    assert known is not None, f"{letter_id} is due for an account that is not known"
    text = (await work.blobs.get(work.provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"]))).decode()
    title, from_whom = subject(state.letters[letter_id], known.language), origin(await letterhead(work, policy))
    await outgoing.copies(work.provider, message_id, known.addresses, write=lambda _: (title, text), origin=from_whom)
