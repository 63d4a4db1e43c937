"""Sending mail: into a Maildir in the embedded default, by SMTP in deployment. At least once; a repeat has the same Message-ID."""

import asyncio
import hashlib
import mailbox
import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Protocol

from termijn.kernel.ids import ProviderId
from termijn.runtime.clock import Clock
from termijn.runtime.database import check_provider
from termijn.runtime.faults import fault
from termijn.runtime.handling import Transient

SMTP_SECONDS_MAX = 20
"""A server that takes longer is not answering."""
_ABOUT_US = frozenset({421, 530, 534, 535, 538})
"""Answers about the server itself (RFC 5321) and about our own authentication (RFC 4954), whatever they are given to."""


class ServerAway(Transient):
    """Nobody can be reached: the server does not answer, or does not know us."""


class MailRefused(Exception):
    """The server (or the address itself) says no for good; sending again does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who writes: the ``name`` that readers see beside the sender's address, and the address that answers go to (empty: the sender's)."""

    name: str
    reply_to: str = ""


class Mailer(Protocol):
    """Hands a message to whoever delivers it."""

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """Accepted when this returns. ``message_id`` comes from the event that made it due, so a repeat can be known by it.

        Raises ``Transient`` when it is not accepted now (``ServerAway`` when nothing is), ``MailRefused`` when it never will be.
        """
        ...


def sender_of(provider: ProviderId) -> str:
    """Whom mail comes from where nothing else is set; ``.invalid`` never resolves (RFC 2606)."""
    return f"billing@{provider}.invalid"


def compose(*, sender: str, to: str, subject: str, text: str, message_id: str, clock: Clock, origin: Origin | None = None) -> EmailMessage:
    """An RFC 5322 message, dated in domain time. Raises ``MailRefused`` where the address or subject cannot be one."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _from(sender, origin)
        if origin is not None and is_address(origin.reply_to):
            # What the provider mistyped of its own is left out: it is no reason to refuse every customer's mail.
            message["Reply-To"] = origin.reply_to
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = _header(message_id)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps out-of-office replies away
        message.set_content(text)
        if not _is_valid(message["To"]):
            raise MailRefused("no valid address")
    except (ValueError, LookupError, MessageError):
        # The standard parser answers some addresses that are none ("x<") with an IndexError.
        raise MailRefused("the headers cannot be written") from None
    return message


def is_address(text: str) -> bool:
    """Whether this can stand in a mail as an address, with a name before it or without; several are as good as one."""
    probe = EmailMessage(policy=SMTP)
    try:
        probe["To"] = text
        return _is_valid(probe["To"])
    except (ValueError, LookupError, MessageError):
        return False


def _is_valid(header: Any) -> bool:
    # A display name may hold "\u00e9"; the address itself may not, unless every server on the way says it can (RFC 6531).
    addresses = header.addresses
    return bool(addresses) and not header.defects and all(one.addr_spec.isascii() and one.domain for one in addresses)


def _from(sender: str, origin: Origin | None) -> Address | str:
    """The sender's address under the name of who writes; without one as it was set."""
    if origin is None or not origin.name.strip():
        return sender
    return Address(display_name=" ".join(origin.name.split()), addr_spec=parseaddr(sender)[1])


def _header(message_id: str) -> str:
    return message_id if message_id.startswith("<") else f"<{message_id}@termijn.invalid>"


def _file_name(header: str) -> str:
    return hashlib.sha256(header.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MaildirMailer:
    """Writes each message once into the provider's Maildir under ``folder``."""

    folder: Path
    clock: Clock
    sender: Callable[[ProviderId], str] = sender_of

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """On the disk when this returns; a Message-ID that is there already is not written again."""
        message = compose(
            sender=self.sender(provider), to=to, subject=subject, text=text, message_id=message_id, clock=self.clock, origin=origin
        )
        fault("mail.before_send")
        await asyncio.to_thread(self._deliver, self.folder / check_provider(provider), message)
        fault("mail.after_send")

    async def forget(self, provider: ProviderId, message_ids: Sequence[str]) -> None:
        """Remove these mails, read or not; that they were sent stays known, so that none is sent again (CON-7)."""
        await asyncio.to_thread(self._forget, self.folder / check_provider(provider), message_ids)

    def _forget(self, folder: Path, message_ids: Sequence[str]) -> None:
        for message_id in message_ids:
            name = _file_name(_header(message_id))
            for place in ("new", "cur"):
                # A reader that has seen a mail adds its flags to the name.
                for path in (folder / place).glob(f"{name}*"):
                    path.unlink(missing_ok=True)

    def _deliver(self, folder: Path, message: EmailMessage) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        mailbox.Maildir(folder, create=True)
        # The name follows from the Message-ID, so that a repeat finds it; `known` stays when a reader moves or deletes the mail.
        name = _file_name(str(message["Message-ID"]))
        known = folder / "known"
        known.mkdir(exist_ok=True)
        if (known / name).exists():
            return
        temporary = folder / "tmp" / f"{name}.{os.getpid()}"
        with temporary.open("wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / "new" / name)
        (known / name).touch()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in. ``encryption``: "tls" from the start, "starttls", or "none" (a server on the same machine)."""

    host: str
    port: int = 25
    encryption: str = "none"
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Hands each message to a server; delivery from there on is the server's."""

    server: SmtpServer
    clock: Clock
    sender: Callable[[ProviderId], str] = sender_of

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        """Accepted by the server when this returns. Raises ``Transient`` or ``MailRefused``."""
        message = compose(
            sender=self.sender(provider), to=to, subject=subject, text=text, message_id=message_id, clock=self.clock, origin=origin
        )
        fault("mail.before_send")
        await asyncio.to_thread(self._hand_over, message)
        fault("mail.after_send")

    def _hand_over(self, message: EmailMessage) -> None:
        try:
            connection = self._connect()
            try:
                connection.send_message(message)
            finally:
                # What goes wrong in parting must not hide the answer, nor make an accepted message look unsent.
                with suppress(smtplib.SMTPException, OSError):
                    connection.quit()
        except smtplib.SMTPRecipientsRefused as refused:
            raise _verdict(max(code for code, _ in refused.recipients.values())) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            raise _verdict(refused.smtp_code) from None
        except (smtplib.SMTPException, OSError, socket.gaierror) as failure:
            # Also what the server says for good of us and not of the address: a wrong password would have stopped every ladder.
            raise ServerAway(f"mail server: {type(failure).__name__}") from failure

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        if server.encryption == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SMTP_SECONDS_MAX, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SMTP_SECONDS_MAX)
        if server.encryption == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.user is not None:
            connection.login(server.user, server.password or "")
        return connection


def _verdict(code: int) -> Exception:
    """RFC 5321: 4xx says come back, 5xx says no, but where it is about who we are. Answers are not told: they quote addresses."""
    said = f"mail server answered {code}"
    if code in _ABOUT_US:
        return ServerAway(said)
    return MailRefused(said) if 500 <= code <= 599 else Transient(said)
