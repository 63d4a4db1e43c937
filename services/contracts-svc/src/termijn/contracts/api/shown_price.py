"""What contracts-svc answers about price changes, as the OpenAPI document describes it (API-3). Prices are euros net of VAT."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from termijn.runtime.http import Page


class UnderWay(BaseModel):
    """Long work that was accepted (API-2)."""

    migration_id: str
    progress: str = Field(description="The address, within this service, at which it says how far it is.")


class IndexationUnderWay(UnderWay):
    """An indexation that was started; it goes on as a migration."""

    indexation_id: str


class ListedMigration(BaseModel):
    """Modules that move to other versions, and how far that is (API-2)."""

    migration_id: str
    version: int
    state: Literal["running", "finished"]
    is_indexation: bool
    effective_on: date
    modules: int = Field(description="How many there were to move.")
    announced: int
    skipped: int
    started_at: datetime
    finished_at: datetime | None


class MovedVersion(BaseModel):
    """From one version of a tariff to another."""

    tariff_id: str
    from_version: int
    to_version: int


class WholeMigration(ListedMigration):
    """A migration with its versions."""

    moves: list[MovedVersion]


class MigratedModule(BaseModel):
    """What became of a module of a migration."""

    module_id: str
    account: str
    state: Literal["announced", "in_force", "dropped", "skipped"]
    from_on: date | None
    may_end_free_until: date | None
    reason: str | None = Field(description="Why it stays on its version.")


class BillingThen(BaseModel):
    """Once (0) or every so many months, in advance or in arrears."""

    every_months: int
    paid_in: Literal["advance", "arrears"] = Field(alias="in")


class MovedPrice(BaseModel):
    """A price, old and new, for ``quantity`` units; null where the article was not there, or will not be."""

    article: str = Field(description="The article's id, or disconnect_fee, minimum_turnover, cost_limit, rate_deck.")
    title: str
    old: Decimal | None
    new: Decimal | None
    quantity: Decimal
    unit: str
    included: tuple[Decimal, Decimal] | None = Field(description="The free quantities, old and new, where they differ.")
    billing: tuple[BillingThen, BillingThen] | None = Field(None, description="How often it bills, old and new, where they differ.")
    is_counted_otherwise: bool = Field(False, description="What it is charged for, or what it counts for, is not what it was.")


class ListedIndexation(BaseModel):
    """A plan to index prices (CAT-10)."""

    indexation_id: str
    version: int
    state: Literal["planned", "started", "discarded"]
    effective_on: date
    percentage: Decimal
    basis: str = Field(description="Where the percentage comes from, in words.")
    planned_at: datetime


class IndexedTariff(BaseModel):
    """A tariff version that is indexed, with every price that changes."""

    tariff_id: str
    version: int
    title: str
    takes_orders: bool
    is_indexation_agreed: bool
    prices: list[MovedPrice]


class WholeIndexation(ListedIndexation):
    """A plan with its preview."""

    rounding: str = Field(description="How new prices are rounded, in words.")
    versions: list[IndexedTariff]


class AccountPriceChange(BaseModel):
    """A price change of a module, as it was announced (CAT-10)."""

    module_id: str
    change_id: str
    tariff_id: str
    from_version: int
    to_version: int
    from_on: date
    is_indexation: bool
    may_end_free_until: date | None
    moves: list[MovedPrice]
    state: Literal["announced", "in_force", "dropped"]
    reason: str | None
    announced_at: datetime


class DroppedPriceChange(BaseModel):
    """An announcement that was taken back; ``version`` is the module's."""

    module_id: str
    change_id: str
    state: Literal["dropped"]
    version: int


MIGRATIONS, MIGRATED_MODULES = Page[ListedMigration], Page[MigratedModule]
INDEXATIONS, PRICE_CHANGES = Page[ListedIndexation], Page[AccountPriceChange]
