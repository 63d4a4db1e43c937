"""Routes of legal documents: terms and data-protection agreements, by version, to view (CON-8)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from termijn.contracts.api.bodies import ThingPath
from termijn.contracts.api.reading import EXTENSIONS, content_of
from termijn.contracts.api.shown_account import LEGAL_DOCUMENTS, PublishedLegalDocument
from termijn.contracts.legal_document import LEGAL_DOCUMENT, LegalKind, PublishLegalDocument
from termijn.contracts.ordering import QUERIES
from termijn.events.base import Blob
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import NotFound
from termijn.kernel.ids import CATALOGUE
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, answers_file, paging, takes_file
from termijn.runtime.http.fields import Day
from termijn.runtime.http.files import media_type_of

KindPath = Annotated[LegalKind, Path()]


def routes(access: Access) -> APIRouter:
    """Managers publish, everybody reads."""
    router = APIRouter(tags=["legal documents"])
    _publishing(router, access)
    _reading(router, access)
    return router


def _publishing(router: APIRouter, access: Access) -> None:
    @router.put(
        "/legal-documents/{kind}/{version}",
        **answers(PublishedLegalDocument, status=201),
        **takes_file(*EXTENSIONS, description="The document."),
    )
    async def publish(
        kind: KindPath,
        version: ThingPath,
        request: Request,
        valid_from: Annotated[Day | None, Query()] = None,
        call: Call = Depends(access.changing(Role.MANAGER)),
    ) -> Response:
        """Publish a version as PDF, PNG, JPEG or plain text; it never changes, for somebody may have accepted it."""
        media_type, content = media_type_of(request, *EXTENSIONS), await request.body()

        async def do(work: Work) -> Answer:
            blob = await work.blobs.put(work.provider, content)
            day = valid_from or day_of(work.now)
            command = PublishLegalDocument(now=work.now, kind=kind, version=version, valid_from=day, media_type=media_type, content=blob)
            await work.execute(LEGAL_DOCUMENT, kind, command, account=CATALOGUE)
            told = {"kind": kind, "version": version, "valid_from": day, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
            return Answer(status=201, body=told)

        return await call.run(do)


def _reading(router: APIRouter, access: Access) -> None:
    @router.get("/legal-documents", **answers(LEGAL_DOCUMENTS))
    async def list_documents(
        kind: Annotated[LegalKind | None, Query()] = None,
        page: Paging = Depends(paging),
        reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER)),
    ) -> Response:
        """What was published, by kind and version."""
        rows = await reader.fetch(QUERIES["legal_documents"], reader.principal.provider, kind, *page.after(2), page.rows_to_fetch)
        return answer(page.page(rows, key=["kind", "version"]))

    @router.get("/legal-documents/{kind}/{version}", **answers_file(*EXTENSIONS))
    async def show_document(
        kind: KindPath, version: ThingPath, reader: Reader = Depends(access.reading(Role.CUSTOMER, Role.MANAGER))
    ) -> Response:
        """The document itself."""
        rows = await reader.fetch(QUERIES["legal_document"], reader.principal.provider, kind, version)
        if not rows:
            raise NotFound(what=f"{kind} document", id=version)
        row = rows[0]
        content = Blob(sha256=row["sha256"], size_bytes=row["size_bytes"], address=row["address"])
        return await content_of(reader, content, media_type=row["media_type"], name=f"{kind}-{version}")
