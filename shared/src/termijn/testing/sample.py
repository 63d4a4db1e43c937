"""A tiny service to try the runtime with: a jar per account that marbles go into, with an alarm clock and two read models."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, assert_never

import msgspec

from termijn.events.base import Event
from termijn.kernel.errors import Conflict
from termijn.kernel.ids import AccountId
from termijn.runtime.aggregate import Aggregate, CancelTimer, Command, SetTimer, TimerChange, WakeUp
from termijn.runtime.handling import (
    Definition,
    Fired,
    Handled,
    Message,
    NoEffect,
    Outcome,
    Reaction,
    Recorded,
    Statement,
    View,
    Waiting,
    WakeUpHandler,
    Work,
)


class MarblesAdded(Event, frozen=True, kw_only=True):
    """Marbles went into the jar. ``by`` is personal data."""

    PERSONAL: ClassVar[frozenset[str]] = frozenset({"by"})
    count: int
    by: str | None = None


class AlarmSet(Event, frozen=True, kw_only=True):
    """Somebody wants to be woken."""

    name: str
    at: datetime
    rank: int = 0


class AlarmCancelled(Event, frozen=True, kw_only=True):
    """Nobody wants to be woken any more."""

    name: str


class AlarmRang(Event, frozen=True, kw_only=True):
    """The alarm rang."""

    name: str
    due_at: datetime


class JarNamed(Event, frozen=True, kw_only=True):
    """The jar has a name, which no other jar of the provider has."""

    name: str


SampleEvent = MarblesAdded | AlarmSet | AlarmCancelled | AlarmRang | JarNamed


class Jar(msgspec.Struct, frozen=True, kw_only=True):
    """The state: how many marbles, whose they were last (personal data), and which alarms rang, in order."""

    marbles: int = 0
    owner: str | None = None
    rang: tuple[str, ...] = ()


class AddMarbles(Command, frozen=True, kw_only=True):
    """Put marbles in."""

    count: int
    by: str | None = None


class SetAlarm(Command, frozen=True, kw_only=True):
    """Ask to be woken."""

    name: str
    at: datetime
    rank: int = 0


class CancelAlarm(Command, frozen=True, kw_only=True):
    """Do not wake."""

    name: str


class Ring(Command, frozen=True, kw_only=True):
    """The time has come."""

    name: str
    due_at: datetime


class NameJar(Command, frozen=True, kw_only=True):
    """Give the jar a name; ``is_taken`` is what the handler found."""

    name: str
    is_taken: bool


SampleCommand = AddMarbles | SetAlarm | CancelAlarm | Ring | NameJar


class Alarm(WakeUp, frozen=True, kw_only=True):
    """Ring, or fail where it is called "poison"."""

    name: str


class TooManyMarbles(Conflict):
    """A jar holds at most a million marbles."""


class NameTaken(Conflict):
    """Another jar is called {name}."""


def decide(command: SampleCommand, state: Jar) -> Sequence[SampleEvent]:
    """What happens."""
    match command:
        case AddMarbles():
            if state.marbles + command.count > 1_000_000:
                raise TooManyMarbles
            return [MarblesAdded(count=command.count, by=command.by)]
        case SetAlarm():
            return [AlarmSet(name=command.name, at=command.at, rank=command.rank)]
        case CancelAlarm():
            return [AlarmCancelled(name=command.name)]
        case Ring():
            return [AlarmRang(name=command.name, due_at=command.due_at)]
        case NameJar():
            if command.is_taken:
                raise NameTaken(field="name", name=command.name)
            return [JarNamed(name=command.name)]
        case _:
            assert_never(command)


def evolve(state: Jar, event: SampleEvent) -> Jar:
    """What is then true."""
    match event:
        case MarblesAdded():
            return msgspec.structs.replace(state, marbles=state.marbles + event.count, owner=event.by)
        case AlarmRang():
            return msgspec.structs.replace(state, rang=(*state.rang, event.name))
        case AlarmSet() | AlarmCancelled() | JarNamed():
            return state
        case _:
            assert_never(event)


def wakes(event: SampleEvent, state: Jar) -> Sequence[TimerChange]:
    """Which dates are waited for."""
    match event:
        case AlarmSet():
            return [SetTimer(occasion=event.name, due_at=event.at, wake_up=Alarm(name=event.name), rank=event.rank)]
        case AlarmCancelled():
            return [CancelTimer(occasion=event.name)]
        case _:
            return []


JAR: Aggregate[Jar, Any, Any] = Aggregate(
    name="jar",
    initial=Jar(),
    decide=decide,
    evolve=evolve,
    wakes=wakes,
    state_type=Jar,
    events=(MarblesAdded, AlarmSet, AlarmCancelled, AlarmRang, JarNamed),
)


def publish(recorded: Recorded) -> Sequence[Event]:
    """Marbles and alarms that rang are told to everybody."""
    return [recorded.event] if isinstance(recorded.event, MarblesAdded | AlarmRang) else []


def apply_jar(recorded: Recorded) -> Iterable[Statement]:
    """A row per jar."""
    if isinstance(recorded.event, MarblesAdded):
        yield Statement(
            "insert into jar (provider, account, marbles, owner) values ($1, $2, $3, $4) "
            "on conflict (provider, account) do update set marbles = jar.marbles + excluded.marbles, owner = excluded.owner",
            (recorded.provider, recorded.account, recorded.event.count, recorded.event.by),
        )
    if isinstance(recorded.event, JarNamed):
        yield Statement(
            "insert into jar_name (provider, name, account) values ($1, $2, $3)",
            (recorded.provider, recorded.event.name, recorded.account),
        )


def apply_total(recorded: Recorded) -> Iterable[Statement]:
    """The same, asynchronously."""
    if isinstance(recorded.event, MarblesAdded):
        yield Statement(
            "insert into jar_total (provider, account, marbles) values ($1, $2, $3) "
            "on conflict (provider, account) do update set marbles = jar_total.marbles + excluded.marbles",
            (recorded.provider, recorded.account, recorded.event.count),
        )


async def ring(work: Work, fired: Fired[Alarm]) -> Outcome:
    """Wake whoever asked for it."""
    if fired.wake_up.name == "poison":
        raise ValueError("this alarm cannot ring")
    await work.execute(JAR, fired.key, Ring(now=work.now, name=fired.wake_up.name, due_at=fired.due_at), account=fired.account)
    return Handled()


class PoisonMarbles(Exception):
    """Thirteen marbles cannot be counted."""


async def on_marbles(work: Work, message: Message[MarblesAdded]) -> Outcome:
    """Another jar got marbles: this one gets as many. 13 fails, 0 has no effect, 7 waits for a jar that holds a hundred."""
    count, account = message.event.count, message.envelope.account
    if count == 13:
        raise PoisonMarbles
    if count == 0:
        return NoEffect("no marbles")
    if count == 7 and (await work.load(JAR, account)).marbles < 100:
        return Waiting(f"hundred/{account}", "the jar does not hold a hundred yet")
    await work.execute(JAR, account, AddMarbles(now=work.now, count=count, by=message.event.by), account=account)
    if count >= 100:
        work.arrived(f"hundred/{account}", account=account)
    return Handled()


def _jar_of(message: Message[MarblesAdded]) -> Sequence[tuple[Aggregate[Any, Any, Any], str]]:
    return [(JAR, message.envelope.account)]


def sample(*, name: str = "contracts", listens_to: str | None = None) -> Definition:
    """The definition; give it the name of a real service so that it has a topic, and the publisher it listens to."""
    reactions = (Reaction(publisher=listens_to, event=MarblesAdded, handle=on_marbles, streams=_jar_of),) if listens_to else ()
    return Definition(
        name=name,
        package="termijn.testing.sample_schema",
        topic=f"termijn.{name}.v1",
        aggregates=(JAR,),
        publish=publish,
        public_events=(MarblesAdded, AlarmRang),
        reactions=reactions,
        wake_ups=(WakeUpHandler(wake_up=Alarm, handle=ring, streams=lambda fired: [(JAR, fired.key)]),),
        views=(
            View(name="jar", tables=("jar", "jar_name"), apply=apply_jar, is_synchronous=True),
            View(name="jar_total", tables=("jar_total",), apply=apply_total, is_synchronous=False),
        ),
    )


ACME = AccountId("acme")
