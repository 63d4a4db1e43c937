"""A mail server that does not answer is left alone for a while, and so is a receiver."""

import pytest

from termijn.kernel.ids import ProviderId
from termijn.runtime import unhurried
from termijn.runtime.handling import Transient
from termijn.runtime.mail import MailRefused, Origin, ServerAway
from termijn.runtime.unhurried import ADDRESS_RESTS_S, SERVER_RESTS_S, Unhurried


class Server:
    """Says what it is told to say, by address, and remembers who was asked for."""

    def __init__(self) -> None:
        self.says: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.now = 1_000.0
        self.mailer = Unhurried(self, now=lambda: self.now)

    async def send(self, provider: ProviderId, to: str, subject: str, text: str, message_id: str, *, origin: Origin | None = None) -> None:
        self.asked.append(to)
        if to in self.says:
            raise self.says[to]

    async def ask(self, to: str, expected: type[Exception] | None = None) -> None:
        if expected is None:
            await self.mailer.send(ProviderId("noord"), to, "s", "t", "m")
            return
        with pytest.raises(expected) as raised:
            await self.mailer.send(ProviderId("noord"), to, "s", "t", "m")
        assert raised.type is expected


async def test_a_receiver_who_does_not_answer_is_asked_again_after_a_rest_and_nobody_else_waits() -> None:
    server = Server()
    server.says["a"] = Transient("450")
    await server.ask("a", Transient)
    await server.ask("a", Transient)
    await server.ask("b")
    assert server.asked == ["a", "b"]
    del server.says["a"]
    server.now += ADDRESS_RESTS_S
    await server.ask("a")
    assert server.asked == ["a", "b", "a"]


async def test_a_server_that_does_not_answer_is_asked_for_nobody_until_it_has_rested() -> None:
    server = Server()
    server.says["a"] = ServerAway("nobody there")
    await server.ask("a", ServerAway)
    await server.ask("b", ServerAway)
    assert server.asked == ["a"]
    server.now += SERVER_RESTS_S
    await server.ask("b")
    assert server.asked == ["a", "b"]


async def test_a_refusal_is_an_answer() -> None:
    server = Server()
    server.says["a"] = MailRefused("550")
    await server.ask("a", MailRefused)
    await server.ask("a", MailRefused)
    assert server.asked == ["a", "a"]


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that has rested longest is forgotten first."""
    monkeypatch.setattr(unhurried, "ADDRESSES_MAX", 2)
    server = Server()
    for to in "abc":
        server.says[to] = Transient("450")
        server.now += 1
        await server.ask(to, Transient)
    await server.ask("b", Transient)
    await server.ask("a", Transient)
    assert server.asked == ["a", "b", "c", "a"]
