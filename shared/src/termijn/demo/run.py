"""The demo from the first line to the last figure: opens an installation, plays the six months, asks what came of it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from termijn.demo import calls
from termijn.demo.bank import Bank
from termijn.demo.desk import Desk
from termijn.demo.journal import Journal
from termijn.demo.office import Office
from termijn.demo.outcome import Outcome, gather
from termijn.demo.population import FIRST_DAY, PROVIDER, Customer, World, whole_world
from termijn.demo.timeline import Stop, Timeline, stops
from termijn.embedded.installation import Installation, open_installation
from termijn.kernel.calendar import at, day_of
from termijn.kernel.words import long_day

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much is done, and how much there is."""


class OccupiedFolder(Exception):
    """Something else than the demo lives in the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A demo that was played to its end. ``seconds`` is machine time."""

    outcome: Outcome
    customers: tuple[Customer, ...]
    seconds: float
    transport: str
    seed: int


async def play(
    folder: Path, *, seed: int, transport: str, progress: Progress, world: World | None = None, kafka_bootstrap: str | None = None
) -> Played:
    """Play the demo in this folder, or go on with the one that is there. Raises ``OtherSeed`` where it is another one's."""
    started = monotonic()
    world = world or whole_world()
    progress("Starting the database", 0, 1)
    starts_at = at(FIRST_DAY, "00:00")
    async with open_installation(
        folder, sandbox=True, transport=transport, kafka_bootstrap=kafka_bootstrap, sandbox_start=starts_at
    ) as installation:
        journal = Journal(folder / "demo" / "journal.jsonl")
        _check_folder(installation, journal, seed=seed)
        await _play(installation, journal, world, seed=seed, progress=progress)
        progress("Checking the books", 1, 1)
        async with installation.client("auditor", PROVIDER) as auditor:
            outcome = await gather(Desk(auditor), journal, world.customers, broken_laws=await installation.verify())
    return Played(outcome=outcome, customers=world.customers, seconds=monotonic() - started, transport=transport, seed=seed)


def _check_folder(installation: Installation, journal: Journal, *, seed: int) -> None:
    """The folder must be new, or hold this very demo."""
    journal.check_seed(seed)
    now = installation.clock.now()
    if journal.facts(stops(whole_world(), [])[0].key) is None and now > at(FIRST_DAY, "23:59"):
        raise OccupiedFolder(f"there is an installation in this folder already, and its clock stands at {long_day(day_of(now), 'en')}")


async def _play(installation: Installation, journal: Journal, world: World, *, seed: int, progress: Progress) -> None:
    def at_stop(stop: Stop, done: int, of: int) -> None:
        progress(long_day(stop.on, "en"), done, of)

    async with AsyncExitStack() as here:
        manager = await here.enter_async_context(installation.client("manager", PROVIDER))
        collector = await here.enter_async_context(installation.client("collector", PROVIDER))
        desk = Desk(manager)
        customer_desks: dict[str, Desk] = {}

        def own(account: str) -> Desk:
            """The desk of a customer, who asks in its own name."""
            if account not in customer_desks:
                client = installation.client("customer", PROVIDER, account)
                here.push_async_callback(client.aclose)
                customer_desks[account] = Desk(client)
            return customer_desks[account]

        timeline = Timeline(
            clock=installation,
            journal=journal,
            office=Office(desk, journal, own),
            bank=Bank(desk, journal, world.customers),
            collector=Desk(collector),
            world=world,
        )
        await timeline.play(calls.files(world.customers, seed=seed), progress=at_stop)
