"""A whole catalogue in and out: what there is, and putting another in its place, all of it or nothing (CAT-5, CAT-7, CAT-9)."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from termijn.contracts.catalogue_plan import Catalogue, Change, DeckEntry, TariffEntry, digest_of, faults, plan
from termijn.contracts.catalogue_views import SQL
from termijn.contracts.deck_file import canonical, read
from termijn.contracts.errors import BadDeck
from termijn.contracts.indexation_policy import INDEXING, Indexing
from termijn.contracts.ordering import QUERIES
from termijn.contracts.policy import POLICY, Policy
from termijn.contracts.publishing import publish
from termijn.contracts.rate_deck import RATE_DECK, PublishDeck
from termijn.contracts.tariff_check import ERRORS_MAX, Fault
from termijn.events.base import Blob
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import Conflict, InvalidInput
from termijn.kernel.ids import CATALOGUE, DeckId
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT, Replace
from termijn.runtime.sql import Row

Fetch = Callable[..., Awaitable[Sequence[Row]]]
"""``Work.fetch`` or ``Reader.fetch``."""


class BadCatalogue(InvalidInput):
    """{count} errors, nothing was changed; the first: {field}: {reason}"""


class PlanChanged(Conflict):
    """The catalogue changed since that plan was made; look at the new one."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue as it was sent: ``csv`` has the canonical rows of decks that were sent with their rows."""

    catalogue: Catalogue
    csv: Mapping[str, bytes]
    named_decks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


async def catalogue_of(fetch: Fetch, provider: str) -> Catalogue:
    """What there is: settings, the newest version of every deck, and of every tariff the version that was published last."""
    policy = await fetch(QUERIES["policy"], provider)
    indexing = await fetch(SQL["indexing"], provider)
    return Catalogue(
        policy=msgspec.json.decode(policy[0]["policy"], type=Policy) if policy else Policy(),
        indexing=msgspec.json.decode(indexing[0]["indexing"], type=Indexing) if indexing else Indexing(),
        decks=tuple(
            DeckEntry(deck_id=DeckId(row["deck_id"]), valid_from=row["valid_from"], sha256=row["sha256"], rows=row["rows"])
            for row in await fetch(SQL["catalogue_decks"], provider)
        ),
        tariffs=tuple(
            TariffEntry(tariff=msgspec.json.decode(row["tariff"], type=Tariff), orders_from=row["orders_from"])
            for row in await fetch(SQL["catalogue_tariffs"], provider)
        ),
    )


def read_decks(decks: Sequence[Mapping[str, Any]], known: Mapping[str, DeckEntry]) -> tuple[list[DeckEntry], dict[str, bytes], list[Fault]]:
    """The decks of what was sent: their rows read, or found by their hash among those that there are (CAT-9)."""
    entries, csv, wrong = [], {}, []
    for index, deck in enumerate(decks):
        deck_id, present = deck["deck_id"], known.get(deck["deck_id"])
        if deck["csv"] is None:
            if present is None or present.sha256 != deck["sha256"]:
                wrong.append((f"decks.{index}.csv", "its rows are needed: these are not the ones that there are"))
                continue
            entries.append(msgspec.structs.replace(present, valid_from=deck["valid_from"]))
            continue
        try:
            rows = read(deck["csv"].encode())
        except BadDeck as refused:
            wrong += [(f"decks.{index}.csv", f"{error['field']}: {error['detail']}") for error in refused.errors]
            continue
        csv[deck_id] = canonical(rows)
        sha256 = hashlib.sha256(csv[deck_id]).hexdigest()
        entries.append(DeckEntry(deck_id=DeckId(deck_id), valid_from=deck["valid_from"], sha256=sha256, rows=len(rows)))
    return entries, csv, wrong


def planned(present: Catalogue, wanted: Wanted) -> tuple[Change, ...]:
    """What would change. Raises ``BadCatalogue`` with everything that is wrong (CAT-7)."""
    wrong = [*wanted.faults, *faults(present, wanted.catalogue, named_decks=wanted.named_decks)]
    if wrong:
        (field, reason), errors = wrong[0], [{"field": field, "detail": reason} for field, reason in wrong[:ERRORS_MAX]]
        raise BadCatalogue(field=field, reason=reason, count=len(wrong), errors=errors)
    return plan(present, wanted.catalogue)


async def apply(work: Work, wanted: Wanted, *, expected: str | None) -> tuple[Change, ...]:
    """Put it in place in this transaction: settings, decks, then tariffs that name them. ``expected``: the plan that was seen."""
    present = await catalogue_of(work.fetch, work.provider)
    changes = planned(present, wanted)
    if expected is not None and expected != digest_of(changes):
        raise PlanChanged
    to_do = {(change.kind, change.id) for change in changes if change.change in ("new", "changed")}
    catalogue = wanted.catalogue
    if catalogue.policy is not None and ("policy", "policy") in to_do:
        await work.execute(POLICY, CURRENT, Replace(now=work.now, value=catalogue.policy), account=CATALOGUE)
    if catalogue.indexing is not None and ("indexing", "indexing") in to_do:
        await work.execute(INDEXING, CURRENT, Replace(now=work.now, value=catalogue.indexing), account=CATALOGUE)
    for deck in catalogue.decks:
        if ("deck", deck.deck_id) in to_do:
            await _publish_deck(work, deck, wanted.csv)
    dates = {one.tariff.tariff_id: one.orders_from for one in present.tariffs}
    for one in catalogue.tariffs:
        tariff_id = one.tariff.tariff_id
        if ("tariff", tariff_id) in to_do:
            await publish(work, one.tariff, orders_from=one.orders_from or dates.get(tariff_id) or day_of(work.now))
    return changes


async def _publish_deck(work: Work, deck: DeckEntry, csv: Mapping[str, bytes]) -> None:
    """Rows that are there already are the same blob: only the day is new."""
    content = csv.get(deck.deck_id)
    if content is None:
        (row,) = await work.fetch(SQL["deck_by_content"], work.provider, deck.deck_id, deck.sha256)
        blob = Blob(sha256=deck.sha256, size_bytes=row["size_bytes"], address=f"{work.provider}/{deck.sha256}")
    else:
        blob = await work.blobs.put(work.provider, content)
    command = PublishDeck(now=work.now, deck_id=deck.deck_id, valid_from=deck.valid_from, rows=deck.rows, blob=blob)
    await work.execute(RATE_DECK, deck.deck_id, command, account=CATALOGUE)
