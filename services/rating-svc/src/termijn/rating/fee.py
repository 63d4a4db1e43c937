"""Fees that do not depend on use: recurring articles by article period, one-off articles, connect and disconnect (INV-2, CAT-3)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from termijn.kernel.ids import ArticleId
from termijn.kernel.money import exact_cents
from termijn.kernel.period import ArticlePeriod, Month, article_period
from termijn.kernel.tariff import Article, Tariff
from termijn.rating.policy import Policy
from termijn.rating.target import Origin, Target, shown, target_of
from termijn.rating.timeline import Serving, Timeline, servings

CONNECT = "connect"
DISCONNECT = "disconnect"
"""Stand in the place of the article on the lines of connect and disconnect fees."""
CONNECT_TITLE = "Aansluitkosten"
DISCONNECT_TITLE = "Afsluitkosten"
ONCE = 0
"""``every_months`` of an article that bills once."""
_DAY = timedelta(days=1)
_LIFETIME = ArticlePeriod(date.min, date.max - _DAY)


def is_use(article: Article) -> bool:
    """Whether the article bills by use: it has a usage key and no fixed price."""
    return article.usage_key is not None and not article.is_fixed_price


def periods_in_view(timeline: Timeline, every_months: int, *, since: date, until: date) -> Iterator[ArticlePeriod]:
    """The article periods that end on or after ``since`` and start on or before ``until``, none before the module's start."""
    if timeline.starts_on is None:
        return
    period = article_period(max(since, timeline.starts_on), every_months=every_months, anchor=timeline.starts_on)
    while period.first <= until:
        yield period
        period = article_period(period.last + _DAY, every_months=every_months, anchor=timeline.starts_on)


def has_passed(timeline: Timeline, period: ArticlePeriod, month: Month) -> bool:
    """Whether nothing more can be served in the period when ``month`` closes: it ended, or the module did."""
    return period.last <= month.last or (timeline.ends_on is not None and timeline.ends_on <= month.last)


def fees_due(timeline: Timeline, month: Month, since: date, policy: Policy) -> list[Target]:
    """Recurring fees in view when ``month`` closes (INV-2).

    In advance every article period that starts in the month of the run or before, in arrears every one that has passed. Where a
    change of tariff makes of the one the other, days in advance and days in arrears are one charge: the latter join it in the end.
    """
    targets = []
    for article_id, every_months in sorted(recurring_articles(timeline)):
        for period in periods_in_view(timeline, every_months, since=since, until=month.next().last):
            is_over = has_passed(timeline, period, month)
            served = [
                s for s in servings(timeline, article_id, period)
                if s.article.billing.every_months == every_months and not is_use(s.article)
                and (is_over or s.article.billing.paid_in == "advance")
            ]  # fmt: skip
            if served:
                targets.append(recurring_fee(timeline, served, period, policy))
    return targets


def recurring_articles(timeline: Timeline) -> set[tuple[ArticleId, int]]:
    """Articles with a recurring fee in any of the module's tariffs: id and months."""
    return {
        (article.article_id, article.billing.every_months)
        for tariff in (t.tariff for t in timeline.tariffs)
        for article in tariff.articles
        if not is_use(article) and article.billing.every_months != ONCE
    }


def recurring_fee(timeline: Timeline, served: Sequence[Serving], period: ArticlePeriod, policy: Policy) -> Target:
    """Price times quantity times days served, divided by the calendar days of that article period, rounded once (INV-2)."""
    served = _with_unused_days(timeline, served, period)
    last = served[-1]
    exact, units = Fraction(0), Fraction(0)
    for serving in served:
        part = Fraction(serving.days, period.days)
        exact += Fraction(serving.article.net_price) / Fraction(serving.article.quantity) * serving.quantity * part
        units += serving.quantity * part
    if policy.part_periods == "in_full":
        units = Fraction(max(serving.quantity for serving in served))
        exact = Fraction(last.article.net_price) / Fraction(last.article.quantity) * units
    fee = target_of(last.article, last.tariff, origin="recurring", period=period, quantity=shown(units), net=exact_cents(exact))
    days = ArticlePeriod(served[0].first, last.last)
    is_part = days != period and policy.part_periods == "by_day"
    return replace(fee.priced(exact, units), served=days if is_part else None)


def _with_unused_days(timeline: Timeline, served: Sequence[Serving], period: ArticlePeriod) -> list[Serving]:
    """Where an article does not credit unused days (domains, licences), an end inside the period changes nothing of its price.

    A consumer gets back what was paid ahead all the same (CAT-27). What is paid in arrears was not paid yet: nothing is credited, and
    days that were not served are not billed.
    """
    last = served[-1]
    if last.article.billing.paid_in == "arrears":
        return list(served)
    of_article = [o for o in timeline.options if o.article_id == last.article.article_id]
    ends = {timeline.ends_on, *(o.ends_on for o in of_article)}
    comes_back = last.last == timeline.ends_on and timeline.returns_paid_ahead
    comes_back |= any(o.returns_paid_ahead for o in of_article if o.ends_on == last.last)
    if last.article.credits_unused_days or comes_back or last.last not in ends:
        return list(served)
    whole = Serving(first=last.first, last=period.last, tariff=last.tariff, article=last.article, quantity=last.quantity)
    return [*served[:-1], whole]


def one_off_fees(timeline: Timeline, month: Month) -> list[Target]:
    """Articles that bill once, and the connect and disconnect fee: each from the day that it is due (CAT-3).

    A one-off article is for the quantity that the module or option began with: scaling up and down costs no fee (CON-3). Who
    leaves telecommunication as the law allows pays no disconnect fee (CAT-26).
    """
    if timeline.starts_on is None:
        return []
    until = month.next().last
    targets = []
    for article_id in sorted({a.article_id for t in timeline.tariffs for a in t.tariff.articles if a.billing.every_months == ONCE}):
        served = [s for s in servings(timeline, article_id, _LIFETIME) if s.first <= until and s.article.billing.every_months == ONCE]
        if served and not is_use(served[0].article):
            targets.append(_once(served))
    first, last = timeline.starts_on, timeline.ends_on
    was_there = last is None or first <= last
    if was_there and first <= until:
        targets += _module_fee("connect", CONNECT_TITLE, timeline.tariff_on(first), first)
    if was_there and last is not None and last <= month.last and not timeline.waives_disconnect_fee:
        targets += _module_fee("disconnect", DISCONNECT_TITLE, timeline.tariff_on(last), last)
    return targets


def _once(served: Sequence[Serving]) -> Target:
    first = served[0]
    net = Fraction(first.article.net_price) / Fraction(first.article.quantity) * first.quantity
    day = ArticlePeriod(first.first, first.first)
    return target_of(first.article, first.tariff, origin="once", period=day, quantity=Decimal(first.quantity), net=exact_cents(net))


def _module_fee(origin: Origin, title: str, tariff: Tariff, day: date) -> list[Target]:
    price = tariff.connect_fee if origin == "connect" else tariff.disconnect_fee
    if not price:
        return []
    return [
        Target(
            origin=origin,
            article=origin,
            title=title,
            tariff=tariff,
            vat_rate=tariff.vat_rate,
            period=ArticlePeriod(day, day),
            quantity=Decimal(1),
            unit="piece",
            unit_price=price,
            net=exact_cents(Fraction(price)),
            kind="telecom" if tariff.is_telecom else "service",
        )
    ]
