"""Facts looked up for the catalogue's decisions: VAT rates in use, whether a deck exists, what a version is. No rule is decided here."""

from collections.abc import Sequence
from datetime import date

from termijn.contracts.deck_file import DeckRow, Destination, canonical, destinations, read
from termijn.contracts.errors import BadDeck
from termijn.contracts.indexation import INDEXATION, StartIndexation
from termijn.contracts.indexing import indexed
from termijn.contracts.migration import MIGRATION, StartMigration, VersionMove
from termijn.contracts.migration_step import count_to_move, version_of, versions_to_index
from termijn.contracts.ordering import policy_of
from termijn.contracts.price_change import check_announced_in_time
from termijn.contracts.price_move import moves_between
from termijn.contracts.rate_deck import RATE_DECK, PublishDeck
from termijn.contracts.tariff import TARIFF, PublishTariff
from termijn.contracts.tariff_draft import TARIFF_DRAFT, CloseDraft, SaveDraft
from termijn.events.contracts import RateDeckPublished, TariffPublished
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import CATALOGUE, DeckId, ModuleId, TariffId
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Work


async def deck_exists(work: Work, deck_id: DeckId | None) -> bool:
    """Whether any version of the deck was published."""
    return deck_id is not None and (await work.load(RATE_DECK, deck_id)).versions > 0


async def publish(work: Work, tariff: Tariff, *, orders_from: date, takes_orders: bool = True) -> TariffPublished:
    """Publish a version (CAT-5)."""
    command = PublishTariff(
        now=work.now,
        tariff=tariff,
        orders_from=orders_from,
        vat_rates=(await policy_of(work)).vat_rates,
        deck_exists=await deck_exists(work, tariff.deck_id),
        takes_orders=takes_orders,
    )
    (published,) = await work.execute(TARIFF, tariff.tariff_id, command, account=CATALOGUE)
    return published


async def save_draft(work: Work, tariff: Tariff, *, orders_from: date | None) -> None:
    """Save a draft (CAT-5, CAT-7)."""
    command = SaveDraft(
        now=work.now,
        tariff=tariff,
        orders_from=orders_from,
        vat_rates=(await policy_of(work)).vat_rates,
        deck_exists=await deck_exists(work, tariff.deck_id),
        kind=(await work.load(TARIFF, tariff.tariff_id)).kind,
    )
    await work.execute(TARIFF_DRAFT, tariff.tariff_id, command, account=CATALOGUE)


async def publish_draft(work: Work, tariff_id: TariffId, *, orders_from: date | None) -> TariffPublished:
    """The draft becomes a version, and is a draft no longer; both or neither (CAT-5)."""
    draft = await work.load(TARIFF_DRAFT, tariff_id)
    if draft.tariff is None:
        raise NotFound(what="draft of tariff", id=tariff_id)
    published = await publish(work, draft.tariff, orders_from=orders_from or draft.orders_from or day_of(work.now))
    closing = CloseDraft(now=work.now, tariff_id=tariff_id, version=published.tariff.version)
    await work.execute(TARIFF_DRAFT, tariff_id, closing, account=CATALOGUE)
    return published


class ReadDeck:
    """A deck file that was read outside of any transaction: its rows as they are stored, or the refusal to raise inside of one."""

    def __init__(self, content: bytes) -> None:
        self._refusal: BadDeck | None = None
        self.csv, self.rows = b"", 0
        try:
            rows = read(content)
        except BadDeck as refused:
            self._refusal = refused
        else:
            self.csv, self.rows = canonical(rows), len(rows)

    def must_be_good(self) -> None:
        """Raise the refusal, where there is one."""
        if self._refusal is not None:
            raise self._refusal


async def publish_deck(work: Work, deck_id: DeckId, deck: ReadDeck, *, valid_from: date) -> RateDeckPublished:
    """Publish a version of a rate deck (CAT-9)."""
    deck.must_be_good()
    blob = await work.blobs.put(work.provider, deck.csv)
    command = PublishDeck(now=work.now, deck_id=deck_id, valid_from=valid_from, rows=deck.rows, blob=blob)
    (published,) = await work.execute(RATE_DECK, deck_id, command, account=CATALOGUE)
    return published


def destinations_of(content: bytes) -> tuple[Destination, ...]:
    """What a stored deck says by destination (CAT-8)."""
    rows: Sequence[DeckRow] = read(content)
    return destinations(rows)


async def migrate(
    work: Work,
    migration_id: str,
    tariff_id: TariffId,
    *,
    from_version: int | None,
    to_version: int,
    effective_on: date,
    only: Sequence[str],
) -> None:
    """Start moving modules to another version (CAT-5): from one version, or (None) from every other one."""
    versions = (await work.load(TARIFF, tariff_id)).versions
    if not versions:
        raise NotFound(what="tariff", id=tariff_id)
    for field, number in (("to_version", to_version), ("from_version", from_version)):
        if number is not None and not 1 <= number <= len(versions):
            raise InvalidInput(field=field, reason=f"{tariff_id} has no version {number}")
    numbers = [from_version] if from_version is not None else range(1, len(versions) + 1)
    moves = tuple(
        VersionMove(tariff_id=tariff_id, from_version=number, to_version=to_version) for number in numbers if number != to_version
    )
    for move in moves:
        old, new = versions[move.from_version - 1].tariff, versions[to_version - 1].tariff
        check_announced_in_time(moves_between(old, new), from_on=effective_on, today=day_of(work.now))
    await start_migration(work, migration_id, moves, effective_on=effective_on, only=tuple(ModuleId(one) for one in only))


async def start_migration(
    work: Work,
    migration_id: str,
    moves: tuple[VersionMove, ...],
    *,
    effective_on: date,
    only: tuple[ModuleId, ...] = (),
    is_indexation: bool = False,
) -> None:
    """Hand the modules to the worker; how many they are is told at once."""
    command = StartMigration(
        now=work.now,
        migration_id=migration_id,
        moves=moves,
        effective_on=effective_on,
        is_indexation=is_indexation,
        only=only,
        modules=await count_to_move(work, moves, effective_on=effective_on, only=only),
    )
    await work.execute(MIGRATION, migration_id, command, account=CATALOGUE)


async def start_indexation(work: Work, indexation_id: str) -> None:
    """Publish the indexed versions and start moving the modules to them, all or nothing (CAT-10)."""
    plan = await work.load(INDEXATION, indexation_id)
    tariffs = sorted({one.tariff_id for one in plan.versions})
    now_in_use = await versions_to_index(work, tariffs, on=plan.effective_on) if tariffs else ()
    await work.execute(
        INDEXATION, indexation_id, StartIndexation(now=work.now, indexation_id=indexation_id, versions=now_in_use), account=CATALOGUE
    )
    moves = []
    for one in plan.versions:
        tariff = indexed(await version_of(work, one.tariff_id, one.version), plan.percentage)
        published = await publish(work, tariff, orders_from=plan.effective_on, takes_orders=one.takes_orders)
        moves.append(VersionMove(tariff_id=one.tariff_id, from_version=one.version, to_version=published.tariff.version))
    await start_migration(work, indexation_id, tuple(moves), effective_on=plan.effective_on, is_indexation=True)
