"""INV-6 and PAY-2: when an invoice is due; INV-8: its VAT."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.events.contracts import AccountFacts
from termijn.events.rating import ChargeLine
from termijn.invoice.policy import Policy
from termijn.invoice.terms import Terms, terms_for
from termijn.invoice.vat import totals
from termijn.kernel.calendar import is_bank_day


def terms(stream: str, issued_on: date, *, mandate: bool = False, facts: AccountFacts | None = None) -> Terms:
    facts = facts or AccountFacts()
    return terms_for(stream=stream, issued_on=issued_on, facts=facts, has_usable_mandate=mandate, policy=Policy())


@pytest.mark.rule("INV-6", "PAY-2")
def test_a_debit_falls_due_on_its_collection_day_a_bank_day() -> None:
    """1 April 2026 + 8 is Thursday the 9th; 25 March + 8 is 2 April; 27 March + 8 is Saturday before Easter, so Tuesday 7 April."""
    assert terms("subscription", date(2026, 4, 1), mandate=True) == Terms(date(2026, 4, 9), "direct_debit")
    assert terms("subscription", date(2026, 3, 25), mandate=True) == Terms(date(2026, 4, 2), "direct_debit")
    assert terms("subscription", date(2026, 3, 27), mandate=True) == Terms(date(2026, 4, 7), "direct_debit")


@pytest.mark.rule("PAY-2")
def test_a_debit_that_is_due_at_once_is_collected_on_the_next_bank_day_and_says_so() -> None:
    """A term of no days: issued on Thursday 2 April, collected after Good Friday and Easter; a transfer is due the same day."""
    at_once = AccountFacts(subscription_term_days=0)
    assert terms("subscription", date(2026, 4, 2), mandate=True, facts=at_once).due_on == date(2026, 4, 7)
    assert terms("subscription", date(2026, 4, 2), facts=at_once).due_on == date(2026, 4, 2)


@pytest.mark.rule("INV-6")
def test_without_a_mandate_a_subscription_is_transferred_in_eight_days_and_all_else_in_thirty() -> None:
    """A transfer is not moved to a bank day."""
    assert terms("subscription", date(2026, 3, 27)) == Terms(date(2026, 4, 4), "transfer")
    assert terms("support", date(2026, 4, 1), mandate=True) == Terms(date(2026, 5, 1), "transfer")


@pytest.mark.rule("INV-6")
def test_the_accounts_own_terms_win_per_stream_and_over_sixty_needs_its_agreement() -> None:
    """90 days without an agreement on file are 60."""
    own = AccountFacts(subscription_term_days=14, other_term_days=90)
    assert terms("subscription", date(2026, 4, 1), facts=own).due_on == date(2026, 4, 15)
    assert terms("support", date(2026, 4, 1), facts=own).due_on == date(2026, 5, 31)
    support = AccountFacts(other_term_days=20, support_term_days=45)
    assert terms("support", date(2026, 4, 1), facts=support).due_on == date(2026, 5, 16)
    assert terms("project", date(2026, 4, 1), facts=support).due_on == date(2026, 4, 21)
    agreed = AccountFacts(other_term_days=90, term_over_60_agreed_on=date(2026, 1, 1))
    assert terms("support", date(2026, 4, 1), facts=agreed).due_on == date(2026, 6, 30)


@pytest.mark.rule("PAY-2")
@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_every_collection_day_is_a_bank_day(issued_on: date) -> None:
    """Whatever the day of issue."""
    assert is_bank_day(terms("subscription", issued_on, mandate=True).due_on)


@pytest.mark.rule("INV-8")
def test_vat_is_rounded_once_per_rate_on_the_sum(line: Callable[..., ChargeLine]) -> None:
    """Three lines of 0.03 at 21 %: 0.0189 is 0.02, where line by line it would be 3 times 0.01."""
    figures = totals([line(f"l-{i}", "0.03") for i in range(3)] + [line("l-9", "10.00", vat_rate=Decimal(9))])
    assert [(part.rate, part.base, part.vat) for part in figures.vat] == [
        (Decimal(21), Decimal("0.09"), Decimal("0.02")),
        (Decimal(9), Decimal("10.00"), Decimal("0.90")),
    ]
    assert (figures.net, figures.gross) == (Decimal("10.09"), Decimal("11.01"))


@pytest.mark.rule("INV-8")
@given(st.lists(st.tuples(st.integers(-99999, 99999), st.sampled_from(["0", "9", "21"])), max_size=20))
def test_gross_is_net_and_vat_and_a_credit_is_the_mirror_of_its_invoice(lines: list[tuple[int, str]]) -> None:
    """Half away from zero on both sides."""

    def at(sign: int) -> list[ChargeLine]:
        return [
            ChargeLine(
                line_id=str(i),
                article="a",
                title="A",
                origin="once",
                period_from=date(2026, 3, 1),
                period_until=date(2026, 3, 31),
                quantity=Decimal(1),
                unit="piece",
                unit_price=Decimal(1),
                net=sign * Decimal(cents).scaleb(-2),
                vat_rate=Decimal(rate),
            )
            for i, (cents, rate) in enumerate(lines)
        ]

    billed, credited = totals(at(1)), totals(at(-1))
    assert billed.gross == billed.net + sum(part.vat for part in billed.vat)
    assert credited.gross == -billed.gross
