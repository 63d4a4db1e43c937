"""The catalogue: what a tariff must be to be published, and that a published version never changes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.contracts.errors import BadTariff
from termijn.contracts.tariff import TARIFF, PublishTariff
from termijn.contracts.tariff_draft import TARIFF_DRAFT, CloseDraft, SaveDraft, TariffDraftClosed, TariffDrafted
from termijn.events.contracts import TariffPublished
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, DeckId, TariffId
from termijn.kernel.notice import MONTHLY
from termijn.kernel.tariff import Article, Billing, NoticeRule, Tariff
from termijn.testing.spec import spec

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
RATES = (Decimal(0), Decimal(9), Decimal(21))


def tariff(**changes: Any) -> Tariff:
    search = Article(article_id=ArticleId("search"), title="Search", usage_key="search", net_price=Decimal(1), counts_to_minimum=True)
    base = Article(article_id=ArticleId("base"), title="Base fee", net_price=Decimal("9.90"))
    sound = Tariff(
        tariff_id=TariffId("calls"), version=0, title="Call handling", module="telephony", notice=MONTHLY, articles=(search, base)
    )
    return msgspec.structs.replace(sound, **changes)


def article(**changes: Any) -> Article:
    return msgspec.structs.replace(Article(article_id=ArticleId("a"), title="Article"), **changes)


def publish(what: Tariff, orders_from: date = date(2026, 4, 1), *, deck_exists: bool = False) -> PublishTariff:
    return PublishTariff(now=NOW, tariff=what, orders_from=orders_from, vat_rates=RATES, deck_exists=deck_exists)


@pytest.mark.rule("CAT-2", "CAT-3")
def test_what_is_published_is_the_tariff_as_it_was_given_with_a_version() -> None:
    """Every field of tariff and articles is part of the version; the version is the catalogue's to give."""
    given_tariff = tariff(is_telecom=True, minimum_turnover=Decimal(10), connect_fee=Decimal(25))
    spec(TARIFF).when(publish(given_tariff)).then(
        TariffPublished(tariff=msgspec.structs.replace(given_tariff, version=1, orders_from=date(2026, 4, 1)), orders_from=date(2026, 4, 1))
    )


@pytest.mark.rule("CAT-5")
def test_a_change_is_a_new_version_and_the_old_one_stays() -> None:
    """A published version never changes; a new one gets the orders from its date on."""
    done = spec(TARIFF).when(publish(tariff(), date(2026, 1, 1)), publish(tariff(title="Dearer", connect_fee=Decimal(5)), date(2026, 7, 1)))
    state = done.state
    assert [v.tariff.version for v in state.versions] == [1, 2]
    old, new = state.for_orders_on(date(2026, 6, 30)), state.for_orders_on(date(2026, 7, 1))
    assert old is not None and (old.version, old.title, old.connect_fee) == (1, "Call handling", Decimal(0))
    assert new is not None and (new.version, new.title) == (2, "Dearer")
    assert state.for_orders_on(date(2025, 12, 31)) is None


@pytest.mark.rule("CAT-1")
def test_a_tariff_belongs_to_one_module_for_good() -> None:
    """A version of another module kind is refused."""
    first = spec(TARIFF).when(publish(tariff())).events[0]
    spec(TARIFF).given(first).when(publish(tariff(module="fibre"))).then_refused(InvalidInput, "module")


FLAGGED = article(article_id=ArticleId("m"), counts_to_minimum=True, counts_to_limit=True)
YEARLY_FLAGGED = article(article_id=ArticleId("y"), counts_to_minimum=True, counts_to_limit=True, billing=Billing(every_months=12))


@pytest.mark.rule("CAT-7")
@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (tariff(minimum_turnover=Decimal(10), articles=(article(),)), "minimum_turnover"),
        (tariff(cost_limit=Decimal(10), articles=(article(),)), "cost_limit"),
        (tariff(minimum_turnover=Decimal(10), articles=(FLAGGED, YEARLY_FLAGGED)), "minimum_turnover"),
        (tariff(cost_limit=Decimal(10), articles=(FLAGGED, YEARLY_FLAGGED)), "cost_limit"),
        (tariff(minimum_turnover=Decimal("10.01"), cost_limit=Decimal(10), articles=(FLAGGED,)), "minimum_turnover"),
        (tariff(articles=(article(), article(article_id=ArticleId("b"), net_price=Decimal("-0.01")))), "articles.1.net_price"),
        (tariff(articles=(article(quantity=Decimal(0)),)), "articles.0.quantity"),
        (tariff(articles=(article(quantity=Decimal(-1)),)), "articles.0.quantity"),
        (tariff(articles=(article(included_quantity=Decimal(-1)),)), "articles.0.included_quantity"),
        (tariff(articles=(article(vat_rate=Decimal(19)),)), "articles.0.vat_rate"),
        (tariff(vat_rate=Decimal(6)), "vat_rate"),
        (tariff(connect_fee=Decimal(-1)), "connect_fee"),
        (tariff(disconnect_fee=Decimal(-1)), "disconnect_fee"),
        (tariff(minimum_turnover=Decimal(-1)), "minimum_turnover"),
        (tariff(articles=(article(net_price=Decimal("0.0000001")),)), "articles.0.net_price"),
        (tariff(articles=(article(net_price=Decimal("NaN")),)), "articles.0.net_price"),
        (tariff(articles=(article(), article())), "articles.1.article_id"),
        (tariff(articles=(article(usage_key="k"), article(article_id=ArticleId("b"), usage_key="k"))), "articles.1.usage_key"),
        (tariff(articles=(article(billing=Billing(every_months=5)),)), "articles.0.billing.every_months"),
        (tariff(articles=()), "articles"),
        (tariff(title=" "), "title"),
        (tariff(notice=NoticeRule(name="odd", alignment="term")), "notice.minimum_term_months"),
        (tariff(articles=(article(notice=NoticeRule(name="odd", notice_months=-1)),)), "articles.0.notice.notice_months"),
        (tariff(deck_id=DeckId("nl")), "deck_id"),
    ],
)
def test_a_tariff_that_contradicts_itself_is_refused_with_the_field(bad: Tariff, field: str) -> None:
    """Minimum or limit without flagged articles or over several periods, negative prices, zero quantities, unknown VAT rates."""
    spec(TARIFF).when(publish(bad)).then_refused(InvalidInput, field)


@pytest.mark.rule("CAT-7")
def test_a_sound_minimum_and_limit_are_accepted() -> None:
    """Equal minimum and limit over articles of one period are fine, and so is a deck that exists."""
    sound = tariff(minimum_turnover=Decimal(10), cost_limit=Decimal(10), articles=(FLAGGED,), deck_id=DeckId("nl"))
    spec(TARIFF).when(publish(sound, deck_exists=True)).then_types(TariffPublished)


@pytest.mark.rule("CAT-5")
@given(
    days=st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=1, max_size=8),
    asked=st.dates(date(2025, 12, 1), date(2027, 1, 31)),
)
def test_an_order_gets_the_version_with_the_latest_date_that_has_come(days: list[date], asked: date) -> None:
    """Whatever the order of the dates; of versions with one date the newest, so that a mistake can be repaired before its day."""
    state = spec(TARIFF).when(*(publish(tariff(), day) for day in days)).state
    _, expected = max(((day, number) for number, day in enumerate(days, start=1) if day <= asked), default=(None, None))
    found = state.for_orders_on(asked)
    assert (found.version if found is not None else None) == expected


@pytest.mark.rule("CAT-5", "CAT-10")
def test_a_version_for_running_modules_alone_takes_no_orders() -> None:
    """It is published beside what is on sale."""
    indexed = msgspec.structs.replace(publish(tariff(title="Indexed"), date(2026, 2, 1)), takes_orders=False)
    state = spec(TARIFF).when(publish(tariff(), date(2026, 1, 1)), indexed).state
    on_sale = state.for_orders_on(date(2026, 3, 1))
    assert on_sale is not None and on_sale.version == 1
    assert (second := state.version(2)) is not None and second.title == "Indexed"


@pytest.mark.rule("CAT-7")
def test_all_that_is_wrong_is_told_at_once_each_at_its_field() -> None:
    """So that a form shows every error where it belongs."""
    bad = tariff(
        title=" ",
        vat_rate=Decimal(6),
        minimum_turnover=Decimal(10),
        notice=NoticeRule(name="odd", alignment="term"),
        deck_id=DeckId("nl"),
        articles=(article(net_price=Decimal(-1)), article(article_id=ArticleId("b"), quantity=Decimal(0))),
    )
    done = spec(TARIFF).when(publish(bad)).then_refused(BadTariff, "title")
    assert done.refusal is not None
    assert [error["field"] for error in done.refusal.errors] == [
        "title",
        "notice.minimum_term_months",
        "vat_rate",
        "articles.0.net_price",
        "articles.1.quantity",
        "minimum_turnover",
        "deck_id",
    ]


amounts = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-2, 30, places=2)
articles = st.builds(
    lambda number, **changes: article(article_id=ArticleId(f"a{number}"), **changes),
    st.integers(0, 3),
    net_price=amounts,
    quantity=amounts,
    included_quantity=amounts,
    vat_rate=st.none() | st.sampled_from([*RATES, Decimal(19)]),
    counts_to_minimum=st.booleans(),
    counts_to_limit=st.booleans(),
    billing=st.builds(Billing, every_months=st.integers(0, 13)),
    usage_key=st.none() | st.sampled_from(["call", "page"]),
)


@pytest.mark.rule("CAT-7")
@given(
    made=st.builds(
        tariff, minimum_turnover=st.none() | amounts, cost_limit=st.none() | amounts, articles=st.lists(articles, max_size=4).map(tuple)
    )
)
def test_whatever_is_saved_is_sound_and_whatever_is_refused_says_where(made: Tariff) -> None:
    """Every tariff is either one that rating can follow, or refused with paths that lead into it; never an error of ours."""
    done = spec(TARIFF).when(publish(made))
    if done.refusal is not None:
        assert isinstance(done.refusal, BadTariff)
        assert done.refusal.errors and all(reaches(made, error["field"]) for error in done.refusal.errors)
        return
    assert all(a.net_price >= 0 and a.quantity > 0 and a.included_quantity >= 0 for a in made.articles)
    assert all(a.vat_rate is None or a.vat_rate in RATES for a in made.articles)
    for amount, flagged in (
        (made.minimum_turnover, [a for a in made.articles if a.counts_to_minimum]),
        (made.cost_limit, [a for a in made.articles if a.counts_to_limit]),
    ):
        assert amount is None or len({a.billing.every_months for a in flagged}) == 1
    assert made.minimum_turnover is None or made.cost_limit is None or made.minimum_turnover <= made.cost_limit


def reaches(made: Tariff, path: str) -> bool:
    plain: Any = msgspec.to_builtins(made)
    for part in path.split("."):
        plain = plain[int(part)] if isinstance(plain, list | tuple) else plain[part]
    return True


@pytest.mark.rule("CAT-5", "CAT-7")
def test_a_draft_is_checked_saved_changed_and_closed() -> None:
    """It binds nobody; saving it again as it is changes nothing."""
    save = SaveDraft(now=NOW, tariff=tariff(), orders_from=date(2026, 7, 1), vat_rates=RATES, deck_exists=False, kind=None)
    drafted = TariffDrafted(tariff=tariff(), orders_from=date(2026, 7, 1))
    done = spec(TARIFF_DRAFT).when(save, save).then(drafted)
    assert done.state.tariff == tariff()
    wrong = msgspec.structs.replace(save, tariff=tariff(title="", connect_fee=Decimal(-1)))
    refused = spec(TARIFF_DRAFT).given(drafted).when(wrong).then_refused(BadTariff, "title")
    assert refused.refusal is not None and [error["field"] for error in refused.refusal.errors] == ["title", "connect_fee"]
    other = msgspec.structs.replace(save, kind="fibre")
    spec(TARIFF_DRAFT).given(drafted).when(other).then_refused(BadTariff, "module")
    close = CloseDraft(now=NOW, tariff_id=TariffId("calls"), version=1)
    spec(TARIFF_DRAFT).given(drafted).when(close).then(TariffDraftClosed(tariff_id=TariffId("calls"), version=1))
    spec(TARIFF_DRAFT).when(close).then_refused(NotFound)
