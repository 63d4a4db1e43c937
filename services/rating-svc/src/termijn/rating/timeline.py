"""What a module was on each day: its tariff, quantity and options, from its start to its end (CON-3, CON-4, CON-9, INV-2).

A timeline is learnt from contracts-svc's events in whatever order they come to be known; what is billed follows from the
timeline as known now, never from the order in which it was learnt (USE-9).
"""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from termijn.kernel.calendar import days_between
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.period import ArticlePeriod
from termijn.kernel.tariff import Article, Tariff

_DAY = timedelta(days=1)


class TariffFrom(msgspec.Struct, frozen=True, kw_only=True):
    """The tariff that counts from that day on."""

    from_on: date
    tariff: Tariff


class QuantityFrom(msgspec.Struct, frozen=True, kw_only=True):
    """The quantity that counts from that day on."""

    from_on: date
    quantity: int


class OptionSpan(msgspec.Struct, frozen=True, kw_only=True):
    """An option and its days; ``ends_on`` is its last day, None while it runs."""

    article_id: ArticleId
    quantity: int
    from_on: date
    ends_on: date | None = None
    returns_paid_ahead: bool = False


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """One module. ``starts_on`` is None until its delivery is reported, ``ends_on`` (the last day) None while it runs on.

    - ``tariffs`` and ``quantities`` are by day, ascending; the first of each counts from the start, whenever that is.
    - ``has_ended``: the end was reported as a fact, not only announced.
    - ``changed_from``: the earliest day that something learnt since the last closing is about; None where nothing was.
    - ``waives_disconnect_fee``: the law lets the customer go without one (CAT-26).
    - ``returns_paid_ahead``: unused days come back whatever the articles say (CAT-27).
    """

    module_id: ModuleId
    tariffs: tuple[TariffFrom, ...]
    quantities: tuple[QuantityFrom, ...]
    starts_on: date | None = None
    ends_on: date | None = None
    has_ended: bool = False
    options: tuple[OptionSpan, ...] = ()
    changed_from: date | None = None
    waives_disconnect_fee: bool = False
    returns_paid_ahead: bool = False

    def title_on(self, day: date) -> str:
        """What it is called on that day: the title of its tariff, which one that is only planned is not yet."""
        return self.tariff_on(day).title

    def tariff_on(self, day: date) -> Tariff:
        """The tariff of that day."""
        return next((t.tariff for t in reversed(self.tariffs) if t.from_on <= day), self.tariffs[0].tariff)

    def quantity_on(self, day: date) -> int:
        """The quantity of that day."""
        return next((q.quantity for q in reversed(self.quantities) if q.from_on <= day), self.quantities[0].quantity)

    def is_served_on(self, day: date) -> bool:
        """Whether the module works on that day: it has started and not ended."""
        return self.starts_on is not None and self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def runs_after(self, day: date) -> bool:
        """Whether anything of it is still to come after that day; a module that waits for its delivery is."""
        return self.ends_on is None or self.ends_on > day


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both included, on which tariff and quantity do not change."""

    first: date
    last: date
    tariff: Tariff
    quantity: int

    @property
    def days(self) -> int:
        """How many."""
        return days_between(self.first, self.last)


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both included, on which one article is served in one quantity."""

    first: date
    last: date
    tariff: Tariff
    article: Article
    quantity: int

    @property
    def days(self) -> int:
        """How many."""
        return days_between(self.first, self.last)


def begin(module_id: ModuleId, tariff: Tariff, *, quantity: int, starts_on: date | None, options: tuple[ArticleId, ...]) -> Timeline:
    """The timeline of a new order; options ordered along run from the start, one each."""
    return Timeline(
        module_id=module_id,
        tariffs=(TariffFrom(from_on=date.min, tariff=tariff),),
        quantities=(QuantityFrom(from_on=date.min, quantity=quantity),),
        starts_on=starts_on,
        options=tuple(OptionSpan(article_id=option, quantity=1, from_on=date.min) for option in options),
        changed_from=starts_on,
    )


def touched(timeline: Timeline, day: date) -> date:
    """``changed_from`` once something about that day is learnt."""
    return day if timeline.changed_from is None else min(day, timeline.changed_from)


def started(timeline: Timeline, day: date) -> Timeline:
    """Delivered: terms and billing run from that day (CAT-25)."""
    earliest = day if timeline.starts_on is None else min(day, timeline.starts_on)
    return msgspec.structs.replace(timeline, starts_on=day, changed_from=touched(timeline, earliest))


def with_tariff(timeline: Timeline, tariff: Tariff, from_on: date) -> Timeline:
    """Another tariff from that day on, in place of whatever was planned for later (CON-4)."""
    kept = tuple(t for t in timeline.tariffs if t.from_on < from_on)
    tariffs = (*kept, TariffFrom(from_on=from_on, tariff=tariff))
    return msgspec.structs.replace(timeline, tariffs=tariffs, changed_from=touched(timeline, from_on))


def with_quantity(timeline: Timeline, quantity: int, from_on: date) -> Timeline:
    """Another quantity from that day on, in place of whatever was planned for later (CON-3)."""
    kept = tuple(q for q in timeline.quantities if q.from_on < from_on)
    quantities = (*kept, QuantityFrom(from_on=from_on, quantity=quantity))
    return msgspec.structs.replace(timeline, quantities=quantities, changed_from=touched(timeline, from_on))


def with_option(timeline: Timeline, span: OptionSpan) -> Timeline:
    """An option more, or the same one in another quantity from that day on (CON-9)."""
    others = tuple(_cut(o, span.from_on - _DAY) if o.article_id == span.article_id else o for o in timeline.options)
    return msgspec.structs.replace(timeline, options=(*others, span), changed_from=touched(timeline, span.from_on))


def without_option(timeline: Timeline, article_id: ArticleId, ends_on: date, *, returns_paid_ahead: bool = False) -> Timeline:
    """The option's last day is known (CON-5), and whether unused days come back whatever its article says (CAT-27).

    Told again with another day, it ends on that: earlier or later than was thought.
    """
    places = [place for place, option in enumerate(timeline.options) if option.article_id == article_id]
    options, days = list(timeline.options), [ends_on]
    for place in places:
        cut = _cut(options[place], ends_on)
        if place == places[-1]:
            days += [options[place].ends_on or ends_on]
            cut = msgspec.structs.replace(cut, ends_on=ends_on, returns_paid_ahead=returns_paid_ahead)
        options[place] = cut
    return msgspec.structs.replace(timeline, options=tuple(options), changed_from=touched(timeline, min(days)))


def _cut(span: OptionSpan, last: date) -> OptionSpan:
    return span if span.ends_on is not None and span.ends_on <= last else msgspec.structs.replace(span, ends_on=last)


def ending(timeline: Timeline, ends_on: date | None, *, has_ended: bool = False) -> Timeline:
    """The last day is known, or not any more (a cancellation withdrawn, CON-6)."""
    days = [day for day in (ends_on, timeline.ends_on) if day is not None]
    changed = touched(timeline, min(days)) if days and ends_on != timeline.ends_on else timeline.changed_from
    return msgspec.structs.replace(timeline, ends_on=ends_on, has_ended=has_ended or timeline.has_ended, changed_from=changed)


def noticed(timeline: Timeline, ends_on: date, *, waives_disconnect_fee: bool, returns_paid_ahead: bool) -> Timeline:
    """Notice was given: the last day, and on what terms the customer goes (CAT-26, CAT-27)."""
    ended = ending(timeline, ends_on)
    return msgspec.structs.replace(ended, waives_disconnect_fee=waives_disconnect_fee, returns_paid_ahead=returns_paid_ahead)


def stretches(timeline: Timeline, period: ArticlePeriod) -> Iterator[Stretch]:
    """The served days of a period, cut where tariff or quantity changes; in order."""
    if timeline.starts_on is None:
        return
    first = max(period.first, timeline.starts_on)
    last = period.last if timeline.ends_on is None else min(period.last, timeline.ends_on)
    cuts = {t.from_on for t in timeline.tariffs} | {q.from_on for q in timeline.quantities}
    edges = [first, *sorted(cut for cut in cuts if first < cut <= last)]
    for start, following in zip(edges, [*edges[1:], last + _DAY], strict=True):
        if start < following:
            yield Stretch(first=start, last=following - _DAY, tariff=timeline.tariff_on(start), quantity=timeline.quantity_on(start))


def servings(timeline: Timeline, article_id: ArticleId, period: ArticlePeriod) -> Iterator[Serving]:
    """The days of a period on which the article is served, with its price and quantity of those days; in order.

    An option is served while it is on, in its own quantity; every other article in the module's.
    """
    for stretch in stretches(timeline, period):
        article = stretch.tariff.article(article_id)
        if article is None:
            continue
        if not article.is_option:
            yield Serving(first=stretch.first, last=stretch.last, tariff=stretch.tariff, article=article, quantity=stretch.quantity)
            continue
        for option in timeline.options:
            first = max(stretch.first, option.from_on)
            last = stretch.last if option.ends_on is None else min(stretch.last, option.ends_on)
            if option.article_id == article_id and first <= last:
                yield Serving(first=first, last=last, tariff=stretch.tariff, article=article, quantity=option.quantity)
