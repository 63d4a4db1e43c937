"""Telling again what was told: public events made anew from the private ones, under the ids and numbers that they had.

``published.py`` is pure and a public id follows from the private one, so a listener recognises what it has, and what it lacks
fills the gaps in its numbers.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from termijn.events.base import Event
from termijn.events.envelope import Envelope
from termijn.kernel.calendar import at
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ProviderId
from termijn.runtime import codec
from termijn.runtime.actor import is_person
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.handling import Recorded
from termijn.runtime.hold import ServiceHeld
from termijn.runtime.projector import decode_rows
from termijn.runtime.relay import record_of
from termijn.runtime.service import Service
from termijn.runtime.sql import Row, load
from termijn.runtime.unit_of_work import envelope_of

SQL = load("termijn.runtime.schema", "keeping.sql")

PAGE_EVENTS = 1_000
PAGE_MESSAGES = 500
"""Messages that are published together, as the relay does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """From which day (in Amsterdam) or from which number of each account on."""

    day: date | None = None
    number: int = 1

    @classmethod
    def parse(cls, text: str) -> "Since":
        """ "2026-03-01" is a day, "57" a number. Raises ``InvalidInput``."""
        if re.fullmatch(r"[0-9]{1,18}", text):
            return cls(number=int(text))
        try:
            return cls(day=date.fromisoformat(text))
        except ValueError:
            raise InvalidInput(field="--since", reason=f"{text!r} is neither a day (2026-03-01) nor a number") from None

    @property
    def instant(self) -> datetime | None:
        """The first instant of the day."""
        return None if self.day is None else at(self.day, "00:00")


@dataclass(slots=True, kw_only=True)
class Republished:
    """What was told again. ``untold``: public events without a number, which the relay is still to tell for the first time."""

    accounts: int = 0
    messages: int = 0
    untold: int = 0


async def republish(service: Service, since: Since, *, provider: str | None = None, account: str | None = None) -> Republished:
    """Tell again, account by account, each in the order of its numbers. Raises ``ServiceHeld`` where the store may be incomplete."""
    if await service.is_held():
        raise ServiceHeld(reason=service.hold.reason)
    done = Republished()
    for row in await service.database.short(EVERY_PROVIDER, SQL["numbered_accounts"], provider, account, since.number):
        done.accounts += 1
        await _republish_account(service, row, since, done)
    return done


async def _republish_account(service: Service, row: Row, since: Since, done: Republished) -> None:
    # By number and not as stored: a transaction that committed late was numbered late. An account's history fits into memory.
    told: list[tuple[int, Recorded, Event, Envelope]] = []
    async for page in _pages(service, row, since):
        named = {recorded.account for recorded in page if is_person(recorded.cause.actor)}
        public = _public(service, page, await service.plant.keys.sealer(ProviderId(row["provider"]), sorted(named)))
        numbers = await _numbers(service, row, [envelope.id for _, _, envelope in public])
        for recorded, event, envelope in public:
            number = numbers.get(envelope.id)
            if number is None:
                done.untold += 1
            elif number >= since.number:
                told.append((number, recorded, event, replace(envelope, number=number)))
    told.sort(key=lambda one: one[0])
    for start in range(0, len(told), PAGE_MESSAGES):
        await _publish(service, told[start : start + PAGE_MESSAGES])
    done.messages += len(told)


async def _pages(service: Service, row: Row, since: Since) -> AsyncIterator[list[Recorded]]:
    position = 0
    while True:
        rows = await service.database.short(
            EVERY_PROVIDER, SQL["account_events"], row["provider"], row["account"], since.instant, position, PAGE_EVENTS
        )
        if not rows:
            return
        position = rows[-1]["position"]
        yield await decode_rows(service.plant, rows)


def _public(service: Service, page: list[Recorded], sealer: codec.Sealer) -> list[tuple[Recorded, Event, Envelope]]:
    return [
        (recorded, event, envelope_of(recorded, event, ordinal, service.name, sealer))
        for recorded in page
        for ordinal, event in enumerate(service.definition.publish(recorded))
    ]


async def _numbers(service: Service, row: Row, event_ids: list[UUID]) -> dict[UUID, int]:
    if not event_ids:
        return {}
    rows = await service.database.short(EVERY_PROVIDER, SQL["numbers_of"], row["provider"], row["account"], event_ids)
    return {found["event_id"]: found["number"] for found in rows}


async def _publish(service: Service, told: list[tuple[int, Recorded, Event, Envelope]]) -> None:
    provider = ProviderId(told[0][1].provider)
    personal = {recorded.account for _, recorded, event, _ in told if codec.has_personal_data(event)}
    sealer = await service.plant.keys.sealer(provider, sorted(personal))
    records = [record_of(envelope, codec.encode(event, recorded.account, sealer)) for _, recorded, event, envelope in told]
    await service.transport.publish(service.definition.topic, records)
