"""What workers send by mail: who does not answer keeps nobody else waiting, and what the server has is not handed in again.

Both are remembered by this process only: after a crash, or by another process, a copy may go again, under the same Message-ID.
"""

from collections.abc import Awaitable, Callable, Sequence

from termijn.kernel.ids import ProviderId
from termijn.runtime.handling import Transient, Work
from termijn.runtime.mail import Mailer, MailRefused, Origin, ServerAway
from termijn.runtime.sql import Row

REMEMBERED_MAX = 1_000
"""Messages of which some receivers have a copy while the transaction that records it may have to be done again."""

COPIES_MAX = 20
"""Recipients of one document or letter: contracts-svc takes no more. Who erases the mails of an account looks for as many."""


def copy_id(message_id: str, nth: int) -> str:
    """The Message-ID to the nth address. By its place and not by the address: who erases the account knows only that (CON-7)."""
    return f"{message_id}.{nth}" if nth else message_id


class Outgoing:
    """The mail of one worker.

    What the server has cannot be taken back. Where a transaction is done again (a payment was booked meanwhile, another receiver does
    not answer), receivers who have their copy get no second one.
    """

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._accepted: dict[str, set[int]] = {}
        self._passed_by: dict[ProviderId, set[str]] = {}

    def accepted(self, message_id: str) -> set[int]:
        """Which copies of a message the server has, by the places of their addresses."""
        if message_id not in self._accepted and len(self._accepted) >= REMEMBERED_MAX:
            del self._accepted[next(iter(self._accepted))]
        return self._accepted.setdefault(message_id, set())

    async def page(self, work: Work, sql: str, rows_max: int) -> Sequence[Row]:
        """What is due and was not passed by; when that is all, what was.

        ``sql`` has as parameters the provider, the number of rows, and the items to leave out.
        """
        passed_by = self._passed_by.setdefault(work.provider, set())
        rows = await work.fetch(sql, work.provider, rows_max, sorted(passed_by))
        if not rows and passed_by:
            passed_by.clear()
            rows = await work.fetch(sql, work.provider, rows_max, [])
        return rows

    async def each(self, work: Work, rows: Sequence[Row], item: str, send: Callable[[Row], Awaitable[bool]]) -> int:
        """Send row by row; how many were dealt with. ``item`` names the column of what is passed by where a receiver does not answer.

        Ends where ``send`` says so by True, and where nobody can be reached. Raises ``Transient`` where nothing could be done.
        """
        done, failed = 0, None
        for row in rows:
            try:
                is_enough = await send(row)
            except Transient as failure:
                failed = failure
                if isinstance(failure, ServerAway):
                    break
                self._passed_by.setdefault(work.provider, set()).add(str(row[item]))
                continue
            done += 1
            if is_enough:
                break
        if failed is not None and not done:
            raise failed
        return done

    async def copies(
        self,
        provider: ProviderId,
        message_id: str,
        addresses: Sequence[str],
        *,
        write: Callable[[int], tuple[str, str]],
        origin: Origin | None,
        id_of: Callable[[str, int], str] = copy_id,
    ) -> list[str]:
        """A message to each address, as one to several would tell each of the others; why copies were refused.

        ``write`` gives subject and text of the nth copy, ``id_of`` its Message-ID. Raises ``Transient``, when everybody else has theirs,
        where a receiver does not answer.
        """
        accepted, refusals, silent = self.accepted(message_id), [], None
        for nth, address in enumerate(addresses):
            if nth in accepted:
                continue
            subject, text = write(nth)
            try:
                await self._mailer.send(provider, address, subject, text, id_of(message_id, nth), origin=origin)
            except MailRefused as refused:
                refusals.append(str(refused))
            except ServerAway:
                raise
            except Transient as failure:
                silent = failure
            else:
                accepted.add(nth)
        if silent is not None:
            raise silent
        return refusals
