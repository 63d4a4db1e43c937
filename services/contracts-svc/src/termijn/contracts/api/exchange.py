"""Routes of the catalogue as a whole: out for version control, and in again, with a plan before it is applied (CAT-5, CAT-7)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Response

from termijn.contracts.api.catalogue_body import CatalogueBody
from termijn.contracts.api.shown_catalogue import CataloguePlan, WholeCatalogue
from termijn.contracts.catalogue_exchange import Wanted, apply, catalogue_of, planned, read_decks
from termijn.contracts.catalogue_plan import Catalogue, Change, DeckEntry, TariffEntry, digest_of
from termijn.contracts.indexation_policy import Indexing
from termijn.contracts.policy import Policy
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Reader, Role, answer, answers


def routes(access: Access) -> APIRouter:
    """A manager's; auditors read."""
    router = APIRouter(tags=["catalogue"])

    @router.get("/catalogue", **answers(WholeCatalogue))
    async def show_catalogue(reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """All of it: policy, indexing, decks (rows by their hash) and of each tariff the version that was published last."""
        return answer(plain_of(await catalogue_of(reader.fetch, reader.principal.provider)))

    @router.post("/catalogue/plan", **answers(CataloguePlan))
    async def plan_import(body: CatalogueBody, reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """What importing this would change, field by field; everything that is wrong with it at once. Changes nothing."""
        present = await catalogue_of(reader.fetch, reader.principal.provider)
        changes = planned(present, await _wanted(body, present))
        return answer(_told(changes, is_applied=False))

    @router.put("/catalogue", **answers(CataloguePlan))
    async def import_catalogue(body: CatalogueBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Put this catalogue in place, all of it or nothing: what changed becomes new versions, what is gone stays (CAT-5)."""

        async def do(work: Work) -> Answer:
            present = await catalogue_of(work.fetch, work.provider)
            changes = await apply(work, await _wanted(body, present), expected=body.plan)
            return Answer(body=_told(changes, is_applied=True))

        return await call.run(do)

    return router


async def _wanted(body: CatalogueBody, present: Catalogue) -> Wanted:
    known = {str(deck.deck_id): deck for deck in present.decks}
    # In a thread: reading 200,000 rows takes seconds, in which others are served.
    decks, csv, wrong = await asyncio.to_thread(read_decks, [deck.model_dump() for deck in body.decks], known)
    return Wanted(catalogue=as_sent(body, decks), csv=csv, named_decks=tuple(deck.deck_id for deck in body.decks), faults=tuple(wrong))


def as_sent(body: CatalogueBody, decks: Sequence[DeckEntry]) -> Catalogue:
    """The catalogue of a request, with its decks as they were read."""
    return Catalogue(
        policy=msgspec.convert(body.policy.model_dump(), Policy) if body.policy is not None else None,
        indexing=msgspec.convert(body.indexing.model_dump(), Indexing) if body.indexing is not None else None,
        decks=tuple(decks),
        tariffs=tuple(TariffEntry(tariff=one.tariff(), orders_from=one.orders_from) for one in body.tariffs),
    )


def _told(changes: tuple[Change, ...], *, is_applied: bool) -> dict[str, Any]:
    return {"plan": digest_of(changes), "is_applied": is_applied, "changes": changes}


def plain_of(catalogue: Catalogue) -> dict[str, Any]:
    """As it can be sent again: tariffs without version."""
    plain: dict[str, Any] = msgspec.to_builtins(catalogue)
    plain["tariffs"] = [
        {**{name: value for name, value in one["tariff"].items() if name != "version"}, "orders_from": one["orders_from"]}
        for one in plain["tariffs"]
    ]
    return plain
