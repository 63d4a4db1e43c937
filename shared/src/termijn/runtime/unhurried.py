"""Leaving a mail server alone for a while: what is due is looked at many times a second, and nobody is asked that often."""

import time
from collections.abc import Callable

from termijn.kernel.ids import ProviderId
from termijn.runtime.handling import Transient
from termijn.runtime.mail import Mailer, Origin, ServerAway

SERVER_RESTS_S = 10.0
ADDRESS_RESTS_S = 60.0
"""Machine time. Servers that say "later" to a sender they do not know yet mean minutes, not seconds."""
ADDRESSES_MAX = 1_000


class Unhurried:
    """A mailer that asks again only after a rest; until then it answers what was answered."""

    def __init__(self, mailer: Mailer, *, now: Callable[[], float] = time.monotonic) -> None:
        self._mailer = mailer
        self._now = now
        self._server_rests_until = 0.0
        self._address_rests_until: dict[str, float] = {}

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """As the mailer's."""
        self._refuse_while_resting(to)
        try:
            await self._mailer.send(provider, to, subject, text, message_id, origin=origin)
        except ServerAway:
            self._server_rests_until = self._now() + SERVER_RESTS_S
            raise
        except Transient:
            self._rest(to)
            raise

    def _refuse_while_resting(self, to: str) -> None:
        now = self._now()
        if now < self._server_rests_until:
            raise ServerAway("the mail server did not answer a moment ago")
        if now < self._address_rests_until.get(to, 0.0):
            raise Transient("the receiver did not answer a moment ago")

    def _rest(self, to: str) -> None:
        now = self._now()
        waiting = {address: until for address, until in self._address_rests_until.items() if until > now}
        if len(waiting) >= ADDRESSES_MAX:
            del waiting[min(waiting, key=waiting.__getitem__)]
        self._address_rests_until = waiting | {to: now + ADDRESS_RESTS_S}
