"""What people do in a simulation: orders, changes, notices, usage, payments, reversals, holds; drawn from a seed, day by day.

A plan knows nothing of how the system answers, so the same seed gives the same deeds to an undisturbed world and to a disturbed
one. What depends on the state of things ("pay the oldest open invoice") says so and is looked up when it is done.

Two providers have the same account, module, subject, payment and record ids, and lives of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from termijn.kernel.calendar import at, is_bank_day
from termijn.testing.simulation_catalogue import DECK, PROFILE, TARIFFS
from termijn.testing.simulation_chance import Chance

FIRST_DAY = date(2026, 1, 1)
PROVIDERS = ("noord", "zuid")
ACCOUNTS = ("acme", "bakker", "coop")
MODULES_MAX = 5
SUBJECTS = tuple(str(number) for number in range(100, 108))
DESTINATIONS = ("+31612345678", "+31201234567", "+4930123456", "+9999")

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A call of an API; what it answers is part of the outcome."""

    method: str
    path: str
    body: Body | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file."""

    path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendUsage:
    """A batch of CloudEvents."""

    events: tuple[Body, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOldest:
    """Money for the oldest open invoice: per mille of what is open (over 1000: too much), sent twice or once."""

    per_mille: int
    days_ago: int
    is_told_twice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBack:
    """The account's newest payment is taken back."""

    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectDebits:
    """The bank books or refuses what is to be collected today; which, follows from the seed and the invoice alone."""

    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Dunning of the account is held, or a hold that runs is lifted."""

    days: int
    lifts: bool


What = Ask | Upload | SendUsage | PayOldest | SendBack | CollectDebits | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody does. ``key`` names it for ever: it is the idempotency key, and what payments are called."""

    key: str
    provider: str
    account: str
    what: What


@dataclass(slots=True)
class _Customer:
    """What the plan remembers of an account: what was asked for, not what came of it."""

    provider: str
    account: str
    is_debited: bool
    pays_per_mille: int
    modules: list[tuple[str, str]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    records: list[Body] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Deeds by instant, for ever. ``exempts_all``: nobody's orders depend on a mandate, so a late block refuses none."""

    seed: str
    exempts_all: bool = False
    _customers: list[_Customer] = field(init=False)

    def __post_init__(self) -> None:
        chance = Chance(self.seed, "customers")
        self._customers = [
            _Customer(provider, account, is_debited=chance.happens(500), pays_per_mille=chance.one_of((0, 15, 40, 200)))
            for provider in PROVIDERS
            for account in ACCOUNTS
        ]

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
            day += timedelta(days=1)

    def _opening(self) -> Iterator[Deed]:
        for provider in PROVIDERS:
            shop: list[What] = [
                Ask(method="PUT", path="/invoice/profile", body=PROFILE),
                Upload(path="/contracts/rate-decks/standard?valid_from=2026-01-01", content=DECK),
                *(Ask(method="POST", path="/contracts/tariffs", body=tariff) for tariff in TARIFFS),
            ]
            for number, what in enumerate(shop):
                yield Deed(key=f"{provider}-shop-{number}", provider=provider, account="", what=what)
        chance = Chance(self.seed, "opening")
        for customer in self._customers:
            yield from self._keyed(customer, "opening", self._signs_up(customer, chance))

    def _signs_up(self, customer: _Customer, chance: Chance) -> Iterator[What]:
        account = customer.account
        partner = {"name": f"{account} B.V.", "city": "Amsterdam", "email": f"{account}@{customer.provider}.example"}
        facts = {
            "language": chance.one_of(("nl", "en")),
            "subscription_term_days": chance.one_of((None, None, 14, 30)),
            "terms": {"version": "1", "accepted_on": "2025-12-01"} if chance.happens(850) else None,
        }
        yield Ask(method="POST", path="/contracts/accounts", body={"account_id": account, "contract_partner": partner, "facts": facts})
        if customer.is_debited:
            yield _mandate(account, 1)
        if self.exempts_all or not customer.is_debited:
            yield Ask(method="POST", path=f"/contracts/accounts/{account}/debit-exemption", body={"reason": "agreed"})
        yield from _order(customer, FIRST_DAY, chance)

    def _of_day(self, day: date, chance: Chance) -> Iterator[Deed]:
        for customer in self._customers:
            # One service hears of an account at one instant, or the outcome would depend on which of two was told first.
            deeds: list[What] = []
            if chance.happens(customer.pays_per_mille):
                deeds = [_payment(chance)]
            elif chance.happens(220):
                doing = chance.weighted([(5, self._changes_contract), (6, self._uses), (1, self._moves_money), (1, self._holds)])
                deeds = list(doing(customer, day, chance))
            yield from self._keyed(customer, str(day), deeds)

    def _keyed(self, customer: _Customer, occasion: str, deeds: Iterator[What] | Sequence[What]) -> Iterator[Deed]:
        for number, what in enumerate(deeds):
            key = f"{customer.account}-{occasion}-{number}"
            yield Deed(key=key, provider=customer.provider, account=customer.account, what=what)

    def _changes_contract(self, customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
        if not customer.modules or (len(customer.modules) < MODULES_MAX and chance.happens(300)):
            yield from _order(customer, day, chance)
            yield from _usage(customer, day, chance)
            return
        module, tariff = chance.one_of(customer.modules)
        path = f"/contracts/accounts/{customer.account}/modules/{module}"
        yield from chance.weighted(
            [
                (4, _scaling),
                (3, _cancellation),
                (2, _withdrawal),
                (2, _tariff_change),
                (2, _option),
                (3, _delivery),
                (2, _subject_moves),
                (1, _account_change),
            ]
        )(customer, path, tariff, day, chance)

    def _uses(self, customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
        yield from _usage(customer, day, chance)

    def _moves_money(self, customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
        codes = ("AM04", "MS03", "AM05", "MD06") if self.exempts_all else ("AM04", "MS03", "AC04", "MD01", "AM05", "MD06")
        yield SendBack(reason_code=chance.one_of(codes)) if chance.happens(500) else _payment(chance)

    def _holds(self, customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
        yield Hold(days=chance.number(1, 25), lifts=chance.happens(300))


def _payment(chance: Chance) -> PayOldest:
    share = chance.weighted([(8, 1000), (2, 400), (1, 995), (1, 1200)])
    return PayOldest(per_mille=share, days_ago=chance.weighted([(6, 0), (2, 2), (1, 9)]), is_told_twice=chance.happens(200))


def _mandate(account: str, number: int) -> Ask:
    body = {"mandate_id": f"m{number}", "reference": f"M-{account}-{number}", "signed_on": "2025-12-15", "iban": "NL91ABNA0417164300"}
    return Ask(method="POST", path=f"/contracts/accounts/{account}/mandates", body={**body, "holder": account})


def _order(customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
    tariff = str(chance.one_of(TARIFFS)["tariff_id"])
    module = f"{customer.account}-m{len(customer.modules) + 1}"
    customer.modules.append((module, tariff))
    body: Body = {"module_id": module, "tariff_id": tariff, "quantity": chance.number(1, 4)}
    if chance.happens(150):
        body["ordered_on"] = (day - timedelta(days=chance.number(1, 25))).isoformat()
    yield Ask(method="POST", path=f"/contracts/accounts/{customer.account}/modules", body=body)
    if chance.happens(800):
        yield _subject(customer, f"/contracts/accounts/{customer.account}/modules/{module}", day, chance)


def _subject(customer: _Customer, path: str, day: date, chance: Chance) -> Ask:
    subject = chance.one_of(SUBJECTS)
    customer.subjects.append(subject)
    from_at = at(day - timedelta(days=chance.one_of((0, 0, 3, 40))), "08:15").isoformat()
    return Ask(method="POST", path=f"{path}/subjects", body={"subject": subject, "from_at": from_at})


def _usage(customer: _Customer, day: date, chance: Chance) -> Iterator[What]:
    events: list[Body] = []
    for _ in range(chance.number(1, 8)):
        if customer.records and chance.happens(150):
            events.append(chance.one_of(customer.records))
            continue
        number = len(customer.records) + 1
        subject = chance.one_of(customer.subjects) if customer.subjects and chance.happens(900) else chance.one_of(SUBJECTS)
        started_on = day - timedelta(days=chance.weighted([(6, 0), (3, 2), (2, chance.number(5, 40))]))
        data: Body = {"subject": subject, "key": chance.weighted([(4, "call"), (1, "gb")])}
        data["started_at"] = at(started_on, f"{chance.number(0, 11):02d}:{chance.number(0, 59):02d}").isoformat()
        data |= {"duration_seconds": chance.number(0, 900), "destination": chance.one_of(DESTINATIONS)}
        event: Body = {
            "specversion": "1.0",
            "id": f"{customer.account}-{number}",
            "source": "pbx",
            "type": "termijn.usage.v1",
            "data": data,
        }
        customer.records.append(event)
        events.append(event)
    if customer.records and chance.happens(60):
        # Taken back: one that came, or one that will come.
        number = chance.number(1, len(customer.records) + 3)
        events.append({"specversion": "1.0", "id": f"{customer.account}-{number}", "source": "pbx", "type": "termijn.usage.voided"})
    if chance.happens(40):
        known = chance.one_of(customer.records)
        events.append({**known, "data": {**known["data"], "duration_seconds": 901}})
    yield SendUsage(events=tuple(events))


def _scaling(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    body = {"quantity": chance.number(0, 6), "at_once": chance.happens(400)}
    yield Ask(method="POST", path=f"{path}/scaling", body=body)


def _cancellation(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    ends_on = (day + timedelta(days=chance.number(-20, 60))).isoformat() if chance.happens(600) else None
    yield Ask(method="POST", path=f"{path}/cancellation", body={"ends_on": ends_on})


def _withdrawal(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    yield Ask(method="DELETE", path=f"{path}/cancellation")


def _tariff_change(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    other = {"calls": "calls-limited", "calls-limited": "calls", "workplace": "workplace-plus"}.get(tariff, "workplace")
    from_on = (day + timedelta(days=chance.number(-10, 30))).isoformat() if chance.happens(500) else None
    confirmed = {"new_term_confirmed": True, "confirmation": "a letter of the customer's"}
    yield Ask(method="POST", path=f"{path}/tariff", body={"tariff_id": other, "from_on": from_on, **confirmed})


def _option(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if chance.happens(700):
        yield Ask(method="POST", path=f"{path}/options", body={"article_id": "answering", "quantity": chance.number(1, 3)})
    else:
        yield Ask(method="DELETE", path=f"{path}/options/answering")


def _delivery(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    active_from = (day - timedelta(days=chance.number(0, 5))).isoformat()
    yield Ask(method="POST", path=f"{path}/activation", body={"active_from": active_from})


def _subject_moves(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if customer.subjects and chance.happens(400):
        subject = chance.one_of(customer.subjects)
        yield Ask(method="DELETE", path=f"{path}/subjects/{subject}")
    yield _subject(customer, path, day, chance)
    yield from _usage(customer, day, chance)


def _account_change(customer: _Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    body = {"facts": {"language": chance.one_of(("nl", "en")), "terms": {"version": "2", "accepted_on": day.isoformat()}}}
    yield Ask(method="PATCH", path=f"/contracts/accounts/{customer.account}", body=body)
    if customer.is_debited and chance.happens(400):
        yield _mandate(customer.account, chance.number(2, 4))
