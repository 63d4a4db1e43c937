"""What customers asked for and what was answered, a sentence each, with the dates and how they came about (CON-13)."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import assert_never

from termijn.demo.change import (
    AgreeProject,
    Assign,
    Cancel,
    Change,
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
from termijn.demo.journal import Facts
from termijn.demo.outcome import Indexation, Lease, Outcome
from termijn.demo.population import Customer
from termijn.kernel.words import long_day

A_MONTH = 31
OBSTACLES = {
    "carried_over": "an amount is carried over to a later invoice",
    "unbilled": "something is not billed yet",
    "open": "an invoice is open",
    "in_bank_file": "a debit is with the bank",
    "module_runs": "a module runs",
    "undelivered": "a document is on its way",
}
"""What stands in the way of forgetting an account, in words."""


def day(text: str | date) -> str:
    """A day as it is read, of an answer or of the story."""
    return long_day(date.fromisoformat(text) if isinstance(text, str) else text, "en")


def changes(customers: Sequence[Customer], outcome: Outcome) -> Iterator[tuple[date, str]]:
    """A sentence for each change that was answered, on its day; then what came of some of them later."""
    for customer in customers:
        for change in customer.changes:
            answer = outcome.answers.get(key_of(customer.account_id, change))
            if answer is not None:
                yield change.on, told(customer, change, answer, is_forgotten=customer.account_id in outcome.forgotten)
    names = {customer.account_id: customer.name for customer in customers}
    for lease in outcome.leases:
        yield from _lease(lease, names[lease.account])
    if outcome.indexation is not None:
        yield from _indexation(outcome.indexation)


def told(customer: Customer, change: Change, answer: Facts, *, is_forgotten: bool = False) -> str:
    """The sentence."""
    name = customer.name
    match change:
        case Scale() | Cancel() | Withdraw() | Retariff():
            return _of_module(customer, change, answer)
        case Assign(extension=extension):
            return f"Extension {extension} turns out to be {name}'s; its calls leave the suspense."
        case AgreeProject(title=title, price=price, milestones=milestones):
            steps = ", ".join(f"{step} € {Decimal(net):,.2f}" for step, net in milestones)
            return f"{name} agrees to the project {title}, € {Decimal(price):,.2f} in {len(milestones)} milestones: {steps}."
        case ReachMilestone(nth=nth, is_last=is_last):
            end = "; the project is delivered, and its settings are under warranty for two weeks" if is_last else ""
            return f"{name}'s project reaches milestone {nth}, which bills at once{end}."
        case OrderGoods(article=article, quantity=quantity, unit_price=price, agreed_on=agreed_on):
            return f"{name} orders {quantity} x {article} at € {Decimal(price):,.2f}, to be delivered on {day(agreed_on)}."
        case DeliverGoods(quantity=quantity):
            return f"{quantity} delivered to {name} and put into use: invoiced today, under warranty from today."
        case StartLease(tariff_id=tariff_id, quantity=quantity, months=months):
            return f"{name} leases {quantity} of {tariff_id} for {months} months: the last day is {day(answer['ends_on'])}."
        case Leave():
            return _leaving(name, answer, is_forgotten=is_forgotten)
        case _:
            assert_never(change)


def _of_module(customer: Customer, change: Scale | Cancel | Withdraw | Retariff, answer: Facts) -> str:
    name, tariff = customer.name, next(order.tariff_id for order in customer.orders if order.module_id == change.module_id)
    why = f" ({answer['explanation']})" if answer.get("explanation") else ""
    match change:
        case Scale(quantity=quantity, on=on):
            from_on = next((each["from_on"] for each in answer["pending"] if each.get("quantity") == quantity), None)
            if from_on is None:
                return f"{name} scales {tariff} to {quantity}, from today{why}."
            later = (date.fromisoformat(from_on) - on).days > A_MONTH
            how = "[red]not now[/red], but from" if later else "from"
            return f"{name} scales {tariff} to {quantity}, {how} {day(from_on)}{why}."
        case Cancel():
            return f"{name} gives notice for {tariff}: it ends on {day(answer['ends_on'])}{why}."
        case Withdraw():
            return f"{name} takes the notice for {tariff} back, in time: it goes on."
        case Retariff(tariff_id=other) if "refused" in answer:
            return f"{name} wants {other} instead of {tariff}: [red]refused[/red]. {answer['refused'].removeprefix('from_on: ')}"
        case Retariff(tariff_id=other):
            from_on = next(each["from_on"] for each in answer["pending"] if each.get("tariff_id") == other)
            return f"{name} changes {tariff} to {other} at the earliest day there is, {day(from_on)}."


def _leaving(name: str, answer: Facts, *, is_forgotten: bool) -> str:
    if "refused" not in answer and is_forgotten:
        return f"[bold]{name} is deleted[/bold]: nothing is owed, open or with the bank any more, so its personal data are erased."
    if "refused" not in answer:
        return f"{name} asks to be deleted; all services are asked whether it may be."
    kinds = dict.fromkeys(reason["detail"].split(" ")[0] for reason in answer["reasons"])
    why = ", ".join(OBSTACLES.get(kind, kind) for kind in kinds)
    return f"{name} asks to be deleted: [red]refused[/red], for {why}."


def _indexation(found: Indexation) -> Iterator[tuple[date, str]]:
    """Announced a month ahead at least, and in force on its day (CAT-10)."""
    tariffs = " and ".join(found.tariffs)
    yield (
        found.announced_on,
        f"Prices of {tariffs} go up by {found.percentage.normalize():f} % on {day(found.effective_on)}, as was agreed: "
        f"{found.announced} modules, each account told in writing.",
    )
    if found.in_force:
        yield found.effective_on, f"The new prices of {tariffs} are in force for {found.in_force} modules."


def _lease(lease: Lease, name: str) -> Iterator[tuple[date, str]]:
    """A task in time, and the end (CON-11); nothing of one that outlasts the story."""
    if lease.ended_on is not None:
        yield lease.warn_on, f"A task for the manager: the lease of {lease.title} by {name} ends on {day(lease.ends_on)}."
        yield lease.ended_on, f"The lease of {lease.title} by {name} is over."
