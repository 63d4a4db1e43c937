"""What providers do to their catalogue in a simulation: drafts, new versions, whole catalogues, decks, migrations, indexations.

All of it happens at an instant of its own, for it reaches many accounts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from termijn.kernel.calendar import add_months
from termijn.testing.simulation_catalogue import DECK, TARIFFS
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_deed import Ask, Body, Deed, ImportCatalogue, Upload, What

PER_MILLE = 170
"""How often a provider does something of this kind on a day."""
PRICES = ("4.95", "5.05", "39.50", "42.00", "0.00", "11.20")
MARGIN_DAYS = 14
"""Changes of prices are told this much earlier than a month before: a mail that goes out days late is in time all the same."""


@dataclass(slots=True)
class Seller:
    """What the plan remembers of a provider: versions that were asked for, not what came of it."""

    provider: str
    versions: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)


POLICIES: Mapping[str, Body] = {
    "contracts": {"serves_companies_only": False, "hardware_warranty_months": 24, "settings_warranty_days": 30, "lease_warning_days": 10},
    "rating": {"part_periods": "in_full", "minimum_times_quantity": True, "limit_times_quantity": True},
    "invoice": {"run_day": 5, "support_runs": "working_days", "small_order_max": "900.00", "subscription_minimum": "40.00"},
    "dunning": {"structural_misses": 2, "suspends_single_case": True, "suspension_reaches": "all", "termination_days": 10},
}
"""How the second provider wants things; the first has all defaults."""


def opening(seller: Seller, *, is_imported: bool) -> Iterator[What]:
    """What is sold from the first day: as a whole, or thing by thing under policies of its own."""
    seller.versions = {str(tariff["tariff_id"]): 1 for tariff in TARIFFS}
    if is_imported:
        decks = [{"deck_id": "standard", "valid_from": "2026-01-01", "csv": DECK}]
        yield ImportCatalogue(catalogue={"decks": decks, "tariffs": list(TARIFFS)})
        return
    for service, policy in POLICIES.items():
        yield Ask(method="PUT", path=f"/{service}/policy", body=policy)
    yield Upload(path="/contracts/rate-decks/standard?valid_from=2026-01-01", content=DECK)
    for tariff in TARIFFS:
        yield Ask(method="POST", path="/contracts/tariffs", body=tariff)


def of_day(seller: Seller, day: date, chance: Chance) -> Iterator[Deed]:
    """What a provider does on a day, mostly nothing."""
    if not chance.happens(PER_MILLE):
        return
    ways: list[tuple[int, Callable[[Seller, date, Chance], Iterator[What]]]] = [
        (3, _draft),
        (3, _publication),
        (1, _thrown_away),
        (2, _version),
        (3, _catalogue),
        (1, _deck),
        (4, _migration),
        (4, _indexation),
        (1, _discarded),
    ]
    for number, what in enumerate(chance.weighted(ways)(seller, day, chance)):
        yield Deed(key=f"{seller.provider}-catalogue-{day}-{number}", provider=seller.provider, account="", what=what)


def _changed(seller: Seller, day: date, chance: Chance) -> Body:
    """A tariff with another price, or another included quantity."""
    tariff = chance.one_of(TARIFFS)
    articles = [dict(article) for article in tariff["articles"]]
    article = chance.one_of(articles)
    if article.get("usage_key") == "call":
        article["included_quantity"] = str(chance.number(0, 8))
    else:
        article["net_price"] = chance.one_of(PRICES)
    orders_from = (day + timedelta(days=chance.one_of((0, 0, 3, 12)))).isoformat()
    return {**tariff, "articles": articles, "orders_from": orders_from}


def _draft(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    draft = _changed(seller, day, chance)
    tariff_id = draft.pop("tariff_id")
    if chance.happens(500):
        draft["orders_from"] = None
    yield Ask(method="PUT", path=f"/contracts/tariffs/{tariff_id}/draft", body=draft)
    if chance.happens(500):
        yield _published(seller, tariff_id)


def _publication(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    yield _published(seller, str(chance.one_of(TARIFFS)["tariff_id"]))


def _published(seller: Seller, tariff_id: str) -> Ask:
    seller.versions[tariff_id] += 1
    return Ask(method="POST", path=f"/contracts/tariffs/{tariff_id}/draft/publication", body={})


def _thrown_away(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    yield Ask(method="DELETE", path=f"/contracts/tariffs/{chance.one_of(TARIFFS)['tariff_id']}/draft")


def _version(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    tariff = _changed(seller, day, chance)
    seller.versions[tariff["tariff_id"]] += 1
    yield Ask(method="POST", path="/contracts/tariffs", body=tariff)


def _catalogue(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    """All of it with two tariffs changed, in one go; the deck has a destination more, from tomorrow on."""
    changed = {tariff["tariff_id"]: tariff for tariff in (_changed(seller, day, chance), _changed(seller, day, chance))}
    tariffs = [changed.get(tariff["tariff_id"], {**tariff, "orders_from": None}) for tariff in TARIFFS]
    for tariff in tariffs:
        # One that was changed before changes back.
        seller.versions[tariff["tariff_id"]] += 1
    catalogue: Body = {"tariffs": tariffs}
    if chance.happens(300):
        catalogue["decks"] = [{"deck_id": "standard", "valid_from": _tomorrow(day), "csv": _deck_with(chance)}]
    yield ImportCatalogue(catalogue=catalogue)


def _tomorrow(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()


def _deck_with(chance: Chance) -> str:
    return f"{DECK}44,United Kingdom,0.0{chance.number(1, 9)},0,1,1\n"


def _deck(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    yield Upload(path=f"/contracts/rate-decks/standard?valid_from={_tomorrow(day)}", content=_deck_with(chance))


def _effective(day: date, chance: Chance) -> str:
    """The first of a month, or any day, more than a month away; now and then too soon."""
    if chance.happens(80):
        return (day + timedelta(days=10)).isoformat()
    soonest = add_months(day, 1) + timedelta(days=MARGIN_DAYS if day.day > 1 else 0)
    return (add_months(soonest.replace(day=1), 1) if chance.happens(300) else soonest).isoformat()


def _migration(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    tariff_id = str(chance.one_of(sorted(name for name, versions in seller.versions.items() if versions > 1) or sorted(seller.versions)))
    change = f"move-{len(seller.changes) + 1}"
    seller.changes.append(change)
    body: Body = {
        "migration_id": change,
        "tariff_id": tariff_id,
        "from_version": chance.one_of((None, 1)),
        "to_version": chance.number(1, seller.versions[tariff_id]),
        "effective_on": _effective(day, chance),
    }
    yield Ask(method="POST", path="/contracts/migrations", body=body)


def _indexation(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    if seller.plans and chance.happens(400):
        yield Ask(method="POST", path=f"/contracts/indexations/{chance.one_of(seller.plans)}/start", body={})
        return
    plan = f"index-{len(seller.plans) + 1}"
    seller.plans.append(plan)
    seller.changes.append(plan)
    ids = [str(tariff["tariff_id"]) for tariff in TARIFFS]
    tariffs = [] if chance.happens(500) else [chance.one_of(ids)]
    body = {"indexation_id": plan, "percentage": chance.one_of(("3.3", "-2", "0.75"))}
    yield Ask(method="POST", path="/contracts/indexations", body={**body, "tariffs": tariffs, "effective_on": _effective(day, chance)})
    if chance.happens(700):
        for tariff_id in tariffs or ids:
            seller.versions[tariff_id] += 1
        yield Ask(method="POST", path=f"/contracts/indexations/{plan}/start", body={})


def _discarded(seller: Seller, day: date, chance: Chance) -> Iterator[What]:
    plan = chance.one_of(seller.plans) if seller.plans else "index-1"
    yield Ask(method="DELETE", path=f"/contracts/indexations/{plan}")
