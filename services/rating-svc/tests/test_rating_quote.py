"""CON-13, INV-8: a month priced without an account, with the tariff of the example in the rules."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from termijn.kernel.ids import DeckId
from termijn.kernel.period import Month
from termijn.rating.deck import Destination, RateDeck
from termijn.rating.quote import quote
from termijn.rating.usage import Use
from termijn.rating.use import DeckVersion

MARCH = Month(2026, 3)
DECK = RateDeck([Destination(prefix="31", name="NL", micro_per_minute=60_000, micro_fee=0, first_seconds=1, next_seconds=1)])


def use(start: datetime, number: str, key: str, seconds: int = 0, destination: str = "") -> Use:
    return Use("s", number, "101", key, start, seconds, 1_000_000, destination)


def test_use_fees_minimum_and_vat_of_a_month(make: Any) -> None:
    """Three searches at 1.00, a call of 100 seconds, a base fee, a minimum of 10.00; one call has no rate, one key no article."""
    tariff = make.tariff(
        make.article("search", "1.00", key="search", counts_to_minimum=True),
        make.article("calls", "0.10", key="call", unit="minute", vat_rate="9"),
        make.article("base", "9.90"),
        make.article("line", "90.00", every=3),
        minimum_turnover="10.00",
        deck="deck",
    )
    noon = make.noon(date(2026, 3, 2))
    uses = [use(noon, f"s{n}", "search") for n in range(3)] + [
        use(noon, "c1", "call", 100, "+31201234567"),
        use(noon, "c1", "call", 100, "+31201234567"),
        use(noon, "c2", "call", 100, "+4930123456"),
        use(noon, "f1", "fax"),
        use(make.noon(date(2026, 4, 1)), "later", "search"),
    ]
    answer = quote(tariff, uses, {DeckId("deck"): [DeckVersion(version=1, valid_from=date.min, deck=DECK)]}, MARCH)
    lines = {line.article: (str(line.quantity), str(line.net)) for line in answer.lines}
    assert lines == {"search": ("3", "3.00"), "calls": ("1.666667", "0.10"), "base": ("1", "9.90"), "minimum": ("1", "7.00")}
    assert (answer.net, answer.vat, answer.gross) == (Decimal("20.00"), Decimal("4.19"), Decimal("24.19"))
    assert answer.suspense == (("c2", "no rate"), ("f1", "no article"))
