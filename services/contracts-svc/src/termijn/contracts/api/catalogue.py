"""Routes of the catalogue: policy, tariffs, rate decks."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from termijn.contracts.api.bodies import Day, PolicyBody, ThingPath
from termijn.contracts.api.catalogue_body import PublishTariffBody
from termijn.contracts.api.reading import opened
from termijn.contracts.deck_file import canonical, read
from termijn.contracts.ordering import QUERIES, policy_of
from termijn.contracts.policy import POLICY, Policy
from termijn.contracts.rate_deck import RATE_DECK, PublishDeck
from termijn.contracts.tariff import TARIFF, PublishTariff
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import CATALOGUE, DeckId
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, paging
from termijn.runtime.http.settings import add_replacing, add_showing


def routes(access: Access) -> APIRouter:
    """Managers publish; customers see public tariffs (CAT-6)."""
    router = APIRouter(tags=["catalogue"])
    add_replacing(router, access, "policy", POLICY, body=PolicyBody, read=lambda body: msgspec.convert(body.model_dump(), Policy))
    add_showing(router, access, "policy", POLICY, query=QUERIES["policy"])
    _tariff_routes(router, access)
    _deck_routes(router, access)
    return router


def _tariff_routes(router: APIRouter, access: Access) -> None:
    @router.post("/tariffs", status_code=201)
    async def publish_tariff(body: PublishTariffBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Publish a version, which never changes (CAT-5); new orders get it from ``orders_from``."""
        tariff = body.tariff()

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(TARIFF, tariff.tariff_id))
            deck_exists = tariff.deck_id is not None and (await work.load(RATE_DECK, tariff.deck_id)).versions > 0
            command = PublishTariff(
                now=work.now,
                tariff=tariff,
                orders_from=body.orders_from or day_of(work.now),
                vat_rates=(await policy_of(work)).vat_rates,
                deck_exists=deck_exists,
            )
            (published,) = await work.execute(TARIFF, tariff.tariff_id, command, account=CATALOGUE)
            version = published.tariff.version
            told = {"tariff_id": tariff.tariff_id, "version": version, "orders_from": published.orders_from}
            return Answer(status=201, body=told, etag=version)

        return await call.run(do)

    @router.get("/tariffs")
    async def list_tariffs(
        page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """Tariffs by id: the newest version; for customers the public ones that can be ordered today (CAT-6)."""
        only_public = reader.principal.role is Role.CUSTOMER
        rows = await reader.fetch(
            QUERIES["tariffs"], reader.principal.provider, only_public, *page.after(1), page.rows_to_fetch, day_of(reader.now)
        )
        return answer(page.page(rows, key=["tariff_id"]))

    @router.get("/tariffs/{tariff_id}")
    async def show_tariff(tariff_id: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))) -> Response:
        """All versions, newest first; for customers the public ones (CAT-6)."""
        rows = await reader.fetch(QUERIES["tariff"], reader.principal.provider, tariff_id)
        seen = [row for row in rows if row["is_public"] or reader.principal.role is not Role.CUSTOMER]
        if not seen:
            raise NotFound(what="tariff", id=tariff_id)
        versions = [opened(row, "tariff") for row in seen]
        return answer({"tariff_id": tariff_id, "versions": versions}, etag=rows[0]["version"])


def _deck_routes(router: APIRouter, access: Access) -> None:
    @router.post("/rate-decks/{deck_id}", status_code=201)
    async def publish_deck(
        deck_id: ThingPath,
        request: Request,
        valid_from: Annotated[Day, Query()],
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Load a deck from CSV (text/csv); one bad row refuses the whole file, with row numbers and reasons (CAT-9)."""
        content = await request.body()

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(RATE_DECK, deck_id))
            rows = read(content)
            blob = await work.blobs.put(work.provider, canonical(rows))
            command = PublishDeck(now=work.now, deck_id=DeckId(deck_id), valid_from=valid_from, rows=len(rows), blob=blob)
            (published,) = await work.execute(RATE_DECK, deck_id, command, account=CATALOGUE)
            told = {"deck_id": deck_id, "version": published.version, "rows": published.rows, "valid_from": published.valid_from}
            return Answer(status=201, body=told, etag=published.version)

        return await call.run(do)

    @router.get("/rate-decks/{deck_id}")
    async def show_deck(deck_id: ThingPath, reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """All versions, newest first."""
        rows = await reader.fetch(QUERIES["decks"], reader.principal.provider, deck_id)
        if not rows:
            raise NotFound(what="rate deck", id=deck_id)
        return answer({"deck_id": deck_id, "versions": [dict(row) for row in rows]}, etag=rows[0]["version"])
