"""The demo on a real installation, with a few customers: it ends as its customers make it end, also when it was cut off in between."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import phonenumbers
import pytest

from termijn.demo import calls, deck
from termijn.demo.calls import CallLeg
from termijn.demo.catalogue import CATALOGUE, tariff
from termijn.demo.change import Leave, key_of
from termijn.demo.desk import Desk
from termijn.demo.journal import OtherSeed
from termijn.demo.payer import AfterLetter, Bounces, NeverFirst, OnDay
from termijn.demo.population import PROVIDER, World, customers
from termijn.demo.run import OccupiedFolder, Played, play
from termijn.demo.wishes import FORGOTTEN_EXTENSION, FORGOTTEN_OF
from termijn.embedded.installation import open_installation
from termijn.keeping.catalogue_exchange import export_to
from termijn.kernel.money import cents
from termijn.kernel.tariff import Tariff

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SHOWN = (AfterLetter(step="final_demand"), Bounces(reason_code="AM04"), NeverFirst(), OnDay(days_after_issue=59))
CALLERS = ("bakkerij-van-dijk", "de-wit-schoonmaak", "brouwer-techniek")
"""A bundle of minutes, a minimum turnover by the second, a cost limit; the first has a file that came late and a forgotten extension."""
ASKERS = ("drukkerij-hendriks", "dekker-advocaten")
"""One is refused what the notice rule does not allow, one buys hardware; the first caller takes a notice back."""
SMALL = World(
    customers=tuple(each for each in customers() if each.behaviour in SHOWN or each.account_id in (*CALLERS, *ASKERS)),
    last_day=date(2026, 4, 3),
)
"""Nine customers until the day after the handover."""
LEAVER = World(customers=tuple(each for each in customers() if any(isinstance(change, Leave) for change in each.changes)))
"""The one that leaves, for six months."""


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


async def billed(folder: Path) -> dict[tuple[str, int], Decimal]:
    """What was billed for calls, per module and month, as rating tells it."""
    found: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    async with open_installation(folder) as installation, installation.client("auditor", PROVIDER) as client:
        for account, month in product(CALLERS, (1, 2, 3)):
            use = await Desk(client).get(f"/rating/accounts/{account}/use", {"period": f"2026-{month:02d}"})
            for line in use["billed"]:
                found[line["module_id"], month] += Decimal(line["net"])
    return {key: amount for key, amount in found.items() if amount}


def priced(legs: Sequence[CallLeg], plan: Tariff, quantity: int) -> Decimal:
    """The price of a month's calls by going through them one by one (USE-3, USE-4, USE-6, USE-7), in exact fractions."""
    rows = {row.prefix: row for row in deck.rows(str(plan.deck_id))}
    included = next(int(a.included_quantity) for a in plan.articles if a.usage_key) * quantity * 60
    total = Fraction(0)
    for leg in sorted(legs, key=lambda each: each.started_at):
        number = phonenumbers.format_number(phonenumbers.parse(leg.other, "NL"), phonenumbers.PhoneNumberFormat.E164)[1:]
        row = next(rows[number[:length]] for length in range(len(number), 0, -1) if number[:length] in rows)
        seconds = row.first_seconds + max(0, -(-(leg.seconds - row.first_seconds) // row.next_seconds)) * row.next_seconds
        charged = max(0, seconds - included)
        included = max(0, included - seconds)
        total += Fraction(row.price_per_minute) * charged / 60 + (Fraction(row.connection_fee) if charged else 0)
    rounded = cents(Decimal(total.numerator) / Decimal(total.denominator))
    at_least = max(rounded, plan.minimum_turnover or Decimal(0))
    return at_least if plan.cost_limit is None else min(at_least, plan.cost_limit)


def expected() -> dict[tuple[str, int], Decimal]:
    """What each module should have been billed per month, from the calls as they were made up."""
    made = [leg for leg in calls.legs(SMALL.customers, seed=3) if leg.kind == "outgoing"]
    found = {}
    orders = [order for each in SMALL.customers for order in each.orders if order.extensions]
    for order, month in product(orders, (1, 2, 3)):
        extensions = {*order.extensions, *([FORGOTTEN_EXTENSION] if order.module_id.startswith(FORGOTTEN_OF) else [])}
        own = [leg for leg in made if leg.extension in extensions and leg.started_at.month == month]
        found[order.module_id, month] = priced(own, tariff(order.tariff_id), order.quantity)
    return {key: amount for key, amount in found.items() if amount}


async def test_what_was_billed_for_calls_is_what_going_through_them_one_by_one_gives(folder: Path) -> None:
    await played(folder)
    assert expected() == await billed(folder)
    assert Decimal("25.00") in expected().values(), "a minimum or a limit was reached"


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
    assert (figures["refused"], figures["streams"]["hardware"], figures["indexed_modules"]) == (1, 1, 6)

    for cut_off_at in (0, 20, 45):
        with pytest.raises(CutOffError):
            await played(folder / "cut", cut_off_at=cut_off_at)
    again = await played(folder / "cut")
    assert again.outcome == whole.outcome
    with pytest.raises(OtherSeed):
        await play(folder / "cut", seed=4, transport="log", progress=lambda *_: None, world=SMALL)


async def test_who_leaves_is_refused_while_something_is_owed_and_forgotten_in_the_end(folder: Path) -> None:
    outcome = (await play(folder, seed=3, transport="log", progress=lambda *_: None, world=LEAVER)).outcome
    (leaver,) = LEAVER.customers
    refused, granted = (outcome.answers[key_of(leaver.account_id, change)] for change in leaver.changes if isinstance(change, Leave))
    assert {reason["detail"].split(" ")[0] for reason in refused["reasons"]} == {"carried_over", "unbilled"}
    assert granted == {"account_id": leaver.account_id, "state": "waiting"}
    assert outcome.forgotten == [leaver.account_id]
    assert not outcome.broken_laws


async def test_what_is_exported_from_the_demo_is_the_file_that_it_was_made_from(folder: Path) -> None:
    await play(folder, seed=3, transport="log", progress=lambda *_: None, world=World(customers=(), last_day=date(2026, 1, 2)))
    async with open_installation(folder) as installation, installation.client("manager", PROVIDER) as client:
        assert await export_to(client, None) == CATALOGUE.read_text(encoding="utf-8")


async def test_a_folder_in_which_something_else_lives_is_left_alone(folder: Path) -> None:
    async with open_installation(folder):
        pass
    with pytest.raises(OccupiedFolder):
        await played(folder)
