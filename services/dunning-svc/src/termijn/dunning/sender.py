"""Sending letters (DUN-1): one per transaction, asked again just before whether it is still due (DUN-14), and never twice (DUN-2)."""

from collections.abc import Sequence
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
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.blobs import BlobDamaged, BlobMissing
from termijn.runtime.handling import Transient, Work, Worker
from termijn.runtime.mail import Mailer, MailRefused
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row, load

QUERIES = load("termijn.dunning", "queries.sql")
PAGE_LETTERS = 20
"""Letters tried in one step; the next step goes on behind them, so that receivers that do not answer keep nobody else waiting."""
LETTERS_REMEMBERED_MAX = 1_000
"""Letters that were accepted, perhaps by some of their receivers only, and whose transaction may be done again."""
COPIES_MAX = 20
"""Recipients of one letter: contracts-svc takes no more. Who erases the mails of an account looks for as many (``sql/erasure.sql``)."""


def sender(mailer: Mailer) -> Worker:
    """The worker that sends what is due."""
    return Worker(name="letters", waiting_providers=QUERIES["providers_with_letters"], step=_Sending(mailer).step)


class _Sending:
    """Sends or drops. ``_accepted``: which copies of a letter the mail server has. ``_passed``: the last letter that was tried.

    What it has cannot be taken back. A payment that was booked while a mail was on its way sent the transaction back; done again it
    found the letter no longer due, dropped it and planned its step anew: the customer got it twice within days.
    """

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._accepted: dict[str, set[int]] = {}
        self._passed: dict[ProviderId, tuple[date | None, str]] = {}

    async def step(self, work: Work) -> int:
        """It ends after one letter: what was sent is recorded before the next leaves."""
        done, failed = 0, None
        for row in await self._due(work):
            self._passed[work.provider] = (row["on_day"], row["letter_id"])
            try:
                is_sent = await self._send(work, row, self._copies(str(row["due_event_id"])))
            except (Transient, BlobMissing, BlobDamaged) as failure:
                failed = failure
                continue
            done += 1
            if is_sent:
                break
        if failed is not None and not done:
            raise failed
        return done

    async def _due(self, work: Work) -> Sequence[Row]:
        """The next letters; behind the last one the first again."""
        place = self._passed.get(work.provider, _FIRST)
        rows = await work.fetch(QUERIES["letters_due"], work.provider, PAGE_LETTERS, *place)
        return rows or await work.fetch(QUERIES["letters_due"], work.provider, PAGE_LETTERS, *_FIRST)

    def _copies(self, message_id: str) -> set[int]:
        if message_id not in self._accepted and len(self._accepted) >= LETTERS_REMEMBERED_MAX:
            del self._accepted[next(iter(self._accepted))]
        return self._accepted.setdefault(message_id, set())

    async def _send(self, work: Work, row: Row, accepted: set[int]) -> bool:
        """Whether the letter was sent; False where it was dropped. Raises ``Transient``."""
        account, letter_id, on = AccountId(row["account"]), str(row["letter_id"]), row["on_day"]
        state = await work.load(ACCOUNT, account)
        current = await work.load(POLICY, CURRENT)
        items = state.letters.get(letter_id)
        assert items is not None, f"{letter_id} is due in the view and not in its stream"
        assert isinstance(on, date)
        facts: dict[str, Any] = {"now": work.now, "policy": current.value, "policy_version": current.version, "letter_id": letter_id}
        reason = why_not_due(state, items, on=on, today=day_of(work.now))
        if reason is None:
            await self._mail(work, row, state, current.value, accepted)
        if accepted:
            await work.execute(ACCOUNT, account, RecordSent(**facts, message_id=str(row["due_event_id"]), on=on), account=account)
        else:
            await work.execute(ACCOUNT, account, DropLetter(**facts, reason=reason or "refused"), account=account)
        return bool(accepted)

    async def _mail(self, work: Work, row: Row, state: DunningAccount, policy: Policy, accepted: set[int]) -> None:
        """A message per address, as several in one would tell each of the others. One that is refused keeps no other from it."""
        known, letter_id = state.known, str(row["letter_id"])
        assert known is not None, f"{letter_id} is due for an account that is not known"
        text = await work.blobs.get(work.provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"]))
        title, from_whom = subject(state.letters[letter_id], known.language), origin(await letterhead(work, policy))
        for nth, address in _left(known.addresses, accepted):
            try:
                copy = copy_id(str(row["due_event_id"]), nth)
                await self._mailer.send(work.provider, address, title, text.decode(), copy, origin=from_whom)
            except MailRefused:
                continue
            accepted.add(nth)


_FIRST: tuple[date | None, str] = (None, "")


def _left(addresses: Sequence[str], accepted: set[int]) -> list[tuple[int, str]]:
    return [(nth, address) for nth, address in enumerate(addresses) if nth not in accepted]


def copy_id(message_id: str, nth: int) -> str:
    """The Message-ID to the nth address. By its place and not by the address: who erases the account knows only that (CON-7)."""
    return f"{message_id}.{nth}" if nth else message_id
