"""From which day another quantity counts (CON-3)."""

from collections.abc import Callable
from datetime import date, timedelta

from termijn.contracts.end_date import choose_end
from termijn.contracts.errors import ManagerOnly
from termijn.kernel.calendar import add_months, first_of_month
from termijn.kernel.errors import InvalidInput
from termijn.kernel.tariff import Tariff

_DAY = timedelta(days=1)


def scaling_starts_on(
    tariff: Tariff,
    quantity: int,
    *,
    quantity_on: Callable[[date], int],
    counts_from: date,
    starts_on: date,
    today: date,
    at_once: bool,
    asked: date | None,
    is_manager: bool,
) -> date:
    """The first day with the new quantity (CON-3); ``quantity_on`` tells the present one, with what is pending.

    - Without a minimum term: the first of the next month, up or down.
    - An increase: the same; today where a manager lets it start at once, or where the contract runs by terms, which may
      grow at any time (CAT-24).
    - A decrease under a rule with a minimum term is a cancellation of that part: the day after the end by the notice rule.
    - A manager may name any day (CON-4).
    """
    if (at_once or asked is not None) and not is_manager:
        raise ManagerOnly(field="at_once" if at_once else "from_on", reason="choose the day on which another quantity starts")
    if asked is not None:
        return max(asked, starts_on)
    grows_on = today if at_once or tariff.notice.alignment == "term" else add_months(first_of_month(today), 1)
    grows_on = max(grows_on, starts_on)
    if quantity >= quantity_on(grows_on):
        return grows_on
    if at_once:
        raise InvalidInput(field="at_once", reason="only an increase can start at once")
    if not tariff.notice.minimum_term_months:
        return max(add_months(first_of_month(today), 1), starts_on)
    end = choose_end(tariff.notice, counts_from=counts_from, given=today, asked=None, is_manager=False, is_telecom=tariff.is_telecom)
    return end.ends_on + _DAY
