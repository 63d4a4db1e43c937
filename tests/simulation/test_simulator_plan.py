"""What people do in a simulation: all that the services offer, drawn from a seed alone."""

from collections import Counter
from datetime import timedelta
from itertools import takewhile

from termijn.kernel.calendar import at
from termijn.testing.simulation_deed import Ask, Deed, ImportCatalogue
from termijn.testing.simulation_people import kind_of
from termijn.testing.simulation_plan import FIRST_DAY, Plan

DAYS = 150
OFFERED = {
    *(f"POST contracts/{what}" for what in ("tariffs", "tariffs/draft/publication", "migrations", "indexations", "indexations/start")),
    *(f"{how} contracts/tariffs/draft" for how in ("PUT", "DELETE")),
    "DELETE contracts/indexations",
    "POST contracts/accounts",
    "PATCH contracts/accounts",
    "POST contracts/tasks/done",
    *(f"POST contracts/accounts/{what}" for what in ("modules", "mandates", "mandates/amendment", "debit-exemption", "deletion")),
    *(f"DELETE contracts/accounts/{what}" for what in ("mandates", "deletion")),
    *(f"POST contracts/accounts/modules/{what}" for what in ("activation", "scaling", "tariff", "options", "cancellation", "subjects")),
    *(f"POST contracts/accounts/modules/{what}" for what in ("subjects/port-out", "price-changes/withdrawal")),
    *(f"DELETE contracts/accounts/modules/{what}" for what in ("options", "cancellation", "subjects")),
    *(f"POST contracts/accounts/projects{what}" for what in ("", "/milestones/reached", "/delivery", "/completion", "/stop")),
    "PUT contracts/accounts/projects/plan",
    *(
        f"POST contracts/accounts/goods-orders{what}"
        for what in ("", "/deliveries", "/placements", "/placements/warranty", "/cancellation")
    ),
    "PUT contracts/accounts/goods-orders/delivery-date",
    "POST dunning/accounts/termination",
    *(f"PUT {service}/policy" for service in ("contracts", "rating", "invoice", "dunning")),
    *(f"POST contracts/accounts/leases{what}" for what in ("", "/extension")),
}
"""Kinds of calls: about contracts all that there are."""


def deeds(seed: str, *, exempts_all: bool = False) -> list[Deed]:
    """Those of the first days."""
    until = at(FIRST_DAY + timedelta(days=DAYS), "00:00")
    instants = takewhile(lambda each: each[0] < until, Plan(seed, exempts_all=exempts_all).instants())
    return [deed for _, at_once in instants for deed in at_once]


def kinds(done: list[Deed]) -> set[str]:
    """Kinds of calls among them."""
    return {kind_of(each.what.method, each.what.path) for each in done if isinstance(each.what, Ask)}


def test_people_do_all_that_contracts_offer() -> None:
    done = [deed for seed in range(4) for deed in deeds(f"plan/{seed}")]
    assert kinds(done) >= OFFERED
    assert sum(isinstance(each.what, ImportCatalogue) for each in done) > 4
    own = {kind_of(each.what.method, each.what.path) for each in done if isinstance(each.what, Ask) and each.what.is_own}
    assert {f"POST contracts/accounts/{what}" for what in ("modules", "modules/cancellation", "modules/scaling", "modules/tariff")} <= own


def test_a_seed_draws_the_same_deeds_and_no_two_have_one_key() -> None:
    assert deeds("plan/7") == deeds("plan/7") != deeds("plan/8")
    assert max(Counter((each.provider, each.key) for each in deeds("plan/7")).values()) == 1


def test_where_work_is_late_nobody_is_deleted_and_no_mandate_taken_back() -> None:
    done = kinds([deed for seed in range(4) for deed in deeds(f"plan/{seed}", exempts_all=True)])
    assert not done & {"POST contracts/accounts/deletion", "DELETE contracts/accounts/mandates"}
