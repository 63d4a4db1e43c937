"""What another tariff version does to prices: old and new, article by article (CAT-10). Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from termijn.kernel.tariff import Article, Tariff

DISCONNECT, MINIMUM, DECK = "disconnect_fee", "minimum_turnover", "rate_deck"
"""Stand in the place of an article where it is the tariff itself that costs something else."""


class PriceMove(msgspec.Struct, frozen=True, kw_only=True):
    """One price, net euros for ``quantity`` units: None where the article was not there, or will not be.

    ``article`` is an article's id, or one of the names above; ``included`` the free quantities, old and new, where they differ.
    """

    article: str
    title: str
    old: Decimal | None
    new: Decimal | None
    quantity: Decimal = Decimal(1)
    unit: str = "piece"
    included: tuple[Decimal, Decimal] | None = None

    @property
    def is_dearer(self) -> bool:
        """Whether the customer may pay more by it. A new rate deck may charge more for some call, so it counts as dearer."""
        if self.article == DECK or (self.included is not None and self.included[1] < self.included[0]):
            return True
        return (self.new or 0) > (self.old or 0)


def moves_between(old: Tariff, new: Tariff) -> tuple[PriceMove, ...]:
    """Every price that differs, in the order of the new price list; options count, for they may be running."""
    before = {article.article_id: article for article in old.articles}
    after = {article.article_id for article in new.articles}
    moves = [move for article in new.articles if (move := _moved(before.get(article.article_id), article)) is not None]
    moves += [_gone(article) for article in old.articles if article.article_id not in after and article.net_price]
    return (*moves, *_of_the_tariff(old, new))


def is_dearer(moves: Sequence[PriceMove]) -> bool:
    """Whether anything costs more."""
    return any(move.is_dearer for move in moves)


def _moved(old: Article | None, new: Article) -> PriceMove | None:
    if old is None:
        move = PriceMove(
            article=new.article_id, title=new.name_on_documents, old=None, new=new.net_price, quantity=new.quantity, unit=new.unit
        )
        return move if new.net_price else None
    same_price = old.net_price * new.quantity == new.net_price * old.quantity and old.billing == new.billing and old.unit == new.unit
    if same_price and old.included_quantity == new.included_quantity:
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
    )


def _gone(old: Article) -> PriceMove:
    return PriceMove(article=old.article_id, title=old.name_on_documents, old=old.net_price, new=None, quantity=old.quantity, unit=old.unit)


def _of_the_tariff(old: Tariff, new: Tariff) -> Sequence[PriceMove]:
    """The connect fee was paid long ago; the disconnect fee and the minimum are still to come."""
    moves = []
    if old.disconnect_fee != new.disconnect_fee:
        moves.append(PriceMove(article=DISCONNECT, title=DISCONNECT, old=old.disconnect_fee, new=new.disconnect_fee))
    if old.minimum_turnover != new.minimum_turnover:
        moves.append(PriceMove(article=MINIMUM, title=MINIMUM, old=old.minimum_turnover, new=new.minimum_turnover))
    if (old.deck_id, old.time_rating) != (new.deck_id, new.time_rating):
        moves.append(PriceMove(article=DECK, title=DECK, old=None, new=None))
    return moves
