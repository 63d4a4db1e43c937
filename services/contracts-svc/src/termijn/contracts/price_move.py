"""What another tariff version does to prices: old and new, article by article (CAT-10). Pure."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from termijn.kernel.tariff import Article, Billing, Tariff

DISCONNECT, MINIMUM, LIMIT, DECK = "disconnect_fee", "minimum_turnover", "cost_limit", "rate_deck"
"""Stand in the place of an article where it is the tariff itself that costs something else."""


class PriceMove(msgspec.Struct, frozen=True, kw_only=True):
    """One price, net euros for ``quantity`` units: None where the article was not there, or will not be.

    ``article`` is an article's id, or one of the names above. Old and new, where they differ: ``included`` the free quantities,
    ``billing`` how often it bills. ``is_counted_otherwise``: what it is charged for, or what it counts for, is not what it was.
    """

    article: str
    title: str
    old: Decimal | None
    new: Decimal | None
    quantity: Decimal = Decimal(1)
    unit: str = "piece"
    included: tuple[Decimal, Decimal] | None = None
    billing: tuple[Billing, Billing] | None = None
    is_counted_otherwise: bool = False

    @property
    def is_dearer(self) -> bool:
        """Whether the customer may pay more by it.

        A new rate deck may charge more for some call, and what is counted otherwise more for some use, so they count as dearer. A price
        that bills more often is compared by the month. No cost limit is a higher one than any.
        """
        if self.article == DECK or self.is_counted_otherwise or (self.included is not None and self.included[1] < self.included[0]):
            return True
        if self.article == LIMIT:
            return self.old is not None and (self.new is None or self.new > self.old)
        return self._by_the_month(self.new, 1) > self._by_the_month(self.old, 0)

    def _by_the_month(self, price: Decimal | None, which: int) -> Fraction:
        """What bills once is no part of any month: for it, and for what takes its place, the prices themselves are compared."""
        months = [one.every_months for one in self.billing or ()]
        return Fraction(price or 0) / (months[which] if months and all(months) else 1)


def moves_between(old: Tariff, new: Tariff) -> tuple[PriceMove, ...]:
    """Every price that differs, in the order of the new price list; options count, for they may be running.

    An option that every module is to have from then on is new to who did not take it; what becomes an option is gone for all.
    """
    before = {article.article_id: article for article in old.articles}
    after = {article.article_id: article for article in new.articles}
    became = {one for one, article in after.items() if one in before and before[one].is_option != article.is_option}
    before = {one: article for one, article in before.items() if one not in became or not article.is_option}
    after = {one: article for one, article in after.items() if one not in became or not article.is_option}
    counted = _counted_by(old, new)
    moves = [move for article in after.values() if (move := _moved(before.get(article.article_id), article, counted)) is not None]
    moves += [_gone(article) for article in before.values() if article.article_id not in after and article.net_price]
    return (*moves, *_of_the_tariff(old, new))


def is_dearer(moves: Sequence[PriceMove]) -> bool:
    """Whether anything costs more."""
    return any(move.is_dearer for move in moves)


def _counted_by(old: Tariff, new: Tariff) -> Sequence[str]:
    """What, besides its price, says what an article comes to; minimum and limit only where there is one."""
    of_minimum = ["counts_to_minimum"] if (old.minimum_turnover, new.minimum_turnover) != (None, None) else []
    of_limit = ["counts_to_limit"] if (old.cost_limit, new.cost_limit) != (None, None) else []
    return ["usage_key", "is_fixed_price", "unit", *of_minimum, *of_limit]


def _moved(old: Article | None, new: Article, counted: Sequence[str]) -> PriceMove | None:
    if old is None:
        move = PriceMove(
            article=new.article_id, title=new.name_on_documents, old=None, new=new.net_price, quantity=new.quantity, unit=new.unit
        )
        return move if new.net_price else None
    same_price = old.net_price * new.quantity == new.net_price * old.quantity and old.billing == new.billing
    is_counted_otherwise = any(getattr(old, name) != getattr(new, name) for name in counted)
    if same_price and not is_counted_otherwise and old.included_quantity == new.included_quantity:
        return None
    return PriceMove(
        article=new.article_id,
        title=new.name_on_documents,
        # The old price for as many units as the new one is for, so that the two can be compared. Exact: shown, never billed.
        old=old.net_price if old.quantity == new.quantity else old.net_price * new.quantity / old.quantity,
        new=new.net_price,
        quantity=new.quantity,
        unit=new.unit,
        included=(old.included_quantity, new.included_quantity) if old.included_quantity != new.included_quantity else None,
        billing=(old.billing, new.billing) if old.billing != new.billing else None,
        is_counted_otherwise=is_counted_otherwise,
    )


def _gone(old: Article) -> PriceMove:
    return PriceMove(article=old.article_id, title=old.name_on_documents, old=old.net_price, new=None, quantity=old.quantity, unit=old.unit)


def _of_the_tariff(old: Tariff, new: Tariff) -> Sequence[PriceMove]:
    """The connect fee was paid long ago; the disconnect fee, the minimum and the limit are still to come."""
    moves = []
    if old.disconnect_fee != new.disconnect_fee:
        moves.append(PriceMove(article=DISCONNECT, title=DISCONNECT, old=old.disconnect_fee, new=new.disconnect_fee))
    if old.minimum_turnover != new.minimum_turnover:
        moves.append(PriceMove(article=MINIMUM, title=MINIMUM, old=old.minimum_turnover, new=new.minimum_turnover))
    if old.cost_limit != new.cost_limit:
        moves.append(PriceMove(article=LIMIT, title=LIMIT, old=old.cost_limit, new=new.cost_limit))
    if (old.deck_id, old.time_rating) != (new.deck_id, new.time_rating):
        moves.append(PriceMove(article=DECK, title=DECK, old=None, new=None))
    return moves
