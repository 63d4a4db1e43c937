"""Routes of rate decks (CAT-9)."""

import asyncio
from collections import OrderedDict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.shown_catalogue import DECKS, DeckVersions, ListedDeck
from termijn.contracts.catalogue_views import SQL
from termijn.contracts.deck_file import Destination
from termijn.contracts.publishing import ReadDeck, destinations_of, publish_deck
from termijn.contracts.rate_deck import RATE_DECK
from termijn.events.base import Blob
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import DeckId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, answers_file, paging, takes_file
from termijn.runtime.http.fields import Day
from termijn.runtime.http.files import media_type_of
from termijn.runtime.sql import Row

SUMMARIES_KEPT = 32
"""Decks by destination that are kept in memory; reading one of 200,000 rows again takes two seconds."""
_summaries: OrderedDict[str, tuple[Destination, ...]] = OrderedDict()


def routes(access: Access) -> APIRouter:
    """Managers load and read decks; customers see them as part of price lists."""
    router = APIRouter(tags=["catalogue"])
    _publishing(router, access)
    _reading(router, access)
    return router


def _publishing(router: APIRouter, access: Access) -> None:
    @router.post("/rate-decks/{deck_id}", **answers(ListedDeck, status=201), **takes_file("text/csv", description="The whole deck."))
    async def publish_rate_deck(
        deck_id: ThingPath,
        request: Request,
        valid_from: Annotated[Day, Query()],
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Load a deck from CSV (text/csv); one bad row refuses the whole file, with row numbers and reasons (CAT-9)."""
        media_type_of(request, "text/csv")
        # In a thread and before the transaction: 200,000 rows take seconds, in which others are served and nothing is locked.
        deck = await asyncio.to_thread(ReadDeck, await request.body())

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(RATE_DECK, deck_id))
            published = await publish_deck(work, DeckId(deck_id), deck, valid_from=valid_from)
            told = {"deck_id": deck_id, "version": published.version, "rows": published.rows, "valid_from": published.valid_from}
            return Answer(status=201, body=told, etag=published.version)

        return await call.run(do)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/rate-decks", **answers(DECKS))
    async def list_decks(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """The newest version of each deck, by id."""
        rows = await reader.fetch(SQL["decks"], reader.principal.provider, *page.after(1), page.rows_to_fetch)
        return answer(page.page(rows, key=["deck_id"]))

    @router.get("/rate-decks/{deck_id}", **answers(DeckVersions))
    async def show_deck(deck_id: ThingPath, reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """All versions, newest first."""
        rows = await reader.fetch(SQL["deck_versions"], reader.principal.provider, deck_id, None, None)
        if not rows:
            raise NotFound(what="rate deck", id=deck_id)
        return answer({"deck_id": deck_id, "versions": [dict(row) for row in rows]}, etag=rows[0]["version"])

    @router.get("/rate-decks/{deck_id}/versions/{number}/rows", **answers_file("text/csv"))
    async def show_rows(
        deck_id: ThingPath, number: Annotated[int, Path(ge=1, le=1_000_000)], reader: Reader = Depends(access.reading(Role.MANAGER))
    ) -> Response:
        """The rows as CSV, by prefix, as they are kept."""
        rows = await reader.fetch(SQL["deck_version"], reader.principal.provider, deck_id, number)
        if not rows:
            raise NotFound(what=f"version {number} of rate deck", id=deck_id)
        return Response(await _content(reader, rows[0]), media_type="text/csv; charset=utf-8", headers={"ETag": f'"{number}"'})


async def _content(reader: Reader, row: Row) -> bytes:
    provider, sha256 = reader.principal.provider, row["sha256"]
    return await reader.blobs.get(provider, Blob(sha256=sha256, size_bytes=row["size_bytes"], address=f"{provider}/{sha256}"))


async def deck_of_day(reader: Reader, deck_id: str, *, on: date) -> tuple[Destination, ...]:
    """The deck that prices calls of a day, by destination (CAT-8). Kept by content: a version never changes."""
    (row,) = await reader.fetch(SQL["deck_on"], reader.principal.provider, deck_id, on)
    found = _summaries.get(row["sha256"])
    if found is None:
        content = await _content(reader, row)
        found = _summaries[row["sha256"]] = await asyncio.to_thread(destinations_of, content)
        while len(_summaries) > SUMMARIES_KEPT:
            _summaries.popitem(last=False)
    return found
