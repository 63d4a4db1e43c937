"""A mail server of a simulation: sometimes it does not answer, and sometimes it has taken the mail all the same."""

import re
from dataclasses import dataclass, field
from datetime import date

from termijn.kernel.calendar import day_of
from termijn.kernel.ids import ProviderId
from termijn.runtime.clock import Clock
from termijn.runtime.faults import fault
from termijn.runtime.handling import Transient
from termijn.runtime.mail import Origin
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_transport import Mischief

FAILS_PER_MILLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it was first taken."""

    provider: str
    to: str
    subject: str
    text: str
    on: date

    @property
    def what(self) -> tuple[str, str, str, str]:
        """Who got what sort of mail when; not which number it names."""
        return (self.provider, self.to, self.on.isoformat(), re.sub(r"\d+", "#", self.subject))


@dataclass(slots=True)
class Post:
    """Implements ``runtime.mail.Mailer``. Knows mails by their Message-ID, as a reader's mail program does."""

    clock: Clock
    chance: Chance
    mischief: Mischief
    mails: dict[tuple[str, str], Mail] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """Taken when this returns; where it raises ``Transient``, perhaps too."""
        fault("mail.before_send")
        is_unheard = not self.mischief.is_calm and self.chance.happens(FAILS_PER_MILLE)
        if is_unheard and self.chance.happens(500):
            self.mischief.note("mail not taken")
            raise Transient("simulated: the mail server did not answer")
        mail = Mail(provider=provider, to=to, subject=subject, text=text, on=day_of(self.clock.now()))
        first = self.mails.setdefault((provider, message_id), mail)
        if (first.to, first.subject, first.text) != (to, subject, text):
            self.changed.append(f"{provider}: {message_id} was sent again with other contents: {first.subject!r}, then {subject!r}")
        if first is not mail:
            self.mischief.note("mail repeated")
        if is_unheard:
            self.mischief.note("mail taken unheard")
            raise Transient("simulated: the mail server did not answer in time")
        fault("mail.after_send")
