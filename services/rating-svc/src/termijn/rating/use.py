"""Use of one module becomes charges: which article, which tariff, which rate each record has, then one price per article and period.

Records come as columns in order of start, source and id, because included quantity is used up in that order (USE-4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from termijn.kernel.ids import ArticleId, DeckId
from termijn.kernel.money import exact_cents
from termijn.kernel.period import ArticlePeriod, Month
from termijn.kernel.tariff import Article
from termijn.rating.deck import NO_RATE, RateDeck
from termijn.rating.fee import has_passed, is_use, periods_in_view
from termijn.rating.rate import Integers, Rate, flat_rate, is_timed, price, raw_units_of, shown_quantity
from termijn.rating.target import Target, target_of
from termijn.rating.timeline import Serving, Timeline, servings

NO_MODULE, NO_ARTICLE, NO_RATE_FOUND = "no module", "no article", "no rate"
"""Why a record waits (USE-2)."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Use of one module, column by column, in order of start, source and id.

    - ``day``: the Amsterdam day of the start as an ordinal: a call belongs wholly to the period of its start (USE-3).
    - ``seconds``: duration; ``quantity``: millionths of a unit; ``destination``: the E.164 number called, "" where none.
    """

    key: NDArray[np.str_]
    day: Integers
    seconds: Integers
    quantity: Integers
    destination: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.day)

    def within(self, first: date, last: date) -> Mask:
        """Which records started on one of these days, both included."""
        chosen: Mask = (self.day >= first.toordinal()) & (self.day <= last.toordinal())
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckVersion:
    """One version of a rate deck and the day from which it prices calls."""

    version: int
    valid_from: date
    deck: RateDeck


Decks = Mapping[DeckId, Sequence[DeckVersion]]


def deck_on(versions: Sequence[DeckVersion], day: date) -> DeckVersion | None:
    """The version that prices calls of that day: the last published of those in force."""
    return max((v for v in versions if v.valid_from <= day), key=lambda v: v.version, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedArticle:
    """Use of one article in one article period, priced exactly; what a line shows of it is derived in ``target``."""

    serving: Serving
    period: ArticlePeriod
    amount: Fraction
    charged: int
    records: int
    seconds: int

    @property
    def target(self) -> Target:
        """The charge, rounded to cents: the one rounding (USE-11)."""
        article = self.serving.article
        quantity = shown_quantity(self.charged, raw_units_of(article))
        net = exact_cents(self.amount)
        made = target_of(article, self.serving.tariff, origin="usage", period=self.period, quantity=quantity, net=net)
        # A deck has no unit price of its own, and a fixed price none for use: the line shows the average.
        made = made.priced(self.amount, Fraction(self.charged, raw_units_of(article)))
        return replace(made, records=self.records, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Unrated:
    """A record that found no article or rate: its place among the records, why, and its month ("2026-03")."""

    place: int
    reason: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedUse:
    """Use of a module in view: what it costs, and which records found no article or rate (USE-2).

    ``still_open``: records of article periods that go on; they wait for the end of theirs (INV-17).
    """

    articles: tuple[UsedArticle, ...] = ()
    still_open: int = 0
    unrated: tuple[Unrated, ...] = ()


def use_articles(timeline: Timeline) -> list[tuple[ArticleId, int]]:
    """Articles that bill by use in any of the module's tariffs, with the months of their billing period, in tariff order."""
    found: dict[tuple[ArticleId, int], None] = {}
    for tariff in (t.tariff for t in timeline.tariffs):
        for article in tariff.articles:
            if article.usage_key is not None:
                found[article.article_id, _months_of(article)] = None
    return list(found)


def _months_of(article: Article) -> int:
    # Use is billed per period; an article that bills once, or in advance, cannot be for use.
    return article.billing.every_months or 1


def use_periods(timeline: Timeline, month: Month, since: date) -> dict[tuple[ArticleId, int], list[ArticlePeriod]]:
    """The article periods of use in view when ``month`` closes, those that go on after it included."""
    return {
        (article_id, months): list(periods_in_view(timeline, months, since=since, until=month.last))
        for article_id, months in use_articles(timeline)
    }


def rate_use(timeline: Timeline, records: Records, decks: Decks, *, month: Month, since: date) -> RatedUse:
    """Price all use in view when ``month`` closes (USE-3, USE-4, USE-5, USE-11)."""
    taken = np.zeros(len(records), dtype=np.bool_)
    knows_article = np.zeros(len(records), dtype=np.bool_)
    still_open = np.zeros(len(records), dtype=np.bool_)
    articles: list[UsedArticle] = []
    for (article_id, months), periods in use_periods(timeline, month, since).items():
        for period in periods:
            served = [s for s in servings(timeline, article_id, period) if _months_of(s.article) == months]
            rating = _Rating(records, decks)
            for serving in served:
                knows_article |= rating.assign(serving, ~taken)
            if not rating.rated.any():
                continue
            taken |= rating.rated
            if has_passed(timeline, period, month):
                articles.append(_used_article(served, period, rating))
            else:
                still_open |= rating.rated
    return RatedUse(articles=tuple(articles), unrated=_unrated(records, ~taken, knows_article), still_open=int(still_open.sum()))


def _used_article(served: Sequence[Serving], period: ArticlePeriod, rating: "_Rating") -> UsedArticle:
    records, rated = rating.records, rating.rated
    units = records.seconds[rated] if is_timed(served[-1].article) else records.quantity[rated]
    priced = price(units, rating.rate_of[rated], rating.rates, included=included_units(served))
    return UsedArticle(
        serving=served[-1],
        period=period,
        amount=priced.amount,
        charged=priced.charged,
        records=int(rated.sum()),
        seconds=int(records.seconds[rated].sum()),
    )


def included_units(served: Sequence[Serving]) -> int:
    """Free raw units of the period: the included quantity times the module's quantity, the most there was of it (USE-4).

    Not prorated (INV-2): a part period has all of it, and a change within the period takes nothing away.
    """
    most = max(Fraction(s.article.included_quantity) * s.quantity * raw_units_of(s.article) for s in served)
    return int(most)


class _Rating:
    """Which rate each record of one article and period has, while its servings are gone through."""

    def __init__(self, records: Records, decks: Decks) -> None:
        self.records = records
        self.decks = decks
        self.rate_of = np.full(len(records), NO_RATE, dtype=np.int64)
        self.rates: list[Rate] = []

    @property
    def rated(self) -> Mask:
        """The records that have a rate."""
        rated: Mask = self.rate_of != NO_RATE
        return rated

    def assign(self, serving: Serving, free: Mask) -> Mask:
        """Rate the free records that the serving is for; returns which those were, also where the deck does not know a number."""
        article, tariff = serving.article, serving.tariff
        mine: Mask = free & (self.records.key == article.usage_key) & self.records.within(serving.first, serving.last)
        deck_id = tariff.deck_id if is_timed(article) and is_use(article) else None
        called = mine & (self.records.destination != "") if deck_id is not None else np.zeros_like(mine)
        if (plain := mine & ~called).any():
            self.rate_of[plain] = len(self.rates)
            self.rates.append(flat_rate(article, tariff.time_rating))
        if deck_id is not None and called.any():
            self._assign_called(called, self.decks.get(deck_id, ()))
        return mine

    def _assign_called(self, called: Mask, versions: Sequence[DeckVersion]) -> None:
        days = self.records.day
        version_of = {int(o): deck_on(versions, date.fromordinal(int(o))) for o in np.unique(days[called])}
        for version in {v.version: v for v in version_of.values() if v is not None}.values():
            ordinals = [ordinal for ordinal, found in version_of.items() if found is not None and found.version == version.version]
            self._assign_from_deck(version.deck, called & np.isin(days, ordinals))

    def _assign_from_deck(self, deck: RateDeck, chosen: Mask) -> None:
        found = deck.lookup(self.records.destination[chosen])
        used, which = np.unique(found, return_inverse=True)
        known = used != NO_RATE
        places = np.where(known, len(self.rates) + np.cumsum(known) - 1, NO_RATE)
        self.rates += [deck.rates[int(destination)] for destination in used[known]]
        self.rate_of[chosen] = places[which]


def _unrated(records: Records, left: Mask, knows_article: Mask) -> tuple[Unrated, ...]:
    return tuple(
        Unrated(
            place=int(place),
            reason=NO_RATE_FOUND if knows_article[place] else NO_ARTICLE,
            period=str(Month.of(date.fromordinal(int(records.day[place])))),
        )
        for place in np.flatnonzero(left)
    )
