"""The demo on a real installation, with a few customers: it ends as its customers make it end, also when it was cut off in between."""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from termijn.demo.journal import OtherSeed
from termijn.demo.payer import AfterLetter, Bounces, NeverFirst, OnDay
from termijn.demo.population import World, customers
from termijn.demo.run import OccupiedFolder, Played, play

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SHOWN = (AfterLetter(step="final_demand"), Bounces(reason_code="AM04"), NeverFirst(), OnDay(days_after_issue=59))
SMALL = World(
    customers=tuple(each for each in customers() if each.behaviour in SHOWN or each.account_id == "bakkerij-van-dijk"),
    last_day=date(2026, 4, 3),
)
"""Five customers until the day after the handover."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: each new pytest closes the folder above all of those to other users, and the database server is one."""
    with tempfile.TemporaryDirectory(prefix="termijn-test-") as path:
        yield Path(path)


class CutOffError(Exception):
    """Stands for the power going out."""


async def played(folder: Path, *, cut_off_at: int | None = None) -> Played:
    def progress(what: str, done: int, of: int) -> None:
        if cut_off_at is not None and done == cut_off_at:
            raise CutOffError

    return await play(folder, seed=3, transport="log", progress=progress, world=SMALL)


async def test_the_demo_ends_as_its_customers_make_it_end_and_going_on_after_a_cut_is_no_different(folder: Path) -> None:
    whole = await played(folder / "whole")
    figures = whole.outcome.as_json(seconds=0, transport="log")
    assert figures["verified"] is True
    assert figures["handovers"] == [
        {
            "account": "koster-evenementen",
            "invoice": figures["handovers"][0]["invoice"],
            "invoice_date": "2026-02-01",
            "handover_date": "2026-04-02",
        }
    ]
    assert figures["letters"]["final_demand"] == 3
    assert [(back.account, back.reason_code) for back in whole.outcome.reversals] == [("smits-fietsen", "AM04")]
    assert figures["usage_suspense"] > 0 < figures["usage_duplicates"] < figures["usage_records"]
    assert figures["invoices"] == len(whole.outcome.invoices) > 10

    for cut_off_at in (0, 20, 45):
        with pytest.raises(CutOffError):
            await played(folder / "cut", cut_off_at=cut_off_at)
    again = await played(folder / "cut")
    assert again.outcome == whole.outcome
    with pytest.raises(OtherSeed):
        await play(folder / "cut", seed=4, transport="log", progress=lambda *_: None, world=SMALL)


async def test_a_folder_in_which_something_else_lives_is_left_alone(folder: Path) -> None:
    from termijn.embedded.installation import open_installation  # noqa: PLC0415

    async with open_installation(folder):
        pass
    with pytest.raises(OccupiedFolder):
        await played(folder)
