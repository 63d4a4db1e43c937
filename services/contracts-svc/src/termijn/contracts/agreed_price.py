"""What a module costs, as a confirmation says it: each price with how it is billed, fees, limits, and what comes on top (CAT-8, CON-6).

The words of prices are those of the price list; what they come to for the quantity is computed as rating bills a whole period.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from termijn.contracts.letter_frame import Both
from termijn.contracts.price_list import billing_text, included_text, period_text, price_text
from termijn.events.contracts import AccountFacts
from termijn.kernel.money import exact_cents, vat_of
from termijn.kernel.tariff import Article, Tariff
from termijn.kernel.words import Language, decimal, euros

_HEADING = Both("Prijzen, exclusief btw:", "Prices, excluding VAT:")
_TIMES = Both("voor {quantity} stuks {total}", "for {quantity} pieces {total}")
_WITH_VAT = Both("{total} inclusief btw", "{total} including VAT")
_PER_DESTINATION = Both(
    "volgens het tarievenblad per bestemming, dat u bij het tarief in uw klantomgeving vindt",
    "by the rate deck per destination, which you find with the tariff in your customer pages",
)
_ONCE = Both("{amount}, eenmalig", "{amount}, once")
_CONNECT, _DISCONNECT = Both("Aansluitkosten", "Connect fee"), Both("Afsluitkosten", "Disconnect fee")
_MINIMUM = Both("Minimumomzet: {amount} per facturatieperiode", "Minimum turnover: {amount} per billing period")
_LIMIT = Both("Kostenlimiet: {amount} per facturatieperiode", "Cost limit: {amount} per billing period")

_STANDARD = Both("Op de factuur komt daar {rates}% btw bij.", "VAT of {rates}% is added on the invoice.")
_NOT_TAXABLE = Both("Over deze prijzen brengen wij u geen btw in rekening.", "We charge you no VAT on these prices.")
_RESOLD = Both(
    "Telecommunicatie verkoopt u door; daarover is de btw naar u verlegd. Over de rest komt op de factuur {rates}% btw.",
    "You resell telecommunication; VAT on it is reverse charged. On the rest VAT of {rates}% is added on the invoice.",
)
_ABROAD = Both(
    "Welke btw geldt, volgt uit uw land ({country}) en btw-nummer; de factuur vermeldt het met de reden.",
    "Which VAT applies follows from your country ({country}) and VAT number; the invoice says so, with the reason.",
)


def price_paragraph(
    tariff: Tariff, *, quantity: int, options: Sequence[str], customer: AccountFacts, language: Language, begins: bool
) -> str:
    """All prices of a module of this quantity, with these options; where it ``begins``, also what is billed once (CON-3)."""
    chosen = [article for article in tariff.articles if not article.is_option or article.article_id in options]
    chosen = [article for article in chosen if begins or article.billing.every_months]
    lines = [price_line(one, tariff, 1 if one.is_option else quantity, customer, language) for one in chosen if _costs(one)]
    lines += [f"- {one}" for one in _beside(tariff, language, fees=begins)]
    return "\n".join([_HEADING.to(language), *lines, vat_sentence(tariff, chosen, customer, language)]) if lines else ""


def price_line(article: Article, tariff: Tariff, quantity: int, customer: AccountFacts, language: Language) -> str:
    """One article: its price as the price list says it, and what that makes for so many."""
    is_use = article.usage_key is not None and not article.is_fixed_price
    if is_use and tariff.deck_id is not None and article.unit in ("minute", "second"):
        return f"- {article.title}: {_PER_DESTINATION.to(language)}"
    said = f"- {article.title}: {_sign(language)} {price_text(article, language)}"
    if is_use:
        included = included_text(article, language)
        return f"{said}, {included}" if included else said
    _, _, paid = billing_text(article.billing, language).partition(", ")
    beside = [paid] if paid else []
    total = exact_cents(Fraction(article.net_price) / Fraction(article.quantity) * quantity)
    if quantity != 1:
        period = period_text(article.billing.every_months, language)
        beside.append(_TIMES.to(language).format(quantity=decimal(Decimal(quantity), language), total=f"{euros(total, language)} {period}"))
    if customer.debtor_kind == "consumer" and customer.is_taxable:
        # A consumer is told what it comes to with VAT (BW 6:230m; prices are net all the same).
        rate = tariff.vat_rate if article.vat_rate is None else article.vat_rate
        beside.append(_WITH_VAT.to(language).format(total=euros(total + vat_of(total, rate), language)))
    return ", ".join([said, *beside])


def vat_sentence(tariff: Tariff, articles: Iterable[Article], customer: AccountFacts, language: Language) -> str:
    """What comes on top. Which treatment a line gets is decided when it is billed (INV-8); this says what to expect."""
    rates = sorted({tariff.vat_rate if one.vat_rate is None else one.vat_rate for one in articles} or {tariff.vat_rate})
    resells = customer.is_telecom_reseller and (tariff.is_telecom or any(one.kind == "telecom" for one in articles))
    return vat_said(rates, customer, language, resells_it=resells)


def vat_said(rates: Sequence[Decimal], customer: AccountFacts, language: Language, *, resells_it: bool = False) -> str:
    """The same for what has these rates."""
    if not customer.is_taxable:
        return _NOT_TAXABLE.to(language)
    if customer.vat_country != "NL":
        return _ABROAD.to(language).format(country=customer.vat_country)
    listed = "% / ".join(decimal(rate, language) for rate in rates)
    return (_RESOLD if resells_it else _STANDARD).to(language).format(rates=listed)


def disconnect_fee(tariff: Tariff, language: Language) -> str:
    """What the end of the module costs, as an amount; the empty string where it is free."""
    return euros(tariff.disconnect_fee, language) if tariff.disconnect_fee else ""


def _beside(tariff: Tariff, language: Language, *, fees: bool) -> Iterator[str]:
    for name, fee in ((_CONNECT, tariff.connect_fee), (_DISCONNECT, tariff.disconnect_fee)):
        if fee and fees:
            yield f"{name.to(language)}: {_ONCE.to(language).format(amount=euros(fee, language))}"
    for sentence, amount in ((_MINIMUM, tariff.minimum_turnover), (_LIMIT, tariff.cost_limit)):
        if amount is not None:
            yield sentence.to(language).format(amount=euros(amount, language))


def _costs(article: Article) -> bool:
    """Headings that cost nothing are no lines."""
    return bool(article.net_price) or article.usage_key is not None


def _sign(language: Language) -> str:
    return "€" if language == "nl" else "EUR"
