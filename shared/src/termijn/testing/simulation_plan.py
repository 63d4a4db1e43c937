"""What people do in a simulation: orders, changes, notices, usage, payments, reversals, holds; drawn from a seed, day by day.

A plan knows nothing of how the system answers, so the same seed gives the same deeds to an undisturbed world and to a disturbed
one. What depends on the state of things ("pay the oldest open invoice") says so and is looked up when it is done.

Two providers have the same account, module, subject, payment and record ids, and lives of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from termijn.kernel.calendar import at, is_bank_day
from termijn.testing import simulation_prices as prices
from termijn.testing.simulation_catalogue import PROFILE
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_contract import changes_contract, changes_mandate, mandate, order, usage
from termijn.testing.simulation_deed import Ask, Body, CollectDebits, Customer, Deed, Hold, PayOldest, SendBack, What, keyed
from termijn.testing.simulation_goods import goods
from termijn.testing.simulation_prices import Seller

FIRST_DAY = date(2026, 1, 1)
PROVIDERS = ("noord", "zuid")
ACCOUNTS = ("acme", "bakker", "coop")
CONSUMERS = {(PROVIDERS[1], "coop"), (PROVIDERS[1], "dorp")}
"""The second provider serves consumers too."""
VISITOR = "dorp"
"""One of each provider that comes, orders little, and wants to be deleted (CON-7)."""


@dataclass(slots=True)
class Plan:
    """Deeds by instant, for ever. ``exempts_all``: nobody's orders depend on a mandate, so a late block refuses none.

    Nor do they depend on a suspension, and nobody is deleted: whether an account may be depends on the day on which all else was
    done.
    """

    seed: str
    exempts_all: bool = False
    _customers: list[Customer] = field(init=False)
    _visitors: list[Customer] = field(init=False)
    _sellers: list[Seller] = field(init=False)

    def __post_init__(self) -> None:
        chance = Chance(self.seed, "customers")
        self._customers = [
            self._customer(provider, account, chance, pays_per_mille=chance.one_of((0, 15, 40, 200)))
            for provider in PROVIDERS
            for account in ACCOUNTS
        ]
        self._visitors = [self._customer(provider, VISITOR, chance, pays_per_mille=400) for provider in PROVIDERS]
        self._sellers = [Seller(provider) for provider in PROVIDERS]

    def _customer(self, provider: str, account: str, chance: Chance, *, pays_per_mille: int) -> Customer:
        is_debited = chance.happens(500)
        return Customer(provider, account, is_debited, pays_per_mille, orders_itself=not self.exempts_all)

    def instants(self) -> Iterator[tuple[datetime, Sequence[Deed]]]:
        """Each instant at which somebody does something, in order. Off the hours at which timers fire."""
        yield at(FIRST_DAY, "11:00"), list(self._opening())
        day = FIRST_DAY
        while True:
            chance = Chance(self.seed, day)
            if deeds := list(self._of_day(day, chance)):
                yield at(day, "12:00"), deeds
            collecting = [
                Deed(key=f"{provider}-bank-{day}", provider=provider, account="", what=CollectDebits(seed=self.seed))
                for provider in PROVIDERS
            ]
            if is_bank_day(day):
                yield at(day, "13:00"), collecting
            selling = [
                deed for seller in self._sellers for deed in prices.of_day(seller, day, Chance(self.seed, "shop", seller.provider, day))
            ]
            if selling:
                yield at(day, "14:00"), selling
            day += timedelta(days=1)

    def _opening(self) -> Iterator[Deed]:
        for seller in self._sellers:
            profile = Ask(method="PUT", path="/invoice/profile", body=PROFILE)
            for number, what in enumerate([profile, *prices.opening(seller, is_imported=seller.provider == PROVIDERS[0])]):
                yield Deed(key=f"{seller.provider}-shop-{number}", provider=seller.provider, account="", what=what)
        chance = Chance(self.seed, "opening")
        for customer in self._customers:
            yield from keyed(customer, "opening", self._signs_up(customer, chance, day=FIRST_DAY))

    def _signs_up(self, customer: Customer, chance: Chance, *, day: date) -> Iterator[What]:
        account = customer.account
        partner = {"name": f"{account} B.V.", "city": "Amsterdam", "email": f"{account}@{customer.provider}.example"}
        facts = {
            "debtor_kind": "consumer" if (customer.provider, account) in CONSUMERS else "company",
            "language": chance.one_of(("nl", "en")),
            "subscription_term_days": chance.one_of((None, None, 14, 30)),
            "terms": {"version": "1", "accepted_on": "2025-12-01"} if chance.happens(850) else None,
        }
        yield Ask(method="POST", path="/contracts/accounts", body={"account_id": account, "contract_partner": partner, "facts": facts})
        if customer.is_debited:
            yield mandate(customer, chance)
        if self.exempts_all or not customer.is_debited:
            yield Ask(method="POST", path=f"{customer.path}/debit-exemption", body={"reason": "agreed"})
        if customer not in self._visitors:
            yield from order(customer, day, chance)

    def _of_day(self, day: date, chance: Chance) -> Iterator[Deed]:
        for customer in self._customers:
            # One service hears of an account at one instant, or the outcome would depend on which of two was told first.
            deeds: list[What] = []
            if chance.happens(customer.pays_per_mille):
                deeds = [_payment(chance)]
            elif chance.happens(260):
                doing = chance.weighted(
                    [
                        (10, self._changes_contract),
                        (12, self._uses),
                        (6, self._trades),
                        (2, self._moves_money),
                        (2, self._holds),
                        (1, self._changes_mandate),
                        (1, self._leaves),
                    ]
                )
                deeds = list(doing(customer, day, chance))
            yield from keyed(customer, str(day), deeds)
        for visitor in self._visitors:
            yield from keyed(visitor, str(day), list(self._visits(visitor, day, Chance(self.seed, visitor.provider, "visitor", day))))

    def _changes_contract(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        yield from changes_contract(customer, day, chance)

    def _uses(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        yield from usage(customer, day, chance)

    def _trades(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        yield from goods(customer, day, chance)

    def _changes_mandate(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        yield from changes_mandate(customer, day, chance, may_revoke=not self.exempts_all)

    def _moves_money(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        codes = ("AM04", "MS03", "AM05", "MD06") if self.exempts_all else ("AM04", "MS03", "AC04", "MD01", "AM05", "MD06")
        yield SendBack(reason_code=chance.one_of(codes)) if chance.happens(500) else _payment(chance)

    def _holds(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        if chance.happens(300) and not self.exempts_all:
            yield Ask(method="POST", path=f"/dunning/accounts/{customer.account}/termination", body={"reason": "never pays"})
            return
        yield Hold(days=chance.number(1, 25), lifts=chance.happens(300))

    def _leaves(self, customer: Customer, day: date, chance: Chance) -> Iterator[What]:
        """Asks to be deleted, or is kept."""
        if self.exempts_all:
            return
        if chance.happens(800):
            yield Ask(method="POST", path=f"{customer.path}/deletion", is_own=chance.happens(500))
        else:
            yield Ask(method="DELETE", path=f"{customer.path}/deletion")

    def _visits(self, visitor: Customer, day: date, chance: Chance) -> Iterator[What]:
        """Signs up in the first days, orders something that may end at once, ends it, pays, and asks to be deleted till it is."""
        known = (day - FIRST_DAY).days
        if known == 2:
            yield from self._signs_up(visitor, chance, day=day)
        elif known > 2 and not visitor.modules and chance.happens(250):
            module = f"{visitor.account}-m1"
            visitor.modules.append((module, "domain"))
            body: Body = {"module_id": module, "tariff_id": "domain", "quantity": 1}
            yield Ask(method="POST", path=f"{visitor.path}/modules", body=body, is_own=visitor.orders_itself and chance.happens(500))
        elif visitor.modules and chance.happens(visitor.pays_per_mille):
            yield _payment(chance)
        elif visitor.modules and chance.happens(200):
            yield Ask(method="POST", path=f"{visitor.path}/modules/{visitor.account}-m1/cancellation", body={}, is_own=chance.happens(500))
        elif known > 2 and chance.happens(150):
            yield from self._leaves(visitor, day, chance)


def _payment(chance: Chance) -> PayOldest:
    share = chance.weighted([(8, 1000), (2, 400), (1, 995), (1, 1200)])
    return PayOldest(per_mille=share, days_ago=chance.weighted([(6, 0), (2, 2), (1, 9)]), is_told_twice=chance.happens(200))
