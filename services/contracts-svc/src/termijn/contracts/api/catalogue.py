"""Routes of the catalogue's settings: policy, and how prices are indexed; and of tariffs and their versions."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

from termijn.contracts.api import decks, exchange, price_changes
from termijn.contracts.api.bodies import PolicyBody, ThingKey, ThingPath
from termijn.contracts.api.catalogue_body import DraftBody, IndexingBody, PublicationBody, PublishTariffBody
from termijn.contracts.api.decks import deck_of_day
from termijn.contracts.api.reading import opened
from termijn.contracts.api.shown_catalogue import (
    DRAFTS,
    TARIFF_VERSIONS,
    TARIFFS,
    DraftPreview,
    PriceList,
    PublishedTariff,
    SavedDraft,
    ShownDraft,
    TariffAsPublished,
    TariffVersions,
)
from termijn.contracts.catalogue_exchange import catalogue_of
from termijn.contracts.catalogue_views import SQL
from termijn.contracts.indexation_policy import INDEXING, Indexing
from termijn.contracts.ordering import QUERIES
from termijn.contracts.policy import POLICY, Policy
from termijn.contracts.price_list import price_list
from termijn.contracts.publishing import publish, publish_draft, save_draft
from termijn.contracts.tariff import TARIFF
from termijn.contracts.tariff_check import faults_of
from termijn.contracts.tariff_draft import TARIFF_DRAFT, CloseDraft
from termijn.events.contracts import TariffPublished
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import CATALOGUE, TariffId
from termijn.kernel.tariff import Tariff
from termijn.kernel.words import Language
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging
from termijn.runtime.http.fields import Day, Line
from termijn.runtime.http.settings import add_replacing, add_showing
from termijn.runtime.sql import Row

VersionPath = Annotated[int, Path(ge=1, le=1_000_000)]


def routes(access: Access) -> APIRouter:
    """Managers publish; customers see public tariffs (CAT-6)."""
    router = APIRouter(tags=["catalogue"])
    add_replacing(router, access, "policy", POLICY, body=PolicyBody, read=lambda body: msgspec.convert(body.model_dump(), Policy))
    add_showing(router, access, "policy", POLICY, body=PolicyBody, query=QUERIES["policy"])
    add_replacing(router, access, "indexing", INDEXING, body=IndexingBody, read=lambda body: msgspec.convert(body.model_dump(), Indexing))
    add_showing(router, access, "indexing", INDEXING, body=IndexingBody, query=SQL["indexing"])
    _publishing(router, access)
    _drafting(router, access)
    _drafts(router, access)
    _previewing(router, access)
    _tariffs(router, access)
    _versions(router, access)
    for part in (decks, price_changes, exchange):
        router.include_router(part.routes(access))
    return router


def _told(published: TariffPublished) -> Answer:
    version = published.tariff.version
    told = {"tariff_id": published.tariff.tariff_id, "version": version, "orders_from": published.orders_from}
    return Answer(status=201, body=told, etag=version)


def _publishing(router: APIRouter, access: Access) -> None:
    @router.post("/tariffs", **answers(PublishedTariff, status=201))
    async def publish_tariff(body: PublishTariffBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Publish a version, which never changes (CAT-5); new orders get it from ``orders_from``."""
        tariff = body.tariff()

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(TARIFF, tariff.tariff_id))
            return _told(await publish(work, tariff, orders_from=body.orders_from or day_of(work.now)))

        return await call.run(do)

    @router.post("/tariffs/{tariff_id}/draft/publication", **answers(PublishedTariff, status=201))
    async def publish_the_draft(
        tariff_id: ThingPath, body: PublicationBody, call: Call = Depends(access.changing(Role.MANAGER))
    ) -> Response:
        """Publish the draft as the next version (CAT-5); If-Match takes the ETag of the draft that was looked at."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(TARIFF_DRAFT, tariff_id))
            return _told(await publish_draft(work, TariffId(tariff_id), orders_from=body.orders_from))

        return await call.run(do)


def _drafting(router: APIRouter, access: Access) -> None:
    @router.put("/tariffs/{tariff_id}/draft", **answers(SavedDraft))
    async def put_draft(tariff_id: ThingPath, body: DraftBody, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Save a draft: the whole of it, with every error at its field (CAT-7). Nobody can order it yet (CAT-5)."""
        tariff = body.of(TariffId(tariff_id))

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(TARIFF_DRAFT, tariff_id))
            await save_draft(work, tariff, orders_from=body.orders_from)
            version = await work.version(TARIFF_DRAFT, tariff_id)
            return Answer(body={"tariff_id": tariff_id, "orders_from": body.orders_from, "tariff": _without_version(tariff)}, etag=version)

        return await call.run(do)

    @router.delete("/tariffs/{tariff_id}/draft", status_code=204)
    async def discard_draft(tariff_id: ThingPath, call: Call = Depends(access.changing(Role.MANAGER))) -> Response:
        """Throw the draft away."""

        async def do(work: Work) -> Answer:
            call.check_version(await work.version(TARIFF_DRAFT, tariff_id))
            command = CloseDraft(now=work.now, tariff_id=TariffId(tariff_id))
            await work.execute(TARIFF_DRAFT, tariff_id, command, account=CATALOGUE)
            return Answer(status=204)

        return await call.run(do)


def _drafts(router: APIRouter, access: Access) -> None:
    @router.get("/tariffs/{tariff_id}/draft", **answers(ShownDraft))
    async def show_draft(tariff_id: ThingPath, reader: Reader = Depends(access.reading(Role.MANAGER))) -> Response:
        """The draft as it was saved."""
        rows = await reader.fetch(SQL["draft"], reader.principal.provider, tariff_id)
        if not rows:
            raise NotFound(what="draft of tariff", id=tariff_id)
        tariff = _without_version(msgspec.json.decode(rows[0]["tariff"], type=Tariff))
        told = {"tariff_id": tariff_id, "orders_from": rows[0]["orders_from"], "saved_at": rows[0]["saved_at"], "tariff": tariff}
        return answer(told, etag=rows[0]["version"])

    @router.get("/tariff-drafts", **answers(DRAFTS))
    async def list_drafts(
        module: Annotated[ThingKey | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.MANAGER)),
    ) -> Response:
        """Drafts by tariff id."""
        rows = await reader.fetch(SQL["drafts"], reader.principal.provider, *page.after(1), module, page.rows_to_fetch)
        return answer(page.page(rows, key=["tariff_id"]))


def _previewing(router: APIRouter, access: Access) -> None:
    @router.post("/tariffs/{tariff_id}/draft/preview", **answers(DraftPreview))
    async def preview_draft(
        tariff_id: ThingPath,
        body: DraftBody,
        language: Annotated[Literal["nl", "en"], Query()] = "nl",
        reader: Reader = Depends(access.reading(Role.MANAGER)),
    ) -> Response:
        """What is being typed, saved or not: its price list, and every error at its field (CAT-7, CAT-8). Changes nothing."""
        tariff = body.of(TariffId(tariff_id))
        present = await catalogue_of(reader.fetch, reader.principal.provider)
        kinds = {one.tariff.tariff_id: one.tariff.module for one in present.tariffs}
        deck_exists = tariff.deck_id in {deck.deck_id for deck in present.decks}
        rates = (present.policy or Policy()).vat_rates
        wrong = faults_of(tariff, vat_rates=rates, deck_exists=deck_exists, kind=kinds.get(tariff.tariff_id))
        errors = [{"field": field, "detail": f"{field}: {reason}"} for field, reason in wrong]
        deck = await deck_of_day(reader, str(tariff.deck_id), on=day_of(reader.now)) if deck_exists else None
        return answer({"errors": errors, "price_list": price_list(tariff, language=language, deck=deck)})


def _without_version(tariff: Tariff) -> dict[str, Any]:
    """A draft has neither."""
    plain: dict[str, Any] = msgspec.to_builtins(tariff)
    return {name: value for name, value in plain.items() if name not in ("version", "orders_from")}


def _in_force(rows: Sequence[Row], day: date) -> Row | None:
    """The version that an order of that day gets (CAT-5), as ``Tariff.for_orders_on`` says."""
    taking = [row for row in rows if row["takes_orders"] and row["orders_from"] <= day]
    return max(taking, key=lambda row: (row["orders_from"], row["version"]), default=None)


def _tariffs(router: APIRouter, access: Access) -> None:
    @router.get("/tariffs", **answers(TARIFFS))
    async def list_tariffs(
        module: Annotated[ThingKey | None, Query()] = None,
        is_public: Annotated[bool | None, Query()] = None,
        title: Annotated[Line | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """Tariffs by id: the newest version; for customers the public ones that can be ordered today (CAT-6)."""
        provider, only_public = reader.principal.provider, reader.principal.role is Role.CUSTOMER
        filters = (module, is_public, title)
        today = day_of(reader.now)
        rows = await reader.fetch(SQL["tariffs"], provider, only_public, *page.after(1), page.rows_to_fetch, today, *filters)
        return answer(page.page(rows, key=["tariff_id"]))

    @router.get("/tariffs/{tariff_id}", **answers(TariffVersions))
    async def show_tariff(
        tariff_id: ThingPath,
        as_of: Annotated[Day | None, Query(description="The version that an order of that day gets; all where not said.")] = None,
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """All versions, newest first, or the one that was in force on a day; for customers the public ones (CAT-6, SEC-3)."""
        rows = await reader.fetch(SQL["tariff"], reader.principal.provider, tariff_id, None, None)
        seen = [row for row in rows if row["is_public"] or reader.principal.role is not Role.CUSTOMER]
        if as_of is not None:
            seen = [row for row in seen if row is _in_force(rows, as_of)]
        if not seen:
            raise NotFound(what="tariff", id=tariff_id)
        versions = [opened(row, "tariff") for row in seen]
        return answer({"tariff_id": tariff_id, "versions": versions}, etag=rows[0]["version"])


def _versions(router: APIRouter, access: Access) -> None:
    @router.get("/tariffs/{tariff_id}/versions", **answers(TARIFF_VERSIONS))
    async def list_versions(
        tariff_id: ThingPath, page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER))
    ) -> Response:
        """Versions, newest first, with what each is."""
        (after,) = page.after(1)
        rows = await reader.fetch(SQL["tariff"], reader.principal.provider, tariff_id, _number(after), page.rows_to_fetch)
        if not rows and after is None:
            raise NotFound(what="tariff", id=tariff_id)
        return answer(page.page(rows, key=["version"], item=lambda row: opened(row, "tariff")))

    @router.get("/tariffs/{tariff_id}/versions/{number}", **answers(TariffAsPublished))
    async def show_version(
        tariff_id: ThingPath, number: VersionPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """One version as it was published; it never changes (CAT-5)."""
        row = await _visible(reader, tariff_id, number)
        return answer({name: value for name, value in opened(row, "tariff").items() if name != "is_own"}, etag=number)

    @router.get("/tariffs/{tariff_id}/versions/{number}/price-list", **answers(PriceList))
    async def show_price_list(
        tariff_id: ThingPath,
        number: VersionPath,
        language: Annotated[Literal["nl", "en"], Query()] = "nl",
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """The price list (CAT-8): for customers of public versions, and of those that their own modules run on."""
        return answer(await _price_list(reader, await _visible(reader, tariff_id, number), language))


async def _visible(reader: Reader, tariff_id: str, version: int) -> Row:
    """A version that the caller may see (CAT-6); to others it does not exist."""
    account = reader.principal.account
    rows = await reader.fetch(SQL["tariff_version"], reader.principal.provider, tariff_id, version, account)
    if not rows or (reader.principal.role is Role.CUSTOMER and not rows[0]["is_public"] and not rows[0]["is_own"]):
        raise NotFound(what=f"version {version} of tariff", id=tariff_id)
    return rows[0]


async def _price_list(reader: Reader, row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    tariff = msgspec.json.decode(row["tariff"], type=Tariff)
    deck = None if tariff.deck_id is None else await deck_of_day(reader, tariff.deck_id, on=_day_shown(row, day_of(reader.now)))
    return price_list(tariff, language=language, deck=deck)


def _day_shown(row: Mapping[str, Any], today: date) -> date:
    """Calls of today, or of the first day of a version that is still to come."""
    return max(today, row["orders_from"]) if row["takes_orders"] else today


def _number(after: str | None) -> int | None:
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 6):
        raise InvalidInput(field="cursor", reason='take it from "next" of the page before, unchanged')
    return None if after is None else int(after)
