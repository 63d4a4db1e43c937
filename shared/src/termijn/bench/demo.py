"""``termijn bench demo``: the demo, played once: how long it takes, how many events are recorded and how many timers fire."""

from datetime import date

from termijn.bench.measure import Figures, Say
from termijn.bench.rig import temporary_folder
from termijn.demo.population import World, customers, whole_world
from termijn.demo.run import play
from termijn.embedded.installation import open_installation
from termijn.runtime.database import EVERY_PROVIDER

SEED = 1
QUICK_CUSTOMERS = 3
QUICK_LAST_DAY = date(2026, 3, 1)


async def demo(*, quick: bool, say: Say) -> Figures:
    """The same months and customers as ``termijn demo``; ``quick``: a few of the customers, for two months."""
    world = World(customers=customers()[:QUICK_CUSTOMERS], last_day=QUICK_LAST_DAY) if quick else whole_world()

    def progress(what: str, done: int, of: int) -> None:
        say(what)

    async with temporary_folder() as folder:
        played = await play(folder, seed=SEED, transport="log", progress=progress, world=world)
        assert not played.outcome.broken_laws, played.outcome.broken_laws[0]
        events = timers = 0
        async with open_installation(folder) as installation:
            for service in installation.services:
                sql = "select (select count(*) from event) as events, (select count(*) from timer where fired_at is not null) as timers"
                row = (await service.database.short(EVERY_PROVIDER, sql))[0]
                events += row["events"]
                timers += row["timers"]
    return {"seconds": round(played.seconds, 1), "events": events, "timers": timers}
