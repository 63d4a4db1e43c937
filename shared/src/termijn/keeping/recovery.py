"""``termijn recover``: what a restored service lacks is put back, what is found is said, and a person lets it go on.

A service that is held is brought up to its journal first (``runtime.catch_up``). Then all that the world has heard of it is
compared with what it knows: whatever it has forgotten keeps it held, because it would give those numbers again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from termijn.embedded.verify import LAWS
from termijn.keeping.erasures import erase_again
from termijn.keeping.series import DOCUMENTS, Series, series_of
from termijn.keeping.told import Forgotten, Told, told
from termijn.runtime.catch_up import CaughtUp, JournalIncomplete, catch_up
from termijn.runtime.clock import SandboxClock
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.journal import JournalDamaged
from termijn.runtime.service import Service
from termijn.runtime.sql import load
from termijn.runtime.telemetry import log
from termijn.runtime.transport.base import OffsetsLost

SQL = load("termijn.runtime.schema", "keeping.sql")

ops = log("recovery")

REPAIRS: dict[str, tuple[str, ...]] = {
    "rating": (
        "insert into closing (provider, period, number) select provider, period, min(closing) from closed_period group by 1, 2 "
        "on conflict do nothing",
        "insert into closing_count (provider, number) select provider, max(number) from closing group by provider "
        "on conflict (provider) do update set number = greatest(closing_count.number, excluded.number)",
    )
}
"""What a service keeps besides events and follows from them: the numbers of closings are given outside of the store."""


@dataclass(slots=True, kw_only=True)
class Finding:
    """What was found about one service. ``forbids``: why it cannot be released; ``accepted`` are those that a person may accept."""

    service: str
    reason: str | None
    caught_up: CaughtUp | None = None
    told: Told = field(default_factory=lambda: Told(highest={}, forgotten=()))
    lost_places: list[OffsetsLost] = field(default_factory=list)
    series: tuple[Series, ...] = ()
    forbids: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    erased: int = 0

    @property
    def needs_recovery(self) -> bool:
        """Whether it is held, or cannot go on reading."""
        return self.reason is not None or bool(self.lost_places)


async def examine(service: Service, others: Iterable[Service] = ()) -> Finding:
    """Put back what the journal has, and look at what is left. Nothing that anybody hears of happens.

    ``others`` are asked how far they have heard this service, where they can be reached.
    """
    finding = Finding(service=service.name, reason=service.hold.reason if await service.is_held() else None)
    finding.lost_places = await service.lost_places()
    if finding.reason is None:
        return finding
    await _catch_up(service, finding)
    finding.erased = await erase_again(service)
    finding.told = await told(service, [each for each in others if each is not service])
    finding.series = await series_of(service)
    judge_forgotten(finding)
    for law in LAWS[service.name]:
        for row in await service.database.short(EVERY_PROVIDER, law.sql):
            finding.losses.append(f"{law.sentence}: {row['provider']}/{row['account']} {row['subject']}: {row['detail']}")
    return finding


async def _catch_up(service: Service, finding: Finding) -> None:
    if service.journal is None:
        return
    try:
        finding.caught_up = await catch_up(service.database, service.plant, service.journal, service.address)
    except (JournalIncomplete, JournalDamaged) as broken:
        finding.forbids.append(f"the journal cannot be read to its end: {broken}")
    for sql in REPAIRS.get(service.name, ()):
        await service.database.short(EVERY_PROVIDER, sql)


def judge_forgotten(finding: Finding) -> None:
    """A number of a document must never be given twice, so a forgotten document forbids; other facts a person may give up."""
    for one in finding.told.forgotten:
        what = f"{one.provider}/{one.account}: number {one.number}, {one.type or 'nobody knows what'}, was told and is not known any more"
        is_document = finding.service == "invoice" and (one.type is None or one.type in DOCUMENTS)
        (finding.forbids if is_document else finding.losses).append(what)


async def release(service: Service, finding: Finding) -> None:
    """Let it go on: numbers above all that were heard, what is forgotten in a place for people, reading where there is something."""
    assert not finding.forbids, "whatever forbids it was said before"
    async with service.database.transaction(EVERY_PROVIDER, isolation="read committed") as connection:
        if finding.told.highest:
            keys = sorted(finding.told.highest)
            numbers = [finding.told.highest[key] for key in keys]
            await connection.execute(SQL["raise_numbers"], [key[0] for key in keys], [key[1] for key in keys], numbers)
        if finding.told.forgotten:
            await connection.execute(SQL["quarantine"], *_columns(finding.told.forgotten))
    for lost in await service.lost_places():
        topic, partition = lost.place
        first = lost.first if lost.wanted < lost.first else lost.end
        await service.database.short(EVERY_PROVIDER, SQL["move_offset"], topic, partition, first)
        gone = first - lost.wanted
        ops.warning("reading goes on beyond what is gone", service=service.name, topic=topic, partition=partition, count=gone)
    await service.rejoin()
    until = finding.caught_up.until if finding.caught_up is not None else None
    if isinstance(service.clock, SandboxClock) and until is not None and until > await service.clock.load():
        await service.clock.advance_to(until)  # a clock that was restored too would date what comes next before what is there
    await service.hold.lift()
    service.plant.cache.forget_all()


def _columns(forgotten: Sequence[Forgotten]) -> list[list[object]]:
    return [[getattr(one, name) for one in forgotten] for name in Forgotten.__slots__]
