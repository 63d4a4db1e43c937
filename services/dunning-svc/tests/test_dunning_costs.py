"""Collection costs and interest: the law's examples and the laws of arithmetic."""

import warnings
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.dunning import costs
from termijn.kernel.calendar import add_months

DUE = date(2026, 1, 31)
LATE = date(2026, 4, 1)
AMOUNTS = st.decimals(min_value=0, max_value=3_000_000, places=2)


def scale(claim: str) -> Decimal:
    """Costs of a claim that is paid late."""
    return costs.collection_costs(Decimal(claim), due=DUE, paid=LATE)


@pytest.mark.rule("DUN-10")
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("10.00", "40.00"),
        ("266.66", "40.00"),
        ("266.70", "40.01"),
        ("2500.00", "375.00"),
        ("5000.00", "625.00"),
        ("10000.00", "875.00"),
        ("200000.00", "2775.00"),
        ("1000000.00", "6775.00"),
        ("5000000.00", "6775.00"),
    ],
)
def test_legal_scale(claim: str, expected: str) -> None:
    """15, 10, 5, 1 and 0.5 per cent over the bands, at least 40 and at most 6,775."""
    assert scale(claim) == Decimal(expected)


@pytest.mark.rule("DUN-10")
@given(first=AMOUNTS, second=AMOUNTS)
def test_costs_grow_with_the_claim(first: Decimal, second: Decimal) -> None:
    """A larger claim never costs less; what is paid by the due day costs nothing."""
    low, high = sorted((first, second))
    assert scale(str(low)) <= scale(str(high))
    assert costs.collection_costs(high, due=DUE, paid=DUE) == 0
    assert costs.interest(high, due=DUE, paid=DUE, debtor="company") == 0


@pytest.mark.rule("DUN-10")
def test_interest_over_a_change_of_rate() -> None:
    """1,000 due on 31 May 2026, paid on 30 July: 30 days at 10.15 and 30 at 10.40, the day of payment included."""
    paid = date(2026, 7, 30)
    expected = Decimal(1000) * (Decimal("10.15") * 30 + Decimal("10.40") * 30) / 100 / 365
    assert costs.interest(Decimal(1000), due=date(2026, 5, 31), paid=paid, debtor="company") == round(expected, 2) == Decimal("16.89")


@pytest.mark.rule("DUN-10")
def test_interest_is_added_to_the_principal_after_a_full_year() -> None:
    """A consumer's 1,000 over 2025 (6 per cent) is 60.00; over 2026 (4 per cent) another 4 per cent of 1,060."""
    due = date(2024, 12, 31)
    assert costs.interest(Decimal(1000), due=due, paid=date(2025, 12, 31), debtor="consumer") == Decimal("60.00")
    assert costs.interest(Decimal(1000), due=due, paid=date(2026, 12, 31), debtor="consumer") == Decimal("102.40")


@pytest.mark.rule("DUN-10")
def test_one_day_late_is_one_day() -> None:
    """From the day after the due day to the day of payment, that day included."""
    assert costs.interest(Decimal(36_500), due=DUE, paid=DUE + timedelta(days=1), debtor="company") == Decimal("10.15")


@pytest.mark.rule("DUN-10")
@given(amount=AMOUNTS, part=AMOUNTS, days=st.integers(1, 700), paid=st.integers(0, 700))
def test_interest_of_parts(amount: Decimal, part: Decimal, days: int, paid: int) -> None:
    """Parts that stay open as long as the whole add up to the whole's; a part that is taken back at once changes nothing."""
    on, early = DUE + timedelta(days=days), DUE + timedelta(days=min(paid, days))
    whole = costs.interest(amount + part, due=DUE, paid=on, debtor="company")
    assert costs.interest_on_parts([(amount, on), (part, on)], due=DUE, debtor="company") == whole
    back = costs.interest_on_parts([(part, early), (-part, early), (amount + part, on)], due=DUE, debtor="company")
    assert back == whole
    assert costs.interest_on_parts([(part, early), (amount, on)], due=DUE, debtor="company") <= whole


@pytest.mark.rule("DUN-10")
@pytest.mark.parametrize("debtor", ["company", "consumer"])
def test_rates_are_in_order(debtor: costs.DebtorKind) -> None:
    """Dated data, oldest first, each a percentage that a law could have."""
    rates = costs.rates_of(debtor)
    assert [since for since, _ in rates] == sorted(since for since, _ in rates)
    assert all(0 < rate < 25 for _, rate in rates)


@pytest.mark.rule("DUN-10")
def test_the_commercial_rate_is_of_every_half_year() -> None:
    """None is left out. The machine's date decides nothing, so a row that is missing at the end is a warning: look the rate up, add it."""
    days = [since for since, _ in costs.COMMERCIAL_RATES]
    assert days == [add_months(days[0], 6 * nth) for nth in range(len(days))]
    if date.today() > add_months(days[-1], 7):
        warnings.warn(f"the commercial rate of {add_months(days[-1], 6)} is missing in COMMERCIAL_RATES", stacklevel=1)
