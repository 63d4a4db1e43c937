"""The made-up provider holds together: prices, customers, numbers and orders fit each other."""

from collections import Counter
from datetime import date

import msgspec
import phonenumbers
import pytest
from stdnum import iban
from stdnum.nl import btw

from termijn.demo import deck, population, wishes
from termijn.demo.catalogue import CATALOGUE, TARIFFS, tariff
from termijn.demo.change import (
    AgreeProject,
    Assign,
    Cancel,
    DeliverGoods,
    Leave,
    OrderGoods,
    ReachMilestone,
    Retariff,
    Scale,
    StartLease,
    Withdraw,
    key_of,
)
from termijn.demo.payer import AfterLetter, AlwaysLate, Bounces, NeverFirst, OnDay
from termijn.demo.population import customers
from termijn.keeping.catalogue_file import read_file, written


def test_the_deck_has_a_few_hundred_prefixes_each_once() -> None:
    rows = deck.rows()
    assert 300 < len(rows) == len({row.prefix for row in rows})
    assert all(row.prefix.isdigit() and row.price_per_minute >= 0 and row.first_seconds > 0 and row.next_seconds > 0 for row in rows)
    assert {"31", "3120", "3161", "31900", "32", "4917", "1", "597"} <= {row.prefix for row in rows}


def test_every_prefix_of_the_deck_belongs_to_a_real_country_code() -> None:
    codes = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    assert not [row.prefix for row in deck.rows() if not any(row.prefix.startswith(code) for code in codes)]


def test_the_catalogue_that_is_shipped_is_the_text_that_an_export_of_it_would_be() -> None:
    file = read_file(CATALOGUE)
    told = {
        "policy": file.body["policy"],
        "indexing": file.body["indexing"],
        "decks": file.body["decks"],
        "tariffs": [{**msgspec.to_builtins(one), "orders_from": "2026-01-01"} for one in TARIFFS],
    }
    assert written(told) == CATALOGUE.read_text(encoding="utf-8")
    assert {one["deck_id"]: (deck.DECKS / f"{one['deck_id']}.csv").read_bytes() for one in file.body["decks"]} == file.rows


def test_one_deck_charges_begun_minutes_and_the_other_seconds_near_home() -> None:
    assert {(row.first_seconds, row.next_seconds) for row in deck.rows(deck.PER_MINUTE)} == {(60, 60)}
    assert next(row for row in deck.rows(deck.PER_SECOND) if row.prefix == "3120").next_seconds == 1
    assert {one.deck_id for one in TARIFFS if one.module == "telephony"} == set(deck.DECK_IDS)


def test_the_catalogue_has_every_rhythm_and_every_notice_rule() -> None:
    assert len(TARIFFS) >= 12
    rhythms = {article.billing.every_months for one in TARIFFS for article in one.articles}
    assert {0, 1, 3, 12} == rhythms
    assert {one.notice.name for one in TARIFFS} >= {"none", "monthly", "yearly", "term:12", "term:36", "licence-year"}
    assert {one.time_rating for one in TARIFFS if one.module == "telephony"} == {"minute", "second"}
    assert any(one.minimum_turnover for one in TARIFFS)
    assert any(one.cost_limit for one in TARIFFS)
    assert any(article.included_quantity for one in TARIFFS for article in one.articles)


@pytest.mark.parametrize(
    ("module", "months"),
    [
        ("workplace", 1),
        *((module, 3) for module in ("fibre", "xdsl", "suite", "backup", "voip_licence", "managed_service")),
        *((module, 12) for module in ("spam_filter", "hosting", "domain", "virus_scanner")),
    ],
)
def test_modules_bill_in_their_rhythm(module: str, months: int) -> None:
    recurring = {a.billing.every_months for one in TARIFFS if one.module == module for a in one.articles if a.billing.every_months}
    assert recurring == {months}


def test_thirty_customers_with_good_numbers() -> None:
    population_ = customers()
    assert len(population_) == 30 == len({c.account_id for c in population_}) == len({c.iban for c in population_})
    for customer in population_:
        assert iban.is_valid(customer.iban)
        assert btw.is_valid(customer.vat_number)
        assert len(customer.account_id) <= 40
        assert set(customer.account_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert {c.language for c in population_} == {"nl", "en"}
    assert {c.term_days for c in population_} == {None, 14, 30}


def test_orders_name_tariffs_that_exist_and_no_extension_belongs_to_two() -> None:
    orders = [order for customer in customers() for order in customer.orders]
    assert all(tariff(order.tariff_id) for order in orders)
    assert len({order.module_id for order in orders}) == len(orders)
    extensions = Counter(extension for order in orders for extension in order.extensions)
    assert set(extensions.values()) == {1}
    assert not {wishes.FORGOTTEN_EXTENSION, population.UNKNOWN_EXTENSION} & set(extensions)


def test_the_story_has_every_behaviour_and_change() -> None:
    behaviours = [customer.behaviour for customer in customers()]
    assert {b.step for b in behaviours if isinstance(b, AfterLetter)} == {"reminder", "second_reminder", "formal_notice", "final_demand"}
    assert Bounces(reason_code="AM04") in behaviours
    for kind in (AlwaysLate, NeverFirst, OnDay):
        assert sum(isinstance(b, kind) for b in behaviours) == 1
    changes = [type(change) for customer in customers() for change in customer.changes]
    modules = {Scale, Cancel, Withdraw, Retariff, Assign}
    assert set(changes) == {*modules, AgreeProject, ReachMilestone, OrderGoods, DeliverGoods, StartLease, Leave}
    keys = [key_of(customer.account_id, change) for customer in customers() for change in customer.changes]
    assert len(set(keys)) == len(keys)
    assert set(wishes.WISHES) <= {customer.account_id for customer in customers()}
    assert any(order.ordered_on == date(2026, 4, 15) for customer in customers() for order in customer.orders)
