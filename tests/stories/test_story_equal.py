"""The same weeks lived twice, once undisturbed and once with something going wrong: what comes of it is equal, and the books hold.

Compared is what customers, the bank and an accountant see: documents, debits, letters by day, cases, handovers, mails. Not compared
is who got which number; that numbers have no holes is a law, and ``verify`` ends every life.
"""

import asyncio
import copy
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.installation import open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.keeping.backup import backup
from termijn.keeping.place import Place
from termijn.keeping.recovery import examine, release
from termijn.keeping.restore import restore_service
from termijn.kernel.calendar import at
from termijn.runtime.handling import Transient
from termijn.testing.kafka import Broker
from termijn.testing.outage import pass_without
from termijn.testing.story import OPENS_AT, MadeCall, Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ACCOUNTS = ("acme", "bounce", "sloppy", "prompt")
RUN_DAY, REMINDER_DAY, PAYDAY, LAST_DAY = date(2026, 2, 1), date(2026, 2, 12), date(2026, 2, 13), date(2026, 3, 20)
_prefixes = (f"equal{number}" for number in itertools.count(1))

Outcome = dict[str, Any]


@dataclass(slots=True)
class Life:
    """An installation that may be closed and opened again."""

    place: Place
    kafka: str | None
    keys: "itertools.count[int]"

    @asynccontextmanager
    async def story(self) -> AsyncIterator[Story]:
        """Start the installation, or go on with it."""
        async with open_installation(
            self.place.folder,
            transport="kafka" if self.kafka else "log",
            kafka_bootstrap=self.kafka,
            sandbox_start=OPENS_AT,
            server=self.place.server,
            prefix=self.place.prefix,
        ) as installation:
            yield Story(installation=installation, server=self.place.server, prefix=self.place.prefix, _keys=self.keys)


Lives = Callable[..., Life]
Disturbance = Callable[[Life], Awaitable[None]]


@pytest.fixture
def lives(postgres_server: EmbeddedPostgres, tmp_path: Path) -> Lives:
    """A new installation each time, on one server."""

    def life(kafka: str | None = None) -> Life:
        prefix = next(_prefixes)
        return Life(Place(folder=tmp_path / prefix, server=postgres_server, prefix=prefix), kafka, itertools.count(1))

    return life


async def january(story: Story) -> None:
    """One with calls, one whose debit bounces, one who never pays, one who pays the day after the reminder was planned."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    await story.customer("bounce", debit=True)
    await story.order("bounce", "workplace")
    for account in ("sloppy", "prompt"):
        await story.customer(account)
        await story.order(account, "workplace")
    await story.call("POST", "/contracts/accounts/prompt/modules/prompt-workplace/cancellation", {"ends_on": "2026-02-28"})
    await story.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=61), MadeCall(call_id="c2", on=date(2026, 1, 31), seconds=60))
    await story.until(date(2026, 1, 31), "12:00")


async def run_day(story: Story) -> None:
    """Documents go out; in the minutes after noon a customer pays too much and orders something."""
    await story.until(RUN_DAY, "12:00")
    (invoice,) = await story.invoices("acme")
    await told(story, "p-acme", invoice, "50.00")
    await story.order("sloppy", "workplace", module_id="sloppy-2")
    await story.installation.settle()


async def february(story: Story) -> None:
    """The debit is collected and comes back; the reminder is due; somebody pays."""
    (invoice,) = await story.invoices("bounce")
    await story.until(date.fromisoformat(invoice["due_on"]), "12:00")
    await told(story, "p-bounce", invoice, invoice["open"], "direct_debit")
    await story.until(date(2026, 2, 10), "12:00")
    await story.call("POST", "/invoice/payments/p-bounce/reversal", {"reason_code": "AM04", "reversed_on": "2026-02-10"})
    await story.until(date(2026, 2, 10), "18:00")


async def payday(story: Story, *, settles: bool = True) -> None:
    """The prompt one pays, the day after the reminder was planned."""
    (invoice,) = await story.invoices("prompt")
    await told(story, "p-prompt", invoice, invoice["open"])
    if settles:
        await story.installation.settle()


async def told(story: Story, payment_id: str, invoice: dict[str, Any], amount: str, method: str = "transfer") -> None:
    """What a bank tells."""
    body = {"payment_id": payment_id, "amount": amount, "value_on": story.today.isoformat(), "method": method}
    await story.call("POST", f"/invoice/invoices/{invoice['invoice_id']}/payments", body)


DOCUMENT = ("account", "kind", "stream", "issued_on", "due_on", "collection", "net", "gross", "paid", "open", "state", "settled_on")


async def outcome(life: Life, story: Story) -> Outcome:
    """At the end of the weeks."""
    await story.until(LAST_DAY)
    await story.verify()
    return {
        "documents": {account: [{name: one[name] for name in DOCUMENT} for one in await story.invoices(account)] for account in ACCOUNTS},
        "letters": {account: await story.steps(account) for account in ACCOUNTS},
        "debits": sorted((one["account"], one["attempt"], one["collect_on"], one["status"], one["amount"]) for one in await debits(story)),
        "handovers": sorted((one["account"], one["handover_on"], one["principal"]) for one in await story.handovers()),
        "mails": len(list((life.place.folder / "mail" / story.provider / "new").iterdir())),
    }


async def debits(story: Story) -> list[dict[str, Any]]:
    return await story.items("/invoice/direct-debits")


async def lived(life: Life, *, around_the_run: Disturbance | None = None, dunning_back_on: date | None = None) -> Outcome:
    """Eleven weeks. A disturbance may let time pass until noon of the day of the run. Dunning may be away from the reminder's eve on."""
    async with life.story() as story:
        await january(story)
    if around_the_run is not None:
        await around_the_run(life)
    async with life.story() as story:
        await run_day(story)
        await february(story)
        await story.until(date(2026, 2, 11), "00:00")
        if dunning_back_on is None:
            await story.until(PAYDAY, "12:00")
            await payday(story)
        else:
            await pass_without(story.installation, at(PAYDAY, "12:00"), down=["dunning"])
            await payday(story, settles=False)
            await pass_without(story.installation, at(dunning_back_on, "00:00"), down=["dunning"])
        return await outcome(life, story)


_known: list[Outcome] = []


@pytest.fixture
async def undisturbed(lives: Lives) -> Outcome:
    """What comes of it where nothing goes wrong; lived once for all of these tests."""
    if not _known:
        _known.append(await lived(lives()))
    return copy.deepcopy(_known[0])


async def rating_is_down(life: Life) -> None:
    """Three hours over the 1st: the closing of 04:00 and the run of 06:00 find nobody."""
    async with life.story() as story:
        await story.until(RUN_DAY, "03:30")
        await pass_without(story.installation, at(RUN_DAY, "06:30"), down=["rating"])
        assert await story.items("/invoice/invoices") == []


@pytest.mark.rule("INV-18", "INV-17", "USE-9", "TIM-1")
async def test_three_hours_without_rating_over_the_first_are_seen_nowhere(lives: Lives, undisturbed: Outcome) -> None:
    assert await lived(lives(), around_the_run=rating_is_down) == undisturbed


@pytest.mark.rule("DUN-2", "DUN-1", "TIM-1")
@pytest.mark.parametrize("back_on", [date(2026, 2, 14), date(2026, 3, 4)], ids=["three days", "three weeks"])
async def test_without_dunning_only_the_days_of_missed_letters_differ(lives: Lives, undisturbed: Outcome, back_on: date) -> None:
    """The same letters, none earlier; who paid meanwhile gets none; all that is no letter is equal to the cent and the day."""
    late, planned = await lived(lives(), dunning_back_on=back_on), undisturbed
    late_letters, planned_letters = late.pop("letters"), planned.pop("letters")
    del late["mails"], planned["mails"]
    assert late == planned
    assert (late_letters.pop("prompt"), planned_letters.pop("prompt")) == ([], [("reminder", REMINDER_DAY)])
    for account, letters in planned_letters.items():
        assert Counter(step for step, _ in late_letters[account]) == Counter(step for step, _ in letters)
        for (_, day), (_, planned_day) in zip(late_letters[account], letters, strict=True):
            assert day >= planned_day
            assert day == planned_day or day >= back_on


@pytest.mark.rule("INV-7", "INV-17", "TIM-1", "API-1")
async def test_invoicing_comes_back_from_a_backup_five_minutes_old_and_nothing_differs(
    lives: Lives, undisturbed: Outcome, tmp_path: Path
) -> None:
    """Made at five to twelve on the day of the run; at noon money and an order come in, and then the database is lost."""
    life = lives()
    async with life.story() as story:
        await january(story)
        await story.until(RUN_DAY, "11:55")
        await backup(life.place, tmp_path / "backup")
        await run_day(story)
    await restore_service(life.place, tmp_path / "backup", "invoice")
    async with life.story() as story:
        (before,) = await story.invoices("acme")
        assert before["state"] == "open", "as it was five minutes ago"
        found = await examine(story.installation.service("invoice"), story.installation.services)
        assert (found.forbids, found.losses) == ([], [])
        await release(story.installation.service("invoice"), found)
        await story.installation.settle()
        (after,) = await story.invoices("acme")
        assert after["state"] == "settled"
        await february(story)
        await story.until(PAYDAY, "12:00")
        await payday(story)
        assert await outcome(life, story) == undisturbed


@pytest.mark.rule("INV-7", "INV-17", "TIM-1", "TIM-2")
async def test_a_broker_that_restarts_in_mid_run_is_seen_nowhere(lives: Lives, undisturbed: Outcome, kafka_broker: Broker) -> None:
    """Killed and started again in the night of the run; later it is away while the clock moves: that says so, and goes on afterwards."""

    async def restart(life: Life) -> None:
        async with life.story() as story:
            await story.until(RUN_DAY, "04:00")
            await asyncio.to_thread(kafka_broker.kill)
            await asyncio.to_thread(kafka_broker.start)
            await patiently(story, RUN_DAY, "05:59")
            moving = asyncio.create_task(patiently(story, RUN_DAY, "12:00"))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(kafka_broker.kill)
            await asyncio.to_thread(kafka_broker.start)
            await moving

    assert await lived(lives(kafka_broker.bootstrap_servers), around_the_run=restart) == undisturbed


async def patiently(story: Story, day: date, time_of_day: str) -> None:
    """Whoever moves the clock is told that the broker does not answer, and moves it again."""
    while True:
        try:
            return await story.until(day, time_of_day)
        except Transient:
            await asyncio.sleep(0.2)
