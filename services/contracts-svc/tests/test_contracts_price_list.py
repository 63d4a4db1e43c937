"""The price list of a tariff version: headings, highlights, prices with units, words in two languages, never alternative names."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from termijn.contracts.deck_file import DeckRow, destinations
from termijn.contracts.price_list import DESTINATIONS_MAX, billing_text, price_list, price_text
from termijn.kernel.ids import ArticleId, DeckId, TariffId
from termijn.kernel.notice import MONTHLY
from termijn.kernel.tariff import Article, Billing, Tariff


def article(article_id: str = "a", title: str = "Article", **more: Any) -> Article:
    return Article(article_id=ArticleId(article_id), title=title, **more)


def tariff(*articles: Article, **more: Any) -> Tariff:
    return Tariff(
        tariff_id=TariffId("calls"),
        version=3,
        title="Call handling",
        module="telephony",
        notice=MONTHLY,
        articles=articles,
        orders_from=date(2026, 7, 1),
        **more,
    )


PAGES = article("print", "Printing", usage_key="print", net_price=Decimal(5), quantity=Decimal(100), unit="page")


@pytest.mark.rule("CAT-8")
def test_headings_begin_sections_and_highlights_stand_out() -> None:
    """In the order of the articles; what comes before any heading is a section without one."""
    made = price_list(
        tariff(
            article("base", "Base fee", net_price=Decimal("9.90"), display="highlighted"),
            article("h", "Extras", display="heading"),
            article("machine", "Answering machine", net_price=Decimal("2.50"), is_option=True),
            article("h2", "Numbers", display="heading", net_price=Decimal(1)),
        ),
        language="en",
    )
    told = [
        (section["heading"], [(a["article_id"], a["is_highlighted"], a["is_option"]) for a in section["articles"]])
        for section in made["sections"]
    ]
    assert told == [
        (None, [("base", True, False)]),
        ("Extras", [("machine", False, True)]),
        ("Numbers", [("h2", False, False)]),
    ]
    assert (made["tariff_id"], made["version"], made["title"], made["orders_from"]) == ("calls", 3, "Call handling", date(2026, 7, 1))


@pytest.mark.rule("CAT-4", "CAT-8")
def test_the_price_list_shows_titles_never_alternative_names() -> None:
    """The alternative name is for item lists and invoices."""
    made = price_list(tariff(article("base", "Base fee", alternative_name="Basis", net_price=Decimal(1))), language="nl")
    assert made["sections"][0]["articles"][0]["title"] == "Base fee"
    assert "Basis" not in str(made)


@pytest.mark.rule("CAT-8")
@pytest.mark.parametrize(
    ("priced", "english", "dutch"),
    [
        (PAGES, "5.00 per 100 pages", "5,00 per 100 pagina's"),
        (article(usage_key="call", net_price=Decimal("0.0125"), unit="minute"), "0.0125 per minute", "0,0125 per minuut"),
        (article(net_price=Decimal("9.9")), "9.90 per month", "9,90 per maand"),
        (article(net_price=Decimal(1200), billing=Billing(every_months=12)), "1,200.00 per year", "1.200,00 per jaar"),
        (article(net_price=Decimal(35), billing=Billing(every_months=0)), "35.00 once", "35,00 eenmalig"),
        (article(net_price=Decimal(5), quantity=Decimal(10)), "5.00 per 10 pieces per month", "5,00 per 10 stuks per maand"),
        (article(net_price=Decimal(5), usage_key="k", is_fixed_price=True), "5.00 per month", "5,00 per maand"),
    ],
)
def test_a_price_says_what_it_is_for(priced: Article, english: str, dutch: str) -> None:
    """With the unit and the quantity that it is for, and for fees the period."""
    assert (price_text(priced, "en"), price_text(priced, "nl")) == (english, dutch)


@pytest.mark.rule("CAT-8")
@pytest.mark.parametrize(
    ("billing", "english", "dutch"),
    [
        (Billing(every_months=0), "once", "eenmalig"),
        (Billing(every_months=3, paid_in="arrears"), "per quarter, in arrears", "per kwartaal, achteraf"),
        (Billing(every_months=6), "every 6 months, in advance", "per 6 maanden, vooraf"),
        (Billing(every_months=24), "every 2 years, in advance", "per 2 jaar, vooraf"),
    ],
)
def test_billing_is_said_in_words(billing: Billing, english: str, dutch: str) -> None:
    """How often, and when."""
    assert (billing_text(billing, "en"), billing_text(billing, "nl")) == (english, dutch)


@pytest.mark.rule("CAT-8")
def test_vat_included_quantities_and_fees_are_on_it() -> None:
    """The article's VAT rate wins over the tariff's; fees at start and end stand apart."""
    made = price_list(
        tariff(
            article("e", "E-book", net_price=Decimal(1), vat_rate=Decimal(9)),
            article("call", "Calls", usage_key="call", unit="minute", included_quantity=Decimal(100)),
            connect_fee=Decimal(25),
        ),
        language="en",
    )
    book, calls = made["sections"][0]["articles"]
    assert (book["vat_rate"], calls["vat_rate"], calls["included"]) == (Decimal(9), Decimal(21), "100 minutes included")
    assert [(fee["title"], fee["price"]) for fee in made["fees"]] == [("Connect fee", "25.00 once")]


@pytest.mark.rule("CAT-8")
def test_a_rate_deck_is_shown_by_destination() -> None:
    """Prefixes of one name are one line, from the cheapest to the dearest; the article's own price is not used, so it is not shown."""
    rows = [row("31", "Netherlands", "0.01"), row("3161", "Mobile", "0.10", "0.05"), row("3162", "Mobile", "0.12", "0.05")]
    calls = article("call", "Calls", usage_key="call", unit="minute", net_price=Decimal("0.05"))
    made = price_list(tariff(calls, deck_id=DeckId("nl")), language="en", deck=destinations(rows))
    assert [(one["name"], one["prefixes"], one["price"]) for one in made["destinations"]["items"]] == [
        ("Mobile", 2, "0.10 - 0.12 per minute + 0.05 per call"),
        ("Netherlands", 1, "0.01 per minute"),
    ]
    (line,) = made["sections"][0]["articles"]
    assert (line["net_price"], line["price"]) == (None, "per minute, by destination")


@pytest.mark.rule("CAT-8")
def test_a_large_deck_is_summarised() -> None:
    """So many destinations, and how many there are in all."""
    rows = [row(f"1{number}", f"Place {number:04d}", "0.01") for number in range(DESTINATIONS_MAX + 5)]
    shown = price_list(tariff(article()), language="nl", deck=destinations(rows))["destinations"]
    assert (shown["count"], len(shown["items"])) == (DESTINATIONS_MAX + 5, DESTINATIONS_MAX)


def row(prefix: str, name: str, price: str, fee: str = "0") -> DeckRow:
    return DeckRow(prefix=prefix, name=name, price_per_minute=Decimal(price), connection_fee=Decimal(fee), first_seconds=60, next_seconds=1)
