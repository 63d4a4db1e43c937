"""A service is lost and comes back from a backup of the day before: nothing is lost, no number is given twice, no letter goes twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from termijn.embedded.installation import Installation, open_installation
from termijn.embedded.postgres import EmbeddedPostgres
from termijn.keeping.backup import backup
from termijn.keeping.manifest import NoBackup
from termijn.keeping.place import Place
from termijn.keeping.recovery import Finding, examine, release
from termijn.keeping.restore import AlreadyThere, StillRunning, restore_all, restore_service
from termijn.kernel.errors import InvalidInput
from termijn.kernel.ids import ProviderId
from termijn.runtime.keys import KeyDestroyed, KeyStore
from termijn.testing.story import OPENS_AT, MadeCall, Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ACCOUNTS = ("acme", "bounce", "sloppy")
LAST_DAY = date(2026, 4, 5)
_calls = itertools.count()
_prefixes = (f"recovery{number}" for number in itertools.count(1))


@dataclass(slots=True)
class Lives:
    """Installations of one test on one server, each with a folder and names of its own."""

    server: EmbeddedPostgres
    folder: Path
    places: list[Place] = field(default_factory=list)

    def place(self) -> Place:
        """A new one."""
        prefix = next(_prefixes)
        place = Place(folder=self.folder / prefix, server=self.server, prefix=prefix)
        self.places.append(place)
        return place

    @asynccontextmanager
    async def story(self, place: Place) -> AsyncIterator[Story]:
        """Start the installation, or go on with it."""
        async with open_installation(place.folder, sandbox_start=OPENS_AT, server=place.server, prefix=place.prefix) as installation:
            yield Story(installation=installation, server=place.server, prefix=place.prefix, _keys=_calls)


@pytest.fixture
def lives(postgres_server: EmbeddedPostgres, tmp_path: Path) -> Lives:
    """Several installations at once, to compare what comes of them."""
    return Lives(postgres_server, tmp_path)


async def begin(story: Story) -> None:
    """Three customers for January: one with calls, one whose debit bounces, one who never pays."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    await story.customer("bounce", debit=True)
    await story.order("bounce", "workplace")
    await story.customer("sloppy")
    await story.order("sloppy", "workplace")
    await story.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=61))
    await story.until(date(2026, 1, 31), "12:00")


async def run_day(story: Story) -> None:
    """Documents are drafted, numbered, sent and debited; a customer pays too much; a module is ordered."""
    await story.until(date(2026, 2, 1), "12:00")
    (invoice,) = await story.invoices("acme")
    await story.call("POST", f"/invoice/invoices/{invoice['invoice_id']}/payments", payment("p-acme", "50.00", story))
    await story.installation.settle()
    await story.order("sloppy", "workplace", module_id="sloppy-2")
    await story.until(date(2026, 2, 1), "18:00")


async def collection(story: Story) -> None:
    """The debit of February comes back."""
    (invoice,) = await story.invoices("bounce")
    await story.until(date.fromisoformat(invoice["due_on"]), "12:00")
    await story.call(
        "POST", f"/invoice/invoices/{invoice['invoice_id']}/payments", payment("p-bounce", invoice["open"], story, "direct_debit")
    )
    await story.until(date(2026, 2, 12), "12:00")
    await story.call("POST", "/invoice/payments/p-bounce/reversal", {"reason_code": "AM04", "reversed_on": "2026-02-12"})
    await story.installation.settle()


async def letter_day(story: Story) -> None:
    """The first letter goes out at ten; a manager holds another account."""
    await story.until(date(2026, 3, 6), "12:00")
    await story.call("POST", "/dunning/holds", {"account": "bounce", "reason": "asked to wait", "until": "2026-03-20"})
    await story.until(date(2026, 3, 6), "18:00")


def payment(payment_id: str, amount: str, story: Story, method: str = "transfer") -> dict[str, Any]:
    """What a bank tells."""
    return {"payment_id": payment_id, "amount": amount, "value_on": story.today.isoformat(), "method": method}


async def outcome(story: Story, place: Place) -> dict[str, Any]:
    """All that a customer, a bank or an accountant sees, but for ids that are drawn by lot."""
    await story.verify()
    return {
        "invoices": {account: await story.invoices(account) for account in ACCOUNTS},
        "letters": {account: await story.steps(account) for account in ACCOUNTS},
        "debits": await story.items("/invoice/direct-debits"),
        "cases": await story.items("/dunning/cases"),
        "handovers": [(one["case_id"], one["handover_on"]) for one in await story.handovers()],
        "mails": len(list((place.folder / "mail" / story.provider / "new").iterdir())),
    }


async def recovered(installation: Installation, service: str) -> Finding:
    """Look, and let it go on."""
    found = await examine(installation.service(service), installation.services)
    assert not found.forbids and not found.losses, (found.forbids, found.losses)
    await release(installation.service(service), found)
    await installation.settle()
    return found


async def undisturbed(lives: Lives) -> dict[str, Any]:
    """What comes of it when nothing is lost."""
    place = lives.place()
    async with lives.story(place) as story:
        await begin(story)
        await run_day(story)
        await collection(story)
        await story.until(date(2026, 3, 5), "12:00")
        await letter_day(story)
        await story.until(LAST_DAY)
        return await outcome(story, place)


@pytest.mark.rule("INV-7", "INV-17", "DUN-1", "TIM-1", "API-1")
async def test_invoicing_and_dunning_come_back_from_the_day_before_and_nothing_differs(lives: Lives, tmp_path: Path) -> None:
    """Numbers, letters, payments and dates are those of a life without a loss."""
    expected = await undisturbed(lives)
    place = lives.place()
    async with lives.story(place) as story:
        await begin(story)
        await backup(place, tmp_path / "january")
        await run_day(story)
        with pytest.raises(StillRunning):
            await restore_service(place, tmp_path / "january", "invoice")
    await restore_service(place, tmp_path / "january", "invoice")
    async with lives.story(place) as story:
        assert await story.installation.service("invoice").is_held()
        assert await story.invoices("acme") == [], "reading works, and shows the day before"
        refused = await story.ask("PUT", "/invoice/policy", {})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        found = await recovered(story.installation, "invoice")
        assert found.caught_up is not None and found.caught_up.events > 10
        assert found.series[0].last_number == found.series[0].documents == 3
        await collection(story)
        await story.until(date(2026, 3, 5), "12:00")
        await backup(place, tmp_path / "march")
        await letter_day(story)
    await restore_service(place, tmp_path / "march", "dunning")
    async with lives.story(place) as story:
        await recovered(story.installation, "dunning")
        await story.until(LAST_DAY)
        assert await outcome(story, place) == expected


@pytest.mark.rule("INV-7", "INV-17")
async def test_a_whole_installation_comes_back_in_another_place_as_of_the_end_of_its_backup(lives: Lives, tmp_path: Path) -> None:
    """Databases are dumped one after the other while all four services go on; the copied journal makes one moment of them."""
    place = lives.place()
    async with lives.story(place) as story:
        await begin(story)
        await story.until(date(2026, 2, 3))
        making = asyncio.create_task(backup(place, tmp_path / "whole"))
        await story.order("sloppy", "workplace", module_id="sloppy-3")
        await story.until(date(2026, 3, 3))
        manifest = await making
        numbers = [one["number"] for account in ACCOUNTS for one in await story.invoices(account)]
    assert set(manifest.databases) == {"contracts", "rating", "invoice", "dunning", "log", "keys"}
    elsewhere = lives.place()
    await restore_all(elsewhere, tmp_path / "whole")
    async with lives.story(elsewhere) as story:
        for service in story.installation.services:
            assert await service.is_held()
        for service in story.installation.services:
            await recovered(story.installation, service.name)
        await story.until(date(2026, 3, 3))
        await story.verify()
        assert [one["number"] for account in ACCOUNTS for one in await story.invoices(account)] == numbers


async def test_a_backup_that_is_not_whole_or_was_changed_is_not_restored(lives: Lives, tmp_path: Path) -> None:
    """Nothing is touched before everything was looked at."""
    place = lives.place()
    async with lives.story(place) as story:
        await story.open_shop()
        await backup(place, tmp_path / "kept")
    with pytest.raises(NoBackup, match="not empty"):
        await backup(place, tmp_path / "kept")
    with pytest.raises(AlreadyThere):
        await restore_all(place, tmp_path / "kept")
    dump = tmp_path / "kept" / "databases" / "invoice.dump"
    content = dump.read_bytes()
    dump.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(NoBackup, match="not what was written"):
        await restore_service(place, tmp_path / "kept", "invoice")
    dump.write_bytes(content)
    with pytest.raises(InvalidInput, match="portal"):
        await restore_service(place, tmp_path / "kept", "portal")
    keys = (tmp_path / "kept" / "keys" / "keys.dump").rename(tmp_path / "keys.dump")
    elsewhere = lives.place()
    with pytest.raises(NoBackup, match="kept for a shorter time"):
        await restore_all(elsewhere, tmp_path / "kept")
    await restore_all(elsewhere, tmp_path / "kept", keys=keys)
    (tmp_path / "kept" / "manifest.json").unlink()
    with pytest.raises(NoBackup, match="no manifest"):
        await restore_all(lives.place(), tmp_path / "kept")
    async with lives.story(place) as story:
        assert not await story.installation.service("invoice").is_held()


async def test_what_was_erased_after_the_backup_stays_erased(lives: Lives, tmp_path: Path) -> None:
    """A later backup's list of destroyed keys is applied to the older keys."""
    place = lives.place()
    async with lives.story(place) as story:
        await story.open_shop()
        await story.customer("acme")
        await story.customer("bounce")
        await story.installation.settle()
        await backup(place, tmp_path / "before")
        keys = story.installation.service("contracts").plant.keys
        assert isinstance(keys, KeyStore)
        await keys.destroy(ProviderId(story.provider), "acme")
        await backup(place, tmp_path / "after")
    elsewhere = lives.place()
    await restore_all(elsewhere, tmp_path / "before", erased=[tmp_path / "after" / "keys" / "erased.json"])
    async with lives.story(elsewhere) as story:
        contracts = story.installation.service("contracts")
        for service in story.installation.services:
            await recovered(story.installation, service.name)
        sealer = await contracts.plant.keys.sealer(ProviderId(story.provider), ["bounce"])
        assert sealer.seal("bounce", b"x")
        with pytest.raises(KeyDestroyed):
            (await contracts.plant.keys.sealer(ProviderId(story.provider), ["acme"])).seal("acme", b"x")
