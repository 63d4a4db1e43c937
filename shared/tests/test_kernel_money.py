"""Money rounds in one place, and what is divided adds up again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.money import cents, from_micro, prorate, split, vat_of

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
prices = st.decimals(min_value=0, max_value=10**6, places=4)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=4), min_size=1, max_size=20)


def euros(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.rule("USE-11")
@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1.0049999", "1.00"), ("-0.004", "0.00"), ("7", "7.00")],
)
def test_half_a_cent_goes_away_from_zero(exact: str, rounded: str) -> None:
    assert str(cents(Decimal(exact))) == rounded


@pytest.mark.rule("USE-11")
def test_large_sums_keep_their_cents() -> None:
    assert cents(Decimal("1234567890123456789012345678901.005")) == Decimal("1234567890123456789012345678901.01")


@pytest.mark.rule("USE-11")
def test_micro_euros_become_euros_exactly() -> None:
    assert from_micro(-1_234_567) == Decimal("-1.234567")


@pytest.mark.rule("INV-8")
@pytest.mark.parametrize(
    ("base", "rate", "vat"), [("15.00", "21", "3.15"), ("0.50", "21", "0.11"), ("-0.50", "21", "-0.11"), ("10", "0", "0.00")]
)
def test_vat_is_rounded_once_on_the_sum(base: str, rate: str, vat: str) -> None:
    assert str(vat_of(Decimal(base), Decimal(rate))) == vat


@pytest.mark.rule("INV-2")
@pytest.mark.parametrize(
    ("price", "part", "whole", "share"),
    [("31.00", 1, 31, "1.00"), ("30.00", 17, 30, "17.00"), ("10.00", 1, 3, "3.33"), ("0.01", 1, 2, "0.01"), ("9.90", 0, 31, "0.00")],
)
def test_a_part_of_a_period_costs_its_days(price: str, part: int, whole: int, share: str) -> None:
    assert str(prorate(Decimal(price), part, whole)) == share


@pytest.mark.rule("INV-2")
@pytest.mark.parametrize(("part", "whole"), [(-1, 30), (31, 30), (0, 0)])
def test_what_is_no_part_has_no_part_price(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no part of a period"):
        prorate(Decimal(1), part, whole)


@pytest.mark.rule("INV-2")
@given(price=prices, whole=st.integers(1, 366), data=st.data())
def test_two_parts_of_a_period_make_the_whole_within_a_cent(price: Decimal, whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    together = prorate(price, part, whole) + prorate(price, whole - part, whole)
    assert abs(together - cents(price)) <= Decimal("0.01")
    assert prorate(price, whole, whole) == cents(price)


@pytest.mark.rule("USE-7")
def test_the_odd_cent_goes_on_the_largest() -> None:
    assert split(Decimal("10.00"), euros("1", "1", "1")) == euros("3.34", "3.33", "3.33")
    assert split(Decimal("-10.00"), euros("5", "12.50", "5")) == euros("-2.22", "-5.56", "-2.22")
    assert split(Decimal("1.00"), euros("1", "1", "4")) == euros("0.17", "0.17", "0.66")


@pytest.mark.rule("USE-7")
def test_no_part_gets_the_other_sign() -> None:
    assert split(Decimal("0.03"), euros("1", "1", "1", "1", "1")) == euros("0.00", "0.00", "0.01", "0.01", "0.01")


@pytest.mark.rule("USE-7")
@pytest.mark.parametrize(
    ("total", "over"),
    [("0.005", ["1"]), ("1.00", ["1", "-1"]), ("1.00", ["0", "0"]), ("1.00", [])],
    ids=["half cent", "negative", "no weight", "none"],
)
def test_what_cannot_be_spread_is_refused(total: str, over: list[str]) -> None:
    with pytest.raises(ValueError):
        split(Decimal(total), euros(*over))


@pytest.mark.rule("USE-7")
@given(total=amounts, over=weights)
def test_money_is_conserved_by_a_split(total: Decimal, over: list[Decimal]) -> None:
    if not sum(over):
        assert split(Decimal(0), over) == [Decimal(0)] * len(over)
        return
    parts = split(total, over)
    assert sum(parts) == total
    assert all(part * total >= 0 and part == cents(part) for part in parts)
    assert all(part == 0 for part, weight in zip(parts, over, strict=True) if weight == 0)
    odd = Decimal("0.01") * len(over)
    assert all(abs(part - total * weight / sum(over)) <= odd for part, weight in zip(parts, over, strict=True))
