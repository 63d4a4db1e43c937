"""What makes a tariff sellable: the refusals of CAT-7, each naming the field.

Pure; the catalogue decides with it, and ``explain price`` refuses the same files for the same reasons.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from termijn.contracts.errors import BadTariff
from termijn.kernel import notice
from termijn.kernel.tariff import Article, Tariff

ARTICLES_MAX = 200
"""Articles in one tariff: a price list that people can still read, and an event well below its 256 KiB."""
PRICE_MAX = Decimal(10_000_000)
"""Euros. A larger net price is a typing error."""
PRICE_DECIMALS_MAX = 6
"""Rating counts in micro-euros; a finer price could not be rated exactly (USE-11)."""
BILLING_MONTHS = (0, 1, 3, 12)
"""Once, month, quarter, year (INV-2)."""


def check(tariff: Tariff, *, vat_rates: Sequence[Decimal]) -> None:
    """Raise ``InvalidInput`` for the first thing wrong (CAT-7); ``field`` is its dotted path (``articles.2.net_price``).

    ``vat_rates`` are the percentages that may be named. Returns nothing when the tariff may be published.
    """
    for field, reason in _faults(tariff, vat_rates):
        raise BadTariff(field=field, reason=reason)
    notice.check(tariff.notice, field="notice")
    for index, article in enumerate(tariff.articles):
        if article.notice is not None:
            notice.check(article.notice, field=f"articles.{index}.notice")


def _faults(tariff: Tariff, vat_rates: Sequence[Decimal]) -> Iterator[tuple[str, str]]:
    if not tariff.title.strip():
        yield "title", "is empty"
    if not tariff.module.strip():
        yield "module", "is empty"
    if tariff.vat_rate not in vat_rates:
        yield "vat_rate", f"{tariff.vat_rate} % is not a VAT rate that is in use ({_listed(vat_rates)})"
    yield from _amount_faults("minimum_turnover", tariff.minimum_turnover)
    yield from _amount_faults("cost_limit", tariff.cost_limit)
    yield from _amount_faults("tolerance", tariff.tolerance)
    yield from _amount_faults("connect_fee", tariff.connect_fee)
    yield from _amount_faults("disconnect_fee", tariff.disconnect_fee)
    if not tariff.articles:
        yield "articles", "a tariff needs at least one article"
    if len(tariff.articles) > ARTICLES_MAX:
        yield "articles", f"at most {ARTICLES_MAX} articles"
    for index, article in enumerate(tariff.articles):
        yield from _article_faults(f"articles.{index}", article, vat_rates)
    yield from _twice(tariff)
    yield from _minimum_and_limit(tariff)


def _article_faults(path: str, article: Article, vat_rates: Sequence[Decimal]) -> Iterator[tuple[str, str]]:
    if not article.title.strip():
        yield f"{path}.title", "is empty"
    yield from _amount_faults(f"{path}.net_price", article.net_price)
    yield from _amount_faults(f"{path}.included_quantity", article.included_quantity)
    yield from _amount_faults(f"{path}.reference_price", article.reference_price)
    yield from _amount_faults(f"{path}.quantity", article.quantity)
    if article.quantity == 0:
        yield f"{path}.quantity", "is zero: a price is for one unit or more"
    if article.vat_rate is not None and article.vat_rate not in vat_rates:
        yield f"{path}.vat_rate", f"{article.vat_rate} % is not a VAT rate that is in use ({_listed(vat_rates)})"
    if article.billing.every_months not in BILLING_MONTHS:
        yield f"{path}.billing.every_months", "is once (0), monthly (1), quarterly (3) or yearly (12)"


def _amount_faults(field: str, amount: Decimal | None) -> Iterator[tuple[str, str]]:
    """No negative prices (CAT-7); and nothing that could not be rated exactly."""
    if amount is None:
        return
    exponent = amount.normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        yield field, "is not a number"
    elif amount < 0:
        yield field, "is negative"
    elif amount > PRICE_MAX:
        yield field, f"is over {PRICE_MAX}"
    elif -exponent > PRICE_DECIMALS_MAX:
        yield field, f"has more than {PRICE_DECIMALS_MAX} decimals"


def _twice(tariff: Tariff) -> Iterator[tuple[str, str]]:
    ids: set[str] = set()
    keys: set[str] = set()
    for index, article in enumerate(tariff.articles):
        if article.article_id in ids:
            yield f"articles.{index}.article_id", f"{article.article_id} is there twice"
        ids.add(article.article_id)
        if article.usage_key is not None and article.usage_key in keys:
            yield f"articles.{index}.usage_key", f"{article.usage_key} is there twice: a record could not tell which article prices it"
        keys.update({article.usage_key} if article.usage_key is not None else ())


def _minimum_and_limit(tariff: Tariff) -> Iterator[tuple[str, str]]:
    """Both need flagged articles of one billing period, and the minimum must not be above the limit (CAT-7)."""
    to_minimum = [a for a in tariff.articles if a.counts_to_minimum]
    to_limit = [a for a in tariff.articles if a.counts_to_limit]
    for field, amount, flagged in (
        ("minimum_turnover", tariff.minimum_turnover, to_minimum),
        ("cost_limit", tariff.cost_limit, to_limit),
    ):
        if amount is None:
            continue
        if not flagged:
            yield field, "no article is flagged to count for it"
        elif len({a.billing.every_months for a in flagged}) > 1:
            yield field, "the articles flagged for it have different billing periods"
        elif flagged[0].billing.every_months == 0:
            yield field, "the articles flagged for it are billed once, so there is no period to count in"
    if tariff.minimum_turnover is not None and tariff.cost_limit is not None and tariff.minimum_turnover > tariff.cost_limit:
        yield "minimum_turnover", f"{tariff.minimum_turnover} is above the cost limit of {tariff.cost_limit}"


def _listed(rates: Sequence[Decimal]) -> str:
    return ", ".join(f"{rate} %" for rate in rates)
