"""Mail: real messages, once per Message-ID, and a server's answers told apart."""

import mailbox
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from termijn.kernel.ids import ProviderId
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MaildirMailer, Mailer, MailRefused, Origin, ServerAway, SmtpMailer, SmtpServer

NOORD = ProviderId("noord")


class Noon:
    """Stands at noon of the first day of 2026."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 12, tzinfo=UTC)

    async def advance_to(self, instant: datetime) -> None:
        raise AssertionError


def messages(folder: Path) -> list[EmailMessage]:
    box = mailbox.Maildir(folder, factory=lambda file: BytesParser(policy=policy.default).parse(file))  # type: ignore[arg-type, return-value]
    return list(box)  # type: ignore[arg-type]


async def send(mailer: Mailer, *, to: str = "klant@example.nl", subject: str = "Herinnering", message_id: str = "<e-1@noord>") -> None:
    await mailer.send(NOORD, to, subject, "Beste Renée,\n\nEr staat € 12,10 open.\n", message_id)


async def test_a_letter_is_a_real_message_in_the_providers_maildir(tmp_path: Path) -> None:
    await send(MaildirMailer(tmp_path, Noon()), to='"Bakkerij Étoile" <klant@example.nl>', subject="Herinnering: factuur 2026-0001 — €")
    (message,) = messages(tmp_path / "noord")
    assert message["To"].addresses[0].addr_spec == "klant@example.nl"
    assert message["To"].addresses[0].display_name == "Bakkerij Étoile"
    assert message["Subject"] == "Herinnering: factuur 2026-0001 — €"
    assert message["Date"].datetime == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert "€ 12,10" in message.get_content()


async def test_a_letter_is_from_who_writes_and_answers_go_there(tmp_path: Path) -> None:
    """The address stays the one that may send; the name is the provider's, whatever letters or lines it has."""
    mailer = MaildirMailer(tmp_path, Noon())
    writer = Origin(name="Café Noord,\r\nTelecom B.V.", reply_to="klant@noord.example")
    await mailer.send(NOORD, "klant@example.nl", "Bevestiging", "Dank u wel.\n", "e-1", origin=writer)
    await mailer.send(NOORD, "klant@example.nl", "Bevestiging", "Dank u wel.\n", "e-2", origin=Origin(name=""))
    named, plain = sorted(messages(tmp_path / "noord"), key=lambda one: str(one["Message-ID"]))
    (sender,) = named["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Café Noord, Telecom B.V.", "billing@noord.invalid")
    assert named["Reply-To"] == "klant@noord.example"
    assert plain["From"] == "billing@noord.invalid" and plain["Reply-To"] is None


@pytest.mark.parametrize("reply_to", ["bel ons", "rené@noord.example", "x" * 70 + "<", "geld@noord.example\r\nBcc: c@d"])
async def test_what_the_provider_mistyped_of_its_own_is_left_out(tmp_path: Path, reply_to: str) -> None:
    """Its letters leave all the same."""
    writer = Origin(name="Noord", reply_to=reply_to)
    await MaildirMailer(tmp_path, Noon()).send(NOORD, "klant@example.nl", "Herinnering", "Beste,\n", "e-1", origin=writer)
    (message,) = messages(tmp_path / "noord")
    assert (message["Reply-To"], message["Bcc"]) == (None, None)


async def test_a_repeat_is_not_a_second_letter_also_when_the_first_was_read(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path, Noon())
    await send(mailer)
    await send(mailer)
    box = mailbox.Maildir(tmp_path / "noord")
    assert len(box) == 1
    for key, message in box.items():
        message.set_subdir("cur")
        message.add_flag("S")
        box[key] = message
    await send(mailer)
    await send(mailer, message_id="e-2")
    assert len(messages(tmp_path / "noord")) == 2


@pytest.mark.parametrize("to", ["", "nobody", "a@b\r\nBcc: c@d", "two@@example.nl", "rené@example.nl", "x" * 70 + "<"])
async def test_an_address_that_is_none_is_refused_for_good(tmp_path: Path, to: str) -> None:
    with pytest.raises(MailRefused):
        await send(MaildirMailer(tmp_path, Noon()), to=to)


@contextmanager
def smtp_server(answer: Callable[[bytes], bytes | None]) -> Iterator[tuple[SmtpServer, list[bytes]]]:
    """A server that speaks enough of RFC 5321 for one message at a time; ``answer`` may overrule its reply to a command."""
    lines: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            in_data = False
            for line in self.rfile:
                lines.append(line)
                if in_data:
                    in_data = line != b".\r\n"
                    reply = None if in_data else b"250 accepted"
                else:
                    in_data = line.lower().startswith(b"data")
                    reply = answer(line) or (b"354 go on" if in_data else b"250 ok")
                if reply:
                    self.wfile.write(reply + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SmtpServer(host="127.0.0.1", port=server.server_address[1]), lines
        server.shutdown()


async def test_a_server_that_accepts_has_the_message() -> None:
    with smtp_server(lambda line: None) as (server, lines):
        await send(SmtpMailer(server, Noon()))
    assert b"Message-ID: <e-1@noord>\r\n" in lines


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        (b"rcpt", b"450 mailbox busy", Transient),
        (b"rcpt", b"550 no such user", MailRefused),
        (b"mail", b"421 shutting down", ServerAway),
        (b"rcpt", b"421 shutting down", ServerAway),
        (b"mail", b"554 go away", MailRefused),
        (b"mail", b"530 5.7.0 authentication required", ServerAway),
    ],
)
async def test_a_server_that_says_later_is_told_from_one_that_says_no(command: bytes, reply: bytes, expected: type[Exception]) -> None:
    with smtp_server(lambda line: reply if line.lower().startswith(command) else None) as (server, _), pytest.raises(expected) as raised:
        await send(SmtpMailer(server, Noon()))
    assert raised.type is expected


async def test_a_server_that_does_not_know_us_is_no_reason_to_give_an_address_up() -> None:
    """A wrong password is ours to put right: everybody's letters wait for it, and nobody's ladder does."""

    def answer(line: bytes) -> bytes | None:
        if line.lower().startswith(b"ehlo"):
            return b"250-test\r\n250 AUTH PLAIN"
        return b"535 5.7.8 wrong" if line.lower().startswith(b"auth") else None

    with smtp_server(answer) as (server, _), pytest.raises(Transient):
        known = SmtpServer(host=server.host, port=server.port, user="billing", password="old")
        await send(SmtpMailer(known, Noon()))


async def test_a_server_that_is_not_there_is_transient() -> None:
    with smtp_server(lambda line: None) as (server, _):
        pass
    with pytest.raises(Transient):
        await send(SmtpMailer(server, Noon()))
