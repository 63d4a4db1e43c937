"""What contracts-svc answers about tariffs, decks and the whole catalogue, as the OpenAPI document describes it (API-3).

Prices are euros net of VAT.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from termijn.contracts.api.bodies import PolicyBody
from termijn.contracts.api.catalogue_body import IndexingBody, PublishTariffBody
from termijn.kernel.words import Language
from termijn.runtime.http import Page

# -- Tariffs ---------------------------------------------------------------------------------------------------------


class PublishedTariff(BaseModel):
    """A version that was published (CAT-5)."""

    tariff_id: str
    version: int
    orders_from: date


class ListedTariff(PublishedTariff):
    """A tariff in a list."""

    title: str
    module: str
    is_public: bool


class NumberedTariff(PublishTariffBody):
    """A tariff as it was published."""

    version: int


class TariffAsPublished(BaseModel):
    """A version of a tariff, with all of it (CAT-5)."""

    version: int
    orders_from: date
    is_public: bool
    takes_orders: bool = Field(description="No: it was made for modules that run, by a migration or an indexation.")
    tariff: NumberedTariff


class TariffVersions(BaseModel):
    """Versions of a tariff, newest first."""

    tariff_id: str
    versions: list[TariffAsPublished]


class ListedDraft(BaseModel):
    """A draft in a list."""

    tariff_id: str
    version: int = Field(description="Of the draft; for If-Match.")
    title: str
    module: str
    orders_from: date | None
    saved_at: datetime


class SavedDraft(BaseModel):
    """A draft as it was saved. The tariff in it has no version and no day yet."""

    tariff_id: str
    orders_from: date | None
    tariff: PublishTariffBody


class ShownDraft(SavedDraft):
    """A draft, and when it was saved."""

    saved_at: datetime


# -- Price lists -----------------------------------------------------------------------------------------------------


class PricedArticle(BaseModel):
    """An article on the price list, with its figures and in words."""

    article_id: str
    title: str
    is_highlighted: bool
    is_option: bool
    is_use: bool
    net_price: Decimal | None = Field(description="For ``quantity`` units; null where calls are priced by destination.")
    quantity: Decimal
    unit: str
    price: str = Field(description="In words: 5.00 per 100 pages.")
    included_quantity: Decimal
    included: str | None
    billing: str = Field(description="In words: per month, in advance.")
    vat_rate: Decimal


class PriceSection(BaseModel):
    """Articles under a heading; null at the top where there is none."""

    heading: str | None
    articles: list[PricedArticle]


class PricedFee(BaseModel):
    """What is billed once, at start or end."""

    title: str
    net_price: Decimal
    price: str
    vat_rate: Decimal


class PricedDestination(BaseModel):
    """Calls to a destination; the cheapest and the dearest of its prefixes."""

    name: str
    prefixes: int
    price_per_minute: tuple[Decimal, Decimal]
    connection_fee: tuple[Decimal, Decimal]
    price: str


class PricedDestinations(BaseModel):
    """The deck by destination: how many there are, and the first of them."""

    count: int
    items: list[PricedDestination]


class PriceList(BaseModel):
    """A price list (CAT-8)."""

    tariff_id: str
    version: int
    title: str
    module: str
    language: Language
    orders_from: date | None
    notice: str = Field(description="The name of the notice rule.")
    vat_rate: Decimal
    time_rating: Literal["minute", "second"]
    minimum_turnover: Decimal | None
    cost_limit: Decimal | None
    sections: list[PriceSection]
    fees: list[PricedFee]
    destinations: PricedDestinations | None = Field(description="Null where the tariff has no rate deck.")


class WrongField(BaseModel):
    """A field of a draft that could not be published."""

    field: str
    detail: str


class DraftPreview(BaseModel):
    """The price list of what is being typed, and everything that is wrong with it (CAT-7)."""

    errors: list[WrongField]
    price_list: PriceList


# -- Rate decks ------------------------------------------------------------------------------------------------------


class ListedDeck(BaseModel):
    """The newest version of a rate deck (CAT-9)."""

    deck_id: str
    version: int
    valid_from: date
    rows: int


class DeckVersion(ListedDeck):
    """A version of a rate deck; its rows by their hash."""

    sha256: str
    size_bytes: int


class DeckVersions(BaseModel):
    """All versions of a rate deck, newest first."""

    deck_id: str
    versions: list[DeckVersion]


# -- The catalogue as a whole ----------------------------------------------------------------------------------------


class CatalogueDeck(BaseModel):
    """A rate deck of the catalogue; its rows by their hash."""

    deck_id: str
    valid_from: date
    sha256: str
    rows: int


class WholeCatalogue(BaseModel):
    """All that the provider sells, in the form in which it can be put back."""

    policy: PolicyBody | None
    indexing: IndexingBody | None
    decks: list[CatalogueDeck]
    tariffs: list[PublishTariffBody]


class PlannedField(BaseModel):
    """A field that changes, with its values as text; null where it is not there."""

    path: str
    old: str | None
    new: str | None


class PlannedChange(BaseModel):
    """What becomes of one thing of the catalogue. What is gone from it stays as it is."""

    kind: Literal["policy", "indexing", "deck", "tariff"]
    id: str
    change: Literal["new", "changed", "unchanged", "gone"]
    fields: list[PlannedField]


class CataloguePlan(BaseModel):
    """What an import changes; ``plan`` is the name under which it can be applied just so."""

    plan: str
    is_applied: bool
    changes: list[PlannedChange]


TARIFFS, TARIFF_VERSIONS, DRAFTS, DECKS = Page[ListedTariff], Page[TariffAsPublished], Page[ListedDraft], Page[ListedDeck]
