"""The price list of a tariff version as data: headings, highlights, prices with their units, billing in words (CAT-8). Pure.

Titles, never alternative names (CAT-4). Words in Dutch and English; figures stand beside them as exact decimals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from termijn.contracts.deck_file import Destination
from termijn.kernel.tariff import Article, Billing, Tariff
from termijn.kernel.words import Language, decimal

DESTINATIONS_MAX = 500
"""Destinations on one price list; the number of all of them is told."""
_MONTHS_IN_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """One language. ``units`` are singular and plural."""

    units: dict[str, tuple[str, str]]
    periods: dict[int, str]
    months: str
    years: str
    paid_in: dict[str, str]
    included: str
    connect: str
    disconnect: str
    by_destination: str
    call: str


_LANGUAGES: dict[Language, _Words] = {
    "nl": _Words(
        units={
            "piece": ("stuk", "stuks"),
            "minute": ("minuut", "minuten"),
            "second": ("seconde", "seconden"),
            "page": ("pagina", "pagina's"),
            "hour": ("uur", "uur"),
            "gigabyte": ("gigabyte", "gigabyte"),
        },
        periods={0: "eenmalig", 1: "per maand", 3: "per kwartaal", 12: "per jaar"},
        months="per {n} maanden",
        years="per {n} jaar",
        paid_in={"advance": "vooraf", "arrears": "achteraf"},
        included="inclusief {quantity}",
        connect="Aansluitkosten",
        disconnect="Afsluitkosten",
        by_destination="per minuut, naar bestemming",
        call="per gesprek",
    ),
    "en": _Words(
        units={
            "piece": ("piece", "pieces"),
            "minute": ("minute", "minutes"),
            "second": ("second", "seconds"),
            "page": ("page", "pages"),
            "hour": ("hour", "hours"),
            "gigabyte": ("gigabyte", "gigabytes"),
        },
        periods={0: "once", 1: "per month", 3: "per quarter", 12: "per year"},
        months="every {n} months",
        years="every {n} years",
        paid_in={"advance": "in advance", "arrears": "in arrears"},
        included="{quantity} included",
        connect="Connect fee",
        disconnect="Disconnect fee",
        by_destination="per minute, by destination",
        call="per call",
    ),
}


def price_list(tariff: Tariff, *, language: Language, deck: Sequence[Destination] | None = None) -> dict[str, Any]:
    """The price list (CAT-8). ``deck``: the destinations of the rate deck that prices the tariff's calls, where it has one.

    ``sections`` follow the order of the articles; one that is displayed as heading begins a section and stands in it only where it
    costs something itself.
    """
    words = _LANGUAGES[language]
    return {
        "tariff_id": tariff.tariff_id,
        "version": tariff.version,
        "title": tariff.title,
        "module": tariff.module,
        "language": language,
        "orders_from": tariff.orders_from,
        "notice": tariff.notice.name,
        "vat_rate": tariff.vat_rate,
        "time_rating": tariff.time_rating,
        "minimum_turnover": tariff.minimum_turnover,
        "cost_limit": tariff.cost_limit,
        "sections": _sections(tariff, words, language),
        "fees": _fees(tariff, words, language),
        "destinations": None if deck is None else _destinations(deck, words, language),
    }


def _sections(tariff: Tariff, words: _Words, language: Language) -> list[dict[str, Any]]:
    sections: list[dict[str, Any]] = []
    for article in tariff.articles:
        is_heading = article.display == "heading"
        if is_heading or not sections:
            sections.append({"heading": article.title if is_heading else None, "articles": []})
        if not is_heading or article.net_price or article.usage_key is not None:
            sections[-1]["articles"].append(_line(article, tariff, words, language))
    return sections


def _line(article: Article, tariff: Tariff, words: _Words, language: Language) -> dict[str, Any]:
    """One article: what it is called, what it costs, and how that is billed."""
    is_use = article.usage_key is not None and not article.is_fixed_price
    # Where a deck prices the calls, the article's own price is not used: nobody should read it as one.
    by_deck = is_use and tariff.deck_id is not None and article.unit in ("minute", "second")
    return {
        "article_id": article.article_id,
        "title": article.title,
        "is_highlighted": article.display == "highlighted",
        "is_option": article.is_option,
        "is_use": is_use,
        "net_price": None if by_deck else article.net_price,
        "quantity": article.quantity,
        "unit": article.unit,
        "price": words.by_destination if by_deck else price_text(article, language),
        "included_quantity": article.included_quantity,
        "included": included_text(article, language),
        "billing": billing_text(article.billing, language),
        "vat_rate": tariff.vat_rate if article.vat_rate is None else article.vat_rate,
    }


def price_text(article: Article, language: Language) -> str:
    """ "5.00 per 100 pages", "9.90 per quarter", "9.90 per 10 pieces per month", "35.00 once" (CAT-8)."""
    words = _LANGUAGES[language]
    amount = decimal(article.net_price, language, places=2)
    is_use = article.usage_key is not None and not article.is_fixed_price
    per = "" if not is_use and article.quantity == 1 else f" per {_per(article, words, language)}"
    return f"{amount}{per}" if is_use else f"{amount}{per} {period_text(article.billing.every_months, language)}"


def included_text(article: Article, language: Language) -> str | None:
    """ "100 minutes included"; None where nothing is."""
    words = _LANGUAGES[language]
    if not article.included_quantity:
        return None
    return words.included.format(quantity=_counted(article.included_quantity, article.unit, words, language))


def _per(article: Article, words: _Words, language: Language) -> str:
    return words.units[article.unit][0] if article.quantity == 1 else _counted(article.quantity, article.unit, words, language)


def _counted(quantity: Decimal, unit: str, words: _Words, language: Language) -> str:
    return f"{decimal(quantity, language)} {words.units[unit][0 if quantity == 1 else 1]}"


def billing_text(billing: Billing, language: Language) -> str:
    """ "per month, in advance"; what bills once does not say when."""
    period = period_text(billing.every_months, language)
    return f"{period}, {_LANGUAGES[language].paid_in[billing.paid_in]}" if billing.every_months else period


def period_text(months: int, language: Language) -> str:
    """ "per quarter", "once"."""
    words = _LANGUAGES[language]
    if months in words.periods:
        return words.periods[months]
    if months % _MONTHS_IN_YEAR == 0:
        return words.years.format(n=months // _MONTHS_IN_YEAR)
    return words.months.format(n=months)


def _fees(tariff: Tariff, words: _Words, language: Language) -> list[dict[str, Any]]:
    """What is billed once at start and end."""
    return [
        {"title": title, "net_price": fee, "price": f"{decimal(fee, language, places=2)} {words.periods[0]}", "vat_rate": tariff.vat_rate}
        for title, fee in ((words.connect, tariff.connect_fee), (words.disconnect, tariff.disconnect_fee))
        if fee
    ]


def _destinations(deck: Sequence[Destination], words: _Words, language: Language) -> dict[str, Any]:
    """The deck by destination; where its prefixes cost differently, from the cheapest to the dearest."""
    minute = words.units["minute"][0]
    return {
        "count": len(deck),
        "items": [
            {
                "name": one.name,
                "prefixes": one.prefixes,
                "price_per_minute": one.price_per_minute,
                "connection_fee": one.connection_fee,
                "price": f"{_span(one.price_per_minute, language)} per {minute}"
                + (f" + {_span(one.connection_fee, language)} {words.call}" if one.connection_fee[1] else ""),
            }
            for one in deck[:DESTINATIONS_MAX]
        ],
    }


def _span(prices: tuple[Decimal, Decimal], language: Language) -> str:
    low, high = (decimal(price, language, places=2) for price in prices)
    return low if low == high else f"{low} - {high}"
