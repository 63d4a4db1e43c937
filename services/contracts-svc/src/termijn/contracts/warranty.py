"""Until when something is under warranty, and why (CON-12, CON-13). Pure: the same inputs give the same days and steps."""

from datetime import date, timedelta

import msgspec

from termijn.kernel.calendar import add_months
from termijn.kernel.words import long_day


class Warranty(msgspec.Struct, frozen=True, kw_only=True):
    """A cover from ``from_on`` to ``until_on``, both included, with the rule that gave it, its inputs and its steps (CON-13)."""

    rule: str
    from_on: date
    until_on: date
    inputs: dict[str, object]
    steps: tuple[str, ...]

    def covers(self, day: date) -> bool:
        """Whether work on that day is under warranty: the first day and the same-numbered last one are (CON-12)."""
        return self.from_on <= day <= self.until_on


def hardware(*, placed_on: date, own_months: int, supplier_months: int | None, extension_months: tuple[int, ...] = ()) -> Warranty:
    """Hardware is covered a year from its placement, or the supplier's longer time, and what was bought on top (CON-12).

    All months are counted from the placement, never chained; the same-numbered day is the last one covered.
    """
    supplier = supplier_months or 0
    base = max(own_months, supplier)
    months = base + sum(extension_months)
    until_on = add_months(placed_on, months)
    by = "the supplier's longer time" if supplier > own_months else "the provider's own time"
    steps = [f"placed on {long_day(placed_on, 'en')}", f"{base} months: {by}"]
    steps += [f"{extra} months were bought on top" for extra in extension_months]
    steps.append(f"the same-numbered day {months} months later is included: {long_day(until_on, 'en')}")
    inputs = {"placed_on": placed_on, "own_months": own_months, "supplier_months": supplier_months, "extensions": extension_months}
    return Warranty(rule="hardware", from_on=placed_on, until_on=until_on, inputs=inputs, steps=tuple(steps))


def settings(*, completed_on: date, days: int) -> Warranty:
    """Settings are covered two weeks from the completion of their project, the same day of the week included (CON-12)."""
    until_on = completed_on + timedelta(days=days)
    steps = (f"completed on {long_day(completed_on, 'en')}", f"{days} days later, that day included: {long_day(until_on, 'en')}")
    inputs = {"completed_on": completed_on, "days": days}
    return Warranty(rule="settings", from_on=completed_on, until_on=until_on, inputs=inputs, steps=steps)
