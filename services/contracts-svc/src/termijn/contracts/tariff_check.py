"""What makes a tariff sellable: the refusals of CAT-7, each naming the field.

Pure. A tariff is refused with everything that is wrong with it at once, so that a form shows each error at its field.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from termijn.contracts.errors import BadTariff
from termijn.kernel import notice
from termijn.kernel.errors import InvalidInput
from termijn.kernel.period import PERIOD_MONTHS
from termijn.kernel.tariff import Article, NoticeRule, Tariff

ARTICLES_MAX = 200
"""Articles in one tariff: a price list that people can still read, and an event well below its 256 KiB."""
PRICE_MAX = Decimal(10_000_000)
"""Euros. A larger net price is a typing error."""
PRICE_DECIMALS_MAX = 6
"""Rating counts in micro-euros; a finer price could not be rated exactly (USE-11)."""
ERRORS_MAX = 100
"""Errors told at once: more than anybody repairs in one go."""

Fault = tuple[str, str]
"""A dotted path (``articles.2.net_price``) and what is wrong there."""


def check(tariff: Tariff, *, vat_rates: Sequence[Decimal], deck_exists: bool, kind: str | None = None) -> None:
    """Raise ``BadTariff`` with all that is wrong (CAT-7); ``field`` is the path of the first, ``errors`` has each.

    - ``vat_rates``: the percentages that may be named.
    - ``deck_exists``: whether the deck that the tariff names was published.
    - ``kind``: the module of the tariff's earlier versions, None for a new tariff.
    """
    refuse(faults_of(tariff, vat_rates=vat_rates, deck_exists=deck_exists, kind=kind))


def faults_of(tariff: Tariff, *, vat_rates: Sequence[Decimal], deck_exists: bool, kind: str | None) -> list[Fault]:
    """All that is wrong, none where it may be published; as ``check``."""
    return [*_faults(tariff, vat_rates), *_surroundings(tariff, deck_exists=deck_exists, kind=kind)]


def refuse(faults: Sequence[Fault]) -> None:
    """Raise ``BadTariff`` where there are faults."""
    if faults:
        (field, reason), errors = faults[0], [{"field": field, "detail": f"{field}: {reason}"} for field, reason in faults[:ERRORS_MAX]]
        raise BadTariff(field=field, reason=reason, errors=errors)


def _surroundings(tariff: Tariff, *, deck_exists: bool, kind: str | None) -> Iterator[Fault]:
    """A tariff belongs to one module kind for good (CAT-1): the orders that run on it could not be told apart otherwise."""
    if tariff.deck_id is not None and not deck_exists:
        yield "deck_id", f"there is no rate deck {tariff.deck_id}"
    if kind is not None and kind != tariff.module:
        yield "module", f"this tariff is one of {kind}, and stays so"


def _faults(tariff: Tariff, vat_rates: Sequence[Decimal]) -> Iterator[Fault]:
    if not tariff.title.strip():
        yield "title", "is empty"
    if not tariff.module.strip():
        yield "module", "is empty"
    yield from _rule_faults("notice", tariff.notice)
    if tariff.vat_rate not in vat_rates:
        yield "vat_rate", f"{tariff.vat_rate} % is not a VAT rate that is in use ({_listed(vat_rates)})"
    for field in ("minimum_turnover", "cost_limit", "tolerance", "connect_fee", "disconnect_fee"):
        yield from _amount_faults(field, getattr(tariff, field))
    if not tariff.revenue_group.strip():
        yield "revenue_group", "is empty"
    if not tariff.ledger_account.strip():
        yield "ledger_account", "is empty"
    if not tariff.articles:
        yield "articles", "a tariff needs at least one article"
    if len(tariff.articles) > ARTICLES_MAX:
        yield "articles", f"at most {ARTICLES_MAX} articles"
    for index, article in enumerate(tariff.articles):
        yield from _article_faults(f"articles.{index}", article, vat_rates)
    yield from _twice(tariff)
    yield from _minimum_and_limit(tariff)


def _article_faults(path: str, article: Article, vat_rates: Sequence[Decimal]) -> Iterator[Fault]:
    if not article.title.strip():
        yield f"{path}.title", "is empty"
    if article.notice is not None:
        yield from _rule_faults(f"{path}.notice", article.notice)
    for field in ("net_price", "included_quantity", "reference_price", "quantity"):
        yield from _amount_faults(f"{path}.{field}", getattr(article, field))
    if article.quantity.is_finite() and article.quantity == 0:
        yield f"{path}.quantity", "is zero: a price is for one unit or more"
    if article.vat_rate is not None and article.vat_rate not in vat_rates:
        yield f"{path}.vat_rate", f"{article.vat_rate} % is not a VAT rate that is in use ({_listed(vat_rates)})"
    if article.billing.every_months not in (0, *PERIOD_MONTHS):
        yield f"{path}.billing.every_months", f"is 0 (once) or {', '.join(map(str, PERIOD_MONTHS))}"


def _rule_faults(path: str, rule: NoticeRule) -> Iterator[Fault]:
    try:
        notice.check(rule, field=path)
    except InvalidInput as refused:
        yield refused.field or path, str(refused.facts["reason"])


def _amount_faults(field: str, amount: Decimal | None) -> Iterator[Fault]:
    """No negative prices (CAT-7); and nothing that could not be rated exactly."""
    if amount is None:
        return
    if not amount.is_finite():
        yield field, "is not a number"
    elif amount < 0:
        yield field, "is negative"
    elif amount > PRICE_MAX:
        yield field, f"is over {PRICE_MAX}"
    elif len(f"{amount:f}".partition(".")[2].rstrip("0")) > PRICE_DECIMALS_MAX:
        yield field, f"has more than {PRICE_DECIMALS_MAX} decimals"


def _twice(tariff: Tariff) -> Iterator[Fault]:
    ids: set[str] = set()
    keys: set[str] = set()
    for index, article in enumerate(tariff.articles):
        if article.article_id in ids:
            yield f"articles.{index}.article_id", f"{article.article_id} is there twice"
        ids.add(article.article_id)
        if article.usage_key is not None and article.usage_key in keys:
            yield f"articles.{index}.usage_key", f"{article.usage_key} is there twice: a record could not tell which article prices it"
        keys.update({article.usage_key} if article.usage_key is not None else ())


def _minimum_and_limit(tariff: Tariff) -> Iterator[Fault]:
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
    minimum, limit = tariff.minimum_turnover, tariff.cost_limit
    if minimum is not None and limit is not None and minimum.is_finite() and limit.is_finite() and minimum > limit:
        yield "minimum_turnover", f"{minimum} is above the cost limit of {limit}"


def _listed(rates: Sequence[Decimal]) -> str:
    return ", ".join(f"{rate} %" for rate in rates)
