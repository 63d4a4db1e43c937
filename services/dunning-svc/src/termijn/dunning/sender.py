"""Sending letters: one mail per transaction, asked again just before whether it is still due (DUN-14)."""

from collections.abc import Awaitable, Callable
from datetime import date

from termijn.dunning.account_command import DropLetter, RecordSent
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.letter import subject
from termijn.dunning.letters import why_not_due
from termijn.dunning.policy import POLICY
from termijn.events.base import Blob
from termijn.kernel.calendar import day_of
from termijn.kernel.ids import AccountId
from termijn.runtime.handling import Transient, Work, Worker
from termijn.runtime.mail import Mailer, MailRefused
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import Row, load

QUERIES = load("termijn.dunning", "queries.sql")
PAGE_LETTERS = 20
"""Letters tried in one step: a receiver that does not answer must not keep the others waiting."""


def sender(mailer: Mailer) -> Worker:
    """The worker that sends what is due."""
    return Worker(name="letters", waiting_providers=QUERIES["providers_with_letters"], step=_step(mailer))


def _step(mailer: Mailer) -> Callable[[Work], Awaitable[int]]:
    async def step(work: Work) -> int:
        """Send or drop. It ends after one mail: what was sent is recorded before the next leaves."""
        done, failed = 0, None
        for row in await work.fetch(QUERIES["letters_due"], work.provider, PAGE_LETTERS):
            try:
                is_sent = await _send(mailer, work, row)
            except Transient as failure:
                failed = failure
                continue
            done += 1
            if is_sent:
                break
        if failed is not None and not done:
            raise failed
        return done

    return step


async def _send(mailer: Mailer, work: Work, row: Row) -> bool:
    """Whether the letter was sent; False where it was dropped. Raises ``Transient``."""
    account, letter_id, on = AccountId(row["account"]), str(row["letter_id"]), row["on_day"]
    state = await work.load(ACCOUNT, account)
    current = await work.load(POLICY, CURRENT)
    items, known = state.letters.get(letter_id), state.known
    assert items is not None and known is not None, f"{letter_id} is due in the view and not in its stream"
    assert isinstance(on, date)
    reason = why_not_due(state, items, on=on, today=day_of(work.now))
    message_id = str(row["due_event_id"])
    if reason is None and known.mail_to:
        text = await work.blobs.get(work.provider, Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"]))
        try:
            await mailer.send(work.provider, known.mail_to, subject(items, known.language), text.decode(), message_id)
        except MailRefused:
            pass
        else:
            sent = RecordSent(
                now=work.now, policy=current.value, policy_version=current.version, letter_id=letter_id, message_id=message_id
            )
            await work.execute(ACCOUNT, account, sent, account=account)
            return True
    dropped = DropLetter(
        now=work.now, policy=current.value, policy_version=current.version, letter_id=letter_id, reason=reason or "refused"
    )
    await work.execute(ACCOUNT, account, dropped, account=account)
    return False
