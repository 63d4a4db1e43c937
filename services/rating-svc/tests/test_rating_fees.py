"""INV-2, CAT-3: recurring fees by article period, part prices by day, one-off and connect fees; each as a closing bills it."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from termijn.events.contracts import (
    CancellationWithdrawn,
    ModuleActivated,
    ModuleCancelled,
    ModuleScaled,
    ModuleTerminated,
    OptionAdded,
    OptionRemoved,
    TariffChanged,
)
from termijn.events.rating import PeriodRated
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.rating.policy import Policy
from termijn.rating.rated_account import RATED_ACCOUNT, RatedAccount
from termijn.testing.spec import sequence_of, spec

M = ModuleId("m-1")


class Account:
    """An account under test: events happen, months close, and it is told what each closing billed."""

    def __init__(self, make: Any, *events: Any, policy: Policy | None = None) -> None:
        self.make, self.policy, self.closing = make, policy, 0
        self.state: RatedAccount = RATED_ACCOUNT.initial
        self.rated: list[Any] = []
        self.learn(*events)

    def learn(self, *events: Any) -> None:
        for event in events:
            self.state = RATED_ACCOUNT.evolve(self.state, event)

    def close(self, period: str) -> list[tuple[str, str, str]]:
        """(article, first day, net) of each line."""
        self.closing += 1
        self.state = RATED_ACCOUNT.evolve(self.state, self._awaited(period))
        command = self.make.close(self.state, period, self.closing, billed=self.rated, policy=self.policy)
        events = RATED_ACCOUNT.decide(command, self.state)
        self.learn(*events)
        new = sequence_of(events, PeriodRated)
        self.rated += new
        return [(line.article, str(line.period_from), str(line.net)) for event in new for line in event.lines]

    def _awaited(self, period: str) -> Any:
        from termijn.rating.rated_account import ClosingAwaited  # noqa: PLC0415

        return ClosingAwaited(period=period)


@pytest.mark.rule("INV-2")
def test_a_monthly_fee_in_advance_is_billed_for_what_started_and_for_the_month_of_the_run(make: Any) -> None:
    """From 17 January: 15 of 31 days, and February whole; then a month at a time."""
    account = Account(make, make.ordered(make.tariff(make.article("base", "31.00")), date(2026, 1, 17), quantity=2))
    assert account.close("2026-01") == [("base", "2026-01-01", "30.00"), ("base", "2026-02-01", "62.00")]
    assert account.close("2026-02") == [("base", "2026-03-01", "62.00")]


@pytest.mark.rule("INV-2")
def test_a_fee_in_arrears_is_billed_when_its_period_has_ended(make: Any) -> None:
    """A quarterly fee in arrears: nothing in January and February, the quarter in March."""
    account = Account(make, make.ordered(make.tariff(make.article("line", "90.00", every=3, paid="arrears")), date(2026, 1, 1)))
    assert [account.close(month) for month in ("2026-01", "2026-02")] == [[], []]
    assert account.close("2026-03") == [("line", "2026-01-01", "90.00")]


@pytest.mark.rule("INV-2")
def test_quarters_follow_the_calendar_and_years_the_start_date(make: Any) -> None:
    """From 15 February: the rest of the first quarter by day, and a whole year from 15 February."""
    tariff = make.tariff(make.article("line", "90.00", every=3), make.article("domain", "12.00", every=12))
    account = Account(make, make.ordered(tariff, date(2026, 2, 15)))
    assert account.close("2026-02") == [("domain", "2026-02-15", "12.00"), ("line", "2026-01-01", "45.00")]
    assert account.close("2026-03") == [("line", "2026-04-01", "90.00")]
    assert [account.close(f"2026-{m:02d}") for m in (4, 5)] == [[], []]


@pytest.mark.rule("INV-2")
def test_a_year_is_billed_in_the_run_of_the_month_in_which_it_starts(make: Any) -> None:
    """The year from 15 February 2027 is billed on 1 February 2027, by the closing of January."""
    account = Account(make, make.ordered(make.tariff(make.article("domain", "12.00", every=12)), date(2026, 2, 15)))
    for month in [f"2026-{m:02d}" for m in range(2, 13)]:
        account.close(month)
    assert account.close("2027-01") == [("domain", "2027-02-15", "12.00")]


@pytest.mark.rule("INV-2")
def test_ending_inside_a_paid_period_credits_the_unused_days(make: Any) -> None:
    """The quarter was paid; the module ends on 31 January: 59 of 90 days come back, as a correction."""
    account = Account(make, make.ordered(make.tariff(make.article("line", "90.00", every=3)), date(2026, 1, 1)))
    account.close("2026-01")
    account.learn(ModuleCancelled(module_id=M, notice_on=date(2026, 2, 3), ends_on=date(2026, 1, 31), explanation=""))
    assert account.close("2026-02") == [("line", "2026-01-01", "-59.00")]
    assert account.rated[-1].lines[0].corrects == "2026-01"


@pytest.mark.rule("INV-2")
def test_domains_and_licences_do_not_credit_unused_days(make: Any) -> None:
    """By policy of the article the year stays paid."""
    tariff = make.tariff(make.article("domain", "12.00", every=12, credits_unused_days=False))
    account = Account(make, make.ordered(tariff, date(2026, 1, 1)))
    account.close("2026-01")
    account.learn(ModuleCancelled(module_id=M, notice_on=date(2026, 2, 3), ends_on=date(2026, 2, 28), explanation=""))
    assert account.close("2026-02") == []


@pytest.mark.rule("CAT-27")
def test_a_consumer_gets_back_what_was_paid_ahead_whatever_the_article_says(make: Any) -> None:
    """A year's licence paid on 1 January and left after 28 February: the rest comes back, and so it does of an option."""
    licence = make.article("licence", "365.00", every=12, credits_unused_days=False)
    option = make.article("machine", "365.00", every=12, credits_unused_days=False, is_option=True)
    account = Account(make, make.ordered(make.tariff(licence, option), date(2026, 1, 1)))
    account.learn(OptionAdded(module_id=M, article_id=ArticleId("machine"), quantity=1, from_on=date(2026, 1, 1)))
    assert account.close("2026-01") == [("licence", "2026-01-01", "365.00"), ("machine", "2026-01-01", "365.00")]
    account.learn(OptionRemoved(module_id=M, article_id=ArticleId("machine"), ends_on=date(2026, 1, 31), returns_paid_ahead=True))
    notice = ModuleCancelled(module_id=M, notice_on=date(2026, 2, 3), ends_on=date(2026, 2, 28), explanation="", returns_paid_ahead=True)
    account.learn(notice)
    assert account.close("2026-02") == [("licence", "2026-01-01", "-306.00"), ("machine", "2026-01-01", "-334.00")]


@pytest.mark.rule("CAT-26")
def test_who_leaves_as_the_law_allows_pays_no_disconnect_fee(make: Any) -> None:
    """One who leaves within the first term does, and so does one whose notice was overtaken by a termination."""
    tariff = make.tariff(make.article("base", "31.00"), disconnect_fee="15.00", is_telecom=True)
    free = ModuleCancelled(module_id=M, notice_on=date(2026, 1, 5), ends_on=date(2026, 1, 31), explanation="", waives_disconnect_fee=True)
    for events, fees in (
        ([free], []),
        ([msgspec.structs.replace(free, waives_disconnect_fee=False)], ["disconnect"]),
        ([free, ModuleTerminated(module_id=M, terminated_on=date(2026, 1, 20), reason="default")], ["disconnect"]),
    ):
        account = Account(make, make.ordered(tariff, date(2026, 1, 1)))
        account.learn(*events)
        assert [article for article, _, _ in account.close("2026-01") if article == "disconnect"] == fees


@pytest.mark.rule("INV-2")
def test_a_known_end_is_not_billed_past_and_a_withdrawal_bills_the_rest(make: Any) -> None:
    """Ends on 14 February: half of it in advance; withdrawn on time: the other half."""
    account = Account(make, make.ordered(make.tariff(make.article("base", "28.00")), date(2026, 1, 1)))
    account.learn(ModuleCancelled(module_id=M, notice_on=date(2026, 1, 10), ends_on=date(2026, 2, 14), explanation=""))
    assert account.close("2026-01") == [("base", "2026-01-01", "28.00"), ("base", "2026-02-01", "14.00")]
    account.learn(CancellationWithdrawn(module_id=M))
    assert account.close("2026-02") == [("base", "2026-02-01", "14.00"), ("base", "2026-03-01", "28.00")]


@pytest.mark.rule("INV-2", "USE-11")
def test_quantity_segments_are_rounded_once(make: Any) -> None:
    """1 workplace for 10 days and 2 for 20 days of April at 10.00: 16.67, not 3.33 + 13.33."""
    account = Account(make, make.ordered(make.tariff(make.article("seat", "10.00")), date(2026, 4, 1)))
    account.learn(ModuleScaled(module_id=M, quantity=2, from_on=date(2026, 4, 11)))
    assert account.close("2026-04") == [("seat", "2026-04-01", "16.67"), ("seat", "2026-05-01", "20.00")]


@pytest.mark.rule("INV-2")
def test_a_tariff_change_in_a_period_bills_each_tariff_its_days(make: Any) -> None:
    """From 16 April another tariff: what was paid for the old one is set right, the new one starts by day."""
    old, new = make.tariff(make.article("base", "30.00")), make.tariff(make.article("base", "60.00"), version=2)
    account = Account(make, make.ordered(old, date(2026, 3, 1)))
    account.close("2026-03")
    account.learn(TariffChanged(module_id=M, tariff=new, from_on=date(2026, 4, 16)))
    assert account.close("2026-04") == [("base", "2026-04-01", "15.00"), ("base", "2026-05-01", "60.00")]


@pytest.mark.rule("INV-2", "INV-8")
def test_another_vat_rate_credits_at_the_old_and_bills_at_the_new(make: Any) -> None:
    """One charge at two rates is two lines."""
    old = make.tariff(make.article("base", "30.00"))
    new = make.tariff(make.article("base", "30.00", vat_rate="9"), version=2)
    account = Account(make, make.ordered(old, date(2026, 3, 1)))
    account.close("2026-03")
    account.learn(TariffChanged(module_id=M, tariff=new, from_on=date(2026, 4, 1)))
    account.close("2026-04")
    april = [(str(line.net), str(line.vat_rate)) for line in account.rated[-1].lines if line.period_from == date(2026, 4, 1)]
    assert april == [("-30.00", "21"), ("30.00", "9")]


@pytest.mark.rule("INV-2")
def test_part_periods_cost_their_whole_price_where_policy_says_so(make: Any) -> None:
    """By policy, in full."""
    tariff = make.tariff(make.article("base", "31.00"))
    account = Account(make, make.ordered(tariff, date(2026, 1, 17)), policy=Policy(part_periods="in_full"))
    assert account.close("2026-01")[0] == ("base", "2026-01-01", "31.00")


@pytest.mark.rule("CAT-3")
def test_connect_disconnect_and_one_off_articles_are_billed_once(make: Any) -> None:
    """At the start and at the end; set-up for what was ordered, and nothing for what came by scaling (CON-3)."""
    tariff = make.tariff(make.article("setup", "50.00", every=0), connect_fee="25.00", disconnect_fee="15.00")
    account = Account(make, make.ordered(tariff, date(2026, 1, 10), quantity=2))
    assert account.close("2026-01") == [("connect", "2026-01-10", "25.00"), ("setup", "2026-01-10", "100.00")]
    account.learn(ModuleScaled(module_id=M, quantity=3, from_on=date(2026, 2, 10)))
    assert account.close("2026-02") == []
    account.learn(ModuleScaled(module_id=M, quantity=1, from_on=date(2026, 3, 10)))
    account.learn(ModuleCancelled(module_id=M, notice_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), explanation=""))
    assert account.close("2026-03") == [("disconnect", "2026-03-31", "15.00")]


@pytest.mark.rule("CAT-25")
def test_a_line_is_billed_from_its_delivery(make: Any) -> None:
    """Ordered in January, delivered on 15 February, told in March."""
    account = Account(make, make.ordered(make.tariff(make.article("line", "28.00")), None))
    assert account.close("2026-01") == []
    assert account.close("2026-02") == []
    account.learn(ModuleActivated(module_id=M, active_from=date(2026, 2, 15)))
    assert account.close("2026-03") == [("line", "2026-02-01", "14.00"), ("line", "2026-03-01", "28.00"), ("line", "2026-04-01", "28.00")]


@pytest.mark.rule("CON-9")
def test_options_are_billed_in_their_own_quantity_while_they_are_on(make: Any) -> None:
    """Three answering machines from 11 April; one article that is no option and one that nobody took."""
    machine, other = make.article("machine", "3.00", is_option=True), make.article("fax", "9.00", is_option=True)
    account = Account(make, make.ordered(make.tariff(machine, other), date(2026, 4, 1), quantity=5))
    account.learn(OptionAdded(module_id=M, article_id=ArticleId("machine"), quantity=3, from_on=date(2026, 4, 11)))
    assert account.close("2026-04") == [("machine", "2026-04-01", "6.00"), ("machine", "2026-05-01", "9.00")]
    account.learn(OptionRemoved(module_id=M, article_id=ArticleId("machine"), ends_on=date(2026, 4, 30)))
    assert account.close("2026-05") == [("machine", "2026-05-01", "-9.00")]


@pytest.mark.rule("CAT-4")
def test_lines_carry_the_alternative_name(make: Any) -> None:
    """It wins on item lists and invoices."""
    account = Account(make, make.ordered(make.tariff(make.article("base", "1.00", alternative_name="Basis")), date(2026, 1, 1)))
    account.close("2026-01")
    assert account.rated[0].lines[0].title == "Basis"


def test_a_fixed_price_with_a_key_is_a_recurring_fee(make: Any) -> None:
    """A flat rate costs its price, whatever is used."""
    flat = make.article("flat", "20.00", key="call", unit="minute", is_fixed_price=True)
    account = Account(make, make.ordered(make.tariff(flat), date(2026, 1, 1)))
    assert account.close("2026-01") == [("flat", "2026-01-01", "20.00")]


def test_amounts_are_decimals_in_cents(make: Any) -> None:
    account = Account(make, make.ordered(make.tariff(make.article("base", "9.9")), date(2026, 1, 1)))
    account.close("2026-01")
    assert account.rated[0].lines[0].net == Decimal("9.90")
    assert spec(RATED_ACCOUNT).state.modules == {}
