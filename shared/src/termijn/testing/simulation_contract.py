"""What customers do about modules, mandates and their account in a simulation: orders, changes, notices, numbers, usage."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from termijn.kernel.calendar import at
from termijn.testing.simulation_catalogue import TARIFFS
from termijn.testing.simulation_chance import Chance
from termijn.testing.simulation_deed import Ask, Body, Customer, SendUsage, What

MODULES_MAX = 5
SUBJECTS = tuple(str(number) for number in range(100, 108))
DESTINATIONS = ("+31612345678", "+31201234567", "+4930123456", "+9999")
IBANS = ("NL91ABNA0417164300", "NL39RABO0300065264", "DE89370400440532013000", "BE68539007547034")


def mandate(customer: Customer, chance: Chance) -> Ask:
    """A signed mandate more."""
    customer.mandates += 1
    number, account = customer.mandates, customer.account
    body = {"mandate_id": f"m{number}", "reference": f"M-{account}-{number}", "signed_on": "2025-12-15", "iban": chance.one_of(IBANS)}
    return Ask(method="POST", path=f"{customer.path}/mandates", body={**body, "holder": account})


def changes_mandate(customer: Customer, day: date, chance: Chance, *, may_revoke: bool) -> Iterator[What]:
    """Another bank account or reference under the same signature; a new mandate; one that is taken back."""
    name = f"m{chance.number(1, max(1, customer.mandates))}"
    how = chance.weighted([(5, "amend"), (2, "give"), (1, "revoke")])
    if how == "amend":
        reference = f"M-{customer.account}-{day}" if chance.happens(300) else None
        body = {"iban": chance.one_of(IBANS), "reference": reference}
        yield Ask(method="POST", path=f"{customer.path}/mandates/{name}/amendment", body=body)
    elif how == "give" or not may_revoke:
        yield mandate(customer, chance)
    else:
        yield Ask(method="DELETE", path=f"{customer.path}/mandates/{name}")


def order(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    """A module, mostly with a number."""
    tariff = str(chance.one_of(TARIFFS)["tariff_id"])
    module = f"{customer.account}-m{len(customer.modules) + 1}"
    customer.modules.append((module, tariff))
    body: Body = {"module_id": module, "tariff_id": tariff, "quantity": chance.number(1, 4)}
    if chance.happens(150):
        body["ordered_on"] = (day - timedelta(days=chance.number(1, 25))).isoformat()
    elif chance.happens(200):
        body["starts_on"] = (day + timedelta(days=chance.number(1, 20))).isoformat()
    if chance.happens(150):
        body["options"] = ["answering"]
    is_own = "ordered_on" not in body and "options" not in body and chance.happens(300) and customer.orders_itself
    yield Ask(method="POST", path=f"{customer.path}/modules", body=body, is_own=is_own)
    if chance.happens(800):
        yield _subject(customer, f"{customer.path}/modules/{module}", day, chance)


def _subject(customer: Customer, path: str, day: date, chance: Chance) -> Ask:
    subject = chance.one_of(SUBJECTS)
    customer.subjects.append(subject)
    from_at = at(day - timedelta(days=chance.one_of((0, 0, 3, 40))), "08:15").isoformat()
    return Ask(method="POST", path=f"{path}/subjects", body={"subject": subject, "from_at": from_at})


def usage(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    """Records of a day, some late, some seen before, some of numbers that nobody knows; now and then one is taken back or differs."""
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


Changing = Callable[[Customer, str, str, date, Chance], Iterator[What]]
"""Customer, path of the module, tariff that it was ordered under, day, chance."""


def changes_contract(customer: Customer, day: date, chance: Chance) -> Iterator[What]:
    """Another module, or something about one that was ordered."""
    if not customer.modules or (len(customer.modules) < MODULES_MAX and chance.happens(300)):
        yield from order(customer, day, chance)
        yield from usage(customer, day, chance)
        return
    module, tariff = chance.one_of(customer.modules)
    path = f"{customer.path}/modules/{module}"
    ways: list[tuple[int, Changing]] = [
        (4, _scaling),
        (3, _cancellation),
        (2, _withdrawal),
        (3, _tariff_change),
        (3, _option),
        (3, _delivery),
        (2, _subject_moves),
        (1, _ported_out),
        (1, _price_change_withdrawn),
        (1, _account_change),
    ]
    yield from chance.weighted(ways)(customer, path, tariff, day, chance)


def _is_own(chance: Chance) -> bool:
    """Whether the customer does it: the notice rule binds a customer, a manager may pick any day (CON-4)."""
    return chance.happens(400)


def _days_on(day: date, chance: Chance, *, least: int, most: int) -> str:
    return (day + timedelta(days=chance.number(least, most))).isoformat()


def _scaling(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if _is_own(chance):
        yield Ask(method="POST", path=f"{path}/scaling", body={"quantity": chance.number(0, 6)}, is_own=True)
        return
    body: Body = {"quantity": chance.number(0, 6), "at_once": chance.happens(400)}
    if not body["at_once"] and chance.happens(300):
        body["from_on"] = _days_on(day, chance, least=-15, most=40)
    yield Ask(method="POST", path=f"{path}/scaling", body=body)


def _cancellation(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if _is_own(chance):
        ends_on = _days_on(day, chance, least=25, most=75) if chance.happens(400) else None
        yield Ask(method="POST", path=f"{path}/cancellation", body={"ends_on": ends_on}, is_own=True)
        return
    ends_on = _days_on(day, chance, least=-20, most=60) if chance.happens(600) else None
    yield Ask(method="POST", path=f"{path}/cancellation", body={"ends_on": ends_on})


def _withdrawal(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    yield Ask(method="DELETE", path=f"{path}/cancellation", is_own=_is_own(chance))


def _tariff_change(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    other = {"calls": "calls-limited", "calls-limited": "calls", "workplace": "workplace-plus"}.get(tariff, "workplace")
    if _is_own(chance):
        from_on = _days_on(day, chance, least=20, most=70) if chance.happens(400) else None
        body = {"tariff_id": other, "from_on": from_on, "new_term_confirmed": chance.happens(300)}
        yield Ask(method="POST", path=f"{path}/tariff", body=body, is_own=True)
        return
    from_on = _days_on(day, chance, least=-10, most=30) if chance.happens(500) else None
    confirmed = {"new_term_confirmed": True, "confirmation": "a letter of the customer's"} if chance.happens(700) else {}
    # The same tariff again: its newest version (CAT-5).
    same_or_other = tariff if chance.happens(250) else other
    yield Ask(method="POST", path=f"{path}/tariff", body={"tariff_id": same_or_other, "from_on": from_on, **confirmed})


def _option(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if chance.happens(700):
        body = {"article_id": "answering", "quantity": chance.number(1, 3)}
        if chance.happens(300):
            body["from_on"] = _days_on(day, chance, least=-12, most=20)
        yield Ask(method="POST", path=f"{path}/options", body=body)
        return
    ends_on = f"?ends_on={_days_on(day, chance, least=-8, most=25)}" if chance.happens(400) else ""
    yield Ask(method="DELETE", path=f"{path}/options/answering{ends_on}")


def _delivery(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    yield Ask(method="POST", path=f"{path}/activation", body={"active_from": _days_on(day, chance, least=-5, most=0)})


def _subject_moves(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    if customer.subjects and chance.happens(400):
        subject = chance.one_of(customer.subjects)
        yield Ask(method="DELETE", path=f"{path}/subjects/{subject}")
    yield _subject(customer, path, day, chance)
    yield from usage(customer, day, chance)


def _ported_out(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    """A number went to another provider: written notice on that day (CON-6)."""
    subject = chance.one_of(customer.subjects or SUBJECTS)
    body: Body = {"ends_module": chance.one_of((None, True, False))}
    if chance.happens(400):
        body["ported_at"] = at(day - timedelta(days=chance.number(0, 6)), "09:30").isoformat()
    yield Ask(method="POST", path=f"{path}/subjects/{subject}/port-out", body=body)
    yield from usage(customer, day, chance)


def _price_change_withdrawn(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    change = chance.one_of(("move-1", "move-2", "index-1", "index-2"))
    yield Ask(method="POST", path=f"{path}/price-changes/{change}/withdrawal", body={"reason": "a mistake"})


def _account_change(customer: Customer, path: str, tariff: str, day: date, chance: Chance) -> Iterator[What]:
    body: Body = {"facts": {"language": chance.one_of(("nl", "en")), "terms": {"version": "2", "accepted_on": day.isoformat()}}}
    if chance.happens(300):
        body["facts"]["splits_by_revenue_group"] = chance.happens(600)
    if chance.happens(300):
        body["invoice_address"] = {"name": f"Administratie {customer.account}", "city": "Delft"}
    yield Ask(method="PATCH", path=customer.path, body=body)
