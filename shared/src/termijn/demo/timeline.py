"""The six months, stop by stop: the clock goes on, files arrive at night, the office works in the morning, the bank in the afternoon."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from termijn.demo.bank import Bank
from termijn.demo.calls import CallFile
from termijn.demo.desk import Desk
from termijn.demo.journal import Facts, Journal
from termijn.demo.office import Office
from termijn.demo.population import FIRST_DAY, World
from termijn.demo.wishes import INDEXED_ON
from termijn.kernel.calendar import at, is_bank_day

Kind = Literal["opening", "files", "office", "bank", "end"]
_HOUR: dict[Kind, str] = {"opening": "08:00", "files": "02:00", "office": "09:00", "bank": "16:30", "end": "18:00"}
"""Files come before the closing at 04:00, the bank's bookings after the day's letters and before the handovers at 17:00."""


class ClockMover(Protocol):
    """What moves the sandbox clock; everything that is due happens before it returns (TIM-2)."""

    async def advance_to(self, target: datetime) -> int:
        """Go on to that instant."""
        ...

    async def settle(self) -> None:
        """Let everything that was said be heard, without moving the clock."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A moment at which the clock stands still and people do something."""

    on: date
    kind: Kind

    @property
    def instant(self) -> datetime:
        """When it is, in UTC."""
        return at(self.on, _HOUR[self.kind])

    @property
    def key(self) -> str:
        """Its name in the journal."""
        return f"stop/{self.on}/{self.kind}"


def stops(world: World, files: Sequence[CallFile]) -> list[Stop]:
    """Every stop of the story, in order: only the days on which somebody has something to do."""
    orders = [order for customer in world.customers for order in customer.orders]
    office = {order.ordered_on for order in orders} | {order.delivered_on for order in orders if order.delivered_on}
    office |= {change.on for customer in world.customers for change in customer.changes} | {INDEXED_ON}
    days = [FIRST_DAY + timedelta(days=n) for n in range((world.last_day - FIRST_DAY).days + 1)]
    made = [Stop(on=FIRST_DAY, kind="opening"), Stop(on=world.last_day, kind="end")]
    made += [Stop(on=day, kind="files") for day in {file.delivered_on for file in files}]
    made += [Stop(on=day, kind="office") for day in office - {FIRST_DAY}]
    made += [Stop(on=day, kind="bank") for day in days if is_bank_day(day)]
    return sorted((stop for stop in made if stop.on <= world.last_day), key=lambda stop: stop.instant)


class Timeline:
    """Plays the stops. A stop that the journal has is not played again."""

    def __init__(self, *, clock: ClockMover, journal: Journal, office: Office, bank: Bank, collector: Desk, world: World) -> None:
        self._clock = clock
        self._journal = journal
        self._office = office
        self._bank = bank
        self._collector = collector
        self._world = world

    async def play(self, files: Sequence[CallFile], *, progress: Callable[[Stop, int, int], None]) -> None:
        """From the first stop to the last; ``progress`` is told the stop, how many were played, and how many there are."""
        todo = stops(self._world, files)
        for done, stop in enumerate(todo):
            progress(stop, done, len(todo))
            if self._journal.facts(stop.key) is not None:
                continue
            await self._clock.advance_to(stop.instant)
            await self._act(stop, files)
            self._journal.note(stop.key, on=stop.on, facts={})
        progress(todo[-1], len(todo), len(todo))

    async def _act(self, stop: Stop, files: Sequence[CallFile]) -> None:
        acts: dict[Kind, Callable[[], Awaitable[None]]] = {
            "opening": self._open,
            "files": lambda: self._deliver(stop.on, files),
            "office": lambda: self._work(stop.on),
            "bank": lambda: self._bank_day(stop.on),
        }
        if stop.kind in acts:
            await acts[stop.kind]()

    async def _open(self) -> None:
        await self._office.open_shop()
        await self._clock.settle()  # whose name stands under the first letters is known before they are sent
        for customer in self._world.customers:
            await self._office.open_account(customer)

    async def _bank_day(self, today: date) -> None:
        await self._bank.watch(today)
        await self._bank.day(today)
        if self._bank.sees_somebody_suspended:
            await self._clock.settle()
            await self._bank.watch(today)

    async def _deliver(self, today: date, files: Sequence[CallFile]) -> None:
        for file in files:
            if file.delivered_on == today:
                await self._journal.once(f"file/{file.name}", on=today, act=lambda file=file: self._post(file))  # type: ignore[misc]

    async def _post(self, file: CallFile) -> Facts:
        path = f"/rating/call-records/{file.pbx}?format=3cx"
        return await self._collector.send(path, content=file.content, content_type="text/csv", key=f"file/{file.name}")

    async def _work(self, today: date) -> None:
        if today == INDEXED_ON:
            await self._office.index_prices()
        for customer in self._world.customers:
            for order in customer.orders:
                if order.ordered_on == today:
                    await self._office.order(customer, order)
                if order.delivered_on == today:
                    await self._office.deliver(customer, order, on=today)
            for change in customer.changes:
                if change.on == today:
                    await self._office.change(customer, change)
